"""Files in a bucket of an S3-compatible store."""

import asyncio
import atexit
import logging
import os
import re
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from obstore.exceptions import BaseError
from obstore.store import S3Store

from engine.concurrency import all_done
from engine.errors import FilesUnreachable, InvalidSetting
from engine.storage.files import ORIGINALS, StoredFile

logger = logging.getLogger(__name__)

AT_ONCE = 32  # requests
PAGE = 1000  # keys: the most that S3 lists in one answer
CONNECT_S, SILENT_S = 5, 5
LEAVING_S = 1.0
WHOLE_S = 300  # for a large original over a slow line
RETRIES, RETRY_S = 1, 20
PAUSE_S = 30.0  # after a search found the store unreachable, for which others do not try
ENDPOINTS = ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3")
# What obstore takes from the environment only where no client options are given.
CLIENT_OPTIONS = ("allow_http", "allow_invalid_certificates", "proxy_url", "proxy_ca_certificate", "proxy_excludes")
# What a store says, or obstore of it, and what that means; the first that fits.
REASONS = (
    ("NoSuchBucket", "there is no such bucket"),
    ("169.254.", "no credentials are set (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)"),
    ("Missing(AccessKeyId|SecretAccessKey)", "half of the credentials is missing (AWS_ACCESS_KEY_ID, ...)"),
    ("BadScheme", "the endpoint has no TLS, which AWS_ALLOW_HTTP=true would allow"),
    ("PermanentRedirect|AuthorizationHeaderMalformed|without LOCATION", "AWS_REGION is not the bucket's region"),
    ("InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|ExpiredToken|Unauthenticated", "the credentials are wrong"),
    ("AccessDenied|PermissionDenied|403 Forbidden", "the credentials do not allow it"),
    ("kind: (Connect|Timeout)|error sending request", "it does not answer"),
    ("RequestTimeTooSkewed", "this machine's clock is wrong"),
)


class ObjectFiles:
    """`s3://bucket/prefix/<key>` for every file. Every method may raise FilesUnreachable."""

    def __init__(self, url: str, *, pause_s: float = PAUSE_S) -> None:
        """Credentials, region and endpoint come from the environment, AWS_...; InvalidSetting where one is wrong."""
        _check_endpoint()
        self.place = url
        parts = urlsplit(url)
        self._reading = _client(parts.netloc, parts.path, read_timeout=timedelta(seconds=SILENT_S))
        self._writing = _client(parts.netloc, parts.path)  # while bytes go out, nothing comes in
        self._running = asyncio.Semaphore(AT_ONCE)
        self._pause_s = pause_s
        self._paused_until = 0.0

    def path(self, key: str) -> None:
        return None

    async def reach(self) -> None:
        with self._translated():
            await self._reading.list_with_delimiter_async(ORIGINALS)

    async def read(self, key: str) -> bytes:
        async with self._running:
            with self._translated():
                return bytes(await (await self._reading.get_async(key)).bytes_async())

    def read_now(self, key: str) -> bytes:
        if time.monotonic() < self._paused_until:
            raise self._unreachable("it did not answer a moment ago")
        try:
            with self._translated():
                return bytes(self._reading.get(key).bytes())
        except FilesUnreachable as error:
            logger.warning("searching without the thumbnails that are not at hand: %s", error)
            self._paused_until = time.monotonic() + self._pause_s
            raise

    async def sizes(self, keys: Sequence[str]) -> list[int | None]:
        return await all_done(self._size(key) for key in keys)

    async def write(self, key: str, content: bytes) -> None:
        # In one request: an upload in parts that is broken off leaves parts that nobody sees and somebody pays for.
        async with self._running:
            try:
                with self._translated():
                    await self._writing.put_async(key, content, use_multipart=False)
            except FileNotFoundError as error:
                raise self._unreachable("there is no such bucket") from error

    async def delete(self, key: str) -> None:
        async with self._running:
            with self._translated():
                await self._reading.delete_async(key)

    async def walk(self, kind: str) -> AsyncIterator[list[StoredFile]]:
        with self._translated():
            async for portion in self._reading.list(kind, chunk_size=PAGE):
                yield [StoredFile(one["path"], one["size"], one["last_modified"].timestamp()) for one in portion]

    async def _size(self, key: str) -> int | None:
        async with self._running:
            try:
                with self._translated(bare=True):
                    return (await self._reading.head_async(key))["size"]
            except FileNotFoundError:
                return None

    @contextmanager
    def _translated(self, *, bare: bool = False) -> Iterator[None]:
        """Store's errors as the engine's. What is not there is only believed where the store itself says that it lacks
        this key: a missing bucket, and a proxy before a store that is down, answer 404 too. `bare`: the answer to HEAD
        has no words, and whoever asks writes the file anew then."""
        try:
            yield
        except FileNotFoundError as error:
            if bare or "<Code>NoSuchKey</Code>" in str(error):
                raise FileNotFoundError(f"not in {self.place}") from error
            raise self._unreachable(_reason(error)) from error
        except (BaseError, OSError) as error:
            raise self._unreachable(_reason(error)) from error
        self._paused_until = 0.0

    def _unreachable(self, reason: str) -> FilesUnreachable:
        return FilesUnreachable(f"The pictures' files in {self.place} cannot be reached: {reason}.")


def _check_endpoint() -> None:
    """The client panics where it is no address."""
    for name in ENDPOINTS:
        if (value := os.environ.get(name)) and not re.match(r"https?://[^/]", value):
            raise InvalidSetting(f"{name}: This is no address, such as https://store.example.org.")


def _client(bucket: str, prefix: str, **more: timedelta) -> S3Store:
    options: Any = {name: value for name in CLIENT_OPTIONS if (value := os.environ.get(f"AWS_{name.upper()}"))}
    options |= {"connect_timeout": timedelta(seconds=CONNECT_S), "timeout": timedelta(seconds=WHOLE_S), **more}
    try:
        return S3Store(
            bucket,
            prefix=prefix.strip("/") or None,
            client_options=options,
            retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_S)},
            disable_bulk_delete=True,  # not every compatible store has it
        )
    except (BaseError, ValueError) as error:
        said = str(error).splitlines()[0]
        what = f" ({said})" if "Config error" in said else ""  # other words may hold what is secret
        raise InvalidSetting(f"PICTRACE_FILES_URL or a variable AWS_... cannot be used as it is{what}.") from error


def _reason(error: Exception) -> str:
    """Never the error's own words: they may hold the key's id, and an endpoint with a password."""
    said = f"{type(error).__name__} {error}"
    return next((reason for pattern, reason in REASONS if re.search(pattern, said)), "it does not answer as it should")


@atexit.register
def wait_for_client() -> None:
    """Until no thread of obstore's runs Python, but not long.

    Such a thread tells the event loop of a request's end, and breaks the whole process off (SIGABRT) where the
    interpreter has ended before it came back: the loop may have gone on, and the command been done, by then.
    """
    until = time.monotonic() + LEAVING_S
    while sys._current_frames().keys() - {thread.ident for thread in threading.enumerate()}:
        if time.monotonic() > until:
            return
        time.sleep(0.005)
    time.sleep(0.005)  # what it still gives back after its last line of Python
