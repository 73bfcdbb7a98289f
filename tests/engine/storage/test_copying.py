"""Copying the files of a library, on a folder and a bucket."""

import errno
from pathlib import Path

import pytest

from engine.errors import FilesUnreachable
from engine.features.hashes import sha256
from engine.storage.copying import CopyReport, copy_files
from engine.storage.files import FileStore, PictureFiles, original_key, thumbnail_key
from engine.storage.local_files import LocalFiles
from engine.storage.object_files import ObjectFiles
from tests.conftest import jpeg, photograph
from tests.object_store import Bucket

THUMBNAIL = jpeg(photograph("rocket.jpg")[::4, ::4])
PICTURES = [PictureFiles(sha256(content), ".png", content, THUMBNAIL) for content in (b"%d" % n for n in range(20))]


def no_progress(done: int, total: int) -> None:
    pass


@pytest.fixture
async def folder(tmp_path: Path) -> FileStore:
    store = FileStore(LocalFiles(tmp_path / "library"))
    await store.put(PICTURES)
    return store


async def contents(store: FileStore) -> dict[str, bytes]:
    found = [file.key for portion in [p async for p in store.walk()] for file in portion]
    return {key: await store.files.read(key) for key in found}


async def test_everything_is_there_afterwards_and_back_again(folder: FileStore, bucket: Bucket, tmp_path: Path) -> None:
    there = FileStore(ObjectFiles(bucket.url))
    told: list[tuple[int, int]] = []
    report = await copy_files(folder, there, lambda *done: told.append(done))
    assert report == CopyReport(copied=40, there=0, damaged=())
    assert told == [(16, 40), (32, 40), (40, 40)]
    assert await contents(there) == await contents(folder)
    back = FileStore(LocalFiles(tmp_path / "back"))
    assert (await copy_files(there, back, no_progress)).copied == 40
    assert await contents(back) == await contents(folder)


async def test_interrupted_it_goes_on_where_it_stopped(
    folder: FileStore, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = FileStore(ObjectFiles(bucket.url))

    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await copy_files(folder, there, interrupt)
    assert len(bucket.keys) == 16
    bucket.put(bucket.keys[0], b"torn")
    assert await copy_files(folder, there, no_progress) == CopyReport(copied=25, there=15, damaged=())
    assert await contents(there) == await contents(folder)
    assert await copy_files(folder, there, no_progress) == CopyReport(copied=0, there=40, damaged=())


async def test_what_is_damaged_is_named_and_what_is_nobodys_left(folder: FileStore, bucket: Bucket) -> None:
    original, thumbnail = original_key(PICTURES[0].sha256, ".png"), thumbnail_key(PICTURES[1].sha256)
    await folder.files.write(original, b"something else")
    await folder.files.write(thumbnail, b"something else")
    await folder.files.write("originals/ab/.left.partial", b"nobody's")
    before = await contents(folder)
    report = await copy_files(folder, FileStore(ObjectFiles(bucket.url)), no_progress)
    assert report == CopyReport(copied=38, there=0, damaged=(original, thumbnail))
    assert {original, thumbnail}.isdisjoint(bucket.keys)
    assert len(bucket.keys) == 38
    assert await contents(folder) == before


async def test_what_a_failing_disk_no_longer_gives_is_named_and_the_rest_copied(
    folder: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = original_key(PICTURES[0].sha256, ".png")
    read = LocalFiles.read_now

    def read_or_fail(self: LocalFiles, key: str) -> bytes:
        if key == lost:
            raise OSError(errno.EIO, "Input/output error", key)
        return read(self, key)

    monkeypatch.setattr(LocalFiles, "read_now", read_or_fail)
    report = await copy_files(folder, FileStore(LocalFiles(tmp_path / "there")), no_progress)
    assert report == CopyReport(copied=39, there=0, damaged=(lost,))


async def test_store_that_is_down_ends_it_with_a_sentence(folder: FileStore, bucket: Bucket) -> None:
    with bucket.store.down(), pytest.raises(FilesUnreachable):
        await copy_files(folder, FileStore(ObjectFiles(bucket.url)), no_progress)
    assert bucket.keys == []
