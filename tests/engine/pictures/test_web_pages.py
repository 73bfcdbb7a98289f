"""Which picture a web page names."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.pictures.web_pages import PAGE_BYTES, NamedPicture, is_page, picture_of

OG = '<meta property="og:image" content="a.jpg">'


def named(html: str | bytes, charset: str | None = None) -> str | None:
    found = picture_of(html.encode() if isinstance(html, str) else html, charset)
    return found.url if found else None


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><p>",
        b"\xef\xbb\xbf \r\n<!doctype HTML>",
        b"<html lang=en>",
        b"<!-- hello --><HTML>",
        b"<?xml version='1.0'?><!DOCTYPE html PUBLIC '-//W3C//DTD XHTML 1.0 Strict//EN'><html>",
        b"<head><title>",
        "<html>".encode("utf-16"),
    ],
)
def test_page_is_told_by_its_content(content: bytes) -> None:
    assert is_page(content)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8\xff\xe0",
        b"\x89PNG\r\n",
        b"GIF89a<html>",
        b"<svg xmlns=''>",
        b"<?xml?><svg>",
        b"hello <html>",
        b"%PDF-",
    ],
)
def test_other_files_are_no_pages(content: bytes) -> None:
    assert not is_page(content)


@pytest.mark.parametrize(
    "html",
    [
        OG,
        "<meta name='og:image' content='a.jpg'>",
        "<META CONTENT=a.jpg PROPERTY=OG:Image />",
        '<meta property="og:image:secure_url" content=" a.jpg ">',
        '<meta property="og:image:url" content="a.jpg">',
        '<meta name="twitter:image" content="a.jpg">',
        '<meta property="twitter:image:src" content="a.jpg">',
        '<link rel="shortcut image_src" href="a.jpg">',
        '<meta name="twitter:image" content="b.jpg"><link rel=image_src href=c.jpg>' + OG,
        OG + '<meta property="og:image" content="b.jpg">',
        '<meta property="og:image"><meta property="og:image" content=""><meta property="og:image" content="data:,x">'
        + OG,
        '<!-- <meta property="og:image" content="b.jpg"> --><script>\'<meta property="og:image" content="c">\'</script>'
        + OG,
    ],
)
def test_picture_is_found_by_any_of_its_names(html: str) -> None:
    assert named(f"<html><head>{html}") == "a.jpg"


def test_what_was_read_before_the_parser_gives_up_counts() -> None:
    assert named('<html><link rel=image_src href=a.jpg><![x y<meta property="og:image" content="b.jpg">') == "a.jpg"


def test_what_stays_open_too_long_is_the_end_but_scripts_may_be_long() -> None:
    first = "<html><link rel=image_src href=a.jpg>"
    assert named(f"{first}<a b='{'x' * 300_000}'>{OG.replace('a.jpg', 'b.jpg')}") == "a.jpg"
    assert named(f"{first}<script>{'x' * 300_000}</script>{OG.replace('a.jpg', 'b.jpg')}") == "b.jpg"


def test_page_may_name_none() -> None:
    assert named("<html><body><img src=a.jpg>") is None
    assert named("<html>" + " " * PAGE_BYTES + OG) is None  # nobody looks that far


def test_entities_and_base_are_read() -> None:
    html = b'<base><base href="/b/"><base href="/c/"><meta property="og:image" content="a.jpg?x=1&amp;y=2">'
    assert picture_of(html, None) == NamedPicture("a.jpg?x=1&y=2", "/b/")


@pytest.mark.parametrize("charset", ["latin-1", "windows-1251", "shift_jis", "gb18030", "utf-8"])
def test_page_is_read_in_its_own_charset(charset: str) -> None:
    word = {"windows-1251": "дом", "shift_jis": "猫", "gb18030": "猫"}.get(charset, "Größe")
    html = f'<meta charset="{charset}"><meta property="og:image" content="{word}.jpg">'
    assert named(html.encode(charset)) == f"{word}.jpg"
    assert named(html.encode(charset).replace(b"charset", b"x"), charset) == f"{word}.jpg"


@pytest.mark.parametrize("charset", ["nonsense", "hex", "punycode", "idna", "iso-8859-99", "utf-16"])
def test_unknown_charset_is_passed_over(charset: str) -> None:
    assert named(f'<meta charset="{charset}">{OG}'.encode() + b"\xff", charset) == "a.jpg"


def test_utf_16_is_told_by_its_mark() -> None:
    assert named(OG.encode("utf-16")) == "a.jpg"


@given(
    st.lists(st.sampled_from(["<", ">", "!", "--", "[", "meta ", "a", "'", '"', "=", "/", "&#", "<script", "\0", "ß"]))
)
@settings(max_examples=100)
def test_no_page_breaks_it(pieces: list[str]) -> None:
    html = "".join(pieces)
    assert picture_of(html.encode(), None) is None or "content" in html
