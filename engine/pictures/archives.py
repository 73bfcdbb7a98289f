"""The files in a zip, tar or 7z, read one at a time into memory; nothing is ever written under a name of an archive.

A tar that is compressed and a 7z can only be read from their beginning: they are unpacked once, into one file without a
name. What is in an archive and how it unpacks is a stranger's: sizes are bounded before anything of that size is held.
"""

import bz2
import gzip
import io
import lzma
import os
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, BinaryIO, Self

from engine.errors import ArchiveTooLarge, BadArchive, PicTraceError
from engine.pictures import names
from engine.pictures.code_pages import decoded
from engine.settings import EngineSettings

SUFFIXES = (
    ".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".tar.zst", ".tzst", ".7z",
)  # fmt: skip
CHUNK = 64 * 1024
MEGABYTE = 1024 * 1024
LARGEST_HEADER = MEGABYTE  # of one file in a tar
LARGEST_WINDOW = 512 * MEGABYTE  # that a decompressor may keep
DAMAGED = (tarfile.TarError, OSError, EOFError, zlib.error, lzma.LZMAError)  # what reading a damaged tar raises
HAS_EXTRA = "`pip install 'pictrace[archives]'`"
EXTRA_PACKAGES = {".7z": "py7zr", "zst": "backports.zstd"}  # by how the endings of their kinds end

# Of a zip: how an entry in its list of files begins, and how long it is; and the header before each file.
ZIP_ENTRY, ZIP_ENTRY_BYTES = b"PK\x01\x02", 46
ZIP_HEADER, ZIP_HEADER_BYTES = b"PK\x03\x04", 30
UTF8_FLAG, WAS_UTF8_FLAG = 0x0800, 0x8000  # the second is used by no zip
ENCRYPTED_FLAG = 0x0001
UNICODE_PATH = 0x7075  # Info-ZIP's extra field with a name in UTF-8


@dataclass(frozen=True, slots=True)
class Member:
    """One file of an archive, by its path in it; `read` gives at most so many of its bytes, or raises BadArchive."""

    path: str
    size: int
    read: Callable[[int], bytes]
    is_file: bool = True  # not a link, device or pipe


Contents = tuple[list[Member], bool]  # and whether these are all


def archive_suffix(name: str) -> str | None:
    """The ending by which a file is taken for an archive, of two parts for most tars; None for any other file."""
    return next((suffix for suffix in sorted(SUFFIXES, key=len, reverse=True) if name.lower().endswith(suffix)), None)


def readable_suffixes() -> tuple[str, ...]:
    """The endings of those archives that can be read here: some need packages that may not be installed."""
    missing = [kind for kind, package in EXTRA_PACKAGES.items() if find_spec(package) is None]
    return tuple(suffix for suffix in SUFFIXES if not suffix.endswith(tuple(missing)))


def members(path: Path, settings: EngineSettings) -> Iterator[Member]:
    """All files of an archive: of a zip in order of their names, else in their own. BadArchive, ArchiveTooLarge.

    Where a tar is damaged or cut short, what lies before that place is given, and BadArchive raised after it.
    """
    suffix = archive_suffix(path.name)
    name = names.shown(names.decodable(path.name))
    opened, kind = (_zip, "zip") if suffix == ".zip" else (_seven_zip, "7z") if suffix == ".7z" else (_tar, "tar")
    try:
        found, is_whole = opened(path, _ArchiveLimits(name, settings))
    except PicTraceError:
        raise
    except Exception as error:
        raise BadArchive(f"{name} cannot be read as a {kind} ({_sentence(error)}).") from error
    yield from found
    if not is_whole:
        raise BadArchive(f"{name} is cut short or damaged: what else is in it cannot be read.")


