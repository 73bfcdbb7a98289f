"""The page as it is served: put together once, in the reader's language, and errors that a person can read."""

import asyncio
import gzip
import hashlib
import html
import json
import re
from base64 import b64encode
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

from api.page import WEB, ServedPage, skeleton_of
from tests.api.conftest import Answer, Client, Serve
from tests.api.test_web import texts

LANGUAGES = ("en", "ru", "de", "ja", "ko", "zh")
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
MANIFEST = json.loads((WEB / "manifest.webmanifest").read_text())


@pytest.fixture(scope="module")
def page() -> ServedPage:
    return ServedPage()


def read(answer: Answer) -> str:
    """The HTML of an answer, its policy checked: the styles are those whose hash it names, and no other."""
    assert answer.headers["Content-Type"].startswith("text/html")
    made = answer.body.decode()
    styles = re.findall(r"<style>(.*?)</style>", made, re.DOTALL)
    assert len(styles) == 1
    digest = b64encode(hashlib.sha256(styles[0].encode()).digest()).decode()
    assert f"style-src 'self' 'sha256-{digest}';" in answer.headers["Content-Security-Policy"]
    assert "script-src 'self';" in answer.headers["Content-Security-Policy"]
    assert not re.search(r" style=| on\w+=", made.replace(styles[0], ""))
    return made


