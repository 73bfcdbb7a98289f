"""Pictures between Telegram and the engine: downloads, uploads, and file ids of what was uploaded before."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, TypeVar

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BufferedInputFile, InlineKeyboardMarkup, InputMediaPhoto, MediaUnion, Message
from aiohttp import ClientError

from bot import keyboards
from bot.addressing import ReplyPlace
from bot.asked import AskedPicture, Refusal
from bot.storage import BotStorage, SentFile
from engine import PicTraceError, SearchService, StoredImage

logger = logging.getLogger(__name__)

MEGABYTE = 1024 * 1024
TELEGRAM_BYTES = 20 * MEGABYTE  # what the Bot API lets bots download
UPLOAD_BYTES = 50 * MEGABYTE  # and upload
DOWNLOAD_TRIES, DOWNLOAD_TIMEOUT_S, RETRY_S = 3, 60, 1.0
# Telegram's words for a file id that it does not know (any more).
STALE = ("wrong file", "file_id", "file reference", "wrong remote file", "temporarily unavailable")

# Telegram's words where a group lets bots write, but not send pictures.
NO_PHOTOS = re.compile(r"not enough rights to send (?!text)|CHAT_SEND_(PHOTOS|MEDIA)_FORBIDDEN")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of the library, and its caption."""

    image: StoredImage
    caption: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """A picture that someone sent; `from_page`: their link leads to a web page, and this is the picture it names."""

    content: bytes
    from_page: bool = False


def megabytes(count: int) -> float:
    """A limit in megabytes as people are told it: whole, or to three places where it is small."""
    return count // MEGABYTE if count >= 10 * MEGABYTE else max(0.001, round(count / MEGABYTE, 3))


class TelegramFiles:
    """Reads the pictures that people send, and makes ready those that are shown to them."""

    def __init__(self, bot: Bot, service: SearchService, storage: BotStorage) -> None:
        self._bot = bot
        self._service = service
        self._storage = storage

    async def read(self, picture: AskedPicture) -> bytes:
        """The bytes of a picture that someone sent; raises what `load` does."""
        return (await self.load(picture)).content

    async def load(self, picture: AskedPicture) -> Loaded:
        """A picture that someone sent. Refusal, or what the engine's `fetch` raises."""
        if picture.url:
            try:
                fetched = await self._service.fetch(picture.url)
            except PicTraceError as error:
                if error.code == "not_an_image":  # fetching says so of pages only
                    raise Refusal("web-page") from error
                raise
            return Loaded(fetched.content, fetched.is_of_page)
        assert picture.file_id
        limit = min(TELEGRAM_BYTES, self._service.settings.max_bytes)
        return Loaded(await self.download(picture.file_id, picture.size, limit=limit))

    async def read_film(self, picture: AskedPicture) -> bytes | None:
        """The whole of what moves, of which a picture is the preview; None where it is not to be had."""
        if picture.film_id is None:
            return None
        limit = min(TELEGRAM_BYTES, self._service.settings.max_bytes)
        try:
            return await self.download(picture.film_id, picture.film_size, limit=limit)
        except Refusal:
            return None

    async def download(self, file_id: str, size: int | None = None, *, limit: int = TELEGRAM_BYTES) -> bytes:
        """A file's bytes. Refusal where it has more than `limit`, or Telegram does not give it to bots."""
        too_large = Refusal("error-file_too_large", limit=megabytes(limit))
        if size and size > limit:
            raise too_large
        try:
            file = await self._bot.get_file(file_id)
        except TelegramBadRequest as error:
            raise too_large if "too big" in error.message else Refusal("error-file-gone") from error
        if not file.file_path or (file.file_size or 0) > limit:
            raise too_large
        for tries_left in reversed(range(DOWNLOAD_TRIES)):
            try:
                destination = _Capped(limit)
                await self._bot.download_file(file.file_path, destination, timeout=DOWNLOAD_TIMEOUT_S)
                return destination.getvalue()
            except _TooMuch:
                raise too_large from None
            except (ClientError, TimeoutError, OSError) as error:
                if not tries_left:
                    # Not `from error`: its text holds the file's URL, and that the token.
                    raise Refusal("error-telegram_failed") from None
                logger.info("a download failed (%s); once more", type(error).__name__)
                await asyncio.sleep(RETRY_S)
        raise AssertionError

    async def original(self, image: StoredImage) -> tuple[str, bytes]:
        """The name and the bytes of a picture's file without its metadata. Refusal where Telegram does not take it."""
        file = await self._service.originals.served(image, whole=False)
        content = file.content if isinstance(file.content, bytes) else await asyncio.to_thread(file.content.read_bytes)
        if len(content) > UPLOAD_BYTES:
            raise Refusal("original-too-large", limit=megabytes(UPLOAD_BYTES))
        return file.filename or str(image.id), content

    async def prepare(self, shown: Sequence[Shown]) -> "Album":
        """Pictures that are ready to be sent, so that nothing remains to be computed."""
        album = Album(self._bot, self._service, self._storage, shown)
        await album.prepare()
        return album


