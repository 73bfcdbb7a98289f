"""Files in a folder beyond the contract of `test_files.py`: errors of the system, and what others do meanwhile."""

import errno
import os
from pathlib import Path

import pytest

from engine.errors import DataDirNotWritable, DiskFull
from engine.storage import local_files
from engine.storage.local_files import LocalFiles, bytes_used


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    return LocalFiles(tmp_path / "library")


async def keys(files: LocalFiles, kind: str) -> list[str]:
    return [one.key for portion in [found async for found in files.walk(kind)] for one in portion]


async def test_key_is_the_path_below_the_folder(files: LocalFiles, tmp_path: Path) -> None:
    await files.write("originals/ab/a.png", b"content")
    path = tmp_path / "library" / "originals" / "ab" / "a.png"
    assert files.path("originals/ab/a.png") == path
    assert path.read_bytes() == b"content"
    assert files.place == str(tmp_path / "library")
    assert await files.read("originals/ab/a.png") == files.read_now("originals/ab/a.png") == b"content"


async def test_folder_is_made_by_the_first_file_and_not_before(files: LocalFiles) -> None:
    await files.reach()
    assert await files.sizes(["originals/ab/a.png"]) == [None]
    assert await keys(files, "originals") == []
    await files.delete("originals/ab/a.png")
    assert not files.root.exists()


async def test_sizes_come_in_the_order_of_the_keys(files: LocalFiles) -> None:
    await files.write("originals/ab/a.png", b"12345")
    await files.write("originals/ab/b.png", b"")
    asked = ["originals/ab/b.png", "originals/ab/none.png", "originals/ab/a.png", "originals/ab/a.png/below"]
    assert await files.sizes(asked) == [0, None, 5, None]
    assert await files.sizes([]) == []


async def test_walk_keeps_to_one_kind_and_goes_by_name(files: LocalFiles) -> None:
    for key in ("originals/cd/b.png", "originals/ab/z.png", "originals/ab/a.png", "thumbnails/ab/a.jpg", "other/a.png"):
        await files.write(key, b"x")
    found = [one for portion in [one async for one in files.walk("originals")] for one in portion]
    assert {one.key for one in found} == {"originals/cd/b.png", "originals/ab/z.png", "originals/ab/a.png"}
    assert [one.key for one in found if "/ab/" in one.key] == ["originals/ab/a.png", "originals/ab/z.png"]
    assert {one.size for one in found} == {1}
    assert await keys(files, "thumbnails") == ["thumbnails/ab/a.jpg"]


async def test_half_written_file_is_walked_over_too(files: LocalFiles) -> None:
    """So that `pictrace check` finds what a killed process has left."""
    path = files.path("originals/ab/.a.png.1234.partial")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"half")
    assert await keys(files, "originals") == ["originals/ab/.a.png.1234.partial"]


async def test_file_that_goes_while_it_is_walked_over_is_passed_over(
    files: LocalFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        await files.write(f"originals/ab/{name}.png", b"x")
    lstat = Path.lstat

    def gone(path: Path) -> os.stat_result:
        if path.name == "b.png":
            path.unlink()
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", gone)
    assert await keys(files, "originals") == ["originals/ab/a.png", "originals/ab/c.png"]


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, DiskFull), (errno.EDQUOT, DiskFull), (errno.EACCES, DataDirNotWritable)]
)
async def test_failed_write_is_an_error_of_the_library(
    files: LocalFiles, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(local_files, "write_whole", fail)
    with pytest.raises(kind, match=str(files.root)):
        await files.write("originals/ab/a.png", b"x")


async def test_folder_that_is_a_file_cannot_be_written_into(files: LocalFiles) -> None:
    files.root.write_bytes(b"in the way")
    with pytest.raises(DataDirNotWritable, match="cannot be used"):
        await files.write("originals/ab/a.png", b"x")


async def test_what_cannot_be_read_is_an_os_error(files: LocalFiles) -> None:
    await files.write("originals/ab/a.png", b"x")
    with pytest.raises(FileNotFoundError):
        await files.read("originals/ab/b.png")
    with pytest.raises(OSError, match="directory"):
        await files.read("originals/ab")


async def test_deleted_file_may_be_deleted_again(files: LocalFiles) -> None:
    await files.write("originals/ab/a.png", b"x")
    for _ in range(2):
        await files.delete("originals/ab/a.png")
    assert await keys(files, "originals") == []


def test_bytes_of_all_below_a_folder_are_summed_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert bytes_used(tmp_path) == bytes_used(tmp_path / "nowhere") == 0
    for name, size in (("a", 3), ("b/c", 40), ("b/d/e", 500)):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))
    assert bytes_used(tmp_path) == 543
    lstat = os.lstat

    def gone(path: str) -> os.stat_result:
        if path.endswith("c"):
            raise FileNotFoundError(path)
        return lstat(path)

    monkeypatch.setattr(os, "lstat", gone)
    assert bytes_used(tmp_path) == 503
