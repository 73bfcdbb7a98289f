"""Anyone: a picture in, the five best matches out."""

import io
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest
from aiohttp import web
from PIL import Image

from engine import Fetched, SearchService
from engine.pictures.augment import EDITS
from tests.bot.conftest import StartTalk, Talk, labels, texts
from tests.conftest import PHOTOGRAPHS, SHIPPED, jpeg, photograph
from tests.small_library import menu, painting
from tests.telegram.server import FakeTelegram

MIRRORED = jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1]))
SCREENSHOT = jpeg(EDITS["screenshot"](photograph("astronaut.png"), np.random.default_rng(5), photograph("coffee.png")))
NOISE = jpeg(np.random.default_rng(8).integers(0, 255, (300, 400, 3), np.uint8))


def webp(content: bytes) -> bytes:
    out = io.BytesIO()
    Image.open(io.BytesIO(content)).resize((512, 341)).save(out, "WEBP")
    return out.getvalue()


async def test_certain_match_comes_alone_in_one_message_and_the_rest_behind_more(talk: Talk) -> None:
    (answer,) = await talk.ask(talk.ada, photo=MIRRORED)
    assert "photo" in answer
    assert answer["caption"].splitlines() == [
        "This picture is in the library.",
        "1 · chelsea.png — Certainly the same, >99%",
        "❓ shows why, 💾 sends the file.",
    ]
    assert labels(answer) == [["❓ 1", "💾 1"], ["✅ Right", "❌ Wrong"], ["More"]]
    *album, buttons = await talk.press(talk.ada, answer, "More")
    assert [text[0] for text in texts(album)] == ["2", "3", "4", "5", "6"]
    assert all("Hardly alike" in text for text in texts(album))
    assert "More" not in str(labels(buttons))


async def test_as_many_as_asked_for_come_as_an_album_and_one_message_with_buttons(talk: Talk) -> None:
    answer = await talk.ask(talk.ada, photo=MIRRORED, caption="5")
    *album, buttons = answer
    assert len(album) == 5
    assert len({message["media_group_id"] for message in album}) == 1
    assert all(message["reply_to_message"]["message_id"] == 1 for message in answer)
    first, *others = texts(album)
    assert first.splitlines() == ["1 · chelsea.png", "Certainly the same, >99%"]
    assert [line[0] for line in others] == ["2", "3", "4", "5"]
    assert all("Hardly alike, " in line and line.endswith("%") for line in others)
    assert buttons["text"].splitlines()[0] == "This picture is in the library."
    assert buttons["text"].splitlines()[1] == "1 · chelsea.png — Certainly the same, >99%"
    assert buttons["text"].splitlines()[2].endswith(" — Hardly alike, <1%")
    assert labels(buttons) == [
        [f"❓ {place}" for place in range(1, 6)],
        [f"💾 {place}" for place in range(1, 6)],
        ["✅ Right", "❌ Wrong"],
        ["More"],
    ]


async def test_same_bytes_get_the_same_five_in_the_same_order_as_from_the_engine(talk: Talk) -> None:
    # The API's answer is the engine's too: tests/e2e/test_bot_process.py asks both processes.
    for content in (MIRRORED, SCREENSHOT):
        *album, _ = await talk.ask(talk.ada, document=("query.jpg", content, "image/jpeg"), caption="5")
        matches = (await talk.service.search(content)).matches
        assert [text.splitlines()[0] for text in texts(album)] == [
            f"{place} · {match.image.filename}" for place, match in enumerate(matches, 1)
        ]


async def test_eyes_at_once_and_typing_and_nothing_left_of_them(talk: Talk, telegram: FakeTelegram) -> None:
    await talk.ask(talk.ada, photo=MIRRORED)
    order = [
        call.method for call in telegram.calls if call.method in ("setMessageReaction", "sendPhoto", "sendChatAction")
    ]
    assert order[0] == "setMessageReaction"
    assert order.index("sendChatAction") < order.index("sendPhoto") < len(order) - 1
    assert order[-1] == "setMessageReaction"
    (reaction, *_) = (call for call in telegram.calls if call.method == "setMessageReaction")
    assert reaction.params["reaction"] == [{"type": "emoji", "emoji": "👀"}]
    assert telegram.reactions(talk.ada, 1) == []


