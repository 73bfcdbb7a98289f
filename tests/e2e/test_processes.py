"""Several processes on one library, killed processes, and a full disk."""

import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from engine.pictures import augment, imaging
from engine.storage.database import REVISION
from tests.conftest import PHOTOGRAPHS, SHIPPED, Command, photograph
from tests.forking import Forked
from tests.older_tables import BEFORE_0007

KILLS = 12
PICTURES = 160


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many small different pictures."""
    made = tmp_path_factory.mktemp("pictures")
    for number in range(PICTURES):
        whole = photograph(PHOTOGRAPHS[number % len(PHOTOGRAPHS)])
        copy = augment.apply("crop", whole, whole, seed=number)
        (made / f"{number:04d}.jpg").write_bytes(imaging.encode_jpeg(copy[:200, :200], quality=80))
    return made


def rest_of(process: Forked) -> tuple[str, str]:
    """What is left of stdout and stderr; `communicate` would pass over what a `readline` has buffered."""
    assert process.stdout
    assert process.stderr
    with process.stdout, process.stderr:
        out, err = process.stdout.read(), process.stderr.read()
    process.wait(60)
    return out, err


def test_two_processes_see_each_others_changes_at_the_next_search(pictrace: Command, tmp_path: Path) -> None:
    """A process that stays open searches; others add and remove."""
    script = textwrap.dedent(
        """
        import asyncio, sys
        from pathlib import Path
        from engine import EngineSettings, open_service

        async def main():
            async with open_service(EngineSettings.load()) as service:
                for line in sys.stdin:
                    result = await service.search(Path(line.strip()).read_bytes(), weak=True)
                    print(" ".join(str(match.image.id) for match in result.matches) or "-", flush=True)

        asyncio.run(main())
        """
    )
    picture = SHIPPED / "rocket.jpg"
    pictrace.json("add", "--json", SHIPPED / "coffee.png", SHIPPED / "chelsea.png")
    searching = subprocess.Popen(
        [sys.executable, "-c", script], env=pictrace.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    asking, answering = searching.stdin, searching.stdout
    assert asking
    assert answering

    def search() -> list[str]:
        asking.write(f"{picture}\n")
        asking.flush()
        return answering.readline().split()

    try:
        assert sorted(search()) == ["1", "2"]
        (added,) = pictrace.json("add", "--json", picture)
        assert search()[0] == str(added["id"])
        assert pictrace("remove", added["id"]).returncode == 0
        assert str(added["id"]) not in search()
        assert pictrace("undo").returncode == 0
        assert search()[0] == str(added["id"])
    finally:
        asking.close()
        assert searching.wait(30) == 0
        answering.close()


def test_two_processes_that_open_an_old_library_at_once_migrate_it_once(pictrace: Command, data_dir: Path) -> None:
    pictrace.json("add", "--json", SHIPPED / "coffee.png")
    database = data_dir / "pictrace.db"
    with sqlite3.connect(database) as connection:  # as a PicTrace before revision 0002 left it
        connection.executescript(
            "".join(f"{statement};" for statement in BEFORE_0007)
            + "DROP TABLE watches; DROP TABLE verdicts; DROP TABLE chats; DROP TABLE inbox; DROP TABLE telegram_files;"
            "DROP TABLE duplicates; DROP TABLE kept_pairs; DROP INDEX ix_images_compared_deleted_at;"
            "ALTER TABLE images DROP COLUMN compared;"
            + "".join(
                f"ALTER TABLE hashes ADD COLUMN band{n} INTEGER NOT NULL DEFAULT 0;"
                f"CREATE INDEX ix_hashes_band{n} ON hashes (band{n});"
                for n in range(4)
            )
            + "UPDATE alembic_version SET version_num = '0001'"
        )
    connection.close()
    processes = [pictrace.start("search", "--json", SHIPPED / "coffee.png") for _ in range(3)]
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        assert json.loads(out)["matches"][0]["score"] == 1.0
    with sqlite3.connect(database) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(REVISION,)]
        assert connection.execute("SELECT count(*) FROM watches").fetchone() == (0,)
    connection.close()


def test_two_processes_that_add_at_once_store_each_picture_once(pictrace: Command, folder: Path) -> None:
    processes = [pictrace.start("add", "--json", folder) for _ in range(2)]
    results = []
    for process in processes:
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        results.append([json.loads(line) for line in out.splitlines()])
    assert all(len(lines) == PICTURES for lines in results)
    assert sum(line["status"] == "added" for lines in results for line in lines) == PICTURES
    assert [line["id"] for line in results[0]] == [line["id"] for line in results[1]]
    (status,) = pictrace.json("status", "--json")
    assert (status["images"], status["index_size"]) == (PICTURES, PICTURES)


def test_killed_additions_lose_nothing_that_was_acknowledged(pictrace: Command, folder: Path, data_dir: Path) -> None:
    """kill -9 at random moments: acknowledged pictures stay, none is half there, nothing needs repair by hand."""
    moments = random.Random(23)
    acknowledged: dict[str, int] = {}
    for number in range(KILLS):
        if number % 5 == 4:
            shutil.rmtree(data_dir)
            acknowledged.clear()
        process = pictrace.start("add", "--json", folder)
        assert process.stdout
        first = process.stdout.readline()
        time.sleep(moments.uniform(0, 0.6))
        process.send_signal(signal.SIGKILL)
        rest, _ = rest_of(process)
        for line in (first + rest).splitlines():
            if line.endswith("}"):  # a line cut off by the kill was not given
                result = json.loads(line)
                acknowledged[result["name"]] = result["id"]
        assert_whole(data_dir, acknowledged)
    (report,) = pictrace.json("check", "--json", "--repair")
    assert report["missing_originals"] == report["missing_thumbnails"] == report["stale_features"] == 0
    results = {line["name"]: line for line in pictrace.json("add", "--json", folder)}
    assert len(results) == PICTURES
    assert all(results[name]["id"] == image_id for name, image_id in acknowledged.items())
    some = sorted(acknowledged)[:: max(1, len(acknowledged) // 5)]
    for answer in pictrace.json("search", "--json", *(folder / name for name in some)):
        assert answer["matches"][0]["evidence"]["exact"]


def assert_whole(data_dir: Path, acknowledged: dict[str, int]) -> None:
    """Every row has all its features and files, and every acknowledged picture its row."""
    with sqlite3.connect(data_dir / "pictrace.db") as connection:
        rows = connection.execute(
            """
            SELECT i.id, i.sha256, i.byte_size, e.image_id, k.image_id, c.image_id FROM images i
            LEFT JOIN embeddings e ON e.image_id = i.id LEFT JOIN keypoints k ON k.image_id = i.id
            LEFT JOIN changes c ON c.image_id = i.id
            """
        ).fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()
    assert len({row[0] for row in rows}) == len(rows)
    for row in rows:
        assert None not in row
        (original,) = (data_dir / "originals" / row[1][:2]).glob(f"{row[1]}.*")
        assert original.stat().st_size == row[2]
        assert (data_dir / "thumbnails" / row[1][:2] / f"{row[1]}.jpg").stat().st_size > 100
    assert set(acknowledged.values()) <= {row[0] for row in rows}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_addition_keeps_what_is_done_and_goes_on(
    pictrace: Command, data_dir: Path, folder: Path, number: signal.Signals
) -> None:
    process = pictrace.start("add", "--json", folder)
    assert process.stdout
    lines = [process.stdout.readline()]
    process.send_signal(number)
    rest, err = rest_of(process)
    lines += rest.splitlines()
    assert process.returncode == 130
    assert "what is done is kept" in err
    assert "Traceback" not in err
    done = [json.loads(line) for line in lines]
    assert 0 < len(done) < PICTURES
    (status,) = pictrace.json("status", "--json")
    assert status["images"] == len(done)  # nothing was stored in silence
    assert len(list((data_dir / "originals").rglob("*.jpg"))) == len(done)
    again = pictrace.json("add", "--json", folder)
    assert [line["status"] for line in again[: len(done)]] == ["duplicate"] * len(done)
    (status,) = pictrace.json("status", "--json")
    assert status["images"] == PICTURES


def test_check_beside_an_addition_takes_nothing_away(pictrace: Command, folder: Path) -> None:
    adding = pictrace.start("add", "--json", folder)
    assert adding.stdout
    adding.stdout.readline()
    while adding.poll() is None:
        (report,) = pictrace.json("check", "--json", "--repair")
        assert report["missing_originals"] == report["orphaned_files"] == 0
    rest_of(adding)
    (status,) = pictrace.json("status", "--json")
    assert status["images"] == PICTURES
    assert pictrace.json("check", "--json")[0]["sound"]


def test_library_that_cannot_be_written_is_said(pictrace: Command, data_dir: Path) -> None:
    data_dir.write_text("a file is in the way")
    done = pictrace("add", SHIPPED / "coffee.png")
    assert done.returncode == 1
    assert "data_dir_not_writable" in done.stderr
    assert "Traceback" not in done.stderr


def on_small_disk(pictrace: Command, folder: Path, size: str, script: str) -> subprocess.CompletedProcess[str]:
    """Run a shell script with `folder` being a disk of that size, in a mount namespace of its own."""
    folder.mkdir(exist_ok=True)
    command = f"mount -t tmpfs -o size={size} tmpfs {folder} || exit 77\n{script}"
    own = ["unshare", "--mount", "--map-root-user"] if os.getuid() else ["unshare", "--mount"]
    return subprocess.run(
        [*own, "sh", "-c", command], env=pictrace.env, capture_output=True, text=True, timeout=300, check=False
    )


def test_full_disk_is_said_and_harms_nothing(pictrace: Command, data_dir: Path, folder: Path) -> None:
    python = f"{sys.executable} -m shell"
    script = f"""
    dd if=/dev/zero of={data_dir}/most bs=1M count=61 2>/dev/null
    {python} add --json {folder} > {folder}.first; echo "status $?"
    dd if=/dev/zero of={data_dir}/fill bs=4k 2>/dev/null
    {python} search --json {folder}/0000.jpg
    {python} check --json
    {python} status --json
    {python} remove 1; echo "status $?"
    rm {data_dir}/fill {data_dir}/most
    {python} add --json {folder} > {folder}.second; echo "status $?"
    {python} check --json
    """
    done = on_small_disk(pictrace, data_dir, "64m", script)
    if done.returncode in (1, 77) and "mount" in done.stderr + "unshare" and not done.stdout:
        pytest.skip(f"no mount namespace may be made here: {done.stderr.strip()}")
    assert "Traceback" not in done.stderr, done.stderr
    assert "disk_full" in done.stderr
    first, search, check, status, removed, second, after = done.stdout.splitlines()
    assert (first, removed, second) == ("status 1", "status 1", "status 0")
    assert done.stderr.count("disk_full") == 2
    stored = [json.loads(line) for line in Path(f"{folder}.first").read_text().splitlines()]
    assert f"Stopped; what is done is kept: {len(stored):,} added.\n" in done.stderr
    assert json.loads(search)["matches"][0]["evidence"]["exact"]
    assert json.loads(status)["images"] >= len(stored) > 0
    for report in (json.loads(check), json.loads(after)):
        assert report["sound"]
    assert len(Path(f"{folder}.second").read_text().splitlines()) == PICTURES


def test_folder_being_added_can_be_searched_meanwhile(pictrace: Command, folder: Path) -> None:
    adding = pictrace.start("add", "--json", folder)
    assert adding.stdout
    first = json.loads(adding.stdout.readline())
    (answer,) = pictrace.json("search", "--json", folder / first["name"])
    assert answer["matches"][0]["id"] == first["id"]
    rest_of(adding)
    assert adding.returncode == 0
    assert np.isfinite(answer["timings_ms"]["total"])
