"""Compares two pictures in detail where they lie on each other: do they show the same, window by window?

Greys of 256 pixels, on which pictures are proved to belong together, show neither text nor digits nor faces, and a step
aside moves things by less than one of their pixels. Here both are compared at the resolution of the coarser of the two,
after the transform between them was refined. A copy agrees everywhere but for what was laid over it, and what it lost
it lost evenly; another shot agrees once its parts are moved, another version of a form or a card does not agree in
many places at once.
"""

from dataclasses import dataclass, fields
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.domain import Pixels, Region
from engine.features.geometry import Matrix
from engine.features.ssim import Grey

SIDE = 640  # longest side of what is compared, in pixels
COLOUR_SIDE = 192  # longest side of the pictures whose colours are compared
MIN_PIXELS, MIN_WINDOWS = 2_500, 6  # with fewer there is too little to tell
MIN_OVERLAP = 0.02  # of either side of the stored picture
WINDOW, STEP = 21, 7  # pixels
SMOOTHING = 0.7  # sigma
TEXTURE = 36.0  # variance of the grey levels of a window that shows anything
DISAGREES, ONE_SIDED = 0.5, 0.35  # correlation of a window; share of the texture that the emptier side may have
HALF_AGREES = 0.6  # correlation below which what is on one side only counts
AGREES, FLOORS = 0.8, 8  # correlation of a window that surely agrees; times the noise that texture must stand out
LEVELS = (2, 1, 1)  # by how much both are shrunk in each step of the refinement
FARTHEST = 0.15  # share of the longest side by which the refinement may move a corner
AT_REST = 0.1  # pixels; a step at full resolution that moves no corner farther is the last
ENOUGH_WINDOWS = 400  # a transform is fitted to: of more every other along each side, for they overlap by two thirds
RELIABLE, RELIABLE_AT_MOST = 4e-3, 0.05  # least eigenvalue of a window's structure tensor; more counts no more
REGIONS, LEAST_PART = 5, 3  # of what differs that are told; windows of the least of them
COLOUR_UNIT = 32.0  # grey levels
FARTHEST_WINDOW = 3.0  # pixels by which a window may be moved

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Detail:
    """What was measured of two pictures laid on each other. Shares are of the windows that show anything.

    `log_...` are logarithms, for small shares matter. Windows differ on `both` sides, or show something in the `query`
    or in the `stored` picture only.
    """

    both: float
    log_both: float
    query_only: float
    log_query_only: float
    stored_only: float
    log_stored_only: float
    parts: float  # log(1 + connected parts that differ on both sides)
    all_parts: float  # log(1 + connected parts that differ in any way)
    largest: float  # share of the largest part in all that differs on both sides
    largest_of_all: float
    log_scattered: float  # what differs on both sides, without its largest part
    half: float  # percentiles of the correlation of windows: 50,
    tenth: float  # 10,
    worst: float  # and 3
    low: float  # share of windows that do not correlate
    log_low: float
    correlation: float  # mean, weighted by texture
    uneven: float  # from the 10th to the 75th percentile
    displaced: float  # root mean square of what windows are displaced by, in pixels
    displaced_roughly: float  # what of it is no smooth bending of the whole
    moved: float  # share of the reliable windows that are displaced by most of a pixel
    gained: float  # how much better windows correlate once they are moved
    noise: float  # log of the grey levels' variance that the two do not share anywhere
    log_pixels: float
    log_windows: float
    textured: float  # share of the common area that shows anything
    log_shrunk: float  # by how much the stored picture was shrunk to what the query shows of it
    # Where they differ, in logarithms: texture and edges of the query over those of the stored picture, and of either
    # over its own surroundings. Words and stickers stand out of theirs, what was moved does not.
    texture_ratio: float
    edge_ratio: float
    texture_unlike: float
    stored_texture: float
    query_texture: float
    stored_edges: float
    query_edges: float
    spread: float  # of what differs, as a share of the common area's sides
    filled: float  # share of its bounding box

    def vector(self) -> NDArray[np.float64]:
        """(n,), in the order of the fields."""
        return np.array([getattr(self, field.name) for field in fields(self)], np.float64)


