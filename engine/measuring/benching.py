"""How well a library finds its own pictures: edited copies of a sample of them are asked like anyone's queries.

Other versions of them, too: what shows the same scene and is not the same picture is not to be called the same.
"""

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol

import numpy as np

from engine.concurrency import CpuPool
from engine.domain import Lane, Match, Pixels, Progress, SearchResult, StoredImage, no_progress
from engine.errors import ImageError, InvalidLimit, TooFewPictures, UnknownEdit, UnknownImage
from engine.pictures import imaging
from engine.pictures.augment import EDITS, SHOW_OTHER, apply
from engine.pictures.variants import VARIANTS, vary

JPEG_QUALITY = 92  # of the copies
SHOWN = 5  # matches of an answer that count
MOST = 50  # matches that a search gives
BINS = 10  # of the calibration, equal in width
LEAVE_ONE_OUT = 2  # queries a picture with itself left out: one copy, and unedited
TRIES = 20  # pictures of a part of the library, until one can be read
MIN_PICTURES = 2  # to be asked for, and to be backgrounds


@dataclass(frozen=True, slots=True)
class EditFigures:
    """Of the copies of one edit: shares whose picture comes first, among the first five, and in lane `same`.

    `wrong_same` counts other pictures in lane `same`; near-duplicates that the library has count as such too.
    """

    edit: str
    copies: int
    recall_at_1: float
    recall_at_5: float
    same: float
    wrong_same: int
    median_ms: float


@dataclass(frozen=True, slots=True)
class VariantFigures:
    """Of the other versions of one kind: how many were asked for, and in which lane came what they were made of.

    `wrongly_same`: it came in lane `same`; `variant`: in lane `variant`. `mean_p_same` is that of what they were made
    of, 0 where it did not come. Where nothing was to be seen of a change, nothing was asked.
    """

    kind: str
    asked: int
    wrongly_same: int
    variant: int
    mean_p_same: float


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """A match in lane `same` for a picture that was left out; `edit` is None where it was asked as it is."""

    query_id: int
    edit: str | None
    match_id: int
    p_same: float


@dataclass(frozen=True, slots=True)
class FalseAlarms:
    """Leave-one-out: `asked` queries whose picture was passed over; `alarmed` of them got a match in lane `same`.

    Near-duplicates that the library knows are passed over with it: what is left is wrong, or one that it does not know.
    """

    asked: int
    alarmed: int
    matches: tuple[FalseAlarm, ...]


@dataclass(frozen=True, slots=True)
class Bin:
    """Answers whose probability lies in [low, high), the last one with 1: mean probability, and share that is right."""

    low: float
    high: float
    answers: int
    mean_p: float
    right: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """Whether `p_same` of the first match means what it says, over all answers, those to other versions among them.

    `ece` is the expected calibration error: the mean gap between `mean_p` and `right`. `brier_of_base_rate` is the
    Brier score of saying the same for every answer. Bins without an answer are left out.
    """

    answers: int
    ece: float
    brier: float
    brier_of_base_rate: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True)
class Times:
    """Of the searches, decoding included; `took_s` is the whole run with the making of copies and other versions."""

    searches: int
    median_ms: float
    p99_ms: float
    took_s: float


@dataclass(frozen=True, slots=True)
class PassedOver:
    """Pictures that were drawn but not asked for."""

    unreadable: int = 0
    removed: int = 0  # by somebody else, while this ran


@dataclass(frozen=True, slots=True)
class BenchReport:
    """What `pictrace bench --json` writes; the names are a contract with other programs."""

    library: int  # pictures in it
    pictures: int  # of the sample
    seed: int
    network: str
    calibrated: bool
    workers: int
    edits: tuple[EditFigures, ...]
    all_edits: EditFigures
    variants: tuple[VariantFigures, ...]
    all_variants: VariantFigures
    false_alarms: FalseAlarms
    calibration: Reliability
    time: Times
    passed_over: PassedOver


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """What is to be measured. `edits`: names in `augment.EDITS`; none for all of them."""

    pictures: int = 30
    seed: int = 7
    edits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.pictures < 1:
            raise InvalidLimit(f"The number of pictures must be at least 1, not {self.pictures}.")
        if self.seed < 0:
            raise InvalidLimit(f"The seed must be at least 0, not {self.seed}.")
        for edit in self.edits:
            if edit not in EDITS:
                raise UnknownEdit(f"There is no edit {edit!r}; there are {', '.join(EDITS)}.")

    @property
    def wanted(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.edits)) or tuple(EDITS)

    @property
    def steps(self) -> int:
        """Queries a picture, at most."""
        return len(self.wanted) + len(VARIANTS) + LEAVE_ONE_OUT


