"""What every place for files must do: a folder, and a bucket."""

import asyncio
import time
from pathlib import Path

import pytest

from engine.storage.files import FileStore, PictureFiles, original_key, thumbnail_key
from engine.storage.jpeg_cache import JpegCache
from engine.storage.local_files import LocalFiles
from engine.storage.object_files import ObjectFiles
from tests.conftest import jpeg, photograph
from tests.object_store import Bucket

THUMBNAIL = jpeg(photograph("rocket.jpg")[::4, ::4])
A = PictureFiles("ab" + 62 * "0", ".png", b"the first", THUMBNAIL)
B = PictureFiles("cd" + 62 * "1", ".jpg", b"the second", THUMBNAIL)
KEYS = sorted(key for one in (A, B) for key in (original_key(one.sha256, one.extension), thumbnail_key(one.sha256)))


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> FileStore:
    if request.param == "folder":
        return FileStore(LocalFiles(tmp_path / "library"))
    bucket: Bucket = request.getfixturevalue("bucket")
    return FileStore(ObjectFiles(bucket.url), JpegCache(tmp_path / "cache"))


async def keys(store: FileStore) -> list[str]:
    return sorted([file.key async for portion in store.walk() for file in portion])


async def test_what_was_put_is_read(store: FileStore) -> None:
    await store.files.reach()
    assert not await store.has_any()
    await store.put([A, B])
    assert await store.read_original(A.sha256, ".png") == b"the first"
    assert await store.read_thumbnail(B.sha256) == THUMBNAIL
    for _ in range(2):
        assert await asyncio.to_thread(store.thumbnail, B.sha256) == THUMBNAIL
    assert await store.has_any()
    assert await keys(store) == KEYS


async def test_what_is_not_there_is_said_not_to_be(store: FileStore) -> None:
    await store.put([A])
    for read in (store.read_original(B.sha256, ".jpg"), store.read_thumbnail(B.sha256)):
        with pytest.raises(FileNotFoundError):
            await read
    with pytest.raises(FileNotFoundError):
        await asyncio.to_thread(store.thumbnail, B.sha256)
    with pytest.raises(FileNotFoundError):
        await store.read_original(A.sha256, ".jpg")


async def test_a_picture_has_its_files_if_it_has_both(store: FileStore) -> None:
    await store.put([A, B])
    assert await store.having([(A.sha256, ".png"), (B.sha256, ".jpg")]) == {A.sha256, B.sha256}
    assert await store.having([(A.sha256, ".jpg")]) == set()
    await store.files.delete(thumbnail_key(A.sha256))
    assert await store.having([(A.sha256, ".png"), (B.sha256, ".jpg")]) == {B.sha256}
    assert await store.having([]) == set()


async def test_putting_again_mends_what_is_torn_and_writes_nothing_else(store: FileStore) -> None:
    await store.put([A])
    await store.files.write(original_key(A.sha256, ".png"), b"the fir")
    await store.files.write(thumbnail_key(A.sha256), bytes(len(THUMBNAIL)))  # as large as it should be
    await store.put([A, A])
    assert await store.read_original(A.sha256, ".png") == b"the first"
    assert await store.read_thumbnail(A.sha256) == bytes(len(THUMBNAIL))


async def test_replaced_thumbnail_is_the_one_that_searches_see(store: FileStore) -> None:
    await store.put([A])
    await asyncio.to_thread(store.thumbnail, A.sha256)
    new = jpeg(photograph("coffee.png")[::4, ::4])
    await store.replace_thumbnail(A.sha256, new)
    assert await store.read_thumbnail(A.sha256) == await asyncio.to_thread(store.thumbnail, A.sha256) == new


async def test_removed_files_are_gone_and_may_be_removed_again(store: FileStore) -> None:
    await store.put([A, B])
    await asyncio.to_thread(store.thumbnail, A.sha256)
    for _ in range(2):
        await store.remove([(A.sha256, ".png")])
    assert await keys(store) == [key for key in KEYS if A.sha256 not in key]
    with pytest.raises(FileNotFoundError):
        await asyncio.to_thread(store.thumbnail, A.sha256)


async def test_walk_tells_of_every_file_what_it_is(store: FileStore) -> None:
    before = time.time() - 2
    await store.put([A])
    foreign = (
        "originals/notes.txt",
        "originals/ff/" + A.sha256 + ".png",
        "thumbnails/ab/." + A.sha256 + ".jpg.x.partial",
    )
    for key in foreign:
        await store.files.write(key, b"nobody's")
    found = {file.key: file for portion in [p async for p in store.walk()] for file in portion}
    mine = found.pop(original_key(A.sha256, ".png"))
    assert (mine.sha256, mine.kind, mine.size) == (A.sha256, "originals", 9)
    assert before < mine.modified < time.time() + 2
    assert found.pop(thumbnail_key(A.sha256)).sha256 == A.sha256
    assert {key: file.sha256 for key, file in found.items()} == dict.fromkeys(foreign, "")
    await store.delete(found.values())
    assert len(await keys(store)) == 2


async def test_many_files_are_walked_whole(store: FileStore) -> None:
    """More than a store lists in one answer."""
    many = [f"originals/ab/{number:04}.jpg" for number in range(1005)]
    await asyncio.gather(*(store.files.write(key, b"") for key in many))
    assert await keys(store) == many
