"""Packs the extension for Chromium and for Firefox: usage: pack.py [FOLDER], by default `dist`.

Both get the same files; Firefox has a manifest of its own, made here. `dist/firefox` can be loaded as it is.
"""

import json
import shutil
import sys
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
NOT_SHIPPED = (".py", ".md")
FIREFOX_ID = "pictrace@pictrace.invalid"  # Firefox wants one; it is no address of anybody's


def firefox(manifest: dict[str, Any]) -> dict[str, Any]:
    """Chromium's manifest as Firefox wants it."""
    made = dict(manifest)
    del made["minimum_chrome_version"], made["side_panel"]
    # `menus` is contextMenus with getTargetElement; the sidebar needs no permission.
    renamed = {"contextMenus": "menus"}
    made["permissions"] = [renamed.get(name, name) for name in manifest["permissions"] if name != "sidePanel"]
    made["background"] = {"scripts": [manifest["background"]["service_worker"]], "type": "module"}
    made["sidebar_action"] = {
        "default_panel": manifest["side_panel"]["default_path"],
        "default_title": manifest["name"],
        "default_icon": manifest["icons"],
        "open_at_install": False,
    }
    made["browser_specific_settings"] = {
        "gecko": {
            "id": FIREFOX_ID,
            "strict_min_version": "140.0",
            "data_collection_permissions": {"required": ["none"]},
        },
        "gecko_android": {"strict_min_version": "142.0"},
    }
    return made


def shipped() -> list[Path]:
    """The extension's files, as paths below its folder."""
    found = (path.relative_to(HERE) for path in sorted(HERE.rglob("*")) if path.is_file())
    return [path for path in found if path.suffix not in NOT_SHIPPED and not path.name.startswith(".")]


def pack(target: Path) -> list[Path]:
    """The two zips."""
    manifest = json.loads((HERE / "manifest.json").read_text())
    made = []
    for browser, own in (("chromium", manifest), ("firefox", firefox(manifest))):
        folder = target / browser
        shutil.rmtree(folder, ignore_errors=True)
        for path in shipped():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(HERE / path, folder / path)
        (folder / "manifest.json").write_text(json.dumps(own, indent=2) + "\n")
        archive = target / f"pictrace-{browser}-{manifest['version']}.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for path in shipped():
                # A fixed time: the same files make the same zip.
                entry = zipfile.ZipInfo(path.as_posix(), (2020, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(entry, (folder / path).read_bytes())
        made.append(archive)
    return made


if __name__ == "__main__":
    for archive in pack(Path(sys.argv[1] if len(sys.argv) > 1 else "dist")):
        print(archive)
