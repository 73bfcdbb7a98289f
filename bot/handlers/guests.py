"""Questions to the bot as a guest, from chats that it is no member of."""

from aiogram import Router
from aiogram.types import Message

from bot.conversation import Conversation


def create() -> Router:
    router = Router(name="guests")
    router.guest_message.register(answer)
    return router


async def answer(event: Message, talk: Conversation) -> None:
    await talk.parts.guests.answer(talk.turn, event, talk.t)
