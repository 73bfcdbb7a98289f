"""Packs the extension for Chromium and for Firefox: usage: pack.py [FOLDER], by default `dist`.

Both get the same files: those of this folder; what the page shares with it (`api/web/shared`, as `shared`); and the
manifest's texts as browsers want them (`_locales`). The manifests are made here: with the version, which is that of
PicTrace, and Firefox's own. `dist/chromium` and `dist/firefox` can be loaded as they are; this folder cannot.
"""

import json
import shutil
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SHARED = HERE.parent / "api" / "web" / "shared"
NOT_SHIPPED = (".py", ".pyc", ".md")
FOR_THE_STORES = "store"  # a folder: texts and scripts, of which nothing is shipped
FIREFOX_ID = "pictrace@pictrace.invalid"  # Firefox wants one; it is no address of anybody's
FOLDERS = {"zh": "zh_CN"}  # browsers know no plain `zh`
OF_THE_MANIFEST = "extension."  # the manifest names `extension.name` as `__MSG_extension_name__`


def version() -> str:
    """PicTrace's; browsers take numbers between dots only."""
    found: str = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    return found


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
        # Without `gecko_android` it is not offered for Android, which has neither menus for extensions nor a sidebar.
        "gecko": {
            "id": FIREFOX_ID,
            "strict_min_version": "142.0",
            "data_collection_permissions": {"required": ["none"]},
        },
    }
    return made


def shipped() -> dict[str, bytes]:
    """The files of both, by their paths, without the manifest."""
    found = _files(HERE) | {f"shared/{path}": content for path, content in _files(SHARED).items()}
    for path in (HERE / "locales").glob("*.json"):
        texts = json.loads(path.read_text(encoding="utf-8"))
        messages = {
            key.replace(".", "_"): {"message": text} for key, text in texts.items() if key.startswith(OF_THE_MANIFEST)
        }
        found[f"_locales/{FOLDERS.get(path.stem, path.stem)}/messages.json"] = _json(messages)
    del found["manifest.json"]
    return dict(sorted(found.items()))


def pack(target: Path) -> list[Path]:
    """The two zips."""
    manifest = json.loads((HERE / "manifest.json").read_text(encoding="utf-8")) | {"version": version()}
    files = shipped()
    made = []
    for browser, own in (("chromium", manifest), ("firefox", firefox(manifest))):
        folder = target / browser
        shutil.rmtree(folder, ignore_errors=True)
        archive = target / f"pictrace-{browser}-{manifest['version']}.zip"
        folder.mkdir(parents=True)
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
            for path, content in ({"manifest.json": _json(own)} | files).items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_bytes(content)
                # A fixed time: the same files make the same zip.
                entry = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(entry, content)
        made.append(archive)
    return made


def _files(folder: Path) -> dict[str, bytes]:
    found = {path.relative_to(folder): path for path in folder.rglob("*") if path.is_file()}
    return {
        name.as_posix(): path.read_bytes()
        for name, path in found.items()
        if name.suffix not in NOT_SHIPPED and not name.name.startswith(".") and name.parts[0] != FOR_THE_STORES
    }


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


if __name__ == "__main__":
    for archive in pack(Path(sys.argv[1] if len(sys.argv) > 1 else "dist")):
        print(archive)
