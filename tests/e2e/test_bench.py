"""`pictrace bench` as a person or a script uses it."""

import json
import re
import signal
import time
from pathlib import Path

import pytest
from PIL import Image as PillowImage

from engine.pictures.variants import VARIANTS
from tests.conftest import SHIPPED, Command
from tests.e2e.conftest import Holding
from tests.forking import Forked

ADDED = ("astronaut.png", "coffee.png", "rocket.jpg")
OF_VARIANTS = {"kind", "asked", "wrongly_same", "variant", "mean_p_same"}
FIGURES = {"edit", "copies", "recall_at_1", "recall_at_5", "same", "wrong_same", "median_ms"}
QUICK = ("bench", "--pictures", "2", "--edit", "crop")


@pytest.fixture
def library(pictrace: Command, holding: Holding) -> Command:
    holding(*ADDED)
    return pictrace


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_json_is_one_object_with_the_keys_that_are_promised_and_the_plot_is_a_picture(
    library: Command, data_dir: Path, tmp_path: Path
) -> None:
    before = everything(data_dir)
    plot = tmp_path / "bench.png"
    (report,) = library.json(*QUICK, "--edit", "collage", "--json", "--plot", plot)
    assert set(report) == {
        "library", "pictures", "seed", "network", "calibrated", "workers", "edits", "all_edits", "variants",
        "all_variants", "false_alarms", "calibration", "time", "passed_over",
    }  # fmt: skip
    assert [set(one) for one in (*report["edits"], report["all_edits"])] == [FIGURES] * 3
    assert [one["edit"] for one in report["edits"]] == ["crop", "collage"]
    assert (report["library"], report["pictures"], report["seed"]) == (3, 2, 7)
    assert report["all_edits"]["recall_at_1"] == 1
    assert [set(one) for one in (*report["variants"], report["all_variants"])] == [OF_VARIANTS] * (len(VARIANTS) + 1)
    assert [one["kind"] for one in report["variants"]] == list(VARIANTS)
    assert report["all_variants"]["asked"] == sum(one["asked"] for one in report["variants"]) > 0
    assert set(report["false_alarms"]) == {"asked", "alarmed", "matches"}
    assert set(report["calibration"]) == {"answers", "ece", "brier", "brier_of_base_rate", "bins"}
    assert set(report["calibration"]["bins"][0]) == {"low", "high", "answers", "mean_p", "right"}
    assert set(report["time"]) == {"searches", "median_ms", "p99_ms", "took_s"}
    assert set(report["passed_over"]) == {"unreadable", "removed"}
    with PillowImage.open(plot) as picture:
        assert (picture.format, picture.width) == ("PNG", 1950)
    assert everything(data_dir) == before


def test_table_reads_well_at_a_hundred_columns(library: Command) -> None:
    done = library(*QUICK, COLUMNS="100")
    assert done.returncode == 0, done.stderr
    assert max(len(line) for line in done.stdout.splitlines()) <= 100
    for words in (
        "2 edited copies of 2 of 3 pictures",
        "crop",
        "all",
        "other version",
        "called the same",
        "another shot",
        "False alarms",
        "Calibration",
        "Time",
        "few copies",
    ):
        assert words in done.stdout
    assert "Every copy's picture came first" in done.stdout
    assert re.search(r"[\d.]+.% of other versions were called the same", " ".join(done.stdout.split()))
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--pictures", "0"], "invalid_limit", "at least 1"),
        (["--seed", "-1"], "invalid_limit", "at least 0"),
        (["--edit", "explode"], "unknown_edit", "crop, mirror"),
        ([], "too_few_pictures", "no library"),
    ],
)
def test_wrong_use_is_said_and_makes_nothing(
    pictrace: Command, data_dir: Path, arguments: list[str], code: str, words: str
) -> None:
    done = pictrace("bench", *arguments, COLUMNS="300")
    assert (done.returncode, code in done.stderr, words in done.stderr) == (2, True, True), done.stderr
    assert not data_dir.exists()


def test_place_for_the_plot_is_tried_before_anything_is_asked(library: Command, tmp_path: Path) -> None:
    done = library("bench", "--plot", tmp_path / "nowhere" / "bench.png")  # with all edits it would take long
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be written" in done.stderr


def test_interrupt_stops_and_says_that_nothing_was_changed(library: Command, data_dir: Path, tmp_path: Path) -> None:
    before = everything(data_dir)
    plot = tmp_path / "bench.png"
    process = library.start("bench", "--plot", plot)
    wait_for_memory_map(process)
    time.sleep(1)  # opening is over, asking has begun
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (130, ""), err
    assert "Nothing was changed" in err
    assert "Traceback" not in err
    assert not plot.exists()
    assert everything(data_dir) == before


def wait_for_memory_map(process: Forked) -> None:
    """Until the library is open: its write-ahead log is mapped then."""
    maps = Path(f"/proc/{process.pid}/maps")
    for _ in range(1200):
        if "pictrace.db-shm" in maps.read_text():
            return
        time.sleep(0.05)
    raise AssertionError("the library was not opened")


def test_library_that_others_change_meanwhile_is_measured_all_the_same(library: Command) -> None:
    process = library.start("bench", "--json", "--edit", "crop", "--edit", "screenshot", "--edit", "paste")
    wait_for_memory_map(process)
    assert library.json("add", "--json", SHIPPED / "chelsea.png")[0]["status"] == "added"
    assert library("remove", "1").returncode == 0
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    report = json.loads(out)
    assert report["pictures"] + report["passed_over"]["removed"] >= 3
    assert report["all_edits"]["recall_at_1"] == 1


def test_closed_pipe_is_no_traceback(library: Command) -> None:
    process = library.start(*QUICK, "--json")
    assert process.stdout
    process.stdout.close()
    assert process.stderr
    with process.stderr:
        assert "Traceback" not in process.stderr.read()
    assert process.wait(60) == 1
