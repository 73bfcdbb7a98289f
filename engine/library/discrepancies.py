"""Whether what is stored of one picture is what its original gives: pure functions, which only compare."""

from io import BytesIO

import cv2
import numpy as np
from PIL import Image as PillowImage

from engine.domain import HandcraftedFeatures, Keypoints, Pixels, Vector
from engine.features import hashes
from engine.pictures.imaging import THUMBNAIL_SIDE

JPEG_START, JPEG_END = b"\xff\xd8", b"\xff\xd9"
GREY_SIDE = 32
# Of scikit-image's 28 pictures: 0 with the same decoder, at most 6.2 for a JPEG of quality 40 in place of 85 (1.4 for
# the next); thumbnails of two different pictures differ by at least 11.8.
MOST_DIFFERENCE = 8.0
MOST_HASH_BITS = 6
LEAST_COSINE = 0.98
# Two keypoints are the same one if they lie so near (in shares of a side) and so few bits of their descriptors differ.
SAME_PLACE, SAME_BITS = 0.02, 32
LEAST_SAME_KEYPOINTS = 0.5


def is_thumbnail(content: bytes) -> bool:
    """Whether this looks like a whole JPEG of a thumbnail's size. Only its header is read, nothing is decoded."""
    if not content.startswith(JPEG_START) or not content.endswith(JPEG_END):
        return False
    try:
        with PillowImage.open(BytesIO(content), formats=["JPEG"]) as image:
            return 1 <= max(image.size) <= THUMBNAIL_SIDE
    except (OSError, SyntaxError, ValueError):  # what Pillow raises for a damaged header
        return False


def shows_same(thumbnail: Pixels, made: Pixels) -> bool:
    """Whether a stored thumbnail shows what a new one of its picture shows, by their mean difference as small greys."""
    return difference(thumbnail, made) <= MOST_DIFFERENCE


def difference(first: Pixels, second: Pixels) -> float:
    """The mean absolute difference of two pictures as greys of 32 x 32 pixels: 0 (equal) to 255."""
    return float(np.abs(_small_grey(first) - _small_grey(second)).mean())


def wrong_features(stored: HandcraftedFeatures, anew: HandcraftedFeatures) -> list[str]:
    """Codes of what is stored of a picture, but is not what is computed of it anew."""
    codes = []
    if not is_same_hash(stored.phash, anew.phash):
        codes.append("wrong_hash")
    if not are_same_keypoints(stored.keypoints, anew.keypoints):
        codes.append("wrong_keypoints")
    return codes


def is_same_hash(stored: int | None, made: int | None) -> bool:
    """Whether a stored perceptual hash is that of the picture. Another decoder may turn over a few bits."""
    if stored is None or made is None:
        return stored is made
    return hashes.hamming(stored, made) <= MOST_HASH_BITS


def is_same_vector(stored: Vector, made: Vector) -> bool:
    """Whether a stored embedding is that of the picture; both of unit length. Not a number counts as another."""
    return bool(float(stored @ made) > LEAST_COSINE)


def are_same_keypoints(stored: Keypoints, made: Keypoints) -> bool:
    """Whether at least half of the keypoints that are found in a picture are among the stored ones."""
    if not len(made) or not len(stored):
        return len(made) == len(stored)
    bits = np.bitwise_count(made.descriptors[:, None] ^ stored.descriptors[None]).sum(axis=2, dtype=np.uint16)
    apart = np.abs(made.points[:, None] - stored.points[None]).max(axis=2)
    found = ((bits <= SAME_BITS) & (apart <= SAME_PLACE)).any(axis=1)
    return bool(found.mean() >= LEAST_SAME_KEYPOINTS and abs(made.aspect / stored.aspect - 1) < SAME_PLACE)


def _small_grey(pixels: Pixels) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.resize(grey, (GREY_SIDE, GREY_SIDE), interpolation=cv2.INTER_AREA), np.float32)
