"""The library over HTTP: list, look, add, edit, remove, undo."""

import asyncio
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image as PillowImage

from engine import EngineSettings, SearchService, WatchPlan, open_service
from engine.pictures import imaging
from engine.pictures.stripping import strip
from tests.api.conftest import ADMIN, SEARCH, Client, Serve, form, shipped
from tests.conftest import PHOTOGRAPHS, cut_short, jpeg, photograph
from tests.engine.pictures.test_taking import DATE, WRITTEN, dated, exif
from tests.object_store import Bucket

NEW = jpeg(np.ascontiguousarray(photograph("rocket.jpg")[:200, :300]))


def in_place(request: pytest.FixtureRequest, place: str) -> dict[str, Any]:
    """Settings of a library with its files there."""
    if place == "folder":
        return {}
    settings: EngineSettings = request.getfixturevalue("in_bucket")
    return {"files_url": settings.files_url, "cache_dir": settings.cache_dir}


@pytest.mark.databases("sqlite", "postgresql")
async def test_picture_is_added_named_when_there_and_restored(api: Client) -> None:
    added = await api.add(NEW, name="piece.jpg", title=" A piece ", tags=["paris, spring", "old"])
    assert (added.status, added.json["status"]) == (201, "added")
    image = added.json["image"]
    assert (image["name"], image["title"], image["tags"]) == ("piece.jpg", "A piece", ["paris", "spring", "old"])
    assert (image["width"], image["height"], image["media_type"]) == (300, 200, "image/jpeg")
    again = await api.add(NEW, name="again.jpg")
    assert (again.status, again.json["status"], again.json["id"]) == (200, "duplicate", image["id"])
    assert again.json["operation_id"] is None
    assert again.json["image"]["name"] == "piece.jpg"
    removed = await api("DELETE", f"/v1/images/{image['id']}")
    assert (await api.get(f"/v1/images/{image['id']}")).code == "unknown_image"
    restored = await api.add(NEW)
    assert (restored.status, restored.json["status"], restored.json["id"]) == (201, "restored", image["id"])
    assert restored.json["operation_id"] != removed.json["operation_id"]
    assert added.json["removed_before"] is again.json["removed_before"] is None
    assert restored.json["removed_before"]["id"] == image["id"]
    assert restored.json["removed_before"]["at"] > image["created_at"]


@pytest.mark.databases("sqlite", "postgresql")
async def test_picture_says_since_when_its_file_is_missing(
    serve: Serve, settings: EngineSettings, tmp_path: Path
) -> None:
    """As `pictrace watch` sees it, in another process on the same library."""
    file = tmp_path / "watched" / "piece.jpg"
    file.parent.mkdir()
    for name in ("piece.jpg", "other.jpg"):
        file.with_name(name).write_bytes(NEW if name == "piece.jpg" else jpeg(photograph("chelsea.png")))

    async def look(service: SearchService) -> None:
        plan = WatchPlan(once=True, settle_s=0)
        _ = [event async for event in service.watched_folders.watch([file.parent], plan, stopped=asyncio.Event())]

    async with serve() as api, open_service(settings) as watcher:
        await look(watcher)
        (match, *_) = (await api.search(NEW)).json["matches"]
        assert (match["name"], match["source_missing_since"]) == ("piece.jpg", None)
        file.unlink()
        await look(watcher)
        (match, *_) = (await api.search(NEW)).json["matches"]
        image = (await api.get(f"/v1/images/{match['id']}")).json
        assert image["source_missing_since"] >= image["created_at"]
        assert match["source_missing_since"][:19] == image["source_missing_since"][:19]


async def test_file_that_breaks_off_is_added_with_a_warning(api: Client) -> None:
    added = await api.add(cut_short(NEW))
    assert (added.status, added.json["status"]) == (201, "added")
    (warning,) = added.json["warnings"]
    assert (warning["code"], "breaks off" in warning["message"]) == ("cut_short", True)
    again = await api.add(cut_short(NEW))
    assert (again.status, [one["code"] for one in again.json["warnings"]]) == (200, ["cut_short"])
    found = await api.search(cut_short(NEW))
    assert found.json["matches"][0]["evidence"]["exact"]
    entry = await api.get(f"/v1/images/{added.json['id']}")
    assert found.json["warnings"] == again.json["warnings"] == entry.json["warnings"]
    await api("DELETE", f"/v1/images/{added.json['id']}")
    restored = await api.add(cut_short(NEW))
    assert (restored.json["status"], restored.json["warnings"]) == ("restored", [warning])
    assert (await api.add(NEW)).json["warnings"] == []


