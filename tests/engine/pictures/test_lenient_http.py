"""What is mended in the heads of answers, and what is left as it is."""

import pytest

from engine.pictures.lenient_http import mended

STATUS = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (b"Content-Length: 7\r\nX: y\r\ncontent-length:7\r\n\r\n", b"Content-Length: 7\r\nX: y\r\n\r\n"),
        (b"X: y\r\nContent-Length: 7, 7\r\n\r\n", b"Content-Length: 7\r\nX: y\r\n\r\n"),
        (b"Content-Length:\r\nX: y\r\n\r\n", b"X: y\r\n\r\n"),
        (b"X : y\r\nContent-Length \t: 7\r\n\r\n", b"X: y\r\nContent-Length: 7\r\n\r\n"),
        (b"Content-Length: 9\r\nTransfer-Encoding: Chunked \r\n\r\n", b"Transfer-Encoding: Chunked \r\n\r\n"),
        (b"Transfer-Encoding: identity\r\nContent-Length: 7\r\n\r\n", b"Content-Length: 7\r\n\r\n"),
    ],
)
def test_what_is_meant_beyond_doubt_is_mended(given: bytes, meant: bytes) -> None:
    assert mended(STATUS + given) == STATUS + meant


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 7\r\n\r\n",
        b"Content-Length: 7\r\nContent-Length: 8\r\n\r\n",
        b"Content-Length: 7, 8\r\n\r\n",
        b"Content-Length: +7\r\nContent-Length: +7\r\n\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n\r\n",
        b"X: a\r\n b : c\r\nY: d : e\r\n\r\n",
        b"no header at all\r\n\r\n",
        b"\r\n",
    ],
)
def test_what_may_mean_anything_is_left(head: bytes) -> None:
    assert mended(STATUS + head) == STATUS + head


def test_no_head_is_mended_to_none() -> None:
    assert mended(b"") == b""
