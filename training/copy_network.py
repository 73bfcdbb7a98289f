"""Trains PicTrace's own network: one trunk with a head that finds copies and a head that tells what looks alike.

usage: python -m training.copy_network --pictures DIR ... [--without DIR ...] [--work DIR] [--steps N] [--out FILE]

In four steps, each of which is kept in --work and not made again: pictures and their edits, small and square; what the
lower half of the trunk, which stays as it is, makes of them; the upper half and the heads, fitted so that edits of one
picture are nearer to each other than to other pictures (InfoNCE), and spread (KoLeo), while the looks are those that
EfficientNet-Lite2 sees; the whole, in int8, for LiteRT. A twelfth of the pictures is kept back, and how many of their
edits have them nearest is printed. Nothing uses the file yet.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing import Pool
from pathlib import Path

import cv2
import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from engine.features import network_build, networks
from engine.features.embedding import Embedder
from engine.pictures import imaging
from engine.settings import EngineSettings
from training import layouts
from training.edits import edited

Pixels = NDArray[np.uint8]
Random = np.random.Generator

ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}
TRUNK, TEACHER = "efficientnet-lite0", "efficientnet-lite2"
SIDE = 192  # pixels that the network sees, each way
DECODED = 440  # longest side of what is edited
VIEWS = 16  # of each picture: itself, and edits
LEAST_SIDE, LEAST_DEVIATION = 150, 12.0  # smaller pictures and flat ones are left out
LARGEST_PART = 1_400  # a picture with a longer side is cut into parts of about so much, each a picture of its own
MOST_PARTS = 6
TWICE = 0.96  # cosine of what the teacher sees, from which a picture is in the packages once more
LAYOUTS_EACH, FILLED_IN = 12, 3  # layouts of each kind, and how often each is filled in: hard to tell apart
CUT_FILTERS = 80  # the lower half ends with the last map of so many channels
COPY, LOOKS = 256, 256  # dimensions of the heads
KEPT_BACK = 12  # one picture in so many
CHECKPOINT, TOLD = 250, 50  # steps after which the weights are kept, and what was learned is printed
RANGES = 200  # pictures from which the int8 ranges are taken
POWER = 3.0  # of the generalised mean
BATCH = 128  # pictures in a step, two views of each
NEIGHBOURS = 4  # pictures that look alike are put into one batch, so many together
TEMPERATURE, SPREAD, OF_LOOKS = 0.06, 0.2, 0.5
RATE, HEAD_RATE, WARM_UP = 3e-4, 1e-3, 0.03


def listed(folders: Sequence[Path], without: Sequence[Path]) -> list[Path]:
    left_out = {path.stem for folder in without for path in folder.rglob("*")}
    found = (path for folder in folders for path in folder.rglob("*"))
    return sorted(path for path in found if path.suffix.lower() in ENDINGS and path.stem not in left_out)


def parts(path: Path) -> list[Pixels]:
    """The picture, or parts of a large one; nothing of what is broken, small or empty."""
    try:
        content = path.read_bytes()
        pixels = imaging.decode(content, side=6_000, max_bytes=10**8, max_pixels=10**8).pixels
    except Exception:  # noqa: BLE001 - packages carry odd files, and others are there
        return []
    height, width = pixels.shape[:2]
    rows, columns = (max(1, min(3, round(side / LARGEST_PART))) for side in (height, width))
    cut = [
        pixels[height * y // rows : height * (y + 1) // rows, width * x // columns : width * (x + 1) // columns]
        for y in range(rows)
        for x in range(columns)
    ][:MOST_PARTS]
    fit = [_fitted(one, DECODED) for one in cut if min(one.shape[:2]) >= LEAST_SIDE]
    return [one for one in fit if one.std() >= LEAST_DEVIATION]


def _fitted(pixels: Pixels, side: int) -> Pixels:
    share = min(1.0, side / max(pixels.shape[:2]))
    return np.ascontiguousarray(cv2.resize(pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.uint8)


def of_layouts() -> list[Pixels]:
    return [
        _fitted(layouts.draw(kind, layout, content), DECODED)
        for kind in layouts.KINDS
        for layout in range(LAYOUTS_EACH)
        for content in range(FILLED_IN)
    ]


def squeezed(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.resize(pixels, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.uint8)


def views(task: tuple[int, Pixels, Pixels]) -> Pixels:
    """(VIEWS, SIDE, SIDE, 3): a picture and its edits."""
    number, pixels, other = task
    cv2.setNumThreads(1)
    random = np.random.default_rng([7, number])
    made = [squeezed(pixels)]
    while len(made) < VIEWS:
        try:
            made.append(squeezed(edited(pixels, other, random)))
        except (cv2.error, ValueError):  # an edit that a tiny picture does not bear
            continue
    return np.stack(made)


def make_views(options: argparse.Namespace) -> Pixels:
    """(n, VIEWS, SIDE, SIDE, 3), on disk."""
    path = options.work / "views.npy"
    if not path.exists():
        with Pool() as workers:
            pictures = [
                one for found in workers.imap(parts, listed(options.pictures, options.without), 8) for one in found
            ]
            print(f"{len(pictures)} pictures and parts of pictures", flush=True)
            pictures += of_layouts()
            others = np.random.default_rng(5).permutation(len(pictures))
            made = open_memmap(options.work / "part.npy", "w+", np.uint8, (len(pictures), VIEWS, SIDE, SIDE, 3))
            tasks = ((n, one, pictures[other]) for n, (one, other) in enumerate(zip(pictures, others, strict=True)))
            for number, one in enumerate(workers.imap(views, tasks, 4)):
                made[number] = one
            made.flush()
        (options.work / "part.npy").rename(path)
    return np.asarray(np.load(path, mmap_mode="r"), np.uint8)


def trunk() -> tuple[keras.Model, keras.Model]:
    """The lower half, which stays: pixels to a map; and the upper: that map to another."""
    described = replace(networks.network(TRUNK), input_size=SIDE)
    whole = network_build.build(described)
    cut = [layer.output for layer in whole.layers if layer.output.shape[-1] == CUT_FILTERS][-1]
    top = whole.layers[-1].input  # before the mean over the map
    return keras.Model(whole.input, cut), keras.Model(cut, top)


def make_maps(options: argparse.Namespace, shown: Pixels, lower: keras.Model) -> NDArray[np.float16]:
    """What the lower half makes of all views: (n, VIEWS, h, w, c), on disk."""
    path = options.work / "maps.npy"
    if not path.exists():
        run = tf.function(lambda pixels: lower(pixels, training=False))
        made = open_memmap(options.work / "part.npy", "w+", np.float16, (*shown.shape[:2], *lower.output.shape[1:]))
        for number, pictures in enumerate(shown):
            made[number] = run(tf.constant(pictures.astype(np.float32))).numpy()
        made.flush()
        (options.work / "part.npy").rename(path)
    return np.asarray(np.load(path, mmap_mode="r"), np.float16)


def teacher(options: argparse.Namespace, shown: Pixels) -> NDArray[np.float32]:
    """(n, LOOKS) what EfficientNet-Lite2 sees in the pictures as they are, in its main directions."""
    path = options.work / "looks.npy"
    if not path.exists():
        settings = EngineSettings(_env_file=None)
        described = networks.network(TEACHER)
        embedder = Embedder(
            described, networks.version(described, None), networks.prepare(described, settings.cache_dir, None)
        )
        np.save(path, np.stack([embedder.embed(np.ascontiguousarray(one[0])) for one in shown]))
    return np.asarray(np.load(path), np.float32)


@keras.saving.register_keras_serializable()
class GeneralisedMean(layers.Layer):  # type: ignore[misc]
    """(n, h, w, c) -> (n, c): the mean of powers, so that what stands out counts more (Radenovic et al. 2018)."""

    def call(self, seen: tf.Tensor) -> tf.Tensor:
        return ops.power(ops.mean(ops.power(ops.maximum(seen, 1e-3), POWER), (1, 2)), 1 / POWER)


def distinct(seen: NDArray[np.float32], layouts_from: int) -> NDArray[np.intp]:
    """The pictures that are not nearly in the packages before; of layouts all, which are made to be like each other."""
    unit = seen / np.linalg.norm(seen, axis=1, keepdims=True)
    kept: list[int] = []
    for number in range(layouts_from):
        if not kept or (unit[kept] @ unit[number]).max() < TWICE:
            kept.append(number)
    return np.array([*kept, *range(layouts_from, len(seen))])


def whitening(seen: NDArray[np.float32], dimensions: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(c, d) and (d,) what takes rows to their main directions, each of variance 1."""
    mean = seen.mean(0)
    _, strength, directions = np.linalg.svd(seen - mean, full_matrices=False)
    matrix = directions[:dimensions].T / (strength[:dimensions] / np.sqrt(len(seen)) + 1e-2)
    return matrix.astype(np.float32), (-mean @ matrix).astype(np.float32)


