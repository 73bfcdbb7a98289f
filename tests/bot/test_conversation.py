"""Who may press a button, who may decide for a chat, and which picture an answer is about."""

from types import SimpleNamespace
from typing import Any

import pytest
from aiogram.enums import ChatMemberStatus
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import GetChatMember
from aiogram.types import Update

from bot.adders import Adders
from bot.addressing import PEOPLE_IN_DISGUISE
from bot.asked import Refusal
from bot.conversation import Conversation, NotYours
from bot.texts import text_in

Json = dict[str, Any]

ADMIN, ADA, BORIS, CLARA = 500, 1001, 1002, 1003
GROUP: Json = {"id": -1005, "type": "supergroup", "title": "Friends"}
LINKS = "https://a.example https://b.example"
QUESTION: Json = {
    "message_id": 3,
    "date": 1,
    "chat": GROUP,
    "text": LINKS,
    "entities": [{"type": "url", "offset": 0, "length": 17}, {"type": "url", "offset": 18, "length": 17}],
}
ANSWER: Json = {"message_id": 4, "date": 1, "chat": GROUP, "text": "found", "reply_to_message": QUESTION}


class FakeBot:
    """Boris administers the group; who is Clara, Telegram does not say."""

    def __init__(self) -> None:
        self.notices: list[str | None] = []

    async def __call__(self, method: Any) -> bool:
        self.notices.append(method.text)
        return True

    async def get_chat_member(self, chat_id: int, user_id: int) -> Any:
        if user_id == CLARA:
            raise TelegramBadRequest(GetChatMember(chat_id=chat_id, user_id=user_id), "user not found")
        status = ChatMemberStatus.ADMINISTRATOR if user_id == BORIS else ChatMemberStatus.MEMBER
        return SimpleNamespace(status=status)


def person(user_id: int) -> Json:
    return {"id": user_id, "is_bot": user_id in PEOPLE_IN_DISGUISE, "first_name": "Somebody"}


def conversation(**update: Any) -> Conversation:
    bot = FakeBot()
    storage: Any = None
    parts: Any = SimpleNamespace(bot=bot, adders=Adders(storage, (ADMIN,)))
    turn: Any = SimpleNamespace(updates=[Update.model_validate({"update_id": 1, **update}, context={"bot": bot})])
    return Conversation(parts, turn, text_in("en"))


def pressed(by: int, message: Json | None = ANSWER) -> Conversation:
    press = {"id": "1", "from": person(by), "chat_instance": "1", "data": "y:1001:0:2"}
    return conversation(callback_query={**press, "message": message} if message else press)


def notices(talk: Conversation) -> list[str | None]:
    found: Any = talk.parts.bot
    return list(found.notices)


@pytest.mark.parametrize("by", [ADA, ADMIN])
async def test_button_is_for_whoever_asked_and_for_admins(by: int) -> None:
    talk = pressed(by)
    assert await talk.require_mine(ADA) == talk.message
    assert notices(talk) == []


@pytest.mark.parametrize("message", [ANSWER, None, {"chat": GROUP, "message_id": 4, "date": 0}])
async def test_button_of_somebody_else_is_refused_with_a_notice(message: Json | None) -> None:
    talk = pressed(BORIS, message)
    with pytest.raises(NotYours):
        await talk.require_mine(ADA)
    assert notices(talk) == [talk.t.plain("not-yours")]


@pytest.mark.parametrize("message", [None, {"chat": GROUP, "message_id": 4, "date": 0}])
async def test_button_under_a_message_that_is_too_old_asks_for_the_picture_again(message: Json | None) -> None:
    with pytest.raises(Refusal, match="asked-gone"):
        await pressed(ADA, message).require_mine(ADA)


@pytest.mark.parametrize("disguise", PEOPLE_IN_DISGUISE)
async def test_whoever_administers_a_group_may_press_for_one_who_asked_anonymously(disguise: int) -> None:
    assert await pressed(BORIS).require_mine(disguise)
    for by in (ADA, CLARA):
        with pytest.raises(NotYours):
            await pressed(by).require_mine(disguise)
    with pytest.raises(NotYours):
        await pressed(BORIS, None).require_mine(disguise)


async def test_administrators_decide_for_a_group_and_everyone_for_themselves() -> None:
    decide = {by: await pressed(by).may_decide() for by in (ADA, BORIS, CLARA, ADMIN)}
    assert decide == {ADA: False, BORIS: True, CLARA: False, ADMIN: True}
    own: Json = {**QUESTION, "chat": {"id": ADA, "type": "private"}, "from": person(ADA)}
    assert await conversation(message=own).may_decide()


async def test_group_that_writes_as_itself_is_one_of_its_administrators() -> None:
    anonymous: Json = {**QUESTION, "from": person(PEOPLE_IN_DISGUISE[0])}
    other = {"id": -1007, "type": "channel", "title": "News"}
    assert await conversation(message={**anonymous, "sender_chat": GROUP}).may_decide()
    assert not await conversation(message={**anonymous, "sender_chat": other}).may_decide()


def test_answer_is_about_a_part_of_the_message_that_it_replies_to() -> None:
    talk = pressed(ADA)
    assert [talk.picture(part).url for part in (0, 1)] == ["https://a.example", "https://b.example"]
    for part in (-1, 2):
        with pytest.raises(Refusal, match="asked-gone"):
            talk.picture(part)
    without = {key: value for key, value in ANSWER.items() if key != "reply_to_message"}
    with pytest.raises(Refusal, match="asked-gone"):
        pressed(ADA, without).picture(0)


def test_answer_is_for_who_asked_whoever_presses() -> None:
    talk = pressed(ADMIN)
    asker = talk.asker(ADA, talk.place(talk.picture(1)))
    assert (asker.user, asker.is_admin, asker.place.reply_to, asker.subscriber) == (ADA, False, 3, "telegram:-1005")
    assert (talk.is_admin, talk.actor, talk.subscriber) == (True, "telegram:500", "telegram:-1005")


async def test_notice_without_a_button_is_none() -> None:
    talk = conversation(message={**QUESTION, "from": person(ADA)})
    await talk.toast("hello")
    assert notices(talk) == []
