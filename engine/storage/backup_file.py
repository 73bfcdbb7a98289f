"""A backup in one file: an uncompressed tar that any tar program opens.

    originals/.., thumbnails/..   as in the data folder
    pictrace.db                   the library's database as SQLite has it, whichever it was in
    settings.env                  the settings that it ran with
    SHA256SUMS                    of all of these, as `sha256sum --check` reads it
    manifest.json                 what it is a backup of; last, so that a backup without it is not finished

Files of pictures come first and are only ever appended: what was broken off is gone on with.
"""

import asyncio
import hashlib
import json
import os
import tarfile
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, Self

from engine.errors import BackupDamaged, BackupRefused, DiskFull
from engine.storage.database import from_os_error
from engine.storage.files import ORIGINALS, THUMBNAILS, StoredFile

DATABASE, CONFIGURATION, SUMS, MANIFEST = "pictrace.db", "settings.env", "SHA256SUMS", "manifest.json"
FORMAT = 1
BLOCK = tarfile.BLOCKSIZE
END = bytes(2 * BLOCK)  # of a tar
PIECE = 1 << 20  # bytes that are read at a time of what may be large
PORTION = 1_000  # files that are told of at a time


class BackupFile:
    """A backup that is being written or read; its pictures are `Files`, as those of a folder or a bucket are."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._members: dict[str, tuple[int, int]] = {}  # where each begins, and its size
        self._end = 0  # of the last whole member
        self._sums: dict[str, str] = {}  # of what has been read or written
        self._appending = Lock()

    @classmethod
    def begin(cls, path: Path) -> Self:
        """A new one, or the pictures of one that was broken off; whatever else is in it is written anew."""
        try:
            file = path.open("r+b" if path.exists() else "w+b")
        except OSError as error:
            raise _cannot_be_written(path, error) from error
        backup = cls(path, file)
        for key, at, size in backup._found():
            if not _is_picture(key):
                break
            backup._take(key, at, size)
        file.truncate(backup._end)
        return backup

    @classmethod
    def open(cls, path: Path) -> Self:
        """A finished one, to be read. BackupDamaged."""
        try:
            backup = cls(path, path.open("rb"))
        except OSError as error:
            raise BackupDamaged(f"{path} cannot be read: {error.strerror}.") from error
        for key, at, size in backup._found():
            backup._take(key, at, size)
        if missing := {DATABASE, CONFIGURATION, SUMS, MANIFEST} - backup._members.keys():
            backup.close()
            raise BackupDamaged(
                f"{path} is no finished backup: it has no {min(missing)}. One that was broken off is gone on with by "
                "the same `pictrace backup` again."
            )
        return backup

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- as `Files`

    @property
    def place(self) -> str:
        return str(self._path)

    def path(self, key: str) -> None:
        """None of them lies on its own."""

    async def reach(self) -> None:
        """It is open."""

    async def read(self, key: str) -> bytes:
        return await asyncio.to_thread(self.read_now, key)

    def read_now(self, key: str) -> bytes:
        if key not in self._members:
            raise FileNotFoundError(key)
        return b"".join(self._pieces(key))

    async def sizes(self, keys: Sequence[str]) -> list[int | None]:
        return [self._members[key][1] if key in self._members else None for key in keys]

    async def write(self, key: str, content: bytes) -> None:
        await asyncio.to_thread(self.append, key, content)

    async def delete(self, key: str) -> None:
        raise NotImplementedError("nothing is deleted from a backup")

    async def walk(self, kind: str) -> AsyncIterator[list[StoredFile]]:
        found = [StoredFile(key, size, 0.0) for key, (_, size) in self._members.items() if key.startswith(f"{kind}/")]
        for start in range(0, len(found), PORTION):
            yield found[start : start + PORTION]

    # --- the rest of it

    def append(self, key: str, content: bytes) -> None:
        """Put a file behind the others. DiskFull or DataDirNotWritable, and then it is as before."""
        self._append(key, len(content), iter([content]))

    def append_file(self, key: str, path: Path) -> None:
        """The same of a large one."""
        with path.open("rb") as file:
            self._append(key, path.stat().st_size, iter(lambda: file.read(PIECE), b""))

    def finish(self, manifest: dict[str, Any]) -> None:
        """Read everything back, and write down sums and manifest; from then on it is a backup. BackupDamaged."""
        for key in self._members:
            self._require_whole(key)
        sums = "".join(f"{self._sums[key]}  {key}\n" for key in sorted(self._members)).encode()
        self.append(SUMS, sums)
        told = {"format": FORMAT, **manifest, "sums": hashlib.sha256(sums).hexdigest()}
        self.append(MANIFEST, json.dumps(told, indent=1).encode() + b"\n")
        self._file.seek(self._end)
        self._file.write(END)
        self._file.flush()
        os.fsync(self._file.fileno())

    def manifest(self) -> dict[str, Any]:
        """What it is a backup of; from now on whatever is read is held against its sum. BackupDamaged."""
        try:
            told: dict[str, Any] = json.loads(self.read_now(MANIFEST))
            version = int(told["format"])
        except (ValueError, KeyError, TypeError) as error:
            raise BackupDamaged(f"{self._path} is damaged: its manifest cannot be read.") from error
        if version > FORMAT:
            raise BackupDamaged(f"{self._path} was written by a newer PicTrace: upgrade this one first.")
        sums = self.read_now(SUMS)
        if hashlib.sha256(sums).hexdigest() != told.get("sums"):
            raise BackupDamaged(f"{self._path} is damaged: {SUMS} is not as it was written.")
        self._sums = {key: sha256 for sha256, _, key in (line.partition("  ") for line in sums.decode().splitlines())}
        return told

    def extract(self, key: str, target: Path) -> None:
        """Write a file of it elsewhere, for its owner only. BackupDamaged, DiskFull, DataDirNotWritable."""
        try:
            target.touch(0o600)
            with target.open("wb") as file:
                for piece in self._pieces(key):
                    file.write(piece)
        except OSError as error:
            raise from_os_error(error, target.parent) from error

    # --- the tar

    def _found(self) -> Iterator[tuple[str, int, int]]:
        """Key, place and size of each whole member, in order."""
        length = os.fstat(self._file.fileno()).st_size
        at = 0
        while at + BLOCK <= length:
            try:
                header = tarfile.TarInfo.frombuf(os.pread(self._file.fileno(), BLOCK, at), "utf-8", "strict")
            except tarfile.HeaderError:
                return
            if not header.isreg() or at + BLOCK + _padded(header.size) > length:
                return
            yield header.name, at + BLOCK, header.size
            at += BLOCK + _padded(header.size)

    def _take(self, key: str, at: int, size: int) -> None:
        self._members[key] = (at, size)
        self._end = at + _padded(size)

    def _append(self, key: str, size: int, pieces: Iterator[bytes]) -> None:
        header = tarfile.TarInfo(key)
        header.size, header.mode = size, 0o600
        digest = hashlib.sha256()
        with self._appending:
            try:
                self._file.seek(self._end)
                self._file.write(header.tobuf(tarfile.GNU_FORMAT))
                for piece in pieces:
                    digest.update(piece)
                    self._file.write(piece)
                self._file.write(bytes(_padded(size) - size))
                self._file.flush()
            except OSError as error:
                raise _cannot_be_written(self._path, error) from error
            self._sums[key] = digest.hexdigest()
            self._take(key, self._end + BLOCK, size)

    def _pieces(self, key: str) -> Iterator[bytes]:
        """A file's content; BackupDamaged at its end where it is not as it was written."""
        at, size = self._members[key]
        digest = hashlib.sha256()
        for start in range(0, size, PIECE):
            piece = os.pread(self._file.fileno(), min(PIECE, size - start), at + start)
            digest.update(piece)
            yield piece
        if self._sums.setdefault(key, digest.hexdigest()) != digest.hexdigest():
            raise BackupDamaged(f"{self._path} is damaged: {key} is not as it was written.")

    def _require_whole(self, key: str) -> None:
        for _ in self._pieces(key):
            pass
        name = key.rsplit("/", 1)[-1].partition(".")[0]
        if key.startswith(f"{ORIGINALS}/") and self._sums[key] != name:  # it was broken off while this was written
            raise BackupDamaged(f"{self._path} is damaged: {key} is not as it was written. Delete it, and begin anew.")


def _cannot_be_written(path: Path, error: OSError) -> Exception:
    """The engine's error for a failed write to a backup, which may lie anywhere: DiskFull or BackupRefused."""
    found = from_os_error(error, path.parent)
    if isinstance(found, DiskFull):
        return found
    return BackupRefused(f"{path} cannot be written: {error.strerror or type(error).__name__}. Give another name.")


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _is_picture(key: str) -> bool:
    return key.startswith((f"{ORIGINALS}/", f"{THUMBNAILS}/"))
