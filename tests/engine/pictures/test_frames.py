"""Animations: the first frame that shows something, and the further ones that are tried."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image as PillowImage

from engine.errors import DamagedImage
from engine.pictures import frames, imaging
from tests.small_library import painting

SIZE = (240, 180)
ANIMATED = ("GIF", "PNG", "WEBP", "AVIF")


def still(number: int, brightness: float = 1.0) -> PillowImage.Image:
    """A painting, darker or not."""
    pixels = (painting(number, *SIZE).astype(np.float32) * brightness).astype(np.uint8)
    return PillowImage.fromarray(pixels)


def animation(pictures: list[PillowImage.Image], kind: str) -> bytes:
    buffer = BytesIO()
    pictures[0].save(buffer, kind, save_all=True, append_images=pictures[1:], duration=80)
    return buffer.getvalue()


def frame_of(content: bytes) -> tuple[int, np.ndarray]:
    image = imaging.decode(content, side=1000, max_bytes=10**8, max_pixels=10**8)
    return image.frame, image.pixels


def difference(pixels: np.ndarray, expected: PillowImage.Image) -> float:
    return float(np.abs(pixels.astype(int) - np.asarray(expected).astype(int)).mean())


@pytest.mark.parametrize("kind", ANIMATED)
def test_good_first_frame_is_shown(kind: str) -> None:
    frame, pixels = frame_of(animation([still(1), still(2), still(3)], kind))
    assert frame == 0
    assert difference(pixels, still(1)) < 12


@pytest.mark.parametrize("kind", ANIMATED)
def test_of_one_that_fades_in_a_frame_is_shown_that_shows_something(kind: str) -> None:
    fading = [still(1, share) for share in (0, 0.04, 0.12, 0.3, 0.7, 0.9, 1)]
    frame, pixels = frame_of(animation(fading, kind))
    assert frame == 4
    assert difference(pixels, still(1, 0.7)) < 12


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_frames_that_hold_nothing_yet_are_passed_over(kind: str) -> None:
    nothing = PillowImage.new("RGBA", SIZE, (0, 0, 0, 0))
    drawn = nothing.copy()
    drawn.paste((255, 255, 255, 255), (60, 40, 200, 120))
    frame, pixels = frame_of(animation([nothing, nothing.copy(), drawn], kind))
    assert frame > 0  # writers put equal frames together
    assert pixels[80, 100].min() > 240
    assert pixels[10, 10].max() < 10  # white on black


def test_animation_that_never_shows_more_is_its_first_frame() -> None:
    grey = [PillowImage.new("RGB", SIZE, (level,) * 3) for level in (90, 91, 92)]
    frame, pixels = frame_of(animation(grey, "PNG"))
    assert (frame, int(pixels.max())) == (0, 90)


def test_no_more_frames_are_looked_at_than_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    late = [still(1, share / 100) for share in range(8)] + [still(2)]
    assert frame_of(animation(late, "PNG"))[0] == 8
    monkeypatch.setattr(frames, "MAX_FRAMES", 5)
    assert frame_of(animation(late, "PNG"))[0] < 5
    monkeypatch.setattr(frames, "MAX_PIXELS", 1)
    assert frame_of(animation(late, "PNG"))[0] == 0


def test_what_is_damaged_behind_a_frame_that_can_be_shown_does_no_harm() -> None:
    whole = animation([still(1, 0.05), still(1, 0.2), still(2)], "GIF")
    for share in (0.4, 0.6, 0.9):
        try:
            frame, _ = frame_of(whole[: int(share * len(whole))])
        except DamagedImage:  # the frame that is chosen, or the very first
            continue
        assert frame < 3


@pytest.mark.parametrize("kind", ANIMATED)
def test_picture_says_whether_it_is_animated(kind: str) -> None:
    for pictures, is_animated in (([still(1), still(2)], True), ([still(1)], False)):
        image = imaging.decode(animation(pictures, kind), side=500, max_bytes=10**8, max_pixels=10**8)
        assert image.is_animated is is_animated


def test_pages_of_a_tiff_are_no_animation() -> None:
    blank = PillowImage.new("RGB", SIZE, "white")
    assert frame_of(animation([blank, still(1)], "TIFF"))[0] == 0
