"""What the command shows: tables, lines, JSON objects and the progress bar."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich import markup
from rich.bar import Bar
from rich.box import SIMPLE_HEAD
from rich.console import Console, JustifyMethod, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from engine import (
    CHECKED,
    EDIT_WORDS,
    AddResult,
    BackupReport,
    BenchReport,
    CheckReport,
    Containment,
    CopyReport,
    Decision,
    EditFigures,
    FalseAlarm,
    FolderEvent,
    Groups,
    Match,
    Moved,
    NearDuplicate,
    PastOperation,
    PicTraceError,
    PictureWarning,
    RemovedImage,
    SearchResult,
    StoredImage,
    VariantFigures,
    per_cent,
    shown,
)

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

BENCH_COLUMNS: dict[str, JustifyMethod] = {
    "edit": "left", "copies": "right", "first": "right", "": "left", "in five": "right", "same": "right",
    "wrong": "right", "ms": "right",
}  # fmt: skip
VARIANT_COLUMNS: dict[str, JustifyMethod] = {
    "other version": "left", "asked": "right", "called the same": "right", "": "left", "variant": "right",
    "said on average": "right",
}  # fmt: skip
BAR_WIDTH = 24
FROM_PAGE = "From the web page's preview picture."
ALARMS_SHOWN = 8
# What a check found, for one and for several.
FINDINGS = {
    "missing_originals": ("original is missing", "originals are missing"),
    "altered_original": ("original is not the file that was added", "originals are not the files that were added"),
    "missing_thumbnails": ("thumbnail is missing or damaged", "thumbnails are missing or damaged"),
    "wrong_thumbnail": ("thumbnail shows another picture", "thumbnails show other pictures"),
    "stale_features": ("picture lacks features, or has old ones", "pictures lack features, or have old ones"),
    "short_vector": ("embedding has a wrong length", "embeddings have a wrong length"),
    "wrong_vector": ("embedding is not that of its picture", "embeddings are not those of their pictures"),
    "wrong_hash": ("perceptual hash is not that of its picture", "perceptual hashes are not those of their pictures"),
    "bad_keypoints": ("picture has damaged keypoints", "pictures have damaged keypoints"),
    "wrong_keypoints": ("picture has keypoints of another", "pictures have keypoints of others"),
    "bad_tags": ("picture has tags that cannot be read", "pictures have tags that cannot be read"),
    "unknown_media_type": ("picture has an unknown media type", "pictures have an unknown media type"),
    "bad_size": ("picture has a wrong size in the database", "pictures have a wrong size in the database"),
    "orphaned_files": ("file belongs to no picture", "files belong to no picture"),
    "torn_checkpoints": ("index file is torn", "index files are torn"),
    "damaged_pages": (
        "part of the database is damaged: put a backup in its place",
        "parts of the database are damaged: put a backup in its place",
    ),
}
# How the words for what happens in a watched folder look; the others are dim.
FOLDER_STYLES = {"added": "green", "restored": "green", "rejected": "red", "removed": "red"}
FOLDER_STYLES |= dict.fromkeys(("missing", "away", "warning"), "yellow")
# What an addition passed over, for one and for several.
PASSED_OVER = {
    "unsupported_picture": ("picture of a format that cannot be read", "pictures of formats that cannot be read"),
    "video": ("video", "videos"),
    "not_a_picture": ("other file", "other files"),
    "hidden": ("hidden file or folder", "hidden files and folders"),
    "system": ("system file or folder", "system files and folders"),
    "linked_twice": ("folder that is linked twice", "folders that are linked twice"),
    "not_a_file": ("link or device", "links and devices"),
}
WEAKEST = 3  # edits that the verdict names
FEW_COPIES = 100


def escape(text: str) -> str:
    """Foreign text, such as a name or a title, as it may stand in what is printed."""
    return markup.escape(shown(text))


def show_result(console: Console, query: str, result: SearchResult, tags: Sequence[str] = ()) -> None:
    """One query's matches as a table; `tags`: of the pictures that were searched."""
    took = f"{result.timings_ms['total']:.0f} ms"
    if not result.matches:
        empty = "no picture has these tags" if tags else "the library is empty: `pictrace add`"
        nothing = "nothing like it is in this library" if result.library_size else empty
        console.print(f"[bold]{escape(query)}[/bold]  {nothing}  [dim]{took}[/dim]\n", soft_wrap=True)
        _say_whence(console, result)
        return
    console.print(f"[bold]{escape(query)}[/bold]  [dim]{took}[/dim]", soft_wrap=True)
    table = Table(expand=True)
    for column in ("", "id"):
        table.add_column(column, justify="right")
    table.add_column("picture", overflow="fold", ratio=3)
    table.add_column("lane")
    table.add_column("score", justify="right")
    table.add_column("why", ratio=2)
    for place, match in enumerate(result.matches, 1):
        style = "dim" if match.weak else "bold" if match.lane == "same" else ""
        lane = "weak" if match.weak else match.lane
        score = per_cent(match.score) if result.calibrated else "-"
        table.add_row(str(place), str(match.image.id), _titled(match.image), lane, score, _reason(match), style=style)
    console.print(table)
    _say_whence(console, result)


