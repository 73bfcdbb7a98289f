"""Makes edited copies of pictures, as people do: for calibration, the demo and benchmarks.

Every edit is a function (pixels, random generator, other) -> pixels, where `other` is some unrelated picture to use as
a background or neighbour. The same seed gives the same copy.
"""

import math
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from engine.domain import Pixels

Random = np.random.Generator
EditFunction = Callable[[Pixels, Random, Pixels], Pixels]
WORDS = ["when", "you", "find", "the", "picture", "that", "nobody", "could", "find", "before", "at", "last"]


def crop(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    """A window of 20-75 % of the area, of about the same shape."""
    share = math.sqrt(random.uniform(0.2, 0.75))
    height, width = pixels.shape[:2]
    h, w = round(height * share * random.uniform(0.9, 1.1)), round(width * share * random.uniform(0.9, 1.1))
    h, w = min(height, max(16, h)), min(width, max(16, w))
    y, x = random.integers(0, height - h + 1), random.integers(0, width - w + 1)
    return pixels[y : y + h, x : x + w].copy()


def mirror(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    return np.ascontiguousarray(pixels[:, ::-1])


def turn(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    """By 90, 180 or 270 degrees."""
    return np.ascontiguousarray(np.rot90(pixels, int(random.integers(1, 4))))


def rotate(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    """By up to 25 degrees; half the time cut to what has no corners, else with flat corners."""
    height, width = pixels.shape[:2]
    angle = float(random.uniform(5, 25) * random.choice([-1, 1]))
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    fill = tuple(int(c) for c in random.choice([0, 255], 1).repeat(3))
    turned = cv2.warpAffine(pixels, matrix, (width, height), flags=cv2.INTER_LINEAR, borderValue=fill)
    if random.random() < 0.5:
        return _pixels(turned)
    inset = 0.5 * (
        1
        - 1
        / (math.cos(math.radians(angle)) + max(width, height) / min(width, height) * abs(math.sin(math.radians(angle))))
    )
    y, x = round(height * inset), round(width * inset)
    return _pixels(turned[y : max(y + 1, height - y), x : max(x + 1, width - x)])


def screenshot(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    """The picture on an app's screen: bars, lines of text, buttons, a neighbour's thumbnail."""
    wide = random.random() < 0.5
    width, height = (1200, 740) if wide else (540, 1080)
    dark = random.random() < 0.4
    ground, ink = ((24, 26, 30), (225, 225, 230)) if dark else ((250, 250, 251), (40, 42, 46))
    screen = PillowImage.new("RGB", (width, height), ground)
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, width, 48), fill=tuple(int(c) for c in random.integers(20, 235, 3)))
    room_w, room_h = (
        (int(width * random.uniform(0.3, 0.6)), int(height * 0.6))
        if wide
        else (width - 2 * int(random.integers(0, 24)), int(height * 0.55))
    )
    inner = _fit(pixels, room_w, room_h)
    x = int(random.integers(0, width - inner.shape[1] + 1)) if wide else (width - inner.shape[1]) // 2
    y = int(random.integers(60, height - inner.shape[0] - 20))
    for line in range(56, height - 10, 22):
        if random.random() < 0.6:
            left = int(random.integers(6, width // 2))
            draw.text(
                (left, line), " ".join(random.choice(WORDS, int(random.integers(2, 7)))), fill=ink, font=_font(14)
            )
    for _ in range(5):
        cx, cy = int(random.integers(0, width)), int(random.integers(60, height))
        draw.ellipse((cx, cy, cx + 30, cy + 30), fill=tuple(int(c) for c in random.integers(0, 255, 3)))
    if wide and random.random() < 0.6:
        screen.paste(PillowImage.fromarray(_fit(other, 150, 120)), (width - 160, height - 140))
    screen.paste(PillowImage.fromarray(inner), (x, y))
    return _pixels(np.asarray(screen))


def paste(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    """On another picture, taking 15-50 % of its area."""
    ground = _fit(other, 640, 640)
    height, width = ground.shape[:2]
    share = math.sqrt(random.uniform(0.15, 0.5))
    inner = _fit(pixels, min(width, max(24, round(width * share))), min(height, max(24, round(height * share))))
    y = int(random.integers(0, height - inner.shape[0] + 1))
    x = int(random.integers(0, width - inner.shape[1] + 1))
    ground[y : y + inner.shape[0], x : x + inner.shape[1]] = inner
    return ground


def pad(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    """Flat bars on two or four sides."""
    height, width = pixels.shape[:2]
    top, left = (round(side * random.uniform(0.05, 0.4)) for side in (height, width))
    if random.random() < 0.5:
        top, left = (0, left) if random.random() < 0.5 else (top, 0)
    fill = tuple(
        int(c) for c in (random.choice([0, 255], 1).repeat(3) if random.random() < 0.7 else random.integers(0, 255, 3))
    )
    return _pixels(cv2.copyMakeBorder(pixels, top, top, left, left, cv2.BORDER_CONSTANT, value=fill))


def meme(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    """A flat band with a line of text above or below."""
    height, width = pixels.shape[:2]
    band = round(height * random.uniform(0.15, 0.3))
    canvas = np.full((height + band, width, 3), 255 if random.random() < 0.7 else 0, np.uint8)
    below = random.random() < 0.5
    canvas[(0 if below else band) : (height if below else height + band)] = pixels
    page = PillowImage.fromarray(canvas)
    ink = (0, 0, 0) if canvas[-1 if below else 0, 0, 0] else (255, 255, 255)
    text = " ".join(random.choice(WORDS, 5))
    ImageDraw.Draw(page).text(
        (8, (height if below else 0) + band * 0.3), text, fill=ink, font=_font(max(12, band // 3))
    )
    return _pixels(np.asarray(page))


def story(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    """On an upright screen with its own blurred enlargement behind."""
    width, height = 540, 960
    blurred = cv2.GaussianBlur(cv2.resize(pixels, (width, height)), (0, 0), 18)
    inner = _fit(pixels, width - 40, round(height * 0.7))
    y, x = (height - inner.shape[0]) // 2, (width - inner.shape[1]) // 2
    blurred[y : y + inner.shape[0], x : x + inner.shape[1]] = inner
    return _pixels(blurred)


def collage(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    """Side by side or above one another with another picture."""
    height, width = pixels.shape[:2]
    neighbour = cv2.resize(other, (width, height), interpolation=cv2.INTER_AREA)
    gap = int(random.integers(0, 8))
    pair = [pixels, neighbour] if random.random() < 0.5 else [neighbour, pixels]
    if width > height:
        strip = np.full((gap, width, 3), 255, np.uint8)
        return _pixels(np.vstack([pair[0], strip, pair[1]]))
    strip = np.full((height, gap, 3), 255, np.uint8)
    return _pixels(np.hstack([pair[0], strip, pair[1]]))


def blur(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    return _pixels(cv2.GaussianBlur(pixels, (0, 0), max(pixels.shape[:2]) * random.uniform(0.004, 0.011)))


def noise(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    noisy = pixels + random.normal(0, random.uniform(10, 40), pixels.shape)
    return np.clip(noisy, 0, 255).astype(np.uint8)


def pixelate(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    share = random.uniform(0.15, 0.4)
    small = cv2.resize(
        pixels, (max(8, round(width * share)), max(8, round(height * share))), interpolation=cv2.INTER_AREA
    )
    return _pixels(cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST))


def recompress(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    """JPEG of quality 8-30."""
    quality = int(random.integers(8, 31))
    _, content = cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])
    return _pixels(cv2.cvtColor(cv2.imdecode(content, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB))


def shrink(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    share = max(random.uniform(0.2, 0.5), 1 / min(pixels.shape[:2]))
    return _pixels(cv2.resize(pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA))


def recolour(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    """Brightness, contrast, saturation and a colour cast."""
    grey = pixels.mean(axis=2, keepdims=True)
    saturated = grey + (pixels - grey) * random.uniform(0.3, 1.8)
    changed = (saturated - 128) * random.uniform(0.6, 1.5) + 128 + random.uniform(-45, 45)
    return _pixels(np.clip(changed * random.uniform(0.85, 1.15, 3), 0, 255))


def grayscale(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    return _pixels(cv2.cvtColor(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB))


def write_text(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    """One to three large lines of text across the picture."""
    page = PillowImage.fromarray(pixels)
    draw = ImageDraw.Draw(page)
    ink = tuple(int(c) for c in random.choice([0, 255], 3))
    for _ in range(int(random.integers(1, 4))):
        size = max(12, round(page.height * random.uniform(0.07, 0.16)))
        at = (page.width * random.uniform(0.0, 0.3), page.height * random.uniform(0.0, 0.8))
        draw.text(at, " ".join(random.choice(WORDS, 4)), fill=ink, font=_font(size))
    return _pixels(np.asarray(page))


def sticker(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    """One or two round stickers of up to 45 % of the shorter side."""
    page = PillowImage.fromarray(pixels)
    draw = ImageDraw.Draw(page)
    for _ in range(int(random.integers(1, 3))):
        size = min(page.size) * random.uniform(0.2, 0.45)
        x, y = random.uniform(0, page.width - size), random.uniform(0, page.height - size)
        draw.ellipse((x, y, x + size, y + size), fill=(250, 205, 60))
        for eye in (0.28, 0.62):
            draw.ellipse((x + size * eye, y + size * 0.28, x + size * (eye + 0.1), y + size * 0.45), fill=(70, 45, 20))
        draw.chord((x + size * 0.25, y + size * 0.45, x + size * 0.75, y + size * 0.85), 0, 180, fill=(120, 40, 30))
    return _pixels(np.asarray(page))


def stripes(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    """Thin lines across the whole picture."""
    striped = pixels.copy()
    step = int(random.integers(12, 40))
    for start in range(0, sum(pixels.shape[:2]), step):
        cv2.line(striped, (start, 0), (0, start), tuple(int(c) for c in random.choice([0, 255], 1).repeat(3)), 2)
    return striped


def stretch(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    """One side longer by 1.2 to 1.8."""
    factor = random.uniform(1.2, 1.8)
    fx, fy = (factor, 1.0) if random.random() < 0.5 else (1.0, factor)
    return _pixels(cv2.resize(pixels, None, fx=fx, fy=fy, interpolation=cv2.INTER_LINEAR))


def perspective(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    inward = random.uniform(0, 0.2, (4, 2)) * [[1, 1], [-1, 1], [-1, -1], [1, -1]] * [width, height]
    matrix = cv2.getPerspectiveTransform(source, (source + inward).astype(np.float32))
    return _pixels(cv2.warpPerspective(pixels, matrix, (width, height)))


EDITS: dict[str, EditFunction] = {
    function.__name__: function
    for function in (
        crop, mirror, turn, rotate, screenshot, paste, pad, meme, story, collage, blur, noise, pixelate, recompress,
        shrink, recolour, grayscale, write_text, sticker, stripes, stretch, perspective,
    )
}  # fmt: skip
SHOW_OTHER = frozenset({"screenshot", "paste", "collage"})  # the other picture is to be seen in the copy too
MIXABLE = (
    "crop",
    "mirror",
    "rotate",
    "blur",
    "noise",
    "recompress",
    "recolour",
    "grayscale",
    "write_text",
    "sticker",
    "stretch",
    "pad",
)


def mix(pixels: Pixels, random: Random, other: Pixels) -> Pixels:
    """Three different edits one after another."""
    for name in random.choice(MIXABLE, 3, replace=False):
        pixels = EDITS[str(name)](pixels, random, other)
    return pixels


EDITS["mix"] = mix


def apply(name: str, pixels: Pixels, other: Pixels, *, seed: int) -> Pixels:
    """The edit called `name`, of an RGB picture; `other` is an unrelated one."""
    return EDITS[name](np.ascontiguousarray(pixels), np.random.default_rng(seed), other)


def _fit(pixels: Pixels, width: int, height: int) -> Pixels:
    scale = min(width / pixels.shape[1], height / pixels.shape[0])
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return _pixels(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR))


def _pixels(array: object) -> Pixels:
    return np.ascontiguousarray(array, np.uint8)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