@pytest.mark.parametrize(
    "sent",
    [
        {"document": ("query.jpg", MIRRORED, "image/jpeg")},
        {"document": ("query.JPG", MIRRORED, "application/octet-stream")},
        {"sticker": (webp(MIRRORED), "static")},
        {"sticker": (MIRRORED, "animated")},
        {"sticker": (MIRRORED, "video")},
        {"animation": MIRRORED},
        {"video": MIRRORED},
        {"video": NOISE, "cover": MIRRORED},
        {"video_note": MIRRORED},
        {"photo": MIRRORED, "forward_from": ("News", "news", 12), "caption": "3 kittens"},
    ],
    ids=[
        "file",
        "file-by-name",
        "sticker",
        "animated-sticker",
        "video-sticker",
        "gif",
        "video",
        "cover",
        "video-note",
        "forward",
    ],  # fmt: skip,
)
async def test_whatever_holds_a_picture_is_looked_up(talk: Talk, sent: dict[str, object]) -> None:
    (answer,) = await talk.ask(talk.ada, **sent)
    assert is_chelsea(answer)


def is_chelsea(answer: dict[str, Any]) -> bool:
    """Whether an answer is the photograph of the cat, surely."""
    said = answer.get("caption", "").splitlines()
    return said[:1] == ["This picture is in the library."] and "1 · chelsea.png — " in said[1] and "ertainly" in said[1]


