"""The one table of features: what is computed from a picture."""

from engine.domain import Features, Image
from engine.features import hashes, orb
from engine.features.embedding import Embedder


def extract(image: Image, sha256: str, embedder: Embedder) -> Features:
    """All features of a picture; some 15 ms of one core."""
    return Features(
        sha256=sha256,
        phash=hashes.phash(image.pixels),
        embedding=embedder.embed(image.pixels),
        keypoints=orb.detect(image.pixels),
    )
