"""What the shipped network says of pairs that were compared in detail: copies are kept, variants are not."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.domain import WHOLE, Pixels
from engine.features import detail, orb
from engine.features.detail import CHANNELS, Comparison, Detail
from engine.features.ssim import Alignment
from engine.matching import proof, scrutiny
from engine.matching.proof import COPY_FROM, Proof
from engine.matching.query_view import QueryPicture, View
from engine.pictures import imaging
from tests.conftest import PHOTOGRAPHS, photograph
from tests.small_library import decoded

Random = np.random.Generator
pytestmark = pytest.mark.slow

KEPT = 0.9  # of the copies of a kind, at least; and of its variants at most what is left is taken for copies
TOLD = 0.7  # of the variants
SEEDS = range(10)
SYLLABLES = ("ka", "lo", "mi", "ren", "to", "va", "shi", "der", "ost", "lin", "mar", "bel", "sun", "gor", "pa", "ti")


def said(random: Random, least: int = 2, most: int = 4) -> str:
    return "".join(random.choice(SYLLABLES, int(random.integers(least, most)))).capitalize()


class Paper:
    """Something to write on; `fixed` decides on the layout, `own` on what is filled in."""

    def __init__(self, fixed: Random, own: Random, width: int, height: int) -> None:
        self.fixed, self.own, self.size = fixed, own, (width, height)
        r, g, b = (int(level) for level in fixed.integers(225, 256, 3))
        self.accent = tuple(int(level) for level in fixed.integers(30, 190, 3))
        self.image = Image.new("RGB", self.size, (r, g, b))
        self.draw = ImageDraw.Draw(self.image)

    def write(self, x: float, y: float, words: str, size: int, ink: tuple[int, ...] = (25, 25, 30)) -> None:
        self.draw.text((x, y), words, font=ImageFont.load_default(size), fill=ink)

    def done(self) -> Pixels:
        return np.asarray(self.image, np.uint8)


def receipt(fixed: Random, own: Random) -> Pixels:
    """A list of goods and prices; every other one is always bought."""
    paper = Paper(fixed, own, 480, 720)
    paper.write(90, 24, f"{said(fixed)} & {said(fixed)}", 44, paper.accent)
    paper.draw.line((40, 90, 440, 90), fill=paper.accent, width=3)
    for row in range(int(fixed.integers(8, 11))):
        y = 110 + 52 * row
        random = fixed if row % 2 else own
        paper.write(44, y, f"{said(random)} {said(random).lower()}", 26)
        paper.write(350, y, f"{random.integers(1, 99)}.{random.integers(10, 99)}", 26)
        paper.draw.line((40, y + 42, 440, y + 42), fill=(170, 170, 170))
    return paper.done()


def week(fixed: Random, own: Random) -> Pixels:
    """A table of days and hours, in which the same boxes are filled in."""
    paper = Paper(fixed, own, 800, 560)
    columns, rows = int(fixed.integers(4, 7)), int(fixed.integers(5, 8))
    across, down = 740 / columns, 460 / rows
    for column in range(columns):
        paper.draw.rectangle((30 + column * across, 24, 30 + (column + 1) * across, 64), fill=paper.accent)
        paper.write(40 + column * across, 32, said(fixed), 22, (255, 255, 255))
        for row in range(rows):
            x, y = 30 + column * across, 66 + row * down
            paper.draw.rectangle((x, y, x + across, y + down), outline=(90, 90, 90))
            if fixed.random() < 0.6:
                fill = tuple(int(level) for level in fixed.integers(160, 240, 3))
                paper.draw.rectangle((x + 3, y + 3, x + across - 3, y + down - 3), fill=fill)
                paper.write(x + 10, y + 14, said(own), 22)
    return paper.done()


def pass_card(fixed: Random, own: Random) -> Pixels:
    """Name, numbers and a face."""
    paper = Paper(fixed, own, 720, 440)
    paper.draw.rectangle((0, 0, 720, 80), fill=paper.accent)
    paper.write(30, 18, f"{said(fixed)} {said(fixed)}", 40, (255, 255, 255))
    paper.draw.rectangle((36, 120, 236, 380), fill=tuple(int(level) for level in fixed.integers(120, 220, 3)))
    middle, wide = int(own.integers(126, 146)), int(own.integers(42, 54))
    skin, hair = (tuple(int(level) for level in own.integers(*of, 3)) for of in ((150, 220), (30, 110)))
    paper.draw.ellipse((middle - wide - 8, 150, middle + wide + 8, 270), fill=hair)
    paper.draw.ellipse((middle - wide, 172, middle + wide, 300), fill=skin)
    for label in range(4):
        y = 112 + 76 * label
        paper.write(270, y, f"{said(fixed)}:", 18, (100, 100, 100))
        words = f"{said(own)} {said(fixed)}" if label < 2 else "".join(map(str, own.integers(0, 10, 9)))
        paper.write(270, y + 22, words, 34)
    return paper.done()


def table_of_results(fixed: Random, own: Random) -> Pixels:
    """Teams with numbers, on a dark ground."""
    paper = Paper(fixed, own, 820, 520)
    paper.draw.rectangle((0, 0, 820, 520), fill=tuple(int(level) for level in fixed.integers(10, 50, 3)))
    paper.write(36, 20, f"{said(fixed)} {said(fixed)}", 38, (240, 220, 120))
    for row in range(7):
        y = 90 + 58 * row
        paper.draw.rectangle((30, y, 790, y + 50), outline=paper.accent, width=2)
        paper.write(46, y + 10, f"{said(fixed)} {said(fixed)}", 28, (235, 235, 235))
        for column in range(4):
            paper.write(420 + 92 * column, y + 10, str(own.integers(10, 99)), 28, (235, 235, 235))
    return paper.done()


LAYOUTS = {one.__name__: one for one in (receipt, week, pass_card, table_of_results)}


@cache
def sheet(kind: str, layout: int, content: int) -> Pixels:
    place = list(LAYOUTS).index(kind)
    return LAYOUTS[kind](np.random.default_rng([place, layout]), np.random.default_rng([place, layout, content + 7]))


# --- what is done to pictures


def saved(pixels: Pixels, random: Random) -> Pixels:
    return imaging.decode_thumbnail(imaging.encode_jpeg(pixels, quality=int(random.integers(35, 90))))


def smaller(pixels: Pixels, random: Random) -> Pixels:
    share = random.uniform(0.5, 0.95)
    return np.asarray(cv2.resize(pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)


def sent_on(pixels: Pixels, random: Random) -> Pixels:
    return saved(smaller(pixels, random), random)


def relit(pixels: Pixels, random: Random) -> Pixels:
    return np.asarray(np.clip(pixels * random.uniform(0.8, 1.0) + random.uniform(0, 30), 0, 255), np.uint8)


def cropped(pixels: Pixels, random: Random) -> Pixels:
    height, width = pixels.shape[:2]
    left, top = int(random.uniform(0.02, 0.12) * width), int(random.uniform(0.02, 0.12) * height)
    return np.ascontiguousarray(pixels[top : height - top // 2, left : width - left // 2])


def from_a_step_aside(pixels: Pixels, random: Random) -> Pixels:
    """Another shot: what is near moves more than what is far, and the light is another."""
    height, width = pixels.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    depth = y / height
    for _ in range(4):
        place = random.uniform(0.1, 0.9) * width, random.uniform(0.3, 0.9) * height
        radius = random.uniform(0.08, 0.2) * width
        depth = np.where(np.hypot(x - place[0], y - place[1]) < radius, random.uniform(0.8, 1.8), depth)
    depth = cv2.GaussianBlur(depth.astype(np.float32), (0, 0), 1.5)
    by = 0.02 * width * (depth - np.median(depth))
    shot = cv2.remap(pixels, x + by.astype(np.float32), y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    shot = relit(np.asarray(shot, np.uint8), random)
    return np.clip(shot + random.normal(0, 2, shot.shape), 0, 255).astype(np.uint8)[8:-8, 8:-8].copy()


# --- pairs of them


def compared(query: Pixels, stored: Pixels) -> float | None:
    """p_copy, as a search comes to it; None where nothing is proved."""
    shown = imaging.decode_thumbnail(imaging.encode_thumbnail(stored))
    asked = QueryPicture(np.ascontiguousarray(query))
    found: Proof | None = proof.by_keypoints(View(asked, WHOLE), orb.detect(stored), lambda: shown, mirrored=False)
    if found is None or not found.is_proved:
        return None
    p_copy = proof.in_detail(found, asked.picture, decoded(stored)).p_copy
    assert p_copy is not None
    assert 0 < p_copy < 1
    return p_copy


Edited = Callable[[Pixels, Random], Pixels]
COPIED: tuple[Edited, ...] = (saved, smaller, sent_on, relit, cropped)


def of_layout(kind: str, seed: int) -> tuple[list[tuple[Pixels, Pixels]], list[tuple[Pixels, Pixels]]]:
    """Copies and variants of one layout, each as (query, stored picture) both ways."""
    random = np.random.default_rng([seed, 3])
    stored, other = sheet(kind, seed, 0), sheet(kind, seed, 1)
    copy = COPIED[seed % len(COPIED)](stored, random)
    variant = (other, saved(other, random), smaller(other, random))[seed % 3]
    return [(copy, stored), (stored, copy)], [(variant, stored), (stored, variant)]


def of_photograph(seed: int) -> tuple[list[tuple[Pixels, Pixels]], list[tuple[Pixels, Pixels]]]:
    """The same with another shot of what a photograph shows."""
    random = np.random.default_rng([seed, 4])
    stored = photograph(PHOTOGRAPHS[seed % len(PHOTOGRAPHS)])
    copy = COPIED[seed % len(COPIED)](stored, random)
    variant = from_a_step_aside(stored, random)
    return [(copy, stored), (stored, copy)], [(variant, stored), (stored, variant)]


def judged(pairs: list[tuple[Pixels, Pixels]]) -> list[float]:
    """What nothing proves is not judged."""
    return [p for p in (compared(*pair) for pair in pairs) if p is not None]


# --- the network

SIZE = len(fields(Detail)) + 4  # and four measures of the proof
ALIGNMENT = Alignment(structure=100.0, ssim=-1.0, agreement=101.0, dissent=102.0, overlap=103.0)
NUMBERS = [np.random.default_rng(seed).normal(0, 10.0 ** (seed - 2), SIZE).astype(np.float32) for seed in range(8)]


def windows(height: int, width: int) -> NDArray[np.float32]:
    return np.random.default_rng(1).uniform(-1, 1, (height, width, len(CHANNELS))).astype(np.float32)


def test_pair_is_judged_by_all_measures_in_their_order_and_those_of_its_proof() -> None:
    measured = Detail(*(float(number) for number in range(SIZE - 4)))
    comparison = Comparison(measured, windows(20, 30), ())
    vector = scrutiny.vector(comparison, ALIGNMENT)
    assert vector.tolist() == [*range(SIZE - 4), 100, 101, 102, 103]
    judge = scrutiny.shipped()
    log_odds = judge.log_odds(scrutiny.padded(comparison.windows), vector)
    assert judge.p_copy(comparison, ALIGNMENT) == scrutiny.from_log_odds(log_odds)
    assert scrutiny.shipped() is judge


def test_copies_are_likelier_than_variants_and_nothing_is_certain() -> None:
    said = [scrutiny.from_log_odds(log_odds) for log_odds in (-30, -3, 0, 3, 30)]
    assert said == sorted(said)
    assert said[2] == pytest.approx(0.5)
    assert 0 < said[0] < 0.01
    assert 0.99 < said[-1] < 1


def test_windows_stand_in_the_upper_left_of_what_the_network_sees() -> None:
    some = windows(20, 30)
    canvas = scrutiny.padded(some)
    assert canvas.shape == (scrutiny.SIDE, scrutiny.SIDE, len(CHANNELS))
    assert np.array_equal(canvas[:20, :30], some)
    assert not canvas[20:].any()
    assert not canvas[:, 30:].any()


def test_largest_comparison_fits_the_network() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (detail.SIDE, detail.SIDE, 3)).astype(np.uint8)
    picture = detail.Picture.of(pixels)
    compared = detail.compare(picture, picture, np.eye(3))
    assert compared
    assert max(compared.windows.shape[:2]) <= scrutiny.SIDE


@pytest.mark.parametrize("numbers", NUMBERS)
def test_answer_is_a_probability_whatever_was_measured(numbers: NDArray[np.float32]) -> None:
    judge = scrutiny.shipped()
    assert -30 <= judge.log_odds(scrutiny.padded(windows(40, 40)), numbers) <= 30


def test_threads_do_not_disturb_each_other() -> None:
    judge, some = scrutiny.shipped(), scrutiny.padded(windows(40, 40))
    alone = [judge.log_odds(some, numbers) for numbers in NUMBERS]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda numbers: judge.log_odds(some, numbers), NUMBERS * 8))
    assert together == alone * 8


# --- what it says of pairs


@pytest.mark.parametrize("kind", [*LAYOUTS, "photograph"])
def test_copies_are_kept_and_variants_are_not(kind: str) -> None:
    copies, variants = [], []
    for seed in SEEDS:
        same, other = of_photograph(seed) if kind == "photograph" else of_layout(kind, seed)
        copies += judged(same)
        variants += judged(other)
    assert len(copies) == 2 * len(SEEDS)
    assert len(variants) >= 0.75 * len(SEEDS)  # so many their thumbnails do not tell apart
    assert np.mean(np.array(copies) >= COPY_FROM) >= KEPT
    assert np.mean(np.array(variants) < COPY_FROM) >= TOLD  # what is in doubt is kept
