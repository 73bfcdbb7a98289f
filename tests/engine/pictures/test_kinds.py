"""Kinds of files: told by name, and by how a file begins."""

from collections.abc import Sequence

import pytest

from engine.pictures import kinds
from tests.conftest import SHIPPED

BEGINNINGS = {
    b"\xff\xd8\xff\xe0": None,
    b"\x89PNG\r\n\x1a\n": None,
    b"RIFF\x00\x00\x00\x00WEBPVP8 ": None,
    b"\x00\x00\x00\x18ftypheic": None,
    b"\x00\x00\x00\x18ftypavif": None,
    b"\x00\x00\x00\x18ftypcrx ": None,
    b"BM" + bytes(12) + b"\x28\x00\x00\x00": None,
    b"\x00\x00\x00\x18ftypisom": "video",
    b"RIFF\x00\x00\x00\x00AVI ": "video",
    b"8BPS\x00\x01": "unsupported_picture",
    b"P6\n640 480": "unsupported_picture",
    b"<?xml version='1.0'?><svg xmlns=''>": "unsupported_picture",
    b"BMW drivers": "not_a_picture",
    b"hello": "not_a_picture",
    b"": "not_a_picture",
}


@pytest.mark.parametrize("head", BEGINNINGS)
def test_beginning_tells_the_kind(head: bytes) -> None:
    assert kinds.reason_by_content(head) == BEGINNINGS[head]


def test_pictures_look_like_pictures() -> None:
    pictures = [path for path in SHIPPED.iterdir() if path.suffix in (".png", ".jpg")]
    assert pictures
    assert all(kinds.looks_like_picture(path.read_bytes()[: kinds.HEAD_BYTES]) for path in pictures)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        (["nas", "@eaDir"], "system"),
        (["#recycle"], "system"),
        (["$RECYCLE.BIN"], "system"),
        (["System Volume Information"], "system"),
        ([".Trash-1000"], "system"),
        ([".DS_Store"], "system"),
        (["Catalog Previews.lrdata"], "system"),
        (["x.photoslibrary", "resources", "derivatives"], "system"),
        (["x.aplibrary", "Thumbnails"], "system"),
        (["Thumbnails"], None),
        ([".git"], "hidden"),
        (["holiday"], None),
        (["..."], None),
    ],
)
def test_name_tells_what_is_left_alone(parts: Sequence[str], reason: str | None) -> None:
    assert kinds.reason_by_name(parts) == reason


def test_each_suffix_is_of_one_kind() -> None:
    every = [kinds.SUFFIXES, kinds.UNSUPPORTED_SUFFIXES, kinds.VIDEO_SUFFIXES, kinds.OTHER_SUFFIXES]
    assert sum(map(len, every)) == len(frozenset().union(*every))
