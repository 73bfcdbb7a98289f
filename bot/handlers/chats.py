"""Chats that the bot joins, leaves or moves with."""

from aiogram import Bot, F, Router
from aiogram.enums import ChatMemberStatus
from aiogram.types import ChatMemberUpdated, Message, User

from bot.apologies import Apologies
from bot.inbox import Turn
from bot.texts import Text

GONE = (ChatMemberStatus.KICKED, ChatMemberStatus.LEFT)


def create() -> Router:
    router = Router(name="chats")
    router.my_chat_member.register(membership)
    router.message.register(migrated, F.migrate_to_chat_id)
    return router


async def membership(event: ChatMemberUpdated, bot: Bot, turn: Turn, apologies: Apologies, t: Text, me: User) -> None:
    """Blocked or removed, everything kept of the chat goes; brought into a group, a word on how to ask."""
    was_gone, is_gone = event.old_chat_member.status in GONE, event.new_chat_member.status in GONE
    if is_gone:
        await apologies.left(event.chat.id, event.new_chat_member.status)
    elif was_gone and event.chat.type in ("group", "supergroup"):
        async with turn.answering():
            await bot.send_message(event.chat.id, t("group-hello", name=f"@{me.username}"))


async def migrated(message: Message, apologies: Apologies) -> None:
    """A group has become a supergroup."""
    assert message.migrate_to_chat_id
    await apologies.moved(message.chat.id, message.migrate_to_chat_id)