def _say_whence(console: Console, result: SearchResult) -> None:
    if result.from_page:
        console.print(f"[dim]{FROM_PAGE}[/dim]")


def _reason(match: Match) -> str:
    evidence = match.evidence
    if evidence.exact:
        return "the same file"
    if match.lane == "same":
        words = ", ".join(EDIT_WORDS[edit] for edit in evidence.edits)
        agree = f"{evidence.keypoints} keypoints agree" if evidence.keypoints else "the whole picture agrees"
        return "; ".join(part for part in (words, agree, _differing(match)) if part)
    if match.lane == "variant":
        return "; ".join(part for part in ("another version", _differing(match)) if part)
    return "hardly alike" if match.weak else "looks alike"


def _differing(match: Match) -> str:
    """How many parts of the query show something else."""
    number = len(match.evidence.differs)
    return count(number, "part differs", "parts differ") if number else ""


def show_added(result: AddResult, as_json: bool, *, verbose: bool) -> None:
    if as_json:
        value: dict[str, Any] = {
            "name": result.name,
            "source": result.source,
            "id": result.id,
            "status": result.status,
            "code": result.code,
            "near": list(result.near),
            "warnings": [one.as_json() for one in result.warnings],
            "page": result.from_page,
        }
        if result.reason:
            value["reason"] = result.reason
        if result.message:
            value["message"] = result.message
        if result.removed_before:
            value["removed_before"] = result.removed_before.as_json()
        print(json.dumps(value), flush=True)
        return
    source = escape(result.source or result.name)
    if result.status == "passed_over":
        if verbose or result.reason == "unsupported_picture":
            _say(f"[dim]passed over[/dim] {source} [dim]({result.reason})[/dim]")
    elif result.status == "rejected":
        _say(f"[red]rejected[/red]  {source}: {escape(result.message or '')} [dim]({result.code})[/dim]")
    elif result.status == "duplicate" and not result.unchanged:
        _say(f"[dim]duplicate[/dim] {source}: is already here, id {result.id}")
    elif result.removed_before:
        at = result.removed_before.at.astimezone()
        _say(f"[dim]restored[/dim]  {source}: was removed on {at:%Y-%m-%d}, id {result.id}")
    if result.from_page:
        _say(f"[dim]page[/dim]      {source}: {FROM_PAGE}")
    if not result.unchanged:
        show_warnings(result.source or result.name, result.warnings)


def _say(line: str) -> None:
    """A line that is not broken: a path in it can be copied whole."""
    err.print(line, soft_wrap=True)


def show_warnings(name: str, warnings: Sequence[PictureWarning]) -> None:
    """What people should know of a picture that was taken all the same."""
    for one in warnings:
        _say(f"[yellow]warning[/yellow]   {escape(name)}: {escape(one.message)} [dim]({one.code})[/dim]")


