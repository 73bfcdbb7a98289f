"""What can go wrong with a bucket, and what is said then."""

import _thread
import asyncio
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from engine import EngineSettings
from engine.errors import FilesUnreachable, InvalidSetting
from engine.storage.object_files import ObjectFiles, wait_for_client
from tests.object_store import SECRET, Bucket

KEY = "thumbnails/ab/ab.jpg"


@contextmanager
def answering(status: int, text: bytes) -> Iterator[tuple[str, list[str]]]:
    """A server that says the same to everybody: (its address, what it was asked)."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_PUT = do_HEAD = do_DELETE = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def nobody() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


async def refusal(files: ObjectFiles) -> str:
    with pytest.raises(FilesUnreachable) as caught:
        await files.reach()
    said = str(caught.value)
    assert "\n" not in said
    assert SECRET not in said
    assert os.environ["AWS_ACCESS_KEY_ID"] not in said
    return said


async def test_missing_bucket_is_said(bucket: Bucket) -> None:
    assert "s3://another-bucket cannot be reached: there is no such bucket" in await refusal(
        ObjectFiles("s3://another-bucket")
    )


async def test_store_that_does_not_answer_is_said(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", nobody().replace("://", "://someone:pass-word@"))
    said = await refusal(ObjectFiles(bucket.url))
    assert said.endswith("cannot be reached: it does not answer.")
    assert "pass-word" not in said


async def test_wrong_credentials_are_said(bucket: Bucket) -> None:
    with bucket.store.asking_for_credentials():
        assert "credentials" in await refusal(ObjectFiles(bucket.url))
    await ObjectFiles(bucket.url).reach()


async def test_endpoint_without_tls_must_be_allowed(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    assert "AWS_ALLOW_HTTP" in await refusal(ObjectFiles(bucket.url))


@pytest.mark.parametrize("endpoint", ["127.0.0.1:9000", "localhost:9000", "http:", "ftp://localhost"])
def test_endpoint_that_is_no_address_is_said(bucket: Bucket, monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(InvalidSetting, match="AWS_ENDPOINT_URL: This is no address"):
        ObjectFiles(bucket.url)


async def test_variable_that_cannot_be_read_is_said(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ALLOW_HTTP", "perhaps")
    with pytest.raises(InvalidSetting, match="perhaps"):
        ObjectFiles(bucket.url)


@pytest.mark.parametrize("status", [404, 403, 500])
async def test_what_somebody_else_says_is_not_taken_for_a_lost_file(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    """Such as a proxy before a store that is down."""
    with answering(status, b"<h1>Not here</h1>") as (endpoint, _):
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        files = ObjectFiles(bucket.url)
        with pytest.raises(FilesUnreachable):
            await files.read(KEY)
        with pytest.raises(FilesUnreachable):
            await asyncio.to_thread(files.read_now, KEY)
        with pytest.raises(FilesUnreachable):
            await files.write(KEY, b"")
        with pytest.raises(FilesUnreachable):
            [portion async for portion in files.walk("thumbnails")]


async def test_bucket_that_vanished_is_not_taken_for_lost_files(bucket: Bucket) -> None:
    files = ObjectFiles(bucket.url)
    await files.write(KEY, b"content")
    bucket.vanish()
    for call in (files.read(KEY), files.write(KEY, b"content"), files.delete(KEY)):
        with pytest.raises(FilesUnreachable, match="no such bucket"):
            await call


async def test_searches_ask_a_store_that_is_down_once_and_not_each(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(404, b"") as (endpoint, asked):
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        files = ObjectFiles(bucket.url)
        for _ in range(3):
            with pytest.raises(FilesUnreachable):
                await asyncio.to_thread(files.read_now, KEY)
        assert len(asked) == 1
        eager = ObjectFiles(bucket.url, pause_s=0)
        for _ in range(3):
            with pytest.raises(FilesUnreachable):
                await asyncio.to_thread(eager.read_now, KEY)
        assert len(asked) == 4


async def test_searches_ask_again_as_soon_as_anything_was_answered(bucket: Bucket) -> None:
    files = ObjectFiles(bucket.url)
    await files.write(KEY, b"content")
    with bucket.store.down(), pytest.raises(FilesUnreachable):
        await asyncio.to_thread(files.read_now, KEY)
    with pytest.raises(FilesUnreachable):
        await asyncio.to_thread(files.read_now, KEY)
    await files.reach()
    assert await asyncio.to_thread(files.read_now, KEY) == b"content"


@pytest.mark.parametrize(
    "url",
    [
        "file:///tmp/files",
        "https://bucket.example.org/",
        "s3://",
        "s3:///folder",
        "s3://key:secret@bucket",
        "s3://bucket/../other",
        "s3://bucket//folder",
        "s3://bucket/folder?endpoint=x",
        "bucket",
    ],
)
def test_what_is_no_bucket_is_refused(url: str) -> None:
    with pytest.raises(InvalidSetting, match=r"PICTRACE_FILES_URL: .*s3://bucket/folder"):
        EngineSettings.load(files_url=url, _env_file=None)


@pytest.mark.parametrize("url", ["s3://bucket", "s3://my.bucket-1/", "s3://bucket/some/folder/", "s3://bucket/.hidden"])
def test_bucket_with_or_without_a_folder_is_taken(url: str) -> None:
    assert EngineSettings.load(files_url=url, _env_file=None).files_url == url.rstrip("/")


def test_credentials_may_stand_beside_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("AWS_ACCESS_KEY_ID=from-file\nAWS_REGION=from-file\nOTHER=from-file\nAWS_TOKEN=\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_REGION", "from-environment")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_TOKEN", "OTHER"):
        monkeypatch.setenv(name, "")  # so that it is as it was afterwards
        monkeypatch.delenv(name)
    EngineSettings.load()
    assert os.environ["AWS_ACCESS_KEY_ID"] == "from-file"
    assert os.environ["AWS_REGION"] == "from-environment"
    assert not {"AWS_TOKEN", "OTHER"} & os.environ.keys()


def test_end_of_the_process_waits_for_a_thread_of_the_client() -> None:
    """Such a thread runs Python, but Python did not make it; it is not waited for when it stays away for long."""
    began, left = threading.Event(), []

    def tell() -> None:
        began.set()
        time.sleep(0.3)
        left.append(True)

    _thread.start_new_thread(tell, ())
    began.wait()
    wait_for_client()
    assert left