async def test_picture_is_added_by_url_with_its_source(serve: Serve) -> None:
    async with serve(fetch_allow=("127.0.0.1",)) as api:
        url = f"{api.url}/v1/samples/stranger"
        added = await api("POST", "/v1/images", json={"url": url, "tags": ["web"], "page_url": "https://example.org/"})
        assert added.status == 201
        image = added.json["image"]
        assert (image["name"], image["source_url"], image["page_url"]) == ("stranger", url, "https://example.org/")


@pytest.mark.databases("sqlite", "postgresql")
async def test_two_uploads_of_one_picture_at_the_same_moment(api: Client) -> None:
    answers = await asyncio.gather(*(api.add(NEW, name=f"{n}.jpg") for n in range(2)))
    assert sorted(answer.json["status"] for answer in answers) == ["added", "duplicate"]
    assert len({answer.json["id"] for answer in answers}) == 1


async def test_additions_that_join_an_operation_are_undone_together(api: Client) -> None:
    first = (await api.add(NEW)).json
    other = jpeg(np.ascontiguousarray(photograph("coffee.png")[:200, :300]))
    second = (await api.add(other, operation_id=first["operation_id"])).json
    assert second["operation_id"] == first["operation_id"]
    undone = await api("POST", f"/v1/operations/{first['operation_id']}/undo")
    assert (undone.json["kind"], undone.json["images"]) == ("add", 2)
    assert (await api.get("/v1/images")).json["total"] == len(PHOTOGRAPHS)
    assert (await api("POST", f"/v1/operations/{first['operation_id']}/undo")).code == "nothing_to_undo"
    assert (await api("POST", "/v1/operations/999/undo")).code == "unknown_operation"
    joined = await api.add(NEW, operation_id=first["operation_id"])
    assert (joined.status, joined.code) == (404, "unknown_operation")


@pytest.mark.databases("sqlite", "postgresql")
async def test_edit_removal_and_their_undo(api: Client) -> None:
    (image,) = (await api.get("/v1/images?words=rocket")).json["images"]
    at = f"/v1/images/{image['id']}"
    edited = (await api("PATCH", at, json={"title": "Взлёт", "tags": ["space"]})).json
    assert (edited["images"][0]["title"], edited["images"][0]["tags"]) == ("Взлёт", ["space"])
    kept = (await api("PATCH", at, json={"source_url": "https://example.org/r.jpg"})).json["images"][0]
    assert (kept["title"], kept["source_url"]) == ("Взлёт", "https://example.org/r.jpg")
    await api("POST", f"/v1/operations/{edited['operation_id']}/undo")
    assert (await api.get(at)).json["title"] is None
    removed = (await api("DELETE", at)).json
    assert (await api("DELETE", at)).code == "unknown_image"
    assert image["id"] not in [m["id"] for m in (await api.search(shipped("rocket.jpg"), weak=True)).json["matches"]]
    await api("POST", f"/v1/operations/{removed['operation_id']}/undo")
    assert (await api.search(shipped("rocket.jpg"))).json["matches"][0]["id"] == image["id"]


@pytest.mark.databases("sqlite", "postgresql")
async def test_list_comes_in_parts_newest_first(api: Client) -> None:
    seen: list[int] = []
    cursor = ""
    while True:
        part = (await api.get(f"/v1/images?limit=4{cursor}")).json
        assert part["total"] == (None if cursor else len(PHOTOGRAPHS))
        seen += [image["id"] for image in part["images"]]
        if part["next_cursor"] is None:
            break
        cursor = f"&cursor={part['next_cursor']}"
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len(PHOTOGRAPHS)


@pytest.mark.databases("sqlite", "postgresql")
async def test_filter_by_tag_and_words_in_any_script_and_case(api: Client) -> None:
    await api.add(NEW, title="Старая Мельница 100%", tags=["Été", "mill"])
    for query in ("words=мельница", "words=СТАРАЯ+мель", "tag=mill", "tag=%C3%89t%C3%A9&words=100%25"):
        found = (await api.get(f"/v1/images?{query}")).json
        assert (found["total"], len(found["images"])) == (1, 1), query
    for query in ("words=мельница+нет", "tag=mil", "words=_%25", "tag=MILL"):
        assert (await api.get(f"/v1/images?{query}")).json["total"] == 0, query
    assert {"tag": "mill", "pictures": 1} in (await api.get("/v1/tags")).json["tags"]


