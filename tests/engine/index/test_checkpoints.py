"""Indexes written down: whole or not there, whatever happens while they are written."""

import logging
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from engine.domain import NetworkHead, NetworkRef
from engine.index.base import LocalIndex
from engine.index.checkpoints import FORMAT, KINDS, Checkpoints, oldest_checkpoint
from engine.index.hamming import HammingIndex

NETWORK = NetworkRef("made-up", "1")
DIMENSIONS = 32
HEAD = NetworkHead.only(DIMENSIONS)


def index_of(count: int, kind: str) -> LocalIndex:
    vectors = np.random.default_rng(count).normal(size=(count, DIMENSIONS))
    builder = KINDS[kind].builder(DIMENSIONS, count)
    builder.add(np.arange(count), (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32))
    return builder.finished()


def hashes_of(count: int) -> HammingIndex:
    index = HammingIndex()
    index.add(np.arange(count), np.random.default_rng(count).integers(0, 1 << 63, count, np.uint64))
    return index


def written(directory: Path, kind: str, *, count: int = 50, seq: int = 7) -> Path:
    checkpoints = Checkpoints(directory, NETWORK, HEAD)
    with checkpoints.writing() as my_turn:
        assert my_turn
        path = checkpoints.save(index_of(count, kind), hashes_of(count), kind, seq)
    assert path
    return path


def loaded(directory: Path, network: NetworkRef = NETWORK) -> int | None:
    """How many vectors the newest checkpoint holds."""
    found = Checkpoints(directory, network, HEAD).load()
    return len(found.local) if found else None


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_written_is_read(tmp_path: Path, kind: str) -> None:
    written(tmp_path, kind)
    found = Checkpoints(tmp_path, NETWORK, HEAD).load()
    assert found
    assert (found.kind, found.seq, len(found.local), len(found.hashes)) == (kind, 7, 50, 50)
    query = np.eye(1, DIMENSIONS, dtype=np.float32)
    same = zip(index_of(50, kind).search(query, 5), found.local.search(query, 5), strict=True)
    assert all(before.keys.tolist() == after.keys.tolist() for before, after in same)


def test_newest_is_read_and_older_ones_are_dropped(tmp_path: Path) -> None:
    written(tmp_path, "exact", count=40, seq=9)
    written(tmp_path, "hnsw", count=60, seq=10)
    assert loaded(tmp_path) == 60
    assert oldest_checkpoint(tmp_path) == 10
    assert {path.name.split(".")[0] for path in tmp_path.iterdir()} == {"made-up-1-10", "checkpoint"}


@pytest.mark.parametrize("rest", ["", ".npz", ".hashes", ".json"])
@pytest.mark.parametrize("damage", ["cut", "changed", "gone"])
def test_damaged_checkpoint_is_passed_over_and_said(
    tmp_path: Path, rest: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path, "hnsw")
    damaged = path.with_name(path.name + rest)
    content = damaged.read_bytes()
    changed = content[:40] + bytes([content[40] ^ 1]) + content[41:]
    damaged.write_bytes({"cut": content[:-20], "changed": changed, "gone": b""}[damage])
    if damage == "gone":
        damaged.unlink()
    assert loaded(tmp_path) is None
    if damaged != path or damage != "gone":
        assert "made-up-1-7.hnsw is torn; the index is rebuilt from storage" in caplog.text
        checkpoints = Checkpoints(tmp_path, NETWORK, HEAD)
        assert checkpoints.torn() == [path]
        checkpoints.drop(path)
        assert checkpoints.torn() == []
    written(tmp_path, "hnsw", seq=8)
    assert loaded(tmp_path) == 50