def film(*pictures: bytes, path: Path) -> bytes:
    """Each picture for a third of a second."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 25, (451, 300))
    for picture in pictures:
        frame = cv2.imdecode(np.frombuffer(picture, np.uint8), cv2.IMREAD_COLOR)
        for _ in range(8):
            writer.write(cv2.resize(frame, (451, 300)))
    writer.release()
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["animation", "video"])
async def test_film_is_looked_at_where_its_preview_finds_nothing(talk: Talk, kind: str, tmp_path: Path) -> None:
    other = jpeg(painting(3))
    moving = film(other, MIRRORED, path=tmp_path / "film.mp4")
    (answer,) = await talk.ask(talk.ada, **{kind: other, "film": moving})
    assert is_chelsea(answer)
    for more in ({"film": moving, "file_size": 21 * 1024 * 1024}, {"film": moving[:300]}):
        assert "ertainly the same" not in texts(await talk.ask(talk.ada, **{kind: other}, **more))[0]


async def test_link_is_fetched(talk_on: StartTalk) -> None:
    async with PictureServer() as url, talk_on(fetch_allow=("127.0.0.1",)) as talk:
        (answer,) = await talk.ask(talk.ada, f"what is this? {url}/cat.jpg")
        assert is_chelsea(answer)


async def test_link_to_a_page_is_followed_to_the_picture_it_names(talk_on: StartTalk) -> None:
    async with PictureServer() as url, talk_on(fetch_allow=("127.0.0.1",)) as talk:
        (answer,) = await talk.ask(talk.ada, f"{url}/post")
        assert is_chelsea(answer)
        assert "From the web page's preview picture." in answer["caption"]
        (answer,) = await talk.ask(talk.ada, f"{url}/cat.jpg")
        assert "web page" not in answer["caption"]
        first, second = await talk.ask(talk.ada, f"{url}/post {url}/none")
        assert "From the web page's preview picture." in first["caption"]
        assert second["text"].splitlines()[1].startswith("This is a web page, and it names no picture of its own.")


async def test_picture_of_a_page_that_leads_to_a_private_address_is_refused(talk_on: StartTalk) -> None:
    async with PictureServer() as url, talk_on(fetch_allow=("127.0.0.1",)) as talk:
        (answer,) = await talk.ask(talk.ada, f"{url}/trap")
        assert answer["text"].startswith("I may not fetch from this address")


async def test_large_page_is_read_no_further_than_its_beginning(talk_on: StartTalk) -> None:
    async with PictureServer() as url, talk_on(fetch_allow=("127.0.0.1",)) as talk:
        (answer,) = await talk.ask(talk.ada, f"{url}/large")
        assert is_chelsea(answer)


async def test_link_with_a_signature_arrives_unchanged(talk_on: StartTalk) -> None:
    signed = "/signed/a%2Fb%20c.jpg?X-Signature=aB%2b%2F%3D==&Expires=1%3A2&key=a+b~*'(x)y"
    async with PictureServer() as url, talk_on(fetch_allow=("127.0.0.1",)) as talk:
        for how in ({"text": f"{url}{signed}"}, {"text": "here", "links": [("here", f"{url}{signed}")]}):
            (answer,) = await talk.ask(talk.ada, **how)
            assert is_chelsea(answer)
        assert PictureServer.asked[-2:] == [signed, signed]


async def test_link_to_what_is_not_for_all_says_to_send_the_picture(talk_on: StartTalk) -> None:
    async with PictureServer() as url, talk_on(fetch_allow=("127.0.0.1",)) as talk:
        (answer,) = await talk.ask(talk.ada, f"{url}/secret.jpg")
        assert answer["text"].startswith(
            "The other server does not give the picture to others. Save it and send it to me."
        )


async def test_links_without_a_scheme_are_no_words_either(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fetch(self: SearchService, url: str) -> Fetched:
        return Fetched(MIRRORED, "cat.jpg", url)

    monkeypatch.setattr(SearchService, "fetch", fetch)
    for link in ("https://example.org/cat.jpg", "example.org/cat.jpg", "example.org/cat.jpg,"):
        assert len(await talk.ask(talk.ada, f"{link} 2")) == 3
        assert len(await talk.ask(talk.ada, f"same {link}")) == 1


async def test_reply_with_find_asks_for_the_picture_replied_to(talk: Talk, telegram: FakeTelegram) -> None:
    nobody_asked = telegram.say(talk.ada, photo=MIRRORED)
    await talk.settled()
    (answer,) = await talk.ask(talk.ada, "/find", reply_to=nobody_asked)
    assert is_chelsea(answer)
    assert answer["reply_to_message"]["message_id"] == nobody_asked["message_id"]


async def test_find_as_a_caption_and_with_a_link(talk_on: StartTalk) -> None:
    async with PictureServer() as url, talk_on(fetch_allow=("127.0.0.1",)) as talk:
        for how in ({"photo": MIRRORED, "caption": "/find 2"}, {"text": f"/find {url}/cat.jpg 2"}):
            assert len(await talk.ask(talk.ada, **how)) == 3


async def test_find_without_a_picture_says_how(talk: Talk) -> None:
    (answer,) = await talk.ask(talk.ada, "/find")
    assert answer["text"].startswith("Reply to a picture with /find")


async def test_library_of_one_picture_answers_with_a_single_photo(talk_on: StartTalk) -> None:
    async with talk_on(filled=False) as talk:
        await talk.service.add_bytes(
            (SHIPPED / "chelsea.png").read_bytes(), name="cat.png", title="A cat", actor="test"
        )
        (answer,) = await talk.ask(talk.ada, photo=MIRRORED)
        assert "1 · A cat — " in answer["caption"]
        assert labels(answer) == [["❓ 1", "💾 1"], ["✅ Right", "❌ Wrong"]]


async def test_caption_steers_to_the_same_only_and_to_a_limit(talk: Talk) -> None:
    assert len(await talk.ask(talk.ada, photo=MIRRORED, caption="same")) == 1
    assert len(await talk.ask(talk.ada, photo=MIRRORED, caption="3")) == 4
    assert len(await talk.ask(talk.ada, photo=MIRRORED, caption="Same 2")) == 1
    assert len(await talk.ask(talk.ada, photo=MIRRORED, caption="99")) == len(PHOTOGRAPHS) + 1
    assert len(await talk.ask(talk.boris, photo=MIRRORED, caption="то же")) == 1


@pytest.mark.parametrize("caption", ["my 3 cats", "0", "three", "same as yesterday", "3 3 cats"])
async def test_other_captions_are_captions(talk: Talk, caption: str) -> None:
    assert len(await talk.ask(talk.ada, photo=MIRRORED, caption=caption)) == 1


async def test_nothing_near_is_said_in_one_sentence_with_two_buttons(talk: Talk) -> None:
    (answer,) = await talk.ask(talk.ada, photo=NOISE)
    assert answer["text"] == "Nothing like it is in the library: none of the 6 pictures is near it."
    assert labels(answer) == [["Show the nearest anyway"], ["Tell me when it appears"]]
    *album, buttons = await talk.press(talk.ada, answer, "Show the nearest anyway")
    assert len(album) == 5
    assert all("Hardly alike" in text for text in texts(album))
    assert buttons["text"].startswith("Nothing like it is in the library.")


async def test_other_version_is_called_so_and_is_not_the_same(talk: Talk) -> None:
    await talk.service.add_bytes(jpeg(menu(0, 1)), name="menu.jpg", actor="test")
    query = jpeg(menu(0, 2), 85)
    (answer,) = await talk.ask(talk.ada, document=("q.jpg", query, "image/jpeg"))
    said = answer["caption"].splitlines()
    assert said[0] == ("Another version of this picture is in the library. That this very one is could not be proved.")
    assert said[1].startswith("1 · menu.jpg — Another version, ")
    assert labels(answer)[0] == ["❓ 1", "💾 1"]
    assert labels(answer)[-1] == ["Tell me when it appears"]
    (why,) = await talk.press(talk.ada, answer, "❓ 1")
    assert "but show different things in it: another version" in why["caption"]
    assert " differ" in why["caption"].splitlines()[-1]
    (answer,) = await talk.ask(talk.ada, document=("q.jpg", query, "image/jpeg"), caption="same")
    assert answer["text"].startswith("It could not be proved that this very picture is in the library.")
    (answer,) = await talk.ask(talk.ada, photo=NOISE, caption="same")
    assert answer["text"] == "This very picture is not among the 7 pictures of the library."


async def test_same_picture_comes_before_its_other_versions_which_are_counted(talk: Talk) -> None:
    for content in (1, 3):
        await talk.service.add_bytes(jpeg(menu(0, content)), name=f"{content}.jpg", actor="test")
    *_, buttons = await talk.ask(talk.ada, document=("q.jpg", jpeg(menu(0, 2), 85), "image/jpeg"))
    assert buttons["text"].startswith("2 other versions of this picture are in the library. That this very one is ")
    (answer,) = await talk.ask(talk.ada, document=("q.jpg", jpeg(menu(0, 3), 85), "image/jpeg"))
    said, first = answer["caption"].splitlines()[:2]
    assert said == "This picture is in the library."
    assert first.startswith("1 · 3.jpg — ")
    photo, *_ = await talk.press(talk.ada, answer, "More")
    assert photo["caption"].startswith("2 · 1.jpg\nAnother version, ")


async def test_empty_library_says_so(talk_on: StartTalk) -> None:
    async with talk_on(filled=False) as talk:
        (answer,) = await talk.ask(talk.ada, photo=MIRRORED)
        assert answer["text"] == "The library is empty: there is nothing to find yet."
        assert labels(answer) == [["Tell me when it appears"]]


async def test_each_picture_of_an_album_gets_an_answer_of_its_own(talk: Talk, telegram: FakeTelegram) -> None:
    telegram.album(talk.ada, [MIRRORED, SCREENSHOT, NOISE])
    await talk.settled()
    first, second, third = telegram.sent(talk.ada)
    assert [one["reply_to_message"]["message_id"] for one in (first, second, third)] == [1, 2, 3]
    assert first["caption"].splitlines()[0] == "Picture 1 of 3"
    assert "1 · chelsea.png — " in first["caption"]
    assert second["caption"].splitlines()[0] == "Picture 2 of 3"
    assert "1 · astronaut.png — " in second["caption"]
    assert third["text"].splitlines() == [
        "Picture 3 of 3",
        "Nothing like it is in the library: none of the 6 pictures is near it.",
    ]
    assert labels(third)[-1] == ["Tell me when it appears"]
    (why,) = await talk.press(talk.ada, second, "❓ 1")
    assert "inside a larger picture" in why["caption"]


async def test_several_links_are_an_album_of_queries(talk_on: StartTalk) -> None:
    async with PictureServer() as url, talk_on(fetch_allow=("127.0.0.1",)) as talk:
        first, second = await talk.ask(talk.ada, f"{url}/cat.jpg {url}/gone.jpg")
        assert "1 · chelsea.png" in first["caption"]
        assert second["text"].startswith("Picture 2 of 2\nThe other server did not give me the picture")
        assert labels(second) == []


async def test_spoiler_stays_a_spoiler(talk: Talk) -> None:
    *album, buttons = await talk.ask(talk.ada, photo=MIRRORED, spoiler=True, caption="5")
    assert all(message["has_media_spoiler"] for message in album)
    (alone,) = await talk.ask(talk.ada, photo=MIRRORED, spoiler=True)
    assert alone["has_media_spoiler"]
    (why,) = await talk.press(talk.ada, buttons, "❓ 1")
    assert why["has_media_spoiler"]


async def test_each_answer_to_an_album_is_a_spoiler_where_its_picture_is(talk: Talk, telegram: FakeTelegram) -> None:
    for place, photo in enumerate((MIRRORED, SCREENSHOT)):
        telegram.say(talk.ada, photo=photo, album="77", spoiler=place == 1)
    await talk.settled()
    assert [one.get("has_media_spoiler", False) for one in telegram.sent(talk.ada)] == [False, True]


async def test_link_under_a_spoiler_is_a_spoiler(
    talk: Talk, telegram: FakeTelegram, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetch(self: SearchService, url: str) -> Fetched:
        return Fetched(MIRRORED if "cat" in url else NOISE, "cat.jpg", url)

    monkeypatch.setattr(SearchService, "fetch", fetch)
    message = telegram.say(talk.ada, "https://example.org/open.jpg")
    await talk.settled()
    for number, (words, covered) in enumerate(
        {"look: example.org/cat.jpg": True, "look example.org/cat.jpg": False}.items()
    ):
        at = words.index("example")
        entities = [
            {"type": "spoiler", "offset": at if covered else 0, "length": len(words) - at if covered else 4},
            {"type": "url", "offset": at, "length": len(words) - at},
        ]
        before = len(telegram.sent(talk.ada))
        telegram.updates.put("message", message | {"text": words, "entities": entities})
        await talk.settled()
        photos = [one for one in telegram.sent(talk.ada)[before:] if "photo" in one]
        assert len(photos) == 1, number
        assert all(bool(one.get("has_media_spoiler")) == covered for one in photos)


async def test_pieces_of_an_album_that_are_no_pictures_are_counted(talk: Talk, telegram: FakeTelegram) -> None:
    telegram.say(talk.ada, document=("a.jpg", MIRRORED, "image/jpeg"), album="9")
    telegram.say(talk.ada, document=("b.pdf", b"%PDF", "application/pdf"), album="9")
    await talk.settled()
    answer, others = telegram.sent(talk.ada)
    assert is_chelsea(answer)
    assert others["text"] == "1 more piece was no picture that I could look at."
    for piece in ({"photo": MIRRORED}, {"photo": SCREENSHOT}, {"video": True}, {"video": True}):
        telegram.say(talk.ada, album="10", **piece)
    await talk.settled()
    *answers, others = telegram.sent(talk.ada)[2:]
    assert len(answers) == 2
    assert others["text"] == "2 more pieces were no pictures that I could look at."


async def test_pictures_sent_before_go_out_by_their_file_id(talk: Talk, telegram: FakeTelegram) -> None:
    await talk.ask(talk.ada, photo=MIRRORED, caption="5")
    await talk.ask(talk.boris, photo=MIRRORED, caption="5")
    first, second = (call for call in telegram.calls if call.method == "sendMediaGroup")
    assert len(first.files) == 5
    assert second.files == {}


async def test_stale_file_id_falls_back_to_an_upload(talk: Talk, telegram: FakeTelegram) -> None:
    await talk.ask(talk.ada, photo=MIRRORED, caption="5")
    telegram.stale_all()
    answer = await talk.ask(talk.boris, photo=MIRRORED, caption="5")
    assert len(answer) == 6
    telegram_calls = [call for call in telegram.calls if call.method == "sendMediaGroup"]
    assert [call.status for call in telegram_calls] == [200, 400, 200]
    await talk.ask(talk.ada, photo=MIRRORED)
    assert telegram.calls[-1].status == 200


async def test_long_and_hostile_titles_are_text(talk: Talk) -> None:
    evil = "<b>&</b>" + "😀" * 600
    (first, *_) = (await talk.service.search(MIRRORED)).matches
    await talk.service.edit(first.image.id, {"title": evil}, actor="test")
    answer = await talk.ask(talk.ada, photo=MIRRORED, caption="5")
    assert texts(answer)[0].startswith("1 · <b>&</b>😀")
    assert [one["length"] for one in answer[0]["caption_entities"] if one["type"] == "bold"] == [1]  # the place


async def test_uncalibrated_scores_are_words_without_per_cent(
    talk_on: StartTalk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.library.active_network.shipped", lambda network: None)
    async with talk_on() as talk:
        answer = await talk.ask(talk.ada, photo=MIRRORED)
        assert "%" not in "".join(texts(answer))
        assert "not calibrated" in answer[-1]["caption"]


async def test_words_alone_get_a_hint(talk: Talk) -> None:
    for words in ("hello", "/nonsense", "#tag"):
        (answer,) = await talk.ask(talk.ada, words)
        assert answer["text"].startswith("Send me a picture, or a link to one")


async def test_answer_comes_in_the_language_of_whoever_asks(talk: Talk) -> None:
    answer = await talk.ask(talk.boris, photo=MIRRORED, caption="5")
    assert texts(answer)[0] == "1 · chelsea.png\nТочно то же, >99\xa0%"


async def test_quotation_from_another_chat_is_looked_at(talk: Talk, telegram: FakeTelegram) -> None:
    other = telegram.say(talk.boris, photo=MIRRORED)
    await talk.settled()
    message = telegram.say(talk.ada, "/find 2")
    await talk.settled()
    origin = {"type": "hidden_user", "date": 0, "sender_user_name": "Boris"}
    quoting = message | {"external_reply": {"origin": origin, "photo": other["photo"]}}
    telegram.updates.put("message", quoting)
    await talk.settled()
    *album, _ = [one for one in telegram.sent(talk.ada) if one["message_id"] > message["message_id"]][1:]
    assert len(album) == 2
    assert texts(album)[0].startswith("1 · chelsea.png\n")


@pytest.mark.parametrize(
    "news",
    [
        {"pinned_message": {"message_id": 1, "date": 1, "chat": {"id": 1001, "type": "private", "first_name": "Ada"}}},
        {"message_auto_delete_timer_changed": {"message_auto_delete_time": 60}},
        {"delete_chat_photo": True},
    ],
    ids=lambda news: next(iter(news)),
)
async def test_news_of_telegram_are_no_questions(talk: Talk, telegram: FakeTelegram, news: dict[str, object]) -> None:
    message = telegram.say(talk.ada, "/help")
    await talk.settled()
    del message["text"], message["entities"]
    telegram.updates.put("message", message | {"message_id": 50} | news)
    await talk.settled()
    assert len(telegram.sent(talk.ada)) == 1


class PictureServer:
    """A site with two pictures, a page that names one, one that names none, and what is not for all; on loopback."""

    asked: ClassVar[list[str]] = []

    async def __aenter__(self) -> str:
        async def cat(request: web.Request) -> web.Response:
            return web.Response(body=MIRRORED, content_type="image/jpeg")

        async def screenshot(request: web.Request) -> web.Response:
            return web.Response(body=SCREENSHOT, content_type="image/jpeg")

        async def post(request: web.Request) -> web.Response:
            named = '<meta property="og:image" content="/cat.jpg">' if request.path == "/post" else ""
            return web.Response(text=f"<!doctype html><html><head>{named}", content_type="text/html")

        async def large(request: web.Request) -> web.StreamResponse:
            page = web.StreamResponse(headers={"Content-Type": "text/html"})
            await page.prepare(request)
            await page.write(b'<!doctype html><html><head><meta property="og:image" content="/cat.jpg"></head>')
            with suppress(ConnectionError):
                for _ in range(50):
                    await page.write(b"x" * 1024 * 1024)
            return page

        async def trap(request: web.Request) -> web.Response:
            if request.path == "/elsewhere.jpg":
                raise web.HTTPFound("http://192.168.1.1/a.jpg")
            named = '<meta property="og:image" content="/elsewhere.jpg">'
            return web.Response(text=f"<!doctype html><html><head>{named}", content_type="text/html")

        async def signed(request: web.Request) -> web.Response:
            self.asked.append(request.raw_path)
            return web.Response(body=MIRRORED, content_type="image/jpeg")

        async def secret(request: web.Request) -> web.Response:
            return web.Response(status=403)

        application = web.Application()
        application.router.add_get("/cat.jpg", cat)
        application.router.add_get("/post", post)
        application.router.add_get("/none", post)
        application.router.add_get("/large", large)
        application.router.add_get("/trap", trap)
        application.router.add_get("/elsewhere.jpg", trap)
        application.router.add_get("/signed/{name:.*}", signed)
        application.router.add_get("/secret.jpg", secret)
        application.router.add_get("/screenshot.jpg", screenshot)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def __aexit__(self, *error: object) -> None:
        await self._runner.cleanup()


async def test_links_that_are_none_are_said(talk: Talk) -> None:
    for url in ("http://[::1/x", "http://[", "https://"):
        (answer,) = await talk.ask(talk.ada, "look at this", links=[("this", url)])
        assert "Something went wrong" not in answer["text"]


async def test_long_titles_fit_into_a_combined_answer(talk: Talk, telegram: FakeTelegram) -> None:
    for image_id in range(1, 7):
        await talk.service.edit(image_id, {"title": "😀" * 300}, actor="test")
    telegram.album(talk.ada, [MIRRORED] * 10)
    await talk.settled()
    assert len(telegram.sent(talk.ada)) == 10
    assert telegram.sent(talk.ada)[-1]["caption"].startswith("Picture 10 of 10\n")
