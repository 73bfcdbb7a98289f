"""Originals and thumbnails on disk, named by the SHA-256 of the original."""

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from engine.storage.database import from_os_error

ORIGINALS, THUMBNAILS = "originals", "thumbnails"
PARTIAL = ".partial"


class FileStore:
    """`root/originals/ab/<sha256>.<ext>` and `root/thumbnails/ab/<sha256>.jpg`; a file under its name is whole.

    Every method may raise DiskFull or DataDirNotWritable; readers raise FileNotFoundError for what is not there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def original_path(self, sha256: str, extension: str) -> Path:
        return self.root / ORIGINALS / sha256[:2] / f"{sha256}{extension}"

    def thumbnail_path(self, sha256: str) -> Path:
        return self.root / THUMBNAILS / sha256[:2] / f"{sha256}.jpg"

    def put(self, sha256: str, extension: str, original: bytes, thumbnail: bytes) -> None:
        """Write both files unless they are there; whoever reads them finds them whole or not at all."""
        self._write(self.original_path(sha256, extension), original)
        self._write(self.thumbnail_path(sha256), thumbnail)

    def replace_thumbnail(self, sha256: str, thumbnail: bytes) -> None:
        """Write a thumbnail in place of a damaged one."""
        self.thumbnail_path(sha256).unlink(missing_ok=True)
        self._write(self.thumbnail_path(sha256), thumbnail)

    def remove(self, sha256: str, extension: str) -> None:
        for path in (self.original_path(sha256, extension), self.thumbnail_path(sha256)):
            path.unlink(missing_ok=True)

    def has(self, sha256: str, extension: str) -> bool:
        return self.original_path(sha256, extension).exists() and self.thumbnail_path(sha256).exists()

    def has_any(self) -> bool:
        """Whether there is any original at all."""
        return any(names for _, _, names in os.walk(self.root / ORIGINALS))

    def walk(self) -> Iterator[tuple[str, Path]]:
        """(SHA-256 or "" for anything that does not belong, path) of every file."""
        for kind in (ORIGINALS, THUMBNAILS):
            for folder, _, names in os.walk(self.root / kind):
                for name in sorted(names):
                    stem = name.split(".")[0]
                    belongs = len(stem) == 64 and not name.endswith(PARTIAL)
                    yield (stem if belongs else ""), Path(folder, name)

    def bytes_used(self) -> int:
        """Size of everything under the root, the database and indexes included."""
        return sum(
            os.lstat(os.path.join(folder, name)).st_size for folder, _, names in os.walk(self.root) for name in names
        )

    def _write(self, path: Path, content: bytes) -> None:
        try:
            if path.exists() and path.stat().st_size == len(content):
                return
            write_whole(path, content)
        except OSError as error:
            raise from_os_error(error, self.root) from error


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all, whatever is killed and whenever the power fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}{PARTIAL}")
    try:
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
