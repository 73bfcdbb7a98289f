"""The commands without their start: a process that has loaded the packages is forked for each run of one.

Loading takes one to four seconds of computing, far more than most runs do. All else is as `python -m shell` has it: a
process of its own with its own environment and folder, which can be killed, and an interpreter that runs to its end.
This file is also the program of the process that is forked.
"""

import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import IO

LONGEST = 200_000  # bytes of a request: arguments and environment
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # what has threads is not forked
PACKAGES = {"shell": ["engine"], "api": ["engine", "fastapi", "uvicorn"], "bot": ["engine", "aiogram"]}


class Forked:
    """A running program, as `subprocess.Popen` has it."""

    def __init__(self, answers: socket.socket, stdout: IO[str] | None, stderr: IO[str] | None) -> None:
        self.stdout, self.stderr = stdout, stderr
        self.returncode: int | None = None
        self._answers = answers
        self._heard = b""
        self.pid = self._next_number(300)

    def poll(self) -> int | None:
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self.returncode = self._next_number(timeout)
            self._answers.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        assert self.stdout
        assert self.stderr
        with ThreadPoolExecutor(2) as threads, self.stdout, self.stderr:
            reading = [threads.submit(file.read) for file in (self.stdout, self.stderr)]
            try:
                self.wait(timeout)
            except BaseException:
                self.kill()
                raise
            said, complaints = (one.result() for one in reading)
        return said, complaints

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _next_number(self, timeout: float | None) -> int:
        self._answers.settimeout(timeout)
        try:
            while b"\n" not in self._heard:
                if not (some := self._answers.recv(100)):
                    raise ChildProcessError("what is forked has ended: the packages cannot be loaded")
                self._heard += some
        except (TimeoutError, BlockingIOError) as error:
            raise subprocess.TimeoutExpired("a forked program", timeout or 0) from error
        number, self._heard = self._heard.split(b"\n", 1)
        return int(number)


class Loaded:
    """The process that has loaded the packages of a command: `shell`, `api` or `bot`."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._control, its_side = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its_side:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(its_side.fileno()), *PACKAGES[module]],
                env=os.environ | ONE_THREAD,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[its_side.fileno()],
            )

    def start(self, arguments: Sequence[str], *, env: dict[str, str], cwd: str, log: IO[bytes] | None = None) -> Forked:
        """What `python -m module arguments` does; its output goes into pipes, or all into a log."""
        request = json.dumps([self._module, list(arguments), env, cwd]).encode()
        answers, its_answers = socket.socketpair()
        pipes = [] if log else [os.pipe(), os.pipe()]
        with its_answers, open(os.devnull) as nothing:
            outputs = [log.fileno()] * 2 if log else [its_side for _, its_side in pipes]
            try:
                socket.send_fds(self._control, [request], [its_answers.fileno(), nothing.fileno(), *outputs])
            finally:
                for _, its_side in pipes:
                    os.close(its_side)
        stdout, stderr = [os.fdopen(here, "r") for here, _ in pipes] or (None, None)
        return Forked(answers, stdout, stderr)

    def run(
        self, arguments: Sequence[str], *, env: dict[str, str], cwd: str, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """The same to its end, as `subprocess.run` tells it."""
        process = self.start(arguments, env=env, cwd=cwd)
        said, complaints = process.communicate(timeout)
        assert process.returncode is not None
        return subprocess.CompletedProcess([self._module, *arguments], process.returncode, said, complaints)

    def end(self) -> None:
        self._control.close()
        self._process.wait(30)


_loaded: dict[str, Loaded] = {}


def loaded(module: str) -> Loaded:
    """One for all tests of a process."""
    if module not in _loaded:
        _loaded[module] = Loaded(module)
    return _loaded[module]


def end_loaded() -> None:
    while _loaded:
        _loaded.popitem()[1].end()


def main() -> None:
    """Fork for every request, until the other side closes the socket."""
    control = socket.socket(fileno=int(sys.argv[1]))
    for package in sys.argv[2:]:
        importlib.import_module(package)
    gc.freeze()
    running: list[int] = []
    while True:
        text, files, _, _ = socket.recv_fds(control, LONGEST, 4)
        if not text:
            return
        running = [child for child in running if os.waitpid(child, os.WNOHANG) == (0, 0)]
        child = os.fork()
        if child == 0:
            control.close()
            _run(json.loads(text), *files)
            return
        running.append(child)
        for file in files:
            os.close(file)


def _run(request: tuple[str, list[str], dict[str, str], str], answers: int, *standard: int) -> None:
    """Be the program, in a child; tell the child's number, and its exit status."""
    child = os.fork()
    if child:
        for file in standard:
            os.close(file)
        os.write(answers, f"{child}\n".encode())
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.write(answers, f"{status}\n".encode())
        os._exit(0)
    os.close(answers)
    for number, file in enumerate(standard):
        os.dup2(file, number)
    for file in {*standard} - {0, 1, 2}:
        os.close(file)
    # Those of the parent remember that theirs, /dev/null, can be rewound.
    sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    module, arguments, env, cwd = request
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.argv = [module, *arguments]
    sys.path.insert(0, cwd)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
