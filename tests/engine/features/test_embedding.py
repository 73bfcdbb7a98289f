"""Embeddings: what the network is shown, what is made of its output, and what a damaged file is called."""

import os
import threading
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from engine.domain import Pixels, Vector
from engine.errors import NetworkBuildFailed
from engine.features import embedding, networks
from engine.features.embedding import Embedder
from tests.small_library import painting

DESCRIBED = networks.network("efficientnet-lite2")


class Interpreter:
    """In place of LiteRT's: gives the sums of what it was shown, by colour."""

    made: list["Interpreter"] = []  # noqa: RUF012

    def __init__(self, model_path: str, num_threads: int) -> None:
        self.path, self.threads = model_path, num_threads
        self.shape = (1, DESCRIBED.input_size, DESCRIBED.input_size, 3)
        self.is_ready = False
        self.shown: list[np.ndarray] = []
        self.made.append(self)

    def get_input_details(self) -> list[dict[str, Any]]:
        return [{"index": 0, "shape": self.shape}]

    def get_output_details(self) -> list[dict[str, Any]]:
        return [{"index": 7}]

    def resize_tensor_input(self, index: int, shape: list[int]) -> None:
        assert index == 0
        assert not self.is_ready  # LiteRT takes another size only before
        self.shape = tuple(shape)  # type: ignore[assignment]

    def allocate_tensors(self) -> None:
        os.write(2, b"INFO: Created TensorFlow Lite XNNPACK delegate for CPU.\n")
        self.is_ready = True

    def set_tensor(self, index: int, tensor: np.ndarray) -> None:
        assert self.is_ready
        assert index == 0
        assert tensor.shape == self.shape
        assert tensor.dtype == np.float32
        self.shown.append(tensor)

    def invoke(self) -> None:
        pass

    def get_tensor(self, index: int) -> Vector:
        assert index == 7
        return np.asarray(self.shown[-1].sum(axis=(1, 2)) / 1000, np.float64)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Interpreter]:
    """The interpreters that were made."""
    monkeypatch.setattr(Interpreter, "made", [])
    monkeypatch.setattr(embedding, "Interpreter", Interpreter)
    return Interpreter.made


def embedder() -> Embedder:
    return Embedder(DESCRIBED, "1", Path("network.tflite"))


def squeezed(pixels: Pixels, side: int) -> Pixels:
    return np.asarray(cv2.resize(pixels, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def test_picture_is_squeezed_to_the_square_of_the_network_and_its_levels_stay(made: list[Interpreter]) -> None:
    embedder().embed(painting(0))
    (interpreter,) = made
    (shown,) = interpreter.shown
    assert shown.shape == (1, 260, 260, 3)
    assert np.array_equal(shown[0], squeezed(painting(0), 260))
    assert (interpreter.path, interpreter.threads) == ("network.tflite", 1)


def test_region_is_seen_from_fewer_pixels(made: list[Interpreter]) -> None:
    embedder().embed_region(painting(0))
    (interpreter,) = made
    assert np.array_equal(interpreter.shown[0][0], squeezed(painting(0), DESCRIBED.region_size))
    assert DESCRIBED.region_size < DESCRIBED.input_size


def test_embedding_has_unit_length_and_the_direction_of_the_output(made: list[Interpreter]) -> None:
    pixels = np.full((30, 40, 3), (10, 20, 40), np.uint8)
    one = embedder()
    for made_by in (one.embed, one.embed_region):
        found = made_by(pixels)
        assert found.dtype == np.float32
        assert found == pytest.approx(np.array([1, 2, 4]) / np.sqrt(21), abs=1e-6)


def test_pooled_is_the_output_as_it_is(made: list[Interpreter]) -> None:
    found = embedder().pooled(np.full((30, 40, 3), (10, 20, 40), np.uint8))
    assert found.dtype == np.float32
    assert found == pytest.approx(np.array([10, 20, 40]) * 260 * 260 / 1000, rel=1e-4)


def test_output_of_zeros_stays_and_is_no_error(made: list[Interpreter]) -> None:
    assert embedder().embed(np.zeros((30, 40, 3), np.uint8)).tolist() == [0, 0, 0]


def test_each_thread_has_an_interpreter_for_each_size_and_keeps_it(made: list[Interpreter]) -> None:
    one = embedder()

    def use() -> None:
        for _ in range(2):
            one.embed(painting(0))
            one.embed_region(painting(0))

    use()
    assert len(made) == 2
    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert len(made) == 4
    use()
    assert len(made) == 4
    assert [len(interpreter.shown) for interpreter in made] == [4, 4, 2, 2]


def test_two_networks_share_nothing(made: list[Interpreter]) -> None:
    for _ in range(2):
        embedder().embed(painting(0))
    assert len(made) == 2


def test_loading_is_silent_and_what_is_said_afterwards_is_heard(
    made: list[Interpreter], capfd: pytest.CaptureFixture[str]
) -> None:
    one = embedder()
    one.load()
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"
    one.embed(painting(0))
    assert len(made) == 1  # loaded once


def test_what_loading_says_of_a_failure_is_hidden_too(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"no network at all")
    with pytest.raises(NetworkBuildFailed, match=r"broken\.tflite is damaged: delete it"):
        Embedder(DESCRIBED, "1", path).load()
    os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"


def test_nothing_is_opened_before_it_is_needed(made: list[Interpreter]) -> None:
    one = embedder()
    assert (one.network, one.version, made) == (DESCRIBED, "1", [])


def test_damaged_converted_network_is_said(tmp_path: Path) -> None:
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"\x1c\0\0\0TFL3" + b"\0" * 100)
    with pytest.raises(NetworkBuildFailed, match="networks prepare"):
        Embedder(networks.network("efficientnet-lite0"), "1", path).load()
