"""Fetches packages that carry free photographs, screenshots and drawings, to train on: nobody's private pictures.

usage: python -m training.pictures INTO

Debian's packages are fetched by `apt-get download` and unpacked by `dpkg-deb`, into a folder each; what is there
already is not fetched again.
"""

import argparse
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Package:
    """One of Debian's."""

    name: str
    kind: str
    licence: str  # of the pictures, as its copyright file says


PACKAGES = (
    Package("gnome-backgrounds", "photographs and drawings", "CC-BY-SA-3.0"),
    Package("plasma-workspace-wallpapers", "photographs and drawings", "CC-BY-SA-4.0, LGPL-3"),
    Package("mate-backgrounds", "photographs and drawings", "GPL-2+, CC-BY-SA-4.0"),
    Package("ukui-wallpapers", "photographs", "CC-BY-SA-3.0"),
    Package("tuxpaint-stamps-default", "photographs of things, drawings", "GPL-2"),
    Package("gimp-help-en", "screenshots, photographs", "GFDL-1.2+"),
    Package("gnome-user-docs", "screenshots", "CC-BY-SA-3.0"),
    Package("python-skimage-doc", "figures", "BSD-3-Clause"),
    Package("openclipart-png", "drawings", "public domain"),
)


def fetch(package: Package, into: Path) -> Path:
    """The folder with what it carries."""
    folder = into / package.name
    if not folder.exists():
        into.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "download", package.name], cwd=into, check=True)
        (archive,) = into.glob(f"{package.name}_*.deb")
        subprocess.run(["dpkg-deb", "-x", archive.name, package.name], cwd=into, check=True)
        archive.unlink()
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("into", type=Path)
    options = parser.parse_args()
    for package in PACKAGES:
        print(fetch(package, options.into), package.licence, sep=": ")


if __name__ == "__main__":
    main()
