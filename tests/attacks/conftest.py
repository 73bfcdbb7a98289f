"""What attacks share: hostile files on disk, and a look at what a process and its children take."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.attacks.hostile_files import KINDS
from tests.conftest import Templates

MEGABYTE = 1024 * 1024
MAX_WORKER_BYTES = 700 * MEGABYTE  # 600 of a picture, and what an idle one has
MAX_ADDRESS_BYTES = 8_000 * MEGABYTE  # of the attacked process: it must stay well inside a small machine
WORKER = "decoding_worker.py"

# Kinds that must be refused, and how; every other is decoded or refused as what it is. Before they were, each took
# gigabytes or many seconds of the process that serves everybody.
REFUSED = {
    "gif_frame_of_4_gigapixels_43_bytes": "too_many_pixels",
    "gif_frame_far_outside": "too_many_pixels",
    "gif_9_million_empty_extensions": "too_costly",
    "gif_comment_of_9_million_blocks": "too_costly",
    "tiff_tile_of_2_gigapixels": "too_many_pixels",
    "tiff_2_400_000_strips": "too_many_pixels",
    "tiff_65_000_entries": "too_costly",
    "tiff_offsets_count_of_2_to_the_31": "too_costly",
    "jpg_1_000_scans": "too_costly",
    "jpg_6_000_scans_of_50_megapixels": "too_costly",
    "jpg_fill_bytes_only": "too_costly",
    "jpg_fill_bytes_before_a_marker": "too_costly",
    "jpg_300_000_segments": "too_costly",
    "jpg_header_of_4_gigapixels": "too_many_pixels",
    "png_50_million_high": "too_many_pixels",
    "png_50_million_wide": "too_many_pixels",
    "png_900_megapixels_of_1_bit": "too_many_pixels",
    "png_17_000_icc_profiles": "too_costly",
    "png_19_mb_of_empty_data_chunks": "too_costly",
    "bmp_run_length_1_kb": "too_many_pixels",
    "webp_lossless_268_megapixels": "too_many_pixels",
    "webp_canvas_of_2_to_the_48_pixels": "too_many_pixels",
    "avif_268_megapixels_that_claim_16_x_16": "too_many_pixels",
    "avif_60_000_items": "too_costly",
    "heic_268_megapixels_that_claim_64_x_64": "too_many_pixels",
    "heic_nested_boxes": "too_costly",
}
SAID = {"damaged_image", "not_an_image", "unsupported_format", "too_costly", "too_many_pixels", "file_too_large"}


@pytest.fixture(scope="session")
def hostile(templates: Templates) -> Path:
    """A folder with a file of every kind; a child makes them, so that what it takes is given back."""

    def make_all(folder: Path) -> None:
        folder.mkdir()
        child = os.fork()
        if child == 0:
            for name, make in KINDS.items():
                (folder / f"{name}.jpg").write_bytes(make())
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0

    return templates.folder("hostile", make_all)


class Taken:
    """The most memory that any decoding process has held, and how many there were at a time."""

    def __init__(self) -> None:
        self.worker_bytes = 0
        self.workers = 0


@contextmanager
def watched(pid: int) -> Iterator[Taken]:
    """Look at the decoding processes of a process all the while."""
    taken, over = Taken(), threading.Event()

    def look() -> None:
        while not over.wait(0.02):
            peaks = [_peak(one.pid) for one in workers_of(pid)]
            taken.workers = max(taken.workers, len(peaks))
            taken.worker_bytes = max([taken.worker_bytes, *peaks])

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield taken
    finally:
        over.set()
        thread.join()


def workers_of(pid: int) -> list[psutil.Process]:
    """The decoding processes of a process."""
    try:
        return [one for one in psutil.Process(pid).children() if any(WORKER in part for part in one.cmdline())]
    except psutil.Error:
        return []


def _peak(pid: int) -> int:
    try:
        return 1024 * int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0])
    except (OSError, IndexError):  # it has ended
        return 0
