"""Makes copies as by phone and pen, and pictures with words on them.

Every function takes RGB (H, W, 3) and a random generator, and gives RGB; the same seed gives the same picture.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from engine.pictures.variants import hills
from training import layouts

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


def with_object(
    pixels: Pixels,
    other: Pixels,
    thing: Random,
    place: Random,
    *,
    plain: float = 0.0,
    moved: tuple[float, float] = (0.0, 0.0),
) -> Pixels:
    """With something out of another photograph in it: what it is by `thing`, where it stands by `place`.

    `moved`: to the right and down from there, in its own widths and heights. `plain`: how often it is of one colour, as
    a person from afar; alone it cannot be told from a sticker.
    """
    height, width = pixels.shape[:2]
    high = int(min(height, width) * thing.uniform(0.12, 0.42))
    wide = max(8, int(high * thing.uniform(0.4, 1.3)))
    patch = cv2.resize(_part(other, thing), (wide, high), interpolation=cv2.INTER_AREA)
    if thing.random() < plain:
        patch = np.full_like(patch, layouts.colour(thing)) + (patch // 8)
    mask = np.zeros((high, wide), np.uint8)
    if (shape := thing.random()) < 0.4:
        cv2.ellipse(mask, (wide // 2, high // 2), (wide // 2 - 1, high // 2 - 1), 0, 0, 360, 255, -1)
    elif shape < 0.75:
        corners = int(thing.integers(5, 10))
        angles, reach = np.sort(thing.uniform(0, 2 * np.pi, corners)), thing.uniform(0.6, 1, corners)
        outline = np.stack([wide / 2 * (1 + reach * np.cos(angles)), high / 2 * (1 + reach * np.sin(angles))], 1)
        cv2.fillPoly(mask, [outline.astype(np.int32)], 255)
    else:
        mask[1:-1, 1:-1] = 255
    x, y = place.uniform(0, width - wide) + moved[0] * wide, place.uniform(0.1, 1) * (height - high) + moved[1] * high
    x, y = int(np.clip(x, 0, width - wide)), int(np.clip(y, 0, height - high))
    made = pixels.astype(np.float32)
    alpha = cv2.GaussianBlur(mask, (0, 0), thing.uniform(0.4, 2.0)).astype(np.float32)[..., None] / 255
    part = made[y : y + high, x : x + wide]
    made[y : y + high, x : x + wide] = part * (1 - alpha) + patch * alpha
    return made.astype(np.uint8)


def inset(pixels: Pixels, other: Pixels, fixed: Random, content: Random) -> Pixels:
    """A title under or over it and another picture set into it: where by `fixed`, what the title says by `content`."""
    height, width = pixels.shape[:2]
    high, wide = (int(side * fixed.uniform(0.2, 0.5)) for side in (height, width))
    x, y = int(fixed.uniform(0.02, 0.98) * (width - wide)), int(fixed.uniform(0.02, 0.8) * (height - high))
    made = pixels.copy()
    made[y : y + high, x : x + wide] = cv2.resize(other, (wide, high), interpolation=cv2.INTER_AREA)
    if fixed.random() < 0.5:
        cv2.rectangle(made, (x, y), (x + wide, y + high), layouts.colour(fixed), int(fixed.integers(1, 5)))
    return banded(made, fixed, content) if fixed.random() < 0.7 else made


def banded(pixels: Pixels, fixed: Random, content: Random) -> Pixels:
    """With a flat band for words: its place and look by `fixed`, what they say by `content`."""
    height, width = pixels.shape[:2]
    band, is_above = int(height * fixed.uniform(0.1, 0.3)), fixed.random() < 0.4
    ground = layouts.colour(fixed) if fixed.random() < 0.5 else (255, 255, 255) if fixed.random() < 0.7 else (0, 0, 0)
    ink = (0, 0, 0) if sum(ground) > 384 else (255, 255, 255)
    if fixed.random() < 0.5:  # over the picture, not beside it
        image, top = Image.fromarray(pixels), 0 if is_above else height - band
        ImageDraw.Draw(image).rectangle((0, top, width, top + band), fill=ground)
    else:
        image, top = Image.new("RGB", (width, height + band), ground), 0 if is_above else height
        image.paste(Image.fromarray(pixels), (0, band if is_above else 0))
    draw, size = ImageDraw.Draw(image), max(10, int(band * fixed.uniform(0.2, 0.4)))
    face, is_loud = layouts.font("DejaVu Sans", size, bold=fixed.random() < 0.5), fixed.random() < 0.5
    for line in range(int(fixed.integers(1, max(2, 1 + int(band / (1.4 * size)))))):
        said = layouts.words(content, 2, 6)
        y = top + 0.15 * size + 1.3 * size * line
        draw.text((0.03 * width, y), said.upper() if is_loud else said, font=face, fill=ink)
    return np.asarray(image, np.uint8)


def stamped(pixels: Pixels, fixed: Random, content: Random) -> Pixels:
    """With the time and a camera's name, as recorders write them."""
    height, width = pixels.shape[:2]
    image = Image.fromarray(pixels)
    size = max(9, int(min(height, width) * fixed.uniform(0.025, 0.06)))
    face, name = (
        layouts.font("DejaVu Sans", size, bold=fixed.random() < 0.5),
        f"{layouts.word(fixed)} {fixed.integers(20)}",
    )
    day, month, year, hour, minute = (layouts.digits(content, 2) for _ in range(5))
    said = f"{name}  {day}.{month}.20{year} {hour}:{minute}"
    where = (int(fixed.uniform(0.01, 0.4) * width), int(height * 0.02) if fixed.random() < 0.5 else height - 2 * size)
    ImageDraw.Draw(image).text(where, said, font=face, fill=(255, 255, 255), stroke_width=1, stroke_fill=(0, 0, 0))
    return np.asarray(image, np.uint8)


