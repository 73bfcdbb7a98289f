"""Measuring a library: what counts as found, and that nothing is changed by it."""

import os
import sqlite3
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from engine import EngineSettings, open_service
from engine.concurrency import CpuPool
from engine.domain import Evidence, Lane, Match, Pixels, SearchResult, StoredImage
from engine.errors import (
    DataDirNotWritable,
    InvalidLimit,
    LibraryTooOld,
    TooFewPictures,
    UnknownEdit,
    UnknownImage,
    UnreadableFile,
)
from engine.index import local as indexing
from engine.measuring import benching
from engine.measuring.benching import BenchPlan, BenchReport
from engine.pictures import imaging
from engine.pictures.augment import EDITS
from engine.pictures.variants import VARIANTS
from engine.storage.database import REVISION
from tests.conftest import PHOTOGRAPHS, SHIPPED, Filled, add_paths, jpeg, photograph


def stored(image_id: int) -> StoredImage:
    now = datetime.now(UTC)
    return StoredImage(
        image_id, f"{image_id:064x}", f"{image_id}.jpg", None, None, None, (), "image/jpeg", 9, 9, 9, now, None
    )


def match(image_id: int, lane: Lane = "same", p_same: float = 0.99) -> Match:
    return Match(stored(image_id), lane, p_same, p_same, False, Evidence())


def pixels_of(image_id: int) -> Pixels:
    """A flat picture whose brightness is its id times ten: what a query was made of can be told from it."""
    return np.full((80, 120, 3), image_id * 10, np.uint8)


Answer = Callable[[int, frozenset[int]], list[Match]]


class FakeLibrary:
    """Flat pictures; the answers are made by a function of (the picture asked for, what is passed over)."""

    def __init__(self, ids: list[int], answer: Answer) -> None:
        self.ids = ids
        self.answer = answer
        self.gone: set[int] = set()
        self.lost: set[int] = set()
        self.near: dict[int, frozenset[int]] = {}
        self.asked: list[tuple[int, int, frozenset[int]]] = []

    async def live_ids(self) -> list[int]:
        return self.ids

    async def get(self, image_id: int) -> StoredImage:
        if image_id in self.gone:
            raise UnknownImage("gone")
        return stored(image_id)

    async def read(self, image: StoredImage) -> Pixels:
        if image.id in self.lost:
            raise UnreadableFile("lost")
        return pixels_of(image.id)

    async def search(self, content: bytes, *, limit: int, without: frozenset[int]) -> SearchResult:
        shown = imaging.decode(content, side=2000, max_bytes=10**7, max_pixels=10**7).pixels
        image_id = round(float(np.median(shown)) / 10)
        self.asked.append((image_id, limit, without))
        return SearchResult(tuple(self.answer(image_id, without)[:limit]), {"total": 5.0})

    async def relatives(self, image_id: int) -> frozenset[int]:
        return self.near.get(image_id, frozenset())

    async def bench(self, *edits: str, pictures: int = 30) -> BenchReport:
        with CpuPool(1) as pool:
            wish = BenchPlan(pictures=pictures, edits=edits)
            return await benching.bench(self.search, self, self.read, self.relatives, pool, wish, network="fake/1")


async def test_places_and_lanes_are_counted() -> None:
    answers = {
        1: [match(1)],
        2: [match(9), match(2, "alike", 0.3)],
        3: [match(7, "alike"), match(8, "alike"), match(3, "alike", 0.2)],
        4: [],
    }
    library = FakeLibrary([1, 2, 3, 4], lambda asked, without: [] if without else answers[asked])
    report = await library.bench("mirror")
    assert asdict(report.edits[0]) == {
        "edit": "mirror",
        "copies": 4,
        "recall_at_1": 0.25,
        "recall_at_5": 0.75,
        "same": 0.25,
        "wrong_same": 1,
        "median_ms": 5.0,
    }
    assert report.all_edits.recall_at_5 == 0.75
    assert (report.pictures, report.library) == (4, 4)
    assert report.time.searches == 4 * 3 + report.all_variants.asked


