"""Admins add, remove, retitle and undo by command."""

import io
import re
import tarfile
import zipfile

import numpy as np
import py7zr
import pytest
from sqlalchemy import text

from engine.pictures.augment import EDITS
from tests.bot.conftest import ADMIN_ID, StartTalk, Talk, labels
from tests.bot.test_asking import PictureServer
from tests.conftest import PHOTOGRAPHS, SHIPPED, bad_files, jpeg, photograph
from tests.telegram.server import FakeTelegram

HUBBLE = (SHIPPED / "hubble_deep_field.jpg").read_bytes()
NEW = jpeg(photograph("hubble_deep_field.jpg"))
CHELSEA = (SHIPPED / "chelsea.png").read_bytes()
MIRRORED = jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1]))
SMALLER = jpeg(np.ascontiguousarray(photograph("chelsea.png")[::2, ::2]))


async def count(talk: Talk) -> int:
    return (await talk.service.status()).images


async def operations(talk: Talk) -> list[tuple[str, str]]:
    async with talk.service.database.read() as connection:
        rows = (await connection.execute(text("SELECT kind, actor, at FROM operations ORDER BY id"))).all()
    assert all(row.at for row in rows)
    return [(row.kind, row.actor) for row in rows]


async def test_photo_is_added_with_title_and_tags_by_whom(talk: Talk) -> None:
    (answer,) = await talk.ask(talk.admin, photo=NEW, caption="/add Deep field #sky #hubble")
    assert answer["text"].splitlines()[0] == "1 picture added"
    assert "added, id 7 · “Deep field” #sky #hubble" in answer["text"]
    image = await talk.service.get(7)
    assert (image.title, image.tags) == ("Deep field", ("sky", "hubble"))
    assert (await operations(talk))[-1] == ("add", f"telegram:{ADMIN_ID}")


async def test_file_is_added_byte_for_byte_under_its_name(talk: Talk) -> None:
    await talk.ask(talk.admin, document=("deep field.jpg", HUBBLE, "image/jpeg"), caption="/add")
    image = await talk.service.get(7)
    assert image.filename == "deep field.jpg"
    assert await talk.service.originals.file(await talk.service.get(image.id)) == HUBBLE


async def test_reply_adds_the_picture_replied_to_and_says_where_it_came_from(
    talk: Talk, telegram: FakeTelegram
) -> None:
    forwarded = telegram.say(talk.admin, photo=NEW, forward_from=("Space", "space", 77))
    await talk.settled()
    (answer,) = await talk.ask(talk.admin, "/add #sky", reply_to=forwarded)
    assert answer["text"].startswith("1 picture added")
    image = await talk.service.get(7)
    assert (image.page_url, image.tags) == ("https://t.me/space/77", ("sky",))


async def test_links_are_added_with_their_source(talk_on: StartTalk) -> None:
    async with PictureServer() as url, talk_on(filled=False, fetch_allow=("127.0.0.1",)) as talk:
        answer = await talk.ask(talk.admin, f"/add {url}/cat.jpg {url}/gone.jpg A cat #pets")
        assert answer[-1]["text"].splitlines()[0] == "1 picture added, 1 refused"
        assert "The other server did not give me the picture" in answer[-1]["text"]
        image = await talk.service.get(1)
        assert (image.title, image.tags, image.source_url) == ("A cat", ("pets",), f"{url}/cat.jpg")


async def test_link_to_a_page_adds_the_picture_it_names(talk_on: StartTalk) -> None:
    async with PictureServer() as url, talk_on(filled=False, fetch_allow=("127.0.0.1",)) as talk:
        (answer,) = await talk.ask(talk.admin, f"/add {url}/post A cat")
        assert "cat.jpg: added" in answer["text"]
        assert "From the web page's preview picture." in answer["text"]
        (image,) = (await talk.service.page()).images
        assert (image.source_url, image.page_url) == (f"{url}/cat.jpg", f"{url}/post")


