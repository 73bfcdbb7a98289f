"""The picture that a web page names for others to show: `og:image` and its like."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser

PAGE_BYTES = 512 * 1024  # of a page that are looked through
PIECE = 16 * 1024  # characters; what names the picture mostly stands in the first few
MOST_OPEN = 128 * 1024  # characters of one tag or comment
SNIFFED = 4096
_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body", b"<title", b"<meta", b"<link", b"<script")
_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([a-z0-9_-]{1,40})""", re.IGNORECASE)
# By what pages name their picture, best first.
_NAMES = ("og:image", "og:image:secure_url", "og:image:url", "twitter:image", "twitter:image:src", "image_src")
# Of Python's codecs only what pages are written in; some others take a page's length squared.
_CHARSETS = re.compile(
    r"utf-?8|(us-)?ascii|iso-?8859-\d{1,2}|latin-?1|windows-?125\d|cp125\d|koi8-[ru]|"
    r"shift[_-]?jis|euc-(jp|kr)|iso-2022-jp|gbk|gb2312|gb18030|big5",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class NamedPicture:
    """The URL of a page's picture, and what the page says its URLs are relative to; both as they are written there."""

    url: str
    base: str | None


def is_page(content: bytes) -> bool:
    """Whether this is HTML, as far as its beginning tells."""
    head = content[:SNIFFED].lstrip(b"\xef\xbb\xbf\xff\xfe").replace(b"\0", b"").lstrip().lower()
    return head.startswith(_STARTS) or (head.startswith(b"<") and b"<html" in head)


def picture_of(content: bytes, charset: str | None) -> NamedPicture | None:
    """The picture that a page names, if it names one; `charset` is what the server says the page is written in."""
    page = content[:PAGE_BYTES]
    parser = _Parser()
    text = page.decode(_charset(page, charset), "replace")
    for start in range(0, len(text), PIECE):
        try:
            parser.feed(text[start : start + PIECE])
        except AssertionError:  # how the parser of some Python versions gives up
            break
        if _NAMES[0] in parser.found or parser.is_stuck:
            break
    for name in _NAMES:
        if name in parser.found:
            return NamedPicture(parser.found[name], parser.base)
    return None


def _charset(page: bytes, said: str | None) -> str:
    if page.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    written = _META_CHARSET.search(page[:SNIFFED])
    for name in (said, written[1].decode() if written else None):
        if name and _CHARSETS.fullmatch(name):
            try:
                "".encode(name)
            except LookupError:
                continue
            return name
    return "utf-8-sig"


class _Parser(HTMLParser):
    """Collects what a page names; it is never closed, for what is left open would be read over and over."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.base: str | None = None

    @property
    def is_stuck(self) -> bool:
        """Whether a tag or comment stays open, which would be read from its beginning with each further piece."""
        return self.cdata_elem is None and len(self.rawdata) > MOST_OPEN

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: (value or "").strip() for name, value in reversed(attrs)}
        if tag == "base" and self.base is None and said.get("href"):
            self.base = said["href"]
        elif tag == "meta":
            for name in (said.get("property", ""), said.get("name", "")):
                self._take(name.lower(), said.get("content", ""))
        elif tag == "link" and "image_src" in said.get("rel", "").lower().split():
            self._take("image_src", said.get("href", ""))

    def _take(self, name: str, url: str) -> None:
        """The first of each name; pictures that are written into the page itself have no URL."""
        if name in _NAMES and url and not url.lower().startswith("data:"):
            self.found.setdefault(name, url)
