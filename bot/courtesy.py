"""Manners: eyes on a message at once, typing while it is worked on, a word to those who wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiogram import Bot
from aiogram.enums import ChatAction
from aiogram.exceptions import TelegramAPIError
from aiogram.types import Message, ReactionTypeEmoji, User

from bot.addressing import is_addressed, topic_of
from bot.inbox import Turn
from bot.speaking import text_for
from bot.storage import BotStorage

EYES = "👀"
CLOSING_S = 5.0  # at a stop, for notices to be taken away
TYPING_S = 4.5  # Telegram shows it for five seconds


class Courtesy:
    """Shows people that they were heard."""

    def __init__(self, bot: Bot, me: User, storage: BotStorage) -> None:
        self._bot = bot
        self._me = me
        self._storage = storage
        self._notices: dict[int | str, asyncio.Task[Message | None]] = {}

    async def arrived(self, turn: Turn) -> None:
        """Put eyes on the message, at once."""
        async with turn.reacting:
            if self._is_addressed(turn) and not turn.reacted_to and not turn.is_done:
                turn.reacted_to = turn.messages[0]
                await self._react(turn.reacted_to, EYES)

    async def waits(self, turn: Turn) -> None:
        """Say once that one picture is answered after another."""
        if turn.person in self._notices or not self._is_addressed(turn):
            return
        self._notices[turn.person] = asyncio.create_task(self._say_so(turn.messages[0]))

    async def began(self, turn: Turn) -> None:
        """Take away the word about waiting: the question is being answered now."""
        if turn.had_to_wait and (notice := self._notices.pop(turn.person, None)):
            await self._take_away(notice)

    async def close(self) -> None:
        """Take away all words about waiting: the bot stops, and the next process says so again."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSING_S):
                while self._notices:
                    await self._take_away(self._notices.popitem()[1])

    async def ended(self, turn: Turn) -> None:
        """Take the eyes away."""
        async with turn.reacting:  # they may only just be on their way
            if turn.reacted_to:
                await self._react(turn.reacted_to, None)

    @asynccontextmanager
    async def typing(self, message: Message) -> AsyncIterator[None]:
        """Show that the bot is writing."""

        async def show() -> None:
            chat_id, topic = message.chat.id, topic_of(message)
            while True:
                with suppress(TelegramAPIError):
                    await self._bot.send_chat_action(chat_id, ChatAction.TYPING, message_thread_id=topic)
                await asyncio.sleep(TYPING_S)

        showing = asyncio.create_task(show())
        try:
            yield
        finally:
            showing.cancel()

    def _is_addressed(self, turn: Turn) -> bool:
        return any(is_addressed(message, self._me) for message in turn.messages)

    async def _react(self, message: Message, emoji: str | None) -> None:
        with suppress(TelegramAPIError):  # a group may not allow reactions
            await self._bot.set_message_reaction(
                message.chat.id, message.message_id, reaction=[ReactionTypeEmoji(emoji=emoji)] if emoji else []
            )

    async def _take_away(self, notice: asyncio.Task[Message | None]) -> None:
        if message := await notice:
            with suppress(TelegramAPIError):
                await self._bot.delete_message(message.chat.id, message.message_id)

    async def _say_so(self, message: Message) -> Message | None:
        t = await text_for(self._storage, message.chat.id, message.from_user)
        with suppress(TelegramAPIError):
            return await message.reply(t("waits"), disable_notification=True)
        return None
