"""What the command shows: tables, lines, JSON objects and the progress bar."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from engine.domain import AddResult, Match, SearchResult
from engine.errors import PicTraceError
from engine.explain import WORDS, per_cent

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def show_result(console: Console, query: str, result: SearchResult) -> None:
    """One query's matches as a table."""
    took = f"{result.timings_ms['total']:.0f} ms"
    if not result.matches:
        nothing = (
            "nothing like it is in this library" if result.library_size else "the library is empty: `pictrace add`"
        )
        console.print(f"[bold]{escape(query)}[/bold]  {nothing}  [dim]{took}[/dim]\n", soft_wrap=True)
        return
    table = Table(title=f"[bold]{escape(query)}[/bold]  [dim]{took}[/dim]", title_justify="left", expand=True)
    for column in ("", "id"):
        table.add_column(column, justify="right")
    table.add_column("picture", overflow="fold", ratio=3)
    table.add_column("lane")
    table.add_column("score", justify="right")
    table.add_column("why", ratio=2)
    for place, match in enumerate(result.matches, 1):
        style = "dim" if match.weak else "bold" if match.lane == "same" else ""
        name = f"{match.image.title} ({match.image.filename})" if match.image.title else match.image.filename
        lane = "weak" if match.weak else match.lane
        score = per_cent(match.score) if result.calibrated else "-"
        table.add_row(str(place), str(match.image.id), escape(name), lane, score, _reason(match), style=style)
    console.print(table)


def _reason(match: Match) -> str:
    evidence = match.evidence
    if evidence.exact:
        return "the same file"
    if match.lane == "same":
        words = ", ".join(WORDS[edit] for edit in evidence.edits)
        agree = f"{evidence.keypoints} keypoints agree" if evidence.keypoints else "the whole picture agrees"
        return f"{words}; {agree}" if words else agree
    return "hardly alike" if match.weak else "looks alike"


def show_added(result: AddResult, as_json: bool) -> None:
    if as_json:
        value = {"name": result.name, "id": result.id, "status": result.status, "code": result.code}
        if result.message:
            value["message"] = result.message
        print(json.dumps(value), flush=True)
    elif result.status == "rejected":
        err.print(
            f"[red]rejected[/red]  {escape(result.name)}: {escape(result.message or '')} [dim]({result.code})[/dim]"
        )
    elif result.status == "duplicate" and not result.unchanged:
        err.print(f"[dim]duplicate[/dim] {escape(result.name)}: is already here, id {result.id}")


def show_rejected_query(query: str, name: str, error: PicTraceError, as_json: bool) -> None:
    if as_json:
        value = {"query": query, "matches": [], "code": error.code, "message": str(error)}
        print(json.dumps(value), flush=True)
    else:
        err.print(f"[red]rejected[/red]  {escape(name)}: {escape(str(error))} [dim]({error.code})[/dim]")


def result_json(result: SearchResult) -> dict[str, Any]:
    return {
        "matches": [match_json(match) for match in result.matches],
        "calibrated": result.calibrated,
        "timings_ms": result.timings_ms,
    }


def match_json(match: Match) -> dict[str, Any]:
    """A match as the contract has it."""
    return {
        "id": match.image.id,
        "name": match.image.filename,
        "title": match.image.title,
        "lane": match.lane,
        "score": round(match.score, 4),
        "p_same": round(match.p_same, 4),
        "weak": match.weak,
        "evidence": asdict(match.evidence) | {"edits": [edit.value for edit in match.evidence.edits]},
    }


def summarise(tally: dict[str, int], stopped: bool) -> None:
    parts = [
        f"{tally[name]:,} {name}"
        for name in ("added", "restored", "duplicate", "unchanged", "rejected")
        if tally.get(name)
    ]
    err.print(("Stopped; what is done is kept: " if stopped else "") + (", ".join(parts) or "Nothing to add") + ".")


Advance = Callable[[int, int | None], None]


@contextmanager
def progress(verb: str, quiet: bool) -> Iterator[Advance]:
    """A bar on stderr with rate and time left, only on a terminal."""
    if quiet or not err.is_terminal:
        yield lambda done, total: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(verb, total=None, rate="")

        def advance(done: int, total: int | None) -> None:
            speed = bar.tasks[task].speed
            rate = f"{speed:,.0f}/s" if speed else ""
            bar.update(task, completed=done, total=bar.tasks[task].total if total is None else total, rate=rate)

        yield advance


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
