"""Makes pictures that share a layout: the same ticket, menu or timetable, filled in by different people.

`draw(kind, layout, content)` gives a picture; two of one `kind` and `layout` but of another `content` are variants of
each other. The same seeds give the same picture.
"""

from collections.abc import Callable
from functools import cache
from itertools import pairwise

import numpy as np
from matplotlib import font_manager
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8]
Random = np.random.Generator
Ink = tuple[int, int, int]

SYLLABLES = (
    *("ka", "lo", "mi", "ren", "to", "va", "shi", "der", "ost", "lin", "mar", "bel", "sun", "gor", "pa", "ti"),
    *("em", "ar", "no", "wil", "fen", "ha", "ju", "ro"),
)
FONTS = ("DejaVu Sans", "DejaVu Serif", "DejaVu Sans Mono")


@cache
def _font_path(family: str, bold: bool) -> str:
    return str(font_manager.findfont(font_manager.FontProperties(family=family, weight="bold" if bold else "normal")))


@cache
def font(family: str, size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_font_path(family, bold), size)


def word(random: Random) -> str:
    return "".join(random.choice(SYLLABLES, int(random.integers(1, 4)))).capitalize()


def words(random: Random, least: int, most: int) -> str:
    return " ".join(word(random) for _ in range(int(random.integers(least, most + 1))))


def digits(random: Random, count: int) -> str:
    return "".join(map(str, random.integers(0, 10, count)))


def colour(random: Random, low: int = 0, high: int = 256) -> tuple[int, int, int]:
    r, g, b = random.integers(low, high, 3)
    return int(r), int(g), int(b)


class Sheet:
    """Something to draw on; `fixed` decides on the layout, `own` on what is filled in."""

    def __init__(self, fixed: Random, own: Random, width: int, height: int, ground: tuple[int, int, int]) -> None:
        self.fixed, self.own = fixed, own
        self.width, self.height, self.ground = width, height, ground
        self.image = Image.new("RGB", (width, height), ground)
        self.draw = ImageDraw.Draw(self.image)
        self.family = str(fixed.choice(FONTS))
        self.ink = colour(fixed, 0, 90) if sum(ground) > 380 else colour(fixed, 180, 256)
        self.accent = colour(fixed, 30, 220)

    def text(
        self, x: float, y: float, said: str, size: int = 18, *, bold: bool = False, fill: Ink | None = None
    ) -> None:
        self.draw.text((x, y), said, font=font(self.family, size, bold), fill=fill or self.ink)

    def done(self) -> Pixels:
        return np.asarray(self.image, np.uint8)


def _sheet(fixed: Random, own: Random, width: int, height: int, *, dark: float = 0.15) -> Sheet:
    ground = colour(fixed, 10, 60) if fixed.random() < dark else colour(fixed, 225, 256)
    return Sheet(fixed, own, width, height, ground)


