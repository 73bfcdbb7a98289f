"""The list of what PicTrace is made of: what is locked, and nothing of where it was fetched."""

import json
import re
from pathlib import Path
from typing import Any

from release import sbom

ROOT = Path(__file__).resolve().parents[2]
KEPT: dict[str, Any] = json.loads((ROOT / "release" / "sbom.json").read_text())
EXPORTED = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "version": 1,
    "serialNumber": "urn:uuid:00000000-0000-4000-8000-000000000000",
    "metadata": {"timestamp": "2026-01-01T00:00:00Z", "component": {"bom-ref": "pictrace-1@9", "name": "pictrace"}},
    "components": [
        {
            "bom-ref": "a-2@1.0",
            "name": "a",
            "version": "1.0",
            "purl": "pkg:pypi/a@1.0",
            "externalReferences": [{"type": "distribution", "url": "https://registry.invalid/a.whl"}],
        }
    ],
    "dependencies": [{"ref": "pictrace-1@9", "dependsOn": ["a-2@1.0", "pictrace-1@9"]}, {"ref": "a-2@1.0"}],
}


def test_what_is_locked_is_listed() -> None:
    locked = set(re.findall(r"^([\w.-]+)==([^ ;]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    assert {(one["name"], one["version"]) for one in KEPT["components"]} == locked, "run `make lock`"


def test_every_reference_is_of_a_component() -> None:
    known = {one["bom-ref"] for one in KEPT["components"]} | {sbom.ROOT}
    assert {one["ref"] for one in KEPT["dependencies"]} == known
    assert {name for one in KEPT["dependencies"] for name in one["dependsOn"]} == known - {sbom.ROOT}


def test_export_is_kept_without_places_and_times() -> None:
    assert sbom.without_places(EXPORTED) == {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "components": [{"bom-ref": "pkg:pypi/a@1.0", "name": "a", "version": "1.0", "purl": "pkg:pypi/a@1.0"}],
        "dependencies": [
            {"ref": "pictrace", "dependsOn": ["pkg:pypi/a@1.0"]},
            {"ref": "pkg:pypi/a@1.0", "dependsOn": []},
        ],
    }


def test_release_is_named_with_its_time() -> None:
    made = sbom.of_release(KEPT, "1.2.3", 86_400)
    assert made["metadata"]["timestamp"] == "1970-01-02T00:00:00+00:00"
    assert made["metadata"]["component"]["purl"] == "pkg:pypi/pictrace@1.2.3"
    assert made["serialNumber"] == sbom.of_release(KEPT, "1.2.3", 86_400)["serialNumber"]
    assert made["serialNumber"] != sbom.of_release(KEPT, "1.2.4", 86_400)["serialNumber"]
    assert made["components"] == KEPT["components"]
