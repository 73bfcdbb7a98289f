"""Tells chats of pictures that have appeared."""

import asyncio
import json
import logging
from collections.abc import Coroutine
from dataclasses import asdict, dataclass
from typing import Any

from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramNotFound,
)

from bot import replies
from bot.addressing import ReplyPlace, chat_of, subscriber
from bot.answers import Answers
from bot.apologies import Apologies
from bot.asked import AskedPicture, Refusal
from bot.delivery import Sending
from bot.storage import BotStorage
from bot.telegram_files import Shown, TelegramFiles
from bot.texts import text_in
from engine import LibraryError, Match, PicTraceError, SearchService, Watch

logger = logging.getLogger(__name__)

EVERY_S, MAX_PAUSE_S = 3.0, 60.0
MAX_WATCHES = 50  # of one chat
GRACE_S = 3.0  # for a chat that is just being told


@dataclass(frozen=True, slots=True)
class Reference:
    """What a watch needs to know of Telegram: where the picture is, and where to tell of it.

    `language` is that of Telegram, for as long as none is chosen for the chat.
    """

    file: str
    thread: int | None
    message: int
    spoiler: bool
    language: str

    def to_json(self) -> str:
        return json.dumps(asdict(self))


class Watching:
    """Waits for pictures, for as long as it takes, across restarts."""

    def __init__(
        self,
        service: SearchService,
        files: TelegramFiles,
        answers: Answers,
        sending: Sending,
        storage: BotStorage,
        apologies: Apologies,
    ) -> None:
        self._service = service
        self._files = files
        self._answers = answers
        self._sending = sending
        self._storage = storage
        self._apologies = apologies

    async def refuse_too_many(self, chat_id: int) -> None:
        """Refusal where a chat waits for too many pictures already."""
        if len(await self._service.watches.of(subscriber(chat_id))) >= MAX_WATCHES:
            raise Refusal("too-many-watches", count=MAX_WATCHES)

    async def begin(
        self, content: bytes, picture: AskedPicture, place: ReplyPlace, language: str, *, file_id: str, since: int
    ) -> Watch:
        """Wait for a picture; `since` is the change of the library that was searched in vain."""
        who = subscriber(place.chat_id)
        reference = Reference(file_id, place.thread_id, picture.message_id, picture.is_spoiler, language)
        return await self._service.watches.begin(content, subscriber=who, reference=reference.to_json(), since=since)

    async def run(self) -> None:
        """Look for the pictures that are waited for, until cancelled; less often while many others are added."""
        pause = EVERY_S
        while True:
            looked = False
            try:
                for watch in await self._service.watches.due():
                    looked = True
                    await _to_its_end(self._look(watch))
            except LibraryError as error:
                looked = True  # less often until it is better
                logger.warning("what is waited for could not be looked for: %s", error)
            except Exception:  # whatever it was, it must not end the waiting of all
                logger.exception("what is waited for could not be looked for")
            pause = min(2 * pause, MAX_PAUSE_S) if looked else EVERY_S
            await asyncio.sleep(pause)

    async def _look(self, watch: Watch) -> None:
        """Look for one picture among those that were added. Its errors must not keep the others waiting."""
        try:
            reference = Reference(**json.loads(watch.reference))
            content = await self._files.download(reference.file)
            match = await self._service.watches.appeared(watch, content)
            if match:
                await self._tell(watch, reference, match)
        except (Refusal, PicTraceError) as error:
            logger.warning("a picture that is waited for cannot be looked for: %s", error)
            is_lasting = not isinstance(error, LibraryError) and str(error) != "error-telegram_failed"
            if is_lasting:
                await self._service.watches.postpone(watch)
        except Exception:
            logger.exception("a picture that is waited for could not be looked for")

    async def _tell(self, watch: Watch, reference: Reference, match: Match) -> None:
        chat_id = chat_of(watch.subscriber)
        t = text_in(await self._storage.language(chat_id) or reference.language)
        calibrated = (await self._service.level()).calibrated
        caption = t("appeared", title=replies.title(match.image), score=replies.score(match, t, calibrated=calibrated))
        album = await self._files.prepare([Shown(match.image, caption)])
        place = ReplyPlace(chat_id, reference.thread, reference.message, reference.spoiler)
        try:
            async with self._sending():
                if watch.id not in {one.id for one in await self._service.watches.of(watch.subscriber)}:
                    return  # cancelled meanwhile
                if not await album.send(place):  # its file is lost
                    await self._answers.say(place, caption)
                await self._service.watches.end(watch.id, subscriber=watch.subscriber, found=match)
        except TelegramForbiddenError as error:
            await self._apologies.left(chat_id, error.message)
        except TelegramMigrateToChat as error:  # it is told there, the next time
            await self._apologies.moved(chat_id, error.migrate_to_chat_id)
        except (TelegramBadRequest, TelegramNotFound) as error:  # what else goes wrong may be better the next time
            logger.error("chat %d could not be told that its picture has appeared: %s", chat_id, error)
            await self._service.watches.end(watch.id, subscriber=watch.subscriber, found=match)


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Do something to its end, even if cancelled meanwhile: a chat that was told must not be told again."""
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=GRACE_S)
        raise