def ticket(fixed: Random, own: Random) -> Pixels:
    s = _sheet(fixed, own, 900, 380)
    s.draw.rectangle((0, 0, 900, 70), fill=s.accent)
    s.text(24, 16, words(fixed, 2, 3), 34, bold=True, fill=(255, 255, 255))
    for n, label in enumerate(("From", "To", "Date", "Seat", "Name", "Fare")):
        x, y = 30 + 290 * (n % 3), 100 + 120 * (n // 3)
        s.text(x, y, label, 16)
        filled = (
            words(own, 1, 2),
            words(own, 1, 2),
            f"{own.integers(1, 29)}.{own.integers(1, 13)}.20{own.integers(10, 30)}",
            f"{own.integers(1, 60)}{'ABCDEF'[own.integers(6)]}",
            words(own, 2, 2),
            f"{own.integers(10, 900)}.{digits(own, 2)}",
        )[n]
        s.text(x, y + 26, filled, 30, bold=True)
    for x in range(30, 860, 6):
        if own.random() < 0.5:
            s.draw.rectangle((x, 330, x + int(own.integers(1, 5)), 372), fill=s.ink)
    return s.done()


def menu(fixed: Random, own: Random) -> Pixels:
    s = _sheet(fixed, own, 640, 900, dark=0.3)
    s.text(60, 30, words(fixed, 1, 2), 46, bold=True, fill=s.accent)
    rows = int(fixed.integers(9, 14))
    for n in range(rows):
        y = 120 + n * 56
        s.text(60, y, words(own, 2, 3), 22)
        s.text(520, y, f"{own.integers(3, 40)}.{own.choice(['00', '50', '90'])}", 22)
        s.draw.line((60, y + 40, 580, y + 40), fill=s.accent)
    return s.done()


def timetable(fixed: Random, own: Random) -> Pixels:
    s = _sheet(fixed, own, 960, 640)
    columns, rows = int(fixed.integers(4, 7)), int(fixed.integers(5, 9))
    w, h = 900 / columns, 540 / rows
    days = [word(fixed) for _ in range(columns)]
    for c in range(columns):
        s.draw.rectangle((30 + c * w, 30, 30 + (c + 1) * w, 70), fill=s.accent, outline=s.ink)
        s.text(40 + c * w, 38, days[c], 18, bold=True, fill=(255, 255, 255))
        for r in range(rows):
            box = (30 + c * w, 70 + r * h, 30 + (c + 1) * w, 70 + (r + 1) * h)
            s.draw.rectangle(box, outline=s.ink)
            if own.random() < 0.6:
                s.draw.rectangle((box[0] + 3, box[1] + 3, box[2] - 3, box[3] - 3), fill=colour(own, 170, 250))
                s.text(box[0] + 8, box[1] + 8, word(own), 15, fill=(20, 20, 20))
    return s.done()


def puzzle(fixed: Random, own: Random) -> Pixels:
    s = _sheet(fixed, own, 720, 720)
    cells = int(fixed.choice([6, 8, 9, 11]))
    side = 640 / cells
    blocked = fixed.random((cells, cells)) < 0.15
    letters = fixed.random() < 0.5
    for r in range(cells):
        for c in range(cells):
            box = (40 + c * side, 40 + r * side, 40 + (c + 1) * side, 40 + (r + 1) * side)
            s.draw.rectangle(box, outline=s.ink, fill=s.ink if blocked[r, c] else None, width=2)
            if not blocked[r, c] and own.random() < 0.5:
                said = chr(65 + int(own.integers(26))) if letters else str(own.integers(1, 10))
                s.text(box[0] + side * 0.3, box[1] + side * 0.18, said, int(side * 0.5))
    return s.done()


def label(fixed: Random, own: Random) -> Pixels:
    s = _sheet(fixed, own, 600, 800, dark=0)
    s.draw.rectangle((20, 20, 580, 780), outline=s.ink, width=4)
    s.text(40, 40, words(fixed, 1, 2).upper(), 52, bold=True)
    s.draw.line((20, 130, 580, 130), fill=s.ink, width=4)
    for n in range(4):
        s.text(40, 150 + 44 * n, words(own, 2, 3) if n else words(own, 2, 2), 30)
    s.draw.line((20, 350, 580, 350), fill=s.ink, width=4)
    s.text(40, 370, f"{digits(own, 3)} {digits(own, 4)} {digits(own, 4)}", 44, bold=True)
    x = 60.0
    while x < 540:
        w = int(own.integers(1, 5)) * 2
        s.draw.rectangle((x, 460, x + w, 700), fill=s.ink)
        x += w + int(own.integers(1, 5)) * 2
    s.text(150, 715, digits(own, 14), 26)
    return s.done()


def badge(fixed: Random, own: Random) -> Pixels:
    s = _sheet(fixed, own, 520, 800, dark=0.2)
    s.draw.rectangle((0, 0, 520, 150), fill=s.accent)
    s.text(30, 40, words(fixed, 1, 2), 44, bold=True, fill=(255, 255, 255))
    s.draw.rectangle((150, 190, 370, 450), fill=colour(own, 120, 220))
    face = (int(own.integers(200, 260)), int(own.integers(220, 260)))
    s.draw.ellipse((face[0], face[1], face[0] + 100, face[1] + 125), fill=colour(own, 60, 230))
    s.draw.ellipse((180, 370, 340, 520), fill=colour(own, 20, 200))
    s.draw.rectangle((100, 452, 420, 560), fill=s.ground)
    s.text(70, 490, words(own, 2, 2), 38, bold=True)
    s.text(70, 560, words(own, 2, 3), 26)
    s.text(70, 700, f"No. {digits(own, 6)}", 26)
    return s.done()


def certificate(fixed: Random, own: Random) -> Pixels:
    s = _sheet(fixed, own, 1000, 700, dark=0)
    for inset in (20, 30, 44):
        s.draw.rectangle((inset, inset, 1000 - inset, 700 - inset), outline=s.accent, width=3)
    s.text(220, 90, "Certificate of " + word(fixed), 46, bold=True)
    s.text(300, 190, words(fixed, 3, 5), 24)
    s.text(260, 260, words(own, 2, 3), 58, bold=True, fill=s.accent)
    s.text(180, 370, words(fixed, 6, 8), 24)
    s.text(180, 420, words(own, 4, 6), 24)
    s.text(140, 560, f"{own.integers(1, 29)} {word(fixed)} {own.integers(1990, 2030)}", 24)
    points = [(640 + 8 * n, 570 + float(own.normal(0, 14))) for n in range(30)]
    s.draw.line(points, fill=(30, 40, 140), width=3)
    return s.done()


def scores(fixed: Random, own: Random) -> Pixels:
    s = _sheet(fixed, own, 1100, 620, dark=0.7)
    s.text(50, 30, words(fixed, 2, 3), 40, bold=True, fill=s.accent)
    teams = [words(fixed, 1, 2) for _ in range(8)]
    for n, team in enumerate(teams):
        y = 110 + n * 60
        s.draw.rectangle((40, y, 1060, y + 50), outline=s.accent)
        s.text(60, y + 10, team, 26)
        for c in range(5):
            s.text(600 + 90 * c, y + 10, str(own.integers(0, 99)), 26)
    return s.done()


def forecast(fixed: Random, own: Random) -> Pixels:
    s = _sheet(fixed, own, 1080, 460, dark=0.5)
    s.text(40, 24, words(fixed, 1, 2), 40, bold=True)
    for n in range(7):
        x = 40 + 146 * n
        s.text(x + 20, 100, word(fixed)[:3], 24)
        what = int(own.integers(3))
        if what == 0:
            s.draw.ellipse((x + 20, 160, x + 100, 240), fill=(250, 190, 30))
        else:
            s.draw.ellipse((x + 10, 180, x + 80, 240), fill=(150, 160, 175))
            s.draw.ellipse((x + 45, 165, x + 115, 240), fill=(170, 180, 195))
            if what == 2:
                for drop in range(4):
                    s.draw.line((x + 25 + 22 * drop, 250, x + 18 + 22 * drop, 280), fill=(60, 120, 220), width=4)
        s.text(x + 26, 310, f"{own.integers(-9, 39)}°", 40, bold=True)
        s.text(x + 34, 370, f"{own.integers(-15, 25)}°", 26)
    return s.done()


def spreadsheet(fixed: Random, own: Random) -> Pixels:
    s = _sheet(fixed, own, 1200, 760, dark=0.1)
    columns, rows = int(fixed.integers(6, 10)), int(fixed.integers(14, 24))
    w, h = 1140 / columns, 680 / rows
    for r in range(rows + 1):
        s.draw.line((30, 40 + r * h, 1170, 40 + r * h), fill=(190, 190, 190))
    for c in range(columns + 1):
        s.draw.line((30 + c * w, 40, 30 + c * w, 40 + rows * h), fill=(190, 190, 190))
    for c in range(columns):
        s.text(36 + c * w, 44, word(fixed), 15, bold=True)
        for r in range(1, rows):
            if c == 0:
                s.text(36, 44 + r * h, words(fixed, 1, 2)[: int(w / 10)], 14)
            elif own.random() < 0.85:
                s.text(36 + c * w, 44 + r * h, f"{own.integers(0, 99999) / 10:,.1f}", 14)
    return s.done()


def poster(fixed: Random, own: Random) -> Pixels:
    s = _sheet(fixed, own, 700, 990, dark=0.4)
    for _ in range(int(fixed.integers(4, 9))):
        x, y, r = int(fixed.integers(0, 700)), int(fixed.integers(0, 700)), int(fixed.integers(40, 260))
        s.draw.ellipse((x - r, y - r, x + r, y + r), fill=colour(fixed))
    s.text(50, 90, word(own).upper(), 84, bold=True)
    s.text(50, 740, words(own, 2, 3), 40, bold=True)
    s.text(50, 810, f"{own.integers(1, 29)}. {word(fixed)} {own.integers(10, 23)}:00", 34)
    s.text(50, 870, words(own, 2, 4), 28)
    return s.done()


def board(fixed: Random, own: Random) -> Pixels:
    s = _sheet(fixed, own, 720, 720, dark=0.2)
    light, dark_ = colour(fixed, 190, 250), colour(fixed, 60, 150)
    for r in range(8):
        for c in range(8):
            x, y = 40 + 80 * c, 40 + 80 * r
            s.draw.rectangle((x, y, x + 80, y + 80), fill=light if (r + c) % 2 else dark_)
            if own.random() < 0.3:
                fill = (240, 240, 240) if own.random() < 0.5 else (20, 20, 20)
                if own.random() < 0.5:
                    s.draw.ellipse((x + 16, y + 16, x + 64, y + 64), fill=fill, outline=(0, 0, 0), width=2)
                else:
                    s.draw.polygon([(x + 40, y + 10), (x + 68, y + 66), (x + 12, y + 66)], fill=fill, outline=(0, 0, 0))
    return s.done()


def scheme(fixed: Random, own: Random) -> Pixels:
    """Boxes with arrows between them, at the same places."""
    s = _sheet(fixed, own, 1000, 640, dark=0.1)
    places = [(int(fixed.integers(30, 800)), int(fixed.integers(30, 540))) for _ in range(int(fixed.integers(5, 9)))]
    for first, second in pairwise(places):
        s.draw.line((first[0] + 80, first[1] + 30, second[0] + 80, second[1] + 30), fill=s.accent, width=3)
    for x, y in places:
        s.draw.rectangle((x, y, x + 170, y + 62), fill=colour(fixed, 200, 255), outline=s.ink, width=2)
        s.text(x + 10, y + 18, word(own)[:14], 20, fill=(20, 20, 20))
    return s.done()


def notes(fixed: Random, own: Random) -> Pixels:
    """A page of sheet music."""
    s = _sheet(fixed, own, 900, 700, dark=0)
    s.text(300, 20, words(fixed, 1, 2), 30, bold=True)
    for staff in range(5):
        y = 100 + 115 * staff
        for line in range(5):
            s.draw.line((40, y + 12 * line, 860, y + 12 * line), fill=s.ink)
        for n in range(16):
            x, up = 70 + 48 * n, int(own.integers(-1, 9))
            top = y + 6 * up
            s.draw.ellipse((x, top - 6, x + 15, top + 6), fill=s.ink)
            s.draw.line((x + 14, top, x + 14, top - 40), fill=s.ink, width=2)
        for bar in range(5):
            s.draw.line((40 + 205 * bar, y, 40 + 205 * bar, y + 48), fill=s.ink, width=2)
    return s.done()


def _symbol(s: Sheet, x: float, y: float, size: float, random: Random, fill: Ink) -> None:
    """A letter, a number, or one of a few shapes."""
    what = int(random.integers(6))
    if what < 3:
        said = chr(65 + int(random.integers(26))) if what else str(random.integers(1, 130))
        face = font(s.family, max(8, int(size)), True)
        s.draw.text((x - s.draw.textlength(said, font=face) / 2, y - size * 0.6), said, font=face, fill=fill)
    elif what == 3:
        s.draw.ellipse((x - size / 2, y - size / 2, x + size / 2, y + size / 2), fill=fill)
    elif what == 4:
        s.draw.polygon([(x, y - size / 2), (x + size / 2, y + size / 2), (x - size / 2, y + size / 2)], fill=fill)
    else:
        turns = np.pi * (0.2 * np.arange(10) - 0.5)
        reach = np.where(np.arange(10) % 2, 0.22, 0.5) * size
        s.draw.polygon([(x + r * np.cos(a), y + r * np.sin(a)) for r, a in zip(reach, turns, strict=True)], fill=fill)


def sign(fixed: Random, own: Random) -> Pixels:
    """One thing in a frame, and nothing else."""
    s = _sheet(fixed, own, 500, int(fixed.integers(380, 640)), dark=0.3)
    shape, inset, width = int(fixed.integers(3)), int(fixed.integers(20, 70)), int(fixed.integers(8, 40))
    box = (inset, inset, s.width - inset, s.height - inset)
    ground = colour(fixed, 180, 256) if fixed.random() < 0.6 else None
    if shape == 0:
        s.draw.ellipse(box, outline=s.accent, width=width, fill=ground)
    elif shape == 1:
        s.draw.rounded_rectangle(box, radius=int(fixed.integers(4, 60)), outline=s.accent, width=width, fill=ground)
    else:
        s.draw.polygon(
            [(250, inset), (s.width - inset, s.height - inset), (inset, s.height - inset)],
            outline=s.accent,
            width=width,
            fill=ground,
        )
    y = s.height * (0.62 if shape == 2 else 0.5)
    _symbol(
        s,
        250,
        y,
        min(s.width, s.height) * fixed.uniform(0.25, 0.5),
        own,
        s.ink if ground is None or fixed.random() < 0.5 else s.accent,
    )
    return s.done()


def tiles(fixed: Random, own: Random) -> Pixels:
    """A few symbols at the same places, of which some differ."""
    s = _sheet(fixed, own, 420, 600, dark=0.1)
    s.draw.rounded_rectangle((10, 10, 410, 590), radius=24, outline=s.ink, width=4)
    places = [(int(fixed.integers(70, 350)), int(fixed.integers(90, 510))) for _ in range(int(fixed.integers(2, 9)))]
    changed = own.random(len(places)) < 0.5
    changed[int(own.integers(len(places)))] = True
    for place, ((x, y), is_own) in enumerate(zip(places, changed, strict=True)):
        random = (
            np.random.default_rng([place, int(own.integers(1 << 30))])
            if is_own
            else np.random.default_rng([place, int(s.accent[0])])
        )
        _symbol(s, x, y, 64, random, s.accent)
    return s.done()


def domino(fixed: Random, own: Random) -> Pixels:
    """Two or three fields of dots or shapes in rows; how many by what is filled in."""
    fields, side = int(fixed.integers(2, 4)), 220
    s = _sheet(fixed, own, side * fields + 40, side + 40, dark=0.4)
    shape, size = int(fixed.integers(3)), fixed.uniform(24, 44)
    for number in range(fields):
        x = 20 + side * number
        s.draw.rounded_rectangle((x, 20, x + side - 8, side + 12), radius=18, outline=s.ink, width=5)
        places = [(x + 40 + 66 * column, 50 + 66 * row) for column in range(3) for row in range(3)]
        for px, py in (places[place] for place in own.permutation(9)[: int(own.integers(1, 9))]):
            if shape == 0:
                s.draw.ellipse((px - size / 2, py - size / 2, px + size / 2, py + size / 2), fill=s.accent)
            elif shape == 1:
                s.draw.rectangle((px - size / 2, py - size / 2, px + size / 2, py + size / 2), fill=s.accent)
            else:
                s.draw.regular_polygon((px, py, size / 2), 3, fill=s.accent)
    return s.done()


def planner(fixed: Random, own: Random) -> Pixels:
    """Days of a month in boxes; on which weekday it begins, and what is planned, by what is filled in."""
    s = _sheet(fixed, own, 760, 620, dark=0.4)
    s.text(40, 18, words(own, 1, 2), 34, fill=s.accent)
    across, down, begins, days = 97, 84, int(own.integers(7)), int(own.integers(28, 32))
    for day in range(days):
        column, row = (day + begins) % 7, (day + begins) // 7
        x, y = 40 + across * column, 90 + down * row
        s.draw.rounded_rectangle((x, y, x + across - 8, y + down - 8), radius=8, outline=s.ink)
        s.text(x + 8, y + 4, str(day + 1), 18)
        if own.random() < 0.2:
            s.text(x + 8, y + 40, word(own)[:7], 15, fill=s.accent)
    return s.done()


KINDS: dict[str, Callable[[Random, Random], Pixels]] = {
    f.__name__: f
    for f in (
        ticket,
        menu,
        timetable,
        puzzle,
        label,
        badge,
        certificate,
        scores,
        forecast,
        spreadsheet,
        poster,
        board,
        scheme,
        notes,
        sign,
        tiles,
        domino,
        planner,
    )
}


def draw(kind: str, layout: int, content: int) -> Pixels:
    """RGB (H, W, 3). Two of one kind and layout, but of another content, are variants of each other."""
    place = list(KINDS).index(kind)
    return KINDS[kind](np.random.default_rng([place, layout]), np.random.default_rng([place, layout, content]))
