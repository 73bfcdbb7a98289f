"""Indexes written down, so that the next process starts with them: caches, of which any may be missing or torn."""

import json
import logging
import os
import re
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from engine.domain import NetworkHead, NetworkRef
from engine.index.base import LocalIndex
from engine.index.flat import FlatIndex
from engine.index.hamming import HammingIndex
from engine.index.hnsw import HnswIndex
from engine.storage.writing import PARTIAL, write_whole

logger = logging.getLogger(__name__)

FORMAT = 4  # of what is written; others are passed over
KINDS: dict[str, type[LocalIndex]] = {"exact": FlatIndex, "hnsw": HnswIndex}
HASHES, NOTE = ".hashes", ".json"
ANY_NAME = re.compile(rf"[^.].*-\d+\.(?:{'|'.join(KINDS)})(?:\..+)?")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What was read: an index and the hashes, which hold every change up to `seq`, and perhaps later ones."""

    local: LocalIndex
    hashes: HammingIndex
    seq: int
    kind: str


class Checkpoints:
    """Files named `<network>-<version>-<seq>.<kind>`, others that begin with that name, and a note, written last.

    Those of the head for looks have its name before the `<seq>`, and empty hashes.

    The note has length and checksum of each; without a note that they agree with, a checkpoint counts for nothing.
    Reading all of it for the checksum also brings into memory what is mapped then.
    """

    def __init__(self, directory: Path, network: NetworkRef, head: NetworkHead) -> None:
        self._directory = directory
        self._network = network
        self._dimensions = head.dimensions
        of_network = f"{network.name}-{network.version}-"
        self._stem = of_network if head.name == "copy" else f"{of_network}{head.name}-"
        kinds = "|".join(KINDS)
        self._name = re.compile(rf"\.?{re.escape(self._stem)}(?P<seq>\d+)\.(?P<kind>{kinds})(?P<rest>\..+)?")
        self._of_network = re.compile(rf"\.?{re.escape(of_network)}(?:looks-)?\d+\.(?:{kinds})(?:\..+)?")
        lock = "checkpoint.lock" if head.name == "copy" else f"checkpoint-{head.name}.lock"
        self._lock = FileLock(directory / lock, timeout=0, thread_local=False)

    def seq(self, kinds: Collection[str] = tuple(KINDS)) -> int | None:
        """The newest checkpoint's `seq`."""
        return max((seq for seq, path in self._files(kinds) if _note_of(path).exists()), default=None)

    @contextmanager
    def writing(self) -> Iterator[bool]:
        """Whether it is this process's turn to write; True also where nobody can, which `save` will find out."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
        except Timeout:
            yield False
            return
        except OSError:
            yield True
            return
        try:
            yield True
        finally:
            self._lock.release()

    def save(self, index: LocalIndex, hashes: HammingIndex, kind: str, seq: int) -> Path | None:
        """Write one, inside `writing`, and drop all others; None where it cannot be written."""
        target = self._directory / f"{self._stem}{seq}.{kind}"
        partial = target.with_name(f".{target.name}{PARTIAL}")
        try:
            for path in self._matching(lambda name: name.startswith(".")):
                path.unlink(missing_ok=True)  # somebody was killed while writing
            written = index.save(partial)
            written += hashes.save(partial.with_name(partial.name + HASHES))
            for path in written:
                with path.open("rb+") as file:
                    os.fsync(file.fileno())
            files = {path.name[len(partial.name) :]: _described(path) for path in written}
            _note_of(target).unlink(missing_ok=True)  # of the same seq: not that of other files, not even for a moment
            for path in written:
                path.replace(target.with_name(target.name + path.name[len(partial.name) :]))
            note = {"format": FORMAT, "network": str(self._network), "files": files}
            write_whole(_note_of(target), json.dumps(note).encode())
        except OSError as error:
            logger.warning("the index could not be written down (%s); it will be rebuilt at the next start", error)
            for path in self._matching(lambda name: name.startswith(".")):
                with suppress(OSError):
                    path.unlink()
            return None
        # Those of networks that the library has left too: they would hold back the trimming of the feed for ever.
        for path in [*self._matching(lambda name: not name.startswith((target.name, "."))), *self._of_other_networks()]:
            with suppress(OSError):  # where a mapped file cannot be deleted, the next one to write does it
                path.unlink()
        return target

    def load(self, kinds: Collection[str] = tuple(KINDS)) -> Checkpoint | None:
        """The newest whole checkpoint."""
        listed = sorted(self._files(kinds), reverse=True)
        for seq, path in listed:
            reason = self._fault(path)
            if reason is None:
                try:
                    return self.read(path, seq)
                except (ValueError, OSError) as error:
                    reason = f"cannot be used ({error})"
            if not path.exists() and (now := self.seq(kinds)) is not None and now > seq:
                return self.load(kinds)  # another process has written a newer one, and dropped this
            logger.warning("the index file %s %s; the index is rebuilt from storage", path.name, reason)
        others = [path.name for kind in kinds for path in self._directory.glob(f"*.{kind}")]
        if others and not listed:
            logger.info("index files of other networks are passed over: %s", ", ".join(sorted(others)))
        return None

    def read(self, path: Path, seq: int) -> Checkpoint:
        """One that is known to be whole."""
        kind = path.suffix[1:]
        hashes = HammingIndex.load(path.with_name(path.name + HASHES))
        return Checkpoint(KINDS[kind].load(path, self._dimensions), hashes, seq, kind)

    def is_whole(self, seq: int, kind: str) -> bool:
        return any(one == seq and self._fault(path) is None for one, path in self._files((kind,)))

    def torn(self) -> list[Path]:
        return [path for _, path in self._files() if self._fault(path)]

    def drop(self, path: Path) -> None:
        for one in self._directory.glob(f"{path.name}*"):
            one.unlink(missing_ok=True)

    def _fault(self, path: Path) -> str | None:
        """What is wrong with a checkpoint, if anything."""
        try:
            note = json.loads(_note_of(path).read_bytes())
            if note.get("format") != FORMAT:
                return "is of another version of PicTrace"
            if note["network"] != str(self._network):
                return f"is of {note['network']}"
            whole = all(_described(path.with_name(path.name + rest)) == said for rest, said in note["files"].items())
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            whole = False
        return None if whole else "is torn"

    def _files(self, kinds: Collection[str] = tuple(KINDS)) -> list[tuple[int, Path]]:
        found = []
        for path in self._directory.glob("*"):
            name = self._name.fullmatch(path.name)
            if name and not path.name.startswith(".") and not name["rest"] and name["kind"] in kinds:
                found.append((int(name["seq"]), path))
        return found

    def _of_other_networks(self) -> list[Path]:
        return [
            one
            for one in self._directory.glob("*")
            if ANY_NAME.fullmatch(one.name) and not self._of_network.match(one.name)
        ]

    def _matching(self, wanted: Callable[[str], bool]) -> list[Path]:
        return [path for path in self._directory.glob("*") if self._name.fullmatch(path.name) and wanted(path.name)]


def oldest_checkpoint(directory: Path) -> int | None:
    """The least `seq` that an index of any network may start from."""
    seqs = [path.stem.rpartition("-")[2] for kind in KINDS for path in directory.glob(f"*.{kind}")]
    return min((int(seq) for seq in seqs if seq.isdigit()), default=None)


def _note_of(path: Path) -> Path:
    return path.with_name(path.name + NOTE)


def _described(path: Path) -> dict[str, int]:
    """Length and checksum of a file."""
    checksum = length = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            checksum, length = zlib.crc32(chunk, checksum), length + len(chunk)
    return {"bytes": length, "crc32": checksum}
