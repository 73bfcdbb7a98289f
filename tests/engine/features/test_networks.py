"""The networks: real weights give right answers, one code serves all, and what is missing is said."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from engine import EngineSettings, open_service
from engine.domain import Vector
from engine.errors import NetworkMismatch, UnknownNetwork, WeightsUnavailable
from engine.features import networks
from engine.features.embedding import Embedder
from engine.features.torch_weights import read_weights
from tests.conftest import SHIPPED, add_paths, jpeg, photograph

TABBY, EGYPTIAN_CAT, ESPRESSO, CUP = 281, 285, 967, 968  # ImageNet classes
LITE = ("efficientnet-lite2", "efficientnet-lite0")

# The unit embedding of scikit-image's cat, summed over blocks of 80 values.
# fmt: off
GOLDEN = {
    "efficientnet-lite2": [1.095, 1.177, 0.908, 0.815, 0.866, 0.955, 0.922, 0.749,
                           0.738, 1.084, 1.03, 0.842, 0.628, 1.078, 1.02, 1.218],
    "efficientnet-lite0": [0.765, 1.005, 0.617, 1.057, 0.495, 1.054, 0.814, 0.67,
                           0.615, 1.092, 0.815, 0.338, 0.507, 0.694, 1.005, 0.8],
}
# fmt: on


def prepared(name: str, cache_dir: Path | None = None, weights: Path | None = None) -> Embedder:
    described = networks.network(name)
    settings = EngineSettings(_env_file=None)
    path = networks.prepare(described, cache_dir or settings.cache_dir, weights)
    return Embedder(described, networks.version(described, weights), path)


def logits(embedder: Embedder, pixels: np.ndarray) -> Vector:
    """What the served embedding gives with the classifier that comes with the weights."""
    state = read_weights(networks.packaged_weights(embedder.network))
    return np.asarray(state["_fc.weight"] @ embedder.pooled(pixels) + state["_fc.bias"], np.float32)


@pytest.mark.parametrize("name", LITE)
def test_lite_networks_know_a_cat_and_a_coffee(name: str) -> None:
    embedder = prepared(name)
    for pixels, classes in ((data.cat(), {TABBY, EGYPTIAN_CAT}), (data.coffee(), {ESPRESSO, CUP})):
        assert classes & set(np.argsort(-logits(embedder, pixels))[:5].tolist())


@pytest.mark.parametrize("name", LITE)
def test_embedding_has_its_golden_value(name: str) -> None:
    embedding = prepared(name).embed(data.cat())
    assert embedding.shape == (1280,)
    assert np.linalg.norm(embedding) == pytest.approx(1, abs=1e-5)
    blocks, golden = embedding.reshape(16, 80).sum(axis=1), np.array(GOLDEN[name])
    assert blocks @ golden / np.linalg.norm(blocks) / np.linalg.norm(golden) > 0.999
    assert np.abs(blocks - golden).max() < 0.05


@pytest.fixture(scope="module")
def random_resnet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a ResNet50 as Keras makes them: random, but the true file format. And what Keras says of a picture."""
    folder = tmp_path_factory.mktemp("resnet50")
    script = f"""
import keras, numpy as np
keras.utils.set_random_seed(5)
built = keras.applications.ResNet50(include_top=False, pooling="avg", weights=None, input_shape=(224, 224, 3))
built.save_weights({str(folder / "random.weights.h5")!r})
pixels = np.load({str(folder / "pixels.npy")!r}).astype("float32")
bgr = keras.applications.resnet50.preprocess_input(pixels[None])
np.save({str(folder / "expected.npy")!r}, built.predict(bgr, verbose=0)[0])
"""
    np.save(folder / "pixels.npy", cv2.resize(data.astronaut(), (224, 224), interpolation=cv2.INTER_AREA))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


def test_resnet50_gives_what_keras_gives(random_resnet: Path) -> None:
    embedder = prepared("resnet50", random_resnet, random_resnet / "random.weights.h5")
    found = embedder.pooled(np.load(random_resnet / "pixels.npy"))
    expected = np.load(random_resnet / "expected.npy")
    assert found.shape == expected.shape == (2048,)
    cosine = found @ expected / np.linalg.norm(found) / np.linalg.norm(expected)
    assert cosine > 0.999
    assert np.abs(found - expected).max() < 1e-2 * np.abs(expected).max()


async def test_resnet50_serves_the_whole_pipeline(random_resnet: Path, settings: EngineSettings) -> None:
    weights = random_resnet / "random.weights.h5"
    changed = settings.model_copy(update={"network": "resnet50", "weights": weights, "cache_dir": random_resnet})
    async with open_service(changed) as service:
        await add_paths(service, *(SHIPPED / name for name in ("astronaut.png", "coffee.png", "chelsea.png")))
        status = await service.status()
        assert status.network.name == "resnet50"
        assert status.features == {"embedding": 3, "phash": 3, "orb": 3}
        assert not status.calibrated
        result = await service.search(jpeg(photograph("coffee.png")[:, ::-1]))
        assert result.matches[0].image.filename == "coffee.png"
        assert result.matches[0].lane == "same"
        assert not result.calibrated
    async with open_service(settings.model_copy(update={"weights": None})) as service:
        with pytest.raises(NetworkMismatch, match="PICTRACE_WEIGHTS"):
            await service.search(jpeg(photograph("coffee.png")))


def test_resnet50_with_the_real_weights() -> None:
    weights = EngineSettings(_env_file=None).weights
    if weights is None:
        pytest.skip("needs PICTRACE_WEIGHTS: Keras' 98 MB of ImageNet weights, which tests must not download")
    embedder = prepared("resnet50", weights=weights)
    cat, kitten, coffee = (embedder.embed(p) for p in (data.cat(), data.cat()[20:, 30:], data.coffee()))
    assert cat @ kitten > 0.8
    assert cat @ coffee < cat @ kitten - 0.2


def test_missing_weights_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(WeightsUnavailable, match="PICTRACE_WEIGHTS") as caught:
        networks.prepare(networks.network("resnet50"), tmp_path, tmp_path / "nowhere.h5")
    assert "efficientnet-lite2" in str(caught.value)


@pytest.mark.processes
def test_wrong_weights_file_is_said(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.h5"
    wrong.write_bytes(b"these are no weights")
    with pytest.raises(WeightsUnavailable, match="cannot be used"):
        networks.prepare(networks.network("resnet50"), tmp_path, wrong)
    assert not list(tmp_path.glob("networks/*.tflite*"))


@pytest.mark.processes
def test_weights_that_cannot_be_downloaded_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # nothing listens there
    with pytest.raises(WeightsUnavailable, match=r"~/\.keras/models") as caught:
        networks.prepare(networks.network("resnet50"), tmp_path)
    assert "need no download" in str(caught.value)


def test_unknown_network_is_said() -> None:
    with pytest.raises(UnknownNetwork, match="efficientnet-lite2"):
        networks.network("vgg16")
