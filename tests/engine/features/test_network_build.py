"""The network builder, without TensorFlow: what it makes of the weights, and what it tells whoever started it."""

import importlib.util
import re
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from engine.errors import WeightsUnavailable
from engine.features import networks
from engine.features.networks import WEIGHTS_UNAVAILABLE_STATUS, Network
from engine.features.torch_weights import read_weights

LITE = ("efficientnet-lite2", "efficientnet-lite0")
LAYERS = ("Conv2D", "DepthwiseConv2D", "BatchNormalization", "ReLU", "Rescaling", "Add", "GlobalAveragePooling2D")
SOURCE = Path(networks.__file__).with_name("network_build.py")


class Layer:
    """A layer of Keras' that only keeps what it was made of and loaded with; what it is called with, it gives back."""

    def __init__(self, kind: str, made: list["Layer"], *arguments: Any, **options: Any) -> None:
        self.kind, self.arguments, self.options = kind, arguments, options
        self.weights: list[np.ndarray] = []
        made.append(self)

    def __call__(self, given: Any) -> Any:
        return given

    def set_weights(self, weights: list[np.ndarray]) -> None:
        self.weights = weights


class Converter:
    """In place of TensorFlow's; writes down how it was asked to convert."""

    last: "Converter"

    def __init__(self) -> None:
        self.optimizations: list[str] = []
        self.representative_dataset: Callable[[], Iterator[Any]] | None = None

    @classmethod
    def from_keras_model(cls, built: Any) -> "Converter":
        cls.last = cls()
        return cls.last

    def convert(self) -> bytearray:
        return bytearray(b"TFL3")


class Keras(types.ModuleType):
    """As much of Keras as a network is described with."""

    def __init__(self) -> None:
        super().__init__("keras")
        self.made: list[Layer] = []
        self.Model: Any = lambda given, result: types.SimpleNamespace(input_shape=(None, *given), result=result)
        self.Input: Any = lambda shape: shape
        self.layers: Any = types.SimpleNamespace(**{kind: self._layer(kind) for kind in LAYERS})
        self.applications: Any = types.SimpleNamespace(ResNet50=self._layer("ResNet50"))

    def of(self, kind: str) -> list[Layer]:
        return [layer for layer in self.made if layer.kind == kind]

    def _layer(self, kind: str) -> Any:
        return lambda *arguments, **options: Layer(kind, self.made, *arguments, **options)


@pytest.fixture
def keras() -> Keras:
    return Keras()


