"""Makes pairs of pictures, copies and variants, and measures them as a search does: what `fit_scrutiny.py` fits on.

Copies are edited as `augment` does, photographed, drawn on, covered, set into larger pictures, saved again. Variants
are other shots, things that moved or came, the same template with other words or pictures, layouts filled in anew.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.domain import WHOLE, StoredFeatures, StoredImage
from engine.features import detail, registry, sift
from engine.matching import scrutiny
from engine.matching.candidates import Candidate
from engine.matching.query_view import QueryPicture, View
from engine.pictures import imaging
from engine.pictures.augment import EDITS, apply
from engine.pictures.variants import rearranged, step_aside
from training import layouts
from training.other_shots import (
    banded,
    captioned,
    drawn_on,
    inset,
    laid_over,
    photographed,
    saved_again,
    smaller,
    stamped,
    stickered,
    with_object,
)

Pixels = NDArray[np.uint8]
Random = np.random.Generator

TWICE = sorted(set(EDITS) - {"screenshot", "paste", "collage", "story", "mix"})  # edits that go well together
WITHIN = ("screenshot", "paste", "pad", "meme", "story", "collage")  # edits that show the picture in a larger one
REGIONS = 6  # of a query that a picture is laid on
AGREES, MOVED = 0.9, 0.15  # correlation of all windows of what is the same; pixels by which another shot is displaced
INSIDE = detail.CHANNELS.index("inside")
CORRELATIONS = [detail.CHANNELS.index(name) for name in ("correlation", "moved_correlation")]
TEXTURES = [detail.CHANNELS.index(name) for name in ("query_texture", "stored_texture")]
PACKED_UNIT, PACKED_ZERO = 50.0, 128.0


@dataclass(frozen=True, slots=True)
class Task:
    """What pairs are made of: a photograph, a photograph and another shot of its scene, or a layout of some kind."""

    seed: int
    photograph: Path | None
    others: tuple[Path, Path, Path]  # unrelated photographs, for backgrounds and what is set in
    kind: str = ""
    next_shot: Path | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair that was measured."""

    kind: str
    is_copy: bool
    measured: NDArray[np.float32]
    windows: NDArray[np.uint8]  # quantised, see `unpacked`


def pairs(task: Task) -> Iterator[tuple[str, bool, Pixels, Pixels]]:
    """(kind, whether it is a copy, query, stored picture)."""
    random, others = np.random.default_rng(task.seed), [read(path) for path in task.others]
    if task.photograph and task.next_shot:
        yield from _of_shots(read(task.photograph), read(task.next_shot), others[0], random)
    elif task.photograph:
        photograph = read(task.photograph)
        yield from _edited("photograph", photograph, others[0], random)
        yield from _other_shots(photograph, others, random)
        yield from _composed(photograph, others, random)
    else:
        yield from _of_layout(task.kind, task.seed, others[0], random)


def _edited(kind: str, stored: Pixels, other: Pixels, random: Random) -> Iterator[tuple[str, bool, Pixels, Pixels]]:
    """Copies."""
    for name in random.choice(list(EDITS), 3, replace=False):
        query = apply(str(name), stored, other, seed=_seed(random))
        query = saved_again(query, random) if random.random() < 0.5 else query
        yield f"{kind}, {name}", True, smaller(query, random) if random.random() < 0.3 else query, stored
    for _ in range(2):  # what is likest to a variant, and yet a copy
        query = laid_over(stored, other, random)
        if random.random() < 0.3:
            query = apply(str(random.choice(TWICE)), query, other, seed=_seed(random))
        yield f"{kind}, laid over", True, saved_again(query, random) if random.random() < 0.6 else query, stored
    query = stickered(stored, random)
    if random.random() < 0.4:
        query = apply(str(random.choice(TWICE)), query, other, seed=_seed(random))
    yield f"{kind}, stickers", True, saved_again(query, random) if random.random() < 0.6 else query, stored
    query = stored
    for name in random.choice(TWICE, int(random.integers(2, 4)), replace=False):
        query = apply(str(name), query, other, seed=_seed(random))
    yield f"{kind}, several edits", True, saved_again(smaller(query, random), random), stored
    part = apply("crop", stored, other, seed=_seed(random))
    part = apply(
        str(random.choice(WITHIN)),
        laid_over(part, other, random) if random.random() < 0.3 else part,
        other,
        seed=_seed(random),
    )
    yield f"{kind}, part within another", True, saved_again(part, random) if random.random() < 0.5 else part, stored
    part = apply("crop", smaller(stored, random, 0.5), other, seed=_seed(random))
    yield f"{kind}, part", True, saved_again(part, random), stored
    yield f"{kind}, photographed", True, photographed(stored, random), stored


