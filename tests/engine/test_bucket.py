"""A library whose files are in a bucket: all that it does elsewhere, and what it does while the store is down."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine import EngineSettings, SearchService, open_service
from engine.bootstrap import copy_library_files
from engine.errors import FilesUnreachable, InvalidSetting, LibraryDamaged, MigrationRefused
from engine.pictures import augment, imaging
from engine.storage.files import original_key, thumbnail_key
from tests.conftest import PHOTOGRAPHS, SHIPPED, Filled, add_paths, jpeg, photograph
from tests.object_store import Bucket

NEW = jpeg(np.ascontiguousarray(photograph("rocket.jpg")[:200, :300]))


@pytest.fixture
async def service(in_bucket: EngineSettings) -> AsyncIterator[SearchService]:
    async with open_service(in_bucket) as service:
        await add_paths(service, *(SHIPPED / name for name in PHOTOGRAPHS))
        yield service


def copy_of(name: str) -> bytes:
    return jpeg(augment.apply("crop", photograph(name), photograph("chelsea.png"), seed=1))


async def is_found(service: SearchService, name: str) -> bool:
    best = (await service.search(copy_of(name), weak=True)).matches[0]
    return (best.image.filename, best.lane) == (name, "same")


async def image_id(service: SearchService, words: str) -> int:
    (image,) = (await service.page(words=words)).images
    return image.id


def keys_of(sha256: str, extension: str) -> set[str]:
    return {original_key(sha256, extension), thumbnail_key(sha256)}


async def test_library_in_a_bucket_does_all_that_another_does(
    service: SearchService, bucket: Bucket, in_bucket: EngineSettings
) -> None:
    assert len(bucket.keys) == 2 * len(PHOTOGRAPHS)
    assert not {"originals", "thumbnails"} & {path.name for path in in_bucket.data_dir.iterdir()}
    coffee = await service.get(await image_id(service, "coffee"))
    assert await service.originals.file(await service.get(coffee.id)) == (SHIPPED / "coffee.png").read_bytes()
    assert (await service.originals.served(coffee, whole=True)).content == (SHIPPED / "coffee.png").read_bytes()
    assert await service.originals.thumbnail_file(coffee) == bucket.get(thumbnail_key(coffee.sha256))
    assert await is_found(service, "coffee.png")
    assert imaging.decode_thumbnail(await service.originals.preview(coffee)).shape[1] == coffee.width
    assert imaging.decode_thumbnail((await service.explain(copy_of("coffee.png"), coffee.id)).picture).size
    assert coffee.id not in [match.image.id for match in (await service.search_stored(coffee.id, weak=True)).matches]
    await service.remove([coffee.id], actor="test")
    assert not await is_found(service, "coffee.png")
    await service.undo(actor="test")
    assert await is_found(service, "coffee.png")
    assert (await add_paths(service, SHIPPED / "coffee.png"))[0].status == "duplicate"
    status = await service.status()
    assert status.files_url == bucket.url
    assert status.original_bytes == sum((SHIPPED / name).stat().st_size for name in PHOTOGRAPHS)
    await service.remove([coffee.id], actor="test")
    assert (await service.checker.check(repair=False, purge=True, actor="test")).purged == 1
    assert len(bucket.keys) == 2 * len(PHOTOGRAPHS) - 2
    assert keys_of(coffee.sha256, ".png").isdisjoint(bucket.keys)


async def test_check_finds_and_mends_what_was_lost_in_a_bucket(service: SearchService, bucket: Bucket) -> None:
    originals = [key for key in bucket.keys if key.startswith("originals")]
    bucket.delete(originals[0])
    bucket.put(originals[1], bucket.get(originals[1])[:-1] + b"?")
    lost = {Path(key).stem for key in originals[:2]}
    thumbnails = [key for key in bucket.keys if key.startswith("thumbnails") and Path(key).stem not in lost]
    bucket.delete(thumbnails[0])
    bucket.put(thumbnails[1], b"damaged")
    old, young = (original_key(digit * 64, ".jpg") for digit in "01")
    bucket.put(old, b"nobody's")
    bucket.age(old, days=1)
    bucket.put(young, b"nobody's")
    found = await service.checker.check(repair=False, purge=False, deep=True, actor="test")
    assert (found.missing_originals, found.altered_original) == (1, 1)
    assert (found.missing_thumbnails, found.orphaned_files) == (2, 1)
    assert (await service.checker.check(repair=True, purge=False, deep=True, actor="test")).repaired
    assert (await service.checker.check(repair=False, purge=False, deep=True, actor="test")).sound
    assert (await service.status()).images == len(PHOTOGRAPHS) - 2
    assert old not in bucket.keys
    assert young in bucket.keys  # so young a file may belong to an addition under way
    assert all(imaging.decode_thumbnail(bucket.get(key)).size for key in thumbnails)


async def test_orphan_that_has_found_a_picture_stays(service: SearchService, bucket: Bucket) -> None:
    """As where a file left by a killed addition belongs to a new one before it is deleted."""
    repository = service.repository
    there = [file async for portion in repository.files.walk() for file in portion]
    nobodys = [replace(there[0], key=original_key("0" * 64, ".jpg"))]
    assert await repository.upkeep.orphans(there + nobodys) == nobodys
    await repository.upkeep.drop_orphans(there + nobodys)
    assert (await service.checker.check(repair=False, purge=False, actor="test")).sound
    assert len(bucket.keys) == 2 * len(PHOTOGRAPHS)


async def test_picture_that_lost_its_files_in_a_bucket_is_stored_anew(service: SearchService, bucket: Bucket) -> None:
    rocket = await service.get(await image_id(service, "rocket"))
    bucket.delete(original_key(rocket.sha256, ".jpg"))
    (result,) = await add_paths(service, SHIPPED / "rocket.jpg")
    assert (result.status, result.id) == ("duplicate", rocket.id)
    assert (await service.checker.check(repair=False, purge=False, actor="test")).sound


async def test_while_the_store_is_down_searches_go_on_and_nothing_is_lost(
    service: SearchService, bucket: Bucket, caplog: pytest.LogCaptureFixture
) -> None:
    rocket = await service.get(await image_id(service, "rocket"))
    assert await is_found(service, "rocket.jpg")  # its thumbnail is at hand from now on
    before = bucket.keys
    coffee = await service.get(await image_id(service, "coffee"))
    assert service.repository.files._cache
    service.repository.files._cache.drop(coffee.sha256)
    with bucket.store.down():
        with pytest.raises(FilesUnreachable) as caught:
            await service.add_bytes(NEW, name="new.jpg", actor="test")
        assert caught.value.code == "files_unreachable"
        assert await is_found(service, "rocket.jpg")
        with caplog.at_level(logging.WARNING):
            found = (await service.search((SHIPPED / "coffee.png").read_bytes())).matches[0]
        assert (found.image.filename, found.evidence.exact) == ("coffee.png", True)
        assert "cannot be reached" in caplog.text
        service.repository.files.files._paused_until = 0  # type: ignore[attr-defined]
        await service.search(copy_of("coffee.png"), weak=True)  # whatever its thumbnail's absence leaves of it
        assert imaging.decode_thumbnail(await service.originals.preview(rocket)).shape[1] == 320
        with pytest.raises(FilesUnreachable):
            await service.originals.file(await service.get(rocket.id))
        for repair in (False, True):
            with pytest.raises(FilesUnreachable):
                await service.checker.check(repair=repair, purge=False, actor="test")
        operation = await service.remove([rocket.id], actor="test")
        await service.undo(actor="test", operation_id=operation)
        assert (await service.status()).images == len(PHOTOGRAPHS)
    assert (await service.add_bytes(NEW, name="new.jpg", actor="test")).status == "added"
    assert len(bucket.keys) == len(before) + 2
    assert await is_found(service, "coffee.png")
    assert (await service.checker.check(repair=True, purge=False, actor="test")).sound


@pytest.mark.parametrize("kind", ["originals", "thumbnails"])
async def test_check_ends_at_the_first_file_that_cannot_be_read_and_mends_nothing(
    service: SearchService, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """As where a store answers some requests and others not."""
    files = service.repository.files.files
    rocket = await service.get(await image_id(service, "rocket"))
    read = files.read

    async def read_most(key: str) -> bytes:
        if key.startswith(kind) and rocket.sha256 in key:
            raise FilesUnreachable("Not now.")
        return await read(key)

    monkeypatch.setattr(files, "read", read_most)
    with pytest.raises(FilesUnreachable):
        await service.checker.check(repair=True, purge=False, deep=True, actor="test")
    assert (await service.status()).images == len(PHOTOGRAPHS)


async def test_store_that_goes_down_before_the_row_is_written_leaves_no_row(
    service: SearchService, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = service.repository
    add = repository.additions.add

    async def add_when_down(*given: object) -> object:
        with bucket.store.down():
            return await add(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(repository.additions, "add", add_when_down)
    seq = (await repository.feed.head()).seq
    with pytest.raises(FilesUnreachable):
        await service.add_bytes(NEW, name="new.jpg", actor="test")
    monkeypatch.undo()
    assert (await service.status()).images == len(PHOTOGRAPHS)
    assert (await repository.feed.head()).seq == seq
    assert (await service.add_bytes(NEW, name="new.jpg", actor="test")).status == "added"
    assert (await service.checker.check(repair=False, purge=False, actor="test")).sound


async def test_purge_while_the_store_is_down_forgets_nothing(service: SearchService, bucket: Bucket) -> None:
    rocket = await image_id(service, "rocket")
    await service.remove([rocket], actor="test")
    with bucket.store.down(), pytest.raises(FilesUnreachable):
        await service.checker.check(repair=True, purge=True, actor="test")
    assert (await service.status()).removed == 1
    await service.undo(actor="test")
    assert await service.originals.file(await service.get(rocket)) == (SHIPPED / "rocket.jpg").read_bytes()


async def test_two_machines_add_the_same_pictures_at_once(in_bucket: EngineSettings, bucket: Bucket) -> None:
    """Each with a data folder and thumbnails of its own."""
    shared = f"sqlite+aiosqlite:///{in_bucket.data_dir}/shared.db"
    in_bucket.data_dir.mkdir()
    machines = [
        in_bucket.model_copy(update={"data_dir": in_bucket.data_dir / name, "database_url": shared}) for name in "ab"
    ]
    async with open_service(machines[0]) as one, open_service(machines[1]) as other:
        paths = [SHIPPED / name for name in PHOTOGRAPHS]
        results = await asyncio.gather(add_paths(one, *paths), add_paths(other, *paths))
        pairs = list(zip(*results, strict=True))
        assert all({first.status, second.status} == {"added", "duplicate"} for first, second in pairs)
        assert all(first.id == second.id for first, second in pairs)
        assert len(bucket.keys) == 2 * len(PHOTOGRAPHS)
        for service in (one, other):
            assert (await service.checker.check(repair=False, purge=False, actor="test")).sound
            assert await is_found(service, "coffee.png")


async def test_store_that_is_down_is_said_at_the_start_and_nothing_is_made(
    in_bucket: EngineSettings, bucket: Bucket
) -> None:
    with bucket.store.down(), pytest.raises(FilesUnreachable, match="cannot be reached"):
        async with open_service(in_bucket):
            pass
    assert not in_bucket.data_dir.exists()
    async with open_service(in_bucket):
        pass


async def test_place_without_the_librarys_files_is_refused_and_the_right_one_named(
    service: SearchService, bucket: Bucket, in_bucket: EngineSettings
) -> None:
    """Everything would look lost there, and `check --repair` would take it out."""
    for wrong in (None, bucket.url + "/other"):
        with pytest.raises(FilesUnreachable, match=f"they are in {bucket.url}"):
            async with open_service(in_bucket.model_copy(update={"files_url": wrong})):
                pass
    async with open_service(in_bucket) as again:
        assert (await again.checker.check(repair=False, purge=False, actor="test")).sound


async def test_library_that_is_on_disk_is_not_opened_on_an_empty_bucket(
    settings: EngineSettings, in_bucket: EngineSettings, bucket: Bucket
) -> None:
    async with open_service(settings) as service:
        await add_paths(service, SHIPPED / "rocket.jpg")
    with pytest.raises(FilesUnreachable, match=f"they are in the data folder {settings.data_dir}"):
        async with open_service(in_bucket):
            pass
    for path in settings.data_dir.rglob("*.jpg"):
        bucket.put(path.relative_to(settings.data_dir).as_posix(), path.read_bytes())
    async with open_service(in_bucket) as service:
        assert (await service.checker.check(repair=False, purge=False, actor="test")).sound
    async with open_service(settings) as service:  # back to where they still are
        assert (await service.checker.check(repair=False, purge=False, actor="test")).sound
    async with open_service(in_bucket) as service:
        await service.add_bytes(NEW, name="new.jpg", actor="test")
    with pytest.raises(FilesUnreachable, match=f"PICTRACE_FILES_URL is not set, .* are in {bucket.url}"):
        async with open_service(settings):
            pass


async def test_bucket_with_pictures_beside_an_empty_database_is_damage(
    service: SearchService, bucket: Bucket, in_bucket: EngineSettings, tmp_path: Path
) -> None:
    with pytest.raises(LibraryDamaged, match=bucket.url):
        async with open_service(in_bucket.model_copy(update={"data_dir": tmp_path / "new"})):
            pass


async def test_files_are_copied_into_a_bucket_and_back(
    filled: Filled, settings: EngineSettings, in_bucket: EngineSettings, bucket: Bucket, tmp_path: Path
) -> None:
    def progress(done: int, total: int) -> None:
        assert 0 < done <= total

    async with filled():
        pass
    files = 2 * len(PHOTOGRAPHS)
    assert (await copy_library_files(settings, bucket.url, progress)).copied == files
    again = await copy_library_files(settings, bucket.url, progress)
    assert (again.copied, again.there, again.damaged) == (0, files, ())
    async with open_service(in_bucket) as service:
        assert await is_found(service, "coffee.png")
        assert (await service.checker.check(repair=False, purge=False, actor="test")).sound
    back = tmp_path / "back"
    assert (await copy_library_files(in_bucket, str(back), progress)).copied == files
    assert len(list((back / "originals").rglob("*.*"))) == len(PHOTOGRAPHS)
    with pytest.raises(MigrationRefused, match="already"):
        await copy_library_files(in_bucket, bucket.url, progress)
    with pytest.raises(InvalidSetting, match="FILES_URL"):
        await copy_library_files(settings, "ftp://bucket", progress)
