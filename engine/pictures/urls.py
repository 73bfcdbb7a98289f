"""A URL as people and servers write it -> the URL that is asked for.

What may stand in a URL goes out exactly as it was written: signatures cover every character of it. All else is encoded
as browsers encode it.
"""

import re
from typing import NamedTuple
from urllib.parse import SplitResult, unquote

from yarl import URL

from engine.errors import InvalidUrl, UrlRefused

MAX_URL, MAX_NAME = 4096, 120
# RFC 3986, appendix B; the fragment is left out, for it never goes to a server.
_PARTS = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/?#]*))?([^?#]*)(\?[^#]*)?")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_BEFORE_QUERY = re.compile(r"[^?#]*")
_PASSED_OVER = str.maketrans("", "", "\t\r\n")  # by browsers, wherever they stand
_AROUND = "".join(map(chr, range(0x21)))  # control characters and the space
# What browsers encode beside control characters and what is not ASCII (https://url.spec.whatwg.org, 1.3).
_IN_QUERY = frozenset(' "<>')
_IN_PATH = _IN_QUERY | frozenset("^`{}")


class _UrlParts(NamedTuple):
    """`authority` is None where there is none; `query` begins with its question mark."""

    scheme: str
    authority: str | None
    path: str
    query: str


def is_url(text: str) -> bool:
    """Whether a person meant a URL, not a path; one with another scheme than http and https is refused as such."""
    return SCHEME.match(text) is not None


def parse_url(url: str, *, base: URL | None = None) -> URL:
    """A URL that may be fetched as far as its text goes, without its fragment; InvalidUrl or UrlRefused.

    `base`: what a relative one is relative to.
    """
    if len(url) > MAX_URL:
        raise InvalidUrl(f"The URL has {len(url):,} characters; at most {MAX_URL:,} are taken.")
    parts = _split(url)
    if base is not None and not parts.scheme:
        parts = _resolved(parts, _split(str(base)))
    if not parts.scheme:
        raise InvalidUrl("This is not a URL: it must begin with http:// or https://.")
    if parts.scheme not in ("http", "https"):
        raise UrlRefused("Only http and https URLs are fetched.")
    try:
        server = URL(f"{parts.scheme}://{parts.authority or ''}")
        host, _port = server.host, server.port  # both may raise
        target = _encoded(_without_dots(parts.path), _IN_PATH) + _encoded(parts.query, _IN_QUERY)
    except (ValueError, TypeError) as error:
        raise InvalidUrl("This is not a URL.") from error
    if not host:
        raise InvalidUrl("This URL names no server.")
    if server.raw_user is not None or server.raw_password is not None:
        raise UrlRefused("A URL with a user name or password in it is not fetched.")
    # The query stands with the path, for yarl drops the question mark of an empty one.
    return URL(SplitResult(server.scheme, server.raw_authority, target, "", ""), encoded=True)


def name_of(url: str) -> str:
    """What a picture from this URL is called: the last part of its path, or its host."""
    parts = _split(url)
    last = unquote(parts.path.rstrip("/").rpartition("/")[2], errors="replace")
    shown = "".join(c for c in last if c.isprintable()).strip()
    host = re.sub(r":[0-9]*$", "", (parts.authority or "").rpartition("@")[2])
    return (shown or host)[:MAX_NAME]


def _split(url: str) -> _UrlParts:
    """The parts of any text; a backslash in the path is a slash, as browsers read it."""
    text = url.strip(_AROUND).translate(_PASSED_OVER)
    text = _BEFORE_QUERY.sub(lambda found: found[0].replace("\\", "/"), text, count=1)
    found = _PARTS.match(text)
    assert found  # it takes any text
    scheme, authority, path, query = found.groups()
    return _UrlParts((scheme or "").lower(), authority, path, query or "")


def _resolved(parts: _UrlParts, base: _UrlParts) -> _UrlParts:
    """A relative reference made absolute (RFC 3986, 5.2.2)."""
    if parts.authority is not None:
        return parts._replace(scheme=base.scheme)
    if parts.path.startswith("/"):
        return base._replace(path=parts.path, query=parts.query)
    if parts.path:
        folder = base.path.rpartition("/")[0]
        return base._replace(path=f"{folder}/{parts.path}", query=parts.query)
    return base._replace(query=parts.query or base.query)


def _without_dots(path: str) -> str:
    """`.` and `..` taken for what they mean (RFC 3986, 5.2.4)."""
    steps = path.split("/")[1:] or [""]
    kept: list[str] = []
    for step in steps:
        dots = step.lower().replace("%2e", ".")
        if dots == "..":
            kept = kept[:-1]
        elif dots != ".":
            kept.append(step)
    if dots in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)


def _encoded(text: str, others: frozenset[str]) -> str:
    """With %xx for what may not stand in a URL; bytes of a header that are no UTF-8 come as surrogates."""
    return "".join(
        character
        if " " <= character <= "~" and character not in others
        else "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogateescape"))
        for character in text
    )
