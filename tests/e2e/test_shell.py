"""The `pictrace` command as a person or a script uses it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage

from engine.pictures import augment, imaging
from tests.conftest import SHIPPED, Command, bad_files, cut_short, jpeg, photograph
from tests.e2e.conftest import Holding
from tests.small_library import menu

ADDED = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg")


@pytest.fixture
def library(pictrace: Command, holding: Holding) -> Command:
    holding(*ADDED)
    return pictrace


@pytest.fixture
def site() -> Iterator[str]:
    """A page that names a picture, and one that names none."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            named = b'<meta property="og:image" content="coffee.png">' if self.path == "/post" else b""
            is_picture = self.path == "/coffee.png"
            body = (SHIPPED / "coffee.png").read_bytes() if is_picture else b"<!doctype html><html>" + named
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is logged."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def width_of(path: Path) -> int:
    with PillowImage.open(path) as picture:
        return picture.width


def test_add_gives_one_line_for_each_in_order(pictrace: Command, tmp_path: Path) -> None:
    expected = bad_files(tmp_path)
    paths = [SHIPPED / "coffee.png", *(tmp_path / name for name in expected), SHIPPED / "rocket.jpg"]
    done = pictrace("add", "--json", *paths)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [line["name"] for line in lines] == [path.name for path in paths]
    assert [line["code"] for line in lines[1:-1]] == list(expected.values())
    assert all(line["status"] == "rejected" and line["id"] is None for line in lines[1:-1])
    assert all(line["message"].endswith(".") for line in lines[1:-1])
    assert [lines[0]["status"], lines[-1]["status"]] == ["added", "added"]
    assert set(lines[0]) == {"name", "source", "id", "status", "code", "near", "page", "warnings"}
    assert "Traceback" not in done.stderr
    (report,) = pictrace.json("check", "--json")
    assert report["sound"]
    (status,) = pictrace.json("status", "--json")
    assert status["images"] == 2


def test_file_that_breaks_off_is_taken_with_a_warning(library: Command, tmp_path: Path) -> None:
    query = tmp_path / "cut.jpg"
    query.write_bytes(cut_short(jpeg(photograph("rocket.jpg")[:200, :300])))
    for command in ("search", "add"):
        said = library(command, query)
        assert said.returncode == 0
        assert "warning   cut.jpg: The file breaks off" in said.stderr.replace(str(tmp_path) + "/", "")
        assert "(cut_short)" in said.stderr
    (answer,) = library.json("search", "--json", SHIPPED / "coffee.png")
    assert answer["warnings"] == []
    assert "cut.jpg" not in library("add", query).stderr  # its file has not changed
    other = tmp_path / "other.jpg"
    other.write_bytes(cut_short(jpeg(photograph("coffee.png")[:200, :300])))
    for command in ("search", "add", "add", "search"):  # later its bytes are known
        (answer,) = library.json(command, "--json", other)
        assert [one["code"] for one in answer["warnings"]] == ["cut_short"]


def test_search_answers_in_order_and_goes_on_after_bad_ones(library: Command, tmp_path: Path) -> None:
    expected = bad_files(tmp_path)
    paths = [SHIPPED / "rocket.jpg", *(tmp_path / name for name in expected), SHIPPED / "coffee.png"]
    done = library("search", "--json", *paths)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert [line["query"] for line in lines] == [str(path) for path in paths]
    assert [line["code"] for line in lines[1:-1]] == list(expected.values())
    assert [line["matches"][0]["name"] for line in (lines[0], lines[-1])] == ["rocket.jpg", "coffee.png"]
    assert "Traceback" not in done.stderr


def test_url_of_a_page_is_followed_to_the_picture_it_names(pictrace: Command, site: str) -> None:
    allowed = {"PICTRACE_FETCH_ALLOW": "127.0.0.1"}
    (added,) = pictrace.json("add", "--json", f"{site}/post", **allowed)
    assert (added["name"], added["status"], added["page"]) == ("coffee.png", "added", True)
    (found,) = pictrace.json("search", "--json", f"{site}/post", **allowed)
    assert (found["page"], found["matches"][0]["name"]) == (True, "coffee.png")
    (itself,) = pictrace.json("search", "--json", f"{site}/coffee.png", **allowed)
    assert itself["page"] is False
    assert "From the web page's preview picture." in pictrace("search", f"{site}/post", **allowed).stdout
    assert "From the web page's preview picture." in pictrace("add", f"{site}/post", **allowed).stderr
    none = pictrace("search", f"{site}/none", **allowed)
    assert none.returncode == 1
    assert "open the picture itself and copy its address" in " ".join(none.stderr.split())


