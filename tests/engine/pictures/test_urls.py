"""What is asked for where a person or a server writes a URL."""

import re
import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from yarl import URL

from engine.errors import FetchError, InvalidUrl, UrlRefused
from engine.pictures.urls import MAX_URL, is_url, name_of, parse_url

LEGAL = string.ascii_letters + string.digits + "-._~!$&'()*+,;=:@/[]|"  # browsers leave the last three alone too
ENCODED = st.from_regex(r"%[0-9A-Fa-f]{2}", fullmatch=True, alphabet=st.sampled_from("%" + string.hexdigits))
PIECES = st.lists(st.one_of(st.sampled_from(LEGAL), ENCODED), max_size=40).map("".join)
DOTS = re.compile(r"/(\.|%2e){1,2}(?=/|$)", re.IGNORECASE)


@given(PIECES.filter(lambda path: not DOTS.search(f"/{path}")), PIECES.map("?{}".format) | st.just(""))
@settings(max_examples=100)
@example("a%2Fb%2fb;v=1/%41%7E~", "?X-Sig=a%2Bb+c%20d%3D%3d&e='f'&g[]=h|i")
@example("", "?")
@example("a//b/", "?a=/../b?c")
def test_what_may_stand_in_a_url_is_left_as_it_is(path: str, query: str) -> None:
    assert parse_url(f"https://example.org/{path}{query}#part").raw_path_qs == f"/{path}{query}"


@given(st.text(max_size=60))
@settings(max_examples=100)
def test_any_text_is_a_url_or_is_refused(text: str) -> None:
    for url in (text, f"http://example.org/{text}", f"http://{text}/", f"http://example.org/?{text}"):
        try:
            parsed = parse_url(url)
        except FetchError:
            continue
        assert re.fullmatch(r"/[!-~]*", parsed.raw_path_qs)
        assert parsed.scheme in ("http", "https")
        assert parsed.host
    assert len(name_of(text)) <= 120


@pytest.mark.parametrize(
    ("written", "asked"),
    [
        ("a b.jpg", "/a%20b.jpg"),
        ("Größe/猫.png?x=ä b", "/Gr%C3%B6%C3%9Fe/%E7%8C%AB.png?x=%C3%A4%20b"),
        ('a"<>^`{}|[]?"<>^`{}|[]\'', "/a%22%3C%3E%5E%60%7B%7D|[]?%22%3C%3E^`{}|[]'"),
        ("100%.jpg?50%&%zz%4", "/100%.jpg?50%&%zz%4"),
        ("a\\b\\c?d\\e", "/a/b/c?d\\e"),
        (" a\n\t.jpg \r", "/%20a.jpg"),
        ("\x01\x7f", "/%01%7F"),
        ("\udce9", "/%E9"),  # a byte of a header that is no UTF-8
        ("a/./b/../c", "/a/c"),
        ("../../a/%2E%2e/b/.", "/b/"),
        ("a/..", "/"),
        ("a?b#c?d", "/a?b"),
    ],
)
def test_the_rest_is_encoded_as_browsers_encode_it(written: str, asked: str) -> None:
    assert parse_url(f"http://example.org/{written}").raw_path_qs == asked


def test_server_is_encoded_as_names_are() -> None:
    assert str(parse_url("HTTPS://BÜCHER.example")) == "https://xn--bcher-kva.example/"
    assert str(parse_url("http://example.org:8080?a")) == "http://example.org:8080/?a"
    assert parse_url("http://①②⑦.⓪.⓪.①/").host == "127.0.0.1"


@pytest.mark.parametrize(
    ("reference", "meant"),
    [
        ("https://other.example/%2f?", "https://other.example/%2f?"),
        ("//other.example/d", "http://other.example/d"),
        ("/d;e?f=%2b", "http://example.org/d;e?f=%2b"),
        ("d", "http://example.org/a//b/d"),
        ("./d/", "http://example.org/a//b/d/"),
        ("../d", "http://example.org/a//d"),
        ("?d", "http://example.org/a//b/c%2Fc?d"),
        ("", "http://example.org/a//b/c%2Fc?q=%20"),
        ("#d", "http://example.org/a//b/c%2Fc?q=%20"),
        ("d?/../e", "http://example.org/a//b/d?/../e"),
    ],
)
def test_relative_reference_is_resolved(reference: str, meant: str) -> None:
    base = parse_url("http://example.org/a//b/c%2Fc?q=%20")
    assert str(parse_url(reference, base=base)) == meant


@pytest.mark.parametrize(
    "url", ["", "example.org/a.jpg", "http://", "http:/a", "http://[", "http://a:b/", "\ud800", "//a"]
)
def test_what_is_no_url_is_said_to_be_none(url: str) -> None:
    with pytest.raises(InvalidUrl):
        parse_url(url)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "javascript:alert(1)", "http://u@a.example/", "http://u:p@a.example/"]
)
def test_other_kinds_are_refused(url: str) -> None:
    with pytest.raises(UrlRefused):
        parse_url(url)


def test_backslash_does_not_hide_the_server() -> None:
    assert parse_url("http://a.example\\@b.example/").host == "a.example"
    assert parse_url("http:\\\\a.example\\b").host == "a.example"


def test_long_url_is_refused() -> None:
    assert isinstance(parse_url("http://example.org/" + "a" * (MAX_URL - 19)), URL)
    with pytest.raises(InvalidUrl, match="characters"):
        parse_url("http://example.org/" + "a" * MAX_URL)


def test_urls_are_told_from_paths() -> None:
    assert is_url("HTTPS://a")
    assert is_url("ftp://a/b.jpg")
    assert is_url("file:///b.jpg")
    assert not is_url("a/b://c.jpg")
    assert not is_url("C:/b.jpg")
    assert not is_url("http.jpg")


def test_names_are_file_names() -> None:
    assert name_of("https://example.org/a/b.jpg?size=3") == "b.jpg"
    assert name_of("https://example.org/") == "example.org"
    assert name_of("https://user@example.org:8080") == "example.org"
    assert name_of("https://example.org/%E7%8C%AB.png") == "猫.png"
    assert name_of("https://example.org/..%2F..%2Fetc%0Apasswd") == "../../etcpasswd"
    assert name_of("http://[") == "["
    assert len(name_of("https://example.org/" + "a" * 3000)) <= 120
