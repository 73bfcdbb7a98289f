"""Manners: whom a message speaks to, the eyes on it at once, typing while it is worked on, a word to those who wait."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from aiogram import Bot
from aiogram.enums import ChatAction, ChatMemberStatus, ContentType
from aiogram.exceptions import TelegramAPIError
from aiogram.types import CallbackQuery, Message, ReactionTypeEmoji, Update, User

from bot.asked import has_media
from bot.commands import COMMANDS
from bot.inbox import Turn
from bot.settings import BotSettings
from bot.speaking import text_for
from bot.storage import BotStorage

EYES = "👀"
CHAT_ADMINS = (ChatMemberStatus.CREATOR, ChatMemberStatus.ADMINISTRATOR)
CLOSING_S = 5.0  # at a stop, for notices to be taken away
TYPING_S = 4.5  # Telegram shows it for five seconds
GROUPS = ("group", "supergroup")
# What people say; all else is Telegram's own news, such as a pinned message.
SAID = frozenset(
    {
        ContentType.TEXT,
        ContentType.PHOTO,
        ContentType.DOCUMENT,
        ContentType.STICKER,
        ContentType.ANIMATION,
        ContentType.VIDEO,
        ContentType.VIDEO_NOTE,
        ContentType.VOICE,
        ContentType.AUDIO,
        ContentType.PAID_MEDIA,
        ContentType.STORY,
        ContentType.CONTACT,
        ContentType.LOCATION,
        ContentType.VENUE,
        ContentType.POLL,
        ContentType.DICE,
        ContentType.GAME,
    }
)
PEOPLE_IN_DISGUISE = (1087968824, 136817688)  # Telegram's names for a group's anonymous admins, and for its channels


def is_wanted(update: Update, me: User) -> bool:
    """Whether an update is for the bot at all; of what people say to each other in a group nothing is stored."""
    message = update.message
    if message is None:
        return bool(update.callback_query or update.my_chat_member)
    if message.chat.type not in ("private", *GROUPS):
        return False
    if message.migrate_to_chat_id:
        return True
    sender = message.from_user
    if message.content_type not in SAID or (sender and sender.is_bot and sender.id not in PEOPLE_IN_DISGUISE):
        return False
    if message.chat.type == "private":
        return True
    return bool(message.media_group_id) or is_addressed(message, me)


def is_addressed(message: Message, me: User) -> bool:
    """Whether a message is for the bot: in a group by command, mention, or reply with something to look at."""
    if message.chat.type == "private":
        return True
    words = message.text or message.caption or ""
    if words.startswith("/"):
        command, _, name = words.split(maxsplit=1)[0][1:].partition("@")
        return command.lower() in COMMANDS and (not name or name.lower() == (me.username or "").lower())
    entities = message.entities or message.caption_entities or []
    for entity in entities:
        if entity.type == "text_mention" and entity.user and entity.user.id == me.id:
            return True
        if entity.type == "mention" and entity.extract_from(words).lower() == f"@{me.username}".lower():
            return True
    to_me = message.reply_to_message and message.reply_to_message.from_user
    asks = has_media(message) or any(entity.type in ("url", "text_link") for entity in entities)
    return bool(to_me and to_me.id == me.id and asks)


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
            addressed = any(is_addressed(message, self._me) for message in turn.messages)
            if addressed and not turn.reacted_to and not turn.is_done:
                turn.reacted_to = turn.messages[0]
                await self._react(turn.reacted_to, EYES)

    async def waits(self, turn: Turn) -> None:
        """Say once that one picture is answered after another."""
        if turn.person in self._notices or not any(is_addressed(message, self._me) for message in turn.messages):
            return
        self._notices[turn.person] = asyncio.create_task(self._say_so(turn.messages[0]))

    async def began(self, turn: Turn) -> None:
        """It waits no longer."""
        if turn.had_to_wait and (notice := self._notices.pop(turn.person, None)):
            await self._take_away(notice)

    async def close(self) -> None:
        """Nobody is told to wait for a bot that is away; the next process says so anew."""
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
        """Show that the bot is at it."""
        thread = message.message_thread_id if message.is_topic_message else None

        async def show() -> None:
            while True:
                with suppress(TelegramAPIError):
                    await self._bot.send_chat_action(message.chat.id, ChatAction.TYPING, message_thread_id=thread)
                await asyncio.sleep(TYPING_S)

        showing = asyncio.create_task(show())
        try:
            yield
        finally:
            showing.cancel()

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


async def may_decide(bot: Bot, message: Message, user: User, settings: BotSettings) -> bool:
    """Whether someone may decide for a chat: in a group its administrators, elsewhere everyone."""
    if message.chat.type not in GROUPS or user.id in settings.admin_ids:
        return True
    if message.from_user and message.from_user.id == user.id and message.sender_chat:
        return message.sender_chat.id == message.chat.id  # an administrator who stays anonymous
    with suppress(TelegramAPIError):
        return (await bot.get_chat_member(message.chat.id, user.id)).status in CHAT_ADMINS
    return False


async def toast(callback: CallbackQuery, text: str | None = None, *, alert: bool = False) -> None:
    """A short notice to whoever pressed a button, or none, which ends the waiting on it."""
    with suppress(TelegramAPIError):  # too late for a notice, not for what was asked
        await callback.answer(text, show_alert=alert or None)
