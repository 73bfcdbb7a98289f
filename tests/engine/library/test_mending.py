"""What was found is mended: what an original gives is made of it again, and what may come back is not lost."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.sql import Update

from engine import EngineSettings, SearchService, open_service
from engine.domain import PictureWarning
from engine.errors import NothingToUndo, UnreadableFile
from engine.features import hashes as hashing
from engine.library import checking
from engine.library.faults import Faults
from engine.library.mending import Mender
from engine.storage.tables import embeddings, hashes, images, keypoints
from tests.conftest import PHOTOGRAPHS, Filled, cut_short, jpeg, original_of, photograph, thumbnail_of
from tests.engine.library.conftest import paint, painted
from tests.engine.library.damage import SHORT, TYPE, alter, check, execute, found_in, lose, rows_of_features, use
from tests.rows import lines


@pytest.fixture
async def gallery(small: SearchService) -> SearchService:
    """Of the pictures 1 to 4."""
    await paint(small, *range(1, 5))
    return small


async def mend(service: SearchService, found: Faults) -> tuple[int, int]:
    return await Mender(service.repository, service.networks, service.originals, service.pool).mend(found, "ada")


def faults_of(**pictures: list[int]) -> Faults:
    found = Faults()
    for code, ids in pictures.items():
        found.add(code, *ids)
    return found


async def test_nothing_found_is_nothing_to_mend(gallery: SearchService) -> None:
    before = await lines(gallery.repository)
    assert await mend(gallery, Faults()) == (0, 0)
    assert await lines(gallery.repository) == before


async def test_only_what_is_surely_lost_is_taken_out_as_one_operation(gallery: SearchService) -> None:
    await lose(gallery, 1)
    await alter(gallery, 2)
    found = faults_of(missing_original=[1, 3, 99], altered_original=[2])
    assert await mend(gallery, found) == (2, 0)
    assert await gallery.repository.images.live_ids() == [3, 4]
    assert await gallery.last_operation("ada") == 5
    assert (await gallery.undo(actor="test")).images == 2


async def test_features_are_made_of_the_original_and_told_to_every_index(gallery: SearchService) -> None:
    await execute(
        gallery,
        delete(embeddings).where(embeddings.c.image_id == 1),
        update(hashes).where(hashes.c.image_id == 2).values(phash=1),
        delete(keypoints).where(keypoints.c.image_id == 3),
        update(images).values(compared=2),
    )
    rows = await rows_of_features(gallery)
    assert await mend(gallery, faults_of(stale_features=[1, 3], wrong_hash=[2])) == (0, 0)
    assert await rows_of_features(gallery) == [rows[0] + 1, rows[1], rows[2] + 1]
    told = (await lines(gallery.repository))[4:]
    assert [(image_id, kind) for _, image_id, kind in told] == [(one, "reembedded") for one in (1, 2, 3)]
    assert len({operation for operation, *_ in told}) == 1
    for number in (1, 2, 3):
        best = (await gallery.search(painted(number, 50))).matches[0]
        assert (best.image.id, best.lane) == (number, "same")
    assert await gallery.repository.pairs.waiting(1, 9) == [1, 2, 3]  # what was missed without them may be found now
    with pytest.raises(NothingToUndo):
        await gallery.undo(actor="test", operation_id=told[0][0])


async def test_thumbnail_size_and_media_type_are_put_right_by_the_original(gallery: SearchService) -> None:
    before = [await gallery.get(number) for number in (1, 2, 3)]
    path = thumbnail_of(gallery, before[0])
    content = path.read_bytes()
    path.write_bytes(b"no picture")
    await execute(
        gallery,
        update(images).where(images.c.id == 2).values(width=0, height=7, byte_size=-1),
        update(images).where(images.c.id == 3).values(media_type="odd"),
        "UPDATE images SET tags = '7' WHERE id = 4",
    )
    found = faults_of(missing_thumbnail=[1], bad_size=[2], unknown_media_type=[3], bad_tags=[4])
    assert await mend(gallery, found) == (0, 0)
    assert path.read_bytes() == content
    assert [await gallery.get(number) for number in (1, 2, 3)] == before
    assert (await gallery.get(4)).tags == ()


@pytest.mark.parametrize("fault", ["stale_features", "missing_thumbnail", "bad_size"])
async def test_what_an_older_pictrace_did_not_note_of_a_picture_is_noted(small: SearchService, fault: str) -> None:
    await small.add_bytes(cut_short(painted(1)), name="cut.jpg", actor="test")
    await execute(small, update(images).values(warnings=None))
    assert (await small.get(1)).warnings is None
    assert await mend(small, faults_of(**{fault: [1]})) == (0, 0)
    assert (await small.get(1)).warnings == (PictureWarning.of_code("cut_short"),)


async def test_what_cannot_be_mended_is_counted_once_and_stops_nothing(
    gallery: SearchService, caplog: pytest.LogCaptureFixture
) -> None:
    await lose(gallery, 2)
    await execute(gallery, delete(keypoints))
    found = faults_of(stale_features=[1, 2, 3], wrong_thumbnail=[2], bad_size=[2], wrong_hash=[2])
    assert await mend(gallery, found) == (0, 1)
    assert "picture 2 could not be mended" in caplog.text
    assert (await rows_of_features(gallery))[2] == 2


async def test_media_type_is_not_told_by_a_file_that_was_altered(gallery: SearchService) -> None:
    await alter(gallery, 3)
    await execute(gallery, TYPE)
    assert await mend(gallery, faults_of(unknown_media_type=[3])) == (0, 1)
    assert (await gallery.get(3)).media_type == "image/x-odd"


async def test_pictures_that_went_meanwhile_are_passed_over(gallery: SearchService) -> None:
    await gallery.remove([1, 2], actor="test")
    every = [1, 2, 99]
    found = faults_of(missing_original=every, bad_tags=every, bad_size=every, wrong_thumbnail=every, wrong_hash=every)
    before = await lines(gallery.repository)
    assert await mend(gallery, found) == (0, 0)
    assert await lines(gallery.repository) == before


# --- what was taken out comes back whole


@pytest.mark.databases("sqlite", "postgresql")
async def test_undo_brings_back_whole_what_a_repair_took_out(
    filled: Filled, settings: EngineSettings, tmp_path: Path
) -> None:
    async with filled() as service:
        features = await rows_of_features(service)
        shutil.copytree(settings.data_dir / "originals", tmp_path / "backup")
        await lose(service, 1, 2)
        thumbnails = sorted(path.name for path in settings.data_dir.glob("thumbnails/*/*"))
        assert (await check(service, repair=True)).taken_out == 2
        assert sorted(path.name for path in settings.data_dir.glob("thumbnails/*/*")) == thumbnails
        assert await rows_of_features(service) == features
        assert [image.id for image in (await service.page()).images] == [6, 5, 4, 3]
        undone = await service.undo(actor="test")
        assert (undone.kind, undone.images) == ("repair", 2)
        shutil.copytree(tmp_path / "backup", settings.data_dir / "originals", dirs_exist_ok=True)
        assert (await check(service, deep=True)).sound
        best = (await service.search(jpeg(photograph(PHOTOGRAPHS[0])[30:, 20:]))).matches[0]
        assert (best.image.id, best.lane) == (1, "same")


async def test_undo_of_a_repair_leaves_a_library_that_works_without_the_files(filled: Filled) -> None:
    async with filled() as service:
        await lose(service, 1, 2)
        await check(service, repair=True)
        await service.undo(actor="test")
        await use(service, PHOTOGRAPHS[0])
        await use(service, PHOTOGRAPHS[1])
        thumbnail_of(service, await service.get(2)).unlink()
        await service.search(jpeg(photograph(PHOTOGRAPHS[1])[20:, 30:]), weak=True)
        assert found_in(await check(service)) == {("missing_original", 1), ("missing_original", 2)}
        with pytest.raises(UnreadableFile):
            await service.originals.file(await service.get(1))


async def test_repair_that_took_nothing_out_is_nothing_to_undo(filled: Filled) -> None:
    async with filled() as service:
        thumbnail_of(service, await service.get(1)).unlink()
        await execute(service, "UPDATE keypoints SET version = 0 WHERE image_id = 2")
        report = await check(service, repair=True)
        assert (report.repaired, report.taken_out) == (True, 0)
        assert (await service.undo(actor="test")).kind == "add"


async def test_original_that_is_back_before_the_repair_stays(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    async with filled() as service:
        path = original_of(service, await service.get(1))
        content = path.read_bytes()
        path.unlink()

        async def mounted(*_: object) -> None:
            path.write_bytes(content)

        monkeypatch.setattr(checking.Checker, "_refuse_too_many", mounted)
        report = await check(service, repair=True)
        assert (report.missing_originals, report.taken_out) == (1, 0)
        assert (await service.status()).images == len(PHOTOGRAPHS)


# --- damaged cells

EMPTY = update(embeddings).where(embeddings.c.image_id == 3).values(vector=b"")
UNEQUAL = update(keypoints).where(keypoints.c.image_id == 3).values(points=b"\1\2\3\4\5\6\7\x08")
TORN = update(keypoints).where(keypoints.c.image_id == 3).values(points=b"\1\2\3", descriptors=b"\1")
ASPECT = update(keypoints).where(keypoints.c.image_id == 3).values(aspect=0.0)
SIZES = update(images).where(images.c.id == 3).values(width=-5, height=0)
BYTES = update(images).where(images.c.id == 3).values(byte_size=-1)
ON_BOTH = [
    ("short_vector", SHORT),
    ("short_vector", EMPTY),
    ("bad_keypoints", UNEQUAL),
    ("bad_keypoints", TORN),
    ("bad_keypoints", ASPECT),
    ("unknown_media_type", TYPE),
    ("bad_size", SIZES),
    ("bad_size", BYTES),
    *(("bad_tags", f"UPDATE images SET tags = '{tags}' WHERE id = 3") for tags in ('{"a": 1}', "7", "null", '"a"')),
]
ON_SQLITE = [
    *(("bad_tags", f"UPDATE images SET tags = {tags} WHERE id = 3") for tags in ("'[\"a'", "''", "x'ff00'")),
    ("short_vector", "UPDATE embeddings SET vector = 'a text' WHERE image_id = 3"),
    ("bad_keypoints", "UPDATE keypoints SET descriptors = 'a text' WHERE image_id = 3"),
]


async def is_found_and_mended(service: SearchService, code: str, damage: Update | str) -> None:
    before = await service.get(3)
    await execute(service, damage)
    service.networks._active = None  # as in a process that starts now
    await use(service)
    await service.search(jpeg(photograph(PHOTOGRAPHS[2])[20:, 30:]), limit=6)  # once more, after all that
    found = await check(service)
    assert (code, 3) in found_in(found)
    assert getattr(found, code) == 1
    assert not found.sound
    assert (await check(service, repair=True)).mended
    assert (await check(service, deep=True)).sound
    assert await service.get(3) == before
    best = (await service.search(jpeg(photograph(PHOTOGRAPHS[2])[10:, 20:]))).matches[0]
    assert (best.image.id, best.lane) == (3, "same")


@pytest.mark.slow
@pytest.mark.databases("sqlite", "postgresql")
@pytest.mark.parametrize(("code", "damage"), ON_BOTH)
async def test_damaged_cell_breaks_nothing_and_is_mended(filled: Filled, code: str, damage: Update | str) -> None:
    async with filled() as service:
        await is_found_and_mended(service, code, damage)


@pytest.mark.slow
@pytest.mark.parametrize(("code", "damage"), ON_SQLITE)
async def test_cell_of_another_type_breaks_nothing_and_is_mended(filled: Filled, code: str, damage: str) -> None:
    async with filled() as service:
        await is_found_and_mended(service, code, damage)


async def test_tags_that_can_be_read_are_kept(filled: Filled) -> None:
    async with filled() as service:
        await execute(service, """UPDATE images SET tags = '["space", 7, null, {"a": 1}]' WHERE id = 1""")
        assert (await service.get(1)).tags == ("space",)
        assert [image.id for image in (await service.page(tags=["space"])).images] == [1]
        assert "space" in await service.tags()
        assert all(isinstance(tag, str) for tag in await service.tags())
        await check(service, repair=True)
        assert (await service.get(1)).tags == ("space",)
        assert (await check(service)).sound


async def test_index_on_disk_without_the_damaged_vector_catches_up(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service:
        await execute(service, SHORT)
    async with open_service(settings.model_copy(update={"index": "hnsw"})) as service:
        await use(service)
        assert (await service.status()).index_size == len(PHOTOGRAPHS) - 1
        await check(service, repair=True)
        assert (await service.status()).index_size == len(PHOTOGRAPHS)


async def test_vector_that_is_no_number_is_found_and_mended(filled: Filled) -> None:
    async with filled() as service:
        async with service.database.read() as connection:
            vector = await connection.scalar(select(embeddings.c.vector).where(embeddings.c.image_id == 3))
        damaged = np.full(len(vector or b"") // 2, np.nan, "<f2").tobytes()
        await execute(service, update(embeddings).where(embeddings.c.image_id == 3).values(vector=damaged))
        assert found_in(await check(service, deep=True)) == {("wrong_vector", 3)}
        assert (await check(service, deep=True, repair=True)).mended


async def test_original_that_cannot_be_decoded_is_said_to_be_unmended(
    filled: Filled, caplog: pytest.LogCaptureFixture
) -> None:
    """As where a decoder of another version refuses it: the file itself is as it was added."""
    async with filled() as service:
        image = await service.get(3)
        content = b"never a picture"
        sha256 = hashing.sha256(content)
        await execute(
            service, update(images).where(images.c.id == 3).values(sha256=sha256, byte_size=len(content)), SHORT
        )
        original = original_of(service, await service.get(3))
        original.parent.mkdir(exist_ok=True)
        original.write_bytes(content)
        report = await check(service, repair=True, deep=True)
        assert (report.unmended, report.mended, report.taken_out) == (1, False, 0)
        assert "picture 3" in caplog.text
        assert (await service.get(image.id)).sha256 == sha256
