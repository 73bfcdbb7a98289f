"""`check` finds what is lost, damaged or altered, mends it, and never loses what may come back."""

import os
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from engine import EngineSettings, SearchService, open_service
from engine.errors import DataDirNotWritable, TooManyMissing, UnreadableFile
from engine.library import checking
from engine.pictures import imaging
from tests.conftest import PHOTOGRAPHS, Filled, jpeg, original_of, photograph, thumbnail_of
from tests.engine.library.damage import TYPE, alter, check, execute, found_in, lose

ALL = range(1, len(PHOTOGRAPHS) + 1)


# --- what may come back is never lost


@pytest.mark.databases("sqlite", "postgresql")
async def test_repair_changes_nothing_where_all_originals_are_missing(
    filled: Filled, settings: EngineSettings, tmp_path: Path
) -> None:
    async with filled() as service:
        thumbnail = thumbnail_of(service, await service.get(1))
        thumbnail.unlink()
        shutil.move(settings.data_dir / "originals", tmp_path / "elsewhere")
        seq = (await service.repository.feed.head()).seq
        with pytest.raises(TooManyMissing, match=r"originals of 6 pictures are missing.*disk is not mounted") as caught:
            await check(service, repair=True)
        assert caught.value.code == "too_many_missing"
        assert "--allow-missing 6" in str(caught.value)
        assert not thumbnail.exists()
        assert (await service.repository.feed.head()).seq == seq
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


# --- a picture whose media type is damaged


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


# --- what is not finished, or not allowed


async def test_quick_check_that_is_stopped_mends_nothing(filled: Filled) -> None:
    async with filled() as service:
        thumbnail = thumbnail_of(service, await service.get(1))
        thumbnail.unlink()
        report = await check(service, repair=True, stop=lambda: True)
        assert (report.unfinished, report.repaired) == (True, False)
        assert not thumbnail.exists()


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


# --- all at once


@pytest.mark.databases("sqlite", "postgresql")
async def test_check_finds_and_mends_what_was_lost(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service:
        originals = sorted(p for p in (settings.data_dir / "originals").rglob("*") if p.is_file())
        thumbnails = sorted(p for p in (settings.data_dir / "thumbnails").rglob("*") if p.is_file())
        originals[0].unlink()
        originals[1].write_bytes(originals[1].read_bytes()[:-1] + b"?")
        good = [t for t in thumbnails if t.stem not in {o.stem for o in originals[:2]}]
        good[0].unlink()
        good[1].write_bytes(b"")
        (settings.data_dir / "originals" / "ab").mkdir(exist_ok=True)
        for name, age_s in (
            ("ab" + 62 * "0" + ".jpg", 7200),
            (".left.123.partial", 7200),
            ("ab" + 62 * "1" + ".jpg", 0),
        ):
            path = settings.data_dir / "originals" / "ab" / name
            path.write_bytes(b"nobody's")
            os.utime(path, (time.time() - age_s, time.time() - age_s))
        repository = service.repository
        async with repository.database.write() as connection:
            await connection.execute(text("DELETE FROM embeddings WHERE image_id = (SELECT max(id) FROM images)"))
            await connection.execute(text("UPDATE keypoints SET version = 0 WHERE image_id = 3"))
        found = await service.checker.check(repair=False, purge=False, deep=True, actor="test")
        assert (found.missing_originals, found.altered_original) == (1, 1)
        assert (found.missing_thumbnails, found.orphaned_files) == (2, 2)
        assert found.stale_features == 2
        assert not found.sound
        assert (await service.checker.check(repair=True, purge=False, deep=True, actor="test")).repaired
        assert (await service.checker.check(repair=False, purge=False, deep=True, actor="test")).sound
        assert (await service.status()).images == len(PHOTOGRAPHS) - 2
        assert path.exists()  # so young a file may belong to an addition under way
        undone = await service.undo(actor="test")
        assert (undone.kind, undone.images) == ("repair", 2)
