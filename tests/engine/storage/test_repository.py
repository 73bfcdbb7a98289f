"""A library as a whole: each change stands in the feed with what it changed, or nothing of it is there."""

import errno
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from engine import EngineSettings, PicTraceError, open_service
from engine.domain import HandcraftedFeatures
from engine.storage import clock, local_files, statements, writing
from engine.storage.repository import Repository
from engine.storage.statements import Operation
from engine.storage.tables import operations
from tests.conftest import Filled, jpeg, photograph
from tests.rows import OTHER, add, count, edit, lines, prepared, remove, vector_of

CHANGES = {
    "added": lambda library: add(library, 9),
    "restored": lambda library: add(library, 3),
    "edited": lambda library: edit(library, 1, title="another"),
    "removed": lambda library: remove(library, 1, 2),
    "taken out": lambda library: library.images.take_out([1], Operation("repair", "test")),
    "undone": lambda library: library.operations.undo("test"),
    "purged": lambda library: library.upkeep.purge(clock.now(), "test"),
    "made again": lambda library: library.features.put_features(
        1, HandcraftedFeatures(None, prepared(5).features.keypoints), 2, Operation("remake", "test")
    ),
    "of another network": lambda library: library.settings.switch_network(OTHER, "test"),
    "decided": lambda library: library.pairs.keep([1, 2], "kept", Operation("decision", "test")),
}
Act = Callable[[Repository], Awaitable[object]]


@pytest.fixture
async def library(repository: Repository) -> Repository:
    """Of the pictures 1 and 2, and 3, which is removed; all have embeddings of two networks."""
    ids = await add(repository, 1, 2, 3)
    await repository.features.put_embeddings(OTHER, {image_id: vector_of(image_id) for image_id in ids})
    await remove(repository, 3)
    return repository


async def everything(library: Repository) -> list[str]:
    """What is in the tables, as SQLite writes it down."""
    async with library.database.read() as connection:
        raw = await connection.get_raw_connection()
        assert raw.driver_connection
        return [line async for line in raw.driver_connection.iterdump()]


@pytest.mark.parametrize("change", CHANGES)
async def test_change_and_its_lines_in_the_feed_are_kept_together(library: Repository, change: str) -> None:
    act: Act = CHANGES[change]
    before = len(await lines(library)), await count(library, operations)
    await act(library)
    assert len(await lines(library)) > before[0]
    assert await count(library, operations) == before[1] + 1


@pytest.mark.parametrize("change", CHANGES)
async def test_change_whose_lines_cannot_be_written_is_not_made(
    library: Repository, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    act: Act = CHANGES[change]
    before = await everything(library)

    async def broken(*_: object) -> None:
        raise RuntimeError("at the last moment")

    with monkeypatch.context() as patched:
        patched.setattr(statements, "record", broken)
        with pytest.raises(RuntimeError, match="at the last moment"):
            await act(library)
    assert await everything(library) == before
    await act(library)
    assert await everything(library) != before


@pytest.mark.databases("sqlite", "postgresql")
async def test_data_folder_that_is_a_file_is_said(settings: EngineSettings) -> None:
    settings.data_dir.write_text("in the way")
    with pytest.raises(PicTraceError) as caught:
        async with open_service(settings):
            pass
    assert caught.value.code == "data_dir_not_writable"


@pytest.mark.databases("sqlite", "postgresql")
async def test_full_disk_is_said_and_harms_nothing(filled: Filled, monkeypatch: pytest.MonkeyPatch) -> None:
    """The quota is in the file layer; tests/e2e has the same on a real small disk."""
    async with filled() as service:
        before = await service.status()
        whole = writing.write_whole

        def full(path: Path, content: bytes) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(local_files, "write_whole", full)
        with pytest.raises(PicTraceError) as caught:
            await service.add_bytes(jpeg(photograph("rocket.jpg")[:200]), name="new.jpg", actor="test")
        assert caught.value.code == "disk_full"
        monkeypatch.setattr(local_files, "write_whole", whole)
        assert (await service.status()).images == before.images
        assert (await service.checker.check(repair=False, purge=False, actor="test")).sound
        result = await service.add_bytes(jpeg(photograph("rocket.jpg")[:200]), name="new.jpg", actor="test")
        assert result.status == "added"