async def test_words_are_few_and_counted_as_a_search_is(serve: Serve) -> None:
    async with serve(rate_limit=2) as api:
        refused = await api.get("/v1/images?words=" + "+".join("." * 9), key=None)
        assert (refused.status, refused.code) == (422, "invalid_request")
        assert "At most 8 words" in refused.json["detail"]
        for left in ("1", "0"):
            found = await api.get("/v1/images?words=" + "+".join("." * 8), key=None)
            assert (found.status, found.headers["RateLimit-Remaining"]) == (200, left)
        limited = await api.get("/v1/images?words=a", key=None)
        assert (limited.status, limited.code) == (429, "rate_limited")
        assert int(limited.headers["Retry-After"]) >= 1
        for browsing in ("/v1/images", "/v1/images?words=", "/v1/images?words=+", "/v1/images?tag=a"):
            looked = await api.get(browsing, key=None)
            assert (looked.status, "RateLimit-Limit" in looked.headers) == (200, False)


@pytest.mark.parametrize("place", ["folder", "bucket"])
async def test_files_are_served_as_what_they_are(serve: Serve, request: pytest.FixtureRequest, place: str) -> None:
    async with serve(**in_place(request, place)) as api:
        (image,) = (await api.get("/v1/images?words=coffee")).json["images"]
        original = await api.get(image["links"]["file"])
        assert original.body == shipped("coffee.png")
        assert original.headers["Content-Type"] == "image/png"
        assert original.headers["X-Content-Type-Options"] == "nosniff"
        assert "immutable" in original.headers["Cache-Control"]
        assert "sandbox" in original.headers["Content-Security-Policy"]
        assert original.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert original.headers["ETag"] == f'"{image["sha256"]}"'
        assert original.headers["Accept-Ranges"] == "bytes"
        assert original.headers["Content-Disposition"] == 'inline; filename="coffee.png"'
        unchanged = await api.get(image["links"]["file"], headers={"If-None-Match": original.headers["ETag"]})
        assert (unchanged.status, unchanged.body) == (304, b"")
        part = await api.get(image["links"]["file"], headers={"Range": "bytes=10-19"})
        assert (part.status, part.body) == (206, original.body[10:20])
        assert part.headers["Content-Range"] == f"bytes 10-19/{len(original.body)}"
        assert part.headers["ETag"] == original.headers["ETag"]
        beyond = await api.get(image["links"]["file"], headers={"Range": "bytes=99999999-"})
        assert (beyond.status, beyond.code) == (416, "range_not_satisfiable")
        thumbnail = await api.get(image["links"]["thumbnail"])
        assert thumbnail.headers["Content-Type"] == "image/jpeg"
        assert max(imaging.decode_thumbnail(thumbnail.body).shape[:2]) == 320


def with_metadata() -> bytes:
    """A photograph with a position and an owner, stored sideways."""
    tags = PillowImage.Exif()
    tags[0x0112] = 6
    tags.get_ifd(0x8769)[0xA430] = "Jane Doe"
    tags.get_ifd(0x8825)[29] = "52.5163"
    buffer = BytesIO()
    sideways = np.ascontiguousarray(np.rot90(photograph("rocket.jpg")[:200, :300]))
    PillowImage.fromarray(sideways).save(buffer, "JPEG", exif=tags, comment=b"a comment")
    return buffer.getvalue()


