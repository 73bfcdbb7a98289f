"""Additions of many pictures: an operation begun beforehand, and archives."""

import asyncio
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from engine.errors import DiskFull
from engine.pictures import archives
from engine.storage.additions import Additions
from tests.api.conftest import SEARCH, Answer, Client, Serve, form
from tests.conftest import jpeg, photograph


def piece(number: int) -> bytes:
    """A picture that no other is like."""
    y, x = divmod(number, 5)
    return jpeg(np.ascontiguousarray(photograph("rocket.jpg")[40 * y : 40 * y + 120, 60 * x : 60 * x + 160]))


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


async def send(api: Client, content: bytes, *, name: str = "trip.zip", **said: Any) -> Answer:
    return await api("POST", "/v1/archives", data=form(content, name, **said))


def lines(answer: Answer) -> list[dict[str, Any]]:
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/x-ndjson"), answer.body
    return [json.loads(line) for line in answer.body.splitlines()]


async def eventually(is_so: Callable[[], bool]) -> None:
    for _ in range(1200):
        if is_so():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("It has not come to this.")


async def total(api: Client) -> int:
    return int((await api.get("/v1/server")).json["pictures"])


@pytest.mark.databases("sqlite", "postgresql")
async def test_archive_is_added_in_one_operation_with_its_tags(serve: Serve) -> None:
    async with serve(filled=False) as api:
        operation = (await api("POST", "/v1/operations")).json["operation_id"]
        assert (await api("POST", f"/v1/operations/{operation}/undo")).code == "nothing_to_undo"
        first = await api.add(piece(0), name="alone.jpg", operation_id=operation)
        files = {"a/Thumbs.db": b"x", "b.jpg": piece(1), "c.jpg": piece(0), "d.jpg": b"no picture", "e.txt": b"text"}
        found = {
            one["name"]: one for one in lines(await send(api, zipped(files), tags="sea, sun", operation_id=operation))
        }
        assert {name: one["status"] for name, one in found.items()} == {
            "Thumbs.db": "passed_over",
            "b.jpg": "added",
            "c.jpg": "duplicate",
            "d.jpg": "rejected",
            "e.txt": "passed_over",
        }
        assert (found["Thumbs.db"]["reason"], found["e.txt"]["reason"]) == ("system", "not_a_picture")
        assert found["c.jpg"]["id"] == first.json["id"]
        assert found["d.jpg"]["code"] == "not_an_image"
        assert found["d.jpg"]["message"].endswith(".")
        assert {one["source"] for one in found.values()} == {f"trip.zip: {path}" for path in files}
        assert (found["b.jpg"]["operation_id"], found["c.jpg"]["operation_id"]) == (operation, None)
        added = (await api.get(f"/v1/images/{found['b.jpg']['id']}")).json
        assert (added["name"], added["tags"]) == ("b.jpg", ["sea", "sun"])
        assert (await api("POST", f"/v1/operations/{operation}/undo")).json["images"] == 2
        assert await total(api) == 0


async def test_what_is_wrong_with_the_whole_is_a_problem(serve: Serve, tmp_path: Path) -> None:
    good = zipped({"a.jpg": piece(0)})
    async with serve(filled=False, cache_dir=tmp_path / "cache", max_archive_files=2) as api:
        for content, name, code in (
            (b"no archive", "a.zip", "bad_archive"),
            (good[:-10], "a.zip", "bad_archive"),
            (good, "a.rar", "bad_archive"),
            (good, "a.jpg", "bad_archive"),
            (zipped({f"{n}.jpg": b"" for n in range(3)}), "many.zip", "archive_too_large"),
            (zipped({"inner.zip": good}), "outer.zip", "bad_archive"),
        ):
            answer = await send(api, content, name=name)
            assert answer.code == code, name
        assert (await send(api, good, operation_id=99)).code == "unknown_operation"
        assert (await send(api, good, tags="x" * 61)).code == "invalid_request"
        assert (
            await api("POST", "/v1/archives", json={"url": "https://a.example/a.zip"})
        ).code == "unsupported_media_type"
        assert (await api("POST", "/v1/archives", data=form(good, "a.zip"), key=None)).code == "key_required"
        assert await total(api) == 0
        assert list((tmp_path / "cache").glob("upload-*")) == []