def show_folder_event(event: FolderEvent, as_json: bool) -> None:
    """What has happened in a watched folder, as one line."""
    if as_json:
        value = {"event": event.kind, "path": event.path, "id": event.id, "code": event.code}
        more = {"message": event.message, "moved_from": event.moved_from}
        print(json.dumps(value | {name: said for name, said in more.items() if said}), flush=True)
        return
    said = f": {event.message}" if event.message else f" (before: {event.moved_from})" if event.moved_from else ""
    number = f", id {event.id}" if event.id is not None else ""
    code = f" [dim]({event.code})[/dim]" if event.code else ""
    style = FOLDER_STYLES.get(event.kind, "dim")
    kind = event.kind.replace("_", " ")
    _say(f"[{style}]{kind:<9}[/{style}] {escape(event.path + number + said)}{code}")


def show_rejected_query(query: str, error: PicTraceError, as_json: bool) -> None:
    if as_json:
        value = {"query": query, "matches": [], "warnings": [], "code": error.code, "message": str(error)}
        print(json.dumps(value), flush=True)
    else:
        _say(f"[red]rejected[/red]  {escape(query)}: {escape(str(error))} [dim]({error.code})[/dim]")


def result_json(result: SearchResult) -> dict[str, Any]:
    return {
        "matches": [match.as_json() for match in result.matches],
        "calibrated": result.calibrated,
        "regions": [asdict(region) for region in result.regions],
        "page": result.from_page,
        "timings_ms": result.timings_ms,
        "warnings": [one.as_json() for one in result.warnings],
    }


def show_bench(console: Console, report: BenchReport) -> None:
    """Recall of each edit and what became of other versions as tables, what else was measured, and a verdict."""
    title = f"[bold]{count(report.all_edits.copies, 'edited copy', 'edited copies')}[/bold] of {report.pictures:,} of "
    title += f"{count(report.library, 'picture')}  [dim]{escape(report.network)}, seed {report.seed}[/dim]"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for name, justify in BENCH_COLUMNS.items():
        _add_column(table, name, justify)
    for row in report.edits:
        table.add_row(*_bench_row(row))
    table.add_section()
    table.add_row(*_bench_row(report.all_edits), style="bold")
    console.print(table)
    if report.all_variants.asked:
        console.print(_variants_table(report))
    notes = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    notes.add_column(style="bold", no_wrap=True)
    notes.add_column()
    for name, text in _bench_notes(report):
        notes.add_row(name, text)
    console.print(notes)
    console.print(f"\n{verdict(report)}")


def _add_column(table: Table, name: str, justify: JustifyMethod) -> None:
    """A column of numbers, or without a name the one of bars, which are the first to give way in a narrow terminal."""
    table.add_column(name, justify=justify, no_wrap=bool(name), max_width=None if name else BAR_WIDTH)


def _bench_row(row: EditFigures) -> list[RenderableType]:
    share = row.recall_at_1
    colour = "green" if share >= 0.95 else "yellow" if share >= 0.8 else "red"
    return [
        row.edit,
        f"{row.copies:,}",
        _percent(share),
        Bar(1, 0, share, color=colour),
        _percent(row.recall_at_5),
        _percent(row.same),
        f"{row.wrong_same:,}" if row.wrong_same else "-",
        f"{row.median_ms:,.0f}",
    ]


def _variants_table(report: BenchReport) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name, justify in VARIANT_COLUMNS.items():
        _add_column(table, name, justify)
    for row in report.variants:
        table.add_row(*_variant_row(row, calibrated=report.calibrated))
    table.add_section()
    table.add_row(*_variant_row(report.all_variants, calibrated=report.calibrated), style="bold")
    return table


