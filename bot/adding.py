"""Adds pictures that admins and adders send, and says what became of each."""

import asyncio
import logging
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from html import escape, unescape
from pathlib import Path

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError
from aiogram.types import BufferedInputFile, Document, InlineKeyboardMarkup, Message, User

from bot import keyboards, replies
from bot.adders import Adders, Role
from bot.addressing import ReplyPlace, actor, covered, place_of
from bot.announcing import Addition, Announcing
from bot.answers import Answers
from bot.asked import AskedPicture, Other, Refusal, archive_ending, hashtags
from bot.inbox import Turn
from bot.telegram_files import Shown, TelegramFiles
from bot.texts import Text
from engine import (
    AddResult,
    Given,
    LibraryError,
    PicTraceError,
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

PROGRESS_S = 3.0  # between edits of one message; Telegram allows some twenty a minute
LINES_CHARACTERS = 3000  # of a message's 4,096, with room for what else is said
NAME_CHARACTERS = 80
MAX_SHOWN = 10
MAX_KEEP = 99  # a message holds a hundred buttons; one is for undoing


@dataclass(frozen=True, slots=True)
class AddOptions:
    """What is noted of the pictures: title and tags from the command, the page that they were forwarded from."""

    title: str | None = None
    tags: Sequence[str] = ()
    page_url: str | None = None


@dataclass(frozen=True, slots=True)
class Brought:
    """What came with a command: pictures, archives, and others that are neither."""

    pictures: Sequence[AskedPicture]
    archives: Sequence[Document]
    others: Sequence[Other]

    def __bool__(self) -> bool:
        return bool(self.pictures or self.archives)


@dataclass
class Report:
    """What became of the pictures so far."""

    t: Text
    lines: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    shown: list[Shown] = field(default_factory=list)
    keep: keyboards.Row = field(default_factory=list)
    added: list[int] = field(default_factory=list)
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
        adders: Adders,
        announcing: Announcing,
        sentence: Callable[[Exception, Text], str],
    ) -> None:
        self._bot = bot
        self._adders = adders
        self._announcing = announcing
        self._service = service
        self._files = files
        self._answers = answers
        self._sentence = sentence

    async def add(self, turn: Turn, message: Message, brought: Brought, options: AddOptions, t: Text) -> None:
        """Photos, files, stickers and links, then the pictures of archives, all as one operation; others are named."""
        assert message.from_user
        await self._adders.met(message.from_user)
        who, report = actor(message.from_user.id), Report(t)
        place = covered(place_of(message), brought.pictures)
        with tempfile.TemporaryDirectory(prefix="pictrace-") as folder:
            given, refused = await self._gathered(brought, Path(folder))
            stopped = await self._add(turn, who, place, given, options, report)
        for other in refused:
            self._refuse(other.name, other.refusal, report)
        await self._report(turn, message.from_user, place, report, stopped)

    async def _gathered(self, brought: Brought, folder: Path) -> tuple[list[Given], list[Other]]:
        """What can be added, archives written into the folder, and what cannot."""
        given: list[Given] = []
        refused = list(brought.others)
        for picture in brought.pictures:
            try:
                given.append(await self._given(picture))
            except Refusal as refusal:
                refused.append(Other(picture.name, refusal))
        for number, archive in enumerate(brought.archives):
            path = folder / f"{number}{archive_ending(archive)}"
            name = archive.file_name or path.name
            try:
                given += await self._unpacked(archive, name, path)
            except Refusal as refusal:
                refused.append(Other(name, refusal))
        return given, refused

    async def _given(self, picture: AskedPicture) -> Given:
        if picture.url:
            return Remote(name_of(picture.url), picture.url)
        content = await self._files.read(picture)
        return Source(picture.name, lambda: content, len(content))

    async def _unpacked(self, archive: Document, name: str, path: Path) -> list[Given]:
        content = await self._files.download(archive.file_id, archive.file_size)
        await asyncio.to_thread(path.write_bytes, content)
        found = await asyncio.to_thread(lambda: list(expand(path, self._service.settings)))
        return [replace(one, name=name) if one.name == path.name else one for one in found]

    async def _add(
        self, turn: Turn, who: str, place: ReplyPlace, given: Sequence[Given], options: AddOptions, report: Report
    ) -> LibraryError | None:
        """Add, and note what became of each; returns what stopped it before the end."""
        before = await self._begin(turn, who)
        progress = _Progress(self._answers, place, len(given), report.t)
        adding = self._service.add(
            given,
            actor=who,
            title=options.title,
            tags=options.tags,
            page_url=options.page_url,
            operation_id=turn.operation_id,
            stop=lambda: not self._may_add(turn),
        )
        try:
            async for result in adding:
                report.operation_id = result.operation_id or report.operation_id
                if result.id in before:
                    report.operation_id = turn.operation_id
                await self._tell_of(result, report, is_ours=result.id in before)
                report.lines += replies.warnings(result.warnings, report.t)
                await progress.show(len(report.lines))
        except ServerUnreachable:
            raise  # it is gone on with once the server is back
        except LibraryError as error:
            return error
        finally:
            await progress.end()
        return None

    def _may_add(self, turn: Turn) -> bool:
        """Whether whoever adds still may: adders can be forbidden to in the middle."""
        person = turn.messages[0].from_user
        return person is not None and self._adders.role(person.id) >= Role.ADDER

    async def _begin(self, turn: Turn, who: str) -> set[int]:
        """The pictures that this very addition has added already, before a crash. Begins it where it is new."""
        if turn.operation_id is not None:
            return set(await self._service.added_by(turn.operation_id))
        # Noted before anything is stored: a process that dies in the middle leaves one operation to go on with.
        await turn.note_operation(await self._service.begin_addition(actor=who))
        return set()

    async def _tell_of(self, result: AddResult, report: Report, *, is_ours: bool) -> None:
        """One line for one picture. `is_ours`: added by this very operation, before a crash."""
        name, t = _short(result.name), report.t
        if result.status == "passed_over":
            report.count("passed_over")
            return
        if result.status == "rejected":
            self._refuse(result.name, _coded(result.code or "error", result.message or ""), report)
            return
        assert result.id is not None
        image = await self._service.get(result.id)
        if result.status == "duplicate" and not is_ours:
            report.count("duplicate")
            line = t("added-duplicate", name=name, id=str(image.id), title=_title(image))
            report.lines.append(line + _whence(result, t))
            report.shown.append(Shown(image, t("shown-duplicate", id=str(image.id), title=_title(image))))
            return
        report.count("added")
        report.added.append(image.id)
        whence = _noted(image, t) + _whence(result, t)
        other = await self._near(result)
        if other is None:
            report.lines.append(t("added", name=name, id=str(image.id)) + whence)
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
            + whence
        )
        report.shown.append(Shown(other, t("shown-near", id=str(other.id), title=_title(other))))
        better, lesser = sorted((image, other), key=_worth, reverse=True)
        label = t.plain("button-keep", better=str(better.id), lesser=str(lesser.id))
        report.keep.append(keyboards.button(label, keyboards.Keep(better=better.id, lesser=lesser.id)))

    def _refuse(self, name: str, error: Exception, report: Report) -> None:
        report.count("rejected")
        sorry = self._sentence(error, report.t).replace("\n", " ")
        report.lines.append(f"{report.t('added-rejected', name=_short(name))} {sorry}")

    async def _near(self, result: AddResult) -> StoredImage | None:
        """The stored picture that a new one is nearly the same as: the likeliest, as the engine has found."""
        assert result.id is not None
        near = result.near
        if result.status == "duplicate":  # added before a crash: what was found near it is lost
            near = await self._service.duplicates.near(result.id)
        for image_id in near:
            with suppress(UnknownImage):  # removed meanwhile
                return await self._service.get(image_id)
        return None

    async def _report(
        self, turn: Turn, person: User, place: ReplyPlace, report: Report, stopped: LibraryError | None
    ) -> None:
        text, is_whole = _text(report)
        t, role = report.t, self._adders.role(person.id)
        shown = list({one.image.id: one for one in report.shown}.values())
        unkept = len(report.keep) - MAX_KEEP if role is Role.ADMIN else 0
        for key, count in (("added-unshown", len(shown) - MAX_SHOWN), ("added-unkept", unkept)):
            if count > 0:
                text += "\n" + t(key, count=count)
        if passed_over := report.counts.get("passed_over"):
            text += "\n" + t("added-passed-over", count=passed_over)
        if stopped:
            text += "\n" + self._sentence(stopped, t)
        if role < Role.ADDER:
            text += "\n" + t("added-forbidden")
        album = await self._files.prepare(shown[:MAX_SHOWN])
        async with turn.answering():
            if album.size:
                await turn.once(partial(album.send, place))
            await turn.once(partial(self._answers.say, place, text, _buttons(report, role)))
            if not is_whole:
                await turn.once(partial(self._send_lines, place, report))
            if report.added and report.operation_id is not None:
                addition = Addition(person.id, person.full_name, place.chat_id, report.added, report.operation_id)
                await self._announcing.tell(turn, addition)

    async def _send_lines(self, place: ReplyPlace, report: Report) -> Message:
        """All lines of a report as a file."""
        lines = "\n".join(_unmarked(line) for line in report.lines)
        file = BufferedInputFile(lines.encode(), "added.txt")
        return await self._bot.send_document(place.chat_id, file, message_thread_id=place.thread_id)


