"""A check sees what is wrong: in rows and sizes quickly, in all else deeply, and goes on where it was stopped."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from engine import SearchService
from engine.domain import Finding, StoredImage
from engine.errors import DamagedImage, FilesUnreachable
from engine.library import inspection
from engine.library.faults import Faults
from engine.library.inspection import DEEP, Inspection
from engine.storage.tables import embeddings, hashes, images, keypoints
from tests.conftest import PHOTOGRAPHS, Filled, jpeg, original_of, photograph, thumbnail_of
from tests.engine.library.conftest import paint, painted
from tests.engine.library.damage import alter, check, execute, found_in, lose


@pytest.fixture
async def gallery(small: SearchService) -> SearchService:
    """Of the pictures 1 to 5."""
    await paint(small, *range(1, 6))
    return small


@pytest.fixture
def looking(gallery: SearchService) -> Inspection:
    return Inspection(gallery.repository, gallery.networks, gallery.originals, gallery.pool)


def never_stops() -> bool:
    return False


def no_progress(done: int, total: int) -> None:
    """Nobody looks."""


def named(found: Faults) -> list[tuple[str, int]]:
    return [(one.code, one.id) for one in found.findings()]


async def test_nothing_is_wrong_with_a_sound_library(looking: Inspection, gallery: SearchService) -> None:
    found = Faults()
    before = await gallery.repository.feed.head()
    await looking.look_at_cells(found)
    assert await looking.look_at_files(found, no_progress, never_stops)
    assert await looking.look_deep(found, no_progress, never_stops)
    assert named(found) == []
    assert await gallery.repository.feed.head() == before


async def test_cells_are_seen_without_any_file(looking: Inspection, gallery: SearchService) -> None:
    for number in range(1, 6):
        original_of(gallery, await gallery.get(number)).unlink()
    await execute(
        gallery,
        update(images).where(images.c.id == 1).values(width=0),
        update(images).where(images.c.id == 2).values(media_type="odd"),
        "UPDATE images SET tags = '7' WHERE id = 3",
        update(embeddings).where(embeddings.c.image_id == 4).values(vector=b"\0"),
        update(keypoints).where(keypoints.c.image_id == 5).values(aspect=0.0),
        update(keypoints).where(keypoints.c.image_id == 1).values(version=0),
        delete(embeddings).where(embeddings.c.image_id == 2),
    )
    found = Faults()
    await looking.look_at_cells(found)
    assert sorted(named(found)) == [
        ("bad_keypoints", 5),
        ("bad_size", 1),
        ("bad_tags", 3),
        ("short_vector", 4),
        ("stale_features", 1),
        ("stale_features", 2),
        ("unknown_media_type", 2),
    ]


async def test_wrong_number_of_bytes_is_told_from_another_file(looking: Inspection, gallery: SearchService) -> None:
    await alter(gallery, 1, longer=True)
    await execute(gallery, update(images).where(images.c.id == 2).values(byte_size=7))
    await lose(gallery, 3)
    thumbnail_of(gallery, await gallery.get(4)).unlink()
    found = Faults()
    assert await looking.look_at_files(found, no_progress, never_stops)
    assert named(found) == [
        ("missing_original", 3),
        ("altered_original", 1),
        ("missing_thumbnail", 4),
        ("bad_size", 2),
    ]


async def test_progress_counts_every_picture_in_portions(looking: Inspection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "PORTION", 3)
    monkeypatch.setattr(inspection, "AT_ONCE", 2)
    for look in (looking.look_at_files, looking.look_deep):
        shown: list[tuple[int, int]] = []
        assert await look(Faults(), lambda *both, shown=shown: shown.append(both), never_stops)
        done = [one for one, _ in shown if one]
        assert done == sorted(done)
        assert shown[-1] == (5, 5)
        assert len(done) >= 3


async def test_looking_that_is_stopped_says_so(
    looking: Inspection, gallery: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "AT_ONCE", 2)
    await lose(gallery, 1, 5)
    looks = iter([False, True])
    found = Faults()
    assert not await looking.look_at_files(found, no_progress, lambda: next(looks))
    assert named(found) == [("missing_original", 1)]
    assert not await looking.look_deep(Faults(), no_progress, lambda: True)


async def test_deep_look_notes_how_far_it_is_and_whom_it_suspects(
    looking: Inspection, gallery: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "AT_ONCE", 2)
    settings = gallery.repository.settings
    await alter(gallery, 2)
    looks = iter([False, False, True])
    assert not await looking.look_deep(Faults(), no_progress, lambda: next(looks))
    assert await settings.get(DEEP) == {"after": 4, "suspects": [2]}
    path = original_of(gallery, await gallery.get(2))
    altered = path.read_bytes()
    path.write_bytes(painted(2))  # it is mended
    looks = iter([False, True])
    assert not await looking.look_deep(Faults(), no_progress, lambda: next(looks))
    assert await settings.get(DEEP) == {"after": 4, "suspects": []}
    path.write_bytes(altered)
    await settings.put(DEEP, {"after": 4, "suspects": [2]})
    await gallery.remove([2], actor="test")
    found = Faults()
    assert await looking.look_deep(found, no_progress, never_stops)
    assert named(found) == []  # it is no longer in the library
    assert await settings.get(DEEP) is None


async def test_picture_whose_original_cannot_be_decoded_is_said_and_not_suspected(
    looking: Inspection, gallery: SearchService, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    decoded = gallery.originals.decoded

    async def refuse(image: StoredImage) -> Any:
        if image.id == 3:
            raise DamagedImage("This decoder does not take it.")
        return await decoded(image)

    monkeypatch.setattr(gallery.originals, "decoded", refuse)
    found = Faults()
    assert await looking.look_deep(found, no_progress, never_stops)
    assert named(found) == []
    assert "picture 3 is as it was added, but cannot be compared: This decoder does not take it." in caplog.text


async def test_place_that_cannot_be_reached_is_no_loss(
    looking: Inspection, gallery: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(_: object) -> list[int | None]:
        raise FilesUnreachable("The store does not answer.")

    monkeypatch.setattr(gallery.repository.files.files, "sizes", down)
    found = Faults()
    with pytest.raises(FilesUnreachable):
        await looking.look_at_files(found, no_progress, never_stops)
    assert named(found) == []


# --- what is seen in a library of photographs


async def test_quick_check_reads_no_original(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    async with filled() as service:
        files = service.repository.files.files
        read = files.read
        keys: list[str] = []

        async def noted(key: str) -> bytes:
            keys.append(key)
            return await read(key)

        monkeypatch.setattr(files, "read", noted)
        assert (await check(service)).sound
        assert {key.split("/")[0] for key in keys} == {"thumbnails"}
        assert (await check(service, deep=True)).sound
        assert sum(key.startswith("originals") for key in keys) == len(PHOTOGRAPHS)


async def test_quick_check_sees_an_original_of_another_size(filled: Filled) -> None:
    async with filled() as service:
        await alter(service, 2, longer=True)
        report = await check(service)
        assert (report.altered_original, report.missing_originals) == (1, 0)
        assert report.findings == (Finding("altered_original", 2),)
        assert (await check(service, repair=True)).taken_out == 1
        assert (await check(service, deep=True)).sound


@pytest.mark.parametrize(
    "damaged",
    [
        lambda content: content[: len(content) // 2],
        lambda content: b"",
        lambda content: b"GIF89a" + content,
        lambda content: jpeg(photograph("coffee.png")[:330, :330]),
        lambda content: b"\xff\xd8 nothing \xff\xd9",
    ],
)
async def test_quick_check_sees_what_is_no_thumbnail(filled: Filled, damaged: Callable[[bytes], bytes]) -> None:
    async with filled() as service:
        path = thumbnail_of(service, await service.get(4))
        whole = path.read_bytes()
        path.write_bytes(damaged(whole))
        assert found_in(await check(service)) == {("missing_thumbnail", 4)}
        assert (await check(service, repair=True)).mended
        assert path.read_bytes() == whole


async def test_deep_check_sees_what_the_quick_check_cannot(filled: Filled) -> None:
    async with filled() as service:
        await alter(service, 1)
        thumbnails = [thumbnail_of(service, await service.get(image_id)) for image_id in (2, 3)]
        contents = [path.read_bytes() for path in thumbnails]
        thumbnails[0].write_bytes(contents[1])
        repository = service.repository
        async with service.database.read() as connection:
            vector = await connection.scalar(select(embeddings.c.vector).where(embeddings.c.image_id == 3))
            points = (await connection.execute(select(keypoints).where(keypoints.c.image_id == 3))).one()
        await execute(
            service,
            update(embeddings).where(embeddings.c.image_id == 4).values(vector=vector),
            update(hashes).where(hashes.c.image_id == 5).values(phash=1),
            update(keypoints)
            .where(keypoints.c.image_id == 6)
            .values(points=points.points, descriptors=points.descriptors, aspect=points.aspect),
        )
        assert (await check(service)).sound
        found = await check(service, deep=True)
        expected = {
            ("altered_original", 1),
            ("wrong_thumbnail", 2),
            ("wrong_vector", 4),
            ("wrong_hash", 5),
            ("wrong_keypoints", 6),
        }
        assert found_in(found) == expected
        assert all(getattr(found, code) == 1 for code, _ in expected)
        seq = (await repository.feed.head()).seq
        mended = await check(service, deep=True, repair=True)
        assert (mended.mended, mended.taken_out) == (True, 1)
        assert thumbnails[0].read_bytes() == contents[0]
        assert (await repository.feed.head()).seq > seq  # so that every index takes the embedding in anew
        assert (await check(service, deep=True)).sound
        best = (await service.search(jpeg(photograph(PHOTOGRAPHS[3])[10:, 20:]))).matches[0]
        assert best.image.id == 4


# --- a deep check goes on


@pytest.fixture
def compared(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ids of the pictures that deep checks have looked at, one after another."""
    ids: list[int] = []
    look = inspection.Inspection._deep_faults

    async def noted(self: inspection.Inspection, image: Any, serving: Any) -> list[str]:
        ids.append(image.id)
        return await look(self, image, serving)

    monkeypatch.setattr(inspection.Inspection, "_deep_faults", noted)
    monkeypatch.setattr(inspection, "AT_ONCE", 2)
    return ids


