"""Runs a converted network by LiteRT: a picture in, its embedding out."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from engine.domain import Pixels, Vector
from engine.errors import NetworkBuildFailed
from engine.features.networks import Network


class Embedder:
    """One network; interpreters for each thread that uses it (an interpreter serves one call at a time)."""

    def __init__(self, network: Network, version: str, path: Path) -> None:
        self.network = network
        self.version = version
        self._path = path
        self._of_thread = threading.local()

    def load(self) -> None:
        """Load the network in this thread; NetworkBuildFailed if the converted file is damaged."""
        with _without_native_messages():
            self._interpreter(self.network.input_size)

    def embed(self, pixels: Pixels) -> Vector:
        """What is stored of an RGB picture, which is squeezed to a square: a unit vector (dimensions,) float32."""
        return self.network.unit(self.pooled(pixels))

    def embed_copy(self, pixels: Pixels) -> Vector:
        """The part of it by which copies are found, as a unit vector."""
        return self.network.copy.of(self.embed(pixels))

    def embed_region(self, pixels: Pixels) -> Vector:
        """The same for a part of a query, from fewer pixels; it is compared with embeddings of whole pictures."""
        return self.network.copy.of(self.network.unit(self.pooled(pixels, self.network.region_size)))

    def region_square(self, pixels: Pixels) -> Pixels:
        """What `embed_region` sees of an RGB picture."""
        return _squeezed(pixels, self.network.region_size)

    def pooled(self, pixels: Pixels, side: int | None = None) -> Vector:
        """The network's output as it is (dimensions,) float32; `side`: of the square that it sees."""
        side = side or self.network.input_size
        interpreter = self._interpreter(side)
        squeezed = _squeezed(pixels, side)
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], squeezed[None].astype(np.float32))
        interpreter.invoke()
        output = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        return np.asarray(output[0], np.float32)

    def _interpreter(self, side: int) -> Interpreter:
        of_side: dict[int, Interpreter] = self._of_thread.__dict__.setdefault("of_side", {})
        found = of_side.get(side)
        if found is None:
            try:
                found = Interpreter(model_path=str(self._path), num_threads=1)
                if side != found.get_input_details()[0]["shape"][1]:
                    found.resize_tensor_input(found.get_input_details()[0]["index"], [1, side, side, 3])
                found.allocate_tensors()
            except (ValueError, RuntimeError) as error:
                raise NetworkBuildFailed(
                    f"The converted network {self._path} is damaged: delete it, then run `pictrace networks prepare`."
                ) from error
            of_side[side] = found
        return found


def _squeezed(pixels: Pixels, side: int) -> Pixels:
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


@contextmanager
def _without_native_messages() -> Iterator[None]:
    """Hide what LiteRT's C++ writes to stderr about its delegate, once a process; it has no setting for that."""
    kept, sink = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(sink)
