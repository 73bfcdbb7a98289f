"""How features are written into columns, and read back."""

import numpy as np

from engine.domain import Keypoints, Vector

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


def keypoints_from_bytes(points: bytes, descriptors: bytes, aspect: float) -> Keypoints:
    shares = np.frombuffer(points, "<u2").reshape(-1, 2) / np.float32(_POINT_SCALE)
    return Keypoints(shares.astype(np.float32), np.frombuffer(descriptors, np.uint8).reshape(-1, 32), aspect)


def signed(phash: int) -> int:
    """A 64-bit hash as the signed number that databases hold."""
    return phash - (1 << 64) if phash >= 1 << 63 else phash


def unsigned(phash: int) -> int:
    return phash & 0xFFFF_FFFF_FFFF_FFFF
