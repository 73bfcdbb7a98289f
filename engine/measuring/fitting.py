"""Fits a calibration on a library's own pictures, with edited copies that it makes of them itself."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.concurrency import CpuPool
from engine.domain import Image, Pixels, Progress, StoredImage, Vector, no_progress
from engine.features import registry
from engine.library.active_network import CALIBRATION, ActiveNetwork, Networks
from engine.library.originals import Originals
from engine.matching import ranking
from engine.matching.calibration import Calibration
from engine.matching.candidates import Candidates, References
from engine.pictures.augment import EDITS, apply
from engine.pictures.variants import VARIANTS, vary
from engine.storage.repository import Repository

logger = logging.getLogger(__name__)

CONSIDERED, SAMPLE = 100_000, 120  # pictures of the library: looked at, made copies of
EDITS_A_PICTURE = 3
BACKGROUND = 160  # embeddings kept
MIN_PICTURES = 40  # a library needs for a calibration of its own
VERSION_EDITS = ("crop", "perspective", "rotate")  # what another shot differs by, too
STRANGERS = 0.3  # share of the queries whose right picture is left out
L2 = 0.02  # weight decay of the logistic regressions, a sample
ANSWERS = 5  # pairs taken of each query: what an answer shows
SAME_PRECISION = 0.998  # what the cut-off of lane `same` must keep; some of the wrong pairs are unknown duplicates
MIN_SAME_CUTOFF = 0.5
ALIKE_CUTOFF = 0.35

Kind = Callable[[StoredImage], str]


@dataclass(frozen=True, slots=True)
class LabelledPairs:
    """Inputs and answers of the regressions: (n, 6), (n,) and (n,); (m, 2) and (m,)."""

    inputs: Vector
    same: NDArray[np.bool_]
    related: NDArray[np.bool_]  # the same, or another version of it
    alike_inputs: Vector
    alike: NDArray[np.bool_]


async def calibrate(
    repository: Repository,
    networks: Networks,
    originals: Originals,
    pool: CpuPool,
    progress: Progress = no_progress,
) -> bool:
    """Fit a calibration of the library's own, and serve by it. False where it has too few pictures."""

    async def read(image: StoredImage) -> Pixels:
        return (await originals.decoded(image)).pixels

    active, _ = await networks.current()
    images = await repository.images.live_images(limit=CONSIDERED)
    if len(images) < MIN_PICTURES:
        logger.warning("too few pictures for a calibration: at least %d are needed", MIN_PICTURES)
        return False
    random = np.random.default_rng(len(images))
    chosen = [images[int(i)] for i in random.permutation(len(images))]
    sample, rest = chosen[: min(SAMPLE, len(chosen) // 2)], chosen[len(chosen) // 2 :][:BACKGROUND]
    unrelated = [await read(image) for image in rest]
    ids = frozenset(image.id for image in rest)
    fitted = await fit(active, pool, read, sample, unrelated, unrelated_ids=ids, progress=progress)
    await repository.settings.put(CALIBRATION, fitted.to_json())
    await networks.recalibrated()
    return True


async def fit(
    active: ActiveNetwork,
    pool: CpuPool,
    read: Callable[[StoredImage], Awaitable[Pixels]],
    sample: Sequence[StoredImage],
    unrelated: Sequence[Pixels],
    *,
    unrelated_ids: frozenset[int] = frozenset(),
    kind: Kind | None = None,
    seed: int = 7,
    progress: Progress = no_progress,
) -> Calibration:
    """A calibration for the active network.

    `sample`: pictures of the library to make copies of. `unrelated`: other pictures, for backgrounds and neighbours;
    where they are in the library after all, `unrelated_ids` keeps them out of the answers. Some queries are asked with
    the right picture left out too, as strangers. Without `kind` (what a person would call the same kind of thing), lane
    `alike` keeps the weights that it has.
    """
    embedded = [await pool.run(active.embedder.embed, pixels) for pixels in unrelated[:BACKGROUND]]
    background = np.stack(embedded).astype(np.float32)
    start = replace(active.calibration, background=background)
    pairs = await _collect(active, start, pool, read, sample, unrelated, unrelated_ids, kind, seed, progress)
    same = logistic_regression(pairs.inputs, pairs.same)
    related = logistic_regression(pairs.inputs, pairs.related)
    alike = logistic_regression(pairs.alike_inputs, pairs.alike) if len(pairs.alike) else active.calibration.alike
    fitted = replace(
        start, network=active.network, same=same, related=related, alike=alike, alike_cutoff=ALIKE_CUTOFF, fitted=True
    )
    return replace(fitted, same_cutoff=_cutoff(related, pairs))


def logistic_regression(inputs: Vector, right: NDArray[np.bool_]) -> tuple[float, ...]:
    """Weights and, last, the intercept, by maximum likelihood with a little weight decay."""
    from scipy.optimize import minimize  # a second to import, and needed here only

    scale = np.maximum(inputs.std(axis=0), 1e-6)
    centre = inputs.mean(axis=0)
    x = np.hstack([(inputs - centre) / scale, np.ones((len(inputs), 1))]).astype(np.float64)
    sign = np.where(right, 1.0, -1.0)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (x @ weights)
        value = np.logaddexp(0, -margin).sum() + L2 * (weights[:-1] ** 2).sum()
        slope = -(x * (sign / (1 + np.exp(np.clip(margin, -60, 60))))[:, None]).sum(axis=0)
        slope[:-1] += 2 * L2 * weights[:-1]
        return float(value), slope

    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x
    weights = found[:-1] / scale
    return (*(float(w) for w in weights), float(found[-1] - (weights * centre).sum()))


async def _collect(
    active: ActiveNetwork,
    start: Calibration,
    pool: CpuPool,
    read: Callable[[StoredImage], Awaitable[Pixels]],
    sample: Sequence[StoredImage],
    unrelated: Sequence[Pixels],
    unrelated_ids: frozenset[int],
    kind: Kind | None,
    seed: int,
    progress: Progress,
) -> LabelledPairs:
    random = np.random.default_rng(seed)
    names = list(EDITS)
    inputs, same, related, alike_inputs, alike = [], [], [], [], []
    total = len(sample) * (EDITS_A_PICTURE + 1)

    async def asked(pixels: Pixels, exclude: frozenset[int], *, regions_too: bool) -> tuple[Candidates, References]:
        """What comes up for a query, and what it is compared with."""
        features = await pool.run(registry.extract, _as_image(pixels), "", active.embedder)
        candidates = await active.matcher.match(pixels, features, exclude=exclude, regions_too=regions_too)
        return candidates, ranking.references(start, active.embedder.network, features.embedding, candidates)

    for number in range(len(sample) * EDITS_A_PICTURE):
        image = sample[number // EDITS_A_PICTURE]
        edit = names[number % len(names)]
        other = unrelated[int(random.integers(len(unrelated)))]
        seed_of_copy = int(random.integers(1 << 31))
        copy = await pool.run(apply, edit, await read(image), other, seed=seed_of_copy)
        stranger = bool(random.random() < STRANGERS)
        exclude = unrelated_ids | {image.id} if stranger else unrelated_ids
        candidates, references = await asked(copy, exclude, regions_too=True)
        ranked = ranking.rank(candidates, references, start, limit=ANSWERS, weak=True)
        shown = {match.image.id for match in ranked}
        for one in candidates.found:
            # What is proved and no copy in detail is some other version, of which nobody said so.
            if one.stored.image.id in shown and (one.is_copy or not one.is_proved):
                inputs.append(ranking.signals(one, references).vector())
                same.append(one.stored.image.id == image.id)
                related.append(same[-1])
        progress(number + 1, total)
    for number, image in enumerate(sample):
        pixels, other = await read(image), unrelated[int(random.integers(len(unrelated)))]
        version = await pool.run(_other_version, number, pixels, other, int(random.integers(1 << 31)))
        if version is not None:
            candidates, references = await asked(version, unrelated_ids, regions_too=False)
            for one in candidates.found:
                # What is proved is judged in detail; keypoints of what is not must not speak for the same picture.
                if one.stored.image.id == image.id and not one.is_proved:
                    inputs.append(ranking.signals(one, references).vector())
                    same.append(False)
                    related.append(True)
        progress(total - len(sample) + number + 1, total)
    if kind:
        for image in sample:
            candidates, references = await asked(await read(image), unrelated_ids | {image.id}, regions_too=False)
            for one in sorted(candidates.found, key=lambda one: -(one.looks or 0.0))[:ANSWERS]:
                if one.looks is not None:
                    alike_inputs.append([one.looks, start.nearness(one.looks, references.looks)])
                    alike.append(kind(one.stored.image) == kind(image))
    return LabelledPairs(
        np.array(inputs, np.float32),
        np.array(same),
        np.array(related),
        np.array(alike_inputs, np.float32),
        np.array(alike, bool),
    )


def _other_version(number: int, pixels: Pixels, other: Pixels, seed: int) -> Pixels | None:
    """Another shot, from elsewhere too. None where nothing is to be seen of any change."""
    version = vary(list(VARIANTS)[number % len(VARIANTS)], pixels, other, seed=seed)
    return None if version is None else apply(VERSION_EDITS[number % len(VERSION_EDITS)], version, other, seed=seed)


def _cutoff(weights: tuple[float, ...], pairs: LabelledPairs) -> float:
    """The lowest probability above which enough of the pairs are right."""
    value = pairs.inputs @ np.array(weights[:-1]) + weights[-1]
    p = 1 / (1 + np.exp(-np.clip(value, -30, 30)))
    order = np.argsort(-p)
    precision = np.cumsum(pairs.related[order]) / np.arange(1, len(order) + 1)
    is_last = np.append(np.diff(p[order]) < 0, True)  # of those that are equally probable: all or none are above it
    enough = np.flatnonzero(is_last & (precision >= SAME_PRECISION))
    lowest = float(p[order[enough[-1]]]) if len(enough) else 1.0
    return max(MIN_SAME_CUTOFF, lowest)  # not rounded: the pair that decides it passes, and none below


def _as_image(pixels: Pixels) -> Image:
    return Image(pixels, "image/png", pixels.shape[1], pixels.shape[0])
