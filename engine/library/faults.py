"""What can be wrong with the pictures of a library, by code."""

from collections import defaultdict
from typing import Any

from engine.domain import Finding

FINDINGS = 1_000  # named in a report

# Codes of findings about one picture, each with the field of the report that counts them.
COUNTED_IN = {
    "missing_original": "missing_originals",
    "altered_original": "altered_original",
    "missing_thumbnail": "missing_thumbnails",
    "wrong_thumbnail": "wrong_thumbnail",
    "stale_features": "stale_features",
    "short_vector": "short_vector",
    "bad_keypoints": "bad_keypoints",
    "wrong_vector": "wrong_vector",
    "wrong_hash": "wrong_hash",
    "wrong_keypoints": "wrong_keypoints",
    "bad_tags": "bad_tags",
    "unknown_media_type": "unknown_media_type",
    "bad_size": "bad_size",
}
LOST = ("missing_original", "altered_original")
THUMBNAIL = ("missing_thumbnail", "wrong_thumbnail")
FEATURES = ("stale_features", "short_vector", "bad_keypoints", "wrong_vector", "wrong_hash", "wrong_keypoints")


class Faults:
    """Ids of pictures by what is wrong with them."""

    def __init__(self) -> None:
        self._ids: dict[str, set[int]] = defaultdict(set)

    def add(self, code: str, *ids: int) -> None:
        self._ids[code].update(ids)

    def ids(self, *codes: str) -> set[int]:
        """Pictures of which any of these is true."""
        return set().union(*(self._ids[code] for code in codes))

    def counts(self) -> dict[str, Any]:
        """By field of the report."""
        return {field: len(self._ids[code]) for code, field in COUNTED_IN.items()}

    def findings(self) -> tuple[Finding, ...]:
        named = [Finding(code, image_id) for code in COUNTED_IN for image_id in sorted(self._ids[code])]
        return tuple(named[:FINDINGS])
