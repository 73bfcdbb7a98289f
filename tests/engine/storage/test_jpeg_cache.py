"""Thumbnails at hand."""

import os
from pathlib import Path

import pytest

from engine.storage.jpeg_cache import JpegCache
from tests.conftest import jpeg, photograph

THUMBNAIL = jpeg(photograph("rocket.jpg")[::4, ::4])
NAMES = [f"{number:02}" + 62 * "a" for number in range(12)]


def test_what_is_kept_is_had_until_it_is_dropped(tmp_path: Path) -> None:
    cache = JpegCache(tmp_path / "cache")
    assert cache.get(NAMES[0]) is None
    cache.put(NAMES[0], THUMBNAIL)
    assert JpegCache(tmp_path / "cache").get(NAMES[0]) == THUMBNAIL
    for _ in range(2):
        cache.drop(NAMES[0])
    assert cache.get(NAMES[0]) is None


@pytest.mark.parametrize("content", [b"", THUMBNAIL[:-100], bytes(100)])
def test_what_is_no_whole_picture_is_neither_kept_nor_given(tmp_path: Path, content: bytes) -> None:
    cache = JpegCache(tmp_path)
    cache.put(NAMES[0], content)
    assert not list(tmp_path.iterdir())
    cache.put(NAMES[0], THUMBNAIL)
    (path,) = tmp_path.rglob("*.jpg")
    path.write_bytes(content)  # as a failing power may leave it
    assert cache.get(NAMES[0]) is None


def test_the_oldest_make_room(tmp_path: Path) -> None:
    JpegCache(tmp_path).put(NAMES[0], THUMBNAIL)  # by another process
    cache = JpegCache(tmp_path, max_bytes=10 * len(THUMBNAIL))
    for age, name in enumerate(NAMES):
        cache.put(name, THUMBNAIL)
        os.utime(next(tmp_path.rglob(f"{name}.jpg")), (1000 + age, 1000 + age))
    assert [name for name in NAMES if cache.get(name)] == NAMES[2:]
    assert sum(path.stat().st_size for path in tmp_path.rglob("*.jpg")) <= 10 * len(THUMBNAIL)


def test_folder_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("in the way")
    cache = JpegCache(tmp_path / "cache")
    cache.put(NAMES[0], THUMBNAIL)
    assert cache.get(NAMES[0]) is None
    cache.drop(NAMES[0])