def _variant_row(row: VariantFigures, *, calibrated: bool) -> list[RenderableType]:
    wrong = row.wrongly_same / row.asked if row.asked else 0.0
    colour = "green" if wrong <= 0.05 else "yellow" if wrong <= 0.2 else "red"
    return [
        row.kind.replace("_", " "),
        f"{row.asked:,}",
        f"{row.wrongly_same:,}" if row.wrongly_same else "-",
        Bar(1, 0, wrong, color=colour),
        f"{row.variant:,}",
        per_cent(row.mean_p_same) if calibrated and row.asked else "-",
    ]


def _bench_notes(report: BenchReport) -> Iterator[tuple[str, str]]:
    alarms, believed, times, passed = report.false_alarms, report.calibration, report.time, report.passed_over
    yield (
        "False alarms",
        f"{alarms.alarmed:,} of {count(alarms.asked, 'query', 'queries')} whose picture was left out"
        + (", or near-duplicates not known as such" if alarms.alarmed else ""),
    )
    for one in alarms.matches[:ALARMS_SHOWN]:
        yield "", _alarm(one)
    if len(alarms.matches) > ALARMS_SHOWN:
        yield "", f"... and {len(alarms.matches) - ALARMS_SHOWN:,} more (--json has all)"
    if report.calibrated:
        yield (
            "Calibration",
            f"expected error {believed.ece:.3f}, Brier score {believed.brier:.3f} (knowing nothing: "
            f"{believed.brier_of_base_rate:.3f}), over {count(believed.answers, 'answer')}",
        )
        for part in believed.bins:
            said = f"said {100 * part.low:.0f}-{100 * part.high:.0f} %"
            yield "", f"{said:<14} {_percent(part.right):>7} right of {part.answers:,}"
    else:
        yield "Calibration", "none for this network: scores are an order, not probabilities"
    yield (
        "Time",
        f"{times.median_ms:,.0f} ms a search (99 %: {times.p99_ms:,.0f}), one after another on "
        f"{count(report.workers, 'thread')}; {times.took_s:,.0f} s in all",
    )
    if passed.unreadable:
        yield "Passed over", f"{count(passed.unreadable, 'picture')} whose original cannot be read: `pictrace check`"
    if passed.removed:
        yield "Passed over", f"{count(passed.removed, 'picture')} that somebody removed meanwhile"


def verdict(report: BenchReport) -> str:
    """What the figures come to, in a sentence or two."""
    everything = report.all_edits
    weakest = sorted((row for row in report.edits if row.recall_at_1 < 1), key=lambda row: row.recall_at_1)[:WEAKEST]
    if not weakest:
        first = "Every copy's picture came first"
    else:
        first = f"{_percent(everything.recall_at_1)} of the copies' pictures came first"
    said = f"{first}, {_percent(everything.same)} in lane `same`."
    if versions := report.all_variants.asked:
        said += f" {_percent(report.all_variants.wrongly_same / versions)} of other versions were called the same."
    if weakest and len(report.edits) > 1:
        said += " Weakest: " + ", ".join(f"{row.edit} ({_percent(row.recall_at_1)})" for row in weakest) + "."
    if everything.copies < FEW_COPIES:
        said += " These are few copies: more --pictures say it more surely."
    return said


def bench_json(report: BenchReport) -> dict[str, Any]:
    """The report's own names, numbers to four places."""
    value: dict[str, Any] = _rounded(asdict(report))
    return value


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return round(value, 4) if isinstance(value, float) else value


def _alarm(one: FalseAlarm) -> str:
    asked = f"{one.query_id} ({one.edit})" if one.edit else f"{one.query_id}"
    return f"{asked} → {one.match_id}, {per_cent(one.p_same)}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def show_duplicates(found: Groups, as_json: bool, *, calibrated: bool) -> None:
    """One JSON object a group, or one table; `p_same` is that of a picture's pair with the best of its group."""
    if as_json:
        _print_groups(found)
        return
    if not found.groups:
        out.print("No near-duplicates in this library.")
        return
    out.print(
        _groups_table(
            found, "near-duplicates", "same", lambda one: per_cent(one.p_same) if calibrated else "-", first="best"
        )
    )
    err.print(
        "`pictrace duplicates --keep-best ID` removes all but the best of a group, `--keeper ID` all but this one; "
        "`--different ID ID...` remembers that they are none.",
        soft_wrap=True,
    )


