"""What is computed from a picture, with and without the network."""

from engine.domain import Features, Image, Keypoints, Pixels
from engine.features import hashes, orb
from engine.features.embedding import Embedder


def extract(image: Image, sha256: str, embedder: Embedder) -> Features:
    """All features of a picture; some 15 ms of one core."""
    phash, keypoints = without_network(image.pixels)
    return Features(sha256=sha256, phash=phash, embedding=embedder.embed(image.pixels), keypoints=keypoints)


def without_network(pixels: Pixels) -> tuple[int | None, Keypoints]:
    """The perceptual hash and the keypoints, some 5 ms."""
    return hashes.phash(pixels), orb.detect(pixels)
