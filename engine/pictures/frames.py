"""Animations: which of their frames is looked at, and which others are tried where that one is not enough."""

from collections.abc import Iterable, Iterator

import numpy as np
from PIL import Image as PillowImage

from engine.pictures import grounds

Frame = tuple[int, PillowImage.Image]  # its number, from 0; the picture, loaded and good until the next one is

FORMATS = ("GIF", "PNG", "WEBP", "AVIF")  # that hold animations; pages of a TIFF are none
# A picture's frames are decoded one after another: so many at most, with so many pixels in all.
MAX_FRAMES, MAX_PIXELS = 50, 20_000_000
SMALL_SIDE = 128
CLEAR = 30.0  # standard deviation in levels of grey, from which a frame surely shows something
HALF = 0.5  # of the greatest of the frames that were looked at: enough of what there is to see
TRIED = 4  # frames beside the one that is shown


def is_animated(image: PillowImage.Image) -> bool:
    """Whether a picture that was just opened has more than one frame."""
    return image.format in FORMATS and bool(getattr(image, "is_animated", False))


def in_turn(image: PillowImage.Image) -> Iterator[Frame]:
    """The frames of an animation from the first on, as far as they can be decoded and may be looked at.

    What is wrong with the very first one is an error.
    """
    return _loaded(image, range(_most_frames(image)))


def spread_over(image: PillowImage.Image) -> Iterator[Frame]:
    """The same for those that are tried where the frame that is shown is not enough."""
    return _loaded(image, spread(min(getattr(image, "n_frames", 1), _most_frames(image))))


def spread(count: int) -> list[int]:
    """Numbers of the frames to try of so many: spread evenly, the last one among them, the first one not."""
    return sorted({round(step * (count - 1) / TRIED) for step in range(1, TRIED + 1)} - {0})


def first_good(shown: Iterable[Frame]) -> Frame:
    """The first of some frames that shows something.

    What fades in begins with frames that are nearly black, or hold nothing yet.
    """
    best = -1.0
    richer: list[tuple[float, Frame]] = []  # than all before them; kept, for Pillow cannot always go back
    for number, image in shown:
        contrast = _contrast(image)
        if contrast > best:
            best = contrast
            richer = [one for one in richer if one[0] >= HALF * best]
            richer.append((contrast, (number, image.copy())))
        if number == 0 and contrast >= CLEAR:
            break
    if not richer:
        raise EOFError("there is no frame")
    return richer[0][1]


def _most_frames(image: PillowImage.Image) -> int:
    return max(1, min(MAX_FRAMES, MAX_PIXELS // (image.width * image.height)))


def _loaded(image: PillowImage.Image, numbers: Iterable[int]) -> Iterator[Frame]:
    for number in numbers:
        try:
            image.seek(number)
            image.load()
        except Exception:
            if number == 0:
                raise
            return  # the end, or damaged from here on
        yield number, image


def _contrast(image: PillowImage.Image) -> float:
    """How much a loaded frame shows: the standard deviation of its levels of grey."""
    scale = min(1.0, SMALL_SIDE / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image.resize(size, PillowImage.Resampling.NEAREST)
    return float(np.asarray(grounds.on_ground(small, grounds.ground_of(image)).convert("L"), np.float32).std())
