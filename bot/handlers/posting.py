"""What was posted in a group before: /reposts, and the pictures that people show each other."""

from contextlib import suppress

from aiogram import F, Router
from aiogram.enums import ChatMemberStatus
from aiogram.exceptions import TelegramAPIError
from aiogram.types import Message

from bot.addressing import GROUPS, is_addressed
from bot.conversation import Conversation
from bot.handlers.filters import Spoken, on_commands


def create() -> Router:
    router = Router(name="posting")
    on_commands(router, {"reposts": switch})
    router.message.register(look_at, F.chat.type.in_(GROUPS), is_shown_to_all)
    return router


async def switch(event: Message, talk: Conversation, spoken: Spoken) -> None:
    """Whether the bot says when a picture was posted in this group before; its administrators decide."""
    t, reposts, words = talk.t, talk.parts.reposts, spoken.words.casefold()
    if event.chat.type not in GROUPS:
        await talk.say(t("reposts-in-groups"))
        return
    if words in ("on", "off"):
        if not await talk.may_decide():
            await talk.say(t("group-admins-only"))
            return
        await (reposts.groups.begin if words == "on" else reposts.groups.end)(event.chat.id)
    if event.chat.id not in reposts.groups.ids:
        await talk.say(t("reposts-off"))
        return
    lines = [t("reposts-on", days=reposts.days)]
    if not await _sees_all(talk, event.chat.id):
        lines.append(t("reposts-blind"))
    await talk.say("\n\n".join(lines))


async def is_shown_to_all(event: Message, talk: Conversation) -> bool:
    """Whether a picture is none of the bot's questions, in a group where each counts."""
    me, messages = talk.parts.me, talk.turn.messages
    return event.chat.id in talk.parts.reposts.groups.ids and not any(is_addressed(one, me) for one in messages)


async def look_at(event: Message, talk: Conversation) -> None:
    await talk.parts.reposts.look_at(talk.turn, talk.turn.messages, talk.t)


async def _sees_all(talk: Conversation, chat_id: int) -> bool:
    """Whether Telegram shows the bot what is not meant for it."""
    if talk.parts.me.can_read_all_group_messages:
        return True
    with suppress(TelegramAPIError):
        mine = await talk.parts.bot.get_chat_member(chat_id, talk.parts.me.id)
        return mine.status == ChatMemberStatus.ADMINISTRATOR
    return False