@pytest.mark.parametrize("place", ["folder", "bucket"])
async def test_only_the_admin_is_given_metadata(serve: Serve, request: pytest.FixtureRequest, place: str) -> None:
    original = with_metadata()
    async with serve(filled=False, search_key=SEARCH, **in_place(request, place)) as api:
        image = (await api.add(original, name="photo.jpg")).json["image"]
        at = image["links"]["file"]
        whole = await api.get(at)
        assert whole.body == original
        assert "immutable" in whole.headers["Cache-Control"]
        shared = await api.get(at, key=SEARCH)
        assert shared.status == 200
        assert shared.body == strip(original, "image/jpeg")
        assert not [said for said in (b"Jane Doe", b"52.5163", b"a comment") if said in shared.body]
        assert shared.headers["Content-Type"] == "image/jpeg"
        assert shared.headers["Content-Disposition"] == 'inline; filename="photo.jpg"'
        assert shared.headers["Cache-Control"] == "private, max-age=86400"
        assert shared.headers["Vary"] == "Authorization"
        assert shared.headers["ETag"] != whole.headers["ETag"] == f'"{image["sha256"]}"'
        for endless in (f"{'9' * 5000}-", f"0-{'9' * 5000}", f"-{'9' * 5000}"):
            refused = await api.get(at, key=SEARCH, headers={"Range": f"bytes={endless}"})
            assert (refused.status, refused.code) == (416, "range_not_satisfiable")
        part = await api.get(at, key=SEARCH, headers={"Range": "bytes=10-19", "If-Range": shared.headers["ETag"]})
        assert (part.status, part.body) == (206, shared.body[10:20])
        assert part.headers["Content-Range"] == f"bytes 10-19/{len(shared.body)}"
        for key, answer in ((SEARCH, shared), (ADMIN, whole)):
            unchanged = await api.get(at, key=key, headers={"If-None-Match": answer.headers["ETag"]})
            assert (unchanged.status, unchanged.body) == (304, b"")
        swapped = await api.get(at, key=SEARCH, headers={"If-None-Match": whole.headers["ETag"]})
        assert (swapped.status, swapped.body) == (200, shared.body)
        found = (await api.search(shared.body)).json["matches"][0]
        assert (found["id"], found["lane"]) == (image["id"], "same")


async def test_unchanged_file_is_said_so_before_it_is_read(serve: Serve) -> None:
    async with serve(filled=False) as api:
        image = (await api.add(with_metadata())).json["image"]
        etag = (await api.get(image["links"]["file"], key=None)).headers["ETag"]
        for path in (api.service.settings.data_dir / "originals").rglob("*.jpg"):
            path.unlink()
        unchanged = await api.get(image["links"]["file"], key=None, headers={"If-None-Match": etag})
        assert unchanged.status == 304
        lost = await api.get(image["links"]["file"], key=None)
        assert (lost.status, lost.code) == (500, "unreadable_file")


async def test_setting_gives_the_files_as_they_were_added_to_everybody(serve: Serve) -> None:
    async with serve(filled=False, serve_metadata=True) as api:
        image = (await api.add(with_metadata())).json["image"]
        answer = await api.get(image["links"]["file"], key=None)
        assert answer.body == with_metadata()
        assert answer.headers["ETag"] == f'"{image["sha256"]}"'


@pytest.mark.parametrize(
    ("kind", "name", "given"),
    [
        ("HEIF", "holiday.heic", "holiday.jpg"),
        ("AVIF", "a.b.avif", "a.b.jpg"),
        ("TIFF", "Mr. Smith on a visit", "Mr. Smith on a visit.jpg"),
        ("BMP", "猫.BMP", "猫.jpg"),
        ("damaged PNG", "odd.png", "odd.jpg"),
    ],
)
async def test_kind_that_cannot_be_stripped_is_given_as_a_full_jpeg(
    serve: Serve, kind: str, name: str, given: str
) -> None:
    buffer = BytesIO()
    picture = PillowImage.fromarray(np.ascontiguousarray(photograph("coffee.png")))
    wide = picture.resize((1500, 1000))  # larger than what a search looks at
    wide.save(buffer, "PNG" if kind == "damaged PNG" else kind)
    content = buffer.getvalue()
    if kind == "damaged PNG":  # a chunk whose checksum nobody compares but those who are exact
        end = content.index(b"IDAT") + 4 + int.from_bytes(content[content.index(b"IDAT") - 4 :][:4], "big")
        content = content[:end] + b"\0\0\0\0" + content[end + 4 :]
    async with serve(filled=False) as api:
        image = (await api.add(content, name=name)).json["image"]
        assert (await api.get(image["links"]["file"])).body == content
        shared = await api.get(image["links"]["file"], key=None)
        assert (shared.status, shared.headers["Content-Type"]) == (200, "image/jpeg")
        quoted = f'filename="{given}"' if given == quote(given) else f"filename*=utf-8''{quote(given)}"
        assert shared.headers["Content-Disposition"] == f"inline; {quoted}"
        decoded = imaging.decode(shared.body, side=2000, max_bytes=10**8, max_pixels=10**8)
        assert (decoded.width, decoded.height) == (1500, 1000)
        assert np.abs(decoded.pixels.astype(int) - np.asarray(wide)).mean() < 4
        assert strip(shared.body, "image/jpeg") == shared.body
        thumbnail = await api.get(image["links"]["thumbnail"], key=None)
        assert strip(thumbnail.body, "image/jpeg") == thumbnail.body