async def test_links_without_a_scheme_are_no_part_of_the_title(talk: Talk) -> None:
    await talk.ask(talk.admin, photo=NEW, caption="/add example.org/cat.jpg A cat #x")
    assert ((await talk.service.get(7)).title, (await talk.service.get(7)).tags) == ("A cat", ("x",))


async def test_album_is_added_as_one_operation(talk: Talk, telegram: FakeTelegram) -> None:
    telegram.album(talk.admin, [NEW, jpeg(photograph("ihc.png")), jpeg(photograph("retina.jpg"))], caption="/add Three")
    await talk.settled()
    (answer,) = telegram.sent(talk.admin)
    assert answer["text"].splitlines()[0] == "3 pictures added"
    assert labels(answer) == [["↩︎ Undo"]]
    (undone,) = await talk.press(talk.admin, answer, "↩︎ Undo")
    assert undone["text"].startswith("Taken back: the addition of 3 pictures")
    assert await count(talk) == len(PHOTOGRAPHS)
    assert labels(talk.now(answer)) == []


async def test_picture_that_is_here_already_is_named_and_shown(talk: Talk) -> None:
    photo, answer = await talk.ask(talk.admin, document=("again.png", CHELSEA, "image/png"), caption="/add")
    assert photo["caption"] == "Already here: id 2 · chelsea.png"
    assert "again.png: already here, id 2, “chelsea.png”" in answer["text"]
    assert labels(answer) == []
    assert await count(talk) == len(PHOTOGRAPHS)


async def test_near_duplicate_is_added_with_a_button_to_keep_only_the_better(talk: Talk) -> None:
    photo, answer = await talk.ask(talk.admin, document=("small.jpg", SMALLER, "image/jpeg"), caption="/add")
    assert photo["caption"] == "Nearly the same: id 2 · chelsea.png"
    assert "small.jpg: added, id 7 (226×150); nearly the same as id 2 (451×300)" in answer["text"]
    assert labels(answer) == [["Keep 2, remove 7"], ["↩︎ Undo"]]
    (kept,) = await talk.press(talk.admin, answer, "Keep 2, remove 7")
    assert kept["text"] == "Kept 2, removed 7."
    assert await count(talk) == len(PHOTOGRAPHS)
    await talk.press(talk.admin, kept, "↩︎ Undo")
    assert await count(talk) == len(PHOTOGRAPHS) + 1


async def test_what_is_shown_of_a_spoiler_is_a_spoiler(talk: Talk, telegram: FakeTelegram) -> None:
    photo, _ = await talk.ask(talk.admin, photo=SMALLER, caption="/add", spoiler=True)
    assert photo["has_media_spoiler"]
    copy = telegram.say(talk.admin, photo=MIRRORED, spoiler=True)
    await talk.settled()
    photo, _ = await talk.ask(talk.admin, "/remove", reply_to=copy)
    assert photo["has_media_spoiler"]


async def test_pieces_of_an_album_that_are_no_pictures_are_named(talk: Talk, telegram: FakeTelegram) -> None:
    telegram.say(talk.admin, document=("a.jpg", NEW, "image/jpeg"), album="9", caption="/add")
    telegram.say(talk.admin, document=("b.pdf", b"%PDF", "application/pdf"), album="9")
    telegram.say(talk.admin, video=True, album="9")
    await talk.settled()
    lines = telegram.sent(talk.admin)[-1]["text"].splitlines()
    assert lines[0] == "1 picture added, 2 refused"
    assert "b.pdf: This file is not a picture." in lines[2]
    assert ": This video, GIF or sticker has no preview that I could look at." in lines[3]