def test_checkpoint_of_another_network_is_not_read_under_any_name(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    written(tmp_path, "exact")
    other = NetworkRef("made-up", "2")
    assert loaded(tmp_path, other) is None
    assert "of other networks are passed over: made-up-1-7.exact" in caplog.text
    for path in list(tmp_path.glob("made-up-1-7*")):
        path.rename(path.with_name(path.name.replace("made-up-1", "made-up-2")))
    assert loaded(tmp_path, other) is None
    assert "made-up-2-7.exact is of made-up/1" in caplog.text


def test_checkpoint_of_another_version_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    note = Path(f"{written(tmp_path, 'exact')}.json")
    note.write_text(note.read_text().replace(f'"format": {FORMAT}', f'"format": {FORMAT - 1}'))
    assert loaded(tmp_path) is None
    assert "of another version of PicTrace" in caplog.text


def test_those_of_a_network_that_the_library_has_left_are_dropped(tmp_path: Path) -> None:
    left = [tmp_path / f"other-1-3.exact{rest}" for rest in ("", ".hashes", ".json")]
    for path in (*left, tmp_path / "somebody-else.txt"):
        path.write_bytes(b"")
    assert oldest_checkpoint(tmp_path) == 3
    written(tmp_path, "exact", seq=7)
    assert not any(path.exists() for path in left)
    assert (tmp_path / "somebody-else.txt").exists()
    assert oldest_checkpoint(tmp_path) == 7
    assert loaded(tmp_path) == 50


@pytest.mark.parametrize("kind", KINDS)
def test_full_disk_leaves_the_one_before(tmp_path: Path, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    written(tmp_path, kind)
    checkpoints = Checkpoints(tmp_path, NETWORK, HEAD)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with checkpoints.writing():
            assert checkpoints.save(index_of(2000, kind), hashes_of(2000), kind, 8) is None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "could not be written down" in caplog.text
    assert loaded(tmp_path) == 50
    assert not list(tmp_path.glob("*.partial*")) + list(tmp_path.glob(".*.partial*"))


def test_folder_that_cannot_be_made_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    checkpoints = Checkpoints(tmp_path / "file", NETWORK, HEAD)
    with checkpoints.writing() as my_turn:
        assert my_turn
        assert checkpoints.save(index_of(5, "exact"), hashes_of(5), "exact", 1) is None
    assert "could not be written down" in caplog.text


def test_one_writes_at_a_time(tmp_path: Path) -> None:
    one, other = (Checkpoints(tmp_path, NETWORK, HEAD) for _ in range(2))
    with one.writing() as first, other.writing() as second:
        assert (first, second) == (True, False)
    with other.writing() as second:
        assert second


WRITING = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from tests.engine.index.test_checkpoints import written
print("begins", flush=True)
for seq in range(8, 10_000):
    written(Path(sys.argv[1]), "hnsw", count=300, seq=seq)
"""


@pytest.mark.processes
def test_killed_while_writing_there_is_a_whole_one(tmp_path: Path) -> None:
    written(tmp_path, "hnsw", count=300)
    for wait_s in (0.02, 0.09, 0.15):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITING.format(path=sys.path), str(tmp_path)], stdout=subprocess.PIPE
        )
        assert process.stdout
        process.stdout.readline()
        time.sleep(wait_s)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert loaded(tmp_path) == 300
    written(tmp_path, "hnsw", seq=10_001)
    left = {path.name for path in tmp_path.iterdir() if path.name != "checkpoint.lock"}
    assert left == {f"made-up-1-10001.hnsw{rest}" for rest in ("", ".npz", ".hashes", ".json")}


def test_mapped_graph_serves_on_when_its_file_is_replaced(tmp_path: Path) -> None:
    written(tmp_path, "hnsw", count=300)
    found = Checkpoints(tmp_path, NETWORK, HEAD).load()
    assert found
    query = np.eye(1, DIMENSIONS, dtype=np.float32)
    before = found.local.search(query, 5)[0].keys.tolist()
    written(tmp_path, "hnsw", count=100, seq=7)
    written(tmp_path, "hnsw", count=100, seq=8)
    assert found.local.search(query, 5)[0].keys.tolist() == before


def test_each_head_has_checkpoints_of_its_own(tmp_path: Path) -> None:
    of_looks = Checkpoints(tmp_path, NETWORK, NetworkHead("looks", 0, DIMENSIONS, DIMENSIONS))
    first = written(tmp_path, "exact", seq=7)
    with of_looks.writing() as my_turn, Checkpoints(tmp_path, NETWORK, HEAD).writing() as the_others:
        assert (my_turn, the_others) == (True, True)
        second = of_looks.save(index_of(30, "exact"), hashes_of(0), "exact", 9)
    assert second
    assert first.exists()
    assert (Checkpoints(tmp_path, NETWORK, HEAD).seq(), of_looks.seq()) == (7, 9)
    found = of_looks.load()
    assert found
    assert (len(found.local), len(found.hashes)) == (30, 0)
    written(tmp_path, "exact", seq=8)
    assert second.exists()  # one head's new checkpoint drops its own old one only
    assert not first.exists()
    assert oldest_checkpoint(tmp_path) == 8
    second.write_bytes(second.read_bytes()[:-9])
    assert of_looks.torn() == [second]
    assert Checkpoints(tmp_path, NETWORK, HEAD).torn() == []