def test_search_gives_what_the_contract_says(library: Command, tmp_path: Path) -> None:
    query = tmp_path / "query.jpg"
    query.write_bytes(jpeg(photograph("astronaut.png")[100:400, 100:400]))
    (answer,) = library.json("search", "--json", "--limit", "3", query)
    assert set(answer) == {"query", "matches", "timings_ms", "calibrated", "page", "warnings", "regions"}
    assert answer["warnings"] == []
    assert answer["timings_ms"]["total"] > 0
    assert len(answer["matches"]) == 3
    match = answer["matches"][0]
    assert set(match) == {
        "id", "name", "title", "source_missing_since", "lane", "score", "p_same", "weak", "grade", "evidence",
    }  # fmt: skip
    assert (match["name"], match["lane"], match["weak"]) == ("astronaut.png", "same", False)
    assert match["evidence"]["edits"] == ["cropped"]
    assert match["evidence"]["keypoints"] > 20
    assert 0 < match["evidence"]["ssim"] <= 1


@pytest.mark.parametrize("limit", ["0", "10000", "-3"])
def test_limit_out_of_range_is_wrong_use(library: Command, limit: str) -> None:
    done = library("search", "--limit", limit, SHIPPED / "coffee.png")
    assert done.returncode == 2
    assert "between 1 and 50" in done.stderr
    assert "invalid_limit" in done.stderr


def test_part_of_a_query_is_looked_for_among_pictures_with_a_tag(library: Command, data_dir: Path) -> None:
    library("add", "--tag", "dawn", SHIPPED / "page.png")
    region = ["--region", "0.1,0.1,0.8,0.8"]
    (answer,) = library.json("search", "--json", *region, SHIPPED / "coffee.png")
    best = answer["matches"][0]
    assert (best["name"], best["lane"], best["evidence"]["exact"]) == ("coffee.png", "same", False)
    assert answer["regions"] == []
    (answer,) = library.json("search", "--json", "--weak", "--tag", "dawn", *region, SHIPPED / "coffee.png")
    assert {match["name"] for match in answer["matches"]} == {"page.png"}
    assert "no picture has these tags" in library("search", "--tag", "dusk", SHIPPED / "coffee.png").stdout
    done = library("search", "--region", "0,0,2,2", SHIPPED / "coffee.png")
    assert (done.returncode, "invalid_region" in done.stderr) == (2, True)


@pytest.mark.parametrize("arguments", [["search"], ["add"], ["remove", "x"], ["nonsense"], ["why", "a.jpg", "1"]])
def test_wrong_use_is_two(pictrace: Command, arguments: list[str]) -> None:
    done = pictrace(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("setting", "value"), [("NETWORK", "foo"), ("INDEX", "foo"), ("MAX_BYTES", "many"), ("DATABASE_URL", "foo")]
)
def test_wrong_setting_is_two_whichever_it_is(pictrace: Command, setting: str, value: str) -> None:
    done = pictrace("status", **{f"PICTRACE_{setting}": value})
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["search", "add"])
def test_only_http_and_https_are_fetched_which_is_said(pictrace: Command, command: str) -> None:
    assert pictrace("admin-key", "--new").returncode == 0
    done = pictrace(command, "ftp://127.0.0.1/x.jpg")
    assert done.returncode == 1
    said = "rejected  ftp://127.0.0.1/x.jpg: Only http and https URLs are fetched. (url_refused)"
    assert done.stderr.splitlines()[0] == said


def test_remove_undo_and_status(library: Command) -> None:
    assert library("remove", "1", "2").returncode == 0
    (status,) = library.json("status", "--json")
    assert (status["images"], status["removed"]) == (2, 2)
    done = library("undo")
    assert re.search(r"Took back the remove of 20\d\d-.*: 2 pictures", done.stderr)
    assert library("undo").returncode == 0
    (status,) = library.json("status", "--json")
    assert status["images"] == 0
    done = library("undo")
    assert (done.returncode, "nothing_to_undo" in done.stderr) == (2, True)
    done = library("remove", "77")
    assert (done.returncode, "unknown_image" in done.stderr) == (2, True)


def test_status_says_what_there_is(library: Command, data_dir: Path) -> None:
    text = library("status").stdout
    assert str(data_dir) in text
    for words in (
        "4 embedding, 4 phash, 4 orb",
        "pictrace-1/1",
        "calibrated",
        "MB",
        "exact, 4 embeddings, level",
    ):
        assert words in text


def test_admin_key_is_shown_once_and_stored_as_a_hash(library: Command, data_dir: Path) -> None:
    key = library("admin-key", "--new").stdout.strip()
    assert len(key) >= 40
    assert key.encode() not in (data_dir / "pictrace.db").read_bytes()
    assert library("admin-key").returncode == 2


def test_why_writes_a_picture(library: Command, tmp_path: Path) -> None:
    target = tmp_path / "why.jpg"
    assert library("why", SHIPPED / "coffee.png", "2", "--out", target).returncode == 0
    assert width_of(target) > 800
    done = library("why", SHIPPED / "coffee.png", "2", "--out", tmp_path / "no" / "folder" / "why.jpg")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr


def test_table_for_people(library: Command) -> None:
    done = library("search", SHIPPED / "rocket.jpg", SHIPPED / "page.png")
    assert "rocket.jpg" in done.stdout
    assert "the same file" in done.stdout
    assert "nothing like it is in this library" in done.stdout


