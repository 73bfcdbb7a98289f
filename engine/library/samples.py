"""Pictures to try PicTrace with: those that scikit-image ships, and edited copies of some to ask with."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from engine.concurrency import CpuPool
from engine.domain import SAMPLE_TAG, AddResult, Pixels
from engine.errors import UnknownSample
from engine.features import hashes
from engine.library.adding import Adder
from engine.pictures import augment, imaging
from engine.pictures.sources import expand
from engine.settings import EngineSettings
from engine.storage.repository import Repository
from engine.storage.statements import Operation

SHIPPED = Path(str(files("skimage") / "data"))
SUFFIXES = {".png", ".jpg"}
STRANGER = "motorcycle_left.png"  # asked for, but kept out of the library
KEPT_OUT = {"motorcycle_right.png", STRANGER}  # the same motorcycle, a step aside
LIMITS: dict[str, Any] = {"side": imaging.QUERY_SIDE, "max_bytes": 10**8, "max_pixels": 10**8}  # these files are known


@dataclass(frozen=True, slots=True)
class SampleQuery:
    """An edited copy to ask with; `edit` is a name in `augment.EDITS`, or None for a picture that is not there."""

    name: str
    file: str
    edit: str | None
    seed: int = 0


QUERIES = {
    query.name: query
    for query in (
        SampleQuery("crop", "astronaut.png", "crop", 3),
        SampleQuery("mirror", "chelsea.png", "mirror"),
        SampleQuery("screenshot", "coffee.png", "screenshot", 11),
        SampleQuery("turn", "rocket.jpg", "turn", 1),
        SampleQuery("stranger", STRANGER, None),
    )
}


def pictures() -> list[Path]:
    """The files that make a library to try."""
    return sorted(p for p in SHIPPED.iterdir() if p.suffix in SUFFIXES and p.name not in KEPT_OUT)


@cache
def fingerprints() -> frozenset[str]:
    """The SHA-256 of each of them."""
    return frozenset(hashes.sha256(path.read_bytes()) for path in pictures())


@cache
def query(name: str) -> bytes:
    """A JPEG to ask with, made anew from a shipped picture. UnknownSample."""
    if name not in QUERIES:
        raise UnknownSample(f"There is no sample {name!r}; there are {', '.join(QUERIES)}.")
    asked = QUERIES[name]
    pixels = _pixels(asked.file)
    if asked.edit:
        pixels = augment.apply(asked.edit, pixels, _pixels("chelsea.png"), seed=asked.seed)
    return imaging.encode_jpeg(np.ascontiguousarray(pixels), quality=85)


class Samples:
    """The samples of one library."""

    names = tuple(QUERIES)  # of pictures to ask with

    def __init__(self, settings: EngineSettings, repository: Repository, adder: Adder, pool: CpuPool) -> None:
        self._settings = settings
        self._repository = repository
        self._adder = adder
        self._pool = pool

    async def add(self, *, actor: str) -> list[AddResult]:
        """Add them, as one operation, with the tag `sample`."""
        sources = [source for path in pictures() for source in expand(path, self._settings)]
        return [result async for result in self._adder.add(sources, actor=actor, tags=[SAMPLE_TAG])]

    async def remove(self, *, actor: str) -> int | None:
        """Take them out again; returns the operation's id, None where there are none."""
        ids = await self._ids()
        return await self._repository.images.remove(ids, Operation("remove", actor)) if ids else None

    async def present(self) -> int:
        """How many of them are in the library."""
        return len(await self._ids())

    async def query(self, name: str) -> bytes:
        """A JPEG to ask with, once they are there. UnknownSample."""
        return await self._pool.run(query, name)

    async def _ids(self) -> list[int]:
        wanted = await self._pool.run(fingerprints)
        return sorted((await self._repository.images.ids_by_sha256(sorted(wanted))).values())


def _pixels(name: str) -> Pixels:
    return imaging.decode((SHIPPED / name).read_bytes(), **LIMITS).pixels
