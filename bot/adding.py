"""Adds pictures that an admin sends, and says what became of each."""

import asyncio
import logging
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from html import unescape
from pathlib import Path

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError
from aiogram.types import BufferedInputFile, Document, InlineKeyboardMarkup, Message

from bot import keyboards, replies
from bot.answers import Answers, covered, place_of, send_once
from bot.asked import AskedPicture, Other, Refusal
from bot.inbox import Turn
from bot.telegram_files import ReplyPlace, Shown, TelegramFiles
from bot.texts import Text
from engine import (
    AddResult,
    LibraryError,
    NotDuplicates,
    PicTraceError,
    Refused,
    Remote,
    SearchService,
    ServerUnreachable,
    Source,
    StoredImage,
    UnknownImage,
    expand,
    name_of,
)

logger = logging.getLogger(__name__)

Given = Source | Remote | Refused

PROGRESS_S = 3.0  # between edits of one message; Telegram allows some twenty a minute
LINES_CHARACTERS = 3000  # of a message's 4,096, with room for what else is said
NAME_CHARACTERS = 80
MAX_SHOWN = 10
MAX_KEEP = 99  # a message holds a hundred buttons; one is for undoing


@dataclass(frozen=True, slots=True)
class AddOptions:
    """What an admin says of the pictures: in the command, and by where they were forwarded from."""

    title: str | None = None
    tags: Sequence[str] = ()
    page_url: str | None = None