def _other_shots(
    stored: Pixels, others: Sequence[Pixels], random: Random
) -> Iterator[tuple[str, bool, Pixels, Pixels]]:
    for _ in range(2):
        yield "from a step aside", False, _lightly(step_aside(stored, random), others[0], random), stored
    yield "something moved", False, _lightly(rearranged(stored, random), others[0], random), stored
    thing, places = _seed(random), random.spawn(2)

    def passing(place: Random, *, plain: float = 0.0, moved: tuple[float, float] = (0.0, 0.0)) -> Pixels:
        return with_object(stored, others[1], np.random.default_rng(thing), place, plain=plain, moved=moved)

    here, there = (passing(place) for place in places)
    yield "something passing", False, _lightly(there, others[0], random), here
    yield "something passing", False, _lightly(stored, others[0], random), here  # it has gone
    yield from _a_little_on(passing, others[0], random)
    if random.random() < 0.5:
        yield "something passing, aside", False, _lightly(step_aside(there, random), others[0], random), here
    else:
        place = _seed(random)
        one, another = (
            stamped(
                passing(place_of, plain=0.3),
                np.random.default_rng(place),
                np.random.default_rng(n),
            )
            for n, place_of in enumerate(random.spawn(2))
        )
        yield "something passing, later", False, _lightly(another, others[0], random), one
    yield from _edited("something in it", here, others[0], random) if random.random() < 0.3 else ()


def _a_little_on(
    passing: Callable[..., Pixels], other: Pixels, random: Random
) -> Iterator[tuple[str, bool, Pixels, Pixels]]:
    """What passes covers in part where it was before."""
    for _ in range(2):
        place, way = _seed(random), random.uniform(0, 2 * np.pi)
        far = random.uniform(0.15, 1.3)
        moved = far * float(np.cos(way)), far * float(np.sin(way))
        first, then = (passing(np.random.default_rng(place), moved=by) for by in ((0.0, 0.0), moved))
        yield "something passing, a little on", False, _lightly(then, other, random), first


def _of_shots(
    first: Pixels, second: Pixels, other: Pixels, random: Random
) -> Iterator[tuple[str, bool, Pixels, Pixels]]:
    """Two frames of a film, or what two cameras saw at once."""
    for query, stored in ((second, first), (first, second), (second, first)):
        yield "another shot", False, _lightly(query, other, random), stored
    copies = list(_edited("shot", first, other, random))
    for place in random.choice(len(copies), 4, replace=False):
        yield copies[int(place)]


def _composed(stored: Pixels, others: Sequence[Pixels], random: Random) -> Iterator[tuple[str, bool, Pixels, Pixels]]:
    """The same template filled in with other words and pictures, and copies of it."""
    fixed = _seed(random)

    def words_on(content: int) -> Pixels:
        return captioned(stored, np.random.default_rng(fixed), content)

    def band(content: int) -> Pixels:
        return banded(stored, np.random.default_rng(fixed), np.random.default_rng(content))

    def set_in(content: int) -> Pixels:
        return inset(stored, others[1 + content % 2], np.random.default_rng(fixed), np.random.default_rng(content))

    def stamp(content: int) -> Pixels:
        return stamped(stored, np.random.default_rng(fixed), np.random.default_rng(content))

    kinds = {"other words": words_on, "other band": band, "another picture set in": set_in, "another time": stamp}
    for kind in random.choice(list(kinds), 2, replace=False):
        make, content = kinds[str(kind)], int(random.integers(1 << 20)) * 2
        first, second = make(content), make(content + 1)
        yield str(kind), False, _lightly(second, others[0], random), first
        copies = list(_edited(f"{kind}, edited", first, others[0], random))
        for place in random.choice(len(copies), 2, replace=False):
            yield copies[int(place)]


def _of_layout(kind: str, layout: int, other: Pixels, random: Random) -> Iterator[tuple[str, bool, Pixels, Pixels]]:
    stored = layouts.draw(kind, layout, 0)
    copies = list(_edited("layout", stored, other, random))
    for place in random.choice(len(copies), 6, replace=False):
        yield copies[int(place)]
    yield "layout, photographed", True, photographed(stored, random), stored
    yield "layout, drawn on", True, saved_again(drawn_on(stored, random), random), stored
    yield "layout, drawn on", True, drawn_on(smaller(stored, random), random), stored
    yield "layout, saved again", True, saved_again(smaller(stored, random, 0.3), random), stored
    for content in (1, 2, 3, 6, 7):
        filled = layouts.draw(kind, layout, content)
        plain = random.random() < 0.4
        yield f"{kind}, filled in", False, filled if plain else saved_again(smaller(filled, random), random), stored
    edit = (photographed, drawn_on, saved_again)[int(random.integers(3))]
    yield f"{kind}, filled in", False, edit(layouts.draw(kind, layout, 4), random), stored
    crops = apply("crop", layouts.draw(kind, layout, 5), other, seed=_seed(random))
    yield f"{kind}, part", False, crops, stored