class _Progress:
    """One message that says how far the addition is; it is taken away at the end."""

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
    """The error of a result, which the engine gives by its code alone."""
    error = PicTraceError(message or code)
    error.code = code  # type: ignore[misc]
    return error


def _text(report: Report) -> tuple[str, bool]:
    """The report, and whether all lines are in it."""
    t = report.t
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


def _buttons(report: Report, role: Role) -> InlineKeyboardMarkup | None:
    """Those that whoever has added may press."""
    undo = [keyboards.undo(report.t, report.operation_id)] if report.operation_id is not None else []
    keep = report.keep[:MAX_KEEP] if role is Role.ADMIN else []
    return keyboards.keyboard(*([one] for one in keep), undo)


def _worth(image: StoredImage) -> tuple[int, int, int]:
    """What makes one of two near-duplicates the better one: more pixels, then more bytes, then age."""
    return image.width * image.height, image.byte_size, -image.id


def _noted(image: StoredImage, t: Text) -> str:
    """The title and the tags that a picture has."""
    said = (t("added-title", title=image.title) if image.title else "", escape(hashtags(image.tags)))
    noted = " ".join(one for one in said if one)
    return f" · {noted}" if noted else ""


def _whence(result: AddResult, t: Text) -> str:
    """That the same picture was here once, and was removed; that a web page named it."""
    before = t("added-before", at=t.moment(result.removed_before.at)) if result.removed_before else ""
    page = t("from-page") if result.from_page else ""
    return "".join(f" · {said}" for said in (before, page) if said)


def _short(name: str) -> str:
    return name if len(name) <= NAME_CHARACTERS else name[: NAME_CHARACTERS - 1] + "…"


def _title(image: StoredImage) -> str:
    return replies.title(image, replies.LINE_CHARACTERS)


def _size(image: StoredImage) -> str:
    return f"{image.width}×{image.height}"


def _unmarked(line: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", line))
