"""Copies the files of a library from one place to another."""

import asyncio
import errno
import hashlib
from collections.abc import Container, Sequence
from dataclasses import dataclass

from engine.concurrency import all_done
from engine.domain import Progress
from engine.errors import DamagedImage, FilesUnreachable
from engine.pictures import imaging
from engine.storage.files import ORIGINALS, FileStore, StoredFile

AT_ONCE = 16  # files in memory
OF_A_FAILING_DISK = (errno.EIO, errno.EUCLEAN, errno.EBADMSG)


@dataclass(frozen=True, slots=True)
class CopyReport:
    """Numbers of files. `damaged`: keys of those that were not copied, being not what they were, or unreadable."""

    copied: int
    there: int
    damaged: tuple[str, ...]


async def copy_files(
    source: FileStore, target: FileStore, progress: Progress, *, only: Container[str] | None = None
) -> CopyReport:
    """Copy what the target lacks; interrupted, it goes on where it stopped. The source is only read.

    `only`: the files of these pictures, by SHA-256.

    An original is copied if its SHA-256 is that of its name, a thumbnail if it is a picture. What the target has in the
    same size counts as there (`pictrace check` reads it). Files of no picture are left out.
    """
    files = [
        file
        async for portion in source.walk()
        for file in portion
        if file.sha256 and (only is None or file.sha256 in only)
    ]
    copied, damaged = 0, list[str]()
    for start in range(0, len(files), AT_ONCE):
        portion = files[start : start + AT_ONCE]
        lacking = await _lacking(target, portion)
        fates = await all_done(_copy(source, target, file) for file in lacking)
        damaged += [file.key for file, is_whole in zip(lacking, fates, strict=True) if is_whole is False]
        written = [file for file, is_whole in zip(lacking, fates, strict=True) if is_whole]
        if unkept := await _lacking(target, written):
            raise FilesUnreachable(f"{target.place} did not keep {unkept[0].key} as it was written.")
        copied += len(written)
        progress(start + len(portion), len(files))
    return CopyReport(copied, len(files) - copied - len(damaged), tuple(damaged))


async def _lacking(target: FileStore, files: Sequence[StoredFile]) -> list[StoredFile]:
    sizes = await target.files.sizes([file.key for file in files])
    return [file for file, size in zip(files, sizes, strict=True) if size != file.size]


async def _copy(source: FileStore, target: FileStore, file: StoredFile) -> bool | None:
    """Whether the file was whole, and is copied; None where it has been removed meanwhile."""
    try:
        content = await source.files.read(file.key)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in OF_A_FAILING_DISK:  # the others may still be saved
            return False
        raise
    if not await asyncio.to_thread(_is_whole, file, content):
        return False
    await target.files.write(file.key, content)
    return True


def _is_whole(file: StoredFile, content: bytes) -> bool:
    if file.kind == ORIGINALS:
        return hashlib.sha256(content).hexdigest() == file.sha256
    try:
        imaging.decode_thumbnail(content)
    except DamagedImage:
        return False
    return True