RANGES = {
    "bytes=0-0": slice(0, 1),
    "bytes=100-": slice(100, None),
    "bytes=-7": slice(-7, None),
    "bytes=-99999999": slice(0, None),
    "bytes=5-99999999": slice(5, None),
    "bytes=5-4": None,
    "bytes=-0": None,
    "bytes=-": None,
    "bytes=a-b": None,
    "lines=1-2": None,
}


@pytest.mark.parametrize("place", ["folder", "bucket"])
async def test_ranges_are_the_same_wherever_the_file_is(
    serve: Serve, request: pytest.FixtureRequest, place: str
) -> None:
    async with serve(filled=False, **in_place(request, place)) as api:
        await api.add(NEW)
        for wanted, got in RANGES.items():
            part = await api.get("/v1/images/1/file", headers={"Range": wanted})
            if got is None:
                assert (part.status, part.code) == (416, "range_not_satisfiable"), wanted
            else:
                assert (part.status, part.body) == (206, NEW[got]), wanted
                first, end, _ = got.indices(len(NEW))
                assert part.headers["Content-Range"] == f"bytes {first}-{end - 1}/{len(NEW)}", wanted
            changed = await api.get("/v1/images/1/file", headers={"Range": wanted, "If-Range": '"another"'})
            assert (changed.status, changed.body) == (200, NEW), wanted


async def test_store_that_is_down_is_a_503_that_says_when_to_come_again(
    serve: Serve, request: pytest.FixtureRequest, bucket: Bucket
) -> None:
    async with serve(**in_place(request, "bucket")) as api:
        (image,) = (await api.get("/v1/images?words=coffee")).json["images"]
        with bucket.store.down():
            for answer in (await api.add(NEW), await api.get(image["links"]["file"])):
                assert (answer.status, answer.code) == (503, "files_unreachable")
                assert int(answer.headers["Retry-After"]) > 0
            assert (await api.search(shipped("coffee.png"))).json["matches"][0]["id"] == image["id"]
            assert (await api.get("/v1/server")).status == 200
        assert (await api.add(NEW)).status == 201
        assert (await api.get(image["links"]["file"])).body == shipped("coffee.png")
        bucket.delete(next(key for key in bucket.keys if key.startswith("originals") and image["sha256"] in key))
        lost = await api.get(image["links"]["file"])
        assert (lost.status, lost.code) == (500, "unreadable_file")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "unsupported_format"),
        (b"<!doctype html><script>alert(1)</script>", "not_an_image"),
        (b'<?xml version="1.0"?><svg onload="alert(1)"></svg>', "unsupported_format"),
    ],
)
async def test_svg_and_html_never_get_in(api: Client, content: bytes, code: str) -> None:
    data = form(content, "innocent.jpg")
    answer = await api("POST", "/v1/images", data=data)
    assert (answer.status, answer.code) == (415, code)


async def test_picture_with_a_script_in_it_is_served_as_a_picture(api: Client) -> None:
    """A whole JPEG with HTML behind it and a name that wants to be a page."""
    added = (await api.add(NEW + b"<script>alert(1)</script>", name='a.html"; filename="b.svg')).json
    served = await api.get(added["image"]["links"]["file"])
    assert served.headers["Content-Type"] == "image/jpeg"
    assert served.headers["Content-Disposition"].startswith("inline")


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\pictures\\a.jpg", "a.jpg"),
        ("\u202egpj.exe", "gpj.exe"),
        ("猫の写真.jpg", "猫の写真.jpg"),
        ("", "upload"),
    ],
)
async def test_names_are_file_names(api: Client, name: str, stored: str) -> None:
    added = await api.add(NEW, name=name)
    if added.status == 201:
        assert added.json["image"]["name"] == stored
        served = await api.get(added.json["image"]["links"]["file"])
        assert served.body == NEW
    else:  # a part without a name is a field, not a file
        assert (name, added.code) == ("", "invalid_request")