def laid_over(pixels: Pixels, other: Pixels, random: Random) -> Pixels:
    """A copy: with stickers, bars, words, arrows and parts of another picture over it."""
    image = Image.fromarray(pixels)
    height, width = pixels.shape[:2]
    for _ in range(int(random.integers(1, 5))):
        size = min(height, width) * random.uniform(0.06, 0.42)
        layer = Image.new("RGBA", (width, height), (0, 0, 0, 0))
        draw = ImageDraw.Draw(layer)
        opacity = 255 if random.random() < 0.8 else int(random.integers(110, 240))
        ink, line = (*layouts.colour(random), opacity), (*layouts.colour(random), opacity)
        x, y = random.uniform(-0.1, 0.95) * width, random.uniform(-0.1, 0.95) * height
        what = int(random.integers(7))
        if what == 0:
            draw.ellipse((x, y, x + size, y + size), fill=ink, outline=line, width=int(random.integers(0, 7)))
            _symbol_in(draw, x, y, size, line, random)
        elif what == 1:
            wide = size * random.uniform(0.5, 4)
            draw.rounded_rectangle((x, y, x + wide, y + size / 2), radius=size * random.uniform(0, 0.25), fill=ink)
            _words_in(draw, x, y, size / 4, line, random)
        elif what == 2:
            turns = np.pi * (0.2 * np.arange(10) + random.uniform(0, 2))
            reach = np.where(np.arange(10) % 2, random.uniform(0.2, 0.45), 0.5) * size
            draw.polygon(
                [(x + r * np.cos(a), y + r * np.sin(a)) for r, a in zip(reach, turns, strict=True)],
                fill=ink,
                outline=line,
            )
        elif what == 3:
            _words_in(draw, x, y, size * random.uniform(0.3, 0.9), ink, random)
        elif what == 4:
            part = Image.fromarray(_part(other, random)).resize((max(4, int(size)), max(4, int(size * 0.8))))
            mask = Image.new("L", part.size, 0)
            (ImageDraw.Draw(mask).ellipse if random.random() < 0.5 else ImageDraw.Draw(mask).rectangle)(
                (1, 1, part.width - 2, part.height - 2), fill=opacity
            )
            layer.paste(part, (int(x), int(y)), mask)
        elif what == 5:
            thick = height * random.uniform(0.03, 0.14)
            top = float(random.choice([0, height - thick, y]))
            draw.rectangle((0, top, width, top + thick), fill=ink)
            _words_in(draw, 0.03 * width, top, thick * 0.6, line, random)
        else:
            end = x + random.normal(0, 0.3) * width, y + random.normal(0, 0.3) * height
            draw.line((x, y, *end), fill=ink, width=max(2, int(size / 10)))
            draw.ellipse((end[0] - size / 8, end[1] - size / 8, end[0] + size / 8, end[1] + size / 8), fill=ink)
        image = Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")
    return np.asarray(image, np.uint8)


GLYPHS = "\u263a\u263b\u2665\u2605\u2600\u2602\u260e\u2708\u273f\u2744\u266b\u2691"  # faces, hearts, stars, flowers


def stickered(pixels: Pixels, random: Random) -> Pixels:
    """A copy: with one or two large stickers on it, cleanly drawn in several colours."""
    image = Image.fromarray(pixels).convert("RGBA")
    width, height = image.size
    for _ in range(1 if random.random() < 0.75 else 2):
        size = int(min(height, width) * random.uniform(0.15, 0.62))
        made = _sticker(random).resize((size, size), Image.Resampling.LANCZOS)
        if random.random() < 0.15:
            made.putalpha(Image.fromarray((np.asarray(made)[..., 3] * random.uniform(0.5, 0.9)).astype(np.uint8)))
        place = (
            int(random.uniform(-0.3, width / size - 0.7) * size),
            int(random.uniform(-0.3, height / size - 0.7) * size),
        )
        layer = Image.new("RGBA", image.size)
        layer.paste(made, place)
        image = Image.alpha_composite(image, layer)
    return np.asarray(image.convert("RGB"), np.uint8)


