## The menu and the bot's own page

command-find = Find a picture: reply to one with this, or add a link
command-scope = Look only among pictures with a #tag, or among all again
command-reposts = Say when a picture was posted in this group before
command-help = What I can do, and how to ask
command-language = Choose the language
command-privacy = What is kept of what you send
command-forget = Delete everything kept of this chat
command-start = Begin
command-add = Add pictures: as a caption, as a reply, or with links
command-remove = Remove a picture: as a reply, or by its id
command-retitle = Give a picture a new title or #tags
command-undo = Take back your last addition, removal or edit
command-history = The last changes of the library, each with an undo
command-adder = Let someone add pictures: as a reply to them, or by their id
command-adders = Who may add pictures
command-notify = Hear of what others add, or not
command-stats = The library at a glance
bot-description = Send a picture, and learn whether it is in this library: crops, screenshots, mirrored and turned copies are found too. You see how sure I am, and why.
bot-short-description = Send a picture, and learn whether it is in this library.

## Greeting and help

start =
    Send me a picture: I look for it in my library and show what matches, how sure I am, and why.
    Crops, screenshots, mirrored and turned copies are found too.
start-library =
    { $count ->
        [0] The library is still empty.
        [one] There is { $count } picture in the library.
       *[other] There are { $count } pictures in the library.
    }
start-guest = In any other chat, too: mention { $name } under a picture, or in a reply to one.
start-guest-closed = So that I can be asked in chats that I am no member of, turn on “Guest Mode” among my settings at @BotFather.
start-adder = You may add pictures: send one with the caption /add. /help says more.
start-admin = You are an admin: send a picture with the caption /add to add it. /help says more.
start-no-admins = This bot has no admin yet. Is it yours? Then set <code>PICTRACE_ADMIN_IDS={ $id }</code> and start it again.
help =
    <b>How to ask</b>
    Send a photo, a picture as a file, a sticker, a GIF, a video, or a link to a picture or to a page with one; forward one; or send an album. Of what moves I look at the preview and at several frames.
    Reply to a picture with /find.
    In a group, mention me in the caption, or reply to a picture with /find.

    <b>Steer the answer by the caption</b>
    <code>same</code>: only the very same picture. <code>3</code>: that many matches, at most 10. <code>#comics</code>: only among pictures with that tag; /scope does that for the whole chat.

    <b>Under the answer</b>
    ❓ why a picture matches, 💾 its file, 🔗 where it comes from, ✅ ❌ whether I am right.

    /language chooses the language, /privacy says what is kept, /forget deletes it. In a group /reposts on has me say when a picture was posted there before.
help-adder =
    <b>For those who may add</b>
    /add as the caption of a photo, a file, an album or an archive (zip, tar, 7z), as a reply to a picture, or with links. A title and #tags may follow: <code>/add Harbour at night #hamburg #2024</code>. Send pictures as files to keep their full quality.
    /undo takes back your last addition as a whole.
help-admin =
    <b>For admins</b>
    /remove as a reply to a picture, or with ids: <code>/remove 17</code>
    /retitle as a reply or with an id: <code>/retitle 17 New title #tag</code>
    /history shows the last changes, each with an undo. /stats shows the library at a glance.
    /adder as a reply to someone, or with their id, lets them add, and undo their own additions; /adders lists them. After /notify on this chat hears of what others add.
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
        [one] <b>Another version of this picture is in the library.</b> That this very one is could not be proved.
       *[other] <b>{ $count } other versions of this picture are in the library.</b> That this very one is could not be proved.
    }
found-alike = <b>It could not be proved that this picture is in the library.</b> These look alike.
found-weak-only = <b>Nothing like it is in the library.</b> These are the nearest, but hardly like yours.
found-among = Only among { $tags }
found-line = <b>{ $place }</b> · { $title } — { $score }
found-more =
    { $count ->
        [one] Number { $first }.
       *[other] Numbers { $first } to { $last }.
    }
found-buttons = ❓ shows why, 💾 sends the file.
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
nothing-same-near = It could not be proved that this very picture is in the library. Something came near: ask without “same” to see it.
nothing-empty = The library is empty: there is nothing to find yet.
nothing-among =
    { $count ->
        [one] Nothing like it is there: the only picture is nothing like yours.
       *[other] Nothing like it is there: none of the { $count } pictures is near it.
    }
nothing-tagged = There is no picture with { $tags } in the library.
no-more = That was all: there are no more pictures to show.

## Several pictures at once

album-others =
    { $count ->
        [one] { $count } more piece was no picture that I could look at.
       *[other] { $count } more pieces were no pictures that I could look at.
    }
part-of = <b>Picture { $place } of { $count }</b>

## Buttons (short)

button-right = Right
button-wrong = Wrong
button-more = More
button-nearest = Show the nearest anyway
button-tell = Tell me when it appears
button-cancel = Don’t tell me
button-undo = Undo
button-everything = All pictures again
button-forbid = ✖ { $name }
button-ask = Ask me more
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
original-too-large = The file of this picture is too large to be sent here: at most { $limit } MB can be.

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
    <b>What you send is not kept.</b> A picture is looked at and forgotten; so is what you write. It waits with me only until it is answered.

    Only when you ask for it, something stays:
    ✅ ❌ “Right” and “Wrong” keep a fingerprint of your picture (numbers it cannot be made from again) and which match was meant.
    🔔 “Tell me when it appears” keeps a fingerprint and Telegram’s name for your picture, until I have told you or you cancel.
    💬 What is chosen for a chat is kept: its language, the tags of /scope, whether /notify and /reposts are on.
    🔁 While /reposts is on in a group, of each picture posted there these are kept for { $days } days: a fingerprint, the number and the time of its message, and Telegram’s name for its file. No file, no text, no name; it is kept apart from the library.
    ➕ Of whoever may add, id and name are kept, until an admin takes it back; each addition is noted with who made it.

    Asked as a guest in another chat, I keep nothing of it; only where an answer breaks off, the question waits for its 🔄 to be pressed, for two days at most. Which messages were an /add is known for two days.

    /forget deletes what is kept of this chat. Blocking me, or removing me from a group, does the same.