async def test_samples_come_and_go_without_a_key_while_there_is_nothing_else(serve: Serve) -> None:
    async with serve(filled=False) as api:
        assert (await api.get("/v1/server", key=None)).json["samples"]["offered"]
        assert (await api("POST", "/v1/samples", key=None)).status == 201
        offer = (await api.get("/v1/server", key=None)).json["samples"]
        assert offer["present"] > 20
        assert offer["removable"]
        assert not offer["offered"]
        assert (await api("POST", "/v1/samples", key=None)).code == "samples_off"
        for name in offer["queries"]:
            query = (await api.get(f"/v1/samples/{name}", key=None)).body
            found = (await api.search(query, key=None)).json["matches"]
            assert bool(found and found[0]["lane"] == "same") == (name != "stranger"), name
        assert {"tag": "sample", "pictures": offer["present"]} in (await api.get("/v1/tags")).json["tags"]
        await api.add(NEW)
        refused = await api("DELETE", "/v1/samples", key=None)
        assert (refused.status, refused.code) == (401, "key_required")
        removed = await api("DELETE", "/v1/samples")
        assert (await api.get("/v1/images")).json["total"] == 1
        undone = await api("POST", f"/v1/operations/{removed.json['operation_id']}/undo")
        assert undone.json["images"] == offer["present"]


async def test_samples_can_be_left_out(serve: Serve) -> None:
    async with serve(filled=False, samples=False) as api:
        assert not (await api.get("/v1/server")).json["samples"]["offered"]
        assert (await api("POST", "/v1/samples")).code == "samples_off"


async def add_dated(api: Client) -> list[int]:
    """Three pictures of other names and dates than those that are there; their ids."""
    found: list[int] = []
    for name, written in (("b10.jpg", WRITTEN), ("B9.jpg", "1999:12:31 23:59:59"), ("ä.jpg", "0000:00:00 00:00:00")):
        added = await api.add(dated(written=written, orientation=1 + len(found)), name=name, tags=["dated", name[0]])
        found.append(added.json["id"])
    return found


@pytest.mark.databases("sqlite", "postgresql")
async def test_list_comes_in_any_order_from_any_place(api: Client) -> None:
    late, early, never = await add_dated(api)

    async def listed(query: str) -> list[int]:
        return [image["id"] for image in (await api.get(f"/v1/images?{query}")).json["images"]]

    assert await listed("sort=name&tag=dated") == [never, early, late]
    assert await listed("sort=name&order=desc&tag=dated") == [late, early, never]
    assert (await listed("sort=taken"))[:3] == [late, early, never]
    assert (await listed("sort=taken&order=asc"))[:2] == [early, late]
    assert await listed("sort=added&order=asc&limit=2&offset=6") == [late, early]
    assert await listed("tag=dated&tag=b") == [late]
    assert await listed("words=DATED+jpg") == [never, early, late]
    sizes = [image["byte_size"] for image in (await api.get("/v1/images?sort=size")).json["images"]]
    assert sizes == sorted(sizes, reverse=True)
    assert await listed("sort=size&offset=99999") == []
    part = (await api.get("/v1/images?sort=name&offset=2")).json
    assert (part["total"], (await api.get("/v1/images?sort=name")).json["total"]) == (None, len(PHOTOGRAPHS) + 3)


@pytest.mark.parametrize(
    "query",
    [
        "cursor=3&offset=1",
        "cursor=3&sort=name",
        "cursor=3&order=asc",
        "sort=random",
        "order=up",
        "offset=-1",
        "offset=2147483648",
        "&".join(f"tag={number}" for number in range(11)),
        f"tag={'x' * 61}",
    ],
)
async def test_list_that_cannot_be_had_is_refused(api: Client, query: str) -> None:
    answer = await api.get(f"/v1/images?{query}")
    assert (answer.status, answer.code) == (422, "invalid_request")


@pytest.mark.databases("sqlite", "postgresql")
async def test_days_and_places_are_those_of_the_list(api: Client) -> None:
    late, early, never = await add_dated(api)
    taken = (await api.get("/v1/images/days?sort=taken")).json
    assert taken["total"] == len(PHOTOGRAPHS) + 3
    assert [(one["day"], one["pictures"]) for one in taken["days"]] == [
        (DATE[:10], 1),
        ("1999-12-31", 1),
        (None, len(PHOTOGRAPHS) + 1),
    ]
    added = (await api.get("/v1/images/days?utc_offset=-300&tag=dated")).json
    assert (added["total"], sum(one["pictures"] for one in added["days"])) == (3, 3)
    for bad in ("sort=name", "utc_offset=841", "utc_offset=x", "utc_offset=-0", "limit=1"):
        assert (await api.get(f"/v1/images/days?{bad}")).code == "invalid_request", bad
    place = (await api.get(f"/v1/images/{early}/place?sort=taken&tag=dated")).json
    assert place == {"offset": 1, "total": 3, "previous": late, "next": never}
    place = (await api.get("/v1/images/1/place?sort=taken&tag=dated")).json
    assert (place["offset"], place["total"]) == (None, 3)
    assert (await api.get("/v1/images/99/place")).code == "unknown_image"


