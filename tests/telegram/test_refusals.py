"""What the tests' Bot API server refuses, and how it fails when told to."""

import asyncio

import aiogram
import pytest
import telegram as ptb
from aiogram.exceptions import TelegramAPIError, TelegramNetworkError, TelegramRetryAfter
from telegram.error import Forbidden, NetworkError, RetryAfter

from tests.telegram.conftest import Json, keyboard, picture, post, upload
from tests.telegram.schema import SchemaViolation, check_request, check_type
from tests.telegram.server import FakeTelegram


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "🏖" * 2049}, "message is too long"),
        ({"text": " \n"}, "text must be non-empty"),
        ({"text": "<p>x</p>", "parse_mode": "HTML"}, 'parse entities: Unsupported start tag "p" at byte offset 0'),
        ({"text": "я <b>x", "parse_mode": "HTML"}, 'find end tag corresponding to start tag "b"'),
        ({"text": "<b>x</i>", "parse_mode": "HTML"}, 'end tag at byte offset 4, expected "</b>", found "</i>"'),
        ({"text": "I <3 you", "parse_mode": "HTML"}, "can't parse entities"),
        ({"text": "x", "reply_markup": keyboard(callback_data="я" * 33)}, "BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": keyboard()}, "Text buttons are unallowed"),
        ({"text": "x", "reply_markup": keyboard(url="http://127.0.0.1/")}, "BUTTON_URL_INVALID"),
        ({"text": "x", "reply_markup": keyboard(url="http://localhost:8000/")}, "Wrong HTTP URL"),
        ({"text": "x", "message_thread_id": 7}, "message thread not found"),
    ],
)  # fmt: skip
async def test_limits_are_telegrams(fake: FakeTelegram, bot: aiogram.Bot, params: Json, problem: str) -> None:
    ada = fake.user(1001, "Ada")
    fake.say(ada, "hello")
    with pytest.raises(TelegramAPIError) as refused:
        await bot.send_message(chat_id=ada.id, **params)
    assert problem in str(refused.value)
    assert fake.calls[-1].status == 400
    assert fake.sent() == []
    assert await bot.send_message(ada.id, "🏖" * 2048, reply_markup=keyboard(callback_data="я" * 32))
    assert await bot.send_message(ada.id, "<pre><code class='language-py'>x</code></pre> 1 &lt; 2", parse_mode="HTML")
    assert fake.messages(ada)[-1]["entities"] == [{"type": "pre", "offset": 0, "length": 1, "language": "py"}]
    assert fake.violations == []


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"no picture", "IMAGE_PROCESS_FAILED"),
        (picture()[:300], "IMAGE_PROCESS_FAILED"),
        (picture(9000, 1001), "PHOTO_INVALID_DIMENSIONS"),
        (picture(10, 201), "PHOTO_INVALID_DIMENSIONS"),
        (picture() + b"\0" * 10 * 2**20, "too big for a photo"),
        (b"", "file must be non-empty"),
    ],
)
async def test_photos_are_checked(fake: FakeTelegram, bot: aiogram.Bot, content: bytes, problem: str) -> None:
    fake.say(ada := fake.user(1001, "Ada"), "hello")
    with pytest.raises(TelegramAPIError, match=problem):
        await bot.send_photo(ada.id, upload(content))


async def test_errors_come_as_asked_for(fake: FakeTelegram, bot: aiogram.Bot, other: ptb.Bot) -> None:
    fake.say(ada := fake.user(1001, "Ada"), "hello")
    fake.fail("sendMessage", retry_after=7, times=2)
    with pytest.raises(TelegramRetryAfter) as wait:
        await bot.send_message(ada.id, "x")
    assert wait.value.retry_after == 7
    with pytest.raises(RetryAfter):
        await other.send_message(ada.id, "x")
    fake.fail("sendMessage", status=502)
    with pytest.raises(NetworkError, match="Bad Gateway"):
        await other.send_message(ada.id, "x")
    fake.fail("sendMessage", disconnect=True)
    with pytest.raises(TelegramNetworkError):
        await bot.send_message(ada.id, "never")
    fake.fail("sendMessage", disconnect=True, after=True)
    with pytest.raises(NetworkError):
        await other.send_message(ada.id, "once")
    assert [message["text"] for message in fake.sent(ada)] == ["once"]
    assert [call.status for call in fake.calls if call.method == "sendMessage"] == [429, 429, 502, 0, 0]
    fake.stop_answering()
    with pytest.raises(TelegramNetworkError):
        await bot.get_me()
    fake.resume()
    assert await bot.get_me()
    stopping = asyncio.create_task(fake.restart(pause=0.2))
    await asyncio.sleep(0.05)
    with pytest.raises(NetworkError):
        await other.get_me()
    await stopping
    assert await other.get_me()
    with pytest.raises(AssertionError, match="sendMessage"):
        await fake.until(lambda: False, timeout=0.1)


