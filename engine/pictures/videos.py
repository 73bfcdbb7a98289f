"""Short videos, as questions: messengers send animations so. They are decoded by FFmpeg, which comes with OpenCV.

A video is read from memory, so that nothing in it can name another file or address that would be opened.
"""

from collections.abc import Iterable, Iterator
from io import BytesIO

import cv2
from PIL import Image as PillowImage

from engine.errors import DamagedImage
from engine.pictures import bounds
from engine.pictures.frames import Frame

# Frames are decoded one after another: so many at most, with so many pixels in all; every sixth is looked at.
MAX_FRAMES, MAX_PIXELS = 300, 300_000_000
EACH = 6
BROKEN = "The video is truncated or damaged, or of a kind that cannot be read."


class Video:
    """The beginning of a video. Raises an ImageError where it cannot be read, or is too large."""

    def __init__(self, content: bytes, max_pixels: int) -> None:
        options = [cv2.CAP_PROP_N_THREADS, 1]
        self._capture = cv2.VideoCapture(BytesIO(content), cv2.CAP_FFMPEG, options)  # type: ignore[call-overload]
        if not self._capture.isOpened():
            raise DamagedImage(BROKEN)
        width, height = (int(self._capture.get(one)) for one in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        if width < 1 or height < 1:
            raise DamagedImage(BROKEN)
        bounds.require_size(width, height, max_pixels)
        there = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        may = min(MAX_FRAMES, max(1, MAX_PIXELS // (width * height)))
        self.count = min(there, may) if there > 0 else may

    def in_turn(self) -> Iterator[Frame]:
        """Frames from the first on."""
        return self.frames(range(0, self.count, EACH))

    def frames(self, wanted: Iterable[int]) -> Iterator[Frame]:
        """Those of these numbers, in order, as far as there are any."""
        at = -1
        for number in wanted:
            while at < number:
                if not self._capture.grab():
                    return
                at += 1
            is_there, bgr = self._capture.retrieve()
            if is_there:
                yield number, PillowImage.fromarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
