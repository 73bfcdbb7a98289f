"""Edits pictures as they are when they went through several hands, for a network that finds copies."""

import numpy as np
from numpy.typing import NDArray

from engine.pictures.augment import apply
from training.other_shots import captioned, laid_over, photographed, stickered

Pixels = NDArray[np.uint8]
Random = np.random.Generator

# What is done to the picture itself, and what sets it into something larger, with how often each comes.
OF_THE_PICTURE: dict[str, float] = {
    "crop": 4, "mirror": 2, "turn": 1.5, "rotate": 2, "blur": 1, "noise": 1, "pixelate": 1, "recompress": 1,
    "shrink": 1, "recolour": 2, "grayscale": 1, "write_text": 1, "sticker": 1, "stripes": 1,
    "stretch": 1, "perspective": 2,
    "laid over": 2, "stickers": 1.5, "captioned": 1, "photographed": 1,
}  # fmt: skip
AROUND_IT: dict[str, float] = {"screenshot": 3, "paste": 4, "pad": 2, "meme": 1, "story": 1, "collage": 1}
HOW_MANY = {1: 0.3, 2: 0.3, 3: 0.2, 4: 0.12, 5: 0.08}
SET_IN = 0.35  # how often a picture that is edited is set into something larger
SAVED_AGAIN, SHRUNK = 0.6, 0.5


def edited(pixels: Pixels, other: Pixels, random: Random) -> Pixels:
    """A copy that one to five edits made, then shrunk and compressed as messengers do; `other` is unrelated."""
    count = int(random.choice(list(HOW_MANY), p=list(HOW_MANY.values())))
    is_set_in = random.random() < SET_IN
    for name in _some(OF_THE_PICTURE, count - is_set_in, random):
        pixels = _one(name, pixels, other, random)
    if is_set_in:
        pixels = _one(_some(AROUND_IT, 1, random)[0], pixels, other, random)
        if random.random() < 0.3:  # and what was made of it is cut once more
            pixels = _one(_some({"crop": 2, "perspective": 1, "laid over": 1}, 1, random)[0], pixels, other, random)
    if random.random() < SHRUNK and min(pixels.shape[:2]) > 100:
        pixels = apply("shrink", pixels, other, seed=_seed(random))
    return apply("recompress", pixels, other, seed=_seed(random)) if random.random() < SAVED_AGAIN else pixels


def _some(weighted: dict[str, float], count: int, random: Random) -> list[str]:
    weights = np.array(list(weighted.values()))
    return [str(name) for name in random.choice(list(weighted), count, replace=False, p=weights / weights.sum())]


def _one(name: str, pixels: Pixels, other: Pixels, random: Random) -> Pixels:
    if name == "laid over":
        return laid_over(pixels, other, random)
    if name == "stickers":
        return stickered(pixels, random)
    if name == "captioned":
        return captioned(pixels, random, _seed(random))
    if name == "photographed":
        return photographed(pixels, random)
    return apply(name, pixels, other, seed=_seed(random))


def _seed(random: Random) -> int:
    return int(random.integers(1 << 30))
