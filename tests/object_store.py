"""A real S3-compatible server for tests: moto's, on loopback, that can go down and come back with all it had."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any
from urllib.request import Request, urlopen

from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

SECRET = "secret-of-the-tests"
_numbers = count()


class ObjectStore:
    """The server, with a bucket of its own for each test."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._server.start()
        _, self.port = self._server.get_host_and_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.env = {
            "AWS_ACCESS_KEY_ID": "key-of-the-tests",
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
        }

    def new_bucket(self) -> "Bucket":
        bucket = Bucket(self, f"bucket-{next(_numbers)}")
        self._ask("PUT", bucket.name)
        return bucket

    def stop(self) -> None:
        self._server.stop()
        assert self._server._server
        self._server._server.server_close()  # which moto leaves to the garbage collector

    @contextmanager
    def down(self) -> Iterator[None]:
        self.stop()
        try:
            yield
        finally:
            self._server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
            self._server.start()
            self._server.get_host_and_port()

    @contextmanager
    def asking_for_credentials(self) -> Iterator[None]:
        """Nobody's are right."""
        self._ask("POST", "moto-api/reset-auth", b"0")
        try:
            yield
        finally:
            self._ask("POST", "moto-api/reset-auth", b"inf")

    def _ask(self, method: str, path: str, content: bytes | None = None) -> None:
        with urlopen(Request(f"{self.endpoint}/{path}", content, {"Content-Type": "text/plain"}, method=method)):
            pass


class Bucket:
    """One bucket, as whoever else has access to it sees and changes it."""

    def __init__(self, store: ObjectStore, name: str) -> None:
        self.store = store
        self.name = name
        self.url = f"s3://{name}/some/folder"

    @property
    def keys(self) -> list[str]:
        return sorted(str(key).removeprefix("some/folder/") for key in self._backend.buckets[self.name].keys)

    def get(self, key: str) -> bytes:
        value: bytes = self._backend.get_object(self.name, f"some/folder/{key}").value
        return value

    def put(self, key: str, content: bytes) -> None:
        self._backend.put_object(self.name, f"some/folder/{key}", content)

    def age(self, key: str, days: int) -> None:
        found = self._backend.get_object(self.name, f"some/folder/{key}")
        found.last_modified -= timedelta(days=days)

    def delete(self, key: str) -> None:
        self._backend.delete_object(self.name, f"some/folder/{key}")

    def vanish(self) -> None:
        for key in self.keys:
            self.delete(key)
        self.store._ask("DELETE", self.name)

    @property
    def _backend(self) -> Any:
        return get_backend("s3")[DEFAULT_ACCOUNT_ID]["aws"]