async def test_many_near_duplicates_each_have_a_button(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    small = [np.ascontiguousarray(photograph(name)[::2, ::2]) for name in PHOTOGRAPHS]
    copies = [jpeg(one) for one in small] + [jpeg(np.ascontiguousarray(one[:, ::-1])) for one in small[:4]]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number, content in enumerate(copies):
            archive.writestr(f"{number}.jpg", content)
    sent = ("a.zip", packed.getvalue(), "application/zip")
    answer = (await talk.ask(talk.admin, document=sent, caption="/add"))[-1]
    near = answer["text"].count("nearly the same as id")
    assert near >= 9
    assert len(labels(answer)) == near + 1
    await talk.press(talk.admin, answer, "↩︎ Undo")
    monkeypatch.setattr("bot.adding.MAX_KEEP", 4)
    monkeypatch.setattr("bot.adding.MAX_SHOWN", 3)
    *album, answer = await talk.ask(talk.admin, document=("b.zip", *sent[1:]), caption="/add")
    shown = {
        line.split("nearly the same as id ")[1].split()[0]
        for line in answer["text"].splitlines()
        if "nearly the same as id" in line
    }
    assert len(album) == 3
    assert len(labels(answer)) == 5
    assert f"{near - 4} more that are nearly the same as others have no button here" in answer["text"]
    assert f"{len(shown) - 3} more picture" in answer["text"]


async def test_limit_of_pictures_is_none_of_zips(talk_on: StartTalk) -> None:
    async with talk_on(max_bytes=300_000) as talk:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for seed in range(6):
                noise = np.random.default_rng(seed).integers(0, 255, (200, 300, 3), np.uint8)
                archive.writestr(f"{seed}.jpg", jpeg(noise))
        assert len(packed.getvalue()) > 300_000
        sent = ("a.zip", packed.getvalue(), "application/zip")
        answer = (await talk.ask(talk.admin, document=sent, caption="/add"))[-1]
        assert answer["text"].startswith("6 pictures added")
        sent = ("a.zip", packed.getvalue(), "application/zip")
        answer = (await talk.ask(talk.admin, document=sent, file_size=21 * 2**20, caption="/add"))[-1]
        assert "a.zip: This file is too large; at most 20 MB are taken." in answer["text"]
        (answer,) = await talk.ask(talk.ada, document=("a.png", bytes(400_000), "image/png"))
        assert answer["text"].startswith("This file is too large; at most 0.286 MB are taken.")


async def test_removed_picture_comes_back(talk: Talk) -> None:
    await talk.service.remove([2], actor="test")
    (answer,) = await talk.ask(talk.admin, document=("again.png", CHELSEA, "image/png"), caption="/add")
    assert re.search(r"again.png: added, id 2 · It was removed before \(.*\d{4}.* UTC\) and is back\.", answer["text"])


async def test_what_the_removed_one_had_stays_with_the_better_one(talk: Talk) -> None:
    _, answer = await talk.ask(talk.admin, document=("small.jpg", SMALLER, "image/jpeg"), caption="/add Whiskers")
    (kept,) = await talk.press(talk.admin, answer, "Keep 2, remove 7")
    assert (await talk.service.get(2)).title == "Whiskers"
    await talk.press(talk.admin, kept, "↩︎ Undo")
    assert (await talk.service.get(2)).title is None


async def test_crop_is_added_without_a_button(talk: Talk) -> None:
    crop = jpeg(np.ascontiguousarray(photograph("chelsea.png")[40:260, 60:390]))
    (answer,) = await talk.ask(talk.admin, document=("crop.jpg", crop, "image/jpeg"), caption="/add")
    assert "crop.jpg: added, id 7" in answer["text"]
    assert labels(answer) == [["↩︎ Undo"]]


async def test_button_of_two_that_are_none_any_more_removes_nothing(talk: Talk) -> None:
    _, answer = await talk.ask(talk.admin, document=("small.jpg", SMALLER, "image/jpeg"), caption="/add")
    await talk.service.duplicates.decide([2, 7], "different", actor="test")
    (said,) = await talk.press(talk.admin, answer, "Keep 2, remove 7")
    assert said["text"].startswith("These two are no near-duplicates any more.")
    assert await count(talk) == len(PHOTOGRAPHS) + 1


async def test_zip_is_added_and_names_what_was_refused(talk: Talk, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("bad")
    bad = {name for name in bad_files(folder) if name not in ("large.jpg", "bomb.png")}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("sky/hubble.jpg", HUBBLE)
        archive.writestr("chelsea.png", CHELSEA)
        archive.writestr("../outside.jpg", NEW)
        archive.writestr("notes.txt", b"-")
        archive.writestr("drawing.psd", b"-")
        for name in bad:
            archive.write(folder / name, name)
    *_, answer = await talk.ask(
        talk.admin, document=("holiday.zip", packed.getvalue(), "application/zip"), caption="/add #trip"
    )
    assert answer["text"].splitlines()[0] == (
        f"2 pictures added, 2 of them nearly the same as others, 1 already here, {len(bad)} refused"
    )
    assert "half.jpg: This picture is damaged or incomplete." in answer["text"]
    assert "empty.png: This file is empty." in answer["text"]
    assert "outside.jpg: added" in answer["text"]
    assert "2 other files were passed over: they are no pictures that I could read." in answer["text"]
    assert (await talk.service.get(7)).tags == ("trip",)


async def test_tar_and_seven_zip_are_added(talk: Talk) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo("sky/hubble.jpg")
        member.size = len(HUBBLE)
        archive.addfile(member, io.BytesIO(HUBBLE))
    sent = ("sky.tar.gz", packed.getvalue(), "application/gzip")
    *_, answer = await talk.ask(talk.admin, document=sent, caption="/add")
    assert answer["text"].startswith("1 picture added")
    packed = io.BytesIO()
    with py7zr.SevenZipFile(packed, "w") as seven:
        seven.writestr(CHELSEA, "chelsea.png")
    sent = ("sky", packed.getvalue(), "application/x-7z-compressed")
    *_, answer = await talk.ask(talk.admin, document=sent, caption="/add")
    assert answer["text"].startswith("1 already here")


async def test_broken_zip_is_refused(talk: Talk) -> None:
    *_, answer = await talk.ask(talk.admin, document=("a.zip", b"no zip at all", "application/zip"), caption="/add")
    assert "This archive cannot be read." in answer["text"]


async def test_zip_in_reply(talk: Talk, telegram: FakeTelegram) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("hubble.jpg", HUBBLE)
    sent = telegram.say(talk.admin, document=("a.zip", packed.getvalue(), "application/zip"))
    await talk.settled()
    *_, answer = await talk.ask(talk.admin, "/add", reply_to=sent)
    assert answer["text"].startswith("1 picture added")


async def test_long_additions_show_progress_in_one_message_and_list_all_in_a_file(
    talk: Talk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adding.PROGRESS_S", 0.0)
    monkeypatch.setattr("bot.adding.LINES_CHARACTERS", 400)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for number in range(40):
            archive.writestr(f"broken{number}.jpg", b"broken")
    before = talk.telegram.say(talk.admin, document=("a.zip", packed.getvalue(), "application/zip"), caption="/add")
    await talk.settled()
    answer, listed = [one for one in telegram.sent(talk.admin) if one["message_id"] > before["message_id"]]
    assert "more; all are in the file below" in answer["text"]
    lines = telegram.file(listed["document"]["file_id"]).decode().splitlines()
    assert len(lines) == 40
    assert all("broken" in line and "<" not in line for line in lines)
    shown = [call for call in telegram.calls if "Adding: " in str(call.params.get("text"))]
    assert [call.method for call in shown][:2] == ["sendMessage", "editMessageText"]
    assert {call.method for call in shown[1:]} == {"editMessageText"}
    assert any(call.method == "deleteMessage" for call in telegram.calls)


async def test_add_without_pictures_says_how(talk: Talk) -> None:
    (answer,) = await talk.ask(talk.admin, "/add")
    assert answer["text"].startswith("Send pictures with the caption /add")


async def test_remove_by_id_and_undo_by_button(talk: Talk) -> None:
    (answer,) = await talk.ask(talk.admin, "/remove 2 3")
    assert answer["text"].splitlines() == ["Removed: id 2 · chelsea.png", "Removed: id 3 · coffee.png"]
    assert await count(talk) == len(PHOTOGRAPHS) - 2
    await talk.press(talk.admin, answer, "↩︎ Undo")
    assert await count(talk) == len(PHOTOGRAPHS)
    assert (await operations(talk))[-2:] == [("remove", f"telegram:{ADMIN_ID}"), ("undo", f"telegram:{ADMIN_ID}")]


async def test_remove_by_reply_to_a_match_that_the_bot_has_shown(talk: Talk) -> None:
    (shown,) = await talk.ask(talk.admin, photo=MIRRORED)
    assert "id 2" in shown["caption"]
    (answer,) = await talk.ask(talk.admin, "/remove", reply_to=shown)
    assert answer["text"] == "Removed: id 2 · chelsea.png"


async def test_remove_by_reply_to_a_copy_asks_first(talk: Talk, telegram: FakeTelegram) -> None:
    copy = telegram.say(talk.admin, photo=jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1])))
    await talk.settled()
    photo, question = await talk.ask(talk.admin, "/remove", reply_to=copy)
    assert "id 2" in photo["caption"]
    assert labels(question) == [["Remove 2"]]
    assert await count(talk) == len(PHOTOGRAPHS)
    (answer,) = await talk.press(talk.admin, question, "Remove 2")
    assert answer["text"] == "Removed: id 2 · chelsea.png"


