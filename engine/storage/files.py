"""Originals and thumbnails, named by the SHA-256 of the original, wherever they are kept."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.concurrency import all_done
from engine.pictures.imaging import EXTENSIONS
from engine.storage.jpeg_cache import JpegCache

ORIGINALS, THUMBNAILS = "originals", "thumbnails"
HEX_DIGITS = frozenset("0123456789abcdef")
NO_EXTENSION = ".unknown"  # of a picture whose media type is damaged: there is no such file


@dataclass(frozen=True, slots=True)
class PictureFiles:
    """What is kept of one picture in files."""

    sha256: str
    extension: str
    original: bytes
    thumbnail: bytes


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is there, whoever put it there; `modified` is a time as `time.time()` gives it."""

    key: str
    size: int
    modified: float

    @property
    def kind(self) -> str:
        """ORIGINALS or THUMBNAILS."""
        return self.key.split("/", 1)[0]

    @property
    def sha256(self) -> str:
        """Of the original; "" where this is no file of a picture."""
        stem, dot, extension = self.key.rsplit("/", 1)[-1].partition(".")
        if len(stem) != 64 or not HEX_DIGITS.issuperset(stem) or not dot or "." in extension:
            return ""
        expected = original_key(stem, f".{extension}") if self.kind == ORIGINALS else thumbnail_key(stem)
        return stem if self.key == expected else ""


class Files(Protocol):
    """Files under keys such as `originals/ab/abcd.jpg`; one under its key is whole.

    Readers raise FileNotFoundError for what is surely not there. What only cannot be reached raises another error, a
    LibraryError as a rule: nobody must take it for lost.
    """

    @property
    def place(self) -> str:
        """Where that is, for people."""

    def path(self, key: str) -> Path | None:
        """Where a file lies on this machine, whether it is there or not; None where files are elsewhere."""

    async def reach(self) -> None:
        """Raise a LibraryError where nothing can be read."""

    async def read(self, key: str) -> bytes: ...

    def read_now(self, key: str) -> bytes:
        """The same from a computing thread, which it keeps waiting no longer than a search may."""

    async def sizes(self, keys: Sequence[str]) -> list[int | None]:
        """Of each file its size in bytes, None where it is not there."""

    async def write(self, key: str, content: bytes) -> None:
        """Put a file under its key, in place of what was there."""

    async def delete(self, key: str) -> None:
        """Does nothing where it is not there."""

    def walk(self, kind: str) -> AsyncIterator[list[StoredFile]]:
        """Every file whose key begins with `kind/`, a portion at a time."""


class FileStore:
    """The files of a library's pictures: `originals/ab/<sha256>.<ext>` and `thumbnails/ab/<sha256>.jpg`.

    Every method may raise a LibraryError; readers raise FileNotFoundError for what is not there.
    """

    def __init__(self, files: Files, cache: JpegCache | None = None, made: Sequence[JpegCache] = ()) -> None:
        """`cache`: of thumbnails, where reading them takes a network. `made`: what else is made of originals."""
        self.files = files
        self._cache = cache
        self._made = (*made, *([cache] if cache else []))  # goes when its pictures do

    @property
    def place(self) -> str:
        """Where the files are, for people."""
        return self.files.place

    async def read_original(self, sha256: str, extension: str) -> bytes:
        return await self.files.read(original_key(sha256, extension))

    async def read_thumbnail(self, sha256: str) -> bytes:
        """As it is stored, never from the cache."""
        return await self.files.read(thumbnail_key(sha256))

    def thumbnail(self, sha256: str) -> bytes:
        """The same for computing threads, from the cache where it is there."""
        if self._cache is None:
            return self.files.read_now(thumbnail_key(sha256))
        cached = self._cache.get(sha256)
        if cached is not None:
            return cached
        content = self.files.read_now(thumbnail_key(sha256))
        self._cache.put(sha256, content)
        return content

    def original_path(self, sha256: str, extension: str) -> Path | None:
        """Where an original lies on this machine, whether it is there or not; None where files are elsewhere."""
        return self.files.path(original_key(sha256, extension))

    def thumbnail_path(self, sha256: str) -> Path | None:
        """The same for a thumbnail."""
        return self.files.path(thumbnail_key(sha256))

    async def put(self, pictures: Sequence[PictureFiles]) -> None:
        """Write what is not there yet; whoever reads it finds it whole or not at all."""
        wanted: dict[str, bytes] = {}
        for picture in pictures:
            wanted[original_key(picture.sha256, picture.extension)] = picture.original
            wanted[thumbnail_key(picture.sha256)] = picture.thumbnail
        sizes = await self.files.sizes(list(wanted))
        lacking = [key for key, size in zip(wanted, sizes, strict=True) if size != len(wanted[key])]
        await all_done(self.files.write(key, wanted[key]) for key in lacking)

    async def replace_thumbnail(self, sha256: str, thumbnail: bytes) -> None:
        """Write a thumbnail in place of a damaged one, or of one that was seen otherwise."""
        self._drop_made(sha256)
        await self.files.write(thumbnail_key(sha256), thumbnail)

    async def remove(self, pictures: Iterable[tuple[str, str]]) -> None:
        """Delete the files of pictures, given as (SHA-256, extension)."""
        keys = []
        for sha256, extension in pictures:
            self._drop_made(sha256)
            keys += [original_key(sha256, extension), thumbnail_key(sha256)]
        await all_done(self.files.delete(key) for key in keys)

    def _drop_made(self, sha256: str) -> None:
        for cache in self._made:
            cache.drop(sha256)

    async def delete(self, stored: Iterable[StoredFile]) -> None:
        """Delete files, whoever put them there."""
        await all_done(self.files.delete(one.key) for one in stored)

    async def having(self, pictures: Iterable[tuple[str, str]]) -> set[str]:
        """SHA-256 of those of the pictures, given as (SHA-256, extension), that have both their files."""
        asked = list(pictures)
        keys = [key for one in asked for key in (original_key(*one), thumbnail_key(one[0]))]
        sizes = await self.files.sizes(keys)
        return {
            sha256
            for (sha256, _), original, thumbnail in zip(asked, sizes[::2], sizes[1::2], strict=True)
            if original is not None and thumbnail is not None
        }

    async def has_any(self) -> bool:
        """Whether there is any original at all."""
        async for portion in self.files.walk(ORIGINALS):
            if portion:
                return True
        return False

    async def walk(self) -> AsyncIterator[list[StoredFile]]:
        """Every file that is there, a portion at a time."""
        for kind in (ORIGINALS, THUMBNAILS):
            async for portion in self.files.walk(kind):
                yield portion


def extension_of(media_type: str) -> str:
    """How the name of an original ends. Of an unknown media type, nothing is found under that name."""
    return EXTENSIONS.get(media_type, NO_EXTENSION)


def original_key(sha256: str, extension: str) -> str:
    return f"{ORIGINALS}/{sha256[:2]}/{sha256}{extension}"


def thumbnail_key(sha256: str) -> str:
    return f"{THUMBNAILS}/{sha256[:2]}/{sha256}.jpg"