def _sticker(random: Random) -> Image.Image:
    """A face, a thing or a sign, 512 x 512, of a few flat colours, perhaps turned."""
    side = 512
    made = Image.new("RGBA", (side, side))
    draw = ImageDraw.Draw(made)
    if random.random() < 0.25:
        glyph, ink, line = str(random.choice(list(GLYPHS))), layouts.colour(random), layouts.colour(random)
        face = layouts.font("DejaVu Sans", side - 90, bold=True)
        draw.text(
            (side / 2, side / 2),
            glyph,
            font=face,
            fill=ink,
            anchor="mm",
            stroke_width=int(random.integers(0, 24)),
            stroke_fill=line,
        )
    else:
        inks = [layouts.colour(random) for _ in range(int(random.integers(2, 5)))]
        _blob(draw, (side / 2, side / 2), side * 0.47, inks[0], random)
        for _ in range(int(random.integers(2, 8))):
            angle, away = random.uniform(0, 2 * np.pi), random.uniform(0, 0.3) * side
            middle = side / 2 + away * np.cos(angle), side / 2 + away * np.sin(angle)
            _blob(draw, middle, side * random.uniform(0.04, 0.2), inks[int(random.integers(len(inks)))], random)
    return made.rotate(random.uniform(-40, 40) if random.random() < 0.4 else 0, Image.Resampling.BICUBIC)


def _blob(
    draw: ImageDraw.ImageDraw, middle: tuple[float, float], reach: float, ink: tuple[int, int, int], random: Random
) -> None:
    """A disc, a ring sector, a rounded box or a figure with some corners."""
    x, y = middle
    squeezed = reach * random.uniform(0.6, 1)
    box = (x - reach, y - squeezed, x + reach, y + squeezed)
    what = int(random.integers(4))
    if what == 0:
        draw.ellipse(box, fill=ink)
    elif what == 1:
        start = random.uniform(0, 360)
        draw.pieslice(box, start, start + random.uniform(120, 330), fill=ink)
    elif what == 2:
        draw.rounded_rectangle(box, radius=squeezed * random.uniform(0.1, 0.9), fill=ink)
    else:
        corners = int(random.integers(3, 12))
        turns = 2 * np.pi * np.arange(corners) / corners + random.uniform(0, 2 * np.pi)
        reaches = reach * (
            np.where(np.arange(corners) % 2, random.uniform(0.4, 1), 1) if corners > 5 else np.ones(corners)
        )
        draw.polygon([(x + r * np.cos(a), y + r * np.sin(a)) for r, a in zip(reaches, turns, strict=True)], fill=ink)


def _symbol_in(
    draw: ImageDraw.ImageDraw, x: float, y: float, size: float, ink: tuple[int, ...], random: Random
) -> None:
    """A face, a letter or a mark in a round sticker."""
    if random.random() < 0.5:
        for eye in (0.28, 0.62):
            draw.ellipse((x + size * eye, y + size * 0.28, x + size * (eye + 0.1), y + size * 0.44), fill=ink)
        draw.arc(
            (x + size * 0.25, y + size * 0.4, x + size * 0.75, y + size * 0.82),
            0,
            180,
            fill=ink,
            width=max(2, int(size / 14)),
        )
    else:
        said = str(random.choice(list("ABKMRXZ0123456789?!&%")))
        draw.text(
            (x + size * 0.3, y + size * 0.15),
            said,
            font=layouts.font("DejaVu Sans", max(8, int(size * 0.6)), bold=True),
            fill=ink,
        )


def _words_in(draw: ImageDraw.ImageDraw, x: float, y: float, size: float, ink: tuple[int, ...], random: Random) -> None:
    said = layouts.words(random, 1, 4)
    stroke = int(random.integers(0, 3))
    draw.text(
        (x + size / 4, y + size / 4),
        said,
        font=layouts.font("DejaVu Sans", max(8, int(size)), bold=True),
        fill=ink,
        stroke_width=stroke,
        stroke_fill=(0, 0, 0, ink[-1]),
    )


def _part(pixels: Pixels, random: Random) -> Pixels:
    """Some part of a picture, of a third to all of its sides."""
    height, width = pixels.shape[:2]
    share = random.uniform(0.3, 1)
    h, w = max(8, int(height * share)), max(8, int(width * share))
    y, x = int(random.integers(0, height - h + 1)), int(random.integers(0, width - w + 1))
    return pixels[y : y + h, x : x + w]


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