async def test_remove_by_reply_to_a_stranger_says_so(talk: Talk, telegram: FakeTelegram) -> None:
    stranger = telegram.say(talk.admin, photo=NEW)
    await talk.settled()
    (answer,) = await talk.ask(talk.admin, "/remove", reply_to=stranger)
    assert answer["text"].startswith("This picture is not in the library.")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("/remove", "Reply to a picture with /remove"),
        ("/remove 99", "There is no picture with the id 99 in the library. Nothing was removed."),
        ("/remove 2 99 98", "There are no pictures with the ids 99, 98 in the library. Nothing was removed."),
        ("/remove 99999999999999999999999", "There is no picture with the id 99999999999999999999999 in the library."),
        ("/retitle", "Reply to a picture with /retitle"),
        ("/retitle 2", "Reply to a picture with /retitle"),
        ("/retitle 99 New", "There is no picture with the id 99 in the library."),
        ("/undo", "There is nothing to undo"),
        ("/undo 99", "There is no operation 99 that could be undone."),
        ("/undo the last", "/undo takes back your last change, /undo 17 the one of this number in /history."),
        (
            "/undo 12345678901234567890",
            "/undo takes back your last change, /undo 17 the one of this number in /history.",
        ),
    ],
)
async def test_what_cannot_be_done_is_said_without_a_reference(talk: Talk, words: str, said: str) -> None:
    (answer,) = await talk.ask(talk.admin, words)
    assert answer["text"].startswith(said)
    assert "Reference: " not in answer["text"]
    assert await count(talk) == len(PHOTOGRAPHS)


