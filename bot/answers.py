"""Answers to pictures: search, then one message with buttons, where there are several matches an album before it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BufferedInputFile, InlineKeyboardMarkup, Message

from bot import keyboards, replies
from bot.addressing import ReplyPlace, subscriber
from bot.asked import AskedPicture, AskOptions, Refusal
from bot.inbox import Turn
from bot.telegram_files import NO_PHOTOS, Album, Loaded, Shown, TelegramFiles, send_photo, without_refused_links
from bot.texts import Text
from engine import MAX_LIMIT, Match, PicTraceError, SearchResult, SearchService, ServerUnreachable


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked, and where."""

    user: int
    is_admin: bool
    place: ReplyPlace
    t: Text

    @property
    def subscriber(self) -> str:
        return subscriber(self.place.chat_id)


@dataclass(frozen=True, slots=True)
class Found:
    """The matches that an answer shows, of all that the search gave; `has_more`: further ones can be shown."""

    result: SearchResult
    matches: Sequence[Match]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that is ready to be sent: one message, where there are several matches an album before it."""

    place: ReplyPlace
    text: str
    buttons: InlineKeyboardMarkup | None = None
    album: Album | None = None


class Answers:
    """Looks pictures up and says what was found."""

    def __init__(
        self,
        bot: Bot,
        service: SearchService,
        files: TelegramFiles,
        sentence: Callable[[Exception, Text], str],
        *,
        running: int,
    ) -> None:
        self.computing = asyncio.Semaphore(running)
        """Held while a picture is looked up, but not while one is fetched: slow servers must not stall others."""
        self._bot = bot
        self._service = service
        self._files = files
        self._sentence = sentence

    async def answer(self, turn: Turn, picture: AskedPicture, asker: Asker, options: AskOptions) -> None:
        """The answer to one picture."""
        found = await self.look_up(picture, options, subscriber=asker.subscriber)
        reply = await self._reply(found, picture, asker, options)
        async with turn.answering():
            await self._send(turn, reply, asker.t)

    async def answer_several(
        self, turn: Turn, pictures: Sequence[AskedPicture], asker: Asker, options: AskOptions, *, others: int
    ) -> None:
        """The answer to each of several pictures, as a message of its own under that picture.

        `others`: how many files came with the pictures and are none.
        """
        t = asker.t
        if not options.is_counted:
            options = replace(options, limit=1)
        found = await asyncio.gather(*(self._find_one(picture, asker, options) for picture in pictures))
        answers = []
        for number, (picture, one) in enumerate(zip(pictures, found, strict=True), 1):
            reply = await self._reply_to_part(picture, one, asker, options)
            heading = t("part-of", place=number, count=len(pictures))
            answers.append(replace(reply, text=f"{heading}\n{reply.text}") if len(pictures) > 1 else reply)
        if others:
            answers.append(Reply(asker.place, t("album-others", count=others)))
        async with turn.answering():
            for reply in answers:
                await self._send(turn, reply, t)

    async def say(self, place: ReplyPlace, text: str, buttons: InlineKeyboardMarkup | None = None) -> Message:
        """Send one message. Source links that Telegram does not take are left out."""
        return await without_refused_links(
            lambda shown: self._bot.send_message(
                place.chat_id,
                text,
                reply_markup=shown,
                message_thread_id=place.thread_id,
                reply_parameters=place.reply,
                link_preview_options=keyboards.NO_PREVIEW,
            ),
            buttons,
        )

    async def show(self, place: ReplyPlace, content: bytes, name: str, caption: str) -> Message:
        """Send one picture that is not of the library."""
        return await send_photo(self._bot, place, BufferedInputFile(content, name), caption)

    async def look_up(self, picture: AskedPicture, options: AskOptions, *, subscriber: str | None) -> Found:
        """What is found for a picture; where it is a preview that finds nothing the same, by the whole film too."""
        loaded = await self._files.load(picture)
        async with self.computing:
            found = await self._find(loaded, options, subscriber)
        if _has_same(found):
            return found
        film = await self._files.read_film(picture)
        if film is None:
            return found
        async with self.computing:
            try:
                by_film = await self._find(Loaded(film), options, subscriber)
            except ServerUnreachable:
                raise
            except PicTraceError:  # of a kind that cannot be read: the preview has to do
                return found
        return by_film if _has_same(by_film) else found

    async def _reply_to_part(
        self, picture: AskedPicture, found: Found | PicTraceError | Refusal, asker: Asker, options: AskOptions
    ) -> Reply:
        place = replace(asker.place, reply_to=picture.message_id, is_spoiler=picture.is_spoiler)
        if isinstance(found, Exception):
            return Reply(place, self._sentence(found, asker.t))
        return await self._reply(found, picture, replace(asker, place=place), options)

    async def _reply(self, found: Found, picture: AskedPicture, asker: Asker, options: AskOptions) -> Reply:
        t, result, matches = asker.t, found.result, found.matches
        if not matches and options.offset:
            return Reply(asker.place, t("no-more"))
        if not matches:
            buttons = keyboards.under_nothing(
                t, user=asker.user, part=picture.part, limit=options.limit, is_empty=result.library_size == 0
            )
            return Reply(asker.place, replies.nothing(result, t, same_only=options.same, tags=options.tags), buttons)
        text = replies.found(result, matches, t, first=options.first, tags=options.tags)
        captions = replies.captions(result, matches, t, first=options.first, ids=asker.is_admin)
        if len(matches) == 1:  # one message says all of it
            text = replies.with_id(text, matches[0], t) if asker.is_admin else text
            captions = [Shown(matches[0].image, text)]
        async with self.computing:
            album = await self._files.prepare(captions)
        buttons = keyboards.under_matches(
            matches,
            t,
            user=asker.user,
            part=picture.part,
            options=options,
            has_more=found.has_more,
            may_tell=not options.offset and not _has_same(found),
        )
        return Reply(asker.place, text, buttons, album)

    async def _send(self, turn: Turn, reply: Reply, t: Text) -> None:
        """Send what a process that died has not sent. Where a chat takes no pictures, its words go alone."""
        album, text = reply.album, reply.text
        try:
            if album and album.size == 1:
                await turn.once(partial(album.send_one, reply.place, text, reply.buttons))
                return
            if album and album.size:
                await turn.once(partial(album.send, reply.place))
        except TelegramBadRequest as error:
            if not NO_PHOTOS.search(error.message):
                raise
            text += f"\n{t('no-photos-here')}"
        await turn.once(partial(self.say, reply.place, text, reply.buttons))

    async def _find_one(
        self, picture: AskedPicture, asker: Asker, options: AskOptions
    ) -> Found | PicTraceError | Refusal:
        try:
            return await self.look_up(picture, options, subscriber=asker.subscriber)
        except ServerUnreachable:
            raise  # the whole question is answered once the server is back
        except (PicTraceError, Refusal) as error:
            return error

    async def _find(self, loaded: Loaded, options: AskOptions, subscriber: str | None) -> Found:
        limit = MAX_LIMIT if options.same or options.offset else options.limit + 1
        # Whoever asks for more gets more, though the matches that were worth showing may be called wrong by now.
        weak = options.weak or options.offset > 0
        result = await self._service.search(
            loaded.content, limit=limit, weak=weak, tags=options.tags, subscriber=subscriber
        )
        result = replace(result, from_page=loaded.from_page)
        matches = [match for match in result.matches if match.lane == "same" or not options.same]
        # A match that was shown before may be called wrong by now; then the rest has moved up.
        seen = [at for at, match in enumerate(matches, 1) if match.image.id in options.after]
        start = max(seen, default=max(0, options.offset - len(options.after)))
        end = start + options.limit
        if not (options.offset or options.weak or options.is_counted):
            end = min(end, _worth_showing(matches))
        return Found(result, matches[start:end], has_more=len(matches) > end)


def _has_same(found: Found) -> bool:
    return any(match.lane == "same" for match in found.result.matches)


def _worth_showing(matches: Sequence[Match]) -> int:
    """How many matches an answer begins with: those that are the same, or else those that something speaks for."""
    same = sum(match.lane == "same" for match in matches)
    return same or sum(not match.weak for match in matches) or len(matches)