def show_variants(found: Groups, as_json: bool) -> None:
    """The same for pictures that share a scene or a layout: there is nothing to be removed."""
    if as_json:
        _print_groups(found)
    elif not found.groups:
        out.print("No pictures in this library share a scene or a layout, as far as they have been compared.")
    else:
        out.print(_groups_table(found, "similar pictures, to look through", "added", _added))


def suggest_variants(groups: int) -> None:
    err.print(
        f"{count(groups, 'group')} of similar pictures, to look through: `pictrace duplicates --variants`.",
        soft_wrap=True,
    )


def _added(picture: NearDuplicate) -> str:
    return f"{picture.image.created_at.astimezone():%Y-%m-%d}"


def _print_groups(found: Groups) -> None:
    for group in found.groups:
        print(json.dumps({"images": [_near_duplicate_json(picture) for picture in group.pictures]}), flush=True)


def _groups_table(
    found: Groups, what: str, last: str, tell: Callable[[NearDuplicate], str], *, first: str | None = None
) -> Table:
    """Groups below each other; `tell` says what stands in the last column, `first` what stands there of the best."""
    pictures = count(sum(len(group.pictures) for group in found.groups), "picture")
    title = f"[bold]{count(found.total, 'group')}[/bold] of {what}, {pictures}"
    table = Table(title=title, title_justify="left", expand=True)
    for column in ("", "id"):
        table.add_column(column, justify="right")
    table.add_column("picture", overflow="fold", ratio=3)
    for column in ("pixels", "size", last):
        table.add_column(column, justify="right", no_wrap=True)
    for number, group in enumerate(found.groups, 1):
        for place, picture in enumerate(group.pictures):
            image = picture.image
            table.add_row(
                "" if place else str(number),
                str(image.id),
                _titled(image),
                f"{image.width} x {image.height}",
                f"{image.byte_size / 1e3:,.0f} kB",
                first if first and not place else tell(picture),
                style="bold" if first and not place else "dim" if first else "",
                end_section=place == len(group.pictures) - 1,
            )
    return table


def _titled(image: StoredImage) -> str:
    name = f"{image.title} ({image.filename})" if image.title else image.filename
    since = image.source_missing_since
    return escape(name) + (f" [dim](file missing since {since.astimezone():%Y-%m-%d})[/dim]" if since else "")


def show_contained(found: Sequence[Containment], as_json: bool) -> None:
    """One JSON object a pair, or one table: nothing of it is grouped or removed."""
    if as_json:
        for pair in found:
            value = {"part": _picture_json(pair.part), "whole": _picture_json(pair.whole)}
            print(json.dumps(value | {"p_same": round(pair.p_same, 4)}), flush=True)
        return
    if not found:
        out.print("No picture of this library is a part of another, as far as they have been compared.")
        return
    table = Table(title=f"[bold]{count(len(found), 'picture')}[/bold] contained in others", title_justify="left")
    for column in ("id", "part", "is in", "whole"):
        table.add_column(column, justify="left" if column in ("part", "whole") else "right", overflow="fold")
    for pair in found:
        table.add_row(str(pair.part.id), _titled(pair.part), str(pair.whole.id), _titled(pair.whole))
    out.print(table)


def show_kept(decision: Decision) -> None:
    """What was kept, and what became of the others."""
    removed = count(len(decision.removed), "picture")
    err.print(f"Kept {decision.kept}, removed {removed}. `pictrace undo` brings back what was removed.", soft_wrap=True)
    if decision.left:
        ids = ", ".join(map(str, decision.left))
        err.print(f"Not removed, for they are no near-duplicates of {decision.kept}: {ids}.", soft_wrap=True)