async def test_retitle_by_id_and_by_reply(talk: Talk) -> None:
    (answer,) = await talk.ask(talk.admin, "/retitle 2 The cat #cat #pet")
    assert answer["text"] == "id 2: The cat #cat #pet"
    (shown,) = await talk.ask(talk.admin, photo=MIRRORED)
    (answer,) = await talk.ask(talk.admin, "/retitle 2024 in spring", reply_to=shown)
    assert answer["text"] == "id 2: 2024 in spring #cat #pet"
    await talk.press(talk.admin, answer, "↩︎ Undo")
    assert (await talk.service.get(2)).title == "The cat"


async def test_retitle_by_id_where_telegram_makes_a_reply_of_it(talk: Talk, telegram: FakeTelegram) -> None:
    forum = telegram.group(-1005, "Forum", forum=True, members=[talk.admin])
    topic = telegram.topic(forum, "Holidays")
    (answer,) = await talk.ask(talk.admin, "/retitle 2 The cat", chat=forum, thread=topic)
    assert answer["text"].startswith("id 2: The cat")
    (again,) = await talk.ask(talk.admin, "/retitle 3 The cup", chat=forum, reply_to=answer)
    assert again["text"].startswith("id 3: The cup")


async def test_undo_takes_back_the_whole_of_ones_own_last_operation(talk: Talk, telegram: FakeTelegram) -> None:
    telegram.album(talk.admin, [NEW, jpeg(photograph("ihc.png"))], caption="/add")
    await talk.settled()
    await talk.service.remove([1], actor="somebody else")
    (answer,) = await talk.ask(talk.admin, "/undo")
    assert answer["text"].startswith("Taken back: the addition of 2 pictures (")
    assert await count(talk) == len(PHOTOGRAPHS) - 1


