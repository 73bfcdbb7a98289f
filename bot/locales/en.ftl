## The menu and the bot's own page

command-find = Find a picture: reply to one with this, or add a link
command-help = What I can do, and how to ask
command-language = Choose the language
command-privacy = What is kept of what you send
command-forget = Delete everything kept of this chat
command-start = Begin
command-add = Add pictures: as a caption, as a reply, or with links
command-remove = Remove a picture: as a reply, or by its id
command-retitle = Give a picture a new title or #tags
command-undo = Take back your last addition, removal or edit
command-stats = The library at a glance
bot-description =
    Send a picture, and get the five best matches from this library: crops, screenshots, mirrored and turned copies are found too. You see how sure I am, and why.
bot-short-description = Send a picture, get the five best matches from this library.

## Greeting and help

start =
    Send me a picture: I look for it in my library and show the five best matches, how sure I am, and why.
    Crops, screenshots, mirrored and turned copies are found too.
start-library =
    { $count ->
        [0] The library is still empty.
        [one] There is { $count } picture in the library.
       *[other] There are { $count } pictures in the library.
    }
start-admin = You are an admin: send a picture with the caption /add to add it. /help says more.
start-no-admins = This bot has no admin yet. Is it yours? Then set <code>PICTRACE_ADMIN_IDS={ $id }</code> and start it again.
help =
    <b>How to ask</b>
    Send a photo, a picture as a file, a sticker, a GIF, a video (its preview is looked at) or a link to a picture; forward one; or send an album.
    Reply to a picture with /find.
    In a group, mention me in the caption, or reply to a picture with /find.

    <b>Steer the answer by the caption</b>
    <code>same</code>: only the very same picture. <code>3</code>: that many matches, at most 10.

    <b>Under the answer</b>
    ❓ why a picture matches, 🔗 where it comes from, ✅ ❌ whether I am right.

    /language chooses the language, /privacy says what is kept, /forget deletes it.
help-admin =
    <b>For admins</b>
    /add as the caption of a photo, a file, an album or an archive (zip, tar, 7z), as a reply to a picture, or with links. A title and #tags may follow: <code>/add Harbour at night #hamburg #2024</code>. Send pictures as files to keep their full quality.
    /remove as a reply to a picture, or with ids: <code>/remove 17</code>
    /retitle as a reply or with an id: <code>/retitle 17 New title #tag</code>
    /undo takes back your last addition, removal or edit as a whole. /stats shows the library at a glance.
hint = Send me a picture, or a link to one, and I look for it in my library. /help says more.
hint-group = Mention me in the caption of a picture, or reply to a picture with /find.
group-hello = Hello! Reply to a picture with /find, or mention { $name } in its caption, and I look for it in my library.
waits = I have it. I answer one picture after another; this one waits its turn.

## Words in a caption that mean: only the very same picture (separated by spaces, without capitals)

words-same = same only

## Matches

caption = <b>{ $place }</b> · { $title }
    { $score }
caption-id = id { $id }
score-identical = The same file
score-certainly_same = Certainly the same
score-almost_certainly_same = Almost certainly the same
score-probably_same = Probably the same
score-variant = Another version
score-very_alike = Very much alike
score-alike = Alike
score-weak = Hardly alike
found-same =
    { $count ->
        [one] <b>This picture is in the library.</b>
       *[other] <b>This picture is in the library, { $count } times.</b>
    }
found-variant =
    { $count ->
        [one] <b>This very picture is not in the library</b>, but another version of it is.
       *[other] <b>This very picture is not in the library</b>, but { $count } other versions of it are.
    }
found-alike = <b>This very picture is not in the library</b>, but these look alike.
found-weak-only = <b>Nothing like it is in the library.</b> These are the nearest, but hardly like yours.
found-line = <b>{ $place }</b> · { $title } — { $score }
found-more =
    { $count ->
        [one] Number { $first }.
       *[other] Numbers { $first } to { $last }.
    }
found-buttons = ❓ shows why.
score-percent = { $words }, { $percent }
list-separator = { ", " }
uncalibrated = The scores of this library are not calibrated yet: they are shown in words only.
from-page = From the web page's preview picture.
nothing =
    { $count ->
        [one] Nothing like it is in the library: its only picture is nothing like yours.
       *[other] Nothing like it is in the library: none of the { $count } pictures is near it.
    }
nothing-same =
    { $count ->
        [one] The library has only one picture, and it is not this one.
       *[other] This very picture is not among the { $count } pictures of the library.
    }
nothing-empty = The library is empty: there is nothing to find yet.
nothing-short = nothing like it
no-more = That was all: there are no more pictures to show.

## Several pictures at once

album-title =
    { $count ->
        [one] <b>{ $count } picture</b>
       *[other] <b>{ $count } pictures</b>
    }
album-line = <b>{ $place }.</b> { $text }
album-best = { $title } ({ $score })
album-caption = Your picture { $place } →
album-open = A number shows the whole answer for that picture.
album-others =
    { $count ->
        [one] { $count } more piece was no picture that I could look at.
       *[other] { $count } more pieces were no pictures that I could look at.
    }

