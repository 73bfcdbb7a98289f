"""/start, /help, /language, /privacy, /forget, and the menus."""

import numpy as np
import pytest

from bot.adders import Role
from bot.commands import COMMANDS
from bot.texts import LANGUAGES, text_in
from tests.bot.conftest import ADMIN_ID, StartTalk, Talk, labels
from tests.conftest import jpeg, photograph
from tests.telegram.server import FakeTelegram

MIRRORED = jpeg(np.ascontiguousarray(photograph("chelsea.png")[:, ::-1]))
NOT_FOR_ALL = {name for name, command in COMMANDS.items() if command.role > Role.EVERYONE}


async def test_start_says_what_the_bot_does_and_how_much_it_knows(talk: Talk) -> None:
    (answer,) = await talk.ask(talk.ada, "/start")
    assert answer["text"].startswith("Send me a picture: I look for it in my library")
    assert "\n\nThere are 6 pictures in the library.\n\n" in answer["text"]


async def test_start_tells_the_owner_of_a_new_bot_their_id(talk_on: StartTalk) -> None:
    async with talk_on(admin_ids=()) as talk:
        (answer,) = await talk.ask(talk.ada, "/start")
        assert f"PICTRACE_ADMIN_IDS={talk.ada.id}" in answer["text"]


async def test_help_shows_admins_their_commands_and_nobody_else(talk: Talk) -> None:
    (for_ada,) = await talk.ask(talk.ada, "/help")
    (for_admin,) = await talk.ask(talk.admin, "/help")
    assert "/add" not in for_ada["text"]
    assert "/add" in for_admin["text"]
    assert for_admin["text"].startswith(for_ada["text"])


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_language_speaks(talk: Talk, telegram: FakeTelegram, language: str) -> None:
    person = telegram.user(3000, "Kim", language={"zh": "zh-hans", "de": "de-AT"}.get(language, language))
    for command, key in (("/start", "start"), ("/help", "help"), ("/privacy", "privacy"), ("/find", "find-how")):
        (answer,) = await talk.ask(person, command)
        first = text_in(language).plain(key, days=30).splitlines()[0].replace("<b>", "").replace("</b>", "")
        assert answer["text"].startswith(first)


async def test_unknown_language_gets_english(talk: Talk, telegram: FakeTelegram) -> None:
    for number, code in enumerate(("pt-br", None)):
        (answer,) = await talk.ask(telegram.user(4000 + number, "Someone", language=code), "/start")
        assert answer["text"].startswith("Send me a picture")


async def test_language_is_chosen_and_remembered_and_left_to_telegram_again(talk_on: StartTalk) -> None:
    async with talk_on() as talk:
        (answer,) = await talk.ask(talk.ada, "/language")
        assert labels(answer) == [
            ["English", "Русский", "Deutsch"],
            ["日本語", "한국어", "简体中文"],
            ["As in Telegram"],
        ]
        await talk.press(talk.ada, answer, "Deutsch")
        assert "Deutsch" in talk.now(answer)["text"]
    async with talk_on(filled=False) as talk:
        (privacy,) = await talk.ask(talk.ada, "/privacy")
        assert (
            privacy["text"].splitlines()[0]
            == text_in("de")
            .plain("privacy", days=30)
            .splitlines()[0]
            .replace("<b>", "")
            .replace("</b>", "")[: len(privacy["text"].splitlines()[0])]
        )
        (answer,) = await talk.ask(talk.ada, "/language")
        await talk.press(talk.ada, answer, labels(answer)[2][0])
        assert "English" in talk.now(answer)["text"]


async def test_menus_are_published_per_language_and_scope(talk: Talk, telegram: FakeTelegram) -> None:
    await telegram.until(lambda: ("all_group_chats", None, "zh") in telegram.commands)
    for language in LANGUAGES:
        code = "" if language == "en" else language
        everyone = {one["command"] for one in telegram.commands["all_private_chats", None, code]}
        groups = {one["command"] for one in telegram.commands["all_group_chats", None, code]}
        assert everyone == set(COMMANDS) - NOT_FOR_ALL
        assert groups == {name for name, command in COMMANDS.items() if command.in_groups}
    german = telegram.commands["all_private_chats", None, "de"]
    assert german[0]["description"] == text_in("de").plain("command-find")
    assert telegram.profile["setMyDescription", "ja"] == text_in("ja").plain("bot-description")