Relatives = Callable[[int], Awaitable[frozenset[int]]]


class Search(Protocol):
    """What is asked: `SearchService.search`."""

    async def __call__(self, content: bytes, *, limit: int, without: frozenset[int]) -> SearchResult: ...


class Library(Protocol):
    """What is needed of storage."""

    async def live_ids(self) -> list[int]: ...

    async def get(self, image_id: int) -> StoredImage: ...


async def bench(
    search: Search,
    library: Library,
    read: Callable[[StoredImage], Awaitable[Pixels]],
    relatives: Relatives,
    pool: CpuPool,
    plan: BenchPlan,
    *,
    network: str,
    progress: Progress = no_progress,
) -> BenchReport:
    """Ask for edited copies and other versions of a sample of the library, one after another, and count.

    Nothing is written anywhere. The sample is spread over the whole library; the same seed on the same library gives
    the same copies and versions, whichever edits are asked for. Copies that show another picture too (pasted on it,
    beside it) show one of the library: it may be found and is then neither wrong nor does it take a place. Nor do the
    `relatives` of either, which the library knows to show the same, and which are left out together. `read` gives a
    picture's pixels or an ImageError. TooFewPictures.
    """
    started = time.perf_counter()
    ids = await library.live_ids()
    if len(ids) < MIN_PICTURES:
        has = "is empty" if not ids else "has one picture"
        raise TooFewPictures(f"The library {has}; at least {MIN_PICTURES} are needed: `pictrace add`.")
    run = _Run(search, library, read, relatives, pool, plan, ids)
    drawn = _strata(ids, plan.pictures, plan.seed)
    total = len(drawn) * plan.steps
    for number, stratum in enumerate(drawn):
        await run.picture(stratum, number, lambda done: progress(done, total))
    if not run.asked:
        raise TooFewPictures("None of the pictures drawn can be read: `pictrace check` says what is missing.")
    return run.report(network, started)


def reliability(answers: Sequence[tuple[float, bool]]) -> Reliability:
    """Of (probability, is it right) for each answer."""
    if not answers:
        return Reliability(0, 0.0, 0.0, 0.0, ())
    p, right = np.array([one for one, _ in answers]), np.array([one for _, one in answers], np.float64)
    places = np.minimum((p * BINS).astype(int), BINS - 1)
    bins = tuple(
        Bin(place / BINS, (place + 1) / BINS, int(here.sum()), float(p[here].mean()), float(right[here].mean()))
        for place in range(BINS)
        if (here := places == place).any()
    )
    gaps = sum(one.answers * abs(one.mean_p - one.right) for one in bins)
    base = float(right.mean())
    return Reliability(len(p), gaps / len(p), float(((p - right) ** 2).mean()), base * (1 - base), bins)


def _strata(ids: list[int], pictures: int, seed: int) -> list[Iterator[int]]:
    """The library in as many parts as pictures are wanted, of each a few in a random order."""
    random = np.random.default_rng(seed)
    parts = np.array_split(np.array(ids, np.int64), min(pictures, len(ids)))
    return [map(int, random.permutation(part)[:TRIES]) for part in parts]


@dataclass(frozen=True, slots=True)
class _Copy:
    edit: str
    content: bytes
    beside: frozenset[int]  # is shown too, or shows the same


@dataclass(frozen=True, slots=True)
class _AskedCopy:
    """One copy's answer, without what else the copy shows."""

    edit: str
    place: int | None  # of the right picture, from 1
    is_same: bool
    wrong_same: int
    took_ms: float


@dataclass(frozen=True, slots=True)
class _AskedVariant:
    """The match of one variant's answer that the variant was made of, if it came."""

    kind: str
    lane: Lane | None
    p_same: float


