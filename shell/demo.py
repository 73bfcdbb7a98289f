"""`pictrace demo`: the main job on a throw-away library of the samples."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from engine import SAMPLE_QUERIES, EngineSettings, SearchResult, open_service

Show = Callable[[Console, str, SearchResult], None]


async def run(settings: EngineSettings, out: Console, err: Console, out_dir: Path | None, show: Show) -> int:
    """Add the samples, ask with edited ones and with one that is not there, draw one explanation."""
    target = out_dir or Path(tempfile.mkdtemp(prefix="pictrace-demo-"))
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pictrace-demo-") as scratch:
        throw_away = settings.model_copy(update={"data_dir": Path(scratch), "database_url": None, "network": None})
        async with open_service(throw_away) as service:
            with err.status("adding the pictures that scikit-image ships"):
                added = await service.samples.add(actor="demo")
            out.print(f"A throw-away library of [bold]{len(added)}[/bold] pictures. Now asking with edited ones:\n")
            found = 0
            for asked in SAMPLE_QUERIES.values():
                query = await service.samples.query(asked.name)
                result = await service.search(query)
                show(out, f"{asked.file}, {VERBS[asked.name]}", result)
                (target / f"{Path(asked.file).stem}-{asked.name}.jpg").write_bytes(query)
                first = result.matches[0].image if result.matches else None
                found += bool(asked.edit and first and first.filename == asked.file)
                if asked.name == "screenshot" and first:
                    (target / "why.jpg").write_bytes((await service.explain(query, first.id)).picture)
    out.print(f"{found} of {len(VERBS) - 1} edited pictures came first.")
    out.print(f"Why the screenshot matches: [bold]{escape(str(target / 'why.jpg'))}[/bold]", soft_wrap=True)
    out.print("Your own library: [bold]pictrace add FOLDER[/bold], then [bold]pictrace search PICTURE[/bold].")
    return 0 if found == len(VERBS) - 1 else 1


VERBS = {
    "crop": "cropped",
    "mirror": "mirrored",
    "screenshot": "in a screenshot",
    "turn": "turned",
    "stranger": "which is not in the library",
}
