"""What a person names (a file, a folder, an archive) -> the single pictures in it, read one at a time."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath

from engine.domain import FileSeen
from engine.errors import BadArchive, PicTraceError, UnreadableFile
from engine.pictures import archives, kinds
from engine.pictures.archives import Member, archive_suffix
from engine.pictures.imaging import too_large
from engine.pictures.kinds import HEAD_BYTES, PassedOverReason
from engine.pictures.names import decodable, shown
from engine.settings import EngineSettings


@dataclass(frozen=True, slots=True)
class Source:
    """One picture file, not yet read. `read` returns its bytes or raises a PicTraceError.

    `file` is None in an archive. `reread`: it is read though it is as it was when it was added. `where` it was found,
    as AddResult says it, here and below.
    """

    name: str
    read: Callable[[], bytes]
    size: int
    file: FileSeen | None = None
    reread: bool = False
    where: str = ""


@dataclass(frozen=True, slots=True)
class Remote:
    """A picture behind a URL, not yet fetched."""

    name: str
    url: str
    size: int = 0
    where: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Something named that holds no picture that could be tried."""

    name: str
    error: PicTraceError
    where: str = ""


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """Something in a folder or an archive that is not tried, and why; a folder that is left alone is one of them."""

    name: str
    reason: PassedOverReason
    where: str = ""

    @property
    def is_picture_like(self) -> bool:
        """Whether a person would call it a picture."""
        return self.reason == "unsupported_picture"


Found = Source | Refused | LeftAlone


def expand(path: Path, settings: EngineSettings) -> Iterator[Found]:
    """What is in a file, in a folder with all below it, or in an archive; in order of the names."""
    try:
        kind = path.stat().st_mode
    except OSError as error:
        yield _refused(path, _unreadable(error, path))
        return
    if stat.S_ISDIR(kind):
        for one in _walk(path, settings):
            if isinstance(one, Path):
                yield from _in_folder(one, settings)
            else:
                yield one
    elif not stat.S_ISREG(kind):
        yield _refused(path, _not_a_file(path))
    elif archive_suffix(path.name):
        yield from _archive(path, settings)
    else:
        yield _file(path, settings)


def how_many(path: Path, settings: EngineSettings) -> int | None:
    """How much `expand` will give; None where something would have to be unpacked to tell."""
    number = 0
    for one in _walk(path, settings) if path.is_dir() else [path]:
        suffix = archive_suffix(one.name)
        if suffix not in (None, ".zip") and isinstance(one, Path):
            return None
        number += sum(1 for _ in expand(one, settings)) if suffix and isinstance(one, Path) else 1
    return number


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
        raise _unreadable(error, path) from error


def _walk(folder: Path, settings: EngineSettings) -> Iterator[Path | Refused | LeftAlone]:
    """The files below a folder that are to be looked at, and what is not. Linked folders are followed, each once."""
    broken: list[OSError] = []
    seen = {_identity(folder)}
    own = {_identity(settings.data_dir), _identity(settings.cache_dir)}
    for parent, folders, files in os.walk(folder, onerror=broken.append, followlinks=True):
        above = Path(os.path.abspath(parent)).parts
        walked = []
        for name in sorted(folders):
            reason, identity = kinds.reason_by_name((*above, name)), _identity(Path(parent, name))
            if identity in own:
                reason = "system"
            elif reason is None and identity in seen:
                reason = "linked_twice"
            if reason:
                yield _left_alone(Path(parent, name), reason)
                continue
            seen.add(identity)
            walked.append(name)
        folders[:] = walked
        for name in sorted(files):
            reason = kinds.reason_by_name((*above, name))
            yield _left_alone(Path(parent, name), reason) if reason else Path(parent, name)
        while broken:
            yield _closed(broken.pop(), folder)
    for error in broken:
        yield _closed(error, folder)


def _identity(folder: Path) -> tuple[int, int] | Path:
    """What tells whether two paths lead to the same folder."""
    try:
        status = folder.stat()
    except OSError:  # the walk will say so
        return folder
    return status.st_dev, status.st_ino


def _closed(error: OSError, folder: Path) -> Refused:
    path = Path(error.filename or folder)
    return _refused(path, _unreadable(error, path))


