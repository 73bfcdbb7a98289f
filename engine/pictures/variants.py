"""Makes other versions of a picture: the same scene, and not the same picture. For benchmarks and for fitting.

All take and give RGB (H, W, 3); the same random generator, or seed, gives the same picture.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.domain import Pixels

Random = np.random.Generator
Plane = NDArray[np.float32]  # (H, W)
Mask = NDArray[np.bool_]  # (H, W)

TRIES = 6  # until something is to be seen of a change
SIDE, LEVELS, LEAST = (
    256,
    20,
    0.004,
)  # a change is seen if, at so many pixels, this share differs by so many grey levels

SMALL = (0.04, 0.1)  # radii of what is replaced: larger things are like stickers, which copies may have


def vary(kind: str, pixels: Pixels, other: Pixels, *, seed: int) -> Pixels | None:
    """Another version of a kind in `VARIANTS`; `other` is an unrelated picture.

    None where nothing is to be seen of any change that was tried, as in a picture of a clear sky.
    """
    chosen = VARIANTS[kind]
    for attempt in range(TRIES):
        random = np.random.default_rng([seed, attempt])
        changed = chosen.change(np.ascontiguousarray(pixels), random, other)
        if differs_visibly(pixels, changed):
            return chosen.finish(changed, random)
    return None


def differs_visibly(one: Pixels, other: Pixels) -> bool:
    """Whether two pictures of one size, laid on each other, show something else somewhere."""
    height, width = one.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    greys = (
        cv2.resize(cv2.cvtColor(shown, cv2.COLOR_RGB2GRAY), size, interpolation=cv2.INTER_AREA)
        for shown in (one, other)
    )
    return bool((cv2.absdiff(*greys) > LEVELS).mean() >= LEAST)


def step_aside(pixels: Pixels, random: Random) -> Pixels:
    """Another shot of it: what is near moves more than what is far; frame and light differ a little."""
    return relit(_trimmed(_shot(pixels, random)), random)


def rearranged(pixels: Pixels, random: Random) -> Pixels:
    """Something in it is elsewhere; its old place shows other parts of the picture."""
    return relit(_moved(pixels, random), random)


def relit(pixels: Pixels, random: Random) -> Pixels:
    """In another light: gamma, brightness, colour, and fresh noise."""
    gamma, gain = random.uniform(0.85, 1.2), random.uniform(0.9, 1.1) * random.uniform(0.96, 1.04, 3)
    lit = 255 * np.clip((pixels / 255.0) ** gamma * gain, 0, 1)
    return np.asarray(np.clip(lit + random.normal(0, random.uniform(0.5, 3), pixels.shape), 0, 255), np.uint8)


def hills(random: Random, height: int, width: int, scale: float) -> Plane:
    """Soft hills of about so many pixels, in [-1, 1]."""
    rows, columns = max(2, int(height / scale) + 2), max(2, int(width / scale) + 2)
    drawn = cv2.resize(
        random.normal(size=(rows, columns)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    return np.asarray(drawn / (np.abs(drawn).max() + 1e-6), np.float32)


# --- what is changed: the size stays, and so does the light


def _shot(pixels: Pixels, random: Random) -> Pixels:
    """From a step aside, by a made-up depth."""
    height, width = pixels.shape[:2]
    strength = 10 ** random.uniform(-2.3, -1.3) * width  # pixels
    ground = np.linspace(random.uniform(0, 0.4), random.uniform(0.4, 1), height, dtype=np.float32)[:, None]
    depth = ground.repeat(width, 1) + 0.25 * hills(random, height, width, min(height, width) / random.uniform(2, 6))
    for _ in range(int(random.integers(1, 5))):
        depth = np.where(_blob(random, height, width), random.uniform(0.5, 1.6), depth)
    depth = cv2.GaussianBlur(depth.astype(np.float32), (0, 0), 1.2)
    depth -= np.median(depth)
    is_odd = random.random() < 0.4
    angle = random.uniform(0, 2 * np.pi) if is_odd else random.choice([0, np.pi]) + random.normal(0, 0.15)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    turn = np.radians(random.normal(0, 0.8)) if random.random() < 0.7 else 0.0
    zoom, (right, down) = 1 + random.normal(0, 0.012), random.normal(0, 0.012, 2) * width
    from_middle = x - width / 2, y - height / 2
    turned_x = from_middle[0] * zoom * np.cos(turn) - from_middle[1] * zoom * np.sin(turn) + width / 2 + right
    turned_y = from_middle[0] * zoom * np.sin(turn) + from_middle[1] * zoom * np.cos(turn) + height / 2 + down
    shot = cv2.remap(
        pixels,
        (turned_x + depth * strength * np.cos(angle)).astype(np.float32),
        (turned_y + depth * strength * np.sin(angle)).astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REFLECT,
    )
    return np.asarray(shot, np.uint8)


def _moved(pixels: Pixels, random: Random) -> Pixels:
    height, width = pixels.shape[:2]
    made = pixels.astype(np.float32)
    for _ in range(int(random.integers(1, 4))):
        thing = _blob(random, height, width)
        right, down = int(random.normal(0, 0.12) * width), int(random.normal(0, 0.08) * height)
        if abs(right) + abs(down) < 0.03 * width:
            right += int(0.08 * width)
        behind = np.roll(pixels, int(random.choice([-1, 1]) * 0.25 * width), 1)
        made = _blended(made, behind, thing, 2)
        there = np.roll(thing, (down, right), (0, 1))
        made = _blended(made, np.roll(pixels, (down, right), (0, 1)), there, 1.5)
    return made.astype(np.uint8)


def _replaced(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    """In several places something small of another picture stands instead, in the brightness of what was there."""
    height, width = pixels.shape[:2]
    guest = cv2.resize(other, (width, height), interpolation=cv2.INTER_AREA)
    made = pixels.astype(np.float32)
    for _ in range(int(random.integers(4, 9))):
        place = _blob(random, height, width, SMALL)
        if not place.any():
            continue
        turned = np.roll(guest, (int(random.integers(height)), int(random.integers(width))), (0, 1)).astype(np.float32)
        turned += made[place].mean() - turned[place].mean()
        made = _blended(made, turned, place, 2)
    return np.asarray(np.clip(made, 0, 255), np.uint8)


def _shaded(pixels: Pixels, random: Random) -> Pixels:
    """At another time of the day: light from elsewhere, shadows, and another warmth."""
    height, width = pixels.shape[:2]
    light = 1 + 0.3 * hills(random, height, width, max(height, width) / 1.5)
    for _ in range(int(random.integers(1, 3))):
        shadow = _blob(random, height, width).astype(np.float32)
        light *= 1 - random.uniform(0.15, 0.35) * cv2.GaussianBlur(shadow, (0, 0), 0.01 * max(height, width) + 0.5)
    warmth = 1 + random.uniform(0.03, 0.1) * random.choice([-1, 1]) * np.array([1, 0, -1])
    return relit(np.asarray(np.clip(pixels * light[..., None] * warmth, 0, 255), np.uint8), random)


def _trimmed(shot: Pixels) -> Pixels:
    """Without the edge, where nothing is known of what was beside the picture."""
    height, width = shot.shape[:2]
    edge = max(4, int(0.03 * min(height, width)))
    return shot[edge : height - edge, edge : width - edge] if min(height, width) > 4 * edge else shot


def _blob(random: Random, height: int, width: int, radii: tuple[float, float] = (0.08, 0.3)) -> Mask:
    """The outline of some thing, likelier in the lower half; `radii`: shares of the shorter side."""
    mask = np.zeros((height, width), np.uint8)
    corners = int(random.integers(6, 11))
    x, y = random.uniform(0.15, 0.85) * width, random.uniform(0.25, 0.95) * height
    radius = random.uniform(*radii) * min(height, width)
    angles = np.sort(random.uniform(0, 2 * np.pi, corners))
    across = x + radius * random.uniform(0.6, 1.4, corners) * np.cos(angles)
    down = y + radius * random.uniform(0.7, 1.8, corners) * np.sin(angles)
    cv2.fillPoly(mask, [np.stack([across, down], 1).astype(np.int32)], 1)
    return mask.astype(bool)


def _blended(under: Plane, over: NDArray[np.uint8] | Plane, mask: Mask, softness: float) -> Plane:
    alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), softness)[..., None]
    return np.asarray(under * (1 - alpha) + over * alpha, np.float32)


@dataclass(frozen=True, slots=True)
class Kind:
    """How a variant is made: what is changed in the picture, and then what becomes of frame and light."""

    change: Callable[[Pixels, Random, Pixels], Pixels]
    finish: Callable[[Pixels, Random], Pixels]


VARIANTS: dict[str, Kind] = {
    "another_shot": Kind(
        lambda pixels, random, _: _shot(pixels, random), lambda shot, random: relit(_trimmed(shot), random)
    ),
    "another_light": Kind(
        lambda pixels, random, _: _shot(pixels, random), lambda shot, random: _shaded(_trimmed(shot), random)
    ),
    "moved": Kind(lambda pixels, random, _: _moved(pixels, random), relit),
    "replaced": Kind(_replaced, relit),
}