async def test_blocked_kicked_and_strangers(fake: FakeTelegram, bot: aiogram.Bot, other: ptb.Bot) -> None:
    ada, ben, eve = fake.user(1001, "Ada"), fake.user(1002, "Ben"), fake.user(1003, "Eve")
    group = fake.group(-1001234, "Friends", members=[ada, ben], admins=[ada], reactions=False)
    fake.say(ada, "hello")
    fake.block(ada)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await other.send_message(ada.id, "x")
    fake.unblock(ada)
    assert await other.send_message(ada.id, "x")
    with pytest.raises(Forbidden, match="can't initiate conversation"):
        await other.send_message(ben.id, "x")
    with pytest.raises(TelegramAPIError, match="chat not found"):
        await bot.set_my_commands(
            [aiogram.types.BotCommand(command="a", description="b")],
            scope=aiogram.types.BotCommandScopeChat(chat_id=eve.id),
        )
    status = [(await bot.get_chat_member(group.id, user.id)).status for user in (ada, ben, eve)]
    assert status == ["creator", "member", "left"]
    assert [member.user.id for member in await other.get_chat_administrators(group.id)] == [ada.id]
    assert (await other.get_chat(group.id)).available_reactions == ()
    fake.kick(group)
    with pytest.raises(TelegramAPIError, match="bot was kicked from the supergroup chat"):
        await bot.send_chat_action(group.id, "typing")
    changes = [u.my_chat_member for u in await bot.get_updates() if u.my_chat_member]
    assert [change.new_chat_member.status for change in changes] == ["kicked", "member", "kicked"]
    assert fake.violations == []


@pytest.mark.parametrize(
    ("method", "params", "violation"),
    [
        ("sendMessage", {"chat_id": 1001, "text": "x", "colour": 1}, "sendMessage.colour: no such parameter"),
        ("sendMessage", {"chat_id": 1001}, "sendMessage.text: required, but missing"),
        ("sendMessage", {"chat_id": 1001, "text": 5}, "sendMessage.text: 5 is not of type String"),
        ("sendMediaGroup", {"chat_id": 1001, "media": [{"type": "photo", "media": "x"}, {"type": "photo", "media": "x",
         "caption": 1}]}, "sendMediaGroup.media[1].caption: 1 is not of type String"),
        ("sendMessage", {"chat_id": 1001, "text": "x", "reply_markup": '{"inline_keyboard": [[{"txt": "a"}]]}'},
         "sendMessage.reply_markup.inline_keyboard[0][0].txt: InlineKeyboardButton has no such field"),
        ("getUpdates", {"timeout": "soon"}, "getUpdates.timeout: 'soon' is not of type Integer"),
        ("setMessageReaction", {"chat_id": 1, "message_id": 1, "reaction": [{"type": "smile"}]},
         "setMessageReaction.reaction[0]: {'type': 'smile'} is none of ReactionTypeEmoji"),
    ],
)  # fmt: skip
async def test_violations_are_refused_and_noted(fake: FakeTelegram, method: str, params: Json, violation: str) -> None:
    status, answer = await post(fake, method, params)
    assert status == 400
    assert violation in answer["description"]
    assert len(fake.violations) == 1
    assert fake.violations[0].startswith(violation)


def test_values_are_checked_against_the_schema() -> None:
    parsed = check_request("sendMessage", {"chat_id": "-5", "text": "5", "protect_content": "true"})
    assert parsed == {"chat_id": -5, "text": "5", "protect_content": True}
    check_type("MaybeInaccessibleMessage", {"chat": {"id": 1, "type": "private"}, "message_id": 1, "date": 0})
    with pytest.raises(SchemaViolation, match=r"^Message\.chat\.type: required in Chat, but missing"):
        check_type("Message", {"chat": {"id": 1}, "message_id": 1, "date": 1})
    with pytest.raises(SchemaViolation, match=r"ChatMember: .* is none of ChatMemberOwner"):
        check_type("ChatMember", {"status": "guest"})