def _seed(random: Random) -> int:
    return int(random.integers(1 << 30))


def _lightly(pixels: Pixels, other: Pixels, random: Random) -> Pixels:
    """As pictures are saved and sent on: perhaps compressed, shrunk, cropped."""
    if random.random() < 0.4:
        pixels = saved_again(pixels, random)
    if random.random() < 0.25:
        pixels = smaller(pixels, random, 0.5)
    return apply("crop", pixels, other, seed=int(random.integers(1 << 30))) if random.random() < 0.15 else pixels


def measured(task: Task) -> list[Judged]:
    """The pairs of a task that today's proof lets through, as the engine measures them."""
    cv2.setNumThreads(1)
    found = []
    for kind, is_copy, query, stored in pairs(task):
        query = fitted(query, imaging.QUERY_SIDE)
        proof = laid(query, stored)
        if proof.proof is None or not proof.is_proved:
            continue
        reduced = imaging.encode_jpeg(fitted(stored, 1_024), quality=88)
        grey, small = imaging.decode_grey(reduced), imaging.decode_small(reduced)
        assert grey is not None
        assert small is not None
        compared = detail.compare(
            detail.Picture.of(query),
            detail.Picture.of_decoded(grey, small),
            proof.proof.transform,
        )
        if compared and (is_copy or _something_else(compared)):
            measures = scrutiny.vector(compared, proof.proof.alignment)
            found.append(Judged(kind, is_copy, measures, _packed(compared.windows)))
    return found


def _something_else(compared: detail.Comparison) -> bool:
    """Whether anything is to be seen that is not the same: in a part of a form perhaps nothing was filled in."""
    windows = compared.windows[compared.windows[..., INSIDE] > 0]
    textured = windows[windows[:, TEXTURES].max(1) > detail.log_texture(detail.TEXTURE)]
    agrees = textured[:, CORRELATIONS].max(1)
    return bool(agrees.min(initial=1.0) < AGREES or compared.measured.displaced > MOVED)


def _packed(windows: NDArray[np.float32]) -> NDArray[np.uint8]:
    """In a quarter of the memory."""
    return np.asarray(np.clip(windows * PACKED_UNIT + PACKED_ZERO, 0, 255).round(), np.uint8)


def unpacked(windows: NDArray[np.uint8]) -> NDArray[np.float32]:
    return (windows.astype(np.float32) - np.float32(PACKED_ZERO)) / np.float32(PACKED_UNIT)


def laid(query: Pixels, stored: Pixels) -> Candidate:
    """A stored picture laid on a query in the ways of the cascade, until it is proved."""
    image = StoredImage(
        id=1, sha256="", filename="", title=None, tags=(), source_url=None, page_url=None, media_type="image/png",
        width=stored.shape[1], height=stored.shape[0], byte_size=1, created_at=datetime.now(UTC), deleted_at=None,
    )  # fmt: skip
    known = StoredFeatures(image, registry.handcrafted(fitted(stored, imaging.LIBRARY_SIDE)))
    shown = imaging.decode_thumbnail(imaging.encode_thumbnail(stored))
    asked = QueryPicture(query)
    view = View(asked, WHOLE, registry.handcrafted(query).keypoints)
    candidate = Candidate(known, 0.9, 0.9, WHOLE)
    for mirrored in (False, True):
        if not candidate.settles:
            candidate = candidate.laid(view, lambda: shown, mirrored=mirrored)
    if not candidate.settles and asked.sheet:
        candidate = candidate.laid(asked.sheet, lambda: shown, mirrored=False)
    if not candidate.is_proved:
        candidate = candidate.laid_by_sift(view, sift.detect(shown), lambda: shown, mirrored=False)
    for box in asked.boxes[:REGIONS]:
        if candidate.is_proved:
            break
        candidate = candidate.laid(View(asked, box), lambda: shown, mirrored=False)
    return candidate


def read(path: Path) -> Pixels:
    content = path.read_bytes()
    return imaging.decode(content, side=1_000, max_bytes=len(content), max_pixels=10**9).pixels


def fitted(pixels: Pixels, side: int) -> Pixels:
    share = min(1.0, side / max(pixels.shape[:2]))
    if share == 1:
        return np.ascontiguousarray(pixels)
    return np.ascontiguousarray(cv2.resize(pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)