async def test_empty_archive_and_strange_names_are_taken(serve: Serve, tmp_path: Path) -> None:
    async with serve(filled=False, cache_dir=tmp_path / "cache") as api:
        assert lines(await send(api, zipped({}))) == []
        name = "../" + "旅行" * 90 + "?<a>.ZIP"
        (line,) = lines(await send(api, zipped({"a.jpg": piece(0)}), name=name))
        assert line["status"] == "added"
        assert list((tmp_path / "cache").glob("upload-*")) == []


async def test_archive_has_a_limit_of_its_own(serve: Serve) -> None:
    async with serve(filled=False, max_bytes=20_000, max_uploaded_archive_bytes=400_000, search_key=SEARCH) as api:
        limits = (await api.get("/v1/server")).json["limits"]
        assert (limits["max_bytes"], limits["max_archive_bytes"]) == (20_000, 400_000)
        assert limits["archives"] == list(archives.readable_suffixes())
        files = {f"{number}.jpg": piece(number) for number in range(10)} | {"noise.txt": b"x" * 150_000}
        assert 150_000 < len(zipped(files)) < 400_000
        assert [one["status"] for one in lines(await send(api, zipped(files)))].count("added") == 10
        assert (await send(api, b"x" * 700_000)).code == "archive_too_large"
        assert (await api.add(b"x" * 200_000)).code == "file_too_large"


async def test_client_that_goes_away_ends_the_addition_and_what_was_added_stays(serve: Serve, tmp_path: Path) -> None:
    async with serve(filled=False, cache_dir=tmp_path / "cache") as api:
        operation = (await api("POST", "/v1/operations")).json["operation_id"]
        files = {f"{number:03}.png": piece(number % 25) + bytes([number // 25]) for number in range(300)}
        data = form(zipped(files), "a.zip", operation_id=operation)
        headers = {"Authorization": "Bearer admin-key-for-tests-0"}
        async with api.session.post(f"{api.url}/v1/archives", data=data, headers=headers) as response:
            assert json.loads(await response.content.readline())["status"] == "added"
        await eventually(lambda: not list((tmp_path / "cache").glob("upload-*")))
        added = await total(api)
        assert 0 < added < 300
        assert (await api("POST", f"/v1/operations/{operation}/undo")).json["images"] == added


async def test_addition_that_breaks_off_says_so_in_its_last_line(serve: Serve) -> None:
    stored, portions = Additions.add, 0

    async def full(*how: Any) -> Any:
        nonlocal portions
        portions += 1
        if portions > 1:
            raise DiskFull("The disk is full.")
        return await stored(*how)

    async with serve(filled=False) as api:
        files = {f"{number:03}.jpg": piece(number % 25) + bytes([number // 25]) for number in range(40)}
        with patch.object(Additions, "add", full):
            *added, last = lines(await send(api, zipped(files)))
        assert {one["status"] for one in added} == {"added"}
        assert (len(added), last["name"], last["status"], last["code"]) == (32, "", "rejected", "disk_full")


async def test_archive_is_told_when_to_come_again_before_it_is_read(serve: Serve) -> None:
    async with serve(filled=False, max_running=1, max_waiting=0) as api:
        tasks = [asyncio.create_task(send(api, zipped({f"{n}.jpg": piece(n) for n in range(20)}))) for _ in range(4)]
        codes = [answer.status for answer in await asyncio.gather(*tasks)]
        assert 200 in codes
        assert set(codes) <= {200, 503}


def test_endings_that_need_a_missing_package_are_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "find_spec", lambda package: None)
    assert ".zip" in archives.readable_suffixes()
    assert not {".7z", ".tar.zst", ".tzst"} & set(archives.readable_suffixes())
