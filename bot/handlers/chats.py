"""Chats that the bot joins, leaves or moves with."""

from aiogram import F, Router
from aiogram.enums import ChatMemberStatus
from aiogram.types import ChatMemberUpdated, Message

from bot.addressing import GROUPS
from bot.conversation import Conversation

GONE = (ChatMemberStatus.KICKED, ChatMemberStatus.LEFT)


def create() -> Router:
    router = Router(name="chats")
    router.my_chat_member.register(membership)
    router.message.register(migrated, F.migrate_to_chat_id)
    return router


async def membership(event: ChatMemberUpdated, talk: Conversation) -> None:
    """Blocked or removed, everything kept of the chat goes; brought into a group, a word on how to ask."""
    was_gone, is_gone = event.old_chat_member.status in GONE, event.new_chat_member.status in GONE
    if is_gone:
        await talk.parts.apologies.left(event.chat.id, event.new_chat_member.status)
    elif was_gone and event.chat.type in GROUPS:
        async with talk.turn.answering():
            hello = talk.t("group-hello", name=f"@{talk.parts.me.username}")
            await talk.parts.bot.send_message(event.chat.id, hello)


async def migrated(event: Message, talk: Conversation) -> None:
    """A group has become a supergroup."""
    assert event.migrate_to_chat_id
    await talk.parts.apologies.moved(event.chat.id, event.migrate_to_chat_id)
