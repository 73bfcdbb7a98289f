"""Builds a network in Keras, loads its weights and converts it for LiteRT: the only importer of TensorFlow.

Run as `python -m engine.features.network_build NAME OUT [WEIGHTS]` in a child process.
"""

import math
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from engine.errors import NetworkBuildFailed
from engine.features.networks import WEIGHTS_UNAVAILABLE_STATUS, Network, network, packaged_weights
from engine.features.torch_weights import read_weights
from engine.pictures import augment, imaging

# kernel, stride, expansion, filters, repeats (Tan & Le 2019, without squeeze-and-excite; ReLU6)
STAGES = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
RANGE_EDITS = ("crop", "recolour", "paste")
STEM, HEAD, BATCH_NORM_EPSILON = 32, 1280, 1e-3
RESNET_MEAN_BGR = (103.939, 116.779, 123.68)


def build(described: Network, weights: Path | None = None) -> keras.Model:
    """The network with its weights: float RGB (N, size, size, 3) in 0-255 -> pooled features (N, dimensions)."""
    if described.family == "pictrace":
        raise NetworkBuildFailed(f"{described.name} comes with PicTrace; training/copy_network.py makes it.")
    if described.family == "resnet50":
        return _resnet50(described, weights)
    return _efficientnet_lite(described, read_weights(packaged_weights(described)))


def convert(built: keras.Model, *, quantised: bool) -> bytes:
    """The network as a LiteRT flatbuffer: float32, or int8 with float32 input and output."""
    converter = tf.lite.TFLiteConverter.from_keras_model(built)
    if quantised:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: _representative(built.input_shape[1])
    return bytes(converter.convert())


def _representative(size: int) -> Iterator[list[NDArray[np.float32]]]:
    """Inputs from which the int8 ranges are taken: scikit-image's pictures, each as it is and edited."""
    folder = Path(str(files("skimage") / "data"))
    limits: dict[str, Any] = {"side": 1000, "max_bytes": 10**8, "max_pixels": 10**8}
    pictures = [
        imaging.decode(path.read_bytes(), **limits).pixels
        for path in sorted(folder.iterdir())
        if path.suffix in (".png", ".jpg")
    ]
    for number, pixels in enumerate(pictures):
        copies = [augment.apply(name, pixels, pixels, seed=number) for name in RANGE_EDITS]
        for shown in (pixels, *copies):
            squeezed = cv2.resize(shown, (size, size), interpolation=cv2.INTER_AREA)
            yield [squeezed[None].astype(np.float32)]


def _resnet50(described: Network, weights: Path | None) -> keras.Model:
    size = described.input_size
    body = keras.applications.ResNet50(
        include_top=False,
        pooling="avg",
        weights=str(weights) if weights else "imagenet",
        input_shape=(size, size, 3),
    )
    rgb = keras.Input((size, size, 3))
    flip = np.eye(3, dtype=np.float32)[::-1].reshape(1, 1, 3, 3)
    to_bgr = keras.layers.Conv2D(3, 1, name="to_bgr")
    centred = to_bgr(rgb)
    to_bgr.set_weights([flip, -np.asarray(RESNET_MEAN_BGR, np.float32)])
    return keras.Model(rgb, body(centred))


def _efficientnet_lite(described: Network, state: dict[str, NDArray[Any]]) -> keras.Model:
    layers = keras.layers
    loads: list[tuple[Any, list[NDArray[Any]]]] = []

    def convolution(x: Any, name: str, filters: int, kernel: int, stride: int = 1) -> Any:
        layer = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)
        loads.append((layer, [state[f"{name}.weight"].transpose(2, 3, 1, 0)]))
        return layer(x)

    def depthwise(x: Any, name: str, kernel: int, stride: int) -> Any:
        layer = layers.DepthwiseConv2D(kernel, stride, padding="same", use_bias=False)
        loads.append((layer, [state[f"{name}.weight"].transpose(2, 3, 0, 1)]))
        return layer(x)

    def normalised(x: Any, name: str, *, activate: bool = True) -> Any:
        layer = layers.BatchNormalization(epsilon=BATCH_NORM_EPSILON)
        parts = ("weight", "bias", "running_mean", "running_var")
        loads.append((layer, [state[f"{name}.{part}"] for part in parts]))
        return layers.ReLU(6.0)(layer(x)) if activate else layer(x)

    size = described.input_size
    rgb = keras.Input((size, size, 3))
    x = layers.Rescaling(1 / 128, offset=-127 / 128)(rgb)
    x = normalised(convolution(x, "_conv_stem", STEM, 3, 2), "_bn0")
    for index, (kernel, stride, expansion, before, after) in enumerate(_blocks(described)):
        name, shortcut = f"_blocks.{index}", x
        if expansion != 1:
            x = normalised(convolution(x, f"{name}._expand_conv", before * expansion, 1), f"{name}._bn0")
        x = normalised(depthwise(x, f"{name}._depthwise_conv", kernel, stride), f"{name}._bn1")
        x = normalised(convolution(x, f"{name}._project_conv", after, 1), f"{name}._bn2", activate=False)
        if stride == 1 and before == after:
            x = layers.Add()([x, shortcut])
    x = normalised(convolution(x, "_conv_head", HEAD, 1), "_bn1")
    built = keras.Model(rgb, layers.GlobalAveragePooling2D()(x))
    for layer, values in loads:
        layer.set_weights(values)
    return built


def _blocks(described: Network) -> list[tuple[int, int, int, int, int]]:
    """(kernel, stride, expansion, filters before, filters after) of each block."""
    blocks, before = [], STEM
    for stage, (kernel, stride, expansion, filters, repeats) in enumerate(STAGES):
        ends = stage in (0, len(STAGES) - 1)
        after = _scaled_filters(filters, described.width)
        for repeat in range(repeats if ends else math.ceil(repeats * described.depth)):
            blocks.append((kernel, stride if repeat == 0 else 1, expansion, before, after))
            before = after
    return blocks


def _scaled_filters(filters: int, width: float, divisor: int = 8) -> int:
    scaled = filters * width
    rounded = max(divisor, int(scaled + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * scaled else rounded


def main(name: str, out: str, weights: str | None = None) -> int:
    described = network(name)
    try:
        built = build(described, Path(weights) if weights else None)
    except Exception as error:
        if described.weights_package:
            raise
        print(" ".join(str(error).split())[:300])
        return WEIGHTS_UNAVAILABLE_STATUS
    Path(out).write_bytes(convert(built, quantised=described.quantised))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
