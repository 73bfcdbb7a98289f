"""Trains PicTrace's own network: one trunk with a head that finds copies and a head that tells what looks alike.

usage: python -m training.copy_network --pictures DIR ... [--without DIR ...] [--work DIR] [--steps N] [--out FILE]

In four steps, each of which is kept in --work and not made again: pictures and their edits, small and square; what the
lower half of the trunk, which stays as it is, makes of them; a copy of the upper half, fitted so that edits of one
picture are nearer to each other than to other pictures (InfoNCE), and spread (KoLeo), then its last layer by linear
discriminant analysis; the whole, in int8, for LiteRT.
The upper half as it was stays beside it, for looks: they are the kinds of things that it was trained to see, and what
it sees besides. A twelfth of the pictures is kept back, and how many of their edits have them nearest is printed.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
from engine.features.torch_weights import read_weights
from engine.pictures import imaging
from training import layouts
from training.edits import edited

Pixels = NDArray[np.uint8]
Random = np.random.Generator

ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}
TRUNK = "efficientnet-lite0"
SIDE = 192  # pixels that the network sees, each way
DECODED = 440  # longest side of what is edited
VIEWS = 16  # of each picture: itself, and edits
LEAST_SIDE, LEAST_DEVIATION = 150, 12.0  # smaller pictures and flat ones are left out
LARGEST_PART = 1_400  # a picture with a longer side is cut into parts of about so much, each a picture of its own
MOST_PARTS = 6
MOST_OF_A_FOLDER = 1_000
TWICE = 0.96  # cosine of what the teacher sees, from which a picture is in the packages once more
LAYOUTS_EACH, FILLED_IN = 12, 3  # layouts of each kind, and how often each is filled in: hard to tell apart
CUT_FILTERS = 80  # the lower half ends with the last map of so many channels
SHARED_FILTERS = 112  # to the end of the first block of so many the two heads share the upper half as it was
SLIM = 512  # channels of the last map for copies: those of the trunk's that differ most
COPY = 256  # dimensions of the head for copies
KINDS, VISUAL = 96, 32  # dimensions of the head for looks: what kinds of things are seen, and how it looks besides
OF_VISUAL = 0.4  # the length of the second beside the first's
RANK = 224  # of the kinds' logits: so the file is an eighth smaller
KEPT_BACK = 12  # one picture in so many
CHECKPOINT, TOLD = 250, 50  # steps after which the weights are kept, and what was learned is printed
RANGES = 200  # pictures from which the int8 ranges are taken
POWER = 3.0  # of the generalised mean
BATCH = 128  # pictures in a step, two views of each
NEIGHBOURS = 4  # pictures that look alike are put into one batch, so many together
TEMPERATURE, SPREAD = 0.06, 0.2
OF_PICTURES, OF_VIEWS, SHRUNK_TO = 2_600, 6, 8.0  # what the discriminant analysis sees; its shrinkage
RATE, HEAD_RATE, WARM_UP = 3e-4, 1e-3, 0.03


def listed(folders: Sequence[Path], without: Sequence[Path], most: int = MOST_OF_A_FOLDER) -> list[Path]:
    """The pictures of each folder, of large ones some, drawn with a fixed seed; none that has a name from `without`."""
    left_out = {path.stem for folder in without for path in folder.rglob("*")}
    chosen: list[Path] = []
    for folder in folders:
        found = sorted(one for one in folder.rglob("*") if one.suffix.lower() in ENDINGS and one.stem not in left_out)
        if len(found) > most:
            found = [found[at] for at in sorted(np.random.default_rng(6).permutation(len(found))[:most])]
        chosen += found
    return chosen


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


@dataclass(frozen=True)
class Trunk:
    """A network in parts: pixels to `lower`'s map, which is kept on disk, to `middle`'s, to the 1,280 of `upper`'s."""

    lower: keras.Model
    middle: keras.Model
    upper: keras.Model