async def raw(api: Client, head: str) -> bytes:
    """What a server answers to these lines: no client would send them."""
    at = urlsplit(api.url)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    writer.write(f"{head}\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer


@pytest.mark.parametrize("language", LANGUAGES)
async def test_page_comes_in_the_readers_language(serve: Serve, language: str) -> None:
    async with serve(filled=False) as api:
        tag = {"zh": "zh-Hans-CN", "de": "DE-at"}.get(language, language)
        answer = await api.get("/", headers={"Accept-Language": f"tlh, {tag};q=0.9, en;q=0.1"})
        made = read(answer)
        said = texts(language)
        assert f'<html lang="{"zh-Hans" if language == "zh" else language}">' in made
        assert f"<h1>{html.escape(said['ask.heading'])}</h1>" in made
        assert {"Accept-Language", "Cookie"} <= set(answer.headers["Vary"].split(", "))
        inlined = re.search(r'<script type="application/json" id="texts" lang="(\w+)">(.*?)</script>', made)
        assert inlined
        assert (inlined[1], json.loads(inlined[2])) == (language, said)
        assert "$" not in made.replace(inlined[0], "")


async def test_choice_comes_before_the_browsers_languages(serve: Serve) -> None:
    async with serve(filled=False) as api:
        for cookie, lang in (("ja", "ja"), ("tlh", "de"), ("", "de"), ("../../x", "de")):
            headers = {"Accept-Language": "de", "Cookie": f"pictrace.language={cookie}"}
            assert f'<html lang="{lang}">' in read(await api.get("/", headers=headers))


@pytest.mark.parametrize("accepted", ["", "*", "de;q=x", ";;,", "en;q=0.1,de;q=0.9", "fr, de ;q=0.3", "q=1"])
async def test_odd_wishes_get_a_page_too(serve: Serve, accepted: str) -> None:
    async with serve(filled=False) as api:
        made = read(await api.get("/", headers={"Accept-Language": accepted}))
    assert f'<html lang="{"de" if "de" in accepted else "en"}">' in made


def test_every_module_is_asked_for_at_once_and_the_first_looks_before_the_others(page: ServedPage) -> None:
    made = page.html("en", "ask").content.decode()
    named = re.findall(r'rel="modulepreload" href="/files/[0-9a-f]{12}/([^"]+)"( fetchpriority="low")?>', made)
    written = {path.relative_to(WEB).as_posix() for path in WEB.rglob("*.js")} - {"sw.js"}
    assert {path for path, _ in named} == written
    assert len(named) == len(written)
    assert [path for path, low in named if not low] == ["start.js"]  # whose question to the server goes first
    needed, waiting = set(), ["app.js", "start.js"]  # the same by another way: follow what is imported
    while waiting:
        module = waiting.pop()
        needed.add(module)
        source = (WEB / module).read_text()
        for name in re.findall(r'^(?:import|export|\}).* from "([^"]+)";', source, re.MULTILINE):
            path = (WEB / module).parent.joinpath(name).resolve().relative_to(WEB).as_posix()
            if path not in needed:
                waiting.append(path)
    assert {path for path, _ in named[: len(needed)]} == needed


def test_every_file_that_the_html_names_is_there(page: ServedPage) -> None:
    for skeleton in ("ask", "library", "waiting"):
        made = page.html("en", skeleton).content.decode()
        for path in re.findall(r'(?:href|src)="/([^"?#]+)"', made):
            assert path.removeprefix(f"files/{page.version}/") in page.files, path
            assert path.startswith(f"files/{page.version}/") or path == "manifest.webmanifest"


@pytest.mark.parametrize(
    ("query", "skeleton"),
    [
        ("", "ask"),
        ("utm=1", "ask"),
        ("view=library&tag=a", "library"),
        ("view=duplicates", "waiting"),
        ("like=3", "waiting"),
        ("image=3", "waiting"),
        ("url=http%3A%2F%2Fx", "waiting"),
        ("url=", "ask"),
        ("shared", "waiting"),
    ],
)
def test_outlines_are_of_what_the_address_shows(query: str, skeleton: str) -> None:
    assert skeleton_of(query) == skeleton


async def test_files_of_a_version_are_kept_for_ever_and_others_asked_for_again(serve: Serve) -> None:
    async with serve(filled=False) as api:
        at = re.findall(r'src="(/files/\w+/app\.js)"', read(await api.get("/")))[0]
        of_version = await api.get(at)
        assert of_version.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert "Accept-Encoding" in of_version.headers["Vary"]
        for other in ("/app.js", "/files/0123456789ab/app.js"):  # an older page may still be open somewhere
            answer = await api.get(other)
            assert (answer.status, answer.body) == (200, of_version.body)
            assert answer.headers["Cache-Control"] == "no-cache"
            again = await api.get(other, headers={"If-None-Match": f'"x", {answer.headers["ETag"]}'})
            assert (again.status, again.body) == (304, b"")
        first = await api.get("/")
        assert first.headers["Cache-Control"] == "no-cache"
        assert (await api.get("/", headers={"If-None-Match": first.headers["ETag"]})).status == 304
        assert (await api("HEAD", "/")).status == 200
        for wrong in ("/api.py", "/files/../page.py", "/%2e%2e/page.py", "/problem.html", "/files/x/app.js"):
            assert (await api.get(wrong)).status == 404, wrong


async def test_files_go_packed_to_those_who_can_unpack_them(serve: Serve, page: ServedPage) -> None:
    async with serve(filled=False) as api:
        head = "GET /style.css HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: br, gzip"
        headers, _, body = (await raw(api, head)).partition(b"\r\n\r\n")
        assert b"content-encoding: gzip" in headers.lower()
        assert gzip.decompress(body) == (WEB / "style.css").read_bytes()
        assert len(body) < 0.4 * (WEB / "style.css").stat().st_size
        plain = (await raw(api, "GET /style.css HTTP/1.1\r\nHost: localhost")).partition(b"\r\n\r\n")
        assert plain[2] == (WEB / "style.css").read_bytes()
        assert b"content-encoding" not in plain[0].lower()
    assert page.files["icons/192.png"].packed is None


def test_version_follows_from_every_file(tmp_path: Path) -> None:
    for path in WEB.rglob("*"):
        if path.is_file():
            (tmp_path / path.relative_to(WEB)).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path.relative_to(WEB)).write_bytes(path.read_bytes())
    before = ServedPage(tmp_path).version
    assert before == ServedPage(tmp_path).version == ServedPage().version
    for changed in ("style.css", "sw.js", "index.html", "skeletons/ask.html", "locales/ja.json"):
        path = tmp_path / changed
        path.write_text(path.read_text() + " ")
        assert ServedPage(tmp_path).version != before
        before = ServedPage(tmp_path).version


def test_texts_cannot_end_the_element_that_they_stand_in(tmp_path: Path) -> None:
    for path in WEB.rglob("*"):
        if path.is_file():
            (tmp_path / path.relative_to(WEB)).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path.relative_to(WEB)).write_bytes(path.read_bytes())
    own = tmp_path / "locales" / "en.json"
    own.write_text(json.dumps(json.loads(own.read_text()) | {"app.skip": '</script><script>"$x & ${nav.search}'}))
    made = ServedPage(tmp_path).html("en", "ask").content.decode()
    assert "</script><script>" not in made
    assert "&lt;/script&gt;&lt;script&gt;&quot;$x &amp; ${nav.search}" in made


