"""What a transparent picture is put on: a ground from which that stands out which is drawn.

White is what most are meant for, and stays wherever most of the drawing can be seen on it; a white drawing is put on
black, and one with both white and black parts on grey. So the same logo in white and in black is two pictures.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

WHITE, BLACK, GREY = 255, 0, 128
GROUNDS = (WHITE, BLACK, GREY)  # the first that is good enough is taken
Levels = NDArray[np.float32]
Ground = int | None  # the level of a grey; None: as if the picture were opaque, for all of it is hidden

SIDE = 256  # of the reduced picture that the choice is made by
NEARLY_OPAQUE, NEGLIGIBLE = (
    250,
    0.001,
)  # alpha from which a pixel counts as opaque; share of others that changes nothing
NEARLY_HIDDEN = 8  # alpha up to which nothing is to be seen
HALF = 128  # alpha
STANDS_OUT = 40  # levels of grey between a ground and what can be seen on it
ENOUGH = 0.7  # of the drawing that must stand out
FLAT = 4.0  # standard deviation in levels up to which hidden colours show nothing


def ground_of(image: PillowImage.Image) -> Ground:
    """What to put a loaded picture on; WHITE for an opaque one."""
    if not image.has_transparency_data:
        return WHITE
    alpha, grey, is_flat = _sampled(image)
    if (alpha < NEARLY_OPAQUE).mean() < NEGLIGIBLE:
        return WHITE
    if alpha.max() <= NEARLY_HIDDEN:
        return WHITE if is_flat else None
    shown = [_share_shown(alpha, grey, level) for level in GROUNDS]
    good = [level for level, share in zip(GROUNDS, shown, strict=True) if share >= ENOUGH]
    return good[0] if good else GROUNDS[int(np.argmax(shown))]


def on_ground(image: PillowImage.Image, ground: Ground) -> PillowImage.Image:
    """A loaded picture in RGB, on a ground where it is transparent."""
    if image.has_transparency_data and ground is not None:
        image = image.convert("RGBA")
        image = PillowImage.alpha_composite(PillowImage.new("RGBA", image.size, (ground, ground, ground, 255)), image)
    return image.convert("RGB")


def _sampled(image: PillowImage.Image) -> tuple[Levels, Levels, bool]:
    """Alpha and grey levels of pixels spread over the picture (H, W), and whether all colours are nearly the same."""
    scale = min(1.0, SIDE / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    small = image.resize(size, PillowImage.Resampling.NEAREST)
    pixels = np.array(small.convert("RGBA"), np.uint8)
    colours = np.ascontiguousarray(pixels[..., :3])
    grey = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return pixels[..., 3].astype(np.float32), grey, bool(colours.std(axis=(0, 1)).max() <= FLAT)


def _share_shown(alpha: Levels, grey: Levels, ground: int) -> float:
    """How much of a drawing can be made out on a ground: of each of its parts, by its rim or else by all of it."""
    is_seen = alpha > NEARLY_HIDDEN
    parts, part_of = cv2.connectedComponents(is_seen.astype(np.uint8))
    is_clear = (alpha < HALF).astype(np.uint8)
    is_rim = cv2.dilate(is_clear, np.ones((3, 3), np.uint8)) > is_clear
    stands_out = np.abs(grey - ground) >= STANDS_OUT

    def of_parts(of: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(part_of.ravel(), (alpha * (of & is_seen)).ravel(), parts), np.float64)

    rim, whole = of_parts(is_rim), of_parts(is_seen)
    by_rim = of_parts(is_rim & stands_out) / np.maximum(rim, 1)
    by_whole = of_parts(stands_out) / np.maximum(whole, 1)
    weight = np.where(rim.any(), rim, whole)
    return float((np.maximum(by_rim, by_whole) * weight).sum() / max(float(weight.sum()), 1))
