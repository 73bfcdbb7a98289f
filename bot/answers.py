"""Answers to pictures: search, then an album of the matches and one message with buttons."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import InlineKeyboardMarkup, Message

from bot import keyboards, replies
from bot.asked import MAX_PICTURES, AskedPicture, AskOptions, Refusal
from bot.inbox import Turn
from bot.telegram_files import Album, ReplyPlace, Shown, TelegramFiles
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


def subscriber(chat_id: int) -> str:
    """How the engine knows a chat."""
    return f"telegram:{chat_id}"


def place_of(message: Message, asked: AskedPicture | None = None) -> ReplyPlace:
    """Where the answer to a message goes: its chat and topic, as a reply to the picture that was asked with."""
    thread = message.message_thread_id if message.is_topic_message else None
    reply_to = asked.message_id if asked else message.message_id
    return ReplyPlace(message.chat.id, thread, reply_to, bool(asked and asked.is_spoiler))


def covered(place: ReplyPlace, pictures: Sequence[AskedPicture]) -> ReplyPlace:
    """The same, where what is shown is a spoiler if any of several pictures is."""
    return replace(place, is_spoiler=any(one.is_spoiler for one in pictures))


class Answers:
    """Looks pictures up and says what was found."""

    def __init__(self, bot: Bot, service: SearchService, files: TelegramFiles, *, running: int) -> None:
        self.computing = asyncio.Semaphore(running)
        """Held while something is looked up; waiting for a slow server takes no place from anybody."""
        self._bot = bot
        self._service = service
        self._files = files
        # In memory only: of a question nothing is kept. After a restart the parts of an album have to be sent again.
        self._albums: OrderedDict[tuple[int, int], list[AskedPicture]] = OrderedDict()

    async def answer(
        self,
        turn: Turn,
        asked: AskedPicture,
        asker: Asker,
        wish: AskOptions,
        *,
        offset: int = 0,
        after: Sequence[int] = (),
        weak: bool = False,
    ) -> None:
        """The answer to one picture: the matches that come `after` those, of which the last had the place `offset`."""
        content = await self._files.read(asked)
        t = asker.t
        async with self.computing:
            result, matches, more = await self._find(content, asker, wish, offset=offset, after=after, weak=weak)
            shown = replies.captions(result, matches, t, first=offset + 1, ids=asker.is_admin)
            album = await self._files.prepare(shown)
        if not matches:
            await self._say_nothing(turn, result, asked, asker, wish, has_seen_some=offset > 0)
            return
        buttons = keyboards.under_matches(
            matches, t, user=asker.user, part=asked.part, first=offset + 1, wish=wish, weak=weak, more=more
        )
        said = replies.found(result, matches, t, first=offset + 1)
        async with turn.answering():
            await send_once(turn, album, asker.place)
            await self.say(asker.place, said, buttons)

    async def answer_several(
        self,
        turn: Turn,
        asked: Sequence[AskedPicture],
        asker: Asker,
        wish: AskOptions,
        apology: Callable[[Exception, Text], str],
        *,
        others: int,
    ) -> None:
        """One answer to several pictures; a button for each opens its own. `others` came with them and are none."""
        t, wish = asker.t, AskOptions(max(1, min(wish.limit, MAX_PICTURES // len(asked))), wish.same)
        found = await asyncio.gather(*(self._find_one(one, asker, wish) for one in asked))
        shown: list[Shown] = []
        lines: list[str] = []
        buttons: keyboards.Row = []
        for place, one in enumerate(found, 1):
            if isinstance(one, Exception):
                sorry = apology(one, t).replace("\n", " ")  # HTML already
                lines.append(t.plain("album-line", place=place, said=sorry))
                continue
            result, matches = one
            buttons.append(keyboards.button(str(place), keyboards.Open(user=asker.user, place=place)))
            if not matches:
                lines.append(t("album-line", place=place, said=t.plain("nothing-short")))
                continue
            best = replies.score(matches[0], t, calibrated=result.calibrated)
            said = t.plain("album-best", title=replies.title(matches[0].image, replies.LINE_CHARACTERS), score=best)
            lines.append(t("album-line", place=place, said=said))
            for one_shown in replies.captions(result, matches, t, first=1, ids=asker.is_admin):
                shown.append(Shown(one_shown.image, f"{t('album-caption', place=place)} {one_shown.caption}"))
        async with self.computing:
            album = await self._files.prepare(shown[:MAX_PICTURES])
        if others:
            lines.append(t("album-others", count=others))
        said = "\n".join([t("album-title", count=len(asked)), "", *lines, "", t("album-open") if buttons else ""])
        async with turn.answering():
            await send_once(turn, album, asker.place)
            sent = await self.say(asker.place, said.strip(), keyboards.keyboard(buttons[:5], buttons[5:]))
            self._albums[sent.chat.id, sent.message_id] = list(asked)
        while len(self._albums) > ALBUMS_REMEMBERED:
            self._albums.popitem(last=False)

    def part_of_album(self, message: Message, place: int) -> AskedPicture:
        """The picture that a button under such an answer speaks of. Refusal once it is forgotten."""
        asked = self._albums.get((message.chat.id, message.message_id), [])
        if not 0 < place <= len(asked):
            raise Refusal("asked-gone")
        return asked[place - 1]

    async def say(self, place: ReplyPlace, text: str, buttons: InlineKeyboardMarkup | None = None) -> Message:
        """One message; source links that Telegram does not take for links are left out."""
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

    async def _find_one(
        self, asked: AskedPicture, asker: Asker, wish: AskOptions
    ) -> tuple[SearchResult, Sequence[Match]] | PicTraceError | Refusal:
        try:
            content = await self._files.read(asked)
            async with self.computing:
                result, matches, _ = await self._find(content, asker, wish)
        except ServerUnreachable:
            raise  # all of it is answered once the server is back
        except (PicTraceError, Refusal) as error:
            return error
        return result, matches

    async def _find(
        self,
        content: bytes,
        asker: Asker,
        wish: AskOptions,
        *,
        offset: int = 0,
        after: Sequence[int] = (),
        weak: bool = False,
    ) -> tuple[SearchResult, Sequence[Match], bool]:
        limit = MAX_LIMIT if wish.same or offset else wish.limit + 1
        # Whoever asks for more gets more, though what made the first ones worth showing is called wrong by now.
        weak = weak or offset > 0
        result = await self._service.search(content, limit=limit, weak=weak, subscriber=asker.subscriber)
        matches = [match for match in result.matches if match.lane == "same" or not wish.same]
        # What was shown before may have been called wrong meanwhile, and the rest moved up.
        seen = [at for at, match in enumerate(matches, 1) if match.image.id in after]
        start = max(seen, default=max(0, offset - len(after)))
        return result, matches[start : start + wish.limit], len(matches) > start + wish.limit

    async def _say_nothing(
        self,
        turn: Turn,
        result: SearchResult,
        asked: AskedPicture,
        asker: Asker,
        wish: AskOptions,
        *,
        has_seen_some: bool,
    ) -> None:
        t = asker.t
        async with turn.answering():
            if has_seen_some:
                await self.say(asker.place, t("no-more"))
                return
            is_empty = result.library_size == 0
            buttons = keyboards.under_nothing(t, user=asker.user, part=asked.part, wish=wish, is_empty=is_empty)
            await self.say(asker.place, replies.nothing(result, t, same_only=wish.same), buttons)


async def send_once(turn: Turn, album: Album, place: ReplyPlace) -> None:
    """The album of an answer; not again where an earlier process had got that far."""
    if not turn.has_album:
        await album.send(place)
        await turn.album_sent()