## Buttons (short)

button-right = Right
button-wrong = Wrong
button-more = More
button-nearest = Show the nearest anyway
button-tell = Tell me when it appears
button-cancel = Don’t tell me
button-undo = Undo
button-keep = Keep { $better }, remove { $lesser }
button-remove = Remove { $id }
button-telegrams-language = As in Telegram

## Why

why-title = { $title }
why-exact = The same file, byte for byte.
why-edits = What was done to it: { $edits }.
why-keypoints =
    { $count ->
        [one] { $count } point agrees.
       *[other] { $count } points agree.
    }
why-whole = The pictures agree as a whole.
why-variant = The two share a scene or a layout, but show different things in it: another version, not the same picture.
why-differs =
    { $count ->
        [one] { $count } marked part differs.
       *[other] { $count } marked parts differ.
    }
why-alike = No part of one was found in the other; they only look alike.
edit-mirrored = mirrored
edit-rotated = turned
edit-cropped = cropped
edit-inside_larger = inside a larger picture
edit-padded = with borders added
edit-recoloured = colours changed
edit-grayscale = in shades of grey
edit-blurred = blurred
edit-overlaid = with something laid over it
edit-stretched = stretched
edit-recompressed = saved again

## Right or wrong

which-right = Which one is right?
which-wrong = Which one is wrong?
judged-right = Thank you, noted.
judged-wrong = Noted: this chat will not see that match for this picture again. Pressed by mistake? Press Right.
not-yours = These buttons are for whoever asked.
asked-gone = I no longer have the picture that this was about. Send it again, please.

## Tell me when it appears

told-later = I will tell this chat once when this picture appears in the library.
told-no-more = All right, I will not tell you.
appeared = <b>It has appeared:</b> { $title }
    { $score }
too-many-watches = This chat waits for { $count } pictures already. Cancel one first; /forget deletes everything.

## Language, privacy

language-which = Which language shall I speak here?
language-set = I speak { $name } here from now on.
language-telegrams = I follow the language of your Telegram again: { $name }.
privacy =
    <b>What you send is not kept.</b> A picture is looked at and forgotten; so is what you write.

    Only when you ask for it, something stays:
    ✅ ❌ “Right” and “Wrong” keep a fingerprint of your picture (numbers it cannot be made from again) and which match was meant.
    🔔 “Tell me when it appears” keeps a fingerprint and Telegram’s name for your picture, until I have told you or you cancel.
    The language you choose for a chat is kept too.

    /forget deletes all of it. Blocking me, or removing me from a group, does the same.
forgotten = Deleted: { $verdicts ->
        [one] { $verdicts } verdict
       *[other] { $verdicts } verdicts
    }, { $watches ->
        [one] { $watches } awaited picture
       *[other] { $watches } awaited pictures
    }, and the chosen language.
forgotten-nothing = Nothing was kept of this chat, except perhaps the chosen language; that is deleted too.
group-admins-only = In a group only its administrators can do this.

## Admins

admins-only = Sorry, only the admins of this library can do this. Searching is open to you: send me a picture.
adding = Adding: { $done } of { $total }…
count-added =
    { $count ->
        [one] { $count } picture added
       *[other] { $count } pictures added
    }
count-near =
    { $count ->
        [one] { $count } of them nearly the same as another
       *[other] { $count } of them nearly the same as others
    }
count-duplicate =
    { $count ->
        [one] { $count } already here
       *[other] { $count } already here
    }
count-rejected =
    { $count ->
        [one] { $count } refused
       *[other] { $count } refused
    }
count-nothing = There was no picture to add.
added = ✅ { $name }: added, id { $id }
added-before = It was removed before ({ $at }) and is back.
added-unshown =
    { $count ->
        [one] { $count } more picture that was already here, or nearly, is not shown.
       *[other] { $count } more pictures that were already here, or nearly, are not shown.
    }
added-unkept =
    { $count ->
        [one] { $count } more that is nearly the same as another has no button here; /remove takes its id.
       *[other] { $count } more that are nearly the same as others have no button here; /remove takes their ids.
    }
added-passed-over =
    { $count ->
        [one] { $count } other file was passed over: it is no picture that I could read.
       *[other] { $count } other files were passed over: they are no pictures that I could read.
    }
added-duplicate = 🟰 { $name }: already here, id { $id }, “{ $title }”
added-near = ✅ { $name }: added, id { $id } ({ $size }); nearly the same as id { $other } ({ $othersize }), “{ $title }”
added-rejected = ⛔ { $name }:
added-rest =
    { $count ->
        [one] … and { $count } more; all are in the file below.
       *[other] … and { $count } more; all are in the file below.
    }
