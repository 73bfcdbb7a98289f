"""What a handler is given: one question, and all that it takes to answer it."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, replace

from aiogram import Bot
from aiogram.enums import ChatMemberStatus
from aiogram.exceptions import TelegramAPIError
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message, User

from bot.adders import Adders, Role
from bot.adding import Adding
from bot.addressing import GROUPS, PEOPLE_IN_DISGUISE, ReplyPlace, actor, chat_and_person, place_of, subscriber
from bot.answers import Answers, Asker
from bot.apologies import Apologies
from bot.asked import AskedPicture, AskOptions, Refusal, as_written, pictures_in
from bot.courtesy import Courtesy
from bot.guests import Guests
from bot.inbox import Turn
from bot.inline import Inline
from bot.reposts import Reposts
from bot.settings import BotSettings
from bot.storage import BotStorage
from bot.telegram_files import TelegramFiles
from bot.texts import Text
from bot.watching import Watching
from engine import SearchService

CHAT_ADMINS = (ChatMemberStatus.CREATOR, ChatMemberStatus.ADMINISTRATOR)


class NotYours(Exception):
    """Somebody else's buttons."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the bot, which live as long as the process."""

    bot: Bot
    me: User
    settings: BotSettings
    service: SearchService
    storage: BotStorage
    adders: Adders
    files: TelegramFiles
    answers: Answers
    adding: Adding
    watching: Watching
    courtesy: Courtesy
    apologies: Apologies
    guests: Guests
    inline: Inline
    reposts: Reposts


@dataclass(frozen=True, slots=True)
class Conversation:
    """One question in its turn, which is a message, an album, a pressed button or a changed membership."""

    parts: Parts
    turn: Turn
    t: Text

    @property
    def chat_id(self) -> int:
        return chat_and_person(self.turn.updates[0])[0]

    @property
    def person(self) -> User | None:
        """Who wrote the message, pressed the button, or changed the membership."""
        return chat_and_person(self.turn.updates[0])[1]

    @property
    def role(self) -> Role:
        """What this person may do."""
        return self.parts.adders.role(self.person.id) if self.person else Role.EVERYONE

    @property
    def is_admin(self) -> bool:
        return self.role is Role.ADMIN

    @property
    def actor(self) -> str:
        """The person's name in the engine, as someone who changes the library."""
        assert self.person
        return actor(self.person.id)

    @property
    def subscriber(self) -> str:
        """The chat's name in the engine, for its verdicts and watches."""
        return subscriber(self.chat_id)

    @property
    def message(self) -> Message:
        """The message that was written, or that has the pressed button. Refusal if Telegram no longer has it."""
        message = self.turn.updates[0].message or (self._pressed.message if self._pressed else None)
        if not isinstance(message, Message):
            raise Refusal("asked-gone")
        return message

    def picture(self, part: int) -> AskedPicture:
        """The picture that an answer with buttons is about. Refusal if it is gone.

        It is in the message that the answer replies to, and `part` is its number there.
        """
        question = self.message.reply_to_message
        pictures = pictures_in(question) if question else []
        if not 0 <= part < len(pictures):
            raise Refusal("asked-gone")
        return pictures[part]

    def place(self, picture: AskedPicture) -> ReplyPlace:
        """Where an answer goes: a reply to the picture that it is about."""
        return place_of(self.message, picture)

    def asker(self, user: int, place: ReplyPlace) -> Asker:
        """The person who asked, and gets the answer: an admin may press the buttons of somebody else."""
        return Asker(user, self.parts.adders.role(user) is Role.ADMIN, place, self.t)

    async def scoped(self, options: AskOptions) -> AskOptions:
        """The same options, among the pictures that this chat looks among where the question names no tags."""
        tags = await self.as_written(options.tags) or (await self.parts.storage.chat(self.chat_id)).tags
        return replace(options, tags=tags)

    async def as_written(self, tags: Sequence[str]) -> tuple[str, ...]:
        """Tags as the library writes them."""
        return as_written(tags, await self.parts.service.tags()) if tags else ()

    def typing(self) -> AbstractAsyncContextManager[None]:
        """Show that the bot is writing."""
        return self.parts.courtesy.typing(self.message)

    async def say(self, text: str, buttons: InlineKeyboardMarkup | None = None, *, to: Message | None = None) -> None:
        """Answer with one message, and cross the question off."""
        async with self.turn.answering():
            await self.parts.answers.say(place_of(to or self.message), text, buttons)

    async def toast(self, text: str | None = None, *, alert: bool = False) -> None:
        """End the waiting on a pressed button, with a short notice or without; nothing where none was pressed."""
        if self._pressed:
            with suppress(TelegramAPIError):  # too late for a notice, not for what was asked
                await self._pressed.answer(text, show_alert=alert or None)

    async def require_mine(self, user: int) -> Message:
        """The message with the button. NotYours if neither the asker nor an admin pressed it, or a Refusal."""
        assert self.person
        if self.person.id != user and not self.is_admin and not await self._may_press_for(user):
            await self.toast(self.t.plain("not-yours"), alert=True)
            raise NotYours
        return self.message

    async def may_decide(self) -> bool:
        """Whether this person may decide for the chat: in a group its administrators, elsewhere everyone."""
        message, person = self.message, self.person
        if person is None:
            return False
        if message.chat.type not in GROUPS or self.is_admin:
            return True
        if message.from_user and message.from_user.id == person.id and message.sender_chat:
            return message.sender_chat.id == message.chat.id  # an administrator who stays anonymous
        with suppress(TelegramAPIError):
            return (await self.parts.bot.get_chat_member(message.chat.id, person.id)).status in CHAT_ADMINS
        return False

    @property
    def _pressed(self) -> CallbackQuery | None:
        return self.turn.updates[0].callback_query

    async def _may_press_for(self, user: int) -> bool:
        """Whether an admin of the group presses for one who asked anonymously, as whom nobody can press."""
        is_here = self._pressed is not None and isinstance(self._pressed.message, Message)
        return user in PEOPLE_IN_DISGUISE and is_here and await self.may_decide()
