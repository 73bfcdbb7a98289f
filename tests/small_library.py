"""A library of a handful of generated pictures: what matching asks of index, storage and network, in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from threading import Lock

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from engine.concurrency import CpuPool
from engine.domain import (
    Features,
    HandcraftedFeatures,
    NetworkHead,
    NetworkRef,
    Pixels,
    StoredFeatures,
    StoredImage,
    Vector,
)
from engine.features import hashes, networks, registry
from engine.features.detail import Picture
from engine.features.embedding import Embedder
from engine.index.hamming import BITS
from engine.index.hits import Hits, Near
from engine.matching.calibration import Calibration, uncalibrated
from engine.matching.recall import Recall
from engine.pictures import imaging

SQUARES = 6  # of the fake embedding, along each side
HEAD = NetworkHead.only(3 * SQUARES**2)
NETWORK = NetworkRef("fake", "1")


@cache
def painting(number: int, width: int = 480, height: int = 360) -> Pixels:
    """A picture of coloured clouds with sharp things in them, unlike that of any other number."""
    random = np.random.default_rng(number)
    coarse, fine = (random.normal(0, 1, (height // step, width // step, 3)).astype(np.float32) for step in (60, 8))
    clouds = 128 + 50 * cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    clouds += 14 * cv2.resize(fine, (width, height), interpolation=cv2.INTER_LINEAR)
    painted: Pixels = np.clip(clouds, 0, 255).astype(np.uint8)
    for _ in range(60):
        x, y = int(random.integers(width)), int(random.integers(height))
        colour = tuple(int(level) for level in random.integers(30, 220, 3))
        cv2.circle(painted, (x, y), int(random.integers(3, 14)), colour, -1, cv2.LINE_AA)
    painted.setflags(write=False)
    return painted


@cache
def menu(layout: int, content: int) -> Pixels:
    """A list of dishes and prices on a sheet; `layout` decides on the sheet and on every other dish."""
    fixed, own = np.random.default_rng([layout, 5]), np.random.default_rng([layout, content])
    image = Image.new("RGB", (480, 640), tuple(int(level) for level in fixed.integers(225, 256, 3)))
    draw, accent = ImageDraw.Draw(image), tuple(int(level) for level in fixed.integers(30, 190, 3))
    draw.rectangle((0, 0, 480, 70), fill=accent)
    draw.text((120, 12), "Menu of the day", font=ImageFont.load_default(36), fill=(255, 255, 255))
    for row in range(9):
        random = fixed if row % 2 else own
        said = " ".join("".join(random.choice(list("abdeghiklmnorstu"), 6)) for _ in range(2))
        draw.text((40, 92 + 58 * row), said.capitalize(), font=ImageFont.load_default(28), fill=(25, 25, 30))
        draw.text((370, 92 + 58 * row), str(random.integers(10, 99)), font=ImageFont.load_default(28), fill=accent)
        draw.line((40, 136 + 58 * row, 440, 136 + 58 * row), fill=(170, 170, 170), width=2)
    return np.asarray(image, np.uint8)


class Squares(Embedder):
    """In place of a network: the mean colours of squares, to which a picture and its mirror image are alike."""

    def __init__(self) -> None:
        described = networks.network(networks.DEFAULT_NETWORK)
        of_squares = replace(described, dimensions=HEAD.dimensions, copy_dimensions=None)
        super().__init__(of_squares, "1", Path("nowhere"))
        self._counting = Lock()
        self.wholes = self.regions = 0  # how many were embedded

    def embed(self, pixels: Pixels) -> Vector:
        with self._counting:
            self.wholes += 1
        return embedding(pixels)

    def embed_region(self, pixels: Pixels) -> Vector:
        with self._counting:
            self.regions += 1
        return embedding(pixels)


def embedding(pixels: Pixels) -> Vector:
    """(108,) float32 of unit length."""
    means = cv2.resize(pixels, (SQUARES, SQUARES), interpolation=cv2.INTER_AREA).astype(np.float32)
    folded = (means + means[:, ::-1] - 2 * means.mean(axis=(0, 1))).ravel()
    return np.asarray(folded / max(1e-6, float(np.linalg.norm(folded))), np.float32)


def features(pixels: Pixels) -> Features:
    """What is computed of a query."""
    return Features("", embedding(pixels), _handcrafted(pixels.tobytes(), pixels.shape))


@cache
def _handcrafted(content: bytes, shape: tuple[int, ...]) -> HandcraftedFeatures:
    """Once for the same pixels, of which many libraries are made."""
    return registry.handcrafted(np.frombuffer(content, np.uint8).reshape(shape))


@cache
def _thumbnail(content: bytes, shape: tuple[int, ...]) -> Pixels:
    return imaging.decode_thumbnail(imaging.encode_thumbnail(np.frombuffer(content, np.uint8).reshape(shape)))


@cache
def _picture(content: bytes, shape: tuple[int, ...]) -> Picture:
    return decoded(np.frombuffer(content, np.uint8).reshape(shape))


def decoded(stored: Pixels) -> Picture:
    """What an original is compared in detail by."""
    reduced = imaging.encode_jpeg(np.ascontiguousarray(stored), quality=88)
    grey, small = imaging.decode_grey(reduced), imaging.decode_small(reduced)
    assert grey is not None
    assert small is not None
    return Picture.of_decoded(grey, small)


@cache
def calibration() -> Calibration:
    """With a background of paintings that no library has."""
    other = uncalibrated(NETWORK, SQUARES * SQUARES * 3)
    background = np.stack([embedding(painting(number, 120, 120)) for number in range(9000, 9060)])
    return Calibration(
        NETWORK, other.same, other.related, other.same_cutoff, other.alike, other.alike_cutoff, background
    )


class SmallLibrary:
    """Index and storage at once, each by looking at every picture. Its pictures have the ids 1, 2, 3, ..."""

    def __init__(self, *pictures: Pixels, within: float = -1.0) -> None:
        """`within`: the least cosine of what comes up, as if there were thousands that are nearer than the others."""
        self.within = within
        self.images: dict[int, StoredFeatures] = {}
        self.searched: list[int] = []  # how many embeddings each search was for
        self.hashes_searched = 0
        self.read: list[int] = []  # ids of the thumbnails that were read, in order
        self.compared: list[int] = []  # ids of the originals that were read to be compared in detail, in order
        self.gone: set[int] = set()  # ids whose files are lost
        self.lost: set[int] = set()  # ids whose originals are, though their thumbnails are there
        self.removed: set[int] = set()  # ids of pictures that storage has no longer, though the index has
        self._thumbnails: dict[str, Pixels] = {}
        self._pictures: dict[str, Picture] = {}
        self._embeddings: dict[int, Vector] = {}
        for image_id, pixels in enumerate(pictures, 1):
            self.images[image_id] = _stored(image_id, pixels)
            self._thumbnails[f"{image_id:064x}"] = _thumbnail(pixels.tobytes(), pixels.shape)
            self._pictures[f"{image_id:064x}"] = _picture(pixels.tobytes(), pixels.shape)
            self._embeddings[image_id] = embedding(pixels)

    def forget(self, image_id: int) -> None:
        """As if the picture had never been in it."""
        del self.images[image_id], self._embeddings[image_id]
        del self._thumbnails[f"{image_id:064x}"], self._pictures[f"{image_id:064x}"]

    def embedding(self, image_id: int) -> Vector:
        return self._embeddings[image_id]

    def recall(self, pool: CpuPool) -> Recall:
        return Recall(self, self, calibration(), pool, HEAD)

    def thumbnail(self, sha256: str) -> Pixels | None:
        image_id = int(sha256, 16)
        self.read.append(image_id)
        return None if image_id in self.gone else self._thumbnails[sha256]

    async def detail(self, stored: StoredFeatures) -> Picture | None:
        image = stored.image
        self.compared.append(image.id)
        return None if image.id in self.gone | self.lost else self._pictures[image.sha256]

    async def search(self, vectors: Vector, count: int) -> list[list[Near]]:
        self.searched.append(len(vectors))
        return [self._nearest(vector, count) for vector in vectors]

    async def search_looks(self, vectors: Vector, count: int) -> list[list[Near]]:
        raise AssertionError("its network has no head for looks")

    async def near_hashes(self, phashes: Sequence[int], count: int, *, within: int = BITS) -> list[Hits]:
        self.hashes_searched += 1
        return [self._near_hashes(phash, count, within) for phash in phashes]

    async def stored(self, ids: Sequence[int]) -> dict[int, StoredFeatures]:
        return {one: self.images[one] for one in ids if one in self.images and one not in self.removed}

    async def stored_parts(self, keys: Sequence[int]) -> dict[int, StoredFeatures]:
        raise AssertionError("none of its pictures is long")

    async def part_keys(self, ids: Sequence[int]) -> list[int]:
        return []

    def _nearest(self, vector: Vector, count: int) -> list[Near]:
        cosines = ((image_id, float(own @ vector)) for image_id, own in self._embeddings.items())
        near = [Near(image_id, cosine) for image_id, cosine in cosines if cosine >= self.within]
        return sorted(near, key=lambda one: (-one.cosine, one.image_id))[:count]

    def _near_hashes(self, phash: int, count: int, within: int) -> Hits:
        found = sorted(
            (hashes.hamming(phash, one.phash), image_id)
            for image_id, one in self.images.items()
            if one.phash is not None and hashes.hamming(phash, one.phash) <= within
        )[:count]
        keys, distances = [image_id for _, image_id in found], [distance for distance, _ in found]
        return Hits(np.array(keys, np.int64), np.array(distances, np.float32))


def _stored(image_id: int, pixels: Pixels) -> StoredFeatures:
    return StoredFeatures(stored_image(image_id, *pixels.shape[1::-1]), features(pixels).handcrafted)


def stored_image(image_id: int, width: int = 480, height: int = 360) -> StoredImage:
    sha256, name, added = f"{image_id:064x}", f"{image_id}.png", datetime(2026, 1, 1, tzinfo=UTC)
    return StoredImage(image_id, sha256, name, None, None, None, (), "image/png", width, height, 9, added, None)