def heads(upper: keras.Model, maps: NDArray[np.float16], looks: NDArray[np.float32]) -> keras.Model:
    """Map -> (copy, looks), set by their main directions at first."""
    pooled = keras.Model(upper.input, GeneralisedMean()(upper.output))
    random = np.random.default_rng(3)
    rows = random.permutation(len(maps))[:2_500]
    seen = np.concatenate(
        [
            pooled.predict(np.asarray(maps[rows[at : at + 100], 0], np.float32), verbose=0)
            for at in range(0, len(rows), 100)
        ]
    )
    copy, alike = layers.Dense(COPY, name="copy"), layers.Dense(LOOKS, name="looks")
    made = keras.Model(upper.input, [copy(pooled.output), alike(pooled.output)])
    copy.set_weights(whitening(seen, COPY))
    least = np.linalg.lstsq(np.c_[seen, np.ones(len(seen))], looks[rows], rcond=1e-3)[0]
    alike.set_weights([least[:-1].astype(np.float32), least[-1].astype(np.float32)])
    return made


def batches(
    maps: NDArray[np.float16], looks: NDArray[np.float32], kept: NDArray[np.intp], random: Random
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.intp], NDArray[np.bool_]]]:
    """Two views of each of BATCH pictures, that look alike four by four: (2, BATCH, h, w, c), and which pictures."""
    among = looks[kept]
    while True:
        leaders = random.choice(len(kept), BATCH // NEIGHBOURS, replace=False)
        near = kept[np.argsort(-(among[leaders] @ among.T), axis=1)[:, : 4 * NEIGHBOURS]]
        chosen = list(
            dict.fromkeys(
                int(one) for row in near for one in (row[0], *random.choice(row[1:], NEIGHBOURS - 1, replace=False))
            )
        )
        while len(chosen) < BATCH:
            if (one := int(random.choice(kept))) not in chosen:
                chosen.append(one)
        rows = np.array(chosen[:BATCH])
        first = np.where(random.random(BATCH) < 0.4, 0, random.integers(1, VIEWS, BATCH))
        second = (first + random.integers(1, VIEWS, BATCH)) % VIEWS
        yield np.stack([maps[rows, first], maps[rows, second]]).astype(np.float32), rows, first == 0


def fit(
    made: keras.Model,
    maps: NDArray[np.float16],
    looks: NDArray[np.float32],
    kept: NDArray[np.intp],
    steps: int,
    work: Path,
) -> None:
    """What was fitted before in this folder is gone on with."""
    done = _restored(made, work)
    random = np.random.default_rng([1, done])
    rate = tf.Variable(0.0)
    body = keras.optimizers.AdamW(1e-3, weight_decay=1e-4, clipnorm=5.0)
    ends = keras.optimizers.AdamW(1e-3, weight_decay=1e-4, clipnorm=5.0)
    tails = [made.get_layer("copy"), made.get_layer("looks")]
    tail_ids = {id(v) for layer in tails for v in layer.trainable_variables}
    inner = [v for v in made.trainable_variables if id(v) not in tail_ids]
    outer = [v for layer in tails for v in layer.trainable_variables]

    @tf.function  # type: ignore[untyped-decorator]
    def step(pair: tf.Tensor, wanted: tf.Tensor, is_whole: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            copy, alike = made(tf.reshape(pair, (2 * BATCH, *pair.shape[2:])), training=False)
            copy = tf.math.l2_normalize(copy, 1)
            cosines = tf.matmul(copy, copy, transpose_b=True)
            itself = tf.eye(2 * BATCH)
            logits = cosines / TEMPERATURE - 1e4 * itself
            partner = tf.concat([tf.range(BATCH, 2 * BATCH), tf.range(BATCH)], 0)
            contrast = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(partner, logits))
            same = tf.one_hot(partner, 2 * BATCH)
            nearest = tf.reduce_max(cosines - 3.0 * (itself + same), 1)
            spread = -tf.reduce_mean(tf.math.log(tf.sqrt(tf.maximum(2 - 2 * nearest, 1e-6)) + 1e-4))
            told = 1 - tf.reduce_sum(tf.math.l2_normalize(alike[:BATCH], 1) * wanted, 1)
            likeness = tf.reduce_sum(told * is_whole) / (tf.reduce_sum(is_whole) + 1e-3)
            loss = contrast + SPREAD * spread + OF_LOOKS * likeness
        slopes = tape.gradient(loss, inner + outer)
        body.learning_rate.assign(rate * RATE)
        ends.learning_rate.assign(rate * HEAD_RATE)
        body.apply_gradients(zip(slopes[: len(inner)], inner, strict=True))
        ends.apply_gradients(zip(slopes[len(inner) :], outer, strict=True))
        return tf.stack([contrast, spread, likeness])

    told = []
    for number, (pair, rows, is_whole) in zip(
        range(done + 1, steps + 1), batches(maps, looks, kept, random), strict=False
    ):
        share = number / steps
        rate.assign(min(1.0, share / WARM_UP) * 0.5 * (1 + np.cos(np.pi * share)))
        told.append(step(tf.constant(pair), tf.constant(looks[rows]), tf.constant(is_whole.astype(np.float32))).numpy())
        if number % TOLD == 0:
            print(f"step {number} of {steps}: {np.mean(told[-TOLD:], 0).round(3)}", flush=True)
        if number % CHECKPOINT == 0 or number == steps:
            made.save_weights(work / f"step-{number:06}.weights.h5")


def _restored(made: keras.Model, work: Path) -> int:
    """The last step whose weights were kept, which `made` gets."""
    found = sorted(work.glob("step-*.weights.h5"))
    if not found:
        return 0
    made.load_weights(found[-1])
    return int(found[-1].name.split("-")[1].split(".")[0])


def report(made: keras.Model, maps: NDArray[np.float16], kept: NDArray[np.intp], held: NDArray[np.intp]) -> None:
    """The share of edits of pictures that were kept back whose picture is the nearest of all."""

    def copies(of: NDArray[np.float16]) -> NDArray[np.float32]:
        found = np.concatenate([made(of[at : at + 64].astype(np.float32))[0].numpy() for at in range(0, len(of), 64)])
        return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)

    among = np.concatenate([held, kept])
    pictures = copies(maps[among, 0])
    hits = [(copies(maps[held, view]) @ pictures.T).argmax(1) == np.arange(len(held)) for view in range(1, VIEWS)]
    print(f"of {VIEWS - 1} edits of each of {len(held)} pictures kept back {np.mean(hits):.3f} have it nearest")


