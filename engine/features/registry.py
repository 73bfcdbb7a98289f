"""The features of a picture: those that need a network, and those that do not."""

from engine.domain import Features, HandcraftedFeatures, Image, NetworkRef, Pixels, PreparedPart
from engine.features import hashes, orb
from engine.features.embedding import Embedder
from engine.pictures import imaging
from engine.pictures import parts as pieces


def extract(image: Image, sha256: str, embedder: Embedder) -> Features:
    """All features of a picture; some 15 ms of one core."""
    return Features(sha256, embedder.embed(image.pixels), handcrafted(image.pixels))


def handcrafted(pixels: Pixels) -> HandcraftedFeatures:
    """What is computed without a network; some 5 ms."""
    return HandcraftedFeatures(hashes.phash(pixels), orb.detect(pixels))


def parts(image: Image, embedders: dict[NetworkRef, Embedder]) -> tuple[PreparedPart, ...]:
    """Of a long picture, decoded for its parts, what is stored of each; some 20 ms of one core each."""
    made = []
    for part in pieces.of(image.width, image.height):
        pixels = imaging.reduced(pieces.cut(image.pixels, part.region), imaging.LIBRARY_SIDE)
        embeddings = {network: embedder.embed(pixels) for network, embedder in embedders.items()}
        made.append(PreparedPart(part, imaging.encode_thumbnail(pixels), orb.detect(pixels), orb.VERSION, embeddings))
    return tuple(made)
