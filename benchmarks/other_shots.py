"""Makes variants of photographs, which share a scene but are not the same picture; and copies as by phone and pen.

Every function takes RGB (H, W, 3) and a random generator, and gives RGB; the same seed gives the same picture.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks import layouts

Pixels = NDArray[np.uint8]
Grey = NDArray[np.float32]
Random = np.random.Generator


def step_aside(pixels: Pixels, random: Random) -> Pixels:
    """Another shot of it: what is near moves more than what is far; frame and light differ a little."""
    height, width = pixels.shape[:2]
    strength = 10 ** random.uniform(-2.3, -1.3) * width  # pixels
    ground = np.linspace(random.uniform(0, 0.4), random.uniform(0.4, 1), height, dtype=np.float32)[:, None]
    depth = ground.repeat(width, 1) + 0.25 * _smooth(random, height, width, min(height, width) / random.uniform(2, 6))
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
    edge = max(4, int(0.03 * min(height, width)))
    return _relit(np.asarray(shot, np.uint8)[edge : height - edge, edge : width - edge], random)


def rearranged(pixels: Pixels, random: Random) -> Pixels:
    """Something in it is elsewhere; its old place shows other parts of the picture."""
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
    return _relit(made.astype(np.uint8), random)


def captioned(pixels: Pixels, random: Random, content: int) -> Pixels:
    """With words on it: their place by `random`, what they say by `content`."""
    height, width = pixels.shape[:2]
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    size = max(14, int(height * random.uniform(0.06, 0.12)))
    face = layouts.font("DejaVu Sans", size, bold=True)
    has_both, has_upper = random.random() < 0.6, random.random() < 0.5
    own = np.random.default_rng(content)
    for is_upper, y in ((True, height * 0.03), (False, height * 0.97 - 1.3 * size)):
        if not has_both and is_upper != has_upper:
            continue
        said = layouts.words(own, 2, 5).upper()
        while draw.textlength(said, font=face) > width * 0.96 and " " in said:
            said = said.rsplit(" ", 1)[0]
        place = ((width - draw.textlength(said, font=face)) / 2, y)
        draw.text(place, said, font=face, fill=(255, 255, 255), stroke_width=max(1, size // 14), stroke_fill=(0, 0, 0))
    return np.asarray(image, np.uint8)


def photographed(pixels: Pixels, random: Random) -> Pixels:
    """A copy: photographed by hand from paper or a screen, a little curved, in uneven light."""
    height, width = pixels.shape[:2]
    h, w = int(height * 1.24), int(width * 1.24)
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = corners + [0.12 * width, 0.12 * height] + random.normal(0, 0.035, (4, 2)) * [width, height]
    matrix = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    table = layouts.colour(random, 30, 200)
    shot = cv2.warpPerspective(pixels, matrix, (w, h), flags=cv2.INTER_AREA, borderValue=table)
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    bent = y + (random.normal(0, 0.006) * h * np.sin(np.pi * x / w)).astype(np.float32)
    shot = cv2.remap(shot, x, bent, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    light = (1 + 0.25 * _smooth(random, h, w, min(h, w) / 1.5))[..., None] * random.uniform(0.75, 1.05)
    blurred = cv2.GaussianBlur(np.clip(shot * light, 0, 255), (0, 0), random.uniform(0.3, 1.2))
    return np.asarray(np.clip(blurred + random.normal(0, random.uniform(1, 5), blurred.shape), 0, 255), np.uint8)


def drawn_on(pixels: Pixels, random: Random) -> Pixels:
    """A copy: with strokes, rings, crosses and a highlighter on it."""
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image, "RGBA")
    height, width = pixels.shape[:2]
    for _ in range(int(random.integers(1, 5))):
        ink, thick = layouts.colour(random), max(2, int(min(height, width) * random.uniform(0.004, 0.015)))
        x, y = random.uniform(0, width), random.uniform(0, height)
        what = int(random.integers(4))
        if what == 0:
            stroke = [
                (x + random.normal(0, 0.1) * width * n / 3, y + random.normal(0, 0.05) * height) for n in range(6)
            ]
            draw.line(stroke, fill=ink, width=thick)
        elif what == 1:
            r = random.uniform(0.04, 0.15) * width
            draw.ellipse((x - r, y - r * 0.6, x + r, y + r * 0.6), outline=ink, width=thick)
        elif what == 2:
            draw.line((x - 20, y - 20, x + 20, y + 20), fill=ink, width=thick)
            draw.line((x + 20, y - 20, x - 20, y + 20), fill=ink, width=thick)
        else:
            draw.rectangle((x, y, x + 0.3 * width, y + 0.04 * height), fill=(255, 230, 0, 110))
    return np.asarray(image, np.uint8)


def saved_again(pixels: Pixels, random: Random) -> Pixels:
    """A copy: as a JPEG of any quality."""
    _, content = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(20, 90))])
    decoded = cv2.imdecode(content, cv2.IMREAD_COLOR)
    assert decoded is not None
    return np.ascontiguousarray(decoded[:, :, ::-1], np.uint8)


def smaller(pixels: Pixels, random: Random, least: float = 0.4) -> Pixels:
    """A copy: shrunk."""
    share = random.uniform(least, 1)
    return np.asarray(cv2.resize(pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)


def _relit(pixels: Pixels, random: Random) -> Pixels:
    """In another light: gamma, brightness, colour, and fresh noise."""
    gamma, gain = random.uniform(0.85, 1.2), random.uniform(0.9, 1.1) * random.uniform(0.96, 1.04, 3)
    lit = 255 * np.clip((pixels / 255.0) ** gamma * gain, 0, 1)
    return np.asarray(np.clip(lit + random.normal(0, random.uniform(0.5, 3), pixels.shape), 0, 255), np.uint8)


def _smooth(random: Random, height: int, width: int, scale: float) -> Grey:
    """Soft hills of about so many pixels, in [-1, 1]."""
    rows, columns = max(2, int(height / scale) + 2), max(2, int(width / scale) + 2)
    hills = cv2.resize(
        random.normal(size=(rows, columns)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    return np.asarray(hills / (np.abs(hills).max() + 1e-6), np.float32)


def _blob(random: Random, height: int, width: int) -> NDArray[np.bool_]:
    """The outline of some thing, likelier in the lower half."""
    mask = np.zeros((height, width), np.uint8)
    corners = int(random.integers(6, 11))
    x, y = random.uniform(0.15, 0.85) * width, random.uniform(0.25, 0.95) * height
    radius = random.uniform(0.08, 0.3) * min(height, width)
    angles = np.sort(random.uniform(0, 2 * np.pi, corners))
    across = x + radius * random.uniform(0.6, 1.4, corners) * np.cos(angles)
    down = y + radius * random.uniform(0.7, 1.8, corners) * np.sin(angles)
    cv2.fillPoly(mask, [np.stack([across, down], 1).astype(np.int32)], 1)
    return mask.astype(bool)


def _blended(under: Grey, over: Pixels, mask: NDArray[np.bool_], softness: float) -> Grey:
    alpha = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), softness)[..., None]
    return np.asarray(under * (1 - alpha) + over * alpha, np.float32)
