"""The size of a JPEG XL is read as its decoder reads it."""

from io import BytesIO

import pillow_jxl  # noqa: F401 - Pillow writes JPEG XL with it
import pytest
from PIL import Image as PillowImage

from engine.pictures import bounds_jxl

SIZES = [(8, 8), (50, 40), (640, 480), (1920, 1080), (600, 500), (512, 256), (1000, 1), (3, 5000), (9000, 7)]


def saved(size: tuple[int, int], **options: object) -> bytes:
    buffer = BytesIO()
    PillowImage.new("L", size).save(buffer, "JXL", effort=1, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("in_boxes", [False, True])
def test_size_is_what_was_written(size: tuple[int, int], in_boxes: bool) -> None:
    content = saved(size, use_container=in_boxes)
    assert content.startswith(bounds_jxl.BEGINNINGS[in_boxes])
    assert bounds_jxl.size(content) == size


def test_what_cannot_be_read_has_no_size() -> None:
    whole = saved((50, 40), use_container=True)
    assert [bounds_jxl.size(whole[:length]) for length in range(20)] == [None] * 20
    for content in (b"", b"\xff\x0a", bounds_jxl.BOXES * 5, bounds_jxl.BOXES + bytes(100)):
        assert bounds_jxl.size(content) is None