async def test_undoing_twice_is_said_in_a_notice(talk: Talk, telegram: FakeTelegram) -> None:
    (answer,) = await talk.ask(talk.admin, "/remove 2")
    data = answer["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    await talk.press(talk.admin, answer, "↩︎ Undo")
    callback = telegram.press(talk.admin, answer, data, forged=True)
    await telegram.until(lambda: callback in telegram.answers)
    assert telegram.answers[callback]["text"].startswith("There is nothing to undo")


async def test_stats_show_the_library(talk: Talk) -> None:
    (answer,) = await talk.ask(talk.admin, "/stats")
    assert answer["text"].splitlines()[0] == "6 pictures"
    assert "right: 0, wrong: 0" in answer["text"]
    assert "scores calibrated" in answer["text"]


@pytest.mark.parametrize("words", ["/add", "/remove 1", "/retitle 1 Mine", "/undo", "/history", "/stats"])
async def test_others_get_one_polite_sentence(talk: Talk, words: str) -> None:
    (answer,) = await talk.ask(talk.ada, words)
    assert answer["text"].startswith("Sorry, only the admins of this library")
    (answer,) = await talk.ask(talk.ada, photo=NEW, caption=words)
    assert answer["text"].startswith("Sorry, only the admins of this library")
    assert await count(talk) == len(PHOTOGRAPHS)


async def test_caption_that_is_edited_in_later_counts_once(talk: Talk, telegram: FakeTelegram) -> None:
    sent = telegram.say(talk.admin, photo=NEW, caption="ad Deep field")
    await talk.settled()
    before = len(telegram.sent(talk.admin))
    telegram.edit(sent, "/add Deep field #sky")
    await talk.settled()
    (answer,) = telegram.sent(talk.admin)[before:]
    assert answer["text"].startswith("1 picture added")
    assert answer["reply_to_message"]["message_id"] == sent["message_id"]
    assert (await talk.service.get(7)).tags == ("sky",)
    for words in ("/add Deep field #stars", "something else"):
        telegram.edit(sent, words)
        await talk.settled()
    assert len(telegram.sent(talk.admin)) == before + 1
    typed = telegram.say(talk.admin, photo=jpeg(photograph("ihc.png")), caption="/add")
    await talk.settled()
    before = len(telegram.sent(talk.admin))
    telegram.edit(typed, "/add With a title")
    await talk.settled()
    assert len(telegram.sent(talk.admin)) == before


async def test_admins_buttons_are_for_admins(talk: Talk, telegram: FakeTelegram) -> None:
    group = telegram.group(-1007, "Editors", members=[talk.ada, talk.admin])
    answer = (await talk.ask(talk.admin, photo=NEW, caption="/add@pictrace_bot", chat=group))[-1]
    callback = telegram.press(talk.ada, answer, "↩︎ Undo")
    await telegram.until(lambda: callback in telegram.answers)
    assert telegram.answers[callback]["show_alert"]
    assert await count(talk) == len(PHOTOGRAPHS) + 1
    await talk.press(talk.admin, answer, "↩︎ Undo")
    assert await count(talk) == len(PHOTOGRAPHS)


async def test_added_by_the_bot_is_found_by_everyone(talk: Talk) -> None:
    await talk.ask(talk.admin, document=("deep.jpg", HUBBLE, "image/jpeg"), caption="/add Deep field")
    cropped = EDITS["crop"](photograph("hubble_deep_field.jpg"), np.random.default_rng(1), photograph("coffee.png"))
    (answer,) = await talk.ask(talk.ada, photo=jpeg(cropped))
    assert "1 · Deep field — " in answer["caption"]


async def test_forwarded_commands_are_nobodys(talk: Talk) -> None:
    await talk.ask(talk.admin, "/remove 1 2 3", forward_from=("News", "news", 5))
    await talk.ask(talk.admin, photo=NEW, caption="/add evil", forward_from=("News", "news", 6))
    assert await count(talk) == len(PHOTOGRAPHS)


async def test_numbers_among_words_are_no_ids(talk: Talk, telegram: FakeTelegram) -> None:
    rocket = telegram.say(talk.admin, document=("r.jpg", (SHIPPED / "rocket.jpg").read_bytes(), "image/jpeg"))
    await talk.settled()
    (answer,) = await talk.ask(talk.admin, "/remove this one, it is 2 years old", reply_to=rocket)
    assert answer["text"].startswith("Removed: id 4 · rocket.jpg")
    (answer,) = await talk.ask(talk.admin, "/remove picture 2")
    assert answer["text"].startswith("Reply to a picture with /remove")


async def test_many_long_titles_fit_into_one_answer(talk: Talk) -> None:
    for image_id in range(1, 7):
        await talk.service.edit(image_id, {"title": "😀" * 300}, actor="test")
    (answer,) = await talk.ask(talk.admin, "/remove 1, 2, 3, 4, 5, 6")
    assert len(answer["text"].splitlines()) == 6
    (answer,) = await talk.ask(talk.admin, "/remove " + " ".join(map(str, range(1, 40))))
    assert answer["text"].startswith("At most 30 pictures")


async def test_album_of_zips_and_pictures_is_added_whole(talk: Talk, telegram: FakeTelegram) -> None:
    def zipped(name: str, content: bytes) -> bytes:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr(name, content)
        return packed.getvalue()

    first, second = zipped("hubble.jpg", HUBBLE), zipped("q" * 200 + ".jpg", jpeg(photograph("ihc.png")))
    telegram.say(talk.admin, document=("a.zip", first, "application/zip"), caption="/add", album="5")
    telegram.say(talk.admin, document=("b", second, "application/zip"), album="5")
    telegram.say(talk.admin, document=("c.jpg", jpeg(photograph("retina.jpg")), "image/jpeg"), album="5")
    await talk.settled()
    answer = telegram.sent(talk.admin)[-1]
    assert answer["text"].splitlines()[0] == "3 pictures added"
    await talk.press(talk.admin, answer, "↩︎ Undo")
    assert await count(talk) == len(PHOTOGRAPHS)


async def test_mentions_of_others_belong_to_the_title(talk: Talk) -> None:
    await talk.ask(talk.admin, photo=NEW, caption="/add Photo by @robot")
    assert (await talk.service.get(7)).title == "Photo by @robot"


async def test_keep_pressed_twice_is_said(talk: Talk, telegram: FakeTelegram) -> None:
    _, answer = await talk.ask(talk.admin, document=("small.jpg", SMALLER, "image/jpeg"), caption="/add")
    data = answer["reply_markup"]["inline_keyboard"][0][0]["callback_data"]
    for _ in range(2):
        callback = telegram.press(talk.admin, answer, data, forged=True)
        await telegram.until(lambda callback=callback: callback in telegram.answers)  # type: ignore[misc]
    await talk.settled()
    assert telegram.sent(talk.admin)[-1]["text"].startswith("This picture is no longer in the library.")
