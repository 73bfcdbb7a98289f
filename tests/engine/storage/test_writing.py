"""A file is there whole or not at all."""

import errno
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from engine.storage import writing
from engine.storage.writing import PARTIAL, write_whole

KILLED_IN = """
import os, runpy, signal, sys
from pathlib import Path
module = runpy.run_path(sys.argv[1])
setattr(os if sys.argv[3] == "fsync" else Path, sys.argv[3], lambda *_: os.kill(os.getpid(), signal.SIGKILL))
module["write_whole"](Path(sys.argv[2]), b"new" * 100_000)
"""


def partial_in(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.name.endswith(PARTIAL)]


def test_folders_are_made_and_what_was_there_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "originals" / "ab" / "picture.png"
    for content in (b"first", b"", b"second"):
        write_whole(path, content)
        assert path.read_bytes() == content
        assert list(path.parent.iterdir()) == [path]


@pytest.mark.processes
@pytest.mark.processes
@pytest.mark.parametrize("moment", ["fsync", "replace"])
@pytest.mark.parametrize("before", [None, b"old"])
def test_killed_while_writing_it_is_as_it_was(tmp_path: Path, moment: str, before: bytes | None) -> None:
    path = tmp_path / "picture.png"
    if before is not None:
        path.write_bytes(before)
    command = [sys.executable, "-c", KILLED_IN, writing.__file__, str(path), moment]
    assert subprocess.run(command, timeout=60).returncode == -signal.SIGKILL
    assert (path.read_bytes() if path.exists() else None) == before
    (left,) = partial_in(tmp_path)  # `pictrace check` finds it
    assert left.name.startswith(".picture.png.")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_failed_write_leaves_what_was_there_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    path = tmp_path / "picture.png"
    write_whole(path, b"old")

    def fail(_: int) -> None:
        raise error

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(type(error)):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "picture.png"
    synced: list[bytes] = []

    def sync(file: int) -> None:
        assert not path.exists()
        synced.append(Path(f"/proc/self/fd/{file}").read_bytes())

    monkeypatch.setattr(os, "fsync", sync)
    write_whole(path, b"whole")
    assert synced == [b"whole"]


def test_what_may_be_torn_by_a_failing_power_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: pytest.fail("it was waited for"))
    write_whole(tmp_path / "cached.jpg", b"whole", durable=False)
    assert (tmp_path / "cached.jpg").read_bytes() == b"whole"


def test_of_many_that_write_at_once_one_is_there_whole(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    contents = [bytes([number]) * 50_000 for number in range(8)]
    writers = [threading.Thread(target=write_whole, args=(path, one)) for one in contents]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        assert not path.exists() or path.read_bytes() in contents
    assert path.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [path]
