"""The commands as processes on a real PostgreSQL server: together, killed, and with the server restarted under them."""

import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.pictures import augment, imaging
from tests.conftest import PHOTOGRAPHS, SHIPPED, Command, photograph
from tests.e2e.test_api_process import api
from tests.e2e.test_processes import rest_of
from tests.e2e.test_watch import Watcher
from tests.postgresql import PostgresServer

KILLS = 3
PICTURES = 80


@pytest.fixture
def url(postgresql: PostgresServer) -> Iterator[str]:
    with postgresql.database(migrated=False) as made:
        yield made


@pytest.fixture
def pictrace(data_dir: Path, url: str) -> Command:
    command = Command(data_dir)
    command.env["PICTRACE_DATABASE_URL"] = url
    return command


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Many small different pictures."""
    made = tmp_path_factory.mktemp("pictures")
    for number in range(PICTURES):
        whole = photograph(PHOTOGRAPHS[number % len(PHOTOGRAPHS)])
        copy = augment.apply("crop", whole, whole, seed=number)
        (made / f"{number:04d}.jpg").write_bytes(imaging.encode_jpeg(copy[:200, :200], quality=80))
    return made


def test_whole_round_of_the_command(
    pictrace: Command, postgresql: PostgresServer, data_dir: Path, tmp_path: Path
) -> None:
    added = pictrace.json("add", "--json", "--tag", "first", *(SHIPPED / name for name in PHOTOGRAPHS))
    assert [line["status"] for line in added] == ["added"] * 6
    query = tmp_path / "query.jpg"
    query.write_bytes(imaging.encode_jpeg(photograph("astronaut.png")[100:400, 100:400].copy(), quality=90))
    (answer,) = pictrace.json("search", "--json", query)
    assert (answer["matches"][0]["name"], answer["matches"][0]["lane"]) == ("astronaut.png", "same")
    assert pictrace("remove", added[0]["id"]).returncode == 0
    assert pictrace("undo").returncode == 0
    (status,) = pictrace.json("status", "--json")
    assert (status["images"], status["last_seq"], status["index_size"]) == (6, 8, 6)
    assert status["database"] == f"{postgresql.last} at {postgresql.folder}"
    assert pictrace.json("check", "--json")[0]["sound"]
    assert not (data_dir / "pictrace.db").exists()


def test_two_processes_that_add_at_once_store_each_picture_once(pictrace: Command, folder: Path) -> None:
    """Into a database that neither has opened before."""
    processes = [pictrace.start("add", "--json", folder) for _ in range(2)]
    results = []
    for process in processes:
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        results.append([json.loads(line) for line in out.splitlines()])
    assert sum(line["status"] == "added" for lines in results for line in lines) == PICTURES
    assert [line["id"] for line in results[0]] == [line["id"] for line in results[1]]
    (status,) = pictrace.json("status", "--json")
    assert (status["images"], status["index_size"]) == (PICTURES, PICTURES)


def test_killed_additions_lose_nothing_that_was_acknowledged(
    pictrace: Command, folder: Path, data_dir: Path, postgresql: PostgresServer
) -> None:
    moments = random.Random(29)
    acknowledged: dict[str, int] = {}
    for _ in range(KILLS):
        process = pictrace.start("add", "--json", folder)
        assert process.stdout
        first = process.stdout.readline()
        time.sleep(moments.uniform(0, 0.2))
        process.send_signal(signal.SIGKILL)
        rest, _ = rest_of(process)
        for line in (first + rest).splitlines():
            if line.endswith("}"):  # a line cut off by the kill was not given
                result = json.loads(line)
                acknowledged[result["name"]] = result["id"]
        assert_whole(postgresql, data_dir, acknowledged)
    (report,) = pictrace.json("check", "--json", "--repair")
    assert report["missing_originals"] == report["missing_thumbnails"] == report["stale_features"] == 0
    results = {line["name"]: line for line in pictrace.json("add", "--json", folder)}
    assert len(results) == PICTURES
    assert all(results[name]["id"] == image_id for name, image_id in acknowledged.items())


def assert_whole(server: PostgresServer, data_dir: Path, acknowledged: dict[str, int]) -> None:
    """Every row has all its features and files, and every acknowledged picture its row."""
    rows = server.execute(
        """
        SELECT i.id, i.sha256, e.image_id, k.image_id, c.image_id FROM images i
        LEFT JOIN embeddings e ON e.image_id = i.id LEFT JOIN keypoints k ON k.image_id = i.id
        LEFT JOIN changes c ON c.image_id = i.id
        """,
        server.last,
    )
    assert len({row[0] for row in rows}) == len(rows)
    for row in rows:
        assert None not in tuple(row)
        assert list((data_dir / "originals" / row[1][:2]).glob(f"{row[1]}.*"))
    assert set(acknowledged.values()) <= {row[0] for row in rows}


def test_api_waits_for_its_database_server_at_the_start(pictrace: Command, postgresql: PostgresServer) -> None:
    postgresql.stop()
    starting = subprocess.Popen(
        [sys.executable, "-m", "api", "--port", "0"],
        env=pictrace.env,
        stderr=subprocess.PIPE,
        text=True,
        cwd=pictrace.env["HOME"],
    )
    assert starting.stderr
    try:
        assert "cannot be reached" in starting.stderr.readline()
    finally:
        postgresql.start()
    while "PicTrace is at" not in (line := starting.stderr.readline()):
        assert line, "it has ended"
    starting.terminate()
    rest_of_stderr = starting.communicate(timeout=60)[1]
    assert "Traceback" not in rest_of_stderr


def test_api_outlasts_a_restart_of_its_database_server(pictrace: Command, postgresql: PostgresServer) -> None:
    content = (SHIPPED / "rocket.jpg").read_bytes()
    with api(pictrace, "--workers", "2") as server:
        assert server.add(content)[0] == 201
        postgresql.stop()
        try:
            for status, body in (server.ask("/health/ready"), server.search(content), server.add(content)):
                assert (status, json.loads(body)["code"]) == (503, "database_unreachable")
            assert server.ask("/health/live")[0] == 200
        finally:
            postgresql.start()
        assert server.ask("/health/ready")[0] == 200
        assert json.loads(server.search(content)[1])["matches"][0]["evidence"]["exact"]
        assert server.add((SHIPPED / "coffee.png").read_bytes())[0] == 201


def test_watcher_outlasts_a_restart_of_its_database_server(
    pictrace: Command, postgresql: PostgresServer, tmp_path: Path
) -> None:
    root = tmp_path / "watched"
    root.mkdir()
    with closing(Watcher(pictrace.start("watch", "--json", root))) as watcher:
        watcher.until("watching")
        postgresql.stop()
        try:
            shutil.copyfile(SHIPPED / "rocket.jpg", root / "rocket.jpg")
            assert watcher.until("warning")["code"] == "database_unreachable"
        finally:
            postgresql.start()
        watcher.until("added", path=str(root / "rocket.jpg"))
        refused = pictrace("watch", "--once", root)  # its turn was taken again
        assert "(already_watched)" in refused.stderr
        status, complaints = watcher.end()
        assert (status, "Traceback" in complaints) == (0, False)


def test_server_that_is_not_there_is_one_sentence_without_the_password(pictrace: Command) -> None:
    done = pictrace("status", PICTRACE_DATABASE_URL="postgresql://ada:open-sesame@127.0.0.1:1/pictures")
    assert done.returncode == 1
    assert "database_unreachable" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "open-sesame" not in done.stderr
