"""The door to the decoders: what a picture may take, who gets a worker, and what becomes of a broken one."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from engine.concurrency import FairPlaces, admitted, on_behalf_of
from engine.errors import DamagedImage, EmptyFile, TooCostly, TooManyPixels
from engine.pictures import imaging
from engine.pictures.decoding import Decoders, Limits
from tests.attacks.hostile_files import KINDS
from tests.conftest import cut_short, jpeg, photograph
from tests.decoders import end_kept
from tests.engine.pictures.test_taking import DATE, dated

MEGABYTE = 1024 * 1024
ROOT = Path(__file__).parents[3]
HASTE = Limits(cpu_s=0.2, look_s=0.01)
SMALL = jpeg(photograph("chelsea.png"))

pytestmark = pytest.mark.processes


def decoders(limits: Limits | None = None, workers: int = 2) -> Decoders:
    return Decoders(workers, max_bytes=20 * MEGABYTE, max_pixels=50_000_000, limits=limits)


@pytest.fixture(autouse=True)
async def alone() -> None:
    """Other tests have left no processes."""
    await end_kept()


@pytest.fixture(scope="module")
def slow() -> bytes:
    """A picture that takes more than a second, and some 280 MB."""
    return KINDS["png_rgba_16_bit_50_megapixels"]()


@pytest.fixture
async def door() -> AsyncIterator[Decoders]:
    async with decoders() as opened:
        yield opened


def processes() -> list[psutil.Process]:
    """The decoding processes of this one."""
    return [one for one in psutil.Process().children() if "decoding_worker.py" in " ".join(one.cmdline())]


def peak_bytes(process: psutil.Process) -> int:
    return 1024 * int(Path(f"/proc/{process.pid}/status").read_text().split("VmHWM:")[1].split()[0])


async def decoding_process() -> psutil.Process:
    """The one that is at work on the slow picture, for which it has taken memory."""
    for _ in range(3000):
        for one in processes():
            if one.memory_info().rss > 150 * MEGABYTE:
                return one
        await asyncio.sleep(0.005)
    raise AssertionError("nothing is being decoded")


async def test_pixels_are_those_of_the_decoder(door: Decoders) -> None:
    here = imaging.decode(SMALL, side=1000, max_bytes=MEGABYTE, max_pixels=10**6)
    there = await door.decode(SMALL, side=1000)
    assert (there.media_type, there.width, there.height) == (here.media_type, here.width, here.height)
    assert there.pixels.dtype == np.uint8
    assert np.array_equal(there.pixels, here.pixels)


async def test_errors_keep_their_kind_and_their_sentence(door: Decoders) -> None:
    with pytest.raises(EmptyFile, match=r"The file is empty\."):
        await door.decode(b"", side=1000)
    with pytest.raises(DamagedImage, match="breaks off or is damaged: only"):
        await door.decode(SMALL[: len(SMALL) // 2], side=1000)
    with pytest.raises(TooManyPixels, match="PICTRACE_MAX_PIXELS"):
        await door.decode(SMALL, side=1000, max_pixels=1000)


async def test_nothing_is_started_before_it_is_needed() -> None:
    async with decoders() as door:
        assert processes() == []
        await door.decode(SMALL, side=1000)
        assert len(processes()) == 1
    assert processes() == []


async def test_picture_that_takes_too_long_is_refused_and_the_next_is_decoded(slow: bytes) -> None:
    async with decoders(HASTE) as door:
        with pytest.raises(TooCostly, match=r"longer than the 0\.2 seconds"):
            await door.decode(slow, side=1000)
        assert (await door.decode(SMALL, side=1000)).width == 451


async def test_picture_that_takes_too_much_memory_is_refused_before_it_is_taken(slow: bytes) -> None:
    async with decoders(Limits(memory_bytes=60 * MEGABYTE)) as door:
        await door.decode(SMALL, side=1000)
        (process,) = processes()
        with pytest.raises((TooCostly, TooManyPixels), match="memory"):
            await door.decode(slow, side=1000)
        if process.is_running():
            assert peak_bytes(process) < 160 * MEGABYTE
        assert (await door.decode(SMALL, side=1000)).width == 451


async def test_warning_comes_along_with_the_picture(door: Decoders) -> None:
    image = await door.decode(cut_short(SMALL), side=1000)
    assert [warning.code for warning in image.warnings] == ["cut_short"]
    assert (await door.decode(SMALL, side=1000)).warnings == ()


async def test_jpeg_may_be_larger_than_what_is_decoded() -> None:
    large = jpeg(np.zeros((3000, 4000, 3), np.uint8))
    async with Decoders(1, max_bytes=MEGABYTE, max_pixels=1_000_000, max_source_pixels=12_000_000) as door:
        assert (await door.decode(large, side=500)).width == 4000
        with pytest.raises(TooManyPixels, match="12 megapixels; at most 11 megapixels"):
            await door.decode(large, side=500, max_source_pixels=11_000_000)


async def test_picture_that_breaks_its_worker_is_refused_and_the_next_is_decoded(
    door: Decoders, slow: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    task = asyncio.create_task(door.decode(slow, side=1000))
    (await decoding_process()).kill()
    with pytest.raises(TooCostly, match="breaks the decoder"):
        await task
    assert "a decoding process was ended by SIGKILL over a picture" in caplog.text
    assert (await door.decode(SMALL, side=1000)).width == 451


async def test_worker_that_ended_while_idle_is_not_held_against_the_next_picture(door: Decoders) -> None:
    await door.decode(SMALL, side=1000)
    (process,) = processes()
    process.kill()
    process.wait()
    assert (await door.decode(SMALL, side=1000)).width == 451


async def test_worker_is_free_at_once_when_nobody_waits_any_more(door: Decoders, slow: bytes) -> None:
    task = asyncio.create_task(door.decode(slow, side=1000))
    process = await decoding_process()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert not process.is_running()
    assert (await door.decode(SMALL, side=1000)).width == 451


async def test_picture_that_is_nearly_done_when_its_client_goes_costs_no_worker(door: Decoders) -> None:
    await door.decode(SMALL, side=1000)
    (before,) = processes()
    task = asyncio.create_task(door.decode(SMALL, side=1000))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert (await door.decode(SMALL, side=1000)).width == 451
    assert processes() == [before]


async def test_worker_whose_picture_was_never_asked_for_is_not_used_again(
    door: Decoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    await door.decode(SMALL, side=1000)
    (before,) = processes()

    async def never_begun(*_: object) -> None:
        await asyncio.sleep(60)

    with monkeypatch.context() as patch:
        patch.setattr("engine.pictures.decoding.AT_ONCE_BYTES", 0)  # so that it is handed over in a thread
        patch.setattr(asyncio, "to_thread", never_begun)
        task = asyncio.create_task(door.decode(SMALL, side=1000))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert not before.is_running()
    assert (await door.decode(SMALL, side=1000)).width == 451


async def test_picture_may_compute_less_while_others_wait(slow: bytes) -> None:
    async with decoders(Limits(busy_cpu_s=0.1, look_s=0.01)) as door:
        tasks = []
        for client in ("one", "another", "a third"):
            with on_behalf_of(client):
                tasks.append(asyncio.create_task(door.decode(slow, side=1000)))
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert any(isinstance(one, TooCostly) for one in ended)
        assert (await door.decode(slow, side=1000)).width == 7071  # alone it may


async def test_who_waits_long_for_a_decoder_leaves_the_place_that_it_holds(slow: bytes) -> None:
    others = FairPlaces(1, each=1)
    async with decoders() as door:
        with on_behalf_of("one"):
            first = asyncio.create_task(door.decode(slow, side=1000))
            with admitted(await others.take("one")):
                second = asyncio.create_task(door.decode(slow, side=1000))
        place = await asyncio.wait_for(others.take("two"), 30)
        assert not second.done()
        place.end()
        for task in (first, second):
            task.cancel()
        await asyncio.gather(first, second, return_exceptions=True)


async def test_one_client_leaves_half_of_the_workers_to_others(door: Decoders, slow: bytes) -> None:
    with on_behalf_of("attacker"):
        hostile = [asyncio.create_task(door.decode(slow, side=1000)) for _ in range(4)]
    with on_behalf_of("somebody else"):
        await door.decode(SMALL, side=1000)
    assert not any(task.done() for task in hostile)
    for task in hostile:
        task.cancel()
    await asyncio.gather(*hostile, return_exceptions=True)


async def test_what_is_slow_gives_way_and_leaves_its_place(slow: bytes) -> None:
    async with decoders(Limits(prompt_s=0.05, look_s=0.01)) as door:
        tasks = []
        for client in ("one", "another"):
            with on_behalf_of(client):
                tasks.append(asyncio.create_task(door.decode(slow, side=1000)))
        process = await decoding_process()
        with on_behalf_of("a third"):
            await door.decode(SMALL, side=1000)  # though both places were taken
        assert not all(task.done() for task in tasks)
        assert process.nice() == 10
        assert [image.width for image in await asyncio.gather(*tasks)] == [7071, 7071]
        async with asyncio.timeout(60):
            while any(one.nice() for one in processes()):  # those that gave way are not used again
                await door.decode(SMALL, side=1000)


async def test_worker_knows_no_secrets_and_holds_only_decoders(door: Decoders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTRACE_TELEGRAM_TOKEN", "123:secret")
    await door.decode(SMALL, side=1000)
    (process,) = processes()
    assert not any(name.startswith(("PICTRACE", "AWS", "PG")) for name in process.environ())
    loaded = {Path(one.path).name for one in process.memory_maps()}
    assert any(name.startswith("_imaging") for name in loaded)
    assert not any("sqlite" in name or "tensorflow" in name.lower() or "litert" in name.lower() for name in loaded)


def test_workers_end_with_their_parent() -> None:
    script = """
        import asyncio, sys
        from engine.pictures.decoding import Decoders
        from tests.attacks.hostile_files import KINDS
        async def main():
            async with Decoders(2, max_bytes=10**7, max_pixels=5 * 10**7) as door:
                await door.warm_up()
                busy = asyncio.create_task(door.decode(KINDS["bmp_run_length_4_bit"](), side=1000))
                await asyncio.sleep(0.3)
                print("ready", flush=True)
                await busy
                await asyncio.sleep(60)
        asyncio.run(main())
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, cwd=ROOT)
    assert parent.stdout
    assert parent.stdout.readline() == b"ready\n"
    (worker,) = psutil.Process(parent.pid).children()  # in the middle of a picture
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 10
    while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE and time.monotonic() < until:
        time.sleep(0.05)
    assert not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE


async def test_picture_is_looked_at_without_its_pixels(door: Decoders) -> None:
    limits = {"max_bytes": MEGABYTE, "max_pixels": 10**6, "max_source_pixels": 10**6}
    image = await door.look(dated(), **limits)
    assert (image.taken_at, image.pixels.shape, image.width) == (DATE, (1, 1, 3), 300)
    assert (await door.decode(dated(), side=100)).taken_at == DATE
    with pytest.raises(TooManyPixels):
        await door.look(dated(), **limits | {"max_source_pixels": 1000})