def test_other_version_is_told_from_the_same_picture(library: Command, tmp_path: Path) -> None:
    stored, query = tmp_path / "menu.jpg", tmp_path / "query.jpg"
    stored.write_bytes(jpeg(menu(0, 1)))
    query.write_bytes(jpeg(menu(0, 2), 80))
    assert library("add", stored).returncode == 0
    (answer,) = library.json("search", "--json", query)
    match = answer["matches"][0]
    assert (match["name"], match["lane"], match["grade"]) == ("menu.jpg", "variant", "variant")
    assert match["evidence"]["edits"] == []
    assert set(match["evidence"]["differs"][0]) == {"x", "y", "width", "height"}
    table = " ".join(library("search", query).stdout.split())
    assert "variant" in table
    assert "another version" in table
    assert "differ" in table
    assert library("why", query, str(match["id"]), "--out", tmp_path / "why.jpg").returncode == 0


@pytest.mark.parametrize("arguments", [("search", SHIPPED / "rocket.jpg"), ("status",), ("remove", 1), ("check",)])
def test_where_no_library_is_none_is_begun_to_look_into(
    pictrace: Command, data_dir: Path, arguments: tuple[object, ...]
) -> None:
    """The folder may be mistyped."""
    done = pictrace(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"There is no library in {data_dir}: `pictrace add` begins one" in done.stderr
    assert not data_dir.exists()


def test_empty_library_is_said(pictrace: Command) -> None:
    assert pictrace("admin-key", "--new").returncode == 0
    assert "the library is empty" in pictrace("search", SHIPPED / "rocket.jpg").stdout


def test_version_is_shown(pictrace: Command) -> None:
    assert re.fullmatch(r"pictrace \d+\.\d+\.\d+\n", pictrace("--version").stdout)


def test_folder_and_zip_are_added(pictrace: Command, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    shutil.copy(SHIPPED / "rocket.jpg", tmp_path / "deep")
    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.write(SHIPPED / "coffee.png", "a/coffee.png")
        archive.write(SHIPPED / "coffee.png", "../outside.png")
    lines = pictrace.json("add", "--json", tmp_path)
    assert [(line["name"], line["status"], line["code"]) for line in lines] == [
        ("library", "passed_over", None),  # PicTrace's own
        ("outside.png", "added", None),
        ("coffee.png", "duplicate", None),
        ("rocket.jpg", "added", None),
    ]


def test_what_has_the_same_name_is_told_apart_by_where_it_came_from(pictrace: Command, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / "t" / folder).mkdir(parents=True)
        (tmp_path / "t" / folder / "IMG_0001.jpg").write_bytes(b"junk")
    with zipfile.ZipFile(tmp_path / "t" / "trip.zip", "w") as archive:
        archive.writestr("a/IMG_0001.jpg", b"junk")
        archive.writestr("b/notes.txt", b"-")
        archive.write(SHIPPED / "coffee.png", "b/IMG_0002.png")
        archive.write(SHIPPED / "coffee.png", "c/IMG_0002.png")
    (tmp_path / "t" / "drawing.psd").write_bytes(b"-")
    inside = tmp_path / "t"
    url = "http://127.0.0.1:1/album/IMG_0001.jpg"
    expected = {
        f"{inside}/drawing.psd": "passed_over",
        f"{inside}/trip.zip: a/IMG_0001.jpg": "rejected",
        f"{inside}/trip.zip: b/IMG_0002.png": "added",
        f"{inside}/trip.zip: b/notes.txt": "passed_over",
        f"{inside}/trip.zip: c/IMG_0002.png": "duplicate",
        f"{inside}/a/IMG_0001.jpg": "rejected",
        f"{inside}/b/IMG_0001.jpg": "rejected",
        url: "rejected",
        f"{inside}/gone.jpg": "rejected",
    }
    given = (inside, url, inside / "gone.jpg")
    lines = [json.loads(line) for line in pictrace("add", "--json", *given).stdout.splitlines()]
    assert {line["source"]: line["status"] for line in lines} == expected
    said = pictrace("add", "-v", *given).stderr.splitlines()
    for source, status in expected.items():
        word = {"passed_over": "passed over"}.get(status, status) if status != "added" else "duplicate"
        assert any(line.startswith(f"{word:<9} {source}") for line in said), source
    rejected = pictrace("search", f"{inside}/a/IMG_0001.jpg", f"{inside}/b/IMG_0001.jpg").stderr.splitlines()
    assert [line.split(": ")[0] for line in rejected] == [f"rejected  {inside}/{one}/IMG_0001.jpg" for one in "ab"]


def test_what_is_passed_over_is_counted_and_named(pictrace: Command, tmp_path: Path) -> None:
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    for name in ("a.mp4", "b.mov", "notes.txt", ".hidden"):
        (nothing / name).write_bytes(b"-")
    done = pictrace("add", nothing)
    assert done.returncode == 0
    said = "Nothing to add: 2 videos, 1 other file, 1 hidden file or folder were passed over.\n"
    assert done.stderr == said
    assert f"passed over {nothing}/notes.txt (not_a_picture)" in pictrace("add", "-v", nothing).stderr
    lines = pictrace("add", "--json", nothing)
    assert lines.stderr == said
    found = [json.loads(line) for line in lines.stdout.splitlines()]
    assert [(line["name"], line["status"], line["reason"]) for line in found] == [
        (".hidden", "passed_over", "hidden"),
        ("a.mp4", "passed_over", "video"),
        ("b.mov", "passed_over", "video"),
        ("notes.txt", "passed_over", "not_a_picture"),
    ]
    shutil.copy(SHIPPED / "rocket.jpg", nothing / "without a suffix")
    done = pictrace("add", nothing)
    assert (done.returncode, done.stderr.startswith("1 added; passed over: 2 videos")) == (0, True)
    (nothing / "drawing.psd").write_bytes(b"-")
    done = pictrace("add", nothing)
    assert done.returncode == 1
    assert f"passed over {nothing}/drawing.psd (unsupported_picture)" in done.stderr
    assert "1 picture of a format that cannot be read" in done.stderr


def test_files_that_seem_unchanged_are_read_again_by_force(pictrace: Command, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    shutil.copy(SHIPPED / "rocket.jpg", path)
    before = path.stat()
    assert pictrace("add", path).stderr == "1 added.\n"
    content = bytearray(path.read_bytes())
    content[-1000] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert pictrace("add", path).stderr == "1 unchanged.\n"
    (line,) = pictrace.json("add", "--json", "--force", path)
    assert (line["status"], line["warnings"]) == ("added", [])


def test_names_and_titles_do_not_steer_the_terminal(pictrace: Command, tmp_path: Path) -> None:
    odd = tmp_path / "\x1b]0;title\x07\n\u202egpj.jpg"
    shutil.copy(SHIPPED / "rocket.jpg", odd)
    done = pictrace("add", "--title", "\x1b[31mred", odd, odd.with_name("\x1b[2Jgone.jpg"))
    done_search = pictrace("search", odd)
    for text in (done.stderr, done.stdout, done_search.stdout, done_search.stderr):
        assert "\x1b" not in text
        assert "\u202e" not in text
    (line,) = pictrace.json("add", "--json", odd)
    assert line["name"] == "\ufffd]0;title\ufffd\ufffd\ufffdgpj.jpg"


def test_unreadable_folder_is_said(pictrace: Command, tmp_path: Path) -> None:
    """As a user who may not read it; root may read everything."""
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    as_user = [] if os.getuid() else ["setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=-all"]
    script = f"""
import sys
import time
from pathlib import Path
from engine.settings import EngineSettings
from engine.pictures.sources import expand
print([one.error.code for one in expand(Path({str(closed)!r}), EngineSettings(_env_file=None))])
"""
    for parent in [tmp_path, *tmp_path.parents]:
        if parent.stat().st_uid == os.getuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o711)
    done = subprocess.run(
        [*as_user, sys.executable, "-c", script], capture_output=True, text=True, env=pictrace.env, cwd="/"
    )
    if done.returncode != 0 and as_user:
        pytest.skip(f"another user cannot run this Python here: {done.stderr.strip()[-200:]}")
    assert done.stdout.strip() == "['unreadable_file']"


def test_networks_are_listed(pictrace: Command) -> None:
    rows = {row["name"]: row for row in pictrace.json("networks", "list", "--json")}
    assert set(rows) == {"pictrace-1", "efficientnet-lite2", "efficientnet-lite0", "resnet50"}
    assert rows["efficientnet-lite2"]["prepared"]
    assert rows["pictrace-1"]["prepared"]
    assert rows["pictrace-1"]["heads"] == {"copy": 256, "looks": 128}
    assert rows["resnet50"]["heads"] == {"copy": 2048}
    assert rows["resnet50"]["dimensions"] == 2048


def test_mistyped_setting_is_told_and_ignored(pictrace: Command) -> None:
    done = pictrace("networks", "list", PICTRACE_WORKER="many")
    assert done.returncode == 0
    assert "PICTRACE_WORKER is no setting of PicTrace, and is ignored. Is PICTRACE_WORKERS meant?" in done.stderr


def test_wrong_setting_names_its_variable(pictrace: Command) -> None:
    for name, value in (("PICTRACE_WORKERS", "many"), ("PICTRACE_INDEX", "magic"), ("PICTRACE_MAX_BYTES", "-1")):
        done = pictrace("status", **{name: value})
        assert done.returncode == 2
        assert name in done.stderr
    for name, value in (
        ("PICTRACE_UNDO_DAYS", "9" * 9),
        ("PICTRACE_DATABASE_URL", "x"),
        ("PICTRACE_DATA_DIR", "~nobody!/x"),
    ):
        done = pictrace("status", **{name: value})
        assert (done.returncode, name in done.stderr) == (2, True)
    done = pictrace("networks", "list", PICTRACE_WEIGHTS="/nowhere.h5")
    assert (done.returncode, "weights_unavailable" in done.stderr) == (1, True)  # what it names may come
    done = pictrace("add", SHIPPED / "rocket.jpg", PICTRACE_NETWORK="vgg16")
    assert (done.returncode, "unknown_network" in done.stderr) == (2, True)


def test_library_of_another_network_is_said(library: Command) -> None:
    done = library("status", PICTRACE_NETWORK="efficientnet-lite0")
    assert done.returncode == 1
    assert "pictrace networks use efficientnet-lite0" in done.stderr


def test_help_has_examples(pictrace: Command) -> None:
    assert re.search(r"pictrace add\s+holiday/", pictrace("add", "--help").stdout)
    assert "pictrace search screenshot.png" in pictrace("search", "--help").stdout
    text = pictrace("--help").stdout
    changing = ("add", "remove", "undo", "trash", "history", "admin-key")
    for name in (*changing, "search", "why", "status", "check", "networks", "demo"):
        assert re.search(rf"^│\s+{name}\s", text, re.MULTILINE), name


def test_shell_completion_is_offered(pictrace: Command) -> None:
    done = pictrace("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "--install-completion" in pictrace("--help").stdout
    assert done.returncode == 0
    assert "_PICTRACE_COMPLETE" in done.stdout


def test_demo_shows_what_it_does(pictrace: Command, tmp_path: Path) -> None:
    done = pictrace("demo", "--out", tmp_path / "demo")
    assert done.returncode == 0, done.stderr
    assert "4 of 4 edited pictures came first" in done.stdout
    for words in ("cropped", "mirrored", "inside a larger picture", "turned", "nothing like it is in this library"):
        assert words in done.stdout
    assert width_of(tmp_path / "demo" / "why.jpg") > 800
    assert str(tmp_path / "demo" / "why.jpg") in done.stdout


def test_progress_is_shown_on_a_terminal_only(pictrace: Command, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(60):
        copy = augment.apply("crop", photograph("rocket.jpg"), photograph("rocket.jpg"), seed=number)
        (folder / f"{number}.jpg").write_bytes(imaging.encode_jpeg(copy, quality=80))
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", pictrace.on_terminal("add", folder, TERM="xterm-256color"))
    assert re.search(r"adding .*\d+/60 .*\d+/s .*\d:\d\d:\d\d", shown)
    plain = pictrace("add", folder)
    assert "/60" not in plain.stderr + plain.stdout
    assert plain.stderr == "60 unchanged.\n"


def test_closed_pipe_is_no_traceback(library: Command) -> None:
    command = " ".join([*library.argv, "search", "--json", *[str(SHIPPED / "coffee.png")] * 5, "| head -c 10"])
    done = subprocess.run(["bash", "-c", command], env=library.env, capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_output_of_another_encoding_has_escapes(library: Command, encoding: str, tmp_path: Path) -> None:
    query = tmp_path / "ショップ….png"
    shutil.copy(SHIPPED / "coffee.png", query)
    env = library.env | {"PYTHONIOENCODING": encoding, "COLUMNS": "60"}
    for arguments, said in ((["search", str(query)], "…"), (["networks", "list"], "pictrace-1")):
        done = subprocess.run([*library.argv, *arguments], env=env, cwd=library.home, capture_output=True, timeout=60)
        assert (done.returncode, b"Traceback" in done.stderr) == (0, False), done.stderr
        assert said.encode(encoding, "backslashreplace") in done.stdout


def test_closed_streams_are_no_traceback(library: Command) -> None:
    for closed in ("<&- >&-", "<&- >&- 2>&-"):
        script = f'exec "{sys.executable}" -m shell status {closed}'
        done = subprocess.run(["sh", "-c", script], env=library.env, cwd=library.home, capture_output=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, b"")


def test_full_output_is_said(library: Command) -> None:
    for arguments in ("status --json", "search --json " + str(SHIPPED / "coffee.png"), "status"):
        command = " ".join([*library.argv, arguments, "> /dev/full"])
        done = subprocess.run(["bash", "-c", command], env=library.env, capture_output=True, text=True, timeout=120)
        assert done.returncode == 1
        assert "cannot be written" in done.stderr
        assert "Traceback" not in done.stderr


def test_brackets_and_backslashes_in_names_are_shown_as_they_are(pictrace: Command, tmp_path: Path) -> None:
    odd = tmp_path / "[red]x[bold]\\.jpg"
    shutil.copy(SHIPPED / "rocket.jpg", odd)
    assert pictrace("add", "--title", "a\\[/red]b\udcff", odd).returncode == 0
    done = pictrace("search", odd)
    assert done.returncode == 0, done.stderr
    assert "a\\[/red]b" in done.stdout
    assert "[red]x[bold]" in done.stdout


def test_data_folder_may_have_any_name(pictrace: Command, tmp_path: Path) -> None:
    odd = tmp_path / "a?b#c%20d [x]"
    env = {"PICTRACE_DATA_DIR": str(odd)}
    assert pictrace("add", SHIPPED / "rocket.jpg", **env).returncode == 0
    assert (odd / "pictrace.db").is_file()
    assert pictrace("status", **env).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == [odd.name]


@pytest.mark.parametrize("image_id", ["0", "9223372036854775808", "99999999999999999999"])
def test_impossible_ids_are_unknown(library: Command, image_id: str, tmp_path: Path) -> None:
    for arguments in (["remove", image_id], ["why", SHIPPED / "rocket.jpg", image_id, "--out", tmp_path / "w.jpg"]):
        done = library(*arguments)
        assert done.returncode == 2
        assert "unknown_image" in done.stderr


def test_pipe_as_a_query_is_refused_without_waiting(library: Command, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (answer,) = library.json("search", "--json", tmp_path / "pipe.jpg")
    assert answer["code"] == "unreadable_file"


def test_command_is_installed() -> None:
    assert shutil.which("pictrace", path=str(Path(sys.executable).parent))
    assert (files("engine") / "data" / "calibration.json").is_file()


def test_near_duplicates_are_named_listed_decided_on_and_taken_back(pictrace: Command, tmp_path: Path) -> None:
    best, lesser, turned = (tmp_path / f"{name}.jpg" for name in ("best", "lesser", "turned"))
    pixels = photograph("coffee.png")
    best.write_bytes(jpeg(pixels, 95))
    lesser.write_bytes(jpeg(pixels[::2, ::2], 60))
    turned.write_bytes(jpeg(np.rot90(pixels), 40))
    lines = pictrace.json("add", "--json", best, SHIPPED / "rocket.jpg", lesser)
    assert [line["near"] for line in lines] == [[3], [], [1]]
    done = pictrace("add", turned, SHIPPED / "coffee.png")
    assert "2 added" in done.stderr
    assert "2 are near-duplicates of pictures in the library: `pictrace duplicates` lists them." in done.stderr
    (group,) = pictrace.json("duplicates", "--json")
    assert [image["id"] for image in group["images"]] == [5, 1, 4, 3]
    assert set(group["images"][0]) == {
        "id", "name", "title", "width", "height", "bytes", "source_missing_since", "p_same",
    }  # fmt: skip
    assert all(0.9 < image["p_same"] <= 1 for image in group["images"])
    table = pictrace("duplicates").stdout
    assert re.search(r"1 group of near-duplicates, 4 pictures", table)
    assert re.search(r"1 .* 5 .*coffee.png .*600 x 400 .*best", table)
    done = pictrace("duplicates", "--keep-best", "3")
    assert (done.returncode, "Kept 5, removed 3 pictures" in done.stderr) == (0, True)
    assert "No near-duplicates" in pictrace("duplicates").stdout
    assert "Took back the remove" in pictrace("undo").stderr
    assert len(pictrace.json("duplicates", "--json")[0]["images"]) == 4
    assert "Remembered: these are different" in pictrace("duplicates", "--different", 1, 3, 4, 5).stderr
    assert "Remembered already" in pictrace("duplicates", "--different", 1, 3).stderr
    assert pictrace.json("duplicates", "--json") == []
    assert re.search(r"Took back the decision of 20\d\d-.*: 4 pictures", pictrace("undo").stderr)
    assert len(pictrace.json("duplicates", "--json", "--thorough")) == 1
    done = pictrace("duplicates", "--keeper", "1")
    assert (done.returncode, "Kept 1, removed 3 pictures" in done.stderr) == (0, True)
    pictrace("undo")


def test_parts_and_variants_are_listed_by_themselves(pictrace: Command, tmp_path: Path) -> None:
    crop, first, second = (tmp_path / f"{name}.jpg" for name in ("crop", "first", "second"))
    crop.write_bytes(jpeg(photograph("coffee.png")[40:360, 60:540]))
    first.write_bytes(jpeg(menu(1, 1)))
    second.write_bytes(jpeg(menu(1, 2)))
    lines = pictrace.json("add", "--json", SHIPPED / "coffee.png", crop, first, second)
    assert [line["near"] for line in lines] == [[], [], [], []]
    assert pictrace.json("duplicates", "--json") == []
    (pair,) = pictrace.json("duplicates", "--json", "--contains")
    assert (pair["part"]["id"], pair["whole"]["id"]) == (2, 1)
    (group,) = pictrace.json("duplicates", "--json", "--variants")
    assert sorted(image["id"] for image in group["images"]) == [3, 4]
    done = pictrace("duplicates")
    assert "No near-duplicates" in done.stdout
    assert "1 picture contained in others" in done.stdout
    assert "1 group of similar pictures, to look through: `pictrace duplicates --variants`." in done.stderr
    assert "1 group of similar pictures, to look through, 2 pictures" in pictrace("duplicates", "--variants").stdout
    assert pictrace("duplicates", "--keep-best", "2").returncode == 2
    pictrace("duplicates", "--different", 3, 4)
    assert "No pictures in this library share" in pictrace("duplicates", "--variants").stdout


def test_what_was_removed_before_is_said_when_it_comes_again(library: Command) -> None:
    library("remove", "1")
    (again,) = library.json("add", "--json", SHIPPED / "astronaut.png")
    assert (again["status"], again["id"], again["removed_before"]["id"]) == ("restored", 1, 1)
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", again["removed_before"]["at"])
    library("remove", "1")
    said = library("add", SHIPPED / "astronaut.png").stderr
    assert re.search(r"restored .*astronaut.png: was removed on 20\d\d-", said)


def test_files_of_a_library_are_copied_elsewhere(library: Command, data_dir: Path, tmp_path: Path) -> None:
    pictures = library.json("status", "--json")[0]["images"]
    original = next(path for path in (data_dir / "originals").rglob("*.*"))
    original.write_bytes(b"no longer what it was")
    done = library("migrate", "--json", "--files-to", tmp_path / "there")
    report = json.loads(done.stdout)
    assert done.returncode == 1
    assert (report["copied"], report["damaged"]) == (2 * pictures - 1, [str(original.relative_to(data_dir))])
    wrong = library("migrate")
    assert (wrong.returncode, "--files-to" in wrong.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--keep-best", "2"], "not_duplicates"),
        (["--keep-best", "77"], "unknown_image"),
        (["--different", "1"], "invalid_limit"),
        (["--different", "1", "77"], "unknown_image"),
        (["--different"], "takes the ids"),
        (["1", "2"], "takes the ids"),
        (["--different", "1", "2", "--keep-best", "1"], "together"),
        (["--keep-best", "1", "--keeper", "1"], "together"),
        (["--keeper", "2"], "not_duplicates"),
        (["--variants", "--contains"], "together"),
        (["--variants", "--keep-best", "1"], "together"),
    ],
)
def test_wrong_use_of_duplicates_changes_nothing(library: Command, arguments: list[str], said: str) -> None:
    done = library("duplicates", *arguments)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
    assert "Took back the add " in library("undo").stderr


def test_bucket_that_cannot_be_used_is_one_sentence(pictrace: Command, tmp_path: Path) -> None:
    wrong = pictrace("status", PICTRACE_FILES_URL="ftp://bucket")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "PICTRACE_FILES_URL" in wrong.stderr
    assert "(invalid_setting)" in wrong.stderr
    keys = {"AWS_ACCESS_KEY_ID": "key-of-the-tests", "AWS_SECRET_ACCESS_KEY": "secret-of-the-tests"}
    where = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ALLOW_HTTP": "true"}
    down = pictrace("add", SHIPPED / "rocket.jpg", PICTRACE_FILES_URL="s3://bucket", **keys, **where)
    assert (down.returncode, down.stdout) == (1, "")
    assert "s3://bucket cannot be reached: it does not answer. (files_unreachable)" in " ".join(down.stderr.split())
    assert "of-the-tests" not in down.stderr


def test_check_says_in_sentences_what_it_found(library: Command, data_dir: Path) -> None:
    thumbnails = sorted(data_dir.glob("thumbnails/*/*.jpg"))
    thumbnails[0].unlink()
    done = library("check")
    assert done.returncode == 1
    assert done.stdout == "1 thumbnail is missing or damaged.\n`pictrace check --repair` mends this.\n"
    thumbnails[1].unlink()
    assert library("check").stdout.startswith("2 thumbnails are missing or damaged.\n")
    (report,) = library.json("check", "--json")
    assert report["missing_thumbnails"] == 2
    assert [one["code"] for one in report["findings"]] == ["missing_thumbnail"] * 2
    done = library("check", "--repair")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Mended.")
    assert library("check", "--deep").stdout == "The library is sound.\n"


def test_check_takes_nothing_out_where_the_originals_are_not_there(library: Command, data_dir: Path) -> None:
    (data_dir / "originals").rename(data_dir / "elsewhere")
    done = library("check", "--repair")
    assert done.returncode == 1
    said = " ".join(done.stderr.split())
    assert "The originals of 4 pictures are missing or altered, of 4 in the library: probably a disk" in said
    assert said.endswith("(too_many_missing)")
    done = library("check", "--repair", "--allow-missing", "4")
    assert done.returncode == 0
    assert (
        "4 pictures without their originals were taken out of the library; `pictrace undo` brings back" in done.stdout
    )
    assert "Took back the repair of " in library("undo").stderr
    assert "4 originals are missing." in library("check").stdout
    (data_dir / "elsewhere").rename(data_dir / "originals")
    assert library("check", "--deep").returncode == 0
    assert library("check", "--allow-missing", "4").returncode == 2


def test_looking_purges_nothing_and_changing_does(library: Command, data_dir: Path) -> None:
    assert library("remove", "1").returncode == 0
    now = {"PICTRACE_UNDO_DAYS": "0"}
    for look in (
        ["status"],
        ["search", SHIPPED / "coffee.png"],
        ["why", SHIPPED / "coffee.png", "2", "--out", data_dir.parent / "why.jpg"],
        ["duplicates"],
    ):
        assert library(*look, **now).returncode == 0
        assert library.json("status", "--json")[0]["removed"] == 1, look
    library("add", SHIPPED / "coffee.png", **now)
    assert library.json("status", "--json")[0]["removed"] == 0


def test_deep_check_that_is_interrupted_goes_on(library: Command) -> None:
    process = library.start("check", "--deep")
    while process.poll() is None:  # until it listens to signals
        caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text())
        if caught and int(caught[1], 16) >> (signal.SIGTERM - 1) & 1:
            process.send_signal(signal.SIGINT)
            break
        time.sleep(0.01)
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 130
    assert stderr.endswith("Stopped before the end: `pictrace check --deep` goes on where it stopped.\n")
    done = library("check", "--deep")
    assert (done.returncode, done.stdout) == (0, "The library is sound.\n")


@pytest.mark.parametrize("door", ["shell", "api", "bot"])
def test_ctrl_c_while_modules_are_read_ends_it_quietly(door: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", door, "--help"], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    assert process.stderr
    for line in process.stderr:
        if line.split()[-1] == b"numpy":  # one of the first
            process.send_signal(signal.SIGINT)
            break
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    assert b"Traceback" not in stderr


def test_backup_that_is_interrupted_says_how_to_go_on(library: Command, tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import asyncio, os, signal
        from engine import backups
        from shell import cli

        async def interrupted(*_, **__):
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(60)

        backups.copy_files = interrupted
        cli.main()
        """
    )
    file = tmp_path / "backup.tar"
    stopped = subprocess.run(
        [sys.executable, "-c", script, "backup", file], env=library.env, capture_output=True, text=True, timeout=60
    )
    assert (stopped.returncode, stopped.stderr) == (130, "Stopped. The same command goes on where it stopped.\n")
    assert not file.exists()
    assert library("backup", file).returncode == 0


def test_library_on_a_disk_that_can_only_be_read_is_searched(library: Command, data_dir: Path, tmp_path: Path) -> None:
    library("duplicates")
    mount = subprocess.run(["mount", "--bind", data_dir, data_dir], capture_output=True, text=True, check=False)
    if mount.returncode:
        pytest.skip(f"nobody may mount here: {mount.stderr.strip()}")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", data_dir], check=True)
        done = library("search", SHIPPED / "coffee.png")
        assert (done.returncode, "the same file" in done.stdout) == (0, True)
        assert done.stderr.count("cannot be written") == 1
        for look in (["why", SHIPPED / "coffee.png", "2", "--out", tmp_path / "why.jpg"], ["status"], ["duplicates"]):
            assert library(*look).returncode == 0
        assert library("backup", tmp_path / "backup.tar").returncode == 0
        for change in (["add", SHIPPED / "camera.png"], ["remove", "1"], ["undo"], ["check", "--repair"]):
            done = library(*change)
            assert (done.returncode, "(data_dir_not_writable)" in " ".join(done.stderr.split())) == (1, True), change
    finally:
        subprocess.run(["umount", data_dir], check=True)


def test_trash_is_listed_and_brought_back_and_history_undone(library: Command) -> None:
    assert "The trash is empty" in library("trash").stdout
    library("remove", 1, 2)
    library("remove", 3)
    shown = library("trash").stdout
    assert "3 pictures in the trash" in shown
    assert [shown.index(name) for name in ("chelsea.png", "coffee.png", "astronaut.png")] == sorted(
        shown.index(name) for name in ADDED[:3]
    )
    first, *rest = library.json("trash", "--json")
    assert (first["id"], first["name"], first["removed_by"], len(rest)) == (3, "chelsea.png", "shell", 2)
    assert first["removed_at"] < first["kept_until"]
    assert len(library.json("trash", "--json", "--limit", 1)) == 1
    assert "Brought back 1 picture." in library("trash", "--restore", 3, 99).stderr
    assert "Brought back 2 pictures." in library("trash", "--restore", "--all").stderr
    nothing = library("trash", "--restore", "--all")
    assert (nothing.returncode, "unknown_image" in nothing.stderr) == (2, True)
    for wrong in (["1"], ["--all"], ["--restore"], ["--restore", "--all", "1"]):
        assert library("trash", *wrong).returncode == 2, wrong
    past = library.json("history", "--json")
    assert [(one["kind"], one["pictures"]) for one in past[:4]] == [
        ("restore", 2),
        ("restore", 1),
        ("remove", 1),
        ("remove", 2),
    ]
    assert (past[0]["can_undo"], past[2]["can_undo"]) == (True, False)
    assert "Took back the restore" in library("undo", past[1]["id"]).stderr
    shown = library("history", "--limit", 2).stdout
    assert f"undo of {past[1]['id']}" in shown
    assert "can be undone" in shown
    assert [one["id"] for one in library.json("trash", "--json")] == [3]
    assert library("undo", 999).returncode == 2
