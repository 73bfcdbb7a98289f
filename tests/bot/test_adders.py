"""Admins let others add: who may, who hears of it, and what was done by whom."""

import asyncio
from typing import Any

import numpy as np

from bot.adders import Adders, Role
from bot.storage import Allowance, BotStorage
from engine import SearchService
from tests.bot.conftest import ADA_ID, ADMIN_ID, StartTalk, Talk, labels
from tests.conftest import PHOTOGRAPHS, jpeg, photograph
from tests.telegram.server import FakeTelegram

NEW = jpeg(photograph("hubble_deep_field.jpg"))
SMALLER = jpeg(np.ascontiguousarray(photograph("chelsea.png")[::2, ::2]))


async def count(talk: Talk) -> int:
    return (await talk.service.status()).images


async def test_role_is_known_after_a_restart(service: SearchService) -> None:
    storage = BotStorage(service.database, 42)
    before = Adders(storage, (1,))
    await before.allow(Allowance(2, "Ada", 1))
    after = Adders(storage, (1,))
    assert after.role(2) is Role.EVERYONE
    await after.load()
    assert [after.role(one) for one in (1, 2, 3)] == [Role.ADMIN, Role.ADDER, Role.EVERYONE]
    assert (await after.forbid(2), await after.forbid(2)) == (Allowance(2, "Ada", 1), None)
    assert after.role(2) is Role.EVERYONE


async def test_adder_by_id_may_add_and_take_back_only_that(talk: Talk, telegram: FakeTelegram) -> None:
    await talk.ask(talk.ada, "/start")
    (answer,) = await talk.ask(talk.admin, f"/adder {ADA_ID}")
    assert answer["text"] == f"Ada ({ADA_ID}) may add pictures from now on, and undo their own additions."
    menu = {one["command"] for one in telegram.commands["chat", ADA_ID, ""]}
    assert {"add", "undo"} <= menu
    assert not menu & {"remove", "retitle", "history", "adder"}
    (answer,) = await talk.ask(talk.ada, photo=NEW, caption="/add Deep field")
    assert answer["text"].startswith("1 picture added")
    for words in ("/remove 7", "/retitle 7 Mine", "/history", "/adder 1002", "/stats"):
        (refused,) = await talk.ask(talk.ada, words)
        assert refused["text"].startswith("Sorry, only the admins of this library can do this.")
    await talk.ask(talk.admin, "/retitle 7 Hubble")
    (foreign,) = (one.id for one in await talk.service.history(limit=1))
    (refused,) = await talk.ask(talk.ada, f"/undo {foreign}")
    assert refused["text"] == "You can take back only what you have added yourself."
    await talk.press(talk.ada, answer, "↩︎ Undo")
    assert await count(talk) == len(PHOTOGRAPHS)


async def test_adder_by_reply_in_a_group_and_the_list_that_takes_it_back(talk: Talk, telegram: FakeTelegram) -> None:
    group = telegram.group(-1001234, "Editors", members=[talk.ada, talk.boris, talk.admin])
    said = telegram.say(talk.ada, "I would help", chat=group)
    (answer,) = await talk.ask(talk.admin, "/adder@pictrace_bot", chat=group, reply_to=said)
    assert answer["text"].startswith(f"Ada ({ADA_ID}) may add pictures")
    (listed,) = await talk.ask(talk.admin, "/adders@pictrace_bot", chat=group)
    assert listed["text"].splitlines() == ["These may add, beside the admins:", f"Ada ({ADA_ID})"]
    callback = telegram.press(talk.boris, listed, "✖ Ada")
    await telegram.until(lambda: callback in telegram.answers)
    assert telegram.answers[callback]["show_alert"]
    await talk.press(talk.admin, listed, "✖ Ada")
    assert talk.now(listed)["text"] == "Only the admins may add. /adder lets others."
    (refused,) = await talk.ask(talk.ada, photo=NEW, caption="/add")
    assert refused["text"].startswith("Sorry, only the admins of this library, and those whom they allow")
    assert ("chat", ADA_ID, "") not in telegram.commands


async def test_adder_that_names_nobody_says_how(talk: Talk) -> None:
    for words in ("/adder", "/adder Ada", "/adder 0", "/adder 99999999999999999999"):
        (answer,) = await talk.ask(talk.admin, words)
        assert answer["text"].startswith("Reply to someone’s message with /adder"), words
    (answer,) = await talk.ask(talk.admin, f"/adder {ADMIN_ID}")
    assert answer["text"] == "Admin is an admin already."


