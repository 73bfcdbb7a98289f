"""What a person names (a file, a folder, a zip) -> the single pictures in it, read one at a time."""

import os
import stat
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from engine.domain import FileSeen
from engine.errors import ArchiveTooLarge, BadArchive, PicTraceError, UnreadableFile, UnsafeArchive
from engine.pictures.imaging import too_large
from engine.settings import EngineSettings

# In folders and zips only these are taken for pictures; a file named by itself is tried whatever its name.
SUFFIXES = frozenset(
    [
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".apng",
        ".webp",
        ".gif",
        ".bmp",
        ".dib",
        ".tif",
        ".tiff",
        ".avif",
        ".heic",
        ".heif",
        ".svg",
        ".mpo",
    ]
)


@dataclass(frozen=True, slots=True)
class Source:
    """One picture file, not yet read. `read` returns its bytes or raises a PicTraceError; `file` is None in a zip."""

    name: str
    read: Callable[[], bytes]
    size: int
    file: FileSeen | None = None


@dataclass(frozen=True, slots=True)
class Remote:
    """A picture behind a URL, not yet fetched."""

    name: str
    url: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """Something named that holds no picture that could be tried."""

    name: str
    error: PicTraceError


def expand(path: Path, settings: EngineSettings) -> Iterator[Source | Refused]:
    """The pictures of a file, of a folder with all below it, or of a zip; in order of their names."""
    try:
        kind = path.stat().st_mode
    except OSError as error:
        yield Refused(_name(path), _unreadable(error))
        return
    if stat.S_ISDIR(kind):
        yield from _folder(path, settings)
    elif not stat.S_ISREG(kind):
        yield Refused(_name(path), _not_a_file(path))
    elif path.suffix.lower() == ".zip":
        yield from _zip(path, settings)
    else:
        yield _file(path, settings)


def read_file(path: Path, max_bytes: int) -> bytes:
    """A regular file's bytes, at most `max_bytes`; UnreadableFile or FileTooLarge."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # before it is opened: a pipe would wait for a writer
            raise _not_a_file(path)
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if status.st_size > max_bytes:
                raise too_large(status.st_size, max_bytes)
            return file.read(max_bytes + 1)
    except OSError as error:
        raise _unreadable(error) from error


def _folder(folder: Path, settings: EngineSettings) -> Iterator[Source | Refused]:
    broken: list[OSError] = []
    for parent, folders, names in os.walk(folder, onerror=broken.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent, name)
            if name.startswith(".") or path.suffix.lower() not in SUFFIXES | {".zip"}:
                continue
            yield from expand(path, settings)
        while broken:
            error = broken.pop()
            yield Refused(os.path.basename(error.filename or parent), _unreadable(error))
    for error in broken:
        yield Refused(_name(Path(error.filename or folder)), _unreadable(error))


def _file(path: Path, settings: EngineSettings) -> Source | Refused:
    try:
        status = path.stat()
    except OSError as error:
        return Refused(_name(path), _unreadable(error))
    seen = FileSeen(_text(os.path.abspath(path)), status.st_size, status.st_mtime_ns)
    return Source(_name(path), partial(read_file, path, settings.max_bytes), status.st_size, seen)


def _zip(path: Path, settings: EngineSettings) -> Iterator[Source | Refused]:
    """Members are read into memory one by one, never written under their own names."""
    try:
        archive = zipfile.ZipFile(path)  # closed with the last source that reads from it
        members = [one for one in archive.infolist() if not one.is_dir()]
    except Exception as error:  # noqa: BLE001 - see _read_member
        yield Refused(_name(path), BadArchive(f"{_name(path)} cannot be read as a zip ({error})."))
        return
    if len(members) > settings.max_archive_files:
        message = f"{_name(path)} holds {len(members):,} files; at most {settings.max_archive_files:,} are allowed."
        yield Refused(_name(path), ArchiveTooLarge(message))
        return
    if sum(one.file_size for one in members) > settings.max_archive_bytes:
        message = f"{_name(path)} unpacks to more than {settings.max_archive_bytes // (1024 * 1024):,} MB."
        yield Refused(_name(path), ArchiveTooLarge(message))
        return
    for member in sorted(members, key=lambda one: one.filename):
        inner = PurePosixPath(member.filename.replace("\\", "/"))
        if inner.suffix.lower() == ".zip":
            yield Refused(inner.name, BadArchive(f"{inner.name} lies inside {_name(path)}: unpack it first."))
            continue
        if inner.suffix.lower() not in SUFFIXES or inner.name.startswith(".") or "__MACOSX" in inner.parts:
            continue
        if inner.is_absolute() or ".." in inner.parts or ":" in inner.parts[0]:
            message = f"The name {member.filename!r} in {_name(path)} leads out of the zip."
            yield Refused(inner.name, UnsafeArchive(message))
            continue
        yield Source(inner.name, partial(_read_member, archive, member, settings.max_bytes), member.file_size)


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, max_bytes: int) -> bytes:
    if member.file_size > max_bytes:
        raise too_large(member.file_size, max_bytes)
    if member.flag_bits & 0x1:
        raise BadArchive(f"{member.filename} is encrypted.")
    try:
        with archive.open(member) as file:
            content = file.read(max_bytes + 1)  # the size in the directory may lie
    except Exception as error:
        raise BadArchive(f"{member.filename} cannot be unpacked ({error}).") from error
    if len(content) > max_bytes:
        raise too_large(None, max_bytes)
    return content


def _unreadable(error: OSError) -> UnreadableFile:
    return UnreadableFile(f"It cannot be read: {error.strerror or error}.")


def _not_a_file(path: Path) -> UnreadableFile:
    return UnreadableFile("This is a folder." if path.is_dir() else "This is a pipe or a device, not a file.")


def _name(path: Path) -> str:
    return _text(path.name or str(path))


def _text(name: str) -> str:
    """A file's name as text that every database takes, whatever its bytes are."""
    return os.fsencode(name).decode("utf-8", "replace")
