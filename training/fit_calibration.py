"""Fits the calibrations that PicTrace ships, on a folder of pictures and edited copies made of them.

usage: fit_calibration.py FOLDER [--network NAME ...] [--pictures N]

File names are `<kind>_<anything>`: pictures of one kind are what lane `alike` calls alike. Three quarters of the folder
become the library; the rest are backgrounds, neighbours and the background set. The numbers go into
engine/data/calibration.json, in place of what stood there for the same network and version.
"""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path

from rich.progress import Progress

from engine.bootstrap import open_service
from engine.domain import Pixels, StoredImage
from engine.matching.calibration import SHIPPED, Calibration
from engine.measuring import fitting
from engine.pictures import imaging
from engine.pictures.sources import expand
from engine.settings import EngineSettings


def read(path: Path) -> Pixels:
    return imaging.decode(path.read_bytes(), side=imaging.LIBRARY_SIDE, max_bytes=10**8, max_pixels=10**8).pixels


async def fit(paths: list[Path], network: str, pictures: int) -> Calibration:
    apart = paths[::4]
    library = [p for p in paths if p not in set(apart)]
    by_name = {p.name: p for p in library}
    with tempfile.TemporaryDirectory() as scratch, Progress() as bar:
        settings = EngineSettings.load(data_dir=Path(scratch), network=network)
        async with open_service(settings) as service:
            sources = [source for path in library for source in expand(path, settings)]
            async for _ in service.add(sources, actor="fit"):
                pass
            serving, _ = await service.networks.current()
            images = await service.repository.images.live_images(limit=1_000_000)
            task = bar.add_task(network, total=None)

            def kind(image: StoredImage) -> str:
                return image.filename.split("_")[0]

            async def read_stored(image: StoredImage) -> Pixels:
                return read(by_name[image.filename])

            return await fitting.fit(
                serving,
                service.pool,
                read_stored,
                images[:: max(1, len(images) // pictures)],
                [read(path) for path in apart],
                kind=kind,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--network", action="append", default=None)
    parser.add_argument("--pictures", type=int, default=700)
    options = parser.parse_args()
    target = Path(__file__).resolve().parents[1] / "engine" / "data" / SHIPPED
    paths = sorted(p for p in options.folder.iterdir() if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    for network in options.network or ["efficientnet-lite2", "efficientnet-lite0"]:
        fitted = asyncio.run(fit(paths, network, options.pictures)).to_json()
        kept = [
            one
            for one in json.loads(target.read_text())
            if (one["network"], one["version"]) != (fitted["network"], fitted["version"])
        ]
        ordered = sorted([*kept, fitted], key=lambda one: one["network"], reverse=True)
        target.write_text(json.dumps(ordered, indent=1) + "\n")
        print(network, {name: fitted[name] for name in ("same", "same_cutoff", "alike", "alike_cutoff")})


if __name__ == "__main__":
    main()
