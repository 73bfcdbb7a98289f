"""Animations: which of their frames is looked at, and which others are tried where that one is not enough."""

from collections.abc import Iterator

import numpy as np
from PIL import Image as PillowImage

from engine.pictures import grounds

FORMATS = ("GIF", "PNG", "WEBP", "AVIF")  # that hold animations; pages of a TIFF are none
# A picture's frames are decoded one after another: so many at most, with so many pixels in all.
MAX_FRAMES, MAX_PIXELS = 50, 20_000_000
SMALL_SIDE = 128
CLEAR = 30.0  # standard deviation in levels of grey, from which a frame surely shows something
HALF = 0.5  # of the greatest of the frames that were looked at: enough of what there is to see
FURTHER = 4  # frames that are tried beside the first


def is_animated(image: PillowImage.Image) -> bool:
    """Whether a picture that was just opened has more than one frame."""
    return image.format in FORMATS and bool(getattr(image, "is_animated", False))


def first_good(image: PillowImage.Image) -> tuple[int, PillowImage.Image]:
    """The first frame of an animation that shows something, with its number, from 0.

    One that fades in begins with frames that are nearly black, or hold nothing yet.
    """
    best = -1.0
    richer: list[tuple[float, int, PillowImage.Image]] = []  # than all before them; Pillow cannot always go back
    for number in _in_turn(image, range(_most_frames(image))):
        contrast = _contrast(image)
        if contrast > best:
            best = contrast
            richer = [one for one in richer if one[0] >= HALF * best]
            richer.append((contrast, number, image.copy()))
        if number == 0 and contrast >= CLEAR:
            break
    _, number, frame = richer[0]
    return number, frame


def further(image: PillowImage.Image, shown: int) -> Iterator[int]:
    """Load frame after frame of those that are tried beside the one shown first, spread over the animation."""
    there = min(getattr(image, "n_frames", 1), _most_frames(image))
    spread = {round(step * (there - 1) / FURTHER) for step in range(FURTHER + 1)} - {shown}
    yield from _in_turn(image, sorted(spread)[-FURTHER:])


def _most_frames(image: PillowImage.Image) -> int:
    return max(1, min(MAX_FRAMES, MAX_PIXELS // (image.width * image.height)))


def _in_turn(image: PillowImage.Image, numbers: range | list[int]) -> Iterator[int]:
    """Load these frames, as far as they can be decoded; what is wrong with the very first frame is an error."""
    for number in numbers:
        try:
            image.seek(number)
            image.load()
        except Exception:
            if number == 0:
                raise
            return  # the end, or damaged from here on
        yield number


def _contrast(image: PillowImage.Image) -> float:
    """How much a loaded frame shows: the standard deviation of its levels of grey."""
    scale = min(1.0, SMALL_SIDE / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image.resize(size, PillowImage.Resampling.NEAREST)
    return float(np.asarray(grounds.on_ground(small, grounds.ground_of(image)).convert("L"), np.float32).std())