class _Run:
    """One run: what was asked so far."""

    def __init__(
        self,
        search: Search,
        library: Library,
        read: Callable[[StoredImage], Awaitable[Pixels]],
        relatives: Relatives,
        pool: CpuPool,
        plan: BenchPlan,
        ids: list[int],
    ) -> None:
        self._search = search
        self._library = library
        self._read = read
        self._relatives = relatives
        self._pool = pool
        self._wish = plan
        self._ids = ids
        self._calibrated = True
        self._unreadable: set[int] = set()
        self._removed: set[int] = set()
        self._times: list[float] = []
        self._believed: list[tuple[float, bool]] = []
        self._left_out = 0
        self._alarms: list[FalseAlarm] = []
        self._alarmed = 0
        self.pictures = 0
        self.asked: list[_AskedCopy] = []
        self.varied: list[_AskedVariant] = []

    async def picture(self, stratum: Iterator[int], number: int, progress: Callable[[int], None]) -> None:
        """Ask for the copies of the first picture of a part that can be read."""
        steps = self._wish.steps
        for image_id in stratum:
            pixels = await self._pixels(image_id)
            if pixels is not None:
                if not self._times:
                    await self._warm_up(pixels)
                if await self._copies(image_id, pixels, number, lambda done: progress(number * steps + done)):
                    self.pictures += 1
                break
        progress((number + 1) * steps)

    async def _copies(self, image_id: int, pixels: Pixels, number: int, progress: Callable[[int], None]) -> bool:
        """False where the picture was removed meanwhile; what was asked for it by then does not count."""
        asked, believed, times = [], [], []
        again = None
        for place, edit in enumerate(self._wish.wanted):
            copy = await self._copy(image_id, pixels, edit)
            result = await self._search(copy.content, limit=min(MOST, SHOWN + len(copy.beside)), without=frozenset())
            matches = [match for match in result.matches if match.image.id not in copy.beside][:SHOWN]
            self._calibrated = result.calibrated
            one = _counted(edit, matches, image_id, result.timings_ms["total"])
            if one.place is None and await self._is_gone(image_id):
                return False
            asked.append(one)
            times.append(one.took_ms)
            believed += [(match.p_same, match.image.id == image_id) for match in matches[:1]]
            if place == number % len(self._wish.wanted):
                again = copy
            progress(place + 1)
        self.asked += asked
        self._times += times
        self._believed += believed
        if again:
            await self._leave_out(image_id, again.edit, again.content, again.beside)
        await self._leave_out(image_id, None, await self._encoded(pixels), await self._relatives(image_id))
        for kind in VARIANTS:
            await self._variant(image_id, pixels, kind)
        return True

    async def _variant(self, image_id: int, pixels: Pixels, kind: str) -> None:
        """Ask for another version of a picture: nothing in the library is the same."""
        random = np.random.default_rng([self._wish.seed, image_id, len(EDITS) + list(VARIANTS).index(kind)])
        seed = int(random.integers(1 << 31))
        other_id, other = await self._other(image_id, pixels, random)
        made = await self._pool.run(lambda: vary(kind, pixels, other, seed=seed))
        if made is None:
            return
        result = await self._search(await self._encoded(made), limit=SHOWN + 1, without=frozenset())
        matches = [match for match in result.matches if match.image.id != other_id][:SHOWN]
        own = next((match for match in matches if match.image.id == image_id), None)
        self.varied.append(_AskedVariant(kind, own.lane if own else None, own.p_same if own else 0.0))
        self._times.append(result.timings_ms["total"])
        self._believed += [(match.p_same, False) for match in matches[:1]]

    async def _leave_out(self, image_id: int, edit: str | None, content: bytes, beside: frozenset[int]) -> None:
        """Ask as if the picture were not in the library: whatever is called the same is not it."""
        result = await self._search(content, limit=SHOWN, without=beside | {image_id})
        alarms = [
            FalseAlarm(image_id, edit, match.image.id, round(match.p_same, 4))
            for match in result.matches
            if match.lane == "same"
        ]
        self._left_out += 1
        self._alarmed += bool(alarms)
        self._alarms += alarms
        self._times.append(result.timings_ms["total"])
        self._believed += [(match.p_same, False) for match in result.matches[:1]]

    async def _warm_up(self, pixels: Pixels) -> None:
        """The first search of a process loads what later ones have."""
        await self._search(await self._encoded(pixels), limit=SHOWN, without=frozenset())

    async def _copy(self, image_id: int, pixels: Pixels, edit: str) -> _Copy:
        random = np.random.default_rng([self._wish.seed, image_id, list(EDITS).index(edit)])
        seed = int(random.integers(1 << 31))
        other_id, other = None, pixels
        if edit in SHOW_OTHER:
            other_id, other = await self._other(image_id, pixels, random)
        content = await self._pool.run(_edited, edit, pixels, other, seed)
        shown = {image_id} if other_id is None else {image_id, other_id}
        beside = frozenset(shown).union(*[await self._relatives(one) for one in shown])
        return _Copy(edit, content, beside - {image_id})

    async def _other(self, image_id: int, pixels: Pixels, random: np.random.Generator) -> tuple[int | None, Pixels]:
        """Another picture of the library that can be read; the picture itself where a few tries find none."""
        for _ in range(SHOWN):
            other_id = self._ids[int(random.integers(len(self._ids)))]
            if other_id == image_id:
                other_id = self._ids[self._ids.index(image_id) - 1]
            found = await self._pixels(other_id)
            if found is not None:
                return other_id, found
        return None, pixels

    async def _pixels(self, image_id: int) -> Pixels | None:
        try:
            return await self._read(await self._library.get(image_id))
        except UnknownImage:
            self._removed.add(image_id)
        except ImageError:
            # A picture that was purged a moment ago has lost its file for good reason.
            (self._removed if await self._is_gone(image_id) else self._unreadable).add(image_id)
        return None

    async def _is_gone(self, image_id: int) -> bool:
        try:
            await self._library.get(image_id)
        except UnknownImage:
            self._removed.add(image_id)
            return True
        return False

    async def _encoded(self, pixels: Pixels) -> bytes:
        return await self._pool.run(imaging.encode_jpeg, pixels, quality=JPEG_QUALITY)

    def report(self, network: str, started: float) -> BenchReport:
        by_edit = {edit: [one for one in self.asked if one.edit == edit] for edit in self._wish.wanted}
        return BenchReport(
            library=len(self._ids),
            pictures=self.pictures,
            seed=self._wish.seed,
            network=network,
            calibrated=self._calibrated,
            workers=self._pool.workers,
            edits=tuple(_figures(edit, asked) for edit, asked in by_edit.items()),
            all_edits=_figures("all", self.asked),
            variants=tuple(_variant_figures(kind, self.varied) for kind in VARIANTS),
            all_variants=_variant_figures("all", self.varied),
            false_alarms=FalseAlarms(self._left_out, self._alarmed, tuple(self._alarms)),
            calibration=reliability(self._believed),
            time=Times(
                searches=len(self._times),
                median_ms=median(self._times),
                p99_ms=float(np.percentile(self._times, 99)),
                took_s=time.perf_counter() - started,
            ),
            passed_over=PassedOver(len(self._unreadable), len(self._removed)),
        )