@dataclass(frozen=True, slots=True)
class Picture:
    """What is looked at of a picture: its grey (H, W), and a small one (h, w, 3) for its colours, in YCrCb."""

    grey: Pixels
    colours: Pixels

    @classmethod
    def of(cls, pixels: Pixels) -> "Picture":
        """`pixels` (H, W, 3) RGB."""
        height, width = pixels.shape[:2]
        share = min(1.0, COLOUR_SIDE / max(height, width))
        size = max(1, round(width * share)), max(1, round(height * share))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if share < 1 else pixels
        return cls(
            np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8),
            np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb), np.uint8),
        )

    @classmethod
    def of_decoded(cls, grey: Pixels, small: Pixels) -> "Picture":
        """`grey` (H, W) and the same smaller in RGB (h, w, 3), as decoders give them."""
        return cls(grey, np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2YCrCb), np.uint8))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two pictures laid on each other.

    `windows` (h, w, n) float32, what was measured of each window, each about in [-1, 1], all 0 outside of what both
    show; see CHANNELS. `differs` are the largest regions of the query that show something else.
    """

    measured: Detail
    windows: NDArray[np.float32]
    differs: tuple[Region, ...]


def compare(query: Picture, stored: Picture, transform: Matrix) -> Comparison | None:
    """Compare a query and a stored picture; `transform` (3, 3) maps shares of one to the other's.

    None where they have too little in common to tell.
    """
    common = _Common.of(query.grey, stored.grey, transform)
    if common is None:
        return None
    _refine(common)
    return _compared(common, query.colours, stored.colours)


@dataclass
class _Common:
    """What both show, as the stored picture has it, at the resolution of the coarser of the two."""

    query: Pixels  # shrunk, not laid on the other yet
    to_common: Matrix  # its pixels to those of the common area
    stored: Grey  # (h, w), laid
    shares_to_common: Matrix  # of the stored picture
    shrunk: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.stored.shape[1], self.stored.shape[0]

    @classmethod
    def of(cls, query: Pixels, stored: Pixels, transform: Matrix) -> "_Common | None":
        corners = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], np.float64) @ transform.T
        points = corners[:, :2] / corners[:, 2:]
        (left, top), (right, bottom) = np.clip(points.min(0), 0, 1), np.clip(points.max(0), 0, 1)
        if min(right - left, bottom - top) < MIN_OVERLAP:
            return None
        height, width = stored.shape
        shrunk = _density(query, stored, transform)
        scale = min(1.0, 1 / shrunk)
        wide, high = (right - left) * width * scale, (bottom - top) * height * scale
        fitting = min(1.0, SIDE / max(wide, high))
        w, h = max(8, round(wide * fitting)), max(8, round(high * fitting))
        if w * h < MIN_PIXELS or min(w, h) < WINDOW + 2:
            return None
        x, y = w / (right - left), h / (bottom - top)
        to_common = np.array([[x, 0, -left * x], [0, y, -top * y], [0, 0, 1]])
        shown, placed = _shrunk_to(stored, to_common)
        laid = cv2.warpPerspective(shown, placed, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return cls(*_shrunk_to(query, to_common @ transform), _smoothed(laid), to_common, shrunk)

    @cached_property
    def slopes(self) -> "_Slopes":
        """Of the stored picture."""
        return _Slopes.of(self.stored)

    def laid(self) -> tuple[Grey, Mask]:
        """The query on the stored picture, and where it covers it."""
        laid = cv2.warpPerspective(
            self.query, self.to_common, self.size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return _smoothed(laid), self._covered()

    def _covered(self) -> Mask:
        """Where the query covers the common area, but for its outermost pixels."""
        width, height = self.size
        (high, wide), outside = self.query.shape, np.ones((height, width), np.uint8)
        corners = np.array([[0, 0, 1], [wide - 1, 0, 1], [wide - 1, high - 1, 1], [0, high - 1, 1]]) @ self.to_common.T
        cv2.fillConvexPoly(outside, np.round(corners[:, :2] / corners[:, 2:] * 16).astype(np.int32), 0, shift=4)
        return np.asarray(cv2.dilate(outside, np.ones((5, 5), np.uint8)) == 0)


def _density(query: Pixels, stored: Pixels, transform: Matrix) -> float:
    """Pixels of the stored picture for each of the query, along a side, in the middle of the query."""
    (height, width), (stored_height, stored_width) = query.shape, stored.shape
    to_pixels = np.diag([stored_width, stored_height, 1]) @ transform @ np.diag([1 / width, 1 / height, 1])

    def at(x: float, y: float) -> NDArray[np.float64]:
        point = to_pixels @ np.array([x, y, 1])
        return np.asarray(point[:2] / point[2])

    middle = at(width / 2, height / 2)
    steps = np.stack([at(width / 2 + 1, height / 2) - middle, at(width / 2, height / 2 + 1) - middle])
    return float(np.sqrt(abs(np.linalg.det(steps))))


def _shrunk_to(picture: Pixels, to_common: Matrix) -> tuple[Pixels, Matrix]:
    """A picture as small as it will be laid, for warping alone would alias; and its pixels to the common area's."""
    height, width = picture.shape[:2]
    scales = np.linalg.norm(to_common[:2, :2], axis=0) / (width, height)
    w, h = (max(1, round(n * min(1.0, s))) for n, s in zip((width, height), scales, strict=True))
    if (w, h) != (width, height):
        picture = np.asarray(cv2.resize(picture, (w, h), interpolation=cv2.INTER_AREA), np.uint8)
    # OpenCV counts from the middle of the first pixel, shares from its edge.
    from_pixels = np.array([[1 / w, 0, 0.5 / w], [0, 1 / h, 0.5 / h], [0, 0, 1]])
    return picture, np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]]) @ to_common @ from_pixels