class _ArchiveLimits:
    """What one archive may hold."""

    def __init__(self, name: str, settings: EngineSettings) -> None:
        self.name = name
        self.member_bytes = settings.max_bytes
        self.total_bytes = settings.max_archive_bytes
        self.spool_folder = settings.cache_dir
        self._files = settings.max_archive_files

    def kept(self, size: int) -> int:
        """How much of a file of this size is unpacked: of one that is too large, as much as tells its kind."""
        return size if size <= self.member_bytes else min(size, CHUNK)

    def require_files(self, number: int) -> None:
        if number > self._files:
            raise ArchiveTooLarge(f"{self.name} holds more than {self._files:,} files, which is the most allowed.")

    def require_bytes(self, number: int) -> None:
        if number > self.total_bytes:
            raise ArchiveTooLarge(f"{self.name} unpacks to more than {self.total_bytes // MEGABYTE:,} MB.")


# --- zip


def _zip(path: Path, limits: _ArchiveLimits) -> Contents:
    try:
        archive = zipfile.ZipFile(_ZipBytes(path))
    except zipfile.BadZipFile as error:
        with path.open("rb") as file:
            if file.read(4) != ZIP_HEADER:
                raise
        raise BadArchive(f"{limits.name} is cut short or damaged: the list of its files is missing.") from error
    entries = [one for one in archive.infolist() if not _raw_name(one).endswith(b"/")]
    limits.require_files(len(entries))
    limits.require_bytes(sum(one.file_size for one in entries))
    paths = _zip_paths(entries)
    found = [
        Member(name, entry.file_size, partial(_read_from_zip, archive, path, entry, names.shown(name)))
        for name, entry in zip(paths, entries, strict=True)
    ]
    return sorted(found, key=lambda one: one.path), True


class _ZipBytes(io.FileIO):
    """A zip whose names are all given as the bytes that they are.

    `zipfile` fails as a whole at one name that is not in UTF-8, though its flag says so: in the list of files and in
    the headers, that flag is put where `zipfile` does not look at it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(-1 if size is None else size) or b""
        if content.startswith(ZIP_HEADER) and len(content) == ZIP_HEADER_BYTES:
            return _with_flag_aside(content, 6)
        return _with_flags_aside(content) if content.startswith(ZIP_ENTRY) else content

    def __del__(self) -> None:
        self.close()


def _with_flags_aside(directory: bytes) -> bytes:
    entries = []
    at = 0
    while directory[at : at + 4] == ZIP_ENTRY and at + ZIP_ENTRY_BYTES <= len(directory):
        end = at + ZIP_ENTRY_BYTES + sum(struct.unpack_from("<HHH", directory, at + 28))
        entries.append(_with_flag_aside(directory[at:end], 8))
        at = end
    return b"".join(entries) + directory[at:]


def _with_flag_aside(entry: bytes, place: int) -> bytes:
    (flags,) = struct.unpack_from("<H", entry, place)
    if flags & UTF8_FLAG:
        flags = flags & ~UTF8_FLAG | WAS_UTF8_FLAG
    return entry[:place] + struct.pack("<H", flags) + entry[place + 2 :]


def _zip_paths(entries: Sequence[zipfile.ZipInfo]) -> list[str]:
    """The entries' names as text: what an entry says itself, else the likeliest for all the others together."""
    said = [_said_name(entry) for entry in entries]
    others = iter(decoded([_raw_name(entry) for entry, name in zip(entries, said, strict=True) if name is None]))
    found = [next(others) if name is None else name for name in said]
    is_unicode = all(_is_utf8(_raw_name(entry)) for entry in entries)
    if is_unicode and not any("/" in name for name in found):  # made by an old Windows program
        return [name.replace("\\", "/") for name in found]
    return found


def _said_name(entry: zipfile.ZipInfo) -> str | None:
    raw = _raw_name(entry)
    named = _unicode_path(entry.extra, raw)
    if named is None and entry.flag_bits & WAS_UTF8_FLAG:
        named = raw
    return named.decode() if named is not None and _is_utf8(named) else None


def _raw_name(entry: zipfile.ZipInfo) -> bytes:
    return entry.orig_filename.encode("cp437")


