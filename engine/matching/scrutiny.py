"""Whether a proved pair is one picture, or two that share a scene or a layout: judged by what was measured in detail.

Two small convolutional networks look at the windows of the two, where they agree and in what way they do not, and the
mean of what they say counts. They are one file, fitted by `training/fit_scrutiny.py` on pairs that it makes: edited
copies of photographs and of layouts, the same layouts filled in differently, photographs from a step aside and with
something else in them.
"""

import threading
from functools import cache
from importlib.resources import files

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from engine.features.detail import CHANNELS, Comparison
from engine.features.ssim import Alignment

NETWORK = "scrutiny.tflite"
SIDE = 96  # windows across and down that the network sees; what both show is smaller and stands in its upper left
SMOOTHED = 0.01  # what the network was taught to say of a variant, and of a copy less than 1; it stands for 0
LEAST = 1e-3  # nothing is certain


class Scrutiny:
    """The network; an interpreter for each thread that uses it (one serves one call at a time)."""

    def __init__(self, content: bytes) -> None:
        """`content`: a LiteRT flatbuffer; windows (1, 96, 96, n) and measures (1, m) in, log-odds (1, 1) out."""
        self._content = content
        self._of_thread = threading.local()

    def p_copy(self, comparison: Comparison, alignment: Alignment) -> float:
        """The probability that the query was made of the stored picture."""
        return from_log_odds(self.log_odds(padded(comparison.windows), vector(comparison, alignment)))

    def log_odds(self, windows: NDArray[np.float32], measures: NDArray[np.float32]) -> float:
        """What the network says."""
        interpreter, windows_at, measures_at, output_at = self._interpreter()
        interpreter.set_tensor(windows_at, windows[None])
        interpreter.set_tensor(measures_at, measures[None])
        interpreter.invoke()
        return float(np.clip(interpreter.get_tensor(output_at)[0, 0], -30, 30))

    def _interpreter(self) -> tuple[Interpreter, int, int, int]:
        found: tuple[Interpreter, int, int, int] | None = getattr(self._of_thread, "interpreter", None)
        if found is None:
            interpreter = Interpreter(model_content=self._content, num_threads=1)
            interpreter.allocate_tensors()
            inputs = {len(one["shape"]): one["index"] for one in interpreter.get_input_details()}
            found = interpreter, inputs[4], inputs[2], interpreter.get_output_details()[0]["index"]
            self._of_thread.interpreter = found
        return found


def from_log_odds(log_odds: float) -> float:
    """The probability of a copy, where there are as many copies as variants, as in what it was fitted on."""
    said = 1 / (1 + np.exp(-log_odds))
    return float(np.clip((said - SMOOTHED) / (1 - 2 * SMOOTHED), LEAST, 1 - LEAST))


def vector(comparison: Comparison, alignment: Alignment) -> NDArray[np.float32]:
    """(m,) what was measured of a pair as a whole."""
    coarse = [alignment.structure, alignment.agreement, alignment.dissent, alignment.overlap]
    return np.concatenate([comparison.measured.vector(), coarse]).astype(np.float32)


def padded(windows: NDArray[np.float32]) -> NDArray[np.float32]:
    """(96, 96, n)"""
    height, width = windows.shape[:2]
    canvas = np.zeros((SIDE, SIDE, len(CHANNELS)), np.float32)
    canvas[:height, :width] = windows
    return canvas


@cache
def shipped() -> Scrutiny:
    """The network that comes with the package."""
    return Scrutiny((files("engine") / "data" / NETWORK).read_bytes())