async def test_admins_hear_of_additions_if_they_want_and_can_take_them_back(talk: Talk, telegram: FakeTelegram) -> None:
    await talk.ask(talk.admin, f"/adder {ADA_ID}")
    await talk.ask(talk.ada, photo=NEW, caption="/add")
    before = len(telegram.sent(talk.admin))
    (answer,) = await talk.ask(talk.admin, "/notify")
    assert answer["text"].startswith("This chat does not hear")
    await talk.ask(talk.admin, "/notify on")
    await talk.ask(talk.admin, photo=jpeg(photograph("ihc.png")), caption="/add")  # which is no news
    await talk.ask(talk.ada, photo=jpeg(photograph("retina.jpg")), caption="/add")
    heard = telegram.sent(talk.admin)[before:][-1]
    assert heard["text"] == "Ada has added 1 picture: id 9"
    await talk.press(talk.admin, heard, "↩︎ Undo")
    assert await count(talk) == len(PHOTOGRAPHS) + 2
    (answer,) = await talk.ask(talk.admin, "/notify off")
    before = len(telegram.sent(talk.admin))
    await talk.ask(talk.ada, photo=jpeg(photograph("retina.jpg")), caption="/add")
    assert len(telegram.sent(talk.admin)) == before


async def test_admin_who_has_blocked_the_bot_holds_up_no_addition(talk: Talk, telegram: FakeTelegram) -> None:
    await talk.ask(talk.admin, f"/adder {ADA_ID}")
    await talk.ask(talk.admin, "/notify on")
    telegram.fail("sendMessage", status=200)  # the report
    telegram.fail("sendMessage", status=403)
    (answer,) = await talk.ask(talk.ada, photo=NEW, caption="/add")
    assert answer["text"].startswith("1 picture added")
    await talk.settled()
    assert len(telegram.sent(talk.ada)) == 1


async def test_adder_who_is_forbidden_in_the_middle_adds_nothing_more(
    talk: Talk, telegram: FakeTelegram, monkeypatch: Any
) -> None:
    await talk.ask(talk.admin, f"/adder {ADA_ID}")
    look_up, seen = SearchService.get, asyncio.Event()
    go_on = asyncio.Event()

    async def slow(self: SearchService, *args: Any, **how: Any) -> Any:
        seen.set()
        await go_on.wait()
        return await look_up(self, *args, **how)

    monkeypatch.setattr(SearchService, "get", slow)
    pictures = [jpeg(photograph(name)) for name in ("ihc.png", "retina.jpg", "hubble_deep_field.jpg")]
    telegram.album(talk.ada, pictures, caption="/add")
    await seen.wait()
    await talk.application._parts.adders.forbid(ADA_ID)
    go_on.set()
    await talk.settled()
    report = telegram.sent(talk.ada)[-1]
    assert report["text"].splitlines()[-1] == "You may no longer add: the rest was not added."
    assert report["text"].startswith(f"{await count(talk) - len(PHOTOGRAPHS)} picture")


async def test_keep_only_the_better_one_is_for_admins(talk: Talk) -> None:
    await talk.ask(talk.admin, f"/adder {ADA_ID}")
    *_, answer = await talk.ask(talk.ada, document=("small.jpg", SMALLER, "image/jpeg"), caption="/add")
    assert "nearly the same as id 2" in answer["text"]
    assert labels(answer) == [["↩︎ Undo"]]


async def test_history_says_who_did_what_and_takes_it_back(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    async with talk_on() as talk:
        await talk.ask(talk.admin, f"/adder {ADA_ID}")
        await talk.ask(talk.ada, photo=NEW, caption="/add")
        await talk.ask(talk.admin, "/remove 2 3")
        (answer,) = await talk.ask(talk.admin, "/history")
        title, removed, added, first = answer["text"].splitlines()[:4]
        assert title == "The last changes"
        assert "· Admin: 2 pictures removed" in removed
        assert "· Ada: 1 picture added" in added
        assert first.endswith("· test: 6 pictures added")
        number = added.split(" · ")[0]
        await talk.press(talk.admin, answer, f"↩︎ {number}")
        assert await count(talk) == len(PHOTOGRAPHS) - 2
        (answer,) = await talk.ask(talk.admin, "/history")
        undone = next(line for line in answer["text"].splitlines() if line.startswith(f"{number} · "))
        assert undone.endswith(" · taken back")
        assert f"↩︎ {number}" not in str(labels(answer))


async def test_history_names_the_other_doors_in_the_readers_language(talk_on: StartTalk) -> None:
    async with talk_on() as talk:
        for actor in ("shell", "api", "watch"):
            await talk.service.edit(1, {"title": actor}, actor=actor)
        (language,) = await talk.ask(talk.admin, "/language")
        await talk.press(talk.admin, language, "Deutsch")
        (answer,) = await talk.ask(talk.admin, "/history")
        said = [line.split(" · ")[2].split(":")[0] for line in answer["text"].splitlines()[1:4]]
        assert said == ["überwachter Ordner", "Seite oder API", "Kommandozeile"]


async def test_history_of_an_empty_library_says_so(talk_on: StartTalk) -> None:
    async with talk_on(filled=False) as talk:
        (answer,) = await talk.ask(talk.admin, "/history")
        assert answer["text"] == "Nothing has been changed in the library yet."
