"""`pictrace demo`: the main job on a throw-away library of the pictures that scikit-image ships."""

import tempfile
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape

from engine import augment, imaging
from engine.bootstrap import open_service
from engine.domain import Pixels, SearchResult
from engine.settings import EngineSettings
from engine.sources import expand

ASKED = (
    ("astronaut.png", "crop", 3),
    ("chelsea.png", "mirror", 0),
    ("coffee.png", "screenshot", 11),
    ("rocket.jpg", "turn", 1),
)
NOT_THERE = "motorcycle_left.png"  # asked for, but kept out of the library
SUFFIXES = {".png", ".jpg"}
KEPT_OUT = {"motorcycle_right.png", NOT_THERE}  # the same motorcycle, a step aside
SHIPPED = Path(str(files("skimage") / "data"))

Show = Callable[[Console, str, SearchResult], None]


async def run(settings: EngineSettings, out: Console, err: Console, out_dir: Path | None, show: Show) -> int:
    """Add the pictures, ask with edited ones and with one that is not there, draw one explanation."""
    pictures = shipped_pictures()
    target = out_dir or Path(tempfile.mkdtemp(prefix="pictrace-demo-"))
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pictrace-demo-") as scratch:
        throw_away = settings.model_copy(update={"data_dir": Path(scratch), "database_url": None, "network": None})
        async with open_service(throw_away) as service:
            sources = [source for path in pictures for source in expand(path, throw_away)]
            with err.status(f"adding the {len(pictures)} pictures that scikit-image ships"):
                added = [result async for result in service.add(sources, actor="demo")]
            count = sum(result.status == "added" for result in added)
            out.print(f"A throw-away library of [bold]{count}[/bold] pictures. Now asking with edited ones:\n")
            pixels = {path.name: _pixels(path, throw_away) for path in (*pictures, SHIPPED / NOT_THERE)}
            found = 0
            for name, edit, seed in ASKED:
                copy = augment.apply(edit, pixels[name], pixels["chelsea.png"], seed=seed)
                query = imaging.encode_jpeg(copy, quality=85)
                result = await service.search(query)
                show(out, f"{name}, {VERBS[edit]}", result)
                found += bool(result.matches) and result.matches[0].image.filename == name
                (target / f"{Path(name).stem}-{edit}.jpg").write_bytes(query)
                if edit == "screenshot" and result.matches:
                    (target / "why.jpg").write_bytes(await service.why(query, result.matches[0].image.id))
            stranger = imaging.encode_jpeg(np.ascontiguousarray(pixels[NOT_THERE]), quality=85)
            show(out, f"{NOT_THERE}, which is not in the library", await service.search(stranger))
    out.print(f"{found} of {len(ASKED)} edited pictures came first.")
    out.print(f"Why the screenshot matches: [bold]{escape(str(target / 'why.jpg'))}[/bold]", soft_wrap=True)
    out.print("Your own library: [bold]pictrace add FOLDER[/bold], then [bold]pictrace search PICTURE[/bold].")
    return 0 if found == len(ASKED) else 1


VERBS = {"crop": "cropped", "mirror": "mirrored", "screenshot": "in a screenshot", "turn": "turned"}


def shipped_pictures() -> list[Path]:
    """What scikit-image ships, but for the pictures that are kept out."""
    return sorted(p for p in SHIPPED.iterdir() if p.suffix in SUFFIXES and p.name not in KEPT_OUT)


def _pixels(path: Path, settings: EngineSettings) -> Pixels:
    content = path.read_bytes()
    return imaging.decode(
        content, side=imaging.QUERY_SIDE, max_bytes=settings.max_bytes, max_pixels=settings.max_pixels
    ).pixels