class Album:
    """Pictures of the library, about to be sent: by file id where Telegram has them, else as uploads."""

    def __init__(self, bot: Bot, service: SearchService, storage: BotStorage, shown: Sequence[Shown]) -> None:
        self._bot = bot
        self._service = service
        self._storage = storage
        self._shown = list(shown)
        self._media: dict[int, str | BufferedInputFile] = {}

    async def prepare(self) -> None:
        self._media = dict(await self._storage.files(one.image.id for one in self._shown))
        await self._read(one.image for one in self._shown)
        self._shown = [one for one in self._shown if one.image.id in self._media]

    @property
    def size(self) -> int:
        """How many pictures there are to be sent."""
        return len(self._shown)

    async def send(self, place: ReplyPlace) -> list[Message]:
        """Send it; a stale file id is replaced by an upload. Nothing is sent where no picture could be read."""
        return await self._send_fresh(lambda: self._send(place))

    async def send_one(self, place: ReplyPlace, caption: str, buttons: InlineKeyboardMarkup | None) -> list[Message]:
        """Send its only picture with buttons under it."""
        self._shown = [replace(self._shown[0], caption=caption)]
        return await self._send_fresh(lambda: self._send(place, buttons))

    async def _send_fresh(self, send: Callable[[], Awaitable[list[Message]]]) -> list[Message]:
        if not self._shown:
            return []
        try:
            sent = await send()
        except TelegramBadRequest as error:
            stale = [image_id for image_id, media in self._media.items() if isinstance(media, str)]
            if not stale or not any(words in error.message.lower() for words in STALE):
                raise
            logger.info("Telegram no longer knows a file id (%s); uploading", error.message)
            await self._storage.forget_files(stale)
            for image_id in stale:
                del self._media[image_id]
            await self._read(one.image for one in self._shown)
            self._shown = [one for one in self._shown if one.image.id in self._media]
            sent = await send() if self._shown else []
        await self._storage.remember_files(
            [
                SentFile(one.image.id, message.photo[-1].file_id, message.photo[-1].file_unique_id)
                for one, message in zip(self._shown, sent, strict=True)
                if message.photo
            ]
        )
        return sent

    async def _read(self, images: Iterable[StoredImage]) -> None:
        for image in images:
            if image.id not in self._media:
                try:
                    content = await self._service.originals.preview(image)
                except PicTraceError as error:
                    logger.warning("picture %d cannot be shown: %s", image.id, error)
                    continue
                self._media[image.id] = BufferedInputFile(content, f"{image.id}.jpg")

    async def _send(self, place: ReplyPlace, buttons: InlineKeyboardMarkup | None = None) -> list[Message]:
        if len(self._shown) == 1:
            (one,) = self._shown
            return [await send_photo(self._bot, place, self._media[one.image.id], one.caption, buttons)]
        media: list[MediaUnion] = [
            InputMediaPhoto(media=self._media[one.image.id], caption=one.caption, has_spoiler=place.is_spoiler or None)
            for one in self._shown
        ]
        return await self._bot.send_media_group(
            place.chat_id,
            media,
            disable_notification=place.is_silent or None,
            message_thread_id=place.thread_id,
            reply_parameters=place.reply,
        )


async def send_photo(
    bot: Bot,
    place: ReplyPlace,
    photo: str | BufferedInputFile,
    caption: str,
    buttons: InlineKeyboardMarkup | None = None,
) -> Message:
    """Send one picture: a file id of Telegram's, or an upload."""
    return await without_refused_links(
        lambda shown: bot.send_photo(
            place.chat_id,
            photo,
            caption=caption,
            has_spoiler=place.is_spoiler or None,
            disable_notification=place.is_silent or None,
            reply_markup=shown,
            message_thread_id=place.thread_id,
            reply_parameters=place.reply,
        ),
        buttons,
    )


async def without_refused_links(
    send: Callable[[InlineKeyboardMarkup | None], Awaitable[T]], buttons: InlineKeyboardMarkup | None
) -> T:
    """Send something with buttons; without source links where Telegram does not take one of them."""
    try:
        return await send(buttons)
    except TelegramBadRequest as error:
        if buttons is None or "BUTTON_URL" not in error.message.upper():
            raise
        return await send(keyboards.without_links(buttons))


class _TooMuch(Exception):
    pass


class _Capped(BytesIO):
    """Takes no more bytes than are allowed, whatever size the server has announced."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def write(self, content: Any) -> int:
        if self.tell() + memoryview(content).nbytes > self._limit:
            raise _TooMuch
        return super().write(content)