def show_trash(removed: Sequence[RemovedImage], total: int, as_json: bool) -> None:
    """One JSON object a picture, or one table."""
    if as_json:
        for one in removed:
            print(json.dumps(_picture_json(one.image) | one.as_json()), flush=True)
        return
    if not removed:
        out.print("The trash is empty.")
        return
    table = Table(title=f"[bold]{count(total, 'picture')}[/bold] in the trash", title_justify="left")
    table.add_column("id", justify="right")
    table.add_column("picture", overflow="fold")
    for column in ("removed", "by", "kept until"):
        table.add_column(column)
    for one in removed:
        when = (_day(one.image.deleted_at), escape(one.removed_by or ""), _day(one.kept_until))
        table.add_row(str(one.image.id), _titled(one.image), *when)
    out.print(table)


def show_history(operations: Sequence[PastOperation], as_json: bool) -> None:
    """One JSON object an operation, or one table."""
    if as_json:
        for one in operations:
            print(json.dumps(one.as_json()), flush=True)
        return
    if not operations:
        out.print("Nothing was done to this library, as far as it remembers.")
        return
    table = Table()
    for column in ("", "what", "pictures", "by", "at", "undo"):
        table.add_column(column, justify="right" if column in ("", "pictures") else "left")
    for one in operations:
        what = f"{one.kind} of {one.undoes}" if one.undoes else one.kind
        state = "undone" if one.is_undone else "can be undone" if one.can_undo else ""
        at = f"{one.at.astimezone():%Y-%m-%d %H:%M:%S}"
        table.add_row(str(one.id), what, f"{one.pictures:,}", escape(one.actor), at, state)
    out.print(table)


def _day(at: datetime | None) -> str:
    return f"{at.astimezone():%Y-%m-%d}" if at else ""


def _near_duplicate_json(picture: NearDuplicate) -> dict[str, Any]:
    return _picture_json(picture.image) | {"p_same": round(picture.p_same, 4)}


def _picture_json(image: StoredImage) -> dict[str, Any]:
    return {
        "id": image.id,
        "name": image.filename,
        "title": image.title,
        "width": image.width,
        "height": image.height,
        "bytes": image.byte_size,
        "source_missing_since": image.missing_since_as_json,
    }


def show_check(report: CheckReport, as_json: bool, *, deep: bool) -> None:
    """What a check found, a line for each kind, and what became of it."""
    if as_json:
        print(json.dumps(asdict(report) | {"sound": report.sound}))
    else:
        for line in _check_lines(report):
            out.print(line, soft_wrap=True)
    if report.unfinished:
        again = "`pictrace check --deep` goes on where it stopped" if deep else "nothing was mended"
        err.print(f"Stopped before the end: {again}.", soft_wrap=True)


def _check_lines(report: CheckReport) -> Iterator[str]:
    for name in sorted(CHECKED, key=list(FINDINGS).index):
        if number := getattr(report, name):
            yield f"{count(number, *FINDINGS[name])}."
    if report.purged:
        yield f"{count(report.purged, 'removed picture was', 'removed pictures were')} deleted for good."
    if report.taken_out:
        taken = count(report.taken_out, "picture without its original was", "pictures without their originals were")
        yield f"{taken} taken out of the library; `pictrace undo` brings back what was taken out."
    if report.unmended:
        yield f"{count(report.unmended, 'picture')} could not be mended: the messages above say why."
    if report.seen_anew:
        one, several = "picture that an older PicTrace had seen was", "pictures that an older PicTrace had seen were"
        yield f"{count(report.seen_anew, one, several)} seen anew."
    if report.outdated:
        outdated = count(report.outdated, "picture is outdated", "pictures are outdated")
        them = "it" if report.outdated == 1 else "them"
        yield (
            f"{outdated}, which is no damage: an older PicTrace has seen {them}. A server sees {them} anew, "
            "or `pictrace check --repair`."
        )
    if report.sound and not report.unfinished:
        yield "The library is sound."
    elif report.mended:
        yield "Mended."
    elif not report.sound and not report.repaired:
        yield "`pictrace check --repair` mends this."


