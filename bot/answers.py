"""Answers to pictures: search, then an album of the matches and one message with buttons."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BufferedInputFile, InlineKeyboardMarkup, Message

from bot import keyboards, replies
from bot.addressing import ReplyPlace, subscriber
from bot.asked import MAX_PICTURES, AskedPicture, AskOptions, Refusal
from bot.inbox import Turn
from bot.telegram_files import Album, Loaded, Shown, TelegramFiles, send_photo
from bot.texts import Text
from engine import MAX_LIMIT, Match, PicTraceError, SearchResult, SearchService, ServerUnreachable

ALBUMS_REMEMBERED = 500  # questions of several pictures, of which the parts can still be opened


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


@dataclass
class Summary:
    """The answer to several pictures: a line for each, a button for each that was looked up, and their matches."""

    lines: list[str] = field(default_factory=list)
    buttons: keyboards.Row = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)


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
        # In memory only: of a question nothing is kept. After a restart the parts of an album have to be sent again.
        self._albums: OrderedDict[tuple[int, int], list[AskedPicture]] = OrderedDict()

    async def answer(self, turn: Turn, picture: AskedPicture, asker: Asker, options: AskOptions) -> None:
        """The answer to one picture."""
        found = await self._look_up(picture, asker, options)
        t = asker.t
        async with self.computing:
            captions = replies.captions(found.result, found.matches, t, first=options.first, ids=asker.is_admin)
            album = await self._files.prepare(captions)
        if not found.matches:
            await self._say_nothing(turn, found.result, picture, asker, options)
            return
        buttons = keyboards.under_matches(
            found.matches, t, user=asker.user, part=picture.part, options=options, has_more=found.has_more
        )
        text = replies.found(found.result, found.matches, t, first=options.first)
        async with turn.answering():
            await send_once(turn, album, asker.place)
            await self.say(asker.place, text, buttons)

    async def answer_several(
        self, turn: Turn, pictures: Sequence[AskedPicture], asker: Asker, options: AskOptions, *, others: int
    ) -> None:
        """One answer to several pictures; a button for each opens its own.

        `others`: how many files came with the pictures and are none.
        """
        t = asker.t
        options = replace(options, limit=max(1, min(options.limit, MAX_PICTURES // len(pictures))))
        found = await asyncio.gather(*(self._find_one(picture, asker, options) for picture in pictures))
        summary = self._summary(found, asker)
        async with self.computing:
            album = await self._files.prepare(summary.shown[:MAX_PICTURES])
        if others:
            summary.lines.append(t("album-others", count=others))
        buttons = summary.buttons
        lines = [t("album-title", count=len(pictures)), "", *summary.lines, "", t("album-open") if buttons else ""]
        async with turn.answering():
            await send_once(turn, album, asker.place)
            sent = await self.say(asker.place, "\n".join(lines).strip(), keyboards.keyboard(buttons[:5], buttons[5:]))
            self._albums[sent.chat.id, sent.message_id] = list(pictures)
        while len(self._albums) > ALBUMS_REMEMBERED:
            self._albums.popitem(last=False)

    def part_of_album(self, message: Message, place: int) -> AskedPicture:
        """The picture that a button under the answer to several is about. Refusal once it is forgotten."""
        pictures = self._albums.get((message.chat.id, message.message_id), [])
        if not 0 < place <= len(pictures):
            raise Refusal("asked-gone")
        return pictures[place - 1]

    async def say(self, place: ReplyPlace, text: str, buttons: InlineKeyboardMarkup | None = None) -> Message:
        """Send one message. Source links that Telegram does not take are left out."""
        try:
            return await self._bot.send_message(
                place.chat_id,
                text,
                reply_markup=buttons,
                message_thread_id=place.thread_id,
                reply_parameters=place.reply,
                link_preview_options=keyboards.NO_PREVIEW,
            )
        except TelegramBadRequest as error:
            if buttons is None or "BUTTON_URL" not in error.message.upper():
                raise
            return await self.say(place, text, keyboards.without_links(buttons))

    async def show(self, place: ReplyPlace, content: bytes, name: str, caption: str) -> Message:
        """Send one picture that is not of the library."""
        return await send_photo(self._bot, place, BufferedInputFile(content, name), caption)

    def _summary(self, found: Sequence[Found | PicTraceError | Refusal], asker: Asker) -> Summary:
        t, summary = asker.t, Summary()
        for place, one in enumerate(found, 1):
            if isinstance(one, Exception):
                sorry = self._sentence(one, t).replace("\n", " ")  # HTML already
                summary.lines.append(t.plain("album-line", place=place, text=sorry))
                continue
            summary.buttons.append(keyboards.button(str(place), keyboards.Open(user=asker.user, place=place)))
            whence = f" {t('from-page')}" if one.result.from_page else ""
            if not one.matches:
                summary.lines.append(t("album-line", place=place, text=t.plain("nothing-short")) + whence)
                summary.lines += replies.warnings(one.result.warnings, t)
                continue
            best = one.matches[0]
            score = replies.score(best, t, calibrated=one.result.calibrated)
            title = replies.title(best.image, replies.LINE_CHARACTERS)
            text = t.plain("album-best", title=title, score=score)
            summary.lines.append(t("album-line", place=place, text=text) + whence)
            summary.lines += replies.warnings(one.result.warnings, t)
            for shown in replies.captions(one.result, one.matches, t, first=1, ids=asker.is_admin):
                summary.shown.append(Shown(shown.image, f"{t('album-caption', place=place)} {shown.caption}"))
        return summary

    async def _find_one(
        self, picture: AskedPicture, asker: Asker, options: AskOptions
    ) -> Found | PicTraceError | Refusal:
        try:
            return await self._look_up(picture, asker, options)
        except ServerUnreachable:
            raise  # the whole question is answered once the server is back
        except (PicTraceError, Refusal) as error:
            return error

    async def _look_up(self, picture: AskedPicture, asker: Asker, options: AskOptions) -> Found:
        """What is found for a picture; where it is a preview that finds nothing the same, by the whole film too."""
        loaded = await self._files.load(picture)
        async with self.computing:
            found = await self._find(loaded, asker, options)
        if _has_same(found):
            return found
        film = await self._files.read_film(picture)
        if film is None:
            return found
        async with self.computing:
            try:
                by_film = await self._find(Loaded(film), asker, options)
            except ServerUnreachable:
                raise
            except PicTraceError:  # of a kind that cannot be read: the preview has to do
                return found
        return by_film if _has_same(by_film) else found

    async def _find(self, loaded: Loaded, asker: Asker, options: AskOptions) -> Found:
        limit = MAX_LIMIT if options.same or options.offset else options.limit + 1
        # Whoever asks for more gets more, though the matches that were worth showing may be called wrong by now.
        weak = options.weak or options.offset > 0
        result = await self._service.search(loaded.content, limit=limit, weak=weak, subscriber=asker.subscriber)
        result = replace(result, from_page=loaded.from_page)
        matches = [match for match in result.matches if match.lane == "same" or not options.same]
        # A match that was shown before may be called wrong by now; then the rest has moved up.
        seen = [at for at, match in enumerate(matches, 1) if match.image.id in options.after]
        start = max(seen, default=max(0, options.offset - len(options.after)))
        end = start + options.limit
        return Found(result, matches[start:end], has_more=len(matches) > end)

    async def _say_nothing(
        self, turn: Turn, result: SearchResult, picture: AskedPicture, asker: Asker, options: AskOptions
    ) -> None:
        t = asker.t
        async with turn.answering():
            if options.offset:
                await self.say(asker.place, t("no-more"))
                return
            is_empty = result.library_size == 0
            buttons = keyboards.under_nothing(
                t, user=asker.user, part=picture.part, limit=options.limit, is_empty=is_empty
            )
            await self.say(asker.place, replies.nothing(result, t, same_only=options.same), buttons)


def _has_same(found: Found) -> bool:
    return any(match.lane == "same" for match in found.result.matches)


async def send_once(turn: Turn, album: Album, place: ReplyPlace) -> None:
    """Send the album of an answer, unless a process that died has sent it."""
    if not turn.has_album:
        await album.send(place)
        await turn.album_sent()
