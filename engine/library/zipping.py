"""A zip of stored pictures, made while it is sent: never more than one picture of it is in memory."""

import asyncio
import zipfile
from collections.abc import AsyncIterable, AsyncIterator, Sequence
from datetime import datetime
from io import BytesIO

from engine.domain import ServedFile, StoredImage
from engine.pictures.names import shown

LEFT_OUT = "not-included.txt"
EARLIEST, LATEST = datetime(1980, 1, 1), datetime(2107, 12, 31)  # that a zip can say
Piece = tuple[StoredImage, ServedFile | None]  # None: its file is lost


async def zipped(pieces: AsyncIterable[Piece]) -> AsyncIterator[bytes]:
    """The bytes of a zip of files, which are stored as they are; those that are lost are named in a text in it."""
    out = _Beginning()
    names, lost = Names(), []
    with zipfile.ZipFile(out, "w") as archive:
        async for image, file in pieces:
            content = await asyncio.to_thread(_content, file)
            if file is None or content is None:
                lost.append(image)
                continue
            entry = zipfile.ZipInfo(names.own(file.filename or image.filename), _date_of(image))
            await asyncio.to_thread(archive.writestr, entry, content)
            yield out.taken()
        if lost:
            archive.writestr(LEFT_OUT, _said_of(lost))
    yield out.taken()


class Names:
    """The names of a zip's entries, each another, upper and lower case being one."""

    def __init__(self) -> None:
        self._taken = {LEFT_OUT}

    def own(self, name: str) -> str:
        """`a.jpg`, and for the next of that name `a (2).jpg`."""
        safe = shown(name).replace("/", "_").replace("\\", "_").strip(". ") or "picture"
        stem, dot, ending = safe.rpartition(".")
        own, number = safe, 1
        while own.casefold() in self._taken:
            number += 1
            own = f"{stem} ({number}).{ending}" if dot else f"{safe} ({number})"
        self._taken.add(own.casefold())
        return own


class _Beginning(BytesIO):
    """A file that is written to its end and a little back, and whose beginning is taken away again and again."""

    def __init__(self) -> None:
        super().__init__()
        self._before = 0

    def tell(self) -> int:
        return self._before + super().tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._before + super().seek(offset - self._before if whence == 0 else offset, whence)

    def taken(self) -> bytes:
        """All that was written since the last time."""
        content = self.getvalue()
        self._before += len(content)
        super().seek(0)
        self.truncate(0)
        return content


def _content(file: ServedFile | None) -> bytes | None:
    if file is None:
        return None
    if isinstance(file.content, bytes):
        return file.content
    try:
        return file.content.read_bytes()
    except OSError:
        return None


def _date_of(image: StoredImage) -> tuple[int, int, int, int, int, int]:
    date = datetime.fromisoformat(image.taken_at) if image.taken_at else image.created_at.replace(tzinfo=None)
    date = min(max(date, EARLIEST), LATEST)
    return (date.year, date.month, date.day, date.hour, date.minute, date.second)


def _said_of(lost: Sequence[StoredImage]) -> str:
    names = "".join(f"{image.id}\t{shown(image.filename)}\n" for image in lost)
    return f"The files of these pictures are lost, and not in this zip:\n{names}"