def summarise(tally: Mapping[str, int], passed_over: Mapping[str, int], near: int, stopped: bool) -> None:
    parts = [
        f"{tally[name]:,} {name}"
        for name in ("added", "restored", "duplicate", "unchanged", "rejected")
        if tally.get(name)
    ]
    left = [count(passed_over[reason], *words) for reason, words in PASSED_OVER.items() if passed_over.get(reason)]
    said = ", ".join(parts) or ("nothing" if stopped else "Nothing to add")
    if left and parts:
        said += f"; passed over: {', '.join(left)}"
    elif left:
        said += f": {', '.join(left)} {'was' if sum(passed_over.values()) == 1 else 'were'} passed over"
    err.print(("Stopped; what is done is kept: " if stopped else "") + said + ".", soft_wrap=True)
    if near:
        are = "is a near-duplicate" if near == 1 else "are near-duplicates"
        err.print(f"{near:,} {are} of pictures in the library: `pictrace duplicates` lists them.")


def show_moved(moved: Sequence[Moved], as_json: bool) -> None:
    """What a migration has brought to its destination, table by table."""
    if as_json:
        for one in moved:
            print(json.dumps(asdict(one)))
        print(json.dumps({"status": "complete", "tables": len(moved), "rows": sum(one.rows for one in moved)}))
        return
    table = Table(show_header=True, box=None, pad_edge=False)
    table.add_column("table")
    for column in ("rows", "written now"):
        table.add_column(column, justify="right")
    table.add_column("checksum")
    for one in moved:
        table.add_row(one.table, f"{one.rows:,}", f"{one.written:,}", one.checksum[:12])
    out.print(table)
    out.print("Complete: numbers and checksums of both databases agree.")


def show_copied(report: CopyReport, as_json: bool) -> None:
    """How many files a copy has brought to their new place, and which are not what they were."""
    if as_json:
        print(json.dumps({"copied": report.copied, "there": report.there, "damaged": list(report.damaged)}))
        return
    out.print(f"{count(report.copied, 'file')} copied, {report.there:,} there already.")
    for key in report.damaged:
        err.print(f"[red]damaged[/red], not copied: {escape(key)}", soft_wrap=True)
    if report.damaged:
        err.print("`pictrace check --repair` says what of them can be mended.")


def show_backup(report: BackupReport, as_json: bool) -> None:
    """What a backup holds, and what had to be left out."""
    if as_json:
        print(json.dumps(report.as_json()))
        return
    files = report.files
    there = f", {files.there:,} of them saved by an earlier run" if files.there else ""
    out.print(
        f"{count(report.pictures, 'picture')} saved in {escape(report.file)}: "
        f"{count(files.copied + files.there, 'file')}{there}. All of it was read back.",
        soft_wrap=True,
    )
    for key in files.damaged:
        err.print(f"[red]damaged[/red], left out: {escape(key)}", soft_wrap=True)
    if report.lost:
        err.print(f"[red]{count(report.lost, 'picture')}[/red] without an original: `pictrace check` names them.")
    if not report.with_secrets:
        err.print("Keys, tokens and passwords are not in it; --with-secrets saves them, too.")


def show_restored(report: BackupReport, as_json: bool) -> None:
    """What has come back from a backup."""
    if as_json:
        print(json.dumps(report.as_json()))
        return
    out.print(f"{count(report.pictures, 'picture')} restored; every file is as it was written.")
    if report.restored_settings:
        err.print(
            f"The settings that it ran with are in {escape(report.restored_settings)}, to be looked at: "
            "nothing of them was set.",
            soft_wrap=True,
        )
    if not report.with_secrets:
        err.print("The backup has no keys: `pictrace admin-key --new` makes the admin key.")


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


def count(number: int, noun: str, nouns: str | None = None) -> str:
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"