async def test_another_picture_that_a_copy_shows_is_neither_wrong_nor_takes_a_place() -> None:
    def answer(asked: int, without: frozenset[int]) -> list[Match]:
        """The other one first, whichever it was."""
        return [match(one) for one in (2, 1) if one not in without] + [match(one, "alike") for one in range(3, 9)]

    library = FakeLibrary([1, 2], answer)
    library.answer = lambda asked, without: answer(asked, without) if asked == 1 else [match(2), match(1)]
    report = await library.bench("collage", pictures=1)
    (figures,) = report.edits
    assert (figures.recall_at_1, figures.wrong_same) == (1.0, 0)
    plain = await library.bench("mirror", pictures=2)
    assert (plain.edits[0].recall_at_1, plain.edits[0].wrong_same) == (0.5, 2)


async def test_five_others_are_shown_beside_the_one_that_does_not_count() -> None:
    library = FakeLibrary([1, 2], lambda asked, without: [match(one, "alike") for one in (3, 2, 4, 5, 6, 1)])
    report = await library.bench("paste")
    assert {limit for _, limit, without in library.asked[1:] if not without} == {6}
    assert report.edits[0].recall_at_5 == 1  # the sixth of the answer is the fifth that counts


class Textured(FakeLibrary):
    """Pictures of noise about the brightness by which they are told apart, so that changes are to be seen."""

    async def read(self, image: StoredImage) -> Pixels:
        noise = np.random.default_rng(image.id).integers(-40, 41, (80, 120, 1))
        return np.asarray(np.clip(pixels_of(image.id) + noise, 0, 255), np.uint8)

    def answered_in_turn(self, *answers: list[Match]) -> None:
        """To the last queries, the other versions; the others get nothing."""
        waiting = list(answers)
        queries = 2 + len(EDITS_ASKED)  # to warm up, copies, and two with the picture left out
        self.answer = lambda asked, without: (
            waiting.pop(0) if waiting and len(self.asked) > queries and not without else []
        )


EDITS_ASKED = ("mirror",)


async def test_other_versions_are_counted_by_the_lane_of_what_they_were_made_of() -> None:
    library = Textured([10, 11], lambda asked, without: [])
    library.answered_in_turn(
        [match(10, "same", 0.8)],
        [match(10, "variant", 0.1), match(9)],
        [match(9, "alike", 0.3), match(10, "alike", 0.1)],
    )
    report = await library.bench(*EDITS_ASKED, pictures=1)
    counted = [(one.asked, one.wrongly_same, one.variant, round(one.mean_p_same, 3)) for one in report.variants]
    assert [one.kind for one in report.variants] == list(VARIANTS)
    assert counted == [(1, 1, 0, 0.8), (1, 0, 1, 0.1), (1, 0, 0, 0.1), (1, 0, 0, 0.0)]
    everything = report.all_variants
    assert (everything.kind, everything.asked, everything.wrongly_same, everything.variant) == ("all", 4, 1, 1)
    assert everything.mean_p_same == pytest.approx(1 / 4)
    assert [(one.answers, one.right) for one in report.calibration.bins] == [(1, 0), (1, 0), (1, 0)]  # 0.1, 0.3, 0.8
    assert report.time.searches == 1 + 2 + 4
    assert report.all_edits.copies == 1  # a version is no copy


async def test_other_versions_of_flat_pictures_would_be_the_same_and_are_not_asked_for() -> None:
    library = FakeLibrary([1, 1], lambda asked, without: [])
    report = await library.bench("mirror", pictures=1)
    assert [one.asked for one in report.variants] == [0, 0, 0, 0]
    assert report.all_variants.mean_p_same == 0


async def test_what_is_called_the_same_while_its_picture_is_left_out_is_named() -> None:
    library = FakeLibrary([1, 2, 3], lambda asked, without: [match(7, p_same=0.8765)] if 2 in without else [])
    report = await library.bench("mirror", "blur")
    alarms = report.false_alarms
    assert (alarms.asked, alarms.alarmed) == (6, 2)
    assert [(one.query_id, one.match_id, one.p_same) for one in alarms.matches] == [(2, 7, 0.8765)] * 2
    assert [one.edit for one in alarms.matches] == ["blur", None]  # the edits take turns: the second picture's second
    assert report.calibration.answers == 2
    assert report.calibration.bins[0].right == 0