def _smoothed(grey: Pixels) -> Grey:
    return np.asarray(cv2.GaussianBlur(grey.astype(np.float32), (0, 0), SMOOTHING), np.float32)


# --- how parts are displaced (Lucas and Kanade 1981), and the transform that explains it


@dataclass(frozen=True, slots=True)
class _Motion:
    """Of each window: by how much the query's must be moved, and how far that can be trusted."""

    x: Grey
    y: Grey
    weight: Grey
    is_reliable: Mask

    @property
    def length(self) -> Grey:
        return np.asarray(np.hypot(self.x, self.y), np.float32)


@dataclass(frozen=True, slots=True)
class _Slopes:
    """A grey with its local brightness and contrast taken out, and its slopes across and down."""

    grey: Grey
    across: Grey
    down: Grey

    @classmethod
    def of(cls, grey: Grey) -> "_Slopes":
        grey = _normalised(grey)
        return cls(grey, _slope(grey, 1, 0), _slope(grey, 0, 1))


def _motion(query_grey: Grey, stored: _Slopes, mask: Mask) -> _Motion:
    query = _Slopes.of(query_grey)
    across = cv2.addWeighted(query.across, 0.5, stored.across, 0.5, 0)
    down = cv2.addWeighted(query.down, 0.5, stored.down, 0.5, 0)
    difference = cv2.subtract(query.grey, stored.grey)
    if not mask.all():
        outside = ~mask
        across[outside], down[outside], difference[outside] = 0, 0, 0
    xx, xy, yy, xd, yd = (
        _windows(np.asarray(cv2.multiply(one, other), np.float32))
        for one, other in ((across, across), (across, down), (down, down), (across, difference), (down, difference))
    )
    damped_xx, damped_yy = xx + 1e-3, yy + 1e-3
    determinant = damped_xx * damped_yy - xy * xy
    x, y = -(damped_yy * xd - xy * yd) / determinant, -(damped_xx * yd - xy * xd) / determinant
    least = (xx + yy) / 2 - np.sqrt(np.maximum((xx - yy) ** 2 / 4 + xy * xy, 0))
    is_reliable = (least > RELIABLE) & (np.hypot(x, y) < WINDOW / 4)
    return _Motion(x, y, np.minimum(least, RELIABLE_AT_MOST), is_reliable)


