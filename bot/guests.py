"""Answers in chats that the bot is no member of: a word at once, into which the answer is written."""

import logging
import time
from collections import deque

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest, TelegramForbiddenError
from aiogram.types import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputMediaPhoto,
    InputTextMessageContent,
    Message,
    User,
)

from bot import keyboards, replies
from bot.answers import Answers, Found
from bot.apologies import Apologies
from bot.asked import AskedPicture, AskOptions, Refusal, options_in, pictures_in, words_of
from bot.inbox import Turn
from bot.storage import BotStorage
from bot.telegram_files import STALE, without_refused_links
from bot.texts import Text, nearest_language, text_in

logger = logging.getLogger(__name__)

MINUTE_S = 60.0
SHOWN = 3  # matches in one message
AS_IT_IS = "message is not modified"


class Guests:
    """Answers guests. A message that is sent so can only be edited, and holds only pictures that Telegram has."""

    def __init__(
        self, bot: Bot, me: User, answers: Answers, storage: BotStorage, apologies: Apologies, *, limit: int
    ) -> None:
        self._bot = bot
        self._me = me
        self._answers = answers
        self._storage = storage
        self._apologies = apologies
        self._limit = limit
        self._asked: dict[int, deque[float]] = {}

    async def greet(self, turn: Turn) -> None:
        """Say at once that it is looked for, or why not: Telegram takes a message only for moments.

        Where it comes too late nothing is said, and nothing is looked for. Nor where the word is out, perhaps, and
        which message it is was never told, for a process or the connection broke off: Telegram tells it once more when
        the button under the word is pressed.
        """
        async with turn.reacting:
            if turn.inline_message_id is not None or turn.is_done or turn.guest_message is None:
                return
            message = turn.guest_message
            t = text_of(message)
            text, is_question = self._greeting(message, t)
            resume = keyboards.button(keyboards.RESUME_MARK, keyboards.Resume(update=turn.ids[0]))
            try:
                result = InlineQueryResultArticle(
                    id="answer",
                    title=text[:64],
                    input_message_content=InputTextMessageContent(
                        message_text=text, link_preview_options=keyboards.NO_PREVIEW
                    ),
                    reply_markup=keyboards.keyboard([resume] if is_question else []),
                )
                assert message.guest_query_id
                sent = await self._bot.answer_guest_query(message.guest_query_id, result)
            except TelegramAPIError as error:
                logger.info("a guest came too late, is gone, or has the word already: %s", error.message)
                await (turn.leave() if is_question else turn.done())
                return
            if is_question:
                await turn.note_inline_message(sent.inline_message_id)
            else:
                await turn.done()

    async def answer(self, turn: Turn, message: Message, t: Text) -> None:
        """Write the answer into the message that is out."""
        await self.greet(turn)
        if turn.is_done:
            return
        picture, options = self._question(message)
        found = await self._answers.look_up(picture, options, subscriber=None)
        async with turn.answering():
            await self._write(turn, found, picture, options, t)

    def _greeting(self, message: Message, t: Text) -> tuple[str, bool]:
        """What is said at once, and whether there is something to look for."""
        try:
            self._question(message)
        except Refusal as refusal:
            return self._apologies.sentence(refusal, t), False
        if self._is_too_many(message.from_user.id if message.from_user else 0):
            return t("guest-too-many"), False
        return t("guest-looking"), True

    def _question(self, message: Message) -> tuple[AskedPicture, AskOptions]:
        """What is asked about, in the message or in the one that it replies to. Refusal where that is nothing."""
        pictures = pictures_in(message)
        if not pictures and message.reply_to_message:
            pictures = pictures_in(message.reply_to_message)
        if not pictures:
            raise Refusal("guest-how")
        return pictures[0], options_in(words_of(message, self._me))

    def _is_too_many(self, person: int) -> bool:
        """Count a question of someone; whether they have asked too many within a minute."""
        if not self._limit:
            return False
        now = time.monotonic()
        self._asked = {one: times for one, times in self._asked.items() if times[-1] > now - MINUTE_S}
        times = self._asked.setdefault(person, deque(maxlen=self._limit))
        if len(times) == self._limit and times[0] > now - MINUTE_S:
            return True
        times.append(now)
        return False

    async def _write(self, turn: Turn, found: Found, picture: AskedPicture, options: AskOptions, t: Text) -> None:
        result, matches = found.result, found.matches[:SHOWN]
        if not matches:
            text = replies.nothing(result, t, same_only=options.same, tags=options.tags)
            await self._edit(turn, text, self._buttons(found, t))
            return
        text = replies.found(result, matches, t, first=1, tags=options.tags, has_buttons=False)
        best = matches[0].image.id
        file_id = (await self._storage.files([best])).get(best)
        if file_id is None or not await self._show(turn, file_id, best, text, picture, self._buttons(found, t)):
            await self._edit(turn, text, self._buttons(found, t))

    async def _show(
        self,
        turn: Turn,
        file_id: str,
        image_id: int,
        text: str,
        picture: AskedPicture,
        buttons: InlineKeyboardMarkup | None,
    ) -> bool:
        """Put a picture that Telegram has into the message; whether the chat takes it."""
        media = InputMediaPhoto(media=file_id, caption=text, has_spoiler=picture.is_spoiler or None)
        try:
            await without_refused_links(
                lambda shown: self._bot.edit_message_media(
                    media, inline_message_id=turn.inline_message_id, reply_markup=shown
                ),
                buttons,
            )
        except TelegramBadRequest as error:
            if AS_IT_IS in error.message:
                return True
            if any(words in error.message.lower() for words in STALE):
                await self._storage.forget_files([image_id])
            logger.info("a guest's answer goes without its picture: %s", error.message)
            return False
        except TelegramForbiddenError as error:
            logger.info("a guest cannot be answered any more: %s", error.message)
        return True

    async def _edit(self, turn: Turn, text: str, buttons: InlineKeyboardMarkup | None) -> None:
        """Write words into the message; silence where it is gone, or may not be edited any more."""
        try:
            await without_refused_links(
                lambda shown: self._bot.edit_message_text(
                    text,
                    inline_message_id=turn.inline_message_id,
                    reply_markup=shown,
                    link_preview_options=keyboards.NO_PREVIEW,
                ),
                buttons,
            )
        except (TelegramBadRequest, TelegramForbiddenError) as error:
            if AS_IT_IS not in error.message:
                logger.info("a guest cannot be answered any more: %s", error.message)

    def _buttons(self, found: Found, t: Text) -> InlineKeyboardMarkup | None:
        """Where the best match is from, and the way to the bot."""
        url = keyboards.source(found.matches[0]) if found.matches else None
        source = [InlineKeyboardButton(text=keyboards.LINK_MARK, url=url)] if url else []
        ask = InlineKeyboardButton(text=t.plain("button-ask"), url=f"https://t.me/{self._me.username}")
        return keyboards.keyboard([*source, ask])


def text_of(message: Message) -> Text:
    """The language of a guest; what is chosen for a chat of the same number is another's."""
    return text_in(nearest_language(message.from_user.language_code if message.from_user else None))
