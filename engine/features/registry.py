"""The one table of features: what is computed from a picture, and the version of each."""

from engine.domain import Features, Image
from engine.features import hashes, orb
from engine.features.embedding import Embedder

# Raised when a feature's values change: `pictrace check` finds what is stale.
VERSIONS = {"phash": 1, "orb": orb.VERSION}


def extract(image: Image, sha256: str, embedder: Embedder) -> Features:
    """All features of a picture; some 15 ms of one core."""
    return Features(
        sha256=sha256,
        phash=hashes.phash(image.pixels),
        embedding=embedder.embed(image.pixels),
        keypoints=orb.detect(image.pixels),
    )