def _unicode_path(extra: bytes, raw: bytes) -> bytes | None:
    """The name in Info-ZIP's extra field, where that belongs to the name as it is now."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        field = extra[at + 4 : at + 4 + size]
        if kind == UNICODE_PATH and field[:1] == b"\x01" and field[1:5] == struct.pack("<I", zlib.crc32(raw)):
            return field[5:]
        at += 4 + size
    return None


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_from_zip(archive: zipfile.ZipFile, path: Path, entry: zipfile.ZipInfo, name: str, size: int) -> bytes:
    if entry.flag_bits & ENCRYPTED_FLAG:
        raise BadArchive(f"{name} is encrypted.")
    try:
        _believe_own_header(path, entry)
        with archive.open(entry) as file:
            return file.read(size)
    except Exception as error:
        raise BadArchive(f"{name} cannot be unpacked ({_sentence(error)}).") from error


def _believe_own_header(path: Path, entry: zipfile.ZipInfo) -> None:
    """Some programs write a name in two ways, which `zipfile` would refuse. Zeros in one are damage."""
    with path.open("rb") as file:
        file.seek(entry.header_offset)
        header = file.read(ZIP_HEADER_BYTES)
        if len(header) < ZIP_HEADER_BYTES:
            return
        name = file.read(struct.unpack_from("<H", header, 26)[0])
    if b"\0" not in name:
        entry.orig_filename = name.decode("cp437")


# --- tar


def _tar(path: Path, limits: _ArchiveLimits) -> Contents:
    """In one pass. Of a tar that is not compressed, the files are read from where they lie in it."""
    with path.open("rb") as packed:
        compression = _compression(packed.read(8))
        packed.seek(0)
        stream = _Stream(_unpacked(packed, compression), limits)
        spool = _Spool(packed) if compression is None else _new_spool(limits)
        raw: list[bytes] = []
        slices, sizes = [], []
        with tarfile.TarFile(fileobj=stream, encoding="utf-8", errors="surrogateescape") as archive:
            try:
                for entry in archive:
                    limits.require_files(len(raw) + 1)
                    if entry.isdir():
                        continue
                    is_file = entry.isreg() and not entry.issparse()
                    kept = limits.kept(entry.size) if is_file else 0
                    start = entry.offset_data if compression is None else spool.take(stream.chunks(kept))
                    raw.append(entry.name.encode("utf-8", "surrogateescape"))
                    slices.append(_Slice(spool, names.shown(entry.name), start, kept))
                    sizes.append(entry.size if is_file else None)
            except DAMAGED:
                if not raw:
                    raise
    found = [
        Member(name, size or 0, one.read, is_file=size is not None)
        for name, size, one in zip(decoded(raw), sizes, slices, strict=True)
    ]
    return found, stream.is_at_end


class _Stream(io.RawIOBase):
    """What a tar unpacks to, read forwards only and within bounds; `tarfile` itself bounds nothing."""

    def __init__(self, chunks: Iterator[bytes], limits: _ArchiveLimits) -> None:
        self._chunks = chunks
        self._limits = limits
        self._ahead = b""
        self._at = 0
        self.is_at_end = False  # of all files: a block of zeros was read where a header might have been

    def read(self, size: int = -1, /) -> bytes:
        if not 0 <= size <= LARGEST_HEADER:
            raise BadArchive(f"A header in {self._limits.name} is larger than any should be.")
        content = b"".join(self.chunks(size))
        self.is_at_end = len(content) == tarfile.BLOCKSIZE and not any(content)
        return content

    def chunks(self, size: int) -> Iterator[bytes]:
        """The next bytes, as many as there are."""
        while size > 0 and (self._ahead or self._fill()):
            part, self._ahead = self._ahead[:size], self._ahead[size:]
            self._at += len(part)
            size -= len(part)
            self._limits.require_bytes(self._at)
            yield part

    def _fill(self) -> bool:
        self._ahead = next(self._chunks, b"")
        return bool(self._ahead)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """`tarfile` seeks from the beginning, and forwards."""
        if offset < self._at:
            raise BadArchive(f"{self._limits.name} leads backwards.")
        for _ in self.chunks(offset - self._at):
            pass
        return self._at

    def tell(self) -> int:
        return self._at


def _compression(beginning: bytes) -> str | None:
    magics = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
    return next((name for magic, name in magics.items() if beginning.startswith(magic)), None)


def _unpacked(packed: BinaryIO, compression: str | None) -> Iterator[bytes]:
    """The bytes of a tar, a chunk at a time."""
    file: Any = packed
    if compression == "xz":
        return _unpacked_xz(packed)
    if compression == "gzip":
        file = gzip.GzipFile(fileobj=packed)
    elif compression == "bzip2":
        file = bz2.BZ2File(packed)
    elif compression == "zstd":
        file = _zstd(packed)
    return iter(partial(file.read1, CHUNK), b"")  # what there is before an end that is missing


def _unpacked_xz(packed: BinaryIO) -> Iterator[bytes]:
    """With a bound on the decompressor's memory, which `lzma.open` has not."""
    new = partial(lzma.LZMADecompressor, format=lzma.FORMAT_XZ, memlimit=LARGEST_WINDOW)
    decompressor = new()
    content = packed.read(CHUNK)
    while content or not decompressor.needs_input:
        chunk = decompressor.decompress(content, max_length=CHUNK)
        if chunk:
            yield chunk
        content = packed.read(CHUNK) if decompressor.needs_input and not decompressor.eof else b""
        if decompressor.eof:
            content = (decompressor.unused_data or packed.read(CHUNK)).lstrip(b"\0")  # padding between streams
            decompressor = new()
    if not decompressor.eof and decompressor.check != lzma.CHECK_UNKNOWN:
        raise EOFError("it is cut short")