async def test_service_worker_is_told_the_version_and_the_files_of_the_page_alone(serve: Serve) -> None:
    async with serve(filled=False) as api:
        answer = await api.get("/sw.js")
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; connect-src 'self'"
        told = re.match(r"const SHELL = (\{.*\});\n", answer.body.decode())
        assert told
        shell = json.loads(told[1])
        assert all(path.startswith(f"/files/{shell['version']}/") for path in shell["files"])
        assert not [path for path in shell["files"] if "/v1/" in path]
        for path in shell["files"]:
            assert (await api.get(path)).status == 200


async def test_manifest_is_complete_and_its_icons_are_of_their_sizes(serve: Serve, page: ServedPage) -> None:
    async with serve(filled=False) as api:
        answer = await api.get("/manifest.webmanifest")
    assert answer.headers["Content-Type"].startswith("application/manifest+json")
    assert answer.json == MANIFEST
    assert {"name", "short_name", "start_url", "display", "theme_color", "background_color"} <= MANIFEST.keys()
    sizes = {}
    for icon in MANIFEST["icons"]:
        path = icon["src"].removeprefix("/")
        assert page.files[path].media_type == icon["type"]
        if icon["type"] == "image/png":
            with Image.open(WEB / path) as image:
                assert "x".join(map(str, image.size)) == icon["sizes"]
            sizes[icon["sizes"], icon.get("purpose", "any")] = path
    assert {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")} <= sizes.keys()
    assert MANIFEST["share_target"]["action"] == "/share"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_wrong_name_shows_a_browser_what_to_set(serve: Serve, language: str) -> None:
    async with serve(filled=False) as api:
        headers = BROWSER | {"Host": "NAS.lan.:5000", "Accept-Language": language}
        answer = await api.get("/v1/server?a=b", headers=headers)
        assert answer.status == 421
        assert answer.headers["Cache-Control"] == "no-store"
        made = read(answer)
        assert "<pre><code>PICTRACE_ALLOWED_HOSTS=nas.lan</code></pre>" in made
        assert html.escape(texts(language)["host.heading"].replace("{host}", "nas.lan")) in made
        assert not re.search(r"(src|href)=", made)  # nothing could be had from this name
        assert (await api.get("/", headers={"Host": "nas.lan"})).code == "wrong_host"


@pytest.mark.parametrize("host", ["<script>alert(1)</script>", 'a"onload=x', "a b", "a@b", "", "$x", "[::1"])
async def test_odd_name_is_never_written_into_the_page(api: Client, host: str) -> None:
    answer = (await raw(api, f"GET / HTTP/1.1\r\nHost: {host}\r\nAccept: text/html")).decode()
    assert answer.startswith(("HTTP/1.1 421", "HTTP/1.1 400"))
    assert "alert" not in answer
    assert not host or f">{host}<" not in answer
    assert "PICTRACE_ALLOWED_HOSTS=" not in answer


async def test_wrong_address_shows_a_browser_where_to_go(api: Client) -> None:
    headers = BROWSER | {"Accept-Language": "de"}
    for path in ("/nowhere", "/v1/nowhere", "/<b>x</b>"):
        answer = await api.get(path, headers=headers)
        assert answer.status == 404
        made = read(answer)
        assert texts("de")["error.not_found"] in made
        assert 'href="/"' in made
        assert "<b>" not in made
        assert (await api.get(path)).code == "not_found"
        assert (await api.get(path, headers={"Accept": "application/json"})).code == "not_found"
    gone = await api.get("/v1/images/4711/file", headers=headers)
    assert (gone.status, texts("de")["error.unknown_image"] in read(gone)) == (404, True)
    assert (await api.get("/v1/images/1/file", headers=headers)).headers["Content-Type"].startswith("image/")


async def test_refused_method_keeps_its_headers(api: Client) -> None:
    answer = await api("POST", "/", headers=BROWSER)
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, HEAD")
    read(answer)


@pytest.mark.parametrize("origin", ["null", "https://elsewhere.example", None])
async def test_share_that_no_service_worker_took_is_answered_by_a_page(api: Client, origin: str | None) -> None:
    headers = BROWSER | ({"Origin": origin} if origin else {})
    answer = await api("POST", "/share", data={"text": "https://a.example/"}, headers=headers)
    assert answer.status in (403, 404)
    made = read(answer)
    assert html.escape(texts("en")["share.noWorker"]) in made
    assert 'href="/"' in made
