"""JPEGs of our own at hand: thumbnails that are kept elsewhere, and what is made of originals when it is needed."""

import logging
import os
from contextlib import suppress
from pathlib import Path
from threading import Lock

from engine.storage.writing import write_whole

logger = logging.getLogger(__name__)

MAX_BYTES = 2_000_000_000  # some 200,000 thumbnails, or 4,000 previews
KEPT = 0.9  # of that, when the oldest are dropped
JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"


class JpegCache:
    """`folder/ab/<sha256>.jpg`, at most `max_bytes` of them; thread-safe, and several processes may share one.

    What is made of an original never changes, so none grows stale. That nothing can be written here is no error: it is
    read from afar, or made, again.
    """

    def __init__(self, folder: Path, max_bytes: int = MAX_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._bytes: int | None = None  # not counted yet
        self._counting = Lock()

    def get(self, sha256: str) -> bytes | None:
        """A JPEG, if it is here."""
        try:
            content = self._path(sha256).read_bytes()
        except OSError:
            return None
        return content if _is_whole(content) else None

    def put(self, sha256: str, content: bytes) -> None:
        """Keep a JPEG; what is no whole JPEG is not kept."""
        if not _is_whole(content):
            return
        try:
            write_whole(self._path(sha256), content, durable=False)
            self._make_room(len(content))
        except OSError as error:
            logger.debug("a JPEG is not kept at hand: %s", error)

    def drop(self, sha256: str) -> None:
        """Keep it no longer."""
        with suppress(OSError):
            self._path(sha256).unlink()

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / f"{sha256}.jpg"

    def _make_room(self, added: int) -> None:
        with self._counting:
            if self._bytes is not None:
                self._bytes += added
                if self._bytes <= self._max_bytes:
                    return
            there = self._files()
            self._bytes = sum(size for _, size, _ in there)
            if self._bytes <= self._max_bytes:
                return
            for _, size, path in sorted(there):
                if self._bytes <= KEPT * self._max_bytes:
                    break
                with suppress(OSError):
                    Path(path).unlink()
                self._bytes -= size

    def _files(self) -> list[tuple[float, int, str]]:
        """(written at, size, path); what others of this machine put here counts too."""
        found = []
        for folder, _, names in os.walk(self._folder):
            for name in names:
                with suppress(OSError):
                    status = os.lstat(path := os.path.join(folder, name))
                    found.append((status.st_mtime, status.st_size, path))
        return found


def _is_whole(content: bytes) -> bool:
    """Whether it looks like a whole JPEG: a failing power may leave an empty or torn file."""
    return content.startswith(JPEG_START) and content.endswith(JPEG_END)