def trunk() -> Trunk:
    whole = network_build.build(replace(networks.network(TRUNK), input_size=SIDE))
    cut = [layer.output for layer in whole.layers if layer.output.shape[-1] == CUT_FILTERS][-1]
    shared = next(
        layer.output
        for layer in whole.layers
        if layer.output.shape[-1] == SHARED_FILTERS and isinstance(layer, layers.BatchNormalization)
    )
    top = whole.layers[-1].input  # before the mean over the map
    parts = Trunk(keras.Model(whole.input, cut), keras.Model(cut, shared), keras.Model(shared, top))
    parts.middle.trainable = False
    return parts


def classifier(name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(c, 1000) and (1000,) what takes a network's mean over the map to ImageNet's kinds, as logits."""
    state = read_weights(networks.packaged_weights(networks.network(name)))
    return state["_fc.weight"].T.copy(), state["_fc.bias"].copy()


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


def unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def main_directions(seen: NDArray[np.float32], dimensions: int) -> NDArray[np.float32]:
    """(c, d) the directions, orthogonal and of length 1, in which rows differ most."""
    directions = np.linalg.svd(seen - seen.mean(0), full_matrices=False)[2]
    return np.asarray(directions[:dimensions].T, np.float32)


@keras.saving.register_keras_serializable()
class GeneralisedMean(layers.Layer):  # type: ignore[misc]
    """(n, h, w, c) -> (n, c): the mean of powers, so that what stands out counts more (Radenovic et al. 2018)."""

    def call(self, seen: tf.Tensor) -> tf.Tensor:
        return ops.power(ops.mean(ops.power(ops.maximum(seen, 1e-3), POWER), (1, 2)), 1 / POWER)


def distinct(shown: Pixels, layouts_from: int) -> NDArray[np.intp]:
    """The pictures that are not nearly in the packages before; of layouts all, which are made to be like each other."""
    small = np.stack([cv2.resize(one[0], (16, 16), interpolation=cv2.INTER_AREA).ravel() for one in shown])
    rows = unit(small - small.mean(1, keepdims=True) + np.float32(1e-3))
    kept: list[int] = []
    for number in range(layouts_from):
        if not kept or (rows[kept] @ rows[number]).max() < TWICE:
            kept.append(number)
    return np.array([*kept, *range(layouts_from, len(rows))])


def whitening(seen: NDArray[np.float32], dimensions: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(c, d) and (d,) what takes rows to their main directions, each of variance 1."""
    mean = seen.mean(0)
    _, strength, directions = np.linalg.svd(seen - mean, full_matrices=False)
    matrix = directions[:dimensions].T / (strength[:dimensions] / np.sqrt(len(seen)) + 1e-2)
    return matrix.astype(np.float32), (-mean @ matrix).astype(np.float32)


def for_copies(parts: Trunk, maps: NDArray[np.float16]) -> keras.Model:
    """`lower`'s map -> (copy,): a copy of the upper half, slimmer at its end; the head's main directions at first."""
    bare = keras.models.clone_model(parts.upper)
    bare.set_weights(parts.upper.get_weights())
    convolution, normalised = (
        [layer for layer in bare.layers if isinstance(layer, kind)][-1]
        for kind in (layers.Conv2D, layers.BatchNormalization)
    )
    (kernel,) = convolution.get_weights()
    gain, offset, mean, variance = normalised.get_weights()
    scale = gain / np.sqrt(variance + normalised.epsilon)
    seen = outputs(
        keras.Model(parts.middle.input, layers.GlobalAveragePooling2D()(parts.upper(parts.middle.output))),
        some_of(maps),
    )[0]
    chosen = np.sort(np.argsort(-seen.std(0))[:SLIM])
    slim, copy = layers.Conv2D(SLIM, 1, name="slim"), layers.Dense(COPY, name="copy")
    inner = keras.Model(bare.input, slim(convolution.input))
    pooled = GeneralisedMean()(layers.ReLU(6.0)(inner(parts.middle.output)))
    made = keras.Model(parts.middle.input, copy(pooled))
    slim.set_weights([(kernel * scale)[..., chosen], (offset - mean * scale)[chosen]])
    copy.set_weights(whitening(outputs(keras.Model(parts.middle.input, pooled), some_of(maps))[0], COPY))
    return made


def for_looks(parts: Trunk, maps: NDArray[np.float16]) -> keras.Model:
    """`lower`'s map -> (looks,): the kinds' probabilities, so that kinds alike are near, and what else is seen."""
    mean = layers.GlobalAveragePooling2D()(parts.upper(parts.middle.output))
    (means,) = outputs(keras.Model(parts.middle.input, mean), some_of(maps))
    matrix, offset = classifier(TRUNK)
    strongest = np.linalg.svd((means - means.mean(0)) @ matrix, full_matrices=False)[2][:RANK]
    fewer, kinds = layers.Dense(RANK, use_bias=False), layers.Dense(1_000)
    probable, visual = layers.Dense(KINDS, use_bias=False), layers.Dense(VISUAL)
    of_things = layers.UnitNormalization()(probable(ops.sqrt(ops.softmax(kinds(fewer(mean))))))
    besides = layers.UnitNormalization()(visual(mean)) * OF_VISUAL
    made = keras.Model(parts.middle.input, layers.Concatenate()([of_things, besides]))
    fewer.set_weights([matrix @ strongest.T])
    left_out = means.mean(0) @ matrix
    kinds.set_weights([strongest, offset + left_out - left_out @ strongest.T @ strongest])
    similar = unit((matrix - matrix.mean(1, keepdims=True)).T)
    probable.set_weights([np.linalg.svd(similar @ similar.T)[0][:, :KINDS]])
    directions = main_directions(means, VISUAL)
    visual.set_weights([directions, -means.mean(0) @ directions])
    return made


def some_of(maps: NDArray[np.float16]) -> NDArray[np.float16]:
    return np.asarray(maps[np.sort(np.random.default_rng(3).permutation(len(maps))[:2_500]), 0])


def outputs(model: keras.Model, maps: NDArray[np.float16]) -> list[NDArray[np.float32]]:
    """What a model makes of maps, each output of it in one array."""
    run = tf.function(lambda part: tf.nest.flatten(model(part, training=False)))
    parts = [run(tf.constant(maps[at : at + 64].astype(np.float32))) for at in range(0, len(maps), 64)]
    return [np.concatenate([part[which].numpy() for part in parts]) for which in range(len(parts[0]))]


def both(parts: Trunk, copies: keras.Model, looks: keras.Model) -> keras.Model:
    """Pixels -> (copy and looks,) in one row, each about of length 1."""
    seen = parts.lower.output
    row = layers.Concatenate()([layers.UnitNormalization()(copies(seen)), looks(seen)])
    return keras.Model(parts.lower.input, row)


def batches(
    maps: NDArray[np.float16], looks: NDArray[np.float32], kept: NDArray[np.intp], random: Random
) -> Iterator[NDArray[np.float32]]:
    """Two views of each of BATCH pictures, that look alike four by four: (2, BATCH, h, w, c)."""
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
        yield np.stack([maps[rows, first], maps[rows, second]]).astype(np.float32)


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
    tails = [made.get_layer("copy")]
    tail_ids = {id(v) for layer in tails for v in layer.trainable_variables}
    inner = [v for v in made.trainable_variables if id(v) not in tail_ids]
    outer = [v for layer in tails for v in layer.trainable_variables]

    @tf.function  # type: ignore[untyped-decorator]
    def step(pair: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            copy = made(tf.reshape(pair, (2 * BATCH, *pair.shape[2:])), training=False)
            copy = tf.math.l2_normalize(copy, 1)
            cosines = tf.matmul(copy, copy, transpose_b=True)
            itself = tf.eye(2 * BATCH)
            logits = cosines / TEMPERATURE - 1e4 * itself
            partner = tf.concat([tf.range(BATCH, 2 * BATCH), tf.range(BATCH)], 0)
            contrast = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(partner, logits))
            same = tf.one_hot(partner, 2 * BATCH)
            nearest = tf.reduce_max(cosines - 3.0 * (itself + same), 1)
            spread = -tf.reduce_mean(tf.math.log(tf.sqrt(tf.maximum(2 - 2 * nearest, 1e-6)) + 1e-4))
            loss = contrast + SPREAD * spread
        slopes = tape.gradient(loss, inner + outer)
        body.learning_rate.assign(rate * RATE)
        ends.learning_rate.assign(rate * HEAD_RATE)
        body.apply_gradients(zip(slopes[: len(inner)], inner, strict=True))
        ends.apply_gradients(zip(slopes[len(inner) :], outer, strict=True))
        return tf.stack([contrast, spread])

    told = []
    for number, pair in zip(range(done + 1, steps + 1), batches(maps, looks, kept, random), strict=False):
        share = number / steps
        rate.assign(min(1.0, share / WARM_UP) * 0.5 * (1 + np.cos(np.pi * share)))
        told.append(step(tf.constant(pair)).numpy())
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


def discriminate(made: keras.Model, maps: NDArray[np.float16], kept: NDArray[np.intp]) -> None:
    """Set the head for copies anew, by linear discriminant analysis: views of one picture near, pictures apart.

    The trunk learns the pictures that it is fitted on by heart; a head by their statistics holds for others too.
    """
    head = made.get_layer("copy")
    random = np.random.default_rng(2)
    rows = np.sort(random.choice(kept, min(OF_PICTURES, len(kept)), replace=False))
    chosen = [0, *sorted(random.choice(np.arange(1, VIEWS), OF_VIEWS, replace=False))]
    before = keras.Model(made.input, head.input)
    seen = np.stack([outputs(before, np.asarray(maps[rows, view]))[0] for view in chosen], 1)  # (n, views, c)
    mean, pictures = seen.mean((0, 1)), seen.mean(1)
    off = (seen - pictures[:, None]).reshape(-1, seen.shape[2])
    within, between = off.T @ off / len(off), np.cov((pictures - mean).T)
    within += SHRUNK_TO * np.trace(within) / len(within) * np.eye(len(within))
    strength, directions = np.linalg.eigh(within)
    white = directions / np.sqrt(strength)
    strength, directions = np.linalg.eigh(white.T @ between @ white)
    strongest = np.argsort(-strength)[:COPY]
    matrix = white @ directions[:, strongest] * strength[strongest] ** -0.25
    head.set_weights([matrix.astype(np.float32), (-mean @ matrix).astype(np.float32)])


def report(made: keras.Model, maps: NDArray[np.float16], kept: NDArray[np.intp], held: NDArray[np.intp]) -> None:
    """The share of edits of pictures that were kept back whose picture is the nearest of all."""

    def copies(of: NDArray[np.float16]) -> NDArray[np.float32]:
        return unit(outputs(made, of)[0])

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
    parts = trunk()
    maps = make_maps(options, shown, parts.lower)
    keras.utils.set_random_seed(1)
    copies, looks = for_copies(parts, maps), for_looks(parts, maps)
    kept = distinct(shown, len(shown) - len(layouts.KINDS) * LAYOUTS_EACH * FILLED_IN)
    print(f"{len(kept)} of {len(shown)} pictures are distinct", flush=True)
    held = kept[::KEPT_BACK]
    fitted_on = np.setdiff1d(kept, held)
    fit(copies, maps, unit(outputs(looks, maps[:, 0])[0]), fitted_on, options.steps, options.work)
    report(copies, maps, fitted_on, held)
    discriminate(copies, maps, fitted_on)
    report(copies, maps, fitted_on, held)
    options.out.write_bytes(converted(both(parts, copies, looks), shown))


if __name__ == "__main__":
    main()
