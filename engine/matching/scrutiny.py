"""Whether a proved pair is one picture, or two that share a scene or a layout: judged by what was measured in detail.

A few small networks with one hidden layer each, fitted by `benchmarks/fit_scrutiny.py` on pairs that it makes: edited
copies of photographs and of layouts, the same layouts filled in differently, photographs from a step aside.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from engine.features.detail import Detail
from engine.features.ssim import Alignment

WEIGHTS = "scrutiny.json"
# The networks were fitted on as many copies as variants. Of what is proved in a library of photographs nearly all are
# copies; taking so many for granted keeps what is in doubt.
COPIES_FOR_A_VARIANT = 12.0
FARTHEST = 3.0  # deviations from the mean of the pairs that were fitted on; what is farther counts as far


@dataclass(frozen=True, slots=True)
class Scrutiny:
    """Networks that agree on one answer: `hidden` (k, n, h), `hidden_bias` (k, h), `out` (k, h), `out_bias` (k,)."""

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    hidden: NDArray[np.float64]
    hidden_bias: NDArray[np.float64]
    out: NDArray[np.float64]
    out_bias: NDArray[np.float64]

    def p_copy(self, detail: Detail, alignment: Alignment) -> float:
        """The probability that the query was made of the stored picture."""
        p = self.p(vector(detail, alignment))
        return COPIES_FOR_A_VARIANT * p / (COPIES_FOR_A_VARIANT * p + 1 - p)

    def p(self, measured: NDArray[np.float64]) -> float:
        """What the networks say of what `vector` gives, as if copies were as many as variants."""
        inputs = np.clip((measured - self.mean) / self.spread, -FARTHEST, FARTHEST)
        activations = np.tanh(np.einsum("n,knh->kh", inputs, self.hidden) + self.hidden_bias)
        value = float(((activations * self.out).sum(1) + self.out_bias).mean())
        return float(1 / (1 + np.exp(-np.clip(value, -30, 30))))


def vector(detail: Detail, alignment: Alignment) -> NDArray[np.float64]:
    """(n,) what a pair is judged by."""
    coarse = [alignment.structure, alignment.agreement, alignment.dissent, alignment.overlap]
    return np.concatenate([detail.vector(), coarse])


@cache
def shipped() -> Scrutiny:
    """The networks that come with the package."""
    content = json.loads((files("engine") / "data" / WEIGHTS).read_text())
    return Scrutiny(**{name: np.array(values, np.float64) for name, values in content.items()})