shown-duplicate = Already here: id { $id } · { $title }
shown-near = Nearly the same: id { $id } · { $title }
add-how = Send pictures with the caption /add, reply to one with /add, or write /add and links. A title and #tags may follow.
remove-how = Reply to a picture with /remove, or write the ids: /remove 17
remove-too-many = At most { $count } pictures can be removed at a time.
remove-this = Is this the picture to remove?
removed = Removed: id { $id } · { $title }
retitle-how = Reply to a picture with /retitle and the new title or #tags, or write its id first: /retitle 17 New title #tag
retitled = id { $id }: { $title } { $tags }
kept = Kept { $better }, removed { $lesser }.
done-already = It is done.
not-in-library = This picture is not in the library.
undone-add =
    { $count ->
        [one] Taken back: the addition of { $count } picture ({ $at }).
       *[other] Taken back: the addition of { $count } pictures ({ $at }).
    }
undone-remove =
    { $count ->
        [one] Taken back: the removal of { $count } picture ({ $at }).
       *[other] Taken back: the removal of { $count } pictures ({ $at }).
    }
undone-edit =
    { $count ->
        [one] Taken back: the edit of { $count } picture ({ $at }).
       *[other] Taken back: the edit of { $count } pictures ({ $at }).
    }
undone-repair =
    { $count ->
        [one] Taken back: the repair that took out { $count } picture ({ $at }).
       *[other] Taken back: the repair that took out { $count } pictures ({ $at }).
    }
undone-decision =
    { $count ->
        [one] Taken back: the decision on near-duplicates, { $count } picture ({ $at }).
       *[other] Taken back: the decision on near-duplicates, { $count } pictures ({ $at }).
    }
stats-pictures =
    { $count ->
        [one] <b>{ $count } picture</b>
       *[other] <b>{ $count } pictures</b>
    }
stats-removed =
    { $count ->
        [one] { $count } removed, can still come back
       *[other] { $count } removed, can still come back
    }
stats-disk = { $megabytes } MB on disk
stats-network = Network { $name }, { $calibrated ->
        [yes] scores calibrated
       *[no] scores not calibrated
    }
stats-verdicts = Matches called right: { $right }, wrong: { $wrong }
stats-watches =
    { $count ->
        [one] { $count } awaited picture
       *[other] { $count } awaited pictures
    }

## What went wrong

reference = Reference: { $reference }
find-how = Reply to a picture with /find, send one with the caption /find, or write /find and a link.
not-a-picture = This file is not a picture. I take JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF and HEIC.
animated-sticker = Animated stickers are no pictures for me. Send a static one, or a photo.
no-preview = This video or GIF has no preview that I could look at. Send a still picture from it.
no-photos-here = I may write here, but not send pictures. An administrator of the group can allow it.
error-file-gone = Telegram does not give me this file any more. Send it again, please.
error-telegram_failed = Telegram did not hand over the file. Try again in a moment.
error-server = Something went wrong on my side. Whoever runs me finds it in the log.
error-file_too_large = This file is too large; at most { $limit } MB are taken.
error-empty_file = This file is empty.
error-unreadable_file = The file of this picture is lost on my side.
error-not_an_image = This is not a picture that can be read. If it is a link to a web page, open the picture itself and copy its address.
error-unsupported_format = This kind of file is not taken; JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF, HEIC, JPEG 2000, JPEG XL and camera raw are.
error-too_many_pixels = This picture has too many pixels; at most { $most } megapixels of a JPEG are taken, of other kinds { $megapixels } or fewer.
warning-cut_short = The file breaks off: the end of the picture, or its finest details, are missing.
error-too_costly = Decoding this picture would take too much memory or time.
error-damaged_image = This picture is damaged or incomplete.
error-bad_archive = This archive cannot be read.
error-archive_too_large = There is too much in this archive.
error-invalid_url = This is not a link.
error-url_refused = I may not fetch from this address: only public http and https links.
error-too_many_redirects = The link leads on and on to other addresses.
error-fetch_timeout = The other server took too long. Save the picture and send it to me.
error-fetch_denied = The other server does not give the picture to others. Save it and send it to me.
error-fetch_failed = The other server did not give me the picture. Save it and send it to me.
error-unknown_image = This picture is no longer in the library.
error-not_duplicates = These two are no near-duplicates any more. Nothing was removed.
error-unknown_operation = This can no longer be undone.
error-nothing_to_undo = There is nothing to undo, or it is undone already.
error-library_busy = The library is busy right now. Try again in a moment.
error-files_unreachable = I cannot reach the store that holds the pictures’ files right now. Try again in a moment.
error-library_damaged = The library is damaged. Whoever runs me finds more in the log.
error-database_unreachable = The library's database cannot be reached right now. Try again in a moment.
error-index_unreachable = The server that keeps the library's index cannot be reached right now. Try again in a moment.
error-database_refused = The library's database does not let me in. Whoever runs me finds more in the log.
error-disk_full = The disk of my machine is full. Whoever runs me has to free some space.
error-data_dir_not_writable = My data folder cannot be written to. Whoever runs me finds more in the log.
