"""Near-duplicates: named when they are added, found later, decided on, and taken back."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage
from sqlalchemy import select, text

from engine import EngineSettings, PicTraceError, SearchService, open_service
from engine.domain import SAMPLE_TAG, AddResult, Pair, Pixels, StoredImage
from engine.errors import DiskFull, FilesUnreachable, InvalidLimit, NotDuplicates, NothingToUndo, UnknownImage
from engine.library.originals import Originals
from engine.matching.candidates import Candidates
from engine.matching.near_duplicates import Comparer, Known
from engine.pictures import augment
from engine.pictures.sources import Source
from engine.storage.additions import Additions
from engine.storage.pairs import NOT, THOROUGHLY, WHOLE, Pairs
from engine.storage.tables import images
from tests.conftest import PHOTOGRAPHS, SHIPPED, Filled, add_paths, jpeg, original_of, photograph, thumbnail_of
from tests.older_tables import BEFORE_0007
from tests.small_library import menu


def middle(pixels: Pixels, share: float) -> Pixels:
    """What is left when as much is cut off all around."""
    height, width = pixels.shape[:2]
    top, left = round(height * (1 - share) / 2), round(width * (1 - share) / 2)
    return pixels[top : height - top, left : width - left]


def stickered(pixels: Pixels) -> Pixels:
    covered = pixels.copy()
    height, width = covered.shape[:2]
    cv2.circle(covered, (width // 3, height // 3), min(width, height) // 8, (250, 210, 20), -1)
    return covered


COPIES: dict[str, Callable[[Pixels], Pixels]] = {
    "saved anew": lambda pixels: pixels,
    "small": lambda pixels: cv2.resize(pixels, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA),
    "mirrored": lambda pixels: pixels[:, ::-1],
    "turned": lambda pixels: np.rot90(pixels),
    "85 % of it": lambda pixels: middle(pixels, 0.92),
    "mirrored, 85 % of it": lambda pixels: middle(pixels, 0.92)[:, ::-1],
    "stickered": stickered,
    "grey": lambda pixels: np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2),
}


async def add(service: SearchService, contents: Iterable[bytes]) -> list[AddResult]:
    sources = [Source(f"{n}.jpg", partial(bytes, content), len(content)) for n, content in enumerate(contents)]
    return [result async for result in service.add(sources, actor="test")]


async def groups(service: SearchService) -> list[list[int]]:
    return [[twin.image.id for twin in group.pictures] for group in (await service.duplicates.groups()).groups]


async def contained(service: SearchService) -> list[tuple[int, int]]:
    return [(pair.part.id, pair.whole.id) for pair in await service.duplicates.contained()]


async def variants(service: SearchService) -> list[set[int]]:
    found = (await service.duplicates.groups(lane="variant")).groups
    return [{one.image.id for one in group.pictures} for group in found]


async def compared(service: SearchService) -> list[int]:
    async with service.database.read() as connection:
        return list((await connection.scalars(select(images.c.compared).order_by(images.c.id))).all())


@pytest.mark.parametrize("copy", COPIES)
async def test_edited_copy_is_named_when_it_is_added(filled: Filled, copy: str) -> None:
    async with filled() as service:
        ids = {image.filename: image.id for image in (await service.page()).images}
        for name in ("astronaut.png", "coffee.png", "chelsea.png"):
            (added,) = await add(service, [jpeg(np.ascontiguousarray(COPIES[copy](photograph(name))), 80)])
            assert (added.status, added.near) == ("added", (ids[name],)), name
        assert sorted(map(len, await groups(service))) == [2, 2, 2]


async def test_strangers_and_kin_are_not_named(filled: Filled) -> None:
    async with filled() as service:
        strangers = [SHIPPED / name for name in ("moon.png", "text.png", "page.png", "brick.png", "ihc.png")]
        # Two pieces of one picture that do not overlap.
        apart = [jpeg(photograph("coffee.png")[:150, :200]), jpeg(photograph("coffee.png")[250:, 380:])]
        results = [*await add_paths(service, *strangers), *await add(service, apart)]
        assert [result.near for result in results[:5]] == [()] * 5
        assert results[-2].id not in results[-1].near


async def test_pictures_that_only_share_a_layout_are_not_named_nor_found_later(small: SearchService) -> None:
    first, other, again = await add(small, [jpeg(menu(1, 1)), jpeg(menu(1, 2)), jpeg(menu(1, 1), 60)])
    assert (first.near, other.near, again.near) == ((again.id,), (), (first.id,))
    await small.duplicates.compare(thorough=True)
    assert [set(group) for group in await groups(small)] == [{first.id, again.id}]
    assert await variants(small) == [{first.id, other.id, again.id}]


async def test_two_new_pictures_of_one_portion_find_each_other(service: SearchService) -> None:
    pixels = photograph("coffee.png")
    first, other, second = await add(service, [jpeg(pixels), jpeg(photograph("rocket.jpg")), jpeg(pixels, 60)])
    assert (first.near, other.near, second.near) == ((second.id,), (), (first.id,))
    assert (await service.duplicates.groups()).waiting == 1  # whether their pixels are equal
    await service.duplicates.compare()
    assert (await service.duplicates.groups()).waiting == 0


async def test_the_very_same_file_is_a_duplicate_and_names_nothing_else(service: SearchService) -> None:
    content = jpeg(photograph("coffee.png"))
    await add(service, [content])
    (again,) = await add(service, [content])
    assert (again.status, again.near) == ("duplicate", ())


async def test_results_of_many_portions_come_in_order_with_their_likes(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.library.adding.PORTION_PICTURES", 2)
    pixels = [photograph(name) for name in PHOTOGRAPHS]
    results = await add(service, [jpeg(one, quality) for quality in (90, 60) for one in pixels])
    assert [result.name for result in results] == [f"{n}.jpg" for n in range(12)]
    half = len(pixels)
    assert [result.near for result in results[half:]] == [(result.id,) for result in results[:half]]


async def test_groups_come_best_first_in_order_of_their_best(service: SearchService) -> None:
    cup, cat = photograph("coffee.png"), photograph("chelsea.png")
    small = cv2.resize(cup, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    results = await add(service, [jpeg(small), jpeg(cat, 50), jpeg(cup, 60), jpeg(cat, 95), jpeg(cup, 90)])
    tiny, cat_small, cup_small, cat_large, cup_large = (result.id for result in results)
    assert await groups(service) == [[cat_large, cat_small], [cup_large, cup_small, tiny]]
    page = await service.duplicates.groups(limit=1)
    assert ([t.image.id for t in page.groups[0].pictures], page.total) == ([cat_large, cat_small], 2)
    page = await service.duplicates.groups(limit=1, cursor=page.next_cursor)
    assert (page.groups[0].pictures[0].image.id, page.next_cursor) == (cup_large, None)
    assert all(twin.p_same > 0.9 for twin in page.groups[0].pictures)


async def pair(service: SearchService) -> tuple[int, int]:
    """A picture and a lesser copy of it."""
    pixels = photograph("coffee.png")
    best, copy = await add(service, [jpeg(pixels, 90), jpeg(pixels, 50)])
    assert best.id
    assert copy.id
    return best.id, copy.id


async def test_keeping_the_best_removes_the_others_and_undo_brings_back_pictures_and_group(
    service: SearchService,
) -> None:
    best, copy = await pair(service)
    (third,) = await add(service, [jpeg(photograph("coffee.png"), 30)])
    assert third.id
    decision = await service.duplicates.decide([copy, best, third.id], "best", actor="test")
    assert decision.removed == (copy, third.id)
    assert await groups(service) == []
    undone = await service.undo(actor="test", operation_id=decision.operation_id)
    assert (undone.kind, undone.images) == ("remove", 2)
    assert await groups(service) == [[best, copy, third.id]]


@pytest.mark.parametrize("keep", ["all", "different"])
async def test_what_was_decided_is_not_shown_again_until_it_is_undone(service: SearchService, keep: str) -> None:
    ids = await pair(service)
    decision = await service.duplicates.decide(ids, keep, actor="test")  # type: ignore[arg-type]
    assert (await groups(service), decision.removed) == ([], ())
    again = await service.duplicates.decide(ids, keep, actor="test")  # type: ignore[arg-type]
    assert again.operation_id is None
    undone = await service.undo(actor="test")
    assert (undone.operation_id, undone.kind, undone.images) == (decision.operation_id, "decision", 2)
    assert await groups(service) == [list(ids)]
    with pytest.raises(NothingToUndo):
        await service.undo(actor="test", operation_id=decision.operation_id)


async def test_different_is_remembered_when_one_is_removed_and_added_again(service: SearchService) -> None:
    best, copy = await pair(service)
    await service.duplicates.decide([best, copy], "different", actor="test")
    await service.remove([copy], actor="test")
    (again,) = await add(service, [jpeg(photograph("coffee.png"), 50)])
    assert (again.status, again.id, again.near) == ("restored", copy, ())
    assert await groups(service) == []
    (third,) = await add(service, [jpeg(photograph("coffee.png"), 30)])  # is none of what was decided on
    assert set(third.near) == {best, copy}


async def test_undo_of_a_decision_leaves_those_of_others(service: SearchService) -> None:
    best, copy = await pair(service)
    await service.duplicates.decide([best, copy], "different", actor="test")
    (third,) = await add(service, [jpeg(photograph("coffee.png"), 30)])
    assert third.id
    await service.duplicates.decide([best, copy, third.id], "all", actor="test")
    await service.undo(actor="test")
    assert await groups(service) == [[best, third.id]]  # the copy is a pair with the third, but not with the best
    await service.remove([best], actor="test")
    assert await groups(service) == [[copy, third.id]]
    await service.remove([third.id], actor="test")
    assert await groups(service) == []


async def test_only_a_group_loses_all_but_its_best(service: SearchService) -> None:
    best, copy = await pair(service)
    (other,) = await add(service, [jpeg(photograph("rocket.jpg"))])
    assert other.id
    for ids, error in (
        ([best, other.id], NotDuplicates),
        ([best, 99], UnknownImage),
        ([best, best], InvalidLimit),
        ([0, best], UnknownImage),
    ):
        with pytest.raises(error):
            await service.duplicates.decide(ids, "best", actor="test")
    for wrong in ([best], range(1, 502)):
        with pytest.raises(InvalidLimit, match="Between 2 and 500"):
            await service.duplicates.decide(wrong, "different", actor="test")
    await service.duplicates.decide([best, copy], "all", actor="test")
    with pytest.raises(NotDuplicates):
        await service.duplicates.decide([best, copy], "best", actor="test")
    assert (await service.status()).images == 3


async def test_group_of_a_picture(service: SearchService) -> None:
    best, copy = await pair(service)
    (other,) = await add(service, [jpeg(photograph("rocket.jpg"))])
    assert other.id
    assert await service.duplicates.group_of(copy) == (best, copy)
    with pytest.raises(NotDuplicates, match=f"Picture {other.id} has no"):
        await service.duplicates.group_of(other.id)
    with pytest.raises(UnknownImage):
        await service.duplicates.group_of(99)


async def test_failed_comparison_loses_no_addition_and_is_made_up_for(
    service: SearchService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    comparer = (await service.networks.current())[0].comparer

    async def failing(*_: object) -> None:
        raise RuntimeError("for once")

    with monkeypatch.context() as broken:
        broken.setattr(comparer, "compare", failing)
        results = await add(service, [jpeg(photograph("coffee.png"), quality) for quality in (90, 50)])
    assert [(result.status, result.near) for result in results] == [("added", ()), ("added", ())]
    assert "could not be compared" in caplog.text
    assert (await service.duplicates.groups()).waiting == 2
    await service.duplicates.compare()
    assert (await groups(service), (await service.duplicates.groups()).waiting) == ([[1, 2]], 0)


async def test_addition_that_is_abandoned_while_it_is_compared_is_compared_later(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    comparer = (await service.networks.current())[0].comparer
    begun = asyncio.Event()

    async def never(*_: object) -> None:
        begun.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as broken:
        broken.setattr(comparer, "compare", never)
        adding = asyncio.create_task(add(service, [jpeg(photograph("coffee.png"))]))
        await begun.wait()
        adding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await adding
    assert ((await service.status()).images, (await service.duplicates.groups()).waiting) == (1, 1)


async def test_stopped_comparison_goes_on_where_it_was(service: SearchService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.library.duplicates.AT_ONCE", 2)
    await add(service, [jpeg(photograph(name)) for name in PHOTOGRAPHS])
    await forget_comparisons(service)
    told: list[tuple[int, int]] = []
    await service.duplicates.compare(progress=lambda *now: told.append(now), stop=lambda: len(told) > 1)
    assert (told, (await service.duplicates.groups()).waiting) == ([(0, 6), (2, 6)], 4)
    await service.duplicates.compare(limit=3)
    assert (await service.duplicates.groups()).waiting == 1
    await service.duplicates.compare(progress=lambda *now: told.append(now))
    assert told[2:] == [(0, 1), (1, 1)]
    assert await compared(service) == [WHOLE] * 6


async def forget_comparisons(service: SearchService) -> None:
    async with service.database.write() as connection:
        await connection.execute(text("UPDATE images SET compared = 0"))
        await connection.execute(text("DELETE FROM duplicates"))


async def test_what_comes_back_is_compared_with_what_came_meanwhile(service: SearchService) -> None:
    (first,) = await add(service, [jpeg(photograph("coffee.png"))])
    assert first.id
    removal = await service.remove([first.id], actor="test")
    (second,) = await add(service, [jpeg(photograph("coffee.png"), 50)])
    assert second.near == ()
    await service.undo(actor="test", operation_id=removal)
    assert (await service.duplicates.groups()).waiting == 1
    await service.duplicates.compare()
    assert await groups(service) == [[first.id, second.id]]


async def test_picture_that_changes_while_it_is_compared_goes_on_waiting(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await pair(service)
    await forget_comparisons(service)
    comparer = (await service.networks.current())[0].comparer
    compare = type(comparer).compare

    async def meanwhile(*given: object) -> object:
        found = await compare(*given)  # type: ignore[arg-type]
        operation = await service.remove([ids[1]], actor="test")
        await service.undo(actor="test", operation_id=operation)
        return found

    with monkeypatch.context() as once:
        once.setattr(type(comparer), "compare", meanwhile)
        await service.duplicates.compare(limit=2)
    assert await compared(service) == [WHOLE, NOT]
    await service.duplicates.compare()
    assert await compared(service) == [WHOLE, WHOLE]


async def test_crops_and_screenshots_are_found_thoroughly(service: SearchService) -> None:
    pixels = photograph("rocket.jpg")
    screenshot = augment.apply("screenshot", pixels, photograph("chelsea.png"), seed=2)
    whole, inside = await add(service, [jpeg(pixels), jpeg(screenshot)])
    assert (whole.near, inside.near) == ((), ())
    told: list[tuple[int, int]] = []
    await service.duplicates.compare(thorough=True, progress=lambda *now: told.append(now))
    assert await contained(service) == [(whole.id, inside.id)]
    assert await groups(service) == []
    assert (await compared(service), told[-1]) == ([THOROUGHLY] * 2, (2, 2))
    await add(service, [jpeg(photograph("coffee.png"))])
    told.clear()
    await service.duplicates.compare(thorough=True, progress=lambda *now: told.append(now))
    assert told == [(0, 1), (1, 1)]  # only what is new


async def test_lost_thumbnail_stops_nothing_and_is_made_up_for_by_repair(
    service: SearchService, settings: EngineSettings
) -> None:
    ids = await pair(service)
    await forget_comparisons(service)
    for image_id in ids:
        thumbnail_of(service, await service.get(image_id)).unlink()
    await service.duplicates.compare()
    await service.duplicates.compare(thorough=True)
    assert (await groups(service), (await service.duplicates.groups()).waiting) == ([], 0)
    await service.checker.check(repair=True, purge=False, actor="test")
    await service.duplicates.compare()
    assert await groups(service) == [list(ids)]


async def test_purged_pictures_take_their_pairs_along(service: SearchService) -> None:
    best, copy = await pair(service)
    await service.duplicates.decide([best, copy], "different", actor="test")
    await service.remove([copy], actor="test")
    await service.checker.check(repair=False, purge=True, actor="test")
    async with service.database.read() as connection:
        for table in ("duplicates", "kept_pairs"):
            assert await connection.scalar(text(f"SELECT count(*) FROM {table}")) == 0


async def test_blank_pictures_are_not_duplicates_of_each_other(service: SearchService) -> None:
    blank = [jpeg(np.full((300, 400 + 20 * n, 3), 250, np.uint8)) for n in range(3)]
    assert [result.near for result in await add(service, blank)] == [()] * 3
    assert (await service.duplicates.groups()).waiting == 0


async def test_results_of_what_was_stored_come_before_the_disk_is_full(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.library.adding.PORTION_PICTURES", 1)
    stored = Additions.add
    calls = 0

    async def filling(*given: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise DiskFull("The disk is full.")
        return await stored(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(Additions, "add", filling)
    results: list[AddResult] = []

    async def collect() -> None:
        async for result in service.add(sources, actor="test"):
            results.append(result)

    contents = [jpeg(photograph(name)) for name in PHOTOGRAPHS[:4]]
    sources = [Source(f"{n}.jpg", partial(bytes, content), len(content)) for n, content in enumerate(contents)]
    with pytest.raises(PicTraceError, match="full"):
        await collect()
    assert [result.status for result in results] == ["added", "added"]


async def test_library_of_before_is_compared_as_a_whole(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service:
        await add(service, [jpeg(photograph("coffee.png"), 50)])
        for change in (
            *BEFORE_0007,
            "DROP TABLE duplicates",
            "DROP TABLE kept_pairs",
            "DROP INDEX ix_images_compared_deleted_at",
            "ALTER TABLE images DROP COLUMN compared",
            *(f"ALTER TABLE hashes ADD COLUMN band{n} INTEGER NOT NULL DEFAULT 0" for n in range(4)),
            *(f"CREATE INDEX ix_hashes_band{n} ON hashes (band{n})" for n in range(4)),
            "UPDATE alembic_version SET version_num = '0003'",
        ):
            async with service.database.write() as connection:
                await connection.execute(text(change))
    async with open_service(settings) as service:
        assert (await service.duplicates.groups()).waiting == 7
        await service.duplicates.compare()
        assert [len(group) for group in await groups(service)] == [2]


# --- what is a part of another, chains


def cup(left: int, right: int, quality: int = 90) -> bytes:
    """The photograph of a cup between two columns, of 600."""
    return jpeg(photograph("coffee.png")[:, left:right], quality)


def beside(*names: str) -> Pixels:
    """A strip of photographs, each 300 pixels high."""
    shown = [photograph(name) for name in names]
    return np.hstack([cv2.resize(one, (round(one.shape[1] * 300 / one.shape[0]), 300)) for one in shown])


async def added(service: SearchService, *contents: bytes) -> list[int]:
    return [result.id for result in await add(service, contents) if result.id]


async def test_crop_is_a_part_and_neither_named_nor_grouped(service: SearchService) -> None:
    whole, crop = await add(service, [cup(0, 600), jpeg(middle(photograph("coffee.png"), 0.8))])
    assert (whole.near, crop.near) == ((), ())
    assert await groups(service) == []
    assert await contained(service) == [(crop.id, whole.id)]
    with pytest.raises(NotDuplicates):
        await service.duplicates.decide([whole.id or 0, crop.id or 0], "best", actor="test")
    assert (await service.duplicates.groups()).contained == 1
    await service.duplicates.decide([whole.id or 0, crop.id or 0], "different", actor="test")
    assert (await contained(service), (await service.duplicates.groups()).contained) == ([], 0)


async def test_pictures_of_a_strip_are_parts_of_it_and_no_group(service: SearchService) -> None:
    names = ("coffee.png", "chelsea.png", "rocket.jpg")
    first, second, third, strip = await added(
        service, *(jpeg(photograph(name)) for name in names), jpeg(beside(*names))
    )
    await service.duplicates.compare(thorough=True)
    assert await groups(service) == []
    found = set(await contained(service))
    assert len(found) >= 2
    assert found <= {(first, strip), (second, strip), (third, strip)}
    for ids in ([first, second, strip], [first, second, third, strip]):
        with pytest.raises(NotDuplicates):
            await service.duplicates.decide(ids, "best", actor="test")
    assert (await service.status()).images == 4


async def chain(service: SearchService, *qualities: int) -> list[int]:
    """Three of which each shows most of the next, and the first too little of the last."""
    windows = zip((0, 55, 110), qualities, strict=True)
    return await added(service, *(cup(left, left + 480, quality) for left, quality in windows))


async def test_chain_is_grouped_around_its_best(service: SearchService) -> None:
    first, second, third = await chain(service, 95, 60, 40)
    await service.duplicates.compare()
    assert await groups(service) == [[first, second]]
    assert await contained(service) != []  # the first and the last share too little
    assert await service.duplicates.group_of(third) == (second, third)
    assert set(await service.duplicates.near(second)) == {first, third}


async def test_middle_of_a_chain_is_the_best_of_both(service: SearchService) -> None:
    first, second, third = await chain(service, 60, 95, 40)
    assert await groups(service) == [[second, first, third]]


async def test_keeping_the_best_of_a_chain_leaves_what_is_no_pair_with_it(service: SearchService) -> None:
    first, second, third = await chain(service, 95, 60, 40)
    decision = await service.duplicates.decide([first, second, third], "best", actor="test")
    assert (decision.kept, decision.removed, decision.left) == (first, (second,), (third,))
    assert await groups(service) == []
    await service.undo(actor="test", operation_id=decision.operation_id)
    decision = await service.duplicates.decide([first, second, third], "best", actor="test", keeper=second)
    assert (decision.kept, decision.removed, decision.left) == (second, (first, third), ())


@pytest.mark.databases("sqlite", "postgresql")
async def test_another_keeper_than_the_best(service: SearchService) -> None:
    best, copy = await pair(service)
    decision = await service.duplicates.decide([best, copy], "best", actor="test", keeper=copy)
    assert (decision.kept, decision.removed) == (copy, (best,))
    with pytest.raises(UnknownImage):
        await service.duplicates.decide([best, copy], "best", actor="test", keeper=copy)
    await service.undo(actor="test")
    (other,) = await added(service, jpeg(photograph("rocket.jpg")))
    with pytest.raises(NotDuplicates):
        await service.duplicates.decide([best, copy], "best", actor="test", keeper=other)


async def test_stranger_among_near_duplicates_is_left(service: SearchService) -> None:
    best, copy = await pair(service)
    (other,) = await added(service, jpeg(photograph("page.png")))
    decision = await service.duplicates.decide([best, copy, other], "best", actor="test", keeper=best)
    assert (decision.removed, decision.left) == ((copy,), (other,))


async def copies_of_which_few_were_compared(service: SearchService) -> list[int]:
    """Eight; the best is known to be a pair with one of them, which is a pair with all others."""
    copies = await added(service, *(cup(0, 600, quality) for quality in range(95, 23, -9)))
    best, second, *others = copies
    async with service.database.write() as connection:
        await connection.execute(text(f"DELETE FROM duplicates WHERE first_id = {best} OR second_id > {second}"))
        for one, other in [(best, second), *((second, other) for other in others)]:
            row = f"({one}, {other}, 0.99, 'near_duplicate', NULL, NULL)"
            await connection.execute(text(f"INSERT INTO duplicates VALUES {row} ON CONFLICT DO NOTHING"))
    assert await groups(service) == [[best, second]]
    return copies


async def test_many_copies_are_one_group_though_few_of_each_were_compared(service: SearchService) -> None:
    copies = await copies_of_which_few_were_compared(service)
    told: list[tuple[int, int]] = []
    await service.duplicates.compare(progress=lambda *now: told.append(now))
    assert [sorted(group) for group in await groups(service)] == [copies]
    assert told[0] == (0, 0)
    assert told[-1] == (6 + 7, 6 + 7)  # pairs that were missing, and the pixels of all
    assert (await service.duplicates.groups()).waiting == 0
    decision = await service.duplicates.decide(copies, "best", actor="test")
    assert len(decision.removed) == 7


async def test_pairs_that_are_missing_are_compared_before_it_is_decided(service: SearchService) -> None:
    copies = await copies_of_which_few_were_compared(service)
    decision = await service.duplicates.decide(copies, "best", actor="test")
    assert (len(decision.removed), decision.left) == (7, ())


async def test_missing_pairs_are_compared_a_few_at_a_time_and_counted(service: SearchService) -> None:
    await copies_of_which_few_were_compared(service)
    waiting = [(await service.duplicates.groups()).waiting]
    while waiting[-1]:
        await service.duplicates.compare(limit=1)
        waiting.append((await service.duplicates.groups()).waiting)
    assert waiting == [*[7] * 7, 6, 5, 4, 3, 2, 1, 0]  # each that comes to a group is to be compared by its pixels
    assert len((await groups(service))[0]) == 8


async def test_unsure_near_duplicate_that_looks_otherwise_from_the_other_picture_is_none(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.library.duplicates.SURE", 1.1)
    comparer = (await service.networks.current())[0].comparer
    compare_pairs = type(comparer).compare_pairs
    asked: list[tuple[int, int]] = []

    async def otherwise(self: Comparer, both: Sequence[tuple[Known, Known]]) -> list[Candidates]:
        asked.extend((one.stored.image.id, other.stored.image.id) for one, other in both)
        return [
            Candidates(
                tuple(replace(one, proof=one.proof and replace(one.proof, p_copy=0.1)) for one in seen.found),
                seen.nearest,
            )
            for seen in await compare_pairs(self, both)
        ]

    monkeypatch.setattr(type(comparer), "compare_pairs", otherwise)
    (best,) = await added(service, cup(0, 600, 95))
    (copy,) = await add(service, [cup(0, 600, 50)])
    assert asked == [(best, copy.id)]
    assert copy.near == ()
    assert (await groups(service), await variants(service)) == ([], [{best, copy.id}])


# --- what is kept gets what was removed


@pytest.mark.databases("sqlite", "postgresql")
async def test_what_is_kept_inherits_and_undo_takes_it_back(service: SearchService) -> None:
    (copy,) = [
        result
        async for result in service.add(
            [Source("old.jpg", lambda: cup(0, 600, 40), 1)],
            actor="test",
            title="A cup",
            tags=["drink", "morning"],
            source_url="https://example.org/cup.jpg",
            page_url="https://example.org/",
        )
    ]
    (best,) = [
        result
        async for result in service.add(
            [Source("new.jpg", lambda: cup(0, 600, 95), 1)],
            actor="test",
            tags=["cup", "drink"],
            page_url="https://own.org/",
        )
    ]
    assert copy.id
    assert best.id
    before, other = await service.get(best.id), await service.get(copy.id)
    decision = await service.duplicates.decide([best.id, copy.id], "best", actor="test")
    assert decision.removed == (copy.id,)
    kept = await service.get(best.id)
    assert kept.tags == ("cup", "drink", "morning")
    assert (kept.title, kept.source_url) == ("A cup", "https://example.org/cup.jpg")
    assert kept.page_url == "https://own.org/"  # its own
    assert kept.created_at == other.created_at < before.created_at
    assert (await service.history(limit=1))[0].pictures == 1  # what is kept was not removed
    undone = await service.undo(actor="test")
    assert (undone.operation_id, undone.kind, undone.images) == (decision.operation_id, "remove", 1)
    assert (await service.get(best.id), await service.get(copy.id)) == (before, other)
    with pytest.raises(NothingToUndo):
        await service.undo(actor="test", operation_id=decision.operation_id)


async def test_ones_own_never_yields_to_a_sample(service: SearchService) -> None:
    sample, own, smaller = await added(service, cup(0, 600, 95), cup(0, 600, 60), cup(0, 600, 40))
    await service.edit(sample, {"tags": [SAMPLE_TAG, "cup"]}, actor="test")
    (group,) = (await service.duplicates.groups()).groups
    assert [one.image.id for one in group.pictures] == [own, smaller, sample]
    decision = await service.duplicates.decide([sample, own, smaller], "best", actor="test")
    assert (decision.kept, decision.removed) == (own, (sample, smaller))
    assert (await service.get(own)).tags == ("cup",)  # it became no sample


async def test_title_comes_from_the_best_that_has_one(service: SearchService) -> None:
    best, copy, third = await added(service, cup(0, 600, 95), cup(0, 600, 60), cup(0, 600, 40))
    await service.edit(third, {"title": "Third", "tags": ["c"]}, actor="test")
    await service.edit(copy, {"title": "Second", "tags": ["b"]}, actor="test")
    await service.duplicates.decide([best, copy, third], "best", actor="test")
    kept = await service.get(best)
    assert (kept.title, kept.tags) == ("Second", ("b", "c"))


# --- variants, what was removed before


async def test_variants_are_groups_to_look_through_and_nothing_is_removed(small: SearchService) -> None:
    first, other = await added(small, jpeg(menu(1, 1)), jpeg(menu(1, 2)))
    assert await groups(small) == []
    assert await variants(small) == [{first, other}]
    found = await small.duplicates.groups()
    assert (found.total, found.variants) == (0, 1)
    with pytest.raises(NotDuplicates):
        await small.duplicates.decide([first, other], "best", actor="test")
    await small.duplicates.decide([first, other], "all", actor="test")
    assert await variants(small) == []


async def test_same_bytes_after_a_removal_say_when_it_was(service: SearchService) -> None:
    content = jpeg(photograph("coffee.png"))
    (first,) = await add(service, [content])
    assert first.removed_before is None
    assert first.id
    await service.remove([first.id], actor="test")
    async with service.database.read() as connection:
        at = await connection.scalar(select(images.c.deleted_at))
    assert at
    again, twice = await add(service, [content, content])
    assert (again.status, again.id) == ("restored", first.id)
    assert again.removed_before
    assert again.removed_before.id == first.id
    assert again.removed_before.at.replace(tzinfo=None) == at.replace(tzinfo=None)
    assert (twice.status, twice.removed_before) == ("duplicate", None)


# --- pairs of an older PicTrace


async def as_before_relations(service: SearchService) -> None:
    """The tables as they were before pairs had relations."""
    for change in (
        *BEFORE_0007,
        "ALTER TABLE duplicates DROP COLUMN relation",
        "ALTER TABLE duplicates DROP COLUMN part_id",
        "UPDATE alembic_version SET version_num = '0005'",
    ):
        async with service.database.write() as connection:
            await connection.execute(text(change))


@pytest.mark.databases("sqlite", "postgresql")
async def test_pairs_of_an_older_library_are_compared_anew_once_and_decisions_stay(
    filled: Filled, settings: EngineSettings
) -> None:
    async with filled() as service:
        rocket, crop = photograph("rocket.jpg"), jpeg(middle(photograph("coffee.png"), 0.8))
        one, two, copy, part, kept = await added(
            service,
            jpeg(rocket, 60),
            jpeg(rocket, 40),
            jpeg(photograph("chelsea.png"), 60),
            crop,
            jpeg(photograph("astronaut.png"), 50),
        )
        ids = {image.filename: image.id for image in (await service.page()).images}
        await service.duplicates.decide([ids["astronaut.png"], kept], "all", actor="test")
        # As an older PicTrace had it: strangers and a part are pairs like others.
        async with service.database.write() as connection:
            await connection.execute(text("UPDATE duplicates SET relation = 'near_duplicate', part_id = NULL"))
            await connection.execute(
                text(f"INSERT INTO duplicates VALUES ({one}, {copy}, 0.99, 'near_duplicate', NULL, NULL)")
            )
        await as_before_relations(service)
    async with open_service(settings) as service:
        found = await service.duplicates.groups()
        assert (found.groups, found.contained, found.waiting) == ((), 0, 9)
        told: list[tuple[int, int]] = []
        await service.duplicates.compare(progress=lambda *now: told.append(now))
        assert (told[0], told[-1]) == ((0, 9), (12, 12))  # three pairs by their pixels
        assert sorted(map(sorted, await groups(service))) == sorted(
            [sorted([ids["rocket.jpg"], one, two]), sorted([ids["chelsea.png"], copy])]
        )
        assert await contained(service) == [(part, ids["coffee.png"])]
        told.clear()
        await service.duplicates.compare(progress=lambda *now: told.append(now))
        assert told == [(0, 0)]
    async with open_service(settings) as service:
        assert (await service.duplicates.groups()).waiting == 0


async def test_nothing_is_removed_on_the_strength_of_an_old_pair(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service:
        (part,) = await added(service, jpeg(middle(photograph("coffee.png"), 0.8)))
        (whole,) = [image.id for image in (await service.page(words="coffee")).images]
        await as_before_relations(service)
    async with open_service(settings) as service:
        with pytest.raises(NotDuplicates):
            await service.duplicates.group_of(part)
        with pytest.raises(NotDuplicates):
            await service.duplicates.decide([part, whole], "best", actor="test")
        assert await contained(service) == [(part, whole)]  # it was compared before it was decided


async def related(service: SearchService, image_id: int) -> dict[str, set[int]]:
    found = await service.duplicates.related(image_id)
    return {side: {one.image.id for one in getattr(found, side)} for side in found.__slots__}


async def test_related_pictures_are_told_apart_and_gone_ones_left_out(service: SearchService) -> None:
    names = ("rocket.jpg", "chelsea.png", "coffee.png", "camera.png")
    results = await add_paths(service, *(SHIPPED / name for name in names), SHIPPED / "astronaut.png")
    picture, copy, version, crop, poster = [one.id for one in results if one.id]
    found = [
        Pair(picture, copy, 0.97),
        Pair(picture, version, 0.03, "variant"),
        Pair(picture, crop, 0.99, "contains", part_id=crop),
        Pair(picture, poster, 0.95, "contains", part_id=picture),
        Pair(copy, version, 0.0, "unrelated"),
    ]
    await service.repository.pairs.put(found, [], 1, seq=99)
    sides = {"near_duplicates": {copy}, "variants": {version}, "parts": {crop}, "wholes": {poster}}
    assert await related(service, picture) == sides
    assert (await service.duplicates.related(picture)).near_duplicates[0].p_same == 0.97
    nothing: dict[str, set[int]] = {side: set() for side in sides}
    assert await related(service, crop) == nothing | {"wholes": {picture}}
    assert await related(service, copy) == nothing | {"near_duplicates": {picture}}
    await service.duplicates.decide([picture, copy], "all", actor="test")
    assert (await related(service, picture))["near_duplicates"] == {copy}  # both are kept, and still near-duplicates
    await service.duplicates.decide([picture, poster], "different", actor="test")
    await service.remove([crop], actor="test")
    assert await related(service, picture) == sides | {"parts": set(), "wholes": set()}
    with pytest.raises(UnknownImage):
        await service.duplicates.related(crop)


# --- equal pixels


def saved(pixels: Pixels, kind: str, **how: Any) -> bytes:
    file = BytesIO()
    PillowImage.fromarray(pixels).save(file, kind, **how)
    return file.getvalue()


async def equals(service: SearchService) -> dict[int, bool]:
    """Whether each picture of the groups, but the best of each, is equal to the best."""
    await service.duplicates.compare()
    found = await service.duplicates.groups()
    assert found.waiting == 0
    return {one.image.id: one.equal_pixels for group in found.groups for one in group.pictures[1:]}


async def test_equal_pixels_are_told_whatever_the_files_are(service: SearchService) -> None:
    pixels = photograph("coffee.png")
    other = pixels.copy()
    other[200, 300] ^= 1
    png, webp, one_off, compressed = await added(
        service,
        saved(pixels, "PNG", compress_level=1),
        saved(pixels, "WEBP", lossless=True),
        saved(other, "PNG"),
        jpeg(pixels, 95),
    )
    assert await equals(service) == {webp: True, one_off: False, compressed: False}
    found = await service.duplicates.groups(equal_only=True)
    assert [[one.image.id for one in group.pictures] for group in found.groups] == [[png, webp]]
    assert (found.total, found.equal) == (1, 1)
    assert (await service.duplicates.groups(equal_only=True, lane="variant")).groups == ()


async def test_jpeg_with_other_metadata_is_equal(service: SearchService) -> None:
    content = jpeg(photograph("rocket.jpg"))
    commented = content[:2] + b"\xff\xfe\x00\x0ca comment." + content[2:]
    first, second = await added(service, content, commented)
    assert await equals(service) in ({first: True}, {second: True})


async def test_pixels_are_compared_once_and_only_of_what_may_be_equal(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []
    read = Originals.pixels_sha256

    async def noting(self: Originals, image: StoredImage) -> str | None:
        decoded.append(image.id)
        return await read(self, image)

    monkeypatch.setattr(Originals, "pixels_sha256", noting)
    pixels = photograph("coffee.png")
    one, two = await added(service, saved(pixels, "PNG"), saved(pixels, "WEBP", lossless=True))
    await added(service, jpeg(pixels[:, ::-1]), jpeg(cv2.resize(pixels, (300, 200))))
    for _ in range(2):
        await equals(service)
    assert sorted(decoded) == [one, two]


async def test_lost_file_is_equal_to_nothing_and_keeps_nobody_waiting(service: SearchService) -> None:
    pixels = photograph("coffee.png")
    _, copy = await added(service, saved(pixels, "PNG"), saved(pixels, "WEBP", lossless=True))
    original_of(service, await service.get(copy)).unlink()
    assert await equals(service) == {copy: False}


async def test_files_that_cannot_be_reached_are_asked_for_again(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = photograph("coffee.png")
    _, copy = await added(service, saved(pixels, "PNG"), saved(pixels, "WEBP", lossless=True))
    with monkeypatch.context() as away:

        async def unreachable(self: Originals, image: StoredImage) -> str | None:
            raise FilesUnreachable("It does not answer.")

        away.setattr(Originals, "pixels_sha256", unreachable)
        await service.duplicates.compare()
        assert (await service.duplicates.groups()).waiting == 1
    assert await equals(service) == {copy: True}


async def test_best_of_many_groups_are_kept_and_brought_back_at_once(service: SearchService) -> None:
    cups = await added(service, *(jpeg(photograph("coffee.png"), quality) for quality in (95, 70, 50)))
    cats = await added(service, *(jpeg(photograph("chelsea.png"), quality) for quality in (95, 60)))
    (stranger,) = await added(service, jpeg(photograph("page.png")))
    await service.edit(cups[2], {"tags": ["drink"], "title": "A cup"}, actor="test")
    before = sorted(map(sorted, await groups(service)))
    decision = await service.duplicates.keep_best_of_each([[*cups, 999], [*cats, stranger]], actor="test")
    assert (decision.removed, decision.left, decision.kept) == ((*cups[1:], cats[1]), (stranger,), None)
    kept = await service.get(cups[0])
    assert (kept.tags, kept.title) == (("drink",), "A cup")
    assert await groups(service) == []
    with pytest.raises(NotDuplicates):
        await service.duplicates.keep_best_of_each([cups, cats], actor="test")
    assert decision.operation_id
    await service.undo(actor="test", operation_id=decision.operation_id)
    assert sorted(map(sorted, await groups(service))) == before
    assert (await service.get(cups[0])).tags == ()


@pytest.mark.parametrize("chosen", [[], [[1, 2], [2, 3]], [[1, 1]], [[n, n + 1] for n in range(1, 1_100, 2)]])
async def test_impossible_groups_are_refused(service: SearchService, chosen: list[list[int]]) -> None:
    with pytest.raises(InvalidLimit):
        await service.duplicates.keep_best_of_each(chosen, actor="test")


async def test_groups_are_found_anew_only_where_something_has_changed(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    best, copy = await pair(service)
    await service.duplicates.compare()
    asked: list[int] = []
    undecided = Pairs.undecided

    async def noting(self: Pairs) -> object:
        asked.append(1)
        return await undecided(self)

    monkeypatch.setattr(Pairs, "undecided", noting)
    for _ in range(3):
        assert await groups(service) == [[best, copy]]
    assert len(asked) <= 1
    await service.duplicates.decide([best, copy], "different", actor="test")
    assert await groups(service) == []
    await service.undo(actor="test")
    assert await groups(service) == [[best, copy]]