@dataclass
class Report:
    """What became of the pictures so far."""

    lines: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    shown: list[Shown] = field(default_factory=list)
    keep: keyboards.Row = field(default_factory=list)
    operation_id: int | None = None

    def count(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1


class Adding:
    """Adds as one operation, and reports."""

    def __init__(
        self,
        bot: Bot,
        service: SearchService,
        files: TelegramFiles,
        answers: Answers,
        sentence: Callable[[Exception, Text], str],
    ) -> None:
        self._bot = bot
        self._service = service
        self._files = files
        self._answers = answers
        self._sentence = sentence

    async def add(
        self,
        turn: Turn,
        message: Message,
        pictures: Sequence[AskedPicture],
        archives: Sequence[Document],
        others: Sequence[Other],
        said: AddOptions,
        t: Text,
    ) -> None:
        """Photos, files, stickers and links, then the pictures of zips, all as one operation; `others` are named."""
        place, refused = covered(place_of(message), pictures), list(others)
        given: list[Given] = []
        with tempfile.TemporaryDirectory(prefix="pictrace-") as folder:
            for asked in pictures:
                try:
                    given.append(await self._given(asked))
                except Refusal as refusal:
                    refused.append(Other(asked.name, refusal))
            for number, archive in enumerate(archives):
                path = Path(folder, f"{number}.zip")
                name = archive.file_name or path.name
                try:
                    given += await self._unpacked(archive, name, path)
                except Refusal as refusal:
                    refused.append(Other(name, refusal))
            await self._add(turn, message, place, given, refused, said, t)

    async def _given(self, asked: AskedPicture) -> Given:
        if asked.url:
            return Remote(name_of(asked.url), asked.url)
        content = await self._files.read(asked)
        return Source(asked.name, lambda: content, len(content))

    async def _unpacked(self, archive: Document, name: str, path: Path) -> list[Given]:
        content = await self._files.download(archive.file_id, archive.file_size)
        await asyncio.to_thread(path.write_bytes, content)
        found = await asyncio.to_thread(lambda: list(expand(path, self._service.settings)))
        return [replace(one, name=name) if one.name == path.name else one for one in found]

    async def _add(
        self,
        turn: Turn,
        message: Message,
        place: ReplyPlace,
        given: Sequence[Given],
        refused: Sequence[Other],
        said: AddOptions,
        t: Text,
    ) -> None:
        assert message.from_user
        who = actor(message.from_user.id)
        report = Report()
        before: set[int] = set()
        if turn.operation_id is None:
            # Noted before anything is stored: a process that dies in the middle leaves one operation to go on with.
            await turn.note_operation(await self._service.begin_addition(actor=who))
        else:
            before = set(await self._service.added_by(turn.operation_id))
        progress = _Progress(self._answers, place, len(given), t)
        adding = self._service.add(
            given,
            actor=who,
            title=said.title,
            tags=said.tags,
            page_url=said.page_url,
            operation_id=turn.operation_id,
        )
        stopped: LibraryError | None = None
        try:
            async for result in adding:
                report.operation_id = result.operation_id or report.operation_id
                if result.id in before:
                    report.operation_id = turn.operation_id
                await self._tell_of(result, report, t, is_ours=result.id in before)
                await progress.show(len(report.lines))
        except ServerUnreachable:
            raise  # it is gone on with once the server is back
        except LibraryError as error:
            stopped = error
        finally:
            await progress.end()
        for other in refused:
            self._refuse(other.name, other.refusal, report, t)
        await self._report(turn, place, report, stopped, t)

    async def _tell_of(self, result: AddResult, report: Report, t: Text, *, is_ours: bool) -> None:
        """One line for one picture. `is_ours`: added by this very operation, before a crash."""
        name = _short(result.name)
        if result.status == "rejected":
            self._refuse(result.name, _coded(result.code or "error", result.message or ""), report, t)
            return
        assert result.id is not None
        image = await self._service.get(result.id)
        if result.status == "duplicate" and not is_ours:
            report.count("duplicate")
            report.lines.append(t("added-duplicate", name=name, id=str(image.id), title=_title(image)))
            report.shown.append(Shown(image, t("shown-duplicate", id=str(image.id), title=_title(image))))
            return
        report.count("added")
        other = await self._near(result)
        if other is None:
            key = "added-restored" if result.status == "restored" else "added"
            report.lines.append(t(key, name=name, id=str(image.id)))
            return
        report.count("near")
        report.lines.append(
            t(
                "added-near",
                name=name,
                id=str(image.id),
                size=_size(image),
                other=str(other.id),
                title=_title(other),
                othersize=_size(other),
            )
        )
        report.shown.append(Shown(other, t("shown-near", id=str(other.id), title=_title(other))))
        better, lesser = sorted((image, other), key=_worth, reverse=True)
        label = t.plain("button-keep", better=str(better.id), lesser=str(lesser.id))
        report.keep.append(keyboards.button(label, keyboards.Keep(better=better.id, lesser=lesser.id)))

    def _refuse(self, name: str, error: Exception, report: Report, t: Text) -> None:
        report.count("rejected")
        sorry = self._sentence(error, t).replace("\n", " ")
        report.lines.append(f"{t('added-rejected', name=_short(name))} {sorry}")

    async def _near(self, result: AddResult) -> StoredImage | None:
        """The stored picture that a new one is nearly the same as: the likeliest, as the engine has found."""
        assert result.id is not None
        near = result.near
        if result.status == "duplicate":  # added before a crash, which has lost what was found then
            with suppress(NotDuplicates):
                near = tuple(one for one in await self._service.duplicates.group_of(result.id) if one != result.id)
        for image_id in near:
            with suppress(UnknownImage):  # removed meanwhile
                return await self._service.get(image_id)
        return None

    async def _report(
        self, turn: Turn, place: ReplyPlace, report: Report, stopped: LibraryError | None, t: Text
    ) -> None:
        text, is_whole = _text(report, t)
        shown = list({one.image.id: one for one in report.shown}.values())
        for key, count in (("added-unshown", len(shown) - MAX_SHOWN), ("added-unkept", len(report.keep) - MAX_KEEP)):
            if count > 0:
                text += "\n" + t(key, count=count)
        if stopped:
            text += "\n" + self._sentence(stopped, t)
        album = await self._files.prepare(shown[:MAX_SHOWN])
        async with turn.answering():
            await send_once(turn, album, place)
            await self._answers.say(place, text, _buttons(report, t))
            if not is_whole:
                await self._bot.send_document(
                    place.chat_id,
                    BufferedInputFile("\n".join(_unmarked(line) for line in report.lines).encode(), "added.txt"),
                    message_thread_id=place.thread_id,
                )


class _Progress:
    """One message that is edited while pictures are added; taken away at the end."""

    def __init__(self, answers: Answers, place: ReplyPlace, total: int, t: Text) -> None:
        self._answers = answers
        self._place = place
        self._total = total
        self._t = t
        self._message: Message | None = None
        self._at = time.monotonic()

    async def show(self, done: int) -> None:
        if time.monotonic() - self._at < PROGRESS_S:
            return
        text = self._t("adding", done=done, total=self._total)
        try:
            if self._message is None:
                self._message = await self._answers.say(self._place, text)
            else:
                await self._message.edit_text(text)
        except TelegramAPIError as error:
            logger.info("progress could not be shown: %s", error)
        self._at = time.monotonic()

    async def end(self) -> None:
        if self._message:
            try:
                await self._message.delete()
            except TelegramAPIError as error:
                logger.info("progress could not be taken away: %s", error)


def _coded(code: str, message: str) -> PicTraceError:
    """An error by its code alone: what came through the engine's list of results."""
    error = PicTraceError(message or code)
    error.code = code  # type: ignore[misc]
    return error


def actor(user_id: int) -> str:
    """How operations name a person."""
    return f"telegram:{user_id}"


def _text(report: Report, t: Text) -> tuple[str, bool]:
    """The report, and whether all lines are in it."""
    head = t.plain("list-separator").join(
        t(f"count-{what}", count=report.counts[what])
        for what in ("added", "near", "duplicate", "rejected")
        if report.counts.get(what)
    )
    lines, length = [f"<b>{head or t('count-nothing')}</b>"], 0
    for at, line in enumerate(report.lines):
        length += len(line.encode("utf-16-le")) // 2  # as Telegram counts
        if length > LINES_CHARACTERS:
            lines.append(t("added-rest", count=len(report.lines) - at))
            return "\n".join(lines), False
        lines.append(line)
    return "\n".join(lines), True


def _buttons(report: Report, t: Text) -> InlineKeyboardMarkup | None:
    undo = (
        [keyboards.button(f"↩︎ {t.plain('button-undo')}", keyboards.Undo(operation=report.operation_id))]
        if report.operation_id is not None
        else []
    )
    return keyboards.keyboard(*([one] for one in report.keep[:MAX_KEEP]), undo)


def _worth(image: StoredImage) -> tuple[int, int, int]:
    """Resolution, then size; of equals the older."""
    return image.width * image.height, image.byte_size, -image.id


def _short(name: str) -> str:
    return name if len(name) <= NAME_CHARACTERS else name[: NAME_CHARACTERS - 1] + "…"


def _title(image: StoredImage) -> str:
    return replies.title(image, replies.LINE_CHARACTERS)


def _size(image: StoredImage) -> str:
    return f"{image.width}×{image.height}"


def _unmarked(line: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", line))