async def test_what_is_known_to_show_the_same_is_neither_wrong_nor_an_alarm() -> None:
    library = FakeLibrary([1, 2, 3], lambda asked, without: [match(one) for one in (2, 1) if one not in without])
    library.near = {1: frozenset([2]), 2: frozenset([1])}
    report = await library.bench("mirror")
    counted = [report.all_edits.recall_at_1, report.all_edits.wrong_same, report.false_alarms.alarmed]
    assert counted == [pytest.approx(2 / 3), 2, 2]  # of the third, to which they are strangers


async def test_what_a_copy_shows_too_is_left_out_with_it() -> None:
    library = FakeLibrary([1, 2], lambda asked, without: [])
    await library.bench("collage")
    assert {without for _, _, without in library.asked if len(without) != 1} == {frozenset(), frozenset([1, 2])}


async def test_picture_removed_meanwhile_is_counted_as_that_and_not_as_lost() -> None:
    library = FakeLibrary([1, 2, 3], lambda asked, without: [match(asked)] if asked not in library.gone else [])

    def remove(asked: int, without: frozenset[int]) -> list[Match]:
        if asked == 2:
            library.gone.add(2)
        return [] if asked in library.gone else [match(asked)]

    library.answer = remove
    report = await library.bench("mirror", "blur")
    assert (report.passed_over.removed, report.passed_over.unreadable, report.pictures) == (1, 0, 2)
    assert report.all_edits.recall_at_1 == 1
    assert report.all_edits.copies == 4


async def test_next_picture_is_asked_for_where_one_cannot_be_read() -> None:
    library = FakeLibrary(list(range(1, 9)), lambda asked, without: [match(asked)])
    library.lost = {1, 2, 3, 5, 6, 7}
    report = await library.bench("mirror", pictures=2)
    assert {asked for asked, _, _ in library.asked} == {4, 8}
    assert report.pictures == 2
    assert report.passed_over.unreadable <= 6
    library.lost = set(range(1, 9))
    with pytest.raises(TooFewPictures, match="can be read"):
        await library.bench("mirror", pictures=2)


async def test_sample_is_spread_over_the_library() -> None:
    library = FakeLibrary(list(range(1, 25)), lambda asked, without: [match(asked)])
    await library.bench("mirror", pictures=4)
    assert [(asked - 1) // 6 for asked in dict.fromkeys(one for one, _, _ in library.asked)] == [0, 1, 2, 3]


def test_reliability_has_the_textbook_figures() -> None:
    found = benching.reliability([(0.05, False), (0.05, True), (0.95, True), (1.0, True), (0.95, False)])
    assert [(one.low, one.high, one.answers) for one in found.bins] == [(0.0, 0.1, 2), (0.9, 1.0, 3)]
    assert found.bins[1].right == pytest.approx(2 / 3)
    assert found.bins[1].mean_p == pytest.approx(2.9 / 3)
    assert found.ece == pytest.approx((2 * 0.45 + 3 * 0.3) / 5)
    assert found.brier == pytest.approx((0.0025 + 0.9025 + 0.0025 + 0 + 0.9025) / 5)
    assert found.brier_of_base_rate == pytest.approx(0.6 * 0.4)
    assert benching.reliability([]).answers == 0


@pytest.mark.parametrize(("pictures", "seed"), [(0, 7), (-3, 7), (5, -1)])
def test_impossible_numbers_are_refused(pictures: int, seed: int) -> None:
    with pytest.raises(InvalidLimit, match="at least"):
        BenchPlan(pictures, seed)


def test_unknown_edit_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownEdit, match=r"crop.*mix"):
        BenchPlan(edits=("crop", "explode"))
    assert BenchPlan().wanted == tuple(EDITS)
    assert BenchPlan(edits=("blur", "crop", "blur")).wanted == ("blur", "crop")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        os.path.relpath(Path(where, name), folder): Path(where, name).read_bytes()
        for where, _, names in os.walk(folder)
        for name in names
    }


def rows(database: Path) -> dict[str, list[tuple[object, ...]]]:
    with sqlite3.connect(database) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in tables}
    connection.close()
    return found


