"""Files in a folder of this machine."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from engine.storage.database import from_os_error
from engine.storage.files import StoredFile
from engine.storage.writing import write_whole


class LocalFiles:
    """`root/<key>` for every file. Writing may raise DiskFull or DataDirNotWritable, reading any OSError."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def place(self) -> str:
        return str(self.root)

    def path(self, key: str) -> Path:
        return self.root / key

    async def reach(self) -> None:
        """Whoever opens a library has made the folder."""

    async def read(self, key: str) -> bytes:
        return await asyncio.to_thread(self.read_now, key)

    def read_now(self, key: str) -> bytes:
        return self.path(key).read_bytes()

    async def sizes(self, keys: Sequence[str]) -> list[int | None]:
        return await asyncio.to_thread(lambda: [_size(self.path(key)) for key in keys])

    async def write(self, key: str, content: bytes) -> None:
        try:
            await asyncio.to_thread(write_whole, self.path(key), content)
        except OSError as error:
            raise from_os_error(error, self.root) from error

    async def delete(self, key: str) -> None:
        await asyncio.to_thread(self.path(key).unlink, missing_ok=True)

    async def walk(self, kind: str) -> AsyncIterator[list[StoredFile]]:
        folders = self._folders(kind)
        while (portion := await asyncio.to_thread(next, folders, None)) is not None:
            yield portion

    def _folders(self, kind: str) -> Iterator[list[StoredFile]]:
        for folder, _, names in os.walk(self.root / kind):
            found = []
            for name in sorted(names):
                path = Path(folder, name)
                with suppress(FileNotFoundError):  # renamed or removed meanwhile
                    status = path.lstat()
                    found.append(StoredFile(path.relative_to(self.root).as_posix(), status.st_size, status.st_mtime))
            yield found


def bytes_used(root: Path) -> int:
    """Size of everything under a folder."""
    total = 0
    for folder, _, names in os.walk(root):
        for name in names:
            with suppress(FileNotFoundError):  # removed meanwhile
                total += os.lstat(os.path.join(folder, name)).st_size
    return total


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None
