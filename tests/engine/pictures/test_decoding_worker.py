"""The decoding process and what goes between it and its parent: messages, and files without a name."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from mmap import mmap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.domain import Pixels
from engine.pictures import decoding_worker, imaging
from engine.pictures.decoding_worker import SENTENCE_CHARACTERS, empty, in_memory, mapped, receive, send
from tests.conftest import jpeg, photograph

MEGABYTE = 1024 * 1024
BUFFER_BYTES = MEGABYTE // 4
CPU_S = 60.0  # for a picture
CAT = jpeg(photograph("chelsea.png"))  # of 451 x 300 pixels
LIMITS: dict[str, Any] = {"side": 100, "max_bytes": MEGABYTE, "max_pixels": 10**6}
only_on_linux = pytest.mark.skipif(sys.platform != "linux", reason="files are sealed on Linux only")


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    with one, other:
        yield one, other


def is_open(file: int) -> bool:
    with suppress(OSError):
        os.fstat(file)
        return True
    return False


# --- messages


def test_message_arrives_as_it_was_sent(ends: tuple[socket.socket, socket.socket]) -> None:
    message = {"error": "too_costly", "sentence": 'Zu groß: „9 > 3" 画像', "size": 2**40, "shape": [3, 4, 3]}
    send(ends[0], message)
    assert receive(ends[1]) == (message, None)


def test_file_comes_along_and_is_closed_where_it_came_from(ends: tuple[socket.socket, socket.socket]) -> None:
    file = in_memory(b"many pixels")
    send(ends[0], {"ready": True}, file)
    assert not is_open(file)
    message, arrived = receive(ends[1])
    assert message == {"ready": True}
    assert arrived is not None
    assert mapped(arrived)[:] == b"many pixels"
    assert not is_open(arrived)


def test_file_is_closed_though_nobody_takes_it(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[1].close()
    file = in_memory(b"many pixels")
    with pytest.raises(OSError, match=r"pipe|reset"):
        send(ends[0], {"ready": True}, file)
    assert not is_open(file)


def test_closed_socket_and_what_is_no_message_are_told_apart(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[0].sendall(b"\x80\x04 no JSON, and nothing that is unpickled")
    with pytest.raises(ValueError, match=r"decode|Expecting"):
        receive(ends[1])
    ends[0].close()
    with pytest.raises(OSError, match="closed the socket"):
        receive(ends[1])


# --- files without a name


def test_pixels_lie_in_memory_byte_for_byte() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (70, 90, 3), np.uint8)
    assert mapped(in_memory(pixels))[:] == pixels.tobytes()


def test_what_takes_several_writes_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, content: write(file, content[:1000]))
    content = os.urandom(10_500)
    assert mapped(in_memory(content))[:] == content


def test_file_that_cannot_be_written_is_not_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    files: list[int] = []

    def full(file: int, content: Any) -> int:
        files.append(file)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left"):
        in_memory(b"pixels")
    assert not is_open(files[0])


@only_on_linux
def test_empty_buffer_is_of_zeros_that_take_no_memory() -> None:
    file = empty(64 * MEGABYTE)
    assert os.fstat(file).st_size == 64 * MEGABYTE
    assert os.fstat(file).st_blocks == 0
    with mapped(file) as buffer:
        assert buffer[-1000:] == bytes(1000)


def test_what_one_side_writes_the_other_reads() -> None:
    file = empty(1000)
    with mapped(os.dup(file)) as ours, mapped(file) as its:
        ours[3:8] = b"hello"
        assert its[:8] == b"\0\0\0hello"


def test_empty_file_cannot_be_mapped_and_is_closed() -> None:
    file = in_memory(b"")
    with pytest.raises(ValueError, match="empty"):
        mapped(file)
    assert not is_open(file)


@only_on_linux
def test_mapped_file_cannot_be_cut_off() -> None:
    file = empty(8192)
    with mapped(os.dup(file)) as buffer:
        with pytest.raises(PermissionError):
            os.ftruncate(file, 0)
        assert buffer[8000] == 0  # reading what was cut off would end the process
    os.close(file)


@only_on_linux
def test_file_that_its_maker_could_cut_off_is_not_mapped(tmp_path: Path) -> None:
    path = tmp_path / "pixels"
    path.write_bytes(b"pixels")
    file = os.open(path, os.O_RDWR)
    with pytest.raises(OSError, match="Invalid argument"):
        mapped(file)
    assert not is_open(file)


# --- the process


class Started:
    """A worker, started as `decoding` does it, and the other end of its socket and of its buffer."""

    def __init__(self, parent: int | None = None) -> None:
        self.socket, its_side = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(120)
        its_buffer = empty(BUFFER_BYTES)
        self.buffer: mmap = mapped(os.dup(its_buffer))
        numbers = (its_side.fileno(), its_buffer)
        arguments = (*numbers, 300 * MEGABYTE, CPU_S, os.getpid() if parent is None else parent)
        self.process = subprocess.Popen(
            [sys.executable, "-P", decoding_worker.__file__, *map(str, arguments)],
            pass_fds=numbers,
            stderr=subprocess.DEVNULL,
        )
        its_side.close()
        os.close(its_buffer)

    def asked(
        self, content: bytes, limits: dict[str, int] | None = None, *, in_file: bool = False
    ) -> tuple[dict[str, Any], int | None]:
        if not in_file:
            self.buffer[: len(content)] = content
        request = LIMITS | (limits or {}) | {"size": len(content)}
        send(self.socket, request, in_memory(content) if in_file else None)
        return receive(self.socket)

    def end(self) -> None:
        self.socket.close()
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def worker() -> Iterator[Started]:
    started = Started()
    assert receive(started.socket) == ({"ready": True}, None)
    yield started
    started.end()


def here(content: bytes, **limits: int) -> Pixels:
    return imaging.decode(content, **(LIMITS | limits)).pixels


def pixels_in(buffer: mmap, shape: list[int]) -> Pixels:
    return np.frombuffer(buffer[: int(np.prod(shape))], np.uint8).reshape(shape)


def test_small_picture_is_answered_in_the_buffer(worker: Started) -> None:
    for in_file in (False, True):
        answer, file = worker.asked(CAT, in_file=in_file)
        assert file is None
        assert (answer["width"], answer["height"], answer["media_type"]) == (451, 300, "image/jpeg")
        assert np.array_equal(pixels_in(worker.buffer, answer["shape"]), here(CAT))


def test_pixels_that_the_buffer_does_not_hold_come_in_a_file(worker: Started) -> None:
    answer, file = worker.asked(CAT, {"side": 451})
    assert answer["shape"] == [300, 451, 3]
    assert file is not None
    with mapped(file) as pixels:
        assert len(pixels) == 300 * 451 * 3 > BUFFER_BYTES
        assert np.array_equal(pixels_in(pixels, answer["shape"]), here(CAT, side=451))


@pytest.mark.parametrize(
    ("content", "limits", "code", "said"),
    [
        (b"not a picture", {}, "not_an_image", "picture"),
        (CAT[:5000], {}, "damaged_image", "damaged"),
        (CAT, {"max_pixels": 1000}, "too_many_pixels", "PICTRACE_MAX_PIXELS"),
        (CAT, {"max_bytes": 1000}, "file_too_large", "at most"),
    ],
)
def test_what_is_refused_is_told_by_code_and_sentence(
    worker: Started, content: bytes, limits: dict[str, int], code: str, said: str
) -> None:
    answer, file = worker.asked(content, limits)
    assert set(answer) == {"error", "sentence"}
    assert answer["error"] == code
    assert said in answer["sentence"]
    assert len(answer["sentence"]) <= SENTENCE_CHARACTERS
    assert file is None
    assert worker.asked(CAT)[0]["width"] == 451  # it goes on


@pytest.mark.processes
def test_worker_ends_when_the_other_side_closes_the_socket() -> None:
    started = Started()
    assert receive(started.socket) == ({"ready": True}, None)
    started.socket.close()
    assert started.process.wait(60) == 0


@pytest.mark.processes
def test_worker_whose_parent_is_gone_by_then_does_not_begin() -> None:
    started = Started(parent=1)
    with pytest.raises(OSError, match="closed the socket"):
        receive(started.socket)
    assert started.process.wait(60) == 0
    started.end()


@only_on_linux
def test_system_ends_a_worker_that_computes_longer_than_it_may(worker: Started) -> None:
    """Counted from the picture's beginning, in whole seconds and one more."""
    worker.asked(CAT)
    soft = Path(f"/proc/{worker.process.pid}/limits").read_text().split("Max cpu time")[1].split()[0]
    assert CPU_S < int(soft) < CPU_S + 20
