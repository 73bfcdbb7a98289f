"""The list of what PicTrace is made of (a software bill of materials, CycloneDX): usage: sbom.py < EXPORT > sbom.json.

`make lock` writes `release/sbom.json` so, from what uv exports, beside the requirements that hold the files' hashes.
"""

import json
import sys
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

Bill = dict[str, Any]
ROOT = "pictrace"  # the reference of PicTrace itself


def without_places(exported: Bill) -> Bill:
    """What the lock says, whenever and from wherever it was made; references are what a package is called anywhere."""
    names = {one["bom-ref"]: one["purl"] for one in exported["components"]}
    names[exported["metadata"]["component"]["bom-ref"]] = ROOT
    components = [
        {key: value for key, value in one.items() if key != "externalReferences"} | {"bom-ref": one["purl"]}
        for one in exported["components"]
    ]
    dependencies = []
    for one in exported["dependencies"]:
        own = names[one["ref"]]
        needed = sorted({names[reference] for reference in one.get("dependsOn", ())} - {own})
        dependencies.append({"ref": own, "dependsOn": needed})
    kept = {key: exported[key] for key in ("bomFormat", "specVersion", "version")}
    return kept | {"components": components, "dependencies": dependencies}


def of_release(bill: Bill, version: str, time: int) -> Bill:
    """With what is about this release only."""
    reference = f"pkg:pypi/pictrace@{version}"
    made = datetime.fromtimestamp(time, UTC)
    component = {"type": "application", "bom-ref": ROOT, "name": "pictrace", "version": version}
    return bill | {
        "serialNumber": uuid5(NAMESPACE_URL, f"{reference}?{time}").urn,
        "metadata": {"timestamp": made.isoformat(), "component": component | {"purl": reference}},
    }


if __name__ == "__main__":
    json.dump(without_places(json.load(sys.stdin)), sys.stdout, indent=1)
    print()