def _zstd(packed: BinaryIO) -> Any:
    try:
        from backports import zstd
    except ImportError as error:
        raise BadArchive(f"To read a tar that is compressed by zstd: {HAS_EXTRA}.") from error
    return zstd.ZstdFile(packed)


# --- 7z


def _seven_zip(path: Path, limits: _ArchiveLimits) -> Contents:
    try:
        import py7zr
    except ImportError as error:
        raise BadArchive(f"{limits.name} is a 7z; to read it: {HAS_EXTRA}.") from error
    try:
        with path.open("rb") as file, py7zr.SevenZipFile(file, max_extract_size=limits.total_bytes) as archive:
            return _seven_zip_members(archive, limits), True
    except py7zr.PasswordRequired as error:
        raise BadArchive(f"{limits.name} is encrypted.") from error


def _seven_zip_members(archive: Any, limits: _ArchiveLimits) -> list[Member]:
    if archive.needs_password():
        raise BadArchive(f"{limits.name} is encrypted.")
    entries = list(archive.files)
    limits.require_files(len(entries))
    limits.require_bytes(sum(one.uncompressed or 0 for one in entries))
    _require_small_windows(archive, limits)
    paths, digests = [one.filename for one in entries], [one.crc32 for one in entries]
    for number, properties in enumerate(archive.files.files_list):
        properties["filename"] = str(number)  # py7zr would refuse some names; each is another so
        properties["digest"] = None  # compared when it is read: one that is wrong would end the unpacking
    unpacked = _unpack_seven_zip(archive, limits)
    found = []
    for number, entry in enumerate(entries):
        if entry.is_directory:
            continue
        size = entry.uncompressed or 0
        start, stored = unpacked.places.get(number, (0, 0))
        is_whole = stored >= limits.kept(size)
        one = _Slice(unpacked.spool, names.shown(paths[number]), start, stored, is_whole, digests[number])
        is_file = not (entry.is_symlink or entry.is_junction or entry.is_socket)
        found.append(Member(paths[number], size, one.read, is_file))
    return found


