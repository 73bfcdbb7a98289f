"""The features of a picture: those that need a network, and those that do not."""

from engine.domain import Features, HandcraftedFeatures, Image, Pixels
from engine.features import hashes, orb
from engine.features.embedding import Embedder


def extract(image: Image, sha256: str, embedder: Embedder) -> Features:
    """All features of a picture; some 15 ms of one core."""
    return Features(sha256, embedder.embed(image.pixels), handcrafted(image.pixels))


def handcrafted(pixels: Pixels) -> HandcraftedFeatures:
    """What is computed without a network; some 5 ms."""
    return HandcraftedFeatures(hashes.phash(pixels), orb.detect(pixels))
