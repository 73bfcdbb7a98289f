"""Lists pictures by their words wherever somebody writes `@bot words`."""

import asyncio
import logging
from collections.abc import Sequence
from html import escape

from aiogram import Bot
from aiogram.enums import ChatAction
from aiogram.exceptions import TelegramAPIError
from aiogram.types import (
    InlineKeyboardButton,
    InlineQuery,
    InlineQueryResultCachedPhoto,
    InlineQueryResultsButton,
    InlineQueryResultUnion,
    User,
)

from bot import keyboards, replies
from bot.adders import Adders, Role
from bot.addressing import ReplyPlace
from bot.asked import as_written, hashtags, title_and_tags
from bot.settings import BotSettings
from bot.storage import BotStorage
from bot.telegram_files import Shown, TelegramFiles
from bot.texts import nearest_language, text_in
from engine import PicTraceError, SearchService, StoredImage

logger = logging.getLogger(__name__)

LISTED = 20  # pictures at a time; an app asks for more as people scroll
UPLOADED = 10  # that Telegram does not have yet, for one query: as many as an album holds
TYPING_S = 0.3  # another letter may come
CACHE_S = 10
TITLE_CHARACTERS = 200


class Inline:
    """Answers inline queries; one that comes too late, or is followed by another, is left out."""

    def __init__(
        self,
        bot: Bot,
        service: SearchService,
        files: TelegramFiles,
        storage: BotStorage,
        adders: Adders,
        settings: BotSettings,
    ) -> None:
        self._bot = bot
        self._service = service
        self._files = files
        self._storage = storage
        self._adders = adders
        self._settings = settings
        self._last: dict[int, str] = {}

    async def answer(self, query: InlineQuery) -> None:
        """List the pictures whose titles, names and tags have the words."""
        if self._settings.bot_inline == "off":
            return
        self._last[query.from_user.id] = query.id
        await asyncio.sleep(TYPING_S)
        if self._last.get(query.from_user.id) != query.id:
            return
        del self._last[query.from_user.id]
        try:
            await self._answer(query)
        except (TelegramAPIError, PicTraceError) as error:
            logger.info("an inline query is not answered: %s", error)

    async def _answer(self, query: InlineQuery) -> None:
        t = text_in(nearest_language(query.from_user.language_code))
        is_known = await self._is_known(query.from_user)
        if not (
            self._settings.bot_inline == "all" or is_known or self._adders.role(query.from_user.id) > Role.EVERYONE
        ):
            button = InlineQueryResultsButton(text=t.plain("inline-stranger"), start_parameter="inline")
            await query.answer([], cache_time=0, is_personal=True, button=button)
            return
        words, tags = title_and_tags(query.query)
        tags = list(as_written(tags, await self._service.tags())) if tags else []
        offset = int(query.offset) if query.offset.isascii() and query.offset.isdigit() else 0
        page = await self._service.page(words=words, tags=tags, offset=offset, limit=LISTED)
        file_ids = await self._file_ids(page.images, query.from_user.id if is_known else None)
        listed: list[InlineQueryResultUnion] = [
            _result(image, file_ids[image.id]) for image in page.images if image.id in file_ids
        ]
        following = str(offset + LISTED) if page.next_cursor is not None else ""
        nothing = InlineQueryResultsButton(text=t.plain("inline-nothing"), start_parameter="inline")
        await query.answer(
            listed,
            cache_time=CACHE_S,
            is_personal=True,
            next_offset=following,
            button=None if page.images or offset else nothing,
        )

    async def _is_known(self, person: User) -> bool:
        """Whether someone has written to the bot: only then it may do something in their private chat."""
        try:
            return await self._bot.send_chat_action(person.id, ChatAction.UPLOAD_PHOTO)
        except TelegramAPIError:
            return False

    async def _file_ids(self, images: Sequence[StoredImage], chat_id: int | None) -> dict[int, str]:
        """Telegram's names of pictures. What it lacks is sent to a private chat for a moment, without a sound."""
        known = await self._storage.files(image.id for image in images)
        missing = [image for image in images if image.id not in known][:UPLOADED]
        if not missing or chat_id is None:
            return known
        album = await self._files.prepare([Shown(image, escape(replies.title(image))) for image in missing])
        sent = await album.send(ReplyPlace(chat_id, is_silent=True))
        if sent:
            await self._bot.delete_messages(chat_id, [message.message_id for message in sent])
        return await self._storage.files(image.id for image in images)


def _result(image: StoredImage, file_id: str) -> InlineQueryResultCachedPhoto:
    url = keyboards.source_of(image)
    source = [InlineKeyboardButton(text=keyboards.LINK_MARK, url=url)] if url else []
    return InlineQueryResultCachedPhoto(
        id=str(image.id),
        photo_file_id=file_id,
        title=replies.title(image, replies.LINE_CHARACTERS),
        description=hashtags(image.tags)[:TITLE_CHARACTERS] or None,
        caption=replies.title(image),
        parse_mode=None,
        reply_markup=keyboards.keyboard(source),
    )