def _require_small_windows(archive: Any, limits: _ArchiveLimits) -> None:
    """A 7z says itself how much memory its decompressors take."""
    streams = archive.header.main_streams
    for folder in streams.unpackinfo.folders if streams else ():
        for coder in folder.coders:
            properties = coder["properties"] or b""
            size = 0
            if len(properties) == 5:  # LZMA and PPMd: a byte, and the size
                size = int.from_bytes(properties[1:], "little")
            elif coder["method"] == b"\x21" and properties:  # LZMA2
                size = (2 | properties[0] & 1) << (properties[0] // 2 + 11)
            if size > LARGEST_WINDOW:
                raise ArchiveTooLarge(f"{limits.name} takes {size // MEGABYTE:,} MB of memory to unpack.")


def _unpack_seven_zip(archive: Any, limits: _ArchiveLimits) -> "_SevenZipWriter":
    """All that can be: where one block of the archive is damaged, the others are unpacked all the same."""
    writer = _SevenZipWriter(limits)
    wanted = {one.filename: one.folder for one in archive.files if not one.is_directory}
    while wanted:
        try:
            archive.extract(targets=set(wanted), factory=writer)
            break
        except Exception:  # noqa: BLE001 - decoders raise what they like; each file says itself that it is not whole
            broken = wanted.get(str(writer.current))
            if broken is None:
                break
            places = writer.places
            wanted = {name: one for name, one in wanted.items() if one is not broken and int(name) not in places}
            archive.reset()
    return writer


class _SevenZipWriter:
    """What py7zr writes to: remembers where each file lies, of one that is too large only how it begins."""

    def __init__(self, limits: _ArchiveLimits) -> None:
        self.spool = _new_spool(limits)
        self.places: dict[int, tuple[int, int]] = {}
        self.current = -1
        self._largest = limits.member_bytes

    def create(self, filename: str) -> Self:
        self.current = int(filename)
        self.places[self.current] = (self.spool.end, 0)
        return self

    def write(self, content: bytes | bytearray) -> int:
        start, stored = self.places[self.current]
        kept = bytes(content[: max(0, self._largest - stored)])
        self.spool.take([kept])
        self.places[self.current] = (start, stored + len(kept))
        return len(content)

    def seek(self, offset: int, whence: int = 0) -> int:
        """py7zr goes back to the beginning of what it has written; nobody reads it there."""
        return 0

    def close(self) -> None:
        """There is nothing to be closed before the next file."""


# --- what was unpacked


class _Spool:
    """A file in which others lie one behind the other; it is gone once nobody reads them any more."""

    def __init__(self, file: IO[bytes]) -> None:
        self._descriptor = os.dup(file.fileno())
        self.end = 0

    def take(self, chunks: Iterable[bytes]) -> int:
        """Append a file; returns where it begins."""
        start = self.end
        for chunk in chunks:
            while chunk:
                try:
                    written = os.pwrite(self._descriptor, chunk, self.end)
                except OSError as error:
                    raise BadArchive(f"There is no room to unpack the archive ({error.strerror}).") from error
                self.end += written
                chunk = chunk[written:]
        return start

    def read(self, start: int, size: int) -> bytes:
        return os.pread(self._descriptor, size, start)

    def __del__(self) -> None:
        os.close(self._descriptor)


def _new_spool(limits: _ArchiveLimits) -> _Spool:
    limits.spool_folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=limits.spool_folder) as file:
        return _Spool(file)


@dataclass(frozen=True, slots=True)
class _Slice:
    """One file in a spool."""

    spool: _Spool
    name: str
    start: int
    size: int
    is_whole: bool = True
    digest: int | None = None

    def read(self, size: int) -> bytes:
        content = self.spool.read(self.start, min(size, self.size))
        is_right = self.digest is None or size < self.size or zlib.crc32(content) == self.digest
        if len(content) < min(size, self.size) or not self.is_whole or not is_right:
            raise BadArchive(f"{self.name} cannot be unpacked (it is damaged).")
        return content


def _sentence(error: Exception) -> str:
    return names.shown(" ".join(str(error).split()))[:120] or type(error).__name__
