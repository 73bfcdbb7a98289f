"""Keeps the embedding index level with storage: storage is the truth, every index is a cache."""

import asyncio
import json
import logging
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from filelock import FileLock, Timeout

from engine.concurrency import CpuPool
from engine.domain import NetworkRef, Vector
from engine.index.base import LocalIndex, PooledIndex
from engine.index.flat import FlatIndex
from engine.index.hamming import HammingIndex
from engine.index.hnsw import HnswIndex
from engine.storage import codec
from engine.storage.repository import Repository

logger = logging.getLogger(__name__)

HNSW_FROM = 50_000  # pictures; exact search takes some 15 ms there
COSINE_DIGITS = 6
PART_BITS = 4  # a key is the picture's id and, in its last bits, the part
CHECKPOINT_AFTER = 2_000  # changes; fewer are quicker to catch up with than to write down
KINDS: dict[str, type[FlatIndex] | type[HnswIndex]] = {"exact": FlatIndex, "hnsw": HnswIndex}

IndexKind = Literal["auto", "exact", "hnsw"]


@dataclass(frozen=True, slots=True)
class Near:
    """A picture near to a query; `cosine` in [-1, 1]."""

    image_id: int
    cosine: float


class LibraryIndex:
    """The embeddings of one network of a library, in memory; `catch_up` before a search makes it current."""

    def __init__(
        self,
        repository: Repository,
        pool: CpuPool,
        directory: Path,
        network: NetworkRef,
        dimensions: int,
        kind: IndexKind,
        *,
        read_only: bool = False,
    ) -> None:
        """`read_only`: it is never written down, however many changes ago the last time is."""
        self._read_only = read_only
        self.network = network
        self.dimensions = dimensions
        self.seq = 0
        self.kind = kind
        self._wanted_kind = kind
        self._repository = repository
        self._pool = pool
        self._checkpoints = Checkpoints(directory, network, dimensions)
        self._index = PooledIndex(FlatIndex(dimensions), pool)
        self._hashes = HammingIndex()
        self._catching_up = asyncio.Lock()
        self._loaded = False

    @property
    def size(self) -> int:
        return len(self._index.local)

    async def catch_up(self, seq: int, trimmed: int) -> None:
        """Take in what changed up to the library's `seq`; `trimmed`: changes up to there are out of the feed."""
        if self._loaded and seq == self.seq:
            return
        async with self._catching_up:
            if not self._loaded:
                await self._load()
            if self.seq < trimmed:
                await self._rebuild()
            elif self.seq < seq:
                last, ids = await self._repository.changed_since(self.seq)
                if ids is None:
                    await self._rebuild()
                else:
                    await self._replace(ids)
                    self.seq = last
            await self._switch_kind()
            await self.checkpoint_if_worthwhile()

    async def search(self, vectors: Vector, count: int) -> list[list[Near]]:
        """For each row of `vectors` (n, dimensions) the nearest pictures, nearest first, each once."""
        answers = []
        for hits in await self._index.search(vectors, count):
            nearest: dict[int, float] = {}
            for key, distance in zip(hits.keys.tolist(), hits.distances.tolist(), strict=True):
                # What lies beyond depends on where in the index a vector stands, and would decide between equals.
                nearest.setdefault(key >> PART_BITS, round(1 - distance, COSINE_DIGITS))
            answers.append([Near(image_id, cosine) for image_id, cosine in nearest.items()])
        return answers

    async def nearest_hashes(self, phash: int, count: int) -> list[int]:
        """The pictures whose hashes are nearest to one, however far, nearest first."""
        hits = (await self._pool.run(self._hashes.search, np.array([phash], np.uint64), count))[0]
        return [int(key) for key in hits.keys]

    @property
    def checkpoint_seq(self) -> int | None:
        return self._checkpoints.seq()

    async def checkpoint_if_worthwhile(self) -> None:
        """Write the index down once the last time is many changes ago, a tenth of what there is to write."""
        behind = self.seq - (self._checkpoints.seq() or 0)
        if self._loaded and not self._read_only and behind >= max(CHECKPOINT_AFTER, self.size // 10):
            await self.checkpoint()

    async def checkpoint(self) -> None:
        """Write the index down, so that the next process starts with it."""
        kind = "hnsw" if isinstance(self._index.local, HnswIndex) else "exact"
        await self._pool.run(self._checkpoints.save, self._index.local, kind, self.seq)

    async def _load(self) -> None:
        found = await self._pool.run(self._checkpoints.load)
        if found:
            local, self.seq = found
            self._index = PooledIndex(local, self._pool)
            await self._fill_hashes(None)
        else:
            await self._rebuild()
        self._loaded = True

    async def _rebuild(self) -> None:
        seq = (await self._repository.head()).seq
        index = PooledIndex(FlatIndex(self.dimensions), self._pool)
        await self._fill(index, None)
        await self._fill_hashes(None)
        self._index, self.seq = index, seq

    async def _replace(self, ids: list[int]) -> None:
        """Bring some pictures level: those that are still there are added again, the others stay away."""
        keys = np.array([image_id << PART_BITS for image_id in ids], np.int64)  # part 0, the only one so far
        await self._index.remove(keys)
        await self._fill(self._index, ids)
        await self._fill_hashes(ids)

    async def _fill_hashes(self, ids: list[int] | None) -> None:
        """Those of all pictures, or of some in place of what there was; they are not written down with the index."""
        found = await self._repository.phashes(ids)
        if ids is None:
            self._hashes = HammingIndex()
        else:
            self._hashes.remove(np.array(ids, np.int64))
        await self._pool.run(self._hashes.add, *found)

    async def _fill(self, index: PooledIndex, ids: list[int] | None) -> None:
        async for rows in self._repository.embeddings_of(self.network, ids):
            if rows:
                keys = np.array([image_id << PART_BITS | part for image_id, part, _ in rows], np.int64)
                await index.add(keys, codec.vectors_from_bytes([vector for *_, vector in rows], self.dimensions))

    async def _switch_kind(self) -> None:
        wanted = self._wanted_kind
        if wanted == "auto":
            wanted = "hnsw" if self.size >= HNSW_FROM else "exact"
        if isinstance(self._index.local, KINDS[wanted]):
            self.kind = wanted
            return
        logger.info("changing the index over to %s at %d pictures", wanted, self.size)
        index = PooledIndex(KINDS[wanted](self.dimensions), self._pool)
        await self._fill(index, None)
        self._index, self.kind = index, wanted


class Checkpoints:
    """Index files named `<network>-<version>-<seq>.<kind>`, each with a note of its length and checksum.

    A torn file, or one of another network, is passed over: the index is rebuilt from storage then.
    """

    def __init__(self, directory: Path, network: NetworkRef, dimensions: int) -> None:
        self._directory = directory
        self._prefix = f"{network.name}-{network.version}-"
        self._dimensions = dimensions

    def seq(self) -> int | None:
        """The newest checkpoint's `seq`."""
        return max((seq for seq, _ in self._files()), default=None)

    def save(self, index: LocalIndex, kind: str, seq: int) -> None:
        """Write one and drop older ones; does nothing while another process is at it, or where it cannot be written."""
        try:
            self._directory.mkdir(parents=True, exist_ok=True)
            with FileLock(self._directory / "checkpoint.lock", timeout=0):
                target = self._directory / f"{self._prefix}{seq}.{kind}"
                partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
                try:
                    index.save(partial)
                    note = {"bytes": partial.stat().st_size, "crc32": _crc32(partial)}
                    partial.replace(target)
                finally:
                    partial.unlink(missing_ok=True)
                _note_of(target).write_text(json.dumps(note))
                for _, path in self._files():
                    if path != target:
                        _note_of(path).unlink(missing_ok=True)
                        path.unlink(missing_ok=True)
        except Timeout:
            return
        except OSError as error:
            logger.warning("the index could not be written down (%s); it will be rebuilt at the next start", error)

    def load(self) -> tuple[LocalIndex, int] | None:
        """The newest whole checkpoint and its `seq`."""
        for seq, path in sorted(self._files(), reverse=True):
            if self.is_torn(path):
                logger.warning("the index file %s is torn; the index is rebuilt from storage", path.name)
                continue
            try:
                return KINDS[path.suffix[1:]].load(path, self._dimensions), seq
            except (ValueError, OSError, KeyError) as error:
                logger.warning("the index file %s cannot be used (%s); it is rebuilt from storage", path.name, error)
        return None

    def torn(self) -> list[Path]:
        return [path for _, path in self._files() if self.is_torn(path)]

    def drop(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        _note_of(path).unlink(missing_ok=True)

    @staticmethod
    def is_torn(path: Path) -> bool:
        try:
            note = json.loads(_note_of(path).read_text())
            return bool(path.stat().st_size != note["bytes"] or _crc32(path) != note["crc32"])
        except (OSError, ValueError, KeyError, TypeError):
            return True

    def _files(self) -> list[tuple[int, Path]]:
        found = []
        for path in self._directory.glob(f"{self._prefix}*"):
            middle = path.name[len(self._prefix) : -len(path.suffix)]
            if path.suffix[1:] in KINDS and middle.isdigit():
                found.append((int(middle), path))
        return found


def oldest_checkpoint(directory: Path) -> int | None:
    """The least `seq` that an index of any network may start from."""
    seqs = [path.stem.rpartition("-")[2] for kind in KINDS for path in directory.glob(f"*.{kind}")]
    return min((int(seq) for seq in seqs if seq.isdigit()), default=None)


def _note_of(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def _crc32(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            checksum = zlib.crc32(chunk, checksum)
    return checksum