forgotten = Deleted: { $verdicts ->
        [one] { $verdicts } verdict
       *[other] { $verdicts } verdicts
    }, { $watches ->
        [one] { $watches } awaited picture
       *[other] { $watches } awaited pictures
    }, and what was chosen for it.
forgotten-nothing = Nothing was kept of this chat, except perhaps what was chosen for it; that is deleted too.
forgotten-posted =
    { $count ->
        [one] And what was kept of { $count } picture posted here.
       *[other] And what was kept of { $count } pictures posted here.
    }
group-admins-only = In a group only its administrators can do this.
scope-all = Here I look among all pictures. <code>/scope #comics</code> has me look only among those with that tag.
scope-tags = Here I look only among pictures with { $tags }, and pictures that are added here get these tags. <code>/scope off</code> ends that.
scope-new = No picture has { $tags } yet.
reposts-on = From now on I say so when a picture was posted in this group before, in the last { $days } days. /privacy says what is kept for that; <code>/reposts off</code> ends it and deletes it.
reposts-off = In this group I do not say whether a picture was posted before. <code>/reposts on</code> has me do so.
reposts-blind = I do not see all messages of this group yet: make me an administrator here, or have whoever runs me turn my privacy mode off (@BotFather, “Group Privacy”).
reposts-in-groups = /reposts is for groups: write it in one.
repost-linked = This was posted here before: <a href="{ $url }">{ $at }</a>
repost-unlinked = This was posted here before: { $at }
guest-looking = 🔍 I am looking for it…
guest-how = Mention me under a picture, or in a reply to one, and I look for it in my library.
guest-too-many = That was too much at once: ask me again in a minute.
inline-stranger = Write to me first
inline-nothing = No picture has these words

## Admins

admins-only = Sorry, only the admins of this library can do this. Searching is open to you: send me a picture.
adders-only = Sorry, only the admins of this library, and those whom they allow, can do this. Searching is open to you: send me a picture.
adder-how = Reply to someone’s message with /adder, or write their id: /adder 123456
adder-is-admin = { $name } is an admin already.
adder-allowed = { $name } ({ $id }) may add pictures from now on, and undo their own additions.
adder-forbidden = { $name } may no longer add.
adders-title = <b>These may add, beside the admins:</b>
adders-line = { $name } ({ $id })
adders-nobody = Only the admins may add. /adder lets others.
notify-on = This chat hears of what others add. <code>/notify off</code> ends that.
notify-off = This chat does not hear of what others add. <code>/notify on</code> changes that.
heard-added =
    { $count ->
        [one] <b>{ $name }</b> has added { $count } picture: id { $ids }
       *[other] <b>{ $name }</b> has added { $count } pictures: ids { $ids }
    }
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
added-title = “{ $title }”
added-forbidden = You may no longer add: the rest was not added.
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
remove-missing =
    { $count ->
        [one] There is no picture with the id { $ids } in the library. Nothing was removed.
       *[other] There are no pictures with the ids { $ids } in the library. Nothing was removed.
    }
remove-too-many = At most { $count } pictures can be removed at a time.
remove-this = Is this the picture to remove?
removed = Removed: id { $id } · { $title }
retitle-how = Reply to a picture with /retitle and the new title or #tags, or write its id first: /retitle 17 New title #tag
retitle-missing = There is no picture with the id { $id } in the library.
retitled = id { $id }: { $title } { $tags }
kept = Kept { $better }, removed { $lesser }.
done-already = It is done.
undo-how = /undo takes back your last change, /undo 17 the one of this number in /history. Nothing was taken back.
undo-missing = There is no operation { $id } that could be undone.
undo-own-only = You can take back only what you have added yourself.
history-title = <b>The last changes</b>
history-nothing = Nothing has been changed in the library yet.
history-line = <b>{ $id }</b> · { $at } · { $who }
history-undone = taken back
actor-api = page or API
actor-shell = command line
actor-watch = watched folder
actor-samples = samples
actor-engine = PicTrace itself
history-add =
    { $count ->
        [one] { $count } picture added
       *[other] { $count } pictures added
    }
history-remove =
    { $count ->
        [one] { $count } picture removed
       *[other] { $count } pictures removed
    }
history-edit =
    { $count ->
        [one] { $count } picture edited
       *[other] { $count } pictures edited
    }
history-restore =
    { $count ->
        [one] { $count } picture brought back
       *[other] { $count } pictures brought back
    }
history-undo =
    { $count ->
        [one] { $count } picture put back by an undo
       *[other] { $count } pictures put back by an undo
    }
history-decision =
    { $count ->
        [one] Decided on { $count } near-duplicate
       *[other] Decided on { $count } near-duplicates
    }
history-repair =
    { $count ->
        [one] { $count } picture taken out by a repair
       *[other] { $count } pictures taken out by a repair
    }
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
undone-restore =
    { $count ->
        [one] Taken back: that { $count } picture was brought back ({ $at }).
       *[other] Taken back: that { $count } pictures were brought back ({ $at }).
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
find-how = Reply to a picture with /find, send one with the caption /find, or write /find and a link. A #tag after it has me look only among pictures with that tag.
not-a-picture = This file is not a picture. I take JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF and HEIC.
no-preview = This video, GIF or sticker has no preview that I could look at. Send a still picture from it.
web-page = This is a web page, and it names no picture of its own. Open the picture itself and copy its address, or send it to me.
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
