"""What the system tells of changes below folders: with real files, waiting for what is told."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from engine.library import folder_changes
from engine.library.folder_changes import FolderChanges

LONGEST_S = 30


@pytest.fixture
async def changes() -> AsyncIterator[FolderChanges]:
    async with FolderChanges() as made:
        yield made


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    return made


async def heard(changes: FolderChanges, root: Path, path: Path) -> None:
    """Waits until this is told."""
    told: set[str] = set()
    while str(path) not in told:
        await asyncio.wait_for(changes.heard.wait(), LONGEST_S)
        told |= changes.take().get(str(root), set())


async def test_what_changes_below_a_folder_is_heard(changes: FolderChanges, root: Path) -> None:
    assert await changes.listen([str(root)]) == [str(root)]
    (root / "a.jpg").write_bytes(b"1")
    await heard(changes, root, root / "a.jpg")
    (root / "a.jpg").unlink()
    await heard(changes, root, root / "a.jpg")
    (root / "sub").mkdir()
    await heard(changes, root, root / "sub")
    assert changes.take_problems() == {}


async def test_folder_is_listened_to_once(changes: FolderChanges, root: Path) -> None:
    await changes.listen([str(root)])
    assert await changes.listen([str(root)]) == []
    await changes.leave(str(root))
    assert await changes.listen([str(root)]) == [str(root)]


async def test_folder_in_the_place_of_another_is_listened_to_anew(changes: FolderChanges, root: Path) -> None:
    await changes.listen([str(root)])
    root.rename(root.parent / "before")  # noqa: ASYNC240
    assert await changes.listen([str(root)]) == [str(root)]  # it is not there: nobody can say anything of it
    root.mkdir()  # noqa: ASYNC240
    assert await changes.listen([str(root)]) == [str(root)]
    (root / "a.jpg").write_bytes(b"1")
    await heard(changes, root, root / "a.jpg")
    assert changes.take_problems() == {}


async def test_what_the_system_cannot_do_is_said_once(
    changes: FolderChanges, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError("OS file watch limit reached.")

    monkeypatch.setattr(folder_changes, "awatch", refuse)
    await changes.listen([str(root)])
    await asyncio.wait_for(changes.heard.wait(), LONGEST_S)
    assert changes.take_problems() == {str(root): "OS file watch limit reached"}
    assert changes.take_problems() == {}
    assert await changes.listen([str(root)]) == []