async def test_words_count_as_a_search_wherever_they_are_looked_for(serve: Serve) -> None:
    async with serve(rate_limit=2) as api:
        for path in ("/v1/images/days", "/v1/images/1/place"):
            assert (await api.get(f"{path}?words=a", key=None)).status == 200
        for path in ("/v1/images/days", "/v1/images/1/place"):
            assert (await api.get(f"{path}?words=a", key=None)).code == "rate_limited"
            assert (await api.get(path, key=None)).status == 200


async def test_entry_says_when_it_was_taken_and_to_admins_who_added_it(api: Client) -> None:
    (late, *_) = await add_dated(api)
    entry = (await api.get(f"/v1/images/{late}")).json
    assert (entry["taken_at"], entry["added_by"]) == (DATE, "api")
    assert entry["links"] == {
        "page": f"/?image={late}",
        **{name: f"/v1/images/{late}/{name}" for name in ("file", "thumbnail", "preview")},
    }
    assert (await api.get(f"/v1/images/{late}", key=None)).json["added_by"] is None


@pytest.mark.parametrize("place", ["folder", "bucket"])
async def test_preview_is_large_without_metadata_and_made_once(
    serve: Serve, request: pytest.FixtureRequest, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = np.ascontiguousarray(np.kron(photograph("coffee.png")[:300, :400], np.ones((6, 6, 1), np.uint8)))
    buffer = BytesIO()
    PillowImage.fromarray(large).save(buffer, "JPEG", exif=exif({}, orientation=6).tobytes(), comment=b"a comment")
    async with serve(filled=False, **in_place(request, place)) as api:
        image = (await api.add(buffer.getvalue(), name="large.jpg")).json["image"]
        asked = await asyncio.gather(*(api.get(image["links"]["preview"], key=None) for _ in range(2)))
        assert asked[0].body == asked[1].body
        preview = asked[0]
        assert (preview.status, preview.headers["Content-Type"]) == (200, "image/jpeg")
        assert preview.headers["Cache-Control"] == "private, max-age=86400"
        shown = imaging.decode(preview.body, side=9999, max_bytes=10**8, max_pixels=10**8)
        assert (shown.width, shown.height) == (1536, 2048)
        assert not [said for said in (b"a comment", b"Exif") if said in preview.body]
        monkeypatch.setattr(api.service.originals, "preview_of", None)  # it is at hand
        again = await api.get(image["links"]["preview"], key=None)
        assert again.body == preview.body
        part = await api.get(image["links"]["preview"], headers={"Range": "bytes=0-1"})
        assert (part.status, part.body) == (206, b"\xff\xd8")
        unchanged = await api.get(image["links"]["preview"], headers={"If-None-Match": preview.headers["ETag"]})
        assert (unchanged.status, unchanged.body) == (304, b"")
        assert (await api.get("/v1/images/99/preview")).code == "unknown_image"


async def test_preview_of_a_picture_whose_file_is_lost_says_so(serve: Serve) -> None:
    async with serve(filled=False) as api:
        image = (await api.add(NEW)).json["image"]
        for path in (api.service.settings.data_dir / "originals").rglob("*.jpg"):
            path.unlink()
        lost = await api.get(image["links"]["preview"])
        assert (lost.status, lost.code) == (500, "unreadable_file")


async def test_related_pictures_are_named(api: Client) -> None:
    copy = (await api.add(jpeg(photograph("coffee.png"), 70), name="copy.jpg")).json
    (near,) = copy["near"]
    related = (await api.get(f"/v1/images/{near}/related")).json
    assert [(one["id"], one["name"]) for one in related["near_duplicates"]] == [(copy["id"], "copy.jpg")]
    assert related["near_duplicates"][0]["p_same"] > 0.9
    assert related["variants"] == related["parts"] == related["wholes"] == []
    assert (await api.get("/v1/images/99/related")).code == "unknown_image"