def _normalised(grey: Grey, size: int = 25) -> Grey:
    """Local brightness and contrast taken out."""
    mean = cv2.blur(grey, (size, size))
    variance = cv2.subtract(cv2.sqrBoxFilter(grey, cv2.CV_32F, (size, size)), cv2.multiply(mean, mean))
    deviation = cv2.sqrt(np.maximum(variance, 0, out=variance) + 16)
    return np.asarray(cv2.divide(cv2.subtract(grey, mean), deviation), np.float32)


def _slope(grey: Grey, x: int, y: int) -> Grey:
    return np.asarray(cv2.Scharr(grey, -1, x, y) / 32, np.float32)


def _windows(grey: Grey) -> Grey:
    """Means of all windows: each is three blocks of pixels wide and high, and begins one block after the one before."""
    rows, columns = grey.shape[0] // STEP, grey.shape[1] // STEP
    blocks = cv2.resize(grey[: rows * STEP, : columns * STEP], (columns, rows), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.blur(blocks, (3, 3), borderType=cv2.BORDER_REFLECT)[1:, 1:], np.float32)


def _refine(common: _Common) -> None:
    """Bring `to_common` to where the windows are, as far as a homography can; first at half the resolution."""
    width, height = common.size
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], np.float64)
    for level in LEVELS:
        query, mask = common.laid()
        stored = common.stored
        w, h = max(WINDOW + 2, width // level), max(WINDOW + 2, height // level)
        if level > 1:
            query, stored = (
                np.asarray(cv2.resize(grey, (w, h), interpolation=cv2.INTER_AREA), np.float32)
                for grey in (query, stored)
            )
            mask = cv2.resize(mask.astype(np.uint8), (w, h), interpolation=cv2.INTER_NEAREST) > 0
        slopes = _Slopes.of(stored) if level > 1 else common.slopes
        found = _homography(_motion(query, slopes, mask), w, h)
        if found is None:
            return
        smaller = np.diag([w / width, h / height, 1])
        moved = np.linalg.inv(smaller) @ found @ smaller
        ends = corners @ moved.T
        farthest = np.abs(ends[:, :2] / ends[:, 2:] - corners[:, :2]).max()
        if farthest > FARTHEST * max(width, height) + 4:
            return
        common.to_common = np.linalg.inv(moved) @ common.to_common
        if level == 1 and farthest < AT_REST:
            return


def _homography(motion: _Motion, width: int, height: int) -> Matrix | None:
    """What moves each window as it is displaced, outliers counting less and less. None where few can be trusted."""
    chosen = motion.is_reliable
    if chosen.sum() < 12:
        return None
    if chosen.sum() > 4 * ENOUGH_WINDOWS:
        chosen = np.zeros_like(chosen)
        chosen[::2, ::2] = motion.is_reliable[::2, ::2]
    unit = max(width, height) / 2
    rows, columns = np.nonzero(chosen)
    x, y = (columns * STEP + WINDOW // 2 - width / 2) / unit, (rows * STEP + WINDOW // 2 - height / 2) / unit
    u, v, weight = motion.x[chosen] / unit, motion.y[chosen] / unit, motion.weight[chosen]
    one, none = np.ones_like(x), np.zeros_like(x)
    terms = np.concatenate(
        [
            np.stack([x, y, one, none, none, none, x * x, x * y], 1),
            np.stack([none, none, none, x, y, one, x * y, y * y], 1),
        ]
    )
    wanted, weights = np.concatenate([u, v]), weight
    for _ in range(3):
        found = _least_squares(terms, wanted, np.tile(weights, 2))
        off = np.hypot(*(wanted - terms @ found).reshape(2, -1)) * unit
        weights = weight / (1 + (off / 0.6) ** 2)
    a, b, c, d, e, f, g, h = found
    middle = np.array([[1 / unit, 0, -width / 2 / unit], [0, 1 / unit, -height / 2 / unit], [0, 0, 1]])
    moved = np.array([[1 + a, b, c], [d, 1 + e, f], [-g, -h, 1]])
    return np.asarray(np.linalg.inv(middle) @ moved @ middle)


def _least_squares(
    terms: NDArray[np.floating], wanted: NDArray[np.floating], weights: NDArray[np.floating]
) -> NDArray[np.float64]:
    weighted = terms * weights[:, None]
    square = terms.T @ weighted
    return np.asarray(np.linalg.solve(square + 1e-9 * np.trace(square) * np.eye(len(square)), weighted.T @ wanted))


def _bending(motion: _Motion, chosen: Mask) -> tuple[float, float]:
    """Root mean square of what windows are displaced by, and of what no polynomial of the third degree explains."""
    if chosen.sum() <= 20:
        return 0.5, 0.5  # too few to tell
    rows, columns = np.nonzero(chosen)
    x, y = (2 * place / max(1, place_count - 1) - 1 for place, place_count in zip(
        (columns, rows), motion.x.shape[::-1], strict=True))  # fmt: skip
    one = np.ones_like(x)
    terms = np.stack([one, x, y, x * x, x * y, y * y, x**3, x * x * y, x * y * y, y**3], 1)
    weight = motion.weight[chosen] / motion.weight[chosen].sum()
    off = [
        displaced[chosen] - terms @ _least_squares(terms, displaced[chosen], weight)
        for displaced in (motion.x, motion.y)
    ]
    return (
        float(np.sqrt((weight * motion.length[chosen] ** 2).sum())),
        float(np.sqrt((weight * np.hypot(*off) ** 2).sum())),
    )


# --- what windows show


def _compared(common: _Common, query_colours: Pixels, stored_colours: Pixels) -> Comparison | None:
    query, mask = common.laid()
    stored = common.stored
    motion = _motion(query, common.slopes, mask)
    moved = _moved(query, motion)
    query_texture, stored_texture, as_it_is = _correlations(query, stored)
    moved_correlation = _correlations(moved, stored)[2]
    correlation = np.maximum(as_it_is, moved_correlation)
    inside = _windows(mask.astype(np.float32)) > 0.95
    shows = inside & (np.maximum(query_texture, stored_texture) > TEXTURE)
    windows = int(shows.sum())
    if windows < MIN_WINDOWS:
        return None
    gain = _gain(query_texture, stored_texture, shows, shows & (correlation > AGREES))
    query_texture = query_texture * gain * gain
    unshared = (1 - np.clip(correlation, 0, 1) ** 2) * np.maximum(query_texture, stored_texture)
    noise = float(np.percentile(unshared[shows], 25)) + 3
    more, less = np.maximum(query_texture, stored_texture), np.minimum(query_texture, stored_texture)
    stands_out = max(TEXTURE, FLOORS * noise)
    both = shows & (less > ONE_SIDED * stands_out) & (more > stands_out) & (correlation < DISAGREES)
    one_sided = shows & (less < ONE_SIDED * stands_out) & (more > stands_out) & (correlation < HALF_AGREES)
    query_only, stored_only = one_sided & (query_texture > stored_texture), one_sided & (stored_texture > query_texture)
    differs = both | one_sided
    parts, all_parts = _parts(both), _parts(differs)
    values, low = correlation[shows], float((correlation[shows] < DISAGREES).mean())
    weight = np.sqrt(np.minimum(more, 400))[shows]
    displaced, roughly = _bending(motion, motion.is_reliable & shows & (moved_correlation > HALF_AGREES))
    trusted = motion.is_reliable & shows & (moved_correlation > HALF_AGREES)
    worst, tenth, half, upper = np.percentile(values, (3, 10, 50, 75)).tolist()
    edges = _edges(query) * gain, _edges(stored)
    measured = Detail(
        both=float(both.sum()) / windows,
        log_both=_log_share(both.sum(), windows),
        query_only=float(query_only.sum()) / windows,
        log_query_only=_log_share(query_only.sum(), windows),
        stored_only=float(stored_only.sum()) / windows,
        log_stored_only=_log_share(stored_only.sum(), windows),
        parts=float(np.log1p(len(parts))),
        all_parts=float(np.log1p(len(all_parts))),
        largest=_share_of_largest(parts),
        largest_of_all=_share_of_largest(all_parts),
        log_scattered=_log_share(sum(parts[1:]), windows),
        half=half,
        tenth=tenth,
        worst=worst,
        low=low,
        log_low=_log_share(low * windows, windows),
        correlation=float((values * weight).sum() / weight.sum()),
        uneven=upper - tenth,
        displaced=displaced,
        displaced_roughly=roughly,
        moved=float((motion.length[trusted] > 0.8).mean()) if trusted.sum() > 20 else 0.0,
        gained=float((moved_correlation - as_it_is)[shows].mean()),
        noise=float(np.log(noise)),
        log_pixels=float(np.log(stored.size)),
        log_windows=float(np.log(windows)),
        textured=windows / max(1, int(inside.sum())),
        log_shrunk=float(np.log(max(1.0, common.shrunk))),
        **_surroundings((query_texture, stored_texture), edges, differs, shows),
        **_extent(differs),
    )
    channels = _channels(
        common,
        (query_colours, stored_colours),
        inside,
        (as_it_is, moved_correlation),
        (query_texture, stored_texture),
        edges,
        motion,
    )
    return Comparison(measured, channels, _regions(differs, common))


# --- the windows as a small network sees them

# What is told of each window: whether both show it, how well it correlates, and once moved; the logarithms of its
# texture and of its strongest edge in the query and in the stored picture; by how much its brightness and its two
# colours are not as the rest of the picture lets expect; how far it is displaced, and whether that can be trusted.
CHANNELS = (
    "inside", "correlation", "moved_correlation", "query_texture", "stored_texture", "query_edge", "stored_edge",
    "brightness", "red", "blue", "displaced", "reliable",
)  # fmt: skip


def _channels(
    common: _Common,
    colours: tuple[Pixels, Pixels],
    inside: Mask,
    correlations: tuple[Grey, Grey],
    textures: tuple[Grey, Grey],
    edges: tuple[Grey, Grey],
    motion: _Motion,
) -> NDArray[np.float32]:
    unexpected = _unexpected_colours(common, colours, inside & (correlations[1] > HALF_AGREES), inside)
    told = [
        np.ones_like(correlations[0]),
        *correlations,
        *(log_texture(texture) for texture in textures),
        *(np.log(edge + 9) / 3 - 1.2 for edge in edges),
        *(np.clip(unexpected / COLOUR_UNIT, -2, 2)),
        np.where(motion.is_reliable, np.minimum(motion.length, 4) / 2, 0),
        motion.is_reliable,
    ]
    return np.asarray(np.where(inside[..., None], np.stack(told, 2), 0), np.float32)


def log_texture(variance: Grey | float) -> Grey:
    """How a window's texture is told: its variance in grey levels as a logarithm of about -1 to 1."""
    return np.asarray(np.log(np.asarray(variance, np.float32) + 4) / 4 - 1, np.float32)


def _unexpected_colours(
    common: _Common, colours: tuple[Pixels, Pixels], agrees: Mask, inside: Mask
) -> NDArray[np.float32]:
    """(3, h, w) by how much each window's brightness and colours (Y, Cr, Cb) are not what the stored picture's say.

    A picture in other colours is as expected: how they changed is told by the windows that agree.
    """
    rows, columns = inside.shape
    # A pixel for each step between windows, blurred to the size of a window.
    first = 0.5 - (WINDOW // 2) / STEP
    to_grid = np.array([[1 / STEP, 0, first], [0, 1 / STEP, first], [0, 0, 1]])
    query_to_common = common.to_common @ _to_pixels(*common.query.shape[::-1])
    from_shares = (query_to_common, _to_pixels(1, 1) @ common.shares_to_common)
    query, stored = (
        _on_grid(picture, to_grid @ to_common, (columns, rows))
        for picture, to_common in zip(colours, from_shares, strict=True)
    )
    enough = agrees if agrees.sum() >= 12 else inside
    terms = np.concatenate([stored, np.ones_like(stored[..., :1])], 2)
    a, wanted = terms[enough].astype(np.float64), query[enough].astype(np.float64)
    weights = np.ones(len(a))
    for _ in range(3):
        found = _least_squares(a, wanted, weights)
        weights = 1 / (1 + (np.maximum.reduce(np.abs(wanted - a @ found).T) / 6) ** 2)
    return np.asarray(np.moveaxis(query - terms @ found, 2, 0), np.float32)


def _to_pixels(width: int, height: int) -> Matrix:
    """From shares of a picture to its pixels, counted from the middle of the first."""
    return np.array([[width, 0, -0.5], [0, height, -0.5], [0, 0, 1]])


def _on_grid(picture: Pixels, to_grid: Matrix, size: tuple[int, int]) -> NDArray[np.float32]:
    """A small picture (h, w, 3) laid on the grid of windows; `to_grid` maps its shares."""
    shrunk, placed = _shrunk_to(picture, to_grid)
    laid = cv2.warpPerspective(shrunk, placed, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.blur(laid.astype(np.float32), (3, 3)), np.float32)


def _moved(query: Grey, motion: _Motion) -> Grey:
    """The query with each part moved as its windows and their neighbours say."""
    weight = np.where(motion.is_reliable, motion.weight, 0).astype(np.float32)

    def smooth(displaced: Grey) -> Grey:
        around = cv2.boxFilter(weight * displaced, -1, (3, 3), borderType=cv2.BORDER_REFLECT)
        of = cv2.boxFilter(weight, -1, (3, 3), borderType=cv2.BORDER_REFLECT) + 1e-6
        share = cv2.boxFilter(motion.is_reliable.astype(np.float32), -1, (3, 3), borderType=cv2.BORDER_REFLECT)
        field = np.where(share > 0.3, np.clip(around / of, -FARTHEST_WINDOW, FARTHEST_WINDOW), 0).astype(np.float32)
        return np.asarray(cv2.resize(field, query.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)

    height, width = query.shape
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved = cv2.remap(
        query, x + smooth(motion.x), y + smooth(motion.y), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(moved, np.float32)


def _correlations(query: Grey, stored: Grey) -> tuple[Grey, Grey, Grey]:
    """Variance of each window on either side, and their correlation."""
    mean_1, mean_2 = _windows(query), _windows(stored)
    variance_1: Grey = np.maximum(_windows(query * query) - mean_1 * mean_1, np.float32(0))
    variance_2: Grey = np.maximum(_windows(stored * stored) - mean_2 * mean_2, np.float32(0))
    covariance = _windows(query * stored) - mean_1 * mean_2
    correlation = covariance / np.sqrt((variance_1 + 2) * (variance_2 + 2))
    return variance_1, variance_2, np.asarray(correlation, np.float32)


def _gain(query: Grey, stored: Grey, shows: Mask, agrees: Mask) -> float:
    """By what the query's contrast is multiplied to be the stored picture's."""
    if agrees.sum() > 8:
        return float(np.clip(np.median(np.sqrt((stored[agrees] + 2) / (query[agrees] + 2))), 0.2, 5))
    return float(np.sqrt(np.median(stored[shows] + 1) / np.median(query[shows] + 1)))


def _edges(grey: Grey) -> Grey:
    """The strongest edge in each window."""
    strength = cv2.magnitude(cv2.Sobel(grey, -1, 1, 0, ksize=3), cv2.Sobel(grey, -1, 0, 1, ksize=3))
    rows, columns = (size // STEP * STEP for size in grey.shape)
    of_blocks = cv2.dilate(strength, np.ones((STEP, STEP), np.uint8))[
        STEP // 2 : rows : STEP, STEP // 2 : columns : STEP
    ]
    return np.asarray(cv2.dilate(of_blocks, np.ones((3, 3), np.uint8))[1:, 1:], np.float32)


def _parts(mask: Mask) -> list[int]:
    """Sizes of connected parts, largest first."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return sorted((int(size) for size in stats[1:, cv2.CC_STAT_AREA]), reverse=True)


def _regions(differs: Mask, common: _Common) -> tuple[Region, ...]:
    """The regions of the query that hold what differs, largest first."""
    near = cv2.morphologyEx(differs.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(near, connectivity=8)
    height, width = common.query.shape
    to_shares = np.diag([1 / width, 1 / height, 1]) @ np.linalg.inv(common.to_common)
    found = []
    for label in 1 + np.argsort(-stats[1:, cv2.CC_STAT_AREA]):
        rows, columns = np.nonzero(differs & (labels == label))
        if len(rows) < LEAST_PART:
            continue
        left, right = columns.min() * STEP, columns.max() * STEP + WINDOW
        top, bottom = rows.min() * STEP, rows.max() * STEP + WINDOW
        corners = np.array([[left, top, 1], [right, top, 1], [right, bottom, 1], [left, bottom, 1]]) @ to_shares.T
        shares = np.clip(corners[:, :2] / corners[:, 2:], 0, 1)
        (x, y), (wide, high) = shares.min(0), np.ptp(shares, axis=0)
        if wide > 0 and high > 0:
            found.append(Region(*(round(float(share), 4) for share in (x, y, wide, high))))
    return tuple(found[:REGIONS])


def _share_of_largest(parts: list[int]) -> float:
    return parts[0] / sum(parts) if parts else 1.0


def _log_share(count: float, of: int) -> float:
    return float(np.log((count + 0.3) / of))


def _surroundings(texture: tuple[Grey, Grey], edges: tuple[Grey, Grey], differs: Mask, shows: Mask) -> dict[str, float]:
    """How what differs stands out, see Detail; pairs are of the query and the stored picture."""
    names = (
        "texture_ratio",
        "edge_ratio",
        "texture_unlike",
        "stored_texture",
        "query_texture",
        "stored_edges",
        "query_edges",
    )
    if differs.sum() <= 2:
        return dict.fromkeys(names, 0.0)

    def level(values: Grey, where: Mask) -> float:
        return float(np.log(values[where] + 9).mean())

    rest = shows & ~cv2.dilate(differs.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    (query, stored), (query_edges, stored_edges) = texture, edges
    unlike = float(np.abs(np.log((query[differs] + 9) / (stored[differs] + 9))).mean())
    values = [
        level(query, differs) - level(stored, differs),
        level(query_edges, differs) - level(stored_edges, differs),
        unlike,
        *(
            level(one, differs) - level(one, rest) if rest.sum() > 5 else 0.0
            for one in (stored, query, stored_edges, query_edges)
        ),
    ]
    return dict(zip(names, values, strict=True))


def _extent(differs: Mask) -> dict[str, float]:
    """How far what differs is spread, see Detail."""
    if differs.sum() <= 2:
        return {"spread": 0.0, "filled": 1.0}
    rows, columns = np.nonzero(differs)
    spread = float(np.hypot(columns.std() / differs.shape[1], rows.std() / differs.shape[0]))
    return {"spread": spread, "filled": float(differs.sum() / ((np.ptp(columns) + 1) * (np.ptp(rows) + 1)))}
