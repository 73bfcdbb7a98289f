"""The bot's own tables: what is stored stays, and says where an answer had got to."""

import pytest

from bot.storage import Allowance, BotStorage, ChatSettings, SentFile
from engine import SearchService

pytestmark = pytest.mark.databases("sqlite", "postgresql")

ME = 42


@pytest.fixture
def storage(service: SearchService) -> BotStorage:
    return BotStorage(service.database, ME)


async def test_update_is_taken_in_once_and_waits_until_it_is_answered(storage: BotStorage) -> None:
    assert await storage.receive({7: '{"text": "a\\u0000b"}', 5: "{}"}) == [7, 5]
    assert await storage.receive({5: "{}", 9: "{}"}) == [9]
    await storage.begin([5, 7])
    await storage.begin([7])
    await storage.put_back([5])
    await storage.note_sent([7], 2)
    await storage.note_inline_message([5], "inline")
    await storage.note_operation([9], 3)
    waiting = [(one.update_id, one.attempts, one.sent, one.operation_id) for one in await storage.unanswered()]
    assert waiting == [(5, 0, 0, None), (7, 2, 2, None), (9, 0, 0, 3)]
    assert [one.inline_message_id for one in await storage.unanswered()] == ["inline", None, None]
    await storage.done([5, 7])
    assert [one.update_id for one in await storage.unanswered()] == [9]
    assert await storage.receive({7: "{}"}) == []


async def test_guests_question_is_left_until_its_button_is_pressed(storage: BotStorage, service: SearchService) -> None:
    await storage.receive({7: '{"a": 1}', 8: "{}"})
    await storage.leave([7])
    assert [one.update_id for one in await storage.unanswered()] == [8]
    waiting = await storage.left(7)
    assert waiting
    assert (waiting.update_id, waiting.payload, waiting.inline_message_id) == (7, '{"a": 1}', None)
    assert await storage.left(8) is None
    assert await BotStorage(service.database, ME + 1).left(7) is None
    assert await storage.take_up(7, "inline")
    assert not await storage.take_up(7, "inline")
    assert await storage.left(7) is None
    assert [(one.update_id, one.inline_message_id) for one in await storage.unanswered()] == [(7, "inline"), (8, None)]


async def test_numbers_of_telegram_fit(storage: BotStorage) -> None:
    large = 2**52
    assert await storage.receive({large: "{}"}) == [large]
    await storage.set_language(-large, "de")
    assert await storage.language(-large) == "de"


async def test_language_stays_with_a_chat_that_moves(storage: BotStorage) -> None:
    await storage.set_language(-50, "ja")
    await storage.set_language(-50, "ko")
    await storage.move_chat(-50, -100)
    assert (await storage.language(-50), await storage.language(-100)) == (None, "ko")
    await storage.set_language(-100, None)
    assert await storage.language(-100) is None


async def test_what_is_chosen_for_a_chat_is_forgotten_as_one(storage: BotStorage) -> None:
    await storage.change_chat(-50, tags=("comics", "2024"))
    await storage.change_chat(-50, looks_for_reposts=True)
    await storage.set_language(-50, "ja")
    assert await storage.chat(-50) == ChatSettings("ja", ("comics", "2024"), looks_for_reposts=True)
    assert await storage.chats_where("looks_for_reposts") == [-50]
    assert await storage.chats_where("hears_additions") == []
    await storage.forget_chat(-50)
    assert await storage.chat(-50) == ChatSettings()


async def test_adders_are_kept_until_they_are_forbidden(storage: BotStorage) -> None:
    for adder in (Allowance(1, "Ada", 500), Allowance(2, "Boris", 500), Allowance(1, "Ada L.", 501)):
        await storage.allow_adding(adder)
    assert await storage.adders() == [Allowance(2, "Boris", 500), Allowance(1, "Ada L.", 501)]
    await storage.forbid_adding(2)
    assert [one.user_id for one in await storage.adders()] == [1]


async def test_message_of_an_addition_is_known(storage: BotStorage) -> None:
    await storage.receive({1: "{}", 2: "{}"}, {1: "-50:7"})
    await storage.done([1])
    assert await storage.was_added_from("-50:7")
    assert not await storage.was_added_from("-50:8")


async def test_files_are_those_of_this_bot(service: SearchService, storage: BotStorage) -> None:
    await storage.remember_files([SentFile(1, "a", "u1"), SentFile(2, "b", "u2"), SentFile(1, "c", "u1")])
    await BotStorage(service.database, ME + 1).remember_files([SentFile(1, "other", "u1")])
    assert await storage.files([1, 2, 3]) == {1: "c", 2: "b"}
    assert await storage.image_of("u2") == 2
    await storage.forget_files([1])
    assert await storage.files([1, 2]) == {2: "b"}
    assert await storage.image_of("u1") is None