async def test_deep_check_goes_on_where_it_was_stopped(filled: Filled, compared: list[int]) -> None:
    async with filled() as service:
        await alter(service, 1)
        stopped = await check(service, deep=True, repair=True, stop=lambda: len(compared) >= 4)
        assert (stopped.unfinished, stopped.repaired, stopped.altered_original) == (True, False, 1)
        assert compared == [1, 2, 3, 4]
    async with filled() as service:
        shown: list[tuple[int, int]] = []
        report = await check(service, deep=True, repair=True, progress=lambda *both: shown.append(both))
        assert compared == [1, 2, 3, 4, 1, 5, 6]  # 1 may have been mended meanwhile
        assert (report.unfinished, report.altered_original, report.taken_out) == (False, 1, 1)
        assert (4, 6) in shown
        assert shown[-1] == (6, 6)
        assert (await check(service, deep=True)).sound
        assert compared[7:] == [2, 3, 4, 5, 6]  # a finished one begins anew


async def test_deep_check_that_is_killed_goes_on(
    filled: Filled, compared: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspection, "STORE_S", 0)

    def killed(done: int, total: int) -> None:
        if compared and done == 6:
            raise SystemExit

    async with filled() as service:
        with pytest.raises(SystemExit):
            await check(service, deep=True, progress=killed)
        assert compared == [1, 2, 3, 4, 5, 6]
        assert (await check(service, deep=True)).sound
        assert compared[6:] == [5, 6]


async def test_picture_that_was_mended_meanwhile_is_no_longer_found(filled: Filled, compared: list[int]) -> None:
    async with filled() as service:
        path = original_of(service, await service.get(1))
        content = path.read_bytes()
        await alter(service, 1)
        assert (await check(service, deep=True, stop=lambda: len(compared) >= 2)).altered_original == 1
        path.write_bytes(content)
        assert (await check(service, deep=True)).sound
