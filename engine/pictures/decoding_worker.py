"""A process that decodes pictures and does nothing else. `decoding` starts it by the path of this file.

It gets requests over a Unix socket, as JSON, and answers so; nothing that it says is ever unpickled. Pictures and
pixels lie in a buffer that both sides have in memory; what is larger comes along in a file without a name. It holds
decoders only: no library, no neural network, no keys. Its arguments are the numbers of the socket and of the buffer,
the most bytes of memory and seconds of computing that a picture may take, and the parent's process id.
"""

import ctypes
import fcntl
import json
import math
import mmap
import os
import resource
import signal
import socket
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

MESSAGE_BYTES = 4096  # no request and no answer is longer
SENTENCE_CHARACTERS = 500
PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def main() -> None:
    """Answer requests until the other side closes the socket."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    buffer = mapped(int(sys.argv[2]))
    max_bytes, cpu_s = int(sys.argv[3]), float(sys.argv[4])
    _end_with(int(sys.argv[5]))
    _import_decoders()
    _limit_memory(max_bytes)
    send(connection, {"ready": True})
    while True:
        try:
            request, file = receive(connection)
        except OSError:  # the other side is gone
            return
        size = request.pop("size")
        content = buffer[:size] if file is None else mapped(file)[:size]
        _limit_cpu(cpu_s)
        answer, pixels = _answer(request, content)
        if pixels is None:
            send(connection, answer)
        elif pixels.nbytes <= len(buffer):
            buffer[: pixels.nbytes] = memoryview(pixels).cast("B")
            send(connection, answer)
        else:
            send(connection, answer, in_memory(pixels))


def send(connection: socket.socket, message: dict[str, Any], file: int | None = None) -> None:
    """Send a message, and a file that `in_memory` made along with it; closes the file on this side."""
    text = json.dumps(message).encode()
    if file is None:
        connection.sendall(text)
        return
    try:
        socket.send_fds(connection, [text], [file])
    finally:
        os.close(file)


def receive(connection: socket.socket) -> tuple[dict[str, Any], int | None]:
    """The next message, and the file that came along with it, which `mapped` takes.

    Raises OSError where the other side has closed the socket, ValueError for what is no message.
    """
    text, files, _, _ = socket.recv_fds(connection, MESSAGE_BYTES, 1)
    if not text:
        raise ConnectionResetError("the other side has closed the socket")
    return json.loads(text), (files[0] if files else None)


def in_memory(content: Any) -> int:
    """A file that holds what a buffer holds: in memory where there is such a thing, else a temporary one."""
    file = _unnamed()
    left = memoryview(content).cast("B")
    try:
        while left:
            left = left[os.write(file, left) :]
    except OSError:
        os.close(file)
        raise
    return file


def empty(size: int) -> int:
    """The same for so many zeros, which take no memory before they are overwritten."""
    file = _unnamed()
    os.ftruncate(file, size)
    return file


def mapped(file: int) -> mmap.mmap:
    """What a file holds, without a copy; closes the file. ValueError for an empty one.

    OSError where whoever made it could still cut it off: who reads what was cut off is killed by the system.
    """
    try:
        if sys.platform == "linux":
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        return mmap.mmap(file, 0)
    finally:
        os.close(file)


def _answer(request: dict[str, Any], content: bytes) -> tuple[dict[str, Any], Any]:
    from engine.errors import ImageError
    from engine.pictures import imaging

    functions = (imaging.decode, imaging.decode_query, imaging.decode_further, imaging.look)
    ways = {one.__name__: one for one in functions}
    decode = ways[request.pop("way", "decode")]
    try:
        image = decode(content, **request)
    except ImageError as error:
        return {"error": error.code, "sentence": str(error)[:SENTENCE_CHARACTERS]}, None
    size = {"width": image.width, "height": image.height, "media_type": image.media_type}
    seen = {name: getattr(image, name) for name in ("ground", "frame", "is_animated", "taken_at")}
    said = [one.as_json() for one in image.warnings]
    return size | seen | {"shape": image.pixels.shape, "warnings": said}, image.pixels


def _import_decoders() -> None:
    """Import `imaging` without `engine/__init__.py`, which would bring the database and all else along."""
    package = types.ModuleType("engine")
    package.__path__ = [str(Path(__file__).parents[1])]
    sys.modules["engine"] = package
    from engine.pictures import imaging

    imaging.harden()


def _end_with(parent: int) -> None:
    """End with the parent, even where that is killed in the middle of a picture."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended already
        sys.exit()


def _limit_memory(max_bytes: int) -> None:
    """A net under the parent's watch: what is asked for beyond this fails, before it is taken."""
    if sys.platform != "linux":
        return  # elsewhere the limit is not heeded, or counts what is only mapped
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = pages * resource.getpagesize() + max_bytes
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _limit_cpu(seconds: float) -> None:
    """The same for computing time, counted from now on; the system ends the process."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _unnamed() -> int:
    if sys.platform == "linux":
        return os.memfd_create("pictrace", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


if __name__ == "__main__":
    main()