async def test_library_is_the_same_byte_for_byte_afterwards(
    filled: Filled, settings: EngineSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where any other command would purge, trim and write the index down."""
    async with filled() as service:
        await service.remove([2], actor="test")
    monkeypatch.setattr(indexing, "LEAST_BEHIND", 0)
    before, tables = contents(settings.data_dir), rows(settings.data_dir / "pictrace.db")
    assert len(tables["images"]) == len(PHOTOGRAPHS)
    async with open_service(settings.model_copy(update={"undo_days": 0}), read_only=True) as service:
        report = await service.bench(BenchPlan(pictures=2, edits=("crop", "screenshot")))
        with pytest.raises(DataDirNotWritable):
            await service.remove([1], actor="test")
    assert report.library == len(PHOTOGRAPHS) - 1
    assert rows(settings.data_dir / "pictrace.db") == tables
    assert contents(settings.data_dir) == before


@pytest.mark.slow
async def test_copies_of_photographs_are_found_and_the_seed_makes_the_same_ones(filled: Filled) -> None:
    async with filled() as service:
        first, again = [await service.bench(BenchPlan(pictures=2, edits=("crop", "paste"))) for _ in range(2)]
        alone = await service.bench(BenchPlan(pictures=2, edits=("paste",)))
        other = await service.bench(BenchPlan(pictures=2, seed=8, edits=("crop", "paste")))
    assert first.edits[0].recall_at_1 == 1
    assert first.false_alarms.alarmed == 0
    assert first.calibrated
    assert first.calibration == again.calibration
    assert [one.recall_at_1 for one in first.edits[1:]] == [one.recall_at_1 for one in alone.edits]
    assert first.calibration != other.calibration


@pytest.mark.slow
async def test_known_near_duplicate_is_no_false_alarm(settings: EngineSettings) -> None:
    async with open_service(settings) as service:
        await add_paths(service, *(SHIPPED / name for name in ("coffee.png", "chelsea.png", "rocket.jpg")))
        await service.add_bytes(jpeg(photograph("coffee.png"), 60), name="again.jpg", actor="test")
        report = await service.bench(BenchPlan(edits=("grayscale",)))
    assert (report.false_alarms.alarmed, report.all_edits.recall_at_1, report.all_edits.wrong_same) == (0, 1, 0)


@pytest.mark.slow
async def test_flat_pictures_are_measured_like_any(settings: EngineSettings) -> None:
    async with open_service(settings) as service:
        for size in (1, 20, 300):
            white = np.full((size, size, 3), 255, np.uint8)
            await service.add_bytes(jpeg(white), name=f"{size}.jpg", actor="test")
        report = await service.bench(BenchPlan(edits=("crop", "turn", "paste", "noise")))
    assert (report.pictures, report.all_edits.copies) == (3, 12)
    assert report.all_edits.same == 0
    assert report.false_alarms.alarmed == 0


async def test_one_picture_is_too_few(settings: EngineSettings) -> None:
    async with open_service(settings) as service:
        with pytest.raises(TooFewPictures, match="is empty"):
            await service.bench(BenchPlan())
        await add_paths(service, SHIPPED / "coffee.png")
        with pytest.raises(TooFewPictures, match="one picture"):
            await service.bench(BenchPlan())


async def test_library_that_is_not_there_is_not_made(settings: EngineSettings) -> None:
    for _ in range(2):
        with pytest.raises(TooFewPictures, match="no library"):
            async with open_service(settings, read_only=True):
                pass
        assert not settings.data_dir.exists() or not list(settings.data_dir.iterdir())
        settings.data_dir.mkdir(exist_ok=True)


async def test_older_library_is_not_migrated_to_be_read(filled: Filled, settings: EngineSettings) -> None:
    async with filled():
        pass
    database = settings.data_dir / "pictrace.db"
    for revision, error in (("0001", LibraryTooOld), (REVISION, None)):
        with sqlite3.connect(database) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.close()
        if error:
            with pytest.raises(error, match="older PicTrace"):
                async with open_service(settings, read_only=True):
                    pass
    async with open_service(settings, read_only=True) as service:
        assert (await service.status()).images == len(PHOTOGRAPHS)
