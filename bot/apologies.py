"""What is said when something goes wrong: one sentence; of the bot's own faults a reference that the log has too."""

import logging
import secrets

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest, TelegramForbiddenError, TelegramMigrateToChat

from bot.addressing import place_of, subscriber
from bot.asked import Refusal
from bot.inbox import Turn
from bot.posted_pictures import RepostGroups
from bot.storage import BotStorage
from bot.telegram_files import NO_PHOTOS, megabytes
from bot.texts import Text
from engine import LibraryError, PicTraceError, SearchService

logger = logging.getLogger(__name__)

OWN_FAULTS = ("unreadable_file",)  # beside those of the library as a whole


class Apologies:
    """Turns errors into sentences."""

    def __init__(self, bot: Bot, service: SearchService, storage: BotStorage, groups: RepostGroups) -> None:
        self._bot = bot
        self._service = service
        self._storage = storage
        self._groups = groups

    async def apologise(self, turn: Turn, error: Exception, t: Text, chat_id: int) -> None:
        """Tell whoever asked; where they cannot be told, tell the log."""
        if turn.guest_message:
            await self._tell_guest(turn, self.sentence(error, t))
            return
        if isinstance(error, TelegramForbiddenError):
            await self.left(chat_id, error.message)
            return
        if isinstance(error, TelegramMigrateToChat):
            await self.moved(chat_id, error.migrate_to_chat_id)
            return
        sentence = self.sentence(error, t)
        update = turn.updates[0]
        message = update.message or (update.callback_query.message if update.callback_query else None)
        try:
            async with turn.answering():
                if message:
                    place = place_of(message)
                    await self._bot.send_message(
                        place.chat_id, sentence, message_thread_id=place.thread_id, reply_parameters=place.reply
                    )
        except TelegramForbiddenError as forbidden:
            await self.left(chat_id, forbidden.message)
        except TelegramAPIError as again:
            logger.error("chat %d could not be told: %s", chat_id, again.message)

    async def _tell_guest(self, turn: Turn, sentence: str) -> None:
        """Write an apology into the message that is out; silence where that cannot be done."""
        try:
            async with turn.answering():
                if turn.inline_message_id:
                    await self._bot.edit_message_text(sentence, inline_message_id=turn.inline_message_id)
        except TelegramAPIError as again:
            logger.info("a guest could not be told: %s", again.message)

    def sentence(self, error: Exception, t: Text) -> str:
        """One sentence in the reader's language; the log gets the rest.

        What is the bot's own fault, or the machine's, comes with a reference that the log has too.
        """
        reference, own_fault = secrets.token_hex(3), False
        if isinstance(error, Refusal):
            logger.info("%s: refused: %s", reference, error.key)
            apology = t(error.key, **error.arguments)
        elif isinstance(error, PicTraceError):
            key = f"error-{error.code}"
            own_fault = not t.has(key) or isinstance(error, LibraryError) or error.code in OWN_FAULTS
            logger.warning("%s: %s: %s", reference, error.code, error)
            apology = t(key if t.has(key) else "error-server", **self._limits())
        elif isinstance(error, TelegramBadRequest) and NO_PHOTOS.search(error.message):
            logger.info("%s: refused: %s", reference, error.message)
            apology = t("no-photos-here")
        else:
            own_fault = True
            logger.error("%s: unexpected", reference, exc_info=error)
            apology = t("error-server")
        return f"{apology}\n<i>{t('reference', reference=reference)}</i>" if own_fault else apology

    async def left(self, chat_id: int, why: str) -> None:
        """Nobody can be spoken to in a chat any more: what is kept of it is forgotten."""
        logger.info("chat %d cannot be reached (%s): what was kept of it is forgotten", chat_id, why)
        await self._service.subscriptions.forget(subscriber(chat_id))
        await self._groups.end(chat_id)
        await self._storage.forget_chat(chat_id)

    async def moved(self, chat_id: int, new: int) -> None:
        """Keep what is kept of a group that has become a supergroup."""
        logger.info("chat %d is now %d", chat_id, new)
        await self._service.subscriptions.rename(subscriber(chat_id), subscriber(new))
        await self._groups.move(chat_id, new)
        await self._storage.move_chat(chat_id, new)

    def _limits(self) -> dict[str, float]:
        settings = self._service.settings
        return {
            "limit": megabytes(settings.max_bytes),
            "megapixels": settings.max_pixels // 1_000_000,
            "most": max(settings.max_pixels, settings.max_source_pixels) // 1_000_000,
        }
