"""Raw evidence -> probabilities. The numbers are data, fitted by `fitting` and keyed by network and version."""

import base64
import json
import math
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from engine.domain import NetworkHead, NetworkRef, Vector

SHIPPED = "calibration.json"
NO_HASH = 32  # bits: what two unrelated pictures differ in
REFERENCES = 50  # of the query's nearest, how many say how near everything is to it
MIN_REFERENCES = 8


@dataclass(frozen=True, slots=True)
class Signals:
    """What p_same is computed from; see `domain.Evidence` for the meanings. `nearness` as by `Calibration.nearness`."""

    structure: float | None
    proved: bool
    keypoints: int
    phash_distance: int | None
    cosine: float
    nearness: float

    def vector(self) -> Vector:
        """(6,) float32, the inputs of the logistic regression."""
        distance = NO_HASH if self.phash_distance is None else self.phash_distance
        return np.array(
            [
                max(0.0, self.structure or 0.0),
                float(self.proved),
                math.log1p(self.keypoints),
                max(0.0, 1 - distance / NO_HASH),
                max(0.0, self.cosine),
                self.nearness,
            ],
            np.float32,
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logistic regressions (weights and, last, the intercept), their cut-offs, and a background set.

    `same` says how likely two are one picture, where nothing proves it, and `related` how likely they are that or share
    a scene or a layout; what is proved is told apart in detail.

    `background` (n, dimensions) are whole embeddings of pictures unrelated to anyone's library: how near they are to a
    query tells how near just anything is to it, however small the library.
    """

    network: NetworkRef
    same: tuple[float, ...]
    related: tuple[float, ...]
    same_cutoff: float
    alike: tuple[float, ...]
    alike_cutoff: float
    background: Vector
    fitted: bool = True

    def p_same(self, signals: Signals) -> float:
        return _logistic(self.same, signals.vector())

    def p_related(self, signals: Signals) -> float:
        return _logistic(self.related, signals.vector())

    def p_alike(self, cosine: float, nearness: float) -> float:
        """The estimated probability that a person would call the two the same kind of thing."""
        return _logistic(self.alike, np.array([cosine, nearness], np.float32))

    def references(self, head: NetworkHead, embedding: Vector, nearest: list[float]) -> Vector:
        """Cosines to what is taken for unrelated: the background set, and the library's nearest but the very first.

        `embedding`: its part for this head.
        """
        tail = np.array(nearest[10:REFERENCES], np.float32)
        background = head.of(self.background) @ embedding if len(self.background) else np.zeros(0, np.float32)
        return np.concatenate([background, tail])

    @staticmethod
    def nearness(cosine: float, references: Vector) -> float:
        """How many standard deviations a cosine lies above the references; 0 where there are too few."""
        if len(references) < MIN_REFERENCES:
            return 0.0
        return Calibration.nearnesses([cosine], references)[0]

    @staticmethod
    def nearnesses(cosines: list[float], references: Vector) -> list[float]:
        """The same for many cosines; infinite where too little is known."""
        if len(references) < MIN_REFERENCES:
            return [math.inf] * len(cosines)
        mean, deviation = references.mean(), max(1e-3, float(references.std()))
        return [float((cosine - mean) / deviation) for cosine in cosines]

    def to_json(self) -> dict[str, Any]:
        return {
            "network": self.network.name,
            "version": self.network.version,
            "same": list(self.same),
            "related": list(self.related),
            "same_cutoff": self.same_cutoff,
            "alike": list(self.alike),
            "alike_cutoff": self.alike_cutoff,
            "dimensions": int(self.background.shape[1]),
            "background": base64.b64encode(self.background.astype("<f2").tobytes()).decode(),
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Calibration":
        raw = np.frombuffer(base64.b64decode(value["background"]), "<f2")
        return cls(
            network=NetworkRef(value["network"], value["version"]),
            same=tuple(value["same"]),
            related=tuple(value.get("related", value["same"])),  # of an older library's own there was one
            same_cutoff=value["same_cutoff"],
            alike=tuple(value["alike"]),
            alike_cutoff=value["alike_cutoff"],
            background=raw.reshape(-1, value["dimensions"]).astype(np.float32),
        )


def shipped(network: NetworkRef) -> Calibration | None:
    """The calibration that comes with PicTrace, if there is one for this network and version."""
    return _all_shipped().get(network)


def uncalibrated(network: NetworkRef, dimensions: int) -> Calibration:
    """For a network without one: the weights of another, whose scores are an order but no probabilities."""
    other = next(iter(_all_shipped().values()))
    return Calibration(
        network,
        other.same,
        other.related,
        other.same_cutoff,
        other.alike,
        other.alike_cutoff,
        np.zeros((0, dimensions), np.float32),
        False,
    )


@cache
def _all_shipped() -> dict[NetworkRef, Calibration]:
    content = json.loads((files("engine") / "data" / SHIPPED).read_text())
    found = (Calibration.from_json(one) for one in content)
    return {one.network: one for one in found}


def _logistic(weights: tuple[float, ...], inputs: Vector) -> float:
    value = float(np.dot(weights[:-1], inputs)) + weights[-1]
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))