async def test_admins_see_their_commands_once_they_have_said_start(talk: Talk, telegram: FakeTelegram) -> None:
    assert ("chat", ADMIN_ID, "") not in telegram.commands
    await talk.ask(talk.admin, "/start")
    for code in ("", "ru", "de", "ja", "ko", "zh"):
        assert {one["command"] for one in telegram.commands["chat", ADMIN_ID, code]} == set(COMMANDS)
    await talk.ask(talk.ada, "/start")
    assert ("chat", talk.ada.id, "") not in telegram.commands


def described(telegram: FakeTelegram, chat: int) -> str:
    return str(telegram.commands["chat", chat, ""][0]["description"])


async def test_forget_takes_the_chats_own_menu_back(talk: Talk, telegram: FakeTelegram) -> None:
    for person in (talk.ada, talk.admin):
        (language,) = await talk.ask(person, "/language")
        await talk.press(person, language, "Deutsch")
        assert described(telegram, person.id) == text_in("de").plain("command-find")
        await talk.ask(person, "/forget")
    assert not [key for key in telegram.commands if key[:2] == ("chat", talk.ada.id)]
    assert described(telegram, ADMIN_ID) == text_in("en").plain("command-find")
    assert {one["command"] for one in telegram.commands["chat", ADMIN_ID, "ru"]} == set(COMMANDS)


async def test_admins_menu_keeps_the_language_that_was_chosen(talk_on: StartTalk, telegram: FakeTelegram) -> None:
    german = text_in("de").plain("command-find")
    async with talk_on() as talk:
        (language,) = await talk.ask(talk.admin, "/language")
        await talk.press(talk.admin, language, "Deutsch")
        await talk.ask(talk.admin, "/start")
        assert described(telegram, ADMIN_ID) == german
    telegram.commands.clear()
    async with talk_on(filled=False):
        await telegram.until(lambda: ("chat", ADMIN_ID, "zh") in telegram.commands)
    assert described(telegram, ADMIN_ID) == german


@pytest.mark.parametrize("words", ["/start", "/add"])
async def test_whoever_is_an_admin_no_longer_loses_the_menu(
    talk_on: StartTalk, telegram: FakeTelegram, words: str
) -> None:
    async with talk_on() as talk:
        await talk.ask(talk.admin, "/start")
    assert ("chat", ADMIN_ID, "") in telegram.commands
    async with talk_on(filled=False, admin_ids=(999,)) as talk:
        await talk.ask(talk.admin, words)
        assert not [key for key in telegram.commands if key[:2] == ("chat", ADMIN_ID)]


async def test_forget_deletes_all_that_is_kept_of_a_chat(talk: Talk, telegram: FakeTelegram) -> None:
    *_, buttons = await talk.ask(talk.ada, photo=MIRRORED, caption="same")
    await talk.press(talk.ada, buttons, "❌ Wrong")
    noise = jpeg(np.random.default_rng(8).integers(0, 255, (300, 400, 3), np.uint8))
    (nothing,) = await talk.ask(talk.ada, photo=noise)
    await talk.press(talk.ada, nothing, "Tell me when it appears")
    (language,) = await talk.ask(talk.ada, "/language")
    await talk.press(talk.ada, language, "English")
    (answer,) = await talk.ask(talk.ada, "/forget")
    assert answer["text"] == "Deleted: 1 verdict, 1 awaited picture, and what was chosen for it."
    async with talk.service.database.read() as connection:
        for table in ("verdicts", "watches", "chats"):
            assert (await connection.exec_driver_sql(f"SELECT count(*) FROM {table}")).scalar() == 0
    (answer,) = await talk.ask(talk.ada, "/forget")
    assert answer["text"].startswith("Nothing was kept of this chat")


async def test_nothing_of_a_question_is_kept(talk: Talk) -> None:
    await talk.ask(talk.ada, photo=MIRRORED, caption="my secret")
    async with talk.service.database.read() as connection:
        rows = (await connection.exec_driver_sql("SELECT state, payload FROM inbox")).all()
        assert rows
        assert all(tuple(row) == ("done", None) for row in rows)
        for table in ("verdicts", "watches", "chats"):
            assert (await connection.exec_driver_sql(f"SELECT count(*) FROM {table}")).scalar() == 0