def _in_folder(path: Path, settings: EngineSettings) -> Iterator[Found]:
    """A file that nobody has named: only what seems to be a picture is tried."""
    suffix = path.suffix.lower()
    reason = kinds.reason_by_suffix(path.name)
    if reason:
        yield _left_alone(path, reason)
    elif suffix in kinds.SUFFIXES or archive_suffix(path.name):
        yield from expand(path, settings)
    else:
        try:
            reason = _reason_by_look(path)
        except OSError as error:
            yield _refused(path, _unreadable(error, path))
        else:
            yield _left_alone(path, reason) if reason else _file(path, settings)


def _reason_by_look(path: Path) -> PassedOverReason | None:
    if not stat.S_ISREG(path.stat().st_mode):  # before it is opened: a pipe would wait for a writer
        return "not_a_file"
    with path.open("rb") as file:
        return kinds.reason_by_content(file.read(HEAD_BYTES))


def _file(path: Path, settings: EngineSettings) -> Source | Refused:
    try:
        status = path.stat()
    except OSError as error:
        return _refused(path, _unreadable(error, path))
    seen = FileSeen(decodable(os.path.abspath(path)), status.st_size, status.st_mtime_ns)
    read = partial(read_file, path, settings.max_bytes)
    return Source(_name(path), read, status.st_size, seen, where=_text(str(path)))


def _archive(path: Path, settings: EngineSettings) -> Iterator[Found]:
    """Members are read into memory one by one, never written under their own names."""
    try:
        yield from _members(path, settings)
    except PicTraceError as error:
        yield _refused(path, error)


def _members(path: Path, settings: EngineSettings) -> Iterator[Found]:
    left_alone: set[tuple[str, ...]] = set()
    for number, member in enumerate(archives.members(path, settings), 1):
        *folders, name = member.path.split("/")
        name = name if name.strip(".") else f"picture-{number}"
        above = tuple(part for part in folders if part.strip("."))
        beginnings = (above[:length] for length in range(1, len(above) + 1))
        folder = next((one for one in beginnings if kinds.reason_by_name(one)), None)
        reason = kinds.reason_by_name(folder or (*above, name))
        if reason is None:
            yield _in_archive(member, name, path, settings)
        elif folder is None:
            yield LeftAlone(shown(name), reason, _within(path, member.path))
        elif folder not in left_alone:
            left_alone.add(folder)
            yield LeftAlone(shown(folder[-1]), reason, _within(path, "/".join(folder)))


def _in_archive(member: Member, name: str, archive: Path, settings: EngineSettings) -> Found:
    """By the last part of its name; where the others would lead is only told, for nothing is written there."""
    read, where = partial(_read_member, member, settings.max_bytes), _within(archive, member.path)
    source = Source(shown(name), read, member.size, where=where)
    reason = kinds.reason_by_suffix(name) if member.is_file else "not_a_file"
    if reason is None and archive_suffix(name):
        nested = BadArchive(f"{source.name} lies inside {_name(archive)}: unpack it first.")
        return Refused(source.name, nested, where)
    if reason is None and PurePath(name).suffix.lower() not in kinds.SUFFIXES:
        try:
            reason = kinds.reason_by_content(member.read(HEAD_BYTES))
        except PicTraceError as error:
            return Refused(source.name, error, where)
    return LeftAlone(source.name, reason, where) if reason else source


def _read_member(member: Member, max_bytes: int) -> bytes:
    if member.size > max_bytes:
        raise too_large(member.size, max_bytes)
    content = member.read(max_bytes + 1)  # the size in the directory may lie
    if len(content) > max_bytes:
        raise too_large(None, max_bytes)
    return content


def _unreadable(error: OSError, path: Path) -> UnreadableFile:
    if error.errno == errno.ENOENT and path.is_symlink():
        return UnreadableFile("This link leads to a file that is not there.")
    return UnreadableFile(f"It cannot be read: {error.strerror or error}.")


def _not_a_file(path: Path) -> UnreadableFile:
    return UnreadableFile("This is a folder." if path.is_dir() else "This is a pipe or a device, not a file.")


def _refused(path: Path, error: PicTraceError) -> Refused:
    return Refused(_name(path), error, _text(str(path)))


def _left_alone(path: Path, reason: PassedOverReason) -> LeftAlone:
    return LeftAlone(_name(path), reason, _text(str(path)))


def _within(archive: Path, member: str) -> str:
    return f"{_text(str(archive))}: {shown(member)}"


def _name(path: Path) -> str:
    return _text(path.name or str(path))


def _text(name: str) -> str:
    return shown(decodable(name))
