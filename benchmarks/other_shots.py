"""Makes copies as by phone and pen, and pictures with words on them.

Every function takes RGB (H, W, 3) and a random generator, and gives RGB; the same seed gives the same picture.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks import layouts
from engine.pictures.variants import hills

Pixels = NDArray[np.uint8]
Random = np.random.Generator


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
    light = (1 + 0.25 * hills(random, h, w, min(h, w) / 1.5))[..., None] * random.uniform(0.75, 1.05)
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
