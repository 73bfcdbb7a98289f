"""Pictures to try PicTrace with: those of scikit-image, taken in and out again as one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import SearchService
from engine.domain import SAMPLE_TAG, AddResult
from engine.errors import UnknownSample
from engine.features import hashes
from engine.library import samples
from engine.library.samples import KEPT_OUT, QUERIES, STRANGER
from engine.pictures import augment, imaging
from tests.engine.library.conftest import paint, painted


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Path]]:
    """Two small pictures in place of the samples."""
    paths = [tmp_path / "21.jpg", tmp_path / "22.jpg"]
    for number, path in enumerate(paths, 21):
        path.write_bytes(painted(number))
    monkeypatch.setattr(samples, "pictures", lambda: paths)
    samples.fingerprints.cache_clear()
    yield paths
    samples.fingerprints.cache_clear()


# --- what there is


def test_pictures_are_files_of_formats_that_are_taken_without_the_stranger_and_its_twin() -> None:
    found = samples.pictures()
    assert len(found) > 20
    assert found == sorted(found)
    assert KEPT_OUT.isdisjoint(path.name for path in found)
    assert {path.suffix for path in found} == samples.SUFFIXES
    assert STRANGER in KEPT_OUT
    assert all((samples.SHIPPED / name).is_file() for name in KEPT_OUT)


def test_every_question_but_one_is_a_copy_of_a_sample() -> None:
    names = {path.name for path in samples.pictures()}
    assert [one.name for one in QUERIES.values() if one.file not in names] == ["stranger"]
    assert all(one.edit in augment.EDITS for one in QUERIES.values() if one.edit)
    assert tuple(QUERIES) == samples.Samples.names


def test_fingerprints_are_those_of_the_files(few: list[Path]) -> None:
    assert samples.fingerprints() == {hashes.sha256(path.read_bytes()) for path in few}


@pytest.mark.parametrize("name", QUERIES)
def test_question_is_a_jpeg_and_the_same_each_time(name: str) -> None:
    content = samples.query(name)
    assert content.startswith(b"\xff\xd8")
    pixels = imaging.decode(content, side=2000, max_bytes=10**7, max_pixels=10**7)
    assert min(pixels.width, pixels.height) > 100
    assert hashes.sha256(content) not in {
        hashes.sha256((samples.SHIPPED / one.file).read_bytes()) for one in [QUERIES[name]]
    }
    samples.query.cache_clear()
    assert samples.query(name) == content


@pytest.mark.parametrize("name", ["nonsense", "", "Crop", "../crop"])
def test_unknown_question_names_those_there_are(name: str) -> None:
    with pytest.raises(UnknownSample, match="crop, mirror, screenshot, turn, stranger"):
        samples.query(name)


# --- in a library


def ids_of(added: list[AddResult]) -> list[int]:
    return [one.id for one in added if one.id is not None]


async def test_they_are_added_as_one_operation_with_their_tag(small: SearchService, few: list[Path]) -> None:
    assert await small.samples.present() == 0
    added = await small.samples.add(actor="ada")
    assert [(one.name, one.status) for one in added] == [("21.jpg", "added"), ("22.jpg", "added")]
    assert len({one.operation_id for one in added}) == 1
    assert [(await small.get(one)).tags for one in ids_of(added)] == [(SAMPLE_TAG,)] * 2
    assert await small.samples.present() == 2
    assert await small.last_operation("ada") == added[0].operation_id
    assert [one.status for one in await small.samples.add(actor="ada")] == ["duplicate"] * 2


async def test_they_are_taken_out_and_nothing_else_is(small: SearchService, few: list[Path]) -> None:
    (own,) = await paint(small, 1)
    added = ids_of(await small.samples.add(actor="ada"))
    operation = await small.samples.remove(actor="ada")
    assert operation is not None
    assert await small.repository.images.live_ids() == [own]
    assert await small.samples.present() == 0
    assert await small.samples.remove(actor="ada") is None
    assert (await small.undo(actor="ada", operation_id=operation)).images == 2
    assert await small.repository.images.live_ids() == [own, *added]


async def test_without_any_there_is_nothing_to_take_out(small: SearchService, few: list[Path]) -> None:
    await paint(small, 1)
    before = await small.repository.feed.head()
    assert await small.samples.remove(actor="ada") is None
    assert await small.repository.feed.head() == before


async def test_sample_that_somebody_added_by_hand_is_one(small: SearchService, few: list[Path]) -> None:
    """They are known by their bytes, not by their tag."""
    (own,) = await paint(small, 21)
    await small.edit(own, {"tags": []}, actor="ada")
    assert await small.samples.present() == 1
    await small.edit((await paint(small, 1))[0], {"tags": [SAMPLE_TAG]}, actor="ada")
    assert await small.samples.present() == 1
    await small.samples.remove(actor="ada")
    assert own not in await small.repository.images.live_ids()


async def test_question_is_given_by_name(small: SearchService) -> None:
    assert await small.samples.query("crop") == samples.query("crop")
    with pytest.raises(UnknownSample):
        await small.samples.query("nonsense")
