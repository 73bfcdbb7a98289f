"""The features of a picture: each is what its own module makes of it."""

import json
from base64 import b64decode

import numpy as np
import pytest

from engine.domain import Image, Pixels
from engine.features import hashes, orb, registry
from engine.storage import codec
from tests.fixtures.make_opaque_features import FILE, PICTURES, embedder, features_of
from tests.small_library import Squares, embedding, painting

FLAT = np.full((60, 80, 3), 128, np.uint8)


def image(pixels: Pixels) -> Image:
    return Image(pixels, "image/png", 4 * pixels.shape[1], 4 * pixels.shape[0])


def test_all_features_are_those_of_the_pixels() -> None:
    embedder = Squares()
    found = registry.extract(image(painting(0)), "ab" * 32, embedder)
    assert found.sha256 == "ab" * 32
    assert np.array_equal(found.embedding, embedding(painting(0)))
    assert found.phash == hashes.phash(painting(0))
    assert np.array_equal(found.keypoints.points, orb.detect(painting(0)).points)
    assert (embedder.wholes, embedder.regions) == (1, 0)


def test_without_a_network_there_are_hash_and_keypoints() -> None:
    found = registry.handcrafted(painting(1))
    assert found.phash == hashes.phash(painting(1))
    assert np.array_equal(found.keypoints.descriptors, orb.detect(painting(1)).descriptors)
    assert found.keypoints.aspect == pytest.approx(480 / 360)


def test_flat_picture_has_an_embedding_and_nothing_else() -> None:
    found = registry.extract(image(FLAT), "", Squares())
    assert found.phash is None
    assert len(found.keypoints) == 0
    assert found.embedding.shape == (108,)


@pytest.mark.parametrize("name", PICTURES)
def test_features_of_opaque_pictures_stay_as_they_are(name: str) -> None:
    """Two of them have an alpha channel: dark drawings, which stay on white."""
    kept, found = json.loads(FILE.read_text())[name], features_of(name, embedder())
    assert (found["phash"], found["keypoints"]) == (kept["phash"], kept["keypoints"])
    before, now = (codec.vectors_from_bytes([b64decode(one["embedding"])], 384)[0] for one in (kept, found))
    assert float(before @ now) > 0.9999  # networks compute a little otherwise on other processors