def converted(whole: keras.Model, shown: Pixels) -> bytes:
    """As a LiteRT flatbuffer in int8, with float32 in and out."""
    chosen = np.random.default_rng(8).permutation(len(shown))[:RANGES]
    converter = tf.lite.TFLiteConverter.from_keras_model(whole)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([shown[one, one % VIEWS][None].astype(np.float32)] for one in chosen)
    return bytes(converter.convert())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, nargs="+", required=True)
    parser.add_argument("--without", type=Path, nargs="*", default=[])
    parser.add_argument("--work", type=Path, default=Path("training-work"))
    parser.add_argument("--steps", type=int, default=4_000)
    parser.add_argument("--out", type=Path, default=Path("copy-network.tflite"))
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    shown = make_views(options)
    lower, upper = trunk()
    maps = make_maps(options, shown, lower)
    seen = teacher(options, shown)
    centred = seen - seen.mean(0)
    directions = np.linalg.svd(centred, full_matrices=False)[2][:LOOKS]
    looks = centred @ directions.T
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    keras.utils.set_random_seed(1)
    made = heads(upper, maps, looks)
    kept = distinct(seen, len(seen) - len(layouts.KINDS) * LAYOUTS_EACH * FILLED_IN)
    print(f"{len(kept)} of {len(seen)} pictures are distinct", flush=True)
    held = kept[::KEPT_BACK]
    fitted_on = np.setdiff1d(kept, held)
    fit(made, maps, looks, fitted_on, options.steps, options.work)
    report(made, maps, fitted_on, held)
    rgb = keras.Input((SIDE, SIDE, 3))
    whole = keras.Model(rgb, made(lower(rgb)))
    options.out.write_bytes(converted(whole, shown))


if __name__ == "__main__":
    main()
