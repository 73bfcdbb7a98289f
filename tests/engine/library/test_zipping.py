"""Zips of pictures: whole, for every program that reads zips, and with one picture of them in memory."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.domain import ServedFile, StoredImage
from engine.library.zipping import LEFT_OUT, Names, Piece, zipped
from tests.small_library import stored_image

NOW = datetime(2026, 5, 1, 12, 30, 40, tzinfo=UTC)


def named(number: int, name: str, taken_at: str | None = None) -> StoredImage:
    return replace(stored_image(number), filename=name, created_at=NOW, taken_at=taken_at)


def served(content: bytes | Path, name: str | None = None) -> ServedFile:
    return ServedFile(content, "image/jpeg", name, "etag")


async def pieces(*given: Piece) -> AsyncIterator[Piece]:
    for one in given:
        yield one


async def made(*given: Piece) -> bytes:
    return b"".join([part async for part in zipped(pieces(*given))])


async def test_files_are_in_it_as_they_are_with_their_dates(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"in a file")
    content = await made(
        (named(1, "a.jpg"), served(b"in memory", "a.jpg")),
        (named(2, "A.JPG", "2024-02-29T23:59:58"), served(path, "A.JPG")),
        (named(3, "猫 1.heic", "1899-01-01T00:00:00"), served(b"", "猫 1.jpg")),
    )
    with ZipFile(BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["a.jpg", "A (2).JPG", "猫 1.jpg"]
        assert [archive.read(name) for name in archive.namelist()] == [b"in memory", b"in a file", b""]
        entries = archive.infolist()
    assert [one.date_time for one in entries] == [
        (2026, 5, 1, 12, 30, 40),
        (2024, 2, 29, 23, 59, 58),
        (1980, 1, 1, 0, 0, 0),
    ]
    for one in entries:  # sizes stand before the files, as readers of streams need it
        assert (one.compress_type, one.flag_bits & 0x08) == (ZIP_STORED, 0)


async def test_what_is_lost_is_left_out_and_named(tmp_path: Path) -> None:
    content = await made(
        (named(1, "a.jpg"), served(b"here", "a.jpg")),
        (named(2, "b\u202ejpg.exe"), None),
        (named(3, "c.jpg"), served(tmp_path / "gone.jpg", "c.jpg")),
    )
    with ZipFile(BytesIO(content)) as archive:
        assert archive.namelist() == ["a.jpg", LEFT_OUT]
        said = archive.read(LEFT_OUT).decode()
    assert "2\tb\N{REPLACEMENT CHARACTER}jpg.exe\n3\tc.jpg\n" in said


async def test_each_picture_is_given_away_before_the_next_is_read() -> None:
    asked: list[int] = []

    async def reading() -> AsyncIterator[Piece]:
        for number in range(5):
            asked.append(number)
            yield named(number, "a.jpg"), served(bytes(1000), "a.jpg")

    lengths = []
    async for part in zipped(reading()):
        lengths.append((len(asked), len(part)))
    assert [count for count, _ in lengths] == [1, 2, 3, 4, 5, 5]
    assert max(length for _, length in lengths) < 2000


@pytest.mark.skipif(shutil.which("unzip") is None, reason="there is no unzip")
async def test_unzip_takes_it_apart(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    path.write_bytes(await made(*((named(n, "a.jpg"), served(f"picture {n}".encode(), "a.jpg")) for n in range(300))))
    process = await asyncio.create_subprocess_exec("unzip", "-q", path, "-d", tmp_path / "out")
    assert await process.wait() == 0
    assert len(list((tmp_path / "out").iterdir())) == 300
    assert (tmp_path / "out" / "a (300).jpg").read_bytes() == b"picture 299"


@given(st.lists(st.text(max_size=12) | st.sampled_from(["a.jpg", "A.jpg", LEFT_OUT, "../a.jpg", "a/b\\c", "..", ""])))
def test_names_are_each_another_and_lead_nowhere(given: list[str]) -> None:
    names = Names()
    own = [names.own(name) for name in given]
    assert len({name.casefold() for name in own} | {LEFT_OUT}) == len(own) + 1
    for name in own:
        assert name
        assert not set("/\\\0") & set(name)
        assert name not in (".", "..")