def _counted(edit: str, matches: Sequence[Match], image_id: int, took_ms: float) -> _AskedCopy:
    ids = [match.image.id for match in matches]
    same = [match.image.id for match in matches if match.lane == "same"]
    return _AskedCopy(
        edit,
        place=ids.index(image_id) + 1 if image_id in ids else None,
        is_same=image_id in same,
        wrong_same=sum(one != image_id for one in same),
        took_ms=took_ms,
    )


def _figures(edit: str, asked: Sequence[_AskedCopy]) -> EditFigures:
    return EditFigures(
        edit=edit,
        copies=len(asked),
        recall_at_1=sum(one.place == 1 for one in asked) / len(asked),
        recall_at_5=sum(one.place is not None for one in asked) / len(asked),
        same=sum(one.is_same for one in asked) / len(asked),
        wrong_same=sum(one.wrong_same for one in asked),
        median_ms=median(one.took_ms for one in asked),
    )


def _variant_figures(kind: str, varied: Sequence[_AskedVariant]) -> VariantFigures:
    asked = [one for one in varied if kind in ("all", one.kind)]
    return VariantFigures(
        kind=kind,
        asked=len(asked),
        wrongly_same=sum(one.lane == "same" for one in asked),
        variant=sum(one.lane == "variant" for one in asked),
        mean_p_same=sum(one.p_same for one in asked) / len(asked) if asked else 0.0,
    )


def _edited(edit: str, pixels: Pixels, other: Pixels, seed: int) -> bytes:
    return imaging.encode_jpeg(apply(edit, pixels, other, seed=seed), quality=JPEG_QUALITY)
