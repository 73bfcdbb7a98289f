"""The networks: real weights give right answers, one code serves all, and what is missing is said."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data

from engine import EngineSettings, open_service
from engine.domain import NetworkHead, Vector
from engine.errors import NetworkBuildFailed, NetworkMismatch, UnknownNetwork, WeightsUnavailable
from engine.features import networks
from engine.features.embedding import Embedder
from engine.features.torch_weights import read_weights
from engine.pictures.augment import apply
from tests.conftest import SHIPPED, add_paths, jpeg, photograph
from training.ship_network import ship

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


@pytest.mark.system
def test_resnet50_gives_what_keras_gives(random_resnet: Path) -> None:
    embedder = prepared("resnet50", random_resnet, random_resnet / "random.weights.h5")
    found = embedder.pooled(np.load(random_resnet / "pixels.npy"))
    expected = np.load(random_resnet / "expected.npy")
    assert found.shape == expected.shape == (2048,)
    cosine = found @ expected / np.linalg.norm(found) / np.linalg.norm(expected)
    assert cosine > 0.999
    assert np.abs(found - expected).max() < 1e-2 * np.abs(expected).max()


@pytest.mark.system
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


# --- those that come with PicTrace

FOLDER = Path(str(files("engine") / "data"))
LISTED = json.loads((FOLDER / networks.LISTING).read_text())
COMING = ("pictrace-1", "efficientnet-lite2")  # the default, and that of libraries of 0.1.0
MOST_BYTES = 8_000_000
OTHERS = (data.coffee(), data.rocket(), data.cat())


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """As if the package lay in this folder."""
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(networks, "files", lambda _: tmp_path)
    networks._shipped.cache_clear()
    networks._whole_shipped.cache_clear()
    yield tmp_path / "data"
    networks._shipped.cache_clear()
    networks._whole_shipped.cache_clear()


@pytest.fixture
def without_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "find_spec", lambda name: None if name == "tensorflow" else find_spec(name))


def test_listing_says_what_the_files_are() -> None:
    assert {one["network"] for one in LISTED.values()} == set(COMING)
    for name, listed in LISTED.items():
        described, content = networks.network(listed["network"]), (FOLDER / name).read_bytes()
        assert networks.file_name(described) == name
        assert (listed["version"], listed["input"][0]) == (networks.version(described, None), described.input_size)
        assert listed["heads"] == {head.name: head.dimensions for head in described.heads}
        assert (listed["bytes"], listed["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
        assert len(content) <= MOST_BYTES


@pytest.mark.parametrize("name", COMING)
def test_what_comes_with_pictrace_needs_neither_tensorflow_nor_a_cache(
    name: str, tmp_path: Path, without_tensorflow: None
) -> None:
    described = networks.network(name)
    assert networks.is_prepared(described, tmp_path / "nowhere", None)
    path = networks.prepare(described, tmp_path / "nowhere")
    assert Embedder(described, "1", path).embed(data.cat()).shape == (described.dimensions,)
    assert not (tmp_path / "nowhere").exists()


def test_another_says_that_it_needs_tensorflow(tmp_path: Path, without_tensorflow: None) -> None:
    described = networks.network("efficientnet-lite0")
    assert not networks.is_prepared(described, tmp_path, None)
    with pytest.raises(NetworkBuildFailed, match=r"pip install 'pictrace\[tensorflow\]'"):
        networks.prepare(described, tmp_path)


@pytest.mark.parametrize("damage", ["cut", "altered", "gone"])
def test_file_that_is_not_as_it_was_made_is_not_run(elsewhere: Path, tmp_path: Path, damage: str) -> None:
    described = networks.network("pictrace-1")
    path = ship(described, b"a network", elsewhere)
    assert networks.prepare(described, tmp_path) == path
    networks._whole_shipped.cache_clear()
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(b"a net" if damage == "cut" else b"A network")
    with pytest.raises(NetworkBuildFailed, match="missing or damaged: install PicTrace again"):
        networks.prepare(described, tmp_path)


def test_copies_are_near_by_one_head_and_the_other_is_of_another_kind() -> None:
    described = networks.network("pictrace-1")
    embedder = Embedder(described, "1", networks.prepare(described, Path("nowhere")))
    cat = data.cat()
    stored, copy = embedder.embed(cat), embedder.embed_copy(apply("crop", cat, data.coffee(), seed=3))
    assert described.looks
    assert (described.copy.dimensions, described.looks.dimensions) == (256, 128)
    near = described.copy.of(stored) @ copy
    assert near > 0.45
    assert all(described.copy.of(embedder.embed(other)) @ copy < near - 0.2 for other in OTHERS[:2])
    assert near > described.looks.of(stored) @ described.looks.of(embedder.embed(data.coffee()))


def test_region_is_compared_with_whole_pictures_from_fewer_pixels() -> None:
    described = networks.network("pictrace-1")
    embedder = Embedder(described, "1", networks.prepare(described, Path("nowhere")))
    part = embedder.embed_region(data.cat())
    assert part.shape == (256,)
    assert part @ embedder.embed_copy(data.cat()) > 0.8


def test_heads_of_an_embedding_are_of_one_length() -> None:
    described = networks.network("pictrace-1")
    whole = described.unit(np.concatenate([np.full(256, 3.0), np.full(128, 0.01)]).astype(np.float32))
    assert np.linalg.norm(whole) == pytest.approx(1, abs=1e-6)
    assert np.linalg.norm(whole[:256]) == pytest.approx(np.linalg.norm(whole[256:]), abs=1e-6)
    rows = np.stack([whole, whole])
    for head in described.heads:
        assert np.allclose(np.linalg.norm(head.of(rows), axis=1), 1)
    assert NetworkHead.only(384).of(rows) is rows
    assert not NetworkHead("looks", 256, 128, 384).of(np.zeros(384, np.float32)).any()  # nothing is divided by nothing
