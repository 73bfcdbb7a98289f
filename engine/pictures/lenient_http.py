"""Answers of servers that do not keep to HTTP, mended where it is beyond doubt what they mean (RFC 9112, 5.1 and 6.3).

aiohttp's parser refuses them, and browsers do not. What is mended is the head of an answer, before it is parsed.
"""

import asyncio
import re
from functools import partial
from typing import Any

from aiohttp import TCPConnector
from aiohttp.client_proto import ResponseHandler

MAX_HEAD_BYTES = 64 * 1024
_END = re.compile(rb"\r?\n\r?\n")
_PROVISIONAL = re.compile(rb"HTTP/1\.[01] 1\d\d\b")  # the answer itself is still to come
_SPACE_BEFORE_COLON = re.compile(rb"^([!#$%&'*+.^_`|~0-9A-Za-z-]+)[ \t]+:", re.MULTILINE)
_LENGTH = re.compile(rb"^content-length:([0-9, \t]*)\r?\n", re.IGNORECASE | re.MULTILINE)
_ENCODING = re.compile(rb"^transfer-encoding:[ \t]*([^\r\n]*?)[ \t]*\r?\n", re.IGNORECASE | re.MULTILINE)


class LenientConnector(TCPConnector):
    """Makes connections on which such answers are mended. One request for each: `force_close` is set."""

    def __init__(self, **how: Any) -> None:
        super().__init__(force_close=True, **how)
        self._factory = partial(_LenientHandler, loop=self._loop)  # type: ignore[assignment]


class _LenientHandler(ResponseHandler):
    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self._held: bytes | None = b""  # of a head that has not come whole; None once it has

    def data_received(self, data: bytes) -> None:
        if self._held is None or not data:
            super().data_received(data)
            return
        self._held += data
        end = _END.search(self._held)
        if end is None and len(self._held) <= MAX_HEAD_BYTES:
            return
        at = end.end() if end else 0
        head, rest = self._held[:at], self._held[at:]
        if _PROVISIONAL.match(head):
            self._held = b""
            super().data_received(head)
            self.data_received(rest)
        else:
            self._held = None
            super().data_received(mended(head) + rest)


def mended(head: bytes) -> bytes:
    """Without spaces before colons, and with one length at most: none where the body comes in chunks."""
    head = _SPACE_BEFORE_COLON.sub(rb"\1:", head)
    encodings = {encoding.lower() for encoding in _ENCODING.findall(head)}
    if encodings == {b"identity"}:  # which says nothing
        head = _ENCODING.sub(b"", head)
    if b"chunked" in encodings:
        return _LENGTH.sub(b"", head)
    lengths = [length.strip() for given in _LENGTH.findall(head) for length in given.split(b",")]
    if len(set(lengths)) != 1 or (len(lengths) == 1 and lengths[0]):
        return head
    status, rest = head.split(b"\n", 1)
    length = b"Content-Length: %s\r\n" % lengths[0] if lengths[0] else b""
    return status + b"\n" + length + _LENGTH.sub(b"", rest)
