"""How features are written into columns, and read back."""

import json

import numpy as np

from engine.domain import Keypoints, Vector

BYTES_A_NUMBER = 2  # of a vector: float16
BYTES_A_POINT, BYTES_A_DESCRIPTOR = 4, 32
_POINT_SCALE = 65535
# Every float16 as a float32: NumPy's own conversion takes five times as long where half of the values are 0.
_WIDENED = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)


def vector_to_bytes(vector: Vector) -> bytes:
    return vector.astype("<f2").tobytes()


def vectors_from_bytes(rows: list[bytes], dimensions: int) -> Vector:
    """(n, dimensions) float32, each of unit length again after its rounding to float16."""
    vectors = _WIDENED.take(np.frombuffer(b"".join(rows), "<u2")).reshape(len(rows), dimensions)
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    vectors /= np.maximum(norms, 1e-12)[:, None]
    return vectors


def points_to_bytes(keypoints: Keypoints) -> bytes:
    return np.clip(np.rint(keypoints.points * _POINT_SCALE), 0, _POINT_SCALE).astype("<u2").tobytes()


def are_keypoints(points: bytes, descriptors: bytes, aspect: float) -> bool:
    """Whether these columns are of one set of keypoints: as many points as descriptors, of a picture that can be."""
    fit = len(points) * BYTES_A_DESCRIPTOR == len(descriptors) * BYTES_A_POINT
    return fit and len(points) % BYTES_A_POINT == 0 and isinstance(aspect, float) and 0 < aspect < float("inf")


def keypoints_from_bytes(points: bytes, descriptors: bytes, aspect: float) -> Keypoints:
    """Damaged columns count as no keypoints: the picture is still found by its embedding and its hash."""
    if not are_keypoints(points, descriptors, aspect):
        points = descriptors = b""
        aspect = 1.0
    shares = np.frombuffer(points, "<u2").reshape(-1, 2) / np.float32(_POINT_SCALE)
    return Keypoints(shares.astype(np.float32), np.frombuffer(descriptors, np.uint8).reshape(-1, 32), aspect)


def is_list_of_texts(raw: str | bytes | None) -> bool:
    """Whether a column of JSON holds a list of texts, and nothing else."""
    try:
        found = json.loads(raw or b"")
    except ValueError:
        return False
    return isinstance(found, list) and all(isinstance(one, str) for one in found)


def signed(phash: int) -> int:
    """A 64-bit hash as the signed number that databases hold."""
    return phash - (1 << 64) if phash >= 1 << 63 else phash


def unsigned(phash: int) -> int:
    return phash & 0xFFFF_FFFF_FFFF_FFFF