@pytest.fixture
def builder(keras: Keras, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module on those fakes: importing TensorFlow takes ten seconds and a gigabyte."""
    tensorflow = types.ModuleType("tensorflow")
    tensorflow.lite = types.SimpleNamespace(  # type: ignore[attr-defined]
        TFLiteConverter=Converter, Optimize=types.SimpleNamespace(DEFAULT="default")
    )
    monkeypatch.setitem(sys.modules, "keras", keras)
    monkeypatch.setitem(sys.modules, "tensorflow", tensorflow)
    described = importlib.util.spec_from_file_location("network_build_on_fakes", SOURCE)
    assert described
    assert described.loader
    module = importlib.util.module_from_spec(described)
    described.loader.exec_module(module)
    return module


def is_said_alone(said: str) -> bool:
    return said.count("\n") == 1 and len(said) <= 301


# --- the network


@pytest.mark.parametrize("name", LITE)
def test_every_weight_of_the_package_finds_its_layer_but_those_of_the_classifier(
    builder: ModuleType, keras: Keras, name: str
) -> None:
    builder.build(networks.network(name))
    state = read_weights(networks.packaged_weights(networks.network(name)))
    expected = {key for key in state if not key.startswith("_fc.") and not key.endswith("num_batches_tracked")}
    loaded = [values for layer in keras.made for values in layer.weights]
    assert len(loaded) == len(expected) > 200
    assert sum(values.size for values in loaded) == sum(state[key].size for key in expected)
    assert sum(float(values.sum()) for values in loaded) == pytest.approx(
        sum(float(state[key].sum()) for key in expected), rel=1e-5
    )


@pytest.mark.parametrize("name", LITE)
def test_weights_have_the_shapes_of_their_layers(builder: ModuleType, keras: Keras, name: str) -> None:
    built = builder.build(networks.network(name))
    before = 3
    for layer in keras.of("Conv2D"):
        filters, kernel, _ = layer.arguments
        assert [values.shape for values in layer.weights] == [(kernel, kernel, before, filters)]
        before = filters
    for layer in keras.of("DepthwiseConv2D"):
        kernel, _ = layer.arguments
        (values,) = layer.weights
        assert values.shape[:2] == (kernel, kernel)
        assert values.shape[3] == 1
    for layer in keras.of("BatchNormalization"):
        assert len(layer.weights) == 4
        assert len({values.shape for values in layer.weights}) == 1
    size = networks.network(name).input_size
    assert built.input_shape == (None, size, size, 3)
    assert before == networks.network(name).dimensions


@pytest.mark.parametrize("name", LITE)
def test_preprocessing_is_a_part_of_the_network(builder: ModuleType, keras: Keras, name: str) -> None:
    """The weights were trained on levels from -1 to 1, of (level - 127) / 128."""
    builder.build(networks.network(name))
    (scaling,) = keras.of("Rescaling")
    assert 127 * scaling.arguments[0] + scaling.options["offset"] == 0
    assert 255 * scaling.arguments[0] + scaling.options["offset"] == 1


def test_picture_is_halved_five_times(builder: ModuleType, keras: Keras) -> None:
    builder.build(networks.network("efficientnet-lite2"))
    strides = [layer.arguments[-1] for layer in [*keras.of("Conv2D"), *keras.of("DepthwiseConv2D")]]
    assert sorted(strides)[-6:] == [1, 2, 2, 2, 2, 2]


def test_resnet_is_shown_centred_levels_in_the_order_that_it_was_trained_on(builder: ModuleType, keras: Keras) -> None:
    builder.build(networks.network("resnet50"), Path("mine.h5"))
    (to_bgr,) = keras.of("Conv2D")
    matrix, offset = to_bgr.weights
    red, green, blue = 10.0, 20.0, 30.0
    shown = np.array([red, green, blue]) @ matrix[0, 0] + offset
    assert shown == pytest.approx([blue - 103.939, green - 116.779, red - 123.68], abs=1e-4)


@pytest.mark.parametrize(("weights", "given"), [(None, "imagenet"), (Path("mine.h5"), "mine.h5")])
def test_resnet_takes_weights_of_ones_own(builder: ModuleType, keras: Keras, weights: Path | None, given: str) -> None:
    builder.build(networks.network("resnet50"), weights)
    (body,) = keras.of("ResNet50")
    assert (body.options["weights"], body.options["include_top"], body.options["pooling"]) == (given, False, "avg")


# --- converting


def test_floats_are_converted_as_they_are(builder: ModuleType) -> None:
    converted = builder.convert(types.SimpleNamespace(input_shape=(None, 8, 8, 3)), quantised=False)
    assert converted == b"TFL3"
    assert isinstance(converted, bytes)
    assert Converter.last.optimizations == []
    assert Converter.last.representative_dataset is None


def test_ranges_of_integers_are_taken_from_pictures_as_they_are_and_edited(
    builder: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "README.txt").write_text("no picture")
    noise = np.random.default_rng(3).integers(0, 255, (60, 80, 3), np.uint8)
    PillowImage.fromarray(noise).save(tmp_path / "data" / "noise.png")
    monkeypatch.setattr(builder, "files", lambda package: tmp_path)
    builder.convert(types.SimpleNamespace(input_shape=(None, 32, 32, 3)), quantised=True)
    assert Converter.last.optimizations == ["default"]
    assert Converter.last.representative_dataset
    shown = [inputs[0] for inputs in Converter.last.representative_dataset()]
    again = [inputs[0] for inputs in Converter.last.representative_dataset()]
    assert len(shown) == 4
    assert all((one.shape, one.dtype) == ((1, 32, 32, 3), np.float32) for one in shown)
    assert max(float(one.max()) for one in shown) > 128  # levels, which the network itself scales
    assert all(np.array_equal(one, other) for one, other in zip(shown, again, strict=True))
    assert len({one.tobytes() for one in shown}) == 4


# --- as a program


def test_converted_network_is_written_where_it_is_wanted(
    builder: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Network, Path | None, bool]] = []

    def convert(built: tuple[Network, Path | None], *, quantised: bool) -> bytes:
        asked.append((*built, quantised))
        return b"converted"

    monkeypatch.setattr(builder, "build", lambda described, weights: (described, weights))
    monkeypatch.setattr(builder, "convert", convert)
    out = tmp_path / "network.tflite"
    for name, *weights in (("efficientnet-lite0",), ("resnet50",), ("resnet50", "mine.h5")):
        assert builder.main(name, str(out), *weights) == 0
        assert out.read_bytes() == b"converted"
    assert [(described.name, weights, quantised) for described, weights, quantised in asked] == [
        ("efficientnet-lite0", None, True),
        ("resnet50", None, False),
        ("resnet50", Path("mine.h5"), False),
    ]


def test_weights_that_cannot_be_had_end_it_with_their_own_status_and_one_line(
    builder: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(described: Network, weights: Path | None) -> None:
        raise OSError("no such\n   host: " + "x" * 1000)

    monkeypatch.setattr(builder, "build", broken)
    out = tmp_path / "network.tflite"
    assert builder.main("resnet50", str(out)) == WEIGHTS_UNAVAILABLE_STATUS
    said = capsys.readouterr().out
    assert said.startswith("no such host: xxx")
    assert is_said_alone(said)
    assert not out.exists()


def test_packaged_weights_that_are_broken_are_no_matter_of_where_to_get_them(
    builder: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(described: Network) -> Path:
        raise WeightsUnavailable("install it")

    monkeypatch.setattr(builder, "packaged_weights", missing)
    with pytest.raises(WeightsUnavailable, match="install it"):
        builder.main("efficientnet-lite0", str(tmp_path / "network.tflite"))
    assert list(tmp_path.iterdir()) == []


def test_nobody_else_mentions_the_builder_but_as_a_program() -> None:
    engine = SOURCE.parents[1]
    importers = [
        path
        for path in engine.rglob("*.py")
        if re.search(r"^\s*(from|import)\b.*\bnetwork_build\b", path.read_text(), re.MULTILINE)
    ]
    assert importers == []
    assert '"engine.features.network_build"' in Path(networks.__file__).read_text()


@pytest.mark.processes
def test_serving_never_imports_tensorflow() -> None:
    heavy = "('tensorflow', 'keras', 'torch')"
    script = f"import sys, shell.cli; sys.exit(any(name.split('.')[0] in {heavy} for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0
