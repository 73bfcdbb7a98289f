"""`check` finds what is lost, damaged or altered, mends it, and never loses what may come back."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.sql import Update

from engine import EngineSettings, SearchService, open_service
from engine.domain import CheckReport, Finding
from engine.errors import DataDirNotWritable, TooManyMissing, UnreadableFile
from engine.features import hashes as hashing
from engine.library import checking, faults, inspection
from engine.pictures import imaging
from engine.storage.tables import embeddings, hashes, images, keypoints
from tests.conftest import PHOTOGRAPHS, Filled, jpeg, original_of, photograph, thumbnail_of

ALL = range(1, len(PHOTOGRAPHS) + 1)


async def check(service: SearchService, **wishes: Any) -> CheckReport:
    given: dict[str, Any] = {"repair": False, "purge": False, "actor": "test"} | wishes
    return await service.checker.check(**given)


async def lose(service: SearchService, *ids: int) -> None:
    for image_id in ids:
        original_of(service, await service.get(image_id)).unlink()


async def alter(service: SearchService, image_id: int, *, longer: bool = False) -> None:
    """Turn over the last byte of an original, or add one."""
    path = original_of(service, await service.get(image_id))
    content = path.read_bytes()
    path.write_bytes(content + b"\0" if longer else content[:-1] + bytes([content[-1] ^ 0xFF]))


async def execute(service: SearchService, *statements: Update | str) -> None:
    async with service.database.write() as connection:
        for one in statements:
            await connection.execute(text(one) if isinstance(one, str) else one)


async def rows_of_features(service: SearchService) -> list[int]:
    async with service.database.read() as connection:
        return [
            int(await connection.scalar(select(func.count()).select_from(table)) or 0)
            for table in (embeddings, hashes, keypoints)
        ]


def found_in(report: CheckReport) -> set[tuple[str, int]]:
    return {(one.code, one.id) for one in report.findings}


async def use(service: SearchService, name: str = "coffee.png") -> None:
    """Search, list, get, compare and group: nothing of it may fail."""
    for weak in (False, True):
        await service.search(jpeg(photograph(name)[20:, 30:]), weak=weak, limit=6)
    page = await service.page()
    for image in page.images:
        assert await service.get(image.id) == image
        await service.search_stored(image.id, weak=True)
    await service.page(tag="space")
    await service.page(words="o")
    await service.tags()
    await service.duplicates.compare()
    await service.duplicates.compare(thorough=True)
    await service.duplicates.groups()
    await service.status()


# --- what may come back is never lost


@pytest.mark.databases("sqlite", "postgresql")
async def test_repair_changes_nothing_where_all_originals_are_missing(
    filled: Filled, settings: EngineSettings, tmp_path: Path
) -> None:
    async with filled() as service:
        thumbnail = thumbnail_of(service, await service.get(1))
        thumbnail.unlink()
        shutil.move(settings.data_dir / "originals", tmp_path / "elsewhere")
        seq = (await service._repository.feed.head()).seq
        with pytest.raises(TooManyMissing, match=r"originals of 6 pictures are missing.*disk is not mounted") as caught:
            await check(service, repair=True)
        assert caught.value.code == "too_many_missing"
        assert "--allow-missing 6" in str(caught.value)
        assert not thumbnail.exists()
        assert (await service._repository.feed.head()).seq == seq
        assert (await service.status()).images == len(PHOTOGRAPHS)
        shutil.move(tmp_path / "elsewhere", settings.data_dir / "originals")
        assert (await check(service, repair=True)).mended
        assert (await check(service, deep=True)).sound


async def test_one_lost_original_of_one_picture_is_all_of_them(service: SearchService) -> None:
    await service.add_bytes(jpeg(photograph("coffee.png")), name="one.jpg", actor="test")
    await lose(service, 1)
    with pytest.raises(TooManyMissing, match="The original of 1 picture is missing"):
        await check(service, repair=True)
    assert (await check(service, repair=True, allow_missing=1)).taken_out == 1


async def test_repair_stops_at_more_than_20_originals_and_goes_on_with_20(service: SearchService) -> None:
    random = np.random.default_rng(3)
    for number in range(23):
        noise = random.integers(0, 255, (24, 24, 3), np.uint8)
        await service.add_bytes(jpeg(noise), name=f"{number}.jpg", actor="test")
    await lose(service, *range(1, 22))
    with pytest.raises(TooManyMissing, match="21 pictures are missing or altered, of 23"):
        await check(service, repair=True)
    path = original_of(service, await service.get(1))
    path.write_bytes(jpeg(np.random.default_rng(3).integers(0, 255, (24, 24, 3), np.uint8)))
    assert (await check(service, repair=True)).taken_out == 20


@pytest.mark.parametrize(("lost", "share", "is_refused"), [(3, 0.1, True), (3, 0.5, False), (2, 0.1, False)])
async def test_a_few_or_a_small_share_may_be_missing(
    filled: Filled, monkeypatch: pytest.MonkeyPatch, lost: int, share: float, is_refused: bool
) -> None:
    assert (checking.FEW, checking.SHARE) == (20, 0.01)
    monkeypatch.setattr(checking, "FEW", 2)
    monkeypatch.setattr(checking, "SHARE", share)
    async with filled() as service:
        await lose(service, *ALL[:lost])
        if is_refused:
            with pytest.raises(TooManyMissing):
                await check(service, repair=True)
        else:
            assert (await check(service, repair=True)).taken_out == lost


async def test_allow_missing_goes_on_at_most_so_many(filled: Filled) -> None:
    async with filled() as service:
        await lose(service, *ALL[:4])
        await alter(service, 5)
        for allowed in (0, 4):
            with pytest.raises(TooManyMissing, match="5 pictures"):
                await check(service, repair=True, deep=True, allow_missing=allowed)
        assert (await service.status()).images == len(PHOTOGRAPHS)
        report = await check(service, repair=True, deep=True, allow_missing=5)
        assert (report.missing_originals, report.altered_original, report.taken_out) == (4, 1, 5)


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

SHORT = update(embeddings).where(embeddings.c.image_id == 3).values(vector=b"\0\0\0")
EMPTY = update(embeddings).where(embeddings.c.image_id == 3).values(vector=b"")
UNEQUAL = update(keypoints).where(keypoints.c.image_id == 3).values(points=b"\1\2\3\4\5\6\7\x08")
TORN = update(keypoints).where(keypoints.c.image_id == 3).values(points=b"\1\2\3", descriptors=b"\1")
ASPECT = update(keypoints).where(keypoints.c.image_id == 3).values(aspect=0.0)
TYPE = update(images).where(images.c.id == 3).values(media_type="image/x-odd")
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
    service._networks._active = None  # as in a process that starts now
    await use(service)
    await use(service, PHOTOGRAPHS[2])
    found = await check(service)
    assert (code, 3) in found_in(found)
    assert getattr(found, code) == 1
    assert not found.sound
    assert (await check(service, repair=True)).mended
    assert (await check(service, deep=True)).sound
    assert await service.get(3) == before
    best = (await service.search(jpeg(photograph(PHOTOGRAPHS[2])[10:, 20:]))).matches[0]
    assert (best.image.id, best.lane) == (3, "same")


@pytest.mark.databases("sqlite", "postgresql")
@pytest.mark.parametrize(("code", "damage"), ON_BOTH)
async def test_damaged_cell_breaks_nothing_and_is_mended(filled: Filled, code: str, damage: Update | str) -> None:
    async with filled() as service:
        await is_found_and_mended(service, code, damage)


@pytest.mark.parametrize(("code", "damage"), ON_SQLITE)
async def test_cell_of_another_type_breaks_nothing_and_is_mended(filled: Filled, code: str, damage: str) -> None:
    async with filled() as service:
        await is_found_and_mended(service, code, damage)


async def test_tags_that_can_be_read_are_kept(filled: Filled) -> None:
    async with filled() as service:
        await execute(service, """UPDATE images SET tags = '["space", 7, null, {"a": 1}]' WHERE id = 1""")
        assert (await service.get(1)).tags == ("space",)
        assert [image.id for image in (await service.page(tag="space")).images] == [1]
        assert "space" in await service.tags()
        assert all(isinstance(tag, str) for tag in await service.tags())
        await check(service, repair=True)
        assert (await service.get(1)).tags == ("space",)
        assert (await check(service)).sound


async def test_picture_of_an_unknown_media_type_is_listed_without_its_file(filled: Filled) -> None:
    async with filled() as service:
        await execute(service, TYPE)
        assert 3 in [image.id for image in (await service.page()).images]
        with pytest.raises(UnreadableFile):
            await service.originals.file(await service.get(3))
        assert (await check(service)).orphaned_files == 0


async def test_unknown_media_type_whose_original_is_lost_is_both(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service:
        await lose(service, 3)
        await execute(service, TYPE)
        report = await check(service, repair=True)
        assert found_in(report) == {("unknown_media_type", 3), ("missing_original", 3)}
        assert report.taken_out == 1


async def test_purge_deletes_the_files_of_an_unknown_media_type_too(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service:
        await execute(service, TYPE)
        sha256 = (await service.get(3)).sha256
        await service.remove([3], actor="test")
        assert (await check(service, purge=True)).purged == 1
        assert not list(settings.data_dir.rglob(f"{sha256}*"))


async def test_index_on_disk_without_the_damaged_vector_catches_up(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service:
        await execute(service, SHORT)
    async with open_service(settings.model_copy(update={"index": "hnsw"})) as service:
        await use(service)
        assert (await service.status()).index_size == len(PHOTOGRAPHS) - 1
        await check(service, repair=True)
        assert (await service.status()).index_size == len(PHOTOGRAPHS)


async def test_watch_with_damaged_vectors_is_still_told(filled: Filled) -> None:
    async with filled() as service:
        query = jpeg(photograph("coffee.png")[40:, :500])
        await service.remove([3], actor="test")
        await service.watches.begin(query, subscriber="someone", reference="here")
        await execute(service, "UPDATE watches SET vectors = substr(vectors, 1, 5)")
        await service.undo(actor="test")
        assert len(await service.watches.due()) == 1


# --- what is read


async def test_altered_original_is_noticed_when_it_is_read(filled: Filled) -> None:
    async with filled() as service:
        await alter(service, 3)
        with pytest.raises(UnreadableFile, match=r"picture 3 .* is not the file that was added: it was altered"):
            await service.explain(jpeg(photograph("coffee.png")), 3)
        image = await service.get(3)
        with pytest.raises(UnreadableFile, match="altered"):
            await service.originals.file(image)
        assert (
            imaging.decode_thumbnail(await service.originals.preview(image)).shape[1] == 320
        )  # of the thumbnail instead


async def test_quick_check_reads_no_original(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    async with filled() as service:
        files = service._repository.files.files
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
        repository = service._repository
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


async def test_quick_check_that_is_stopped_mends_nothing(filled: Filled) -> None:
    async with filled() as service:
        thumbnail = thumbnail_of(service, await service.get(1))
        thumbnail.unlink()
        report = await check(service, repair=True, stop=lambda: True)
        assert (report.unfinished, report.repaired) == (True, False)
        assert not thumbnail.exists()


async def test_findings_are_bounded_and_counts_are_not(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    assert faults.FINDINGS == 1_000
    monkeypatch.setattr(faults, "FINDINGS", 2)
    async with filled() as service:
        await lose(service, 1, 2, 3)
        report = await check(service)
        assert (len(report.findings), report.missing_originals) == (2, 3)


async def test_library_opened_to_be_read_can_be_checked_but_not_mended(
    filled: Filled, settings: EngineSettings
) -> None:
    async with filled():
        pass
    async with open_service(settings, read_only=True) as service:
        assert (await check(service, deep=True)).sound
        for wish in ({"repair": True}, {"purge": True}):
            with pytest.raises(DataDirNotWritable):
                await check(service, **wish)
