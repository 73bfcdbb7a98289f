"""The `pictrace` command: a door to the engine for people and scripts.

With --json, one object a line on stdout in the order asked; progress and messages go to stderr. Exit status 0 if all
went well, 1 if something was rejected, 2 for wrong use, 130 after Ctrl-C.
"""

import asyncio
import json
import logging
import math
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import asdict, replace
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from engine import (
    MAX_LIMIT,
    PATIENCE_S,
    BenchPlan,
    EngineSettings,
    Given,
    LibraryError,
    LogFormatter,
    PicTraceError,
    Refused,
    Region,
    Remote,
    RequestError,
    SearchResult,
    SearchService,
    Source,
    UnknownNetwork,
    WatchPlan,
    back_up,
    configured_secrets,
    copy_library_files,
    expand,
    how_many,
    is_url,
    migrate_library,
    name_of,
    networks,
    open_service,
    parse_region,
    parse_url,
    prepare_streams,
    read_file,
    restore,
    unknown_variables,
)
from shell import demo as demonstration
from shell import plots, terminal
from shell.plain_words import PlainCommand, PlainGroup
from shell.terminal import Advance, err, escape, out

OK, REJECTED, WRONG_USE, INTERRUPTED = 0, 1, 2, 130
STOPPING = "Stopping: what is under way is finished first. Ctrl-C again ends it at once."
GOES_ON = "Stopped. The same command goes on where it stopped."
ACTOR = "shell"
LISTED = 50  # pictures or operations, where nobody says how many


app = typer.Typer(
    cls=PlainGroup,
    help="Find a picture in your own library: the five best matches, with a reason and an honest score.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
networks_app = typer.Typer(cls=PlainGroup, help="The networks that make embeddings.", no_args_is_help=True)
app.add_typer(networks_app, name="networks")

Limit = Annotated[int, typer.Option(min=1, max=10_000, help="How many to list.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"pictrace {version('pictrace')}")
        raise typer.Exit


@app.callback()
def options(
    show: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Find a picture in your own library: the five best matches, with a reason and an honest score."""


@app.command(
    cls=PlainCommand,
    epilog="[bold]Examples[/bold]\n\n  pictrace add holiday/\n\n  pictrace add --tag paris --tag spring a.jpg c.zip",
)
def add(
    paths: Annotated[list[str], typer.Argument(metavar="PATH|URL|ZIP|FOLDER...", help="Pictures to add.")],
    as_json: Json = False,
    title: Annotated[str | None, typer.Option(help="A title for what is added.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A tag, or several with commas between.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Read files again that seem not to have changed.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name what is passed over, too.")] = False,
) -> None:
    """Add pictures, URLs, folders (all below them), zips, tars, 7z. Ctrl-C keeps what is done; a second run goes on."""

    async def run(service: SearchService) -> int:
        tally, passed_over = Counter[str](), Counter[str]()
        near = 0
        with _stop_on_interrupt(STOPPING) as stopped, terminal.progress("adding", as_json) as advance:
            sources = _sources(paths, service.settings, advance, reread=force)
            results = service.add(
                sources,
                actor=ACTOR,
                title=_text(title) if title is not None else None,
                tags=_texts(tag),
                stop=stopped.is_set,
            )
            try:
                async for result in results:
                    became = "unchanged" if result.unchanged else result.status
                    tally[became] += 1
                    if result.reason:
                        passed_over[result.reason] += 1
                    near += bool(result.near)
                    terminal.show_added(result, as_json, verbose=verbose)
                    advance(tally.total(), None)
            except LibraryError:
                terminal.summarise(tally, passed_over, near, stopped=True)
                raise
        terminal.summarise(tally, passed_over, near, stopped.is_set())
        if stopped.is_set():
            return INTERRUPTED
        return REJECTED if tally["rejected"] or passed_over["unsupported_picture"] else OK

    _run(run, beginning=True)


@app.command(
    cls=PlainCommand,
    epilog=(
        "[bold]Examples[/bold]\n\n  pictrace watch ~/Pictures\n\n"
        "  pictrace watch --mirror --rescan-minutes 60 /mnt/nas/photos\n\n  pictrace watch --once ~/Pictures"
    ),
)
def watch(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER...", help="Folders, with all below them.")],
    as_json: Json = False,
    mirror: Annotated[
        bool, typer.Option("--mirror", help="Remove pictures with their files, instead of marking them.")
    ] = False,
    rescan_minutes: Annotated[
        float,
        typer.Option(
            metavar="N", min=0, help="Look at everything every N minutes, for network drives; 0: never again."
        ),
    ] = 10,
    once: Annotated[bool, typer.Option("--once", help="Look at everything once, then end: for cron.")] = False,
    tag: Annotated[
        list[str] | None, typer.Option(help="A tag for what is added, or several with commas between.")
    ] = None,
    allow_missing: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Go on where at most N files are missing at once.")
    ] = None,
) -> None:
    """Follow folders: what is new is added, what is moved followed, what is gone only marked. Ctrl-C ends it.

    A folder that is away, as a disk that is not mounted, changes nothing.
    """
    if not math.isfinite(rescan_minutes):
        raise typer.BadParameter("--rescan-minutes takes a number of minutes.")
    plan = WatchPlan(
        mirror=mirror, rescan_minutes=rescan_minutes, once=once, tags=_texts(tag), allow_missing=allow_missing
    )

    async def run(service: SearchService) -> int:
        status = OK
        with _stop_on_interrupt() as stopped:
            async with (
                service.webhook.delivering(),
                aclosing(service.watched_folders.watch(folders, plan, stopped=stopped)) as events,
            ):
                async for event in events:
                    terminal.show_folder_event(event, as_json)
                    if once and event.kind in ("rejected", "away", "warning"):
                        status = REJECTED
        return INTERRUPTED if once and stopped.is_set() else status

    _run(run, patience_s=PATIENCE_S, beginning=True)


@app.command(
    cls=PlainCommand,
    epilog=(
        "[bold]Examples[/bold]\n\n  pictrace search screenshot.png\n\n"
        "  pictrace search https://example.org/a.jpg\n\n  pictrace search --json --limit 3 asked/*.jpg\n\n"
        "  pictrace search --region 0.5,0,0.5,0.5 --tag holiday collage.png"
    ),
)
def search(
    paths: Annotated[list[str], typer.Argument(metavar="PATH|URL...", help="Pictures to look for.")],
    as_json: Json = False,
    limit: Annotated[int, typer.Option(help=f"How many matches, 1-{MAX_LIMIT}.")] = 5,
    weak: Annotated[bool, typer.Option("--weak", help="Also where nothing is near: the nearest there are.")] = False,
    region: Annotated[
        str | None,
        typer.Option(metavar="X,Y,WIDTH,HEIGHT", help="Only this part of the pictures, in shares of their size."),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(help="Only among the pictures with this tag; of several, commas between, with all of them."),
    ] = None,
) -> None:
    """Find the pictures of the library that are the same as a query, other versions of it, or alike."""

    async def run(service: SearchService) -> int:
        tags = _texts(tag)
        asked = {"limit": limit, "weak": weak, "region": _region(region), "tags": tags}
        status = OK
        for path in paths:
            try:
                result = await _search(service, path, asked)
            except RequestError:
                raise
            except PicTraceError as error:
                if isinstance(error, LibraryError):
                    raise
                status = REJECTED
                terminal.show_rejected_query(_text(path), error, as_json)
                continue
            if as_json:
                print(json.dumps({"query": _text(path)} | terminal.result_json(result)), flush=True)
            else:
                terminal.show_result(out, _text(path), result, tags)
                terminal.show_warnings(_text(path), result.warnings)
        return status

    _run(run, tidying=False)


@app.command(cls=PlainCommand, epilog="[bold]Example[/bold]\n\n  pictrace why screenshot.png 17 --out why.jpg")
def why(
    path: Annotated[str, typer.Argument(metavar="PATH|URL", help="The query.")],
    image_id: Annotated[int, typer.Argument(metavar="ID", help="A picture of the library.")],
    target: Annotated[Path, typer.Option("--out", help="Where to write the JPEG.")],
    region: Annotated[
        str | None,
        typer.Option(metavar="X,Y,WIDTH,HEIGHT", help="Only this part of the query, in shares of its size."),
    ] = None,
) -> None:
    """Draw the picture that shows why two pictures match."""

    async def run(service: SearchService) -> int:
        jpeg = (await service.explain(await _read(service, path), image_id, region=_region(region))).picture
        _write(target, jpeg)
        err.print(f"Written to {target}")
        return OK

    _run(run, tidying=False)


@app.command(cls=PlainCommand, epilog="[bold]Example[/bold]\n\n  pictrace remove 17 18")
def remove(ids: Annotated[list[int], typer.Argument(metavar="ID...", help="Pictures of the library.")]) -> None:
    """Take pictures out of the library; `pictrace undo` brings them back within 30 days."""

    async def run(service: SearchService) -> int:
        await service.remove(ids, actor=ACTOR)
        err.print(f"Removed {terminal.count(len(set(ids)), 'picture')}. `pictrace undo` brings back what was removed.")
        return OK

    _run(run)


@app.command(
    cls=PlainCommand,
    epilog=(
        "[bold]Examples[/bold]\n\n  pictrace duplicates\n\n  pictrace duplicates --keep-best 17\n\n"
        "  pictrace duplicates --keeper 23\n\n  pictrace duplicates --different 17 23\n\n"
        "  pictrace duplicates --variants"
    ),
)
def duplicates(
    ids: Annotated[list[int] | None, typer.Argument(metavar="[ID...]", help="For --different.")] = None,
    as_json: Json = False,
    thorough: Annotated[
        bool, typer.Option("--thorough", help="Find crops and screenshots too: as long as a search for each picture.")
    ] = False,
    variants: Annotated[
        bool, typer.Option("--variants", help="List what shares a scene or a layout instead, to look through.")
    ] = False,
    contains: Annotated[
        bool, typer.Option("--contains", help="List pictures that are parts of others instead: crops, collages.")
    ] = False,
    keep_best: Annotated[
        int | None, typer.Option(metavar="ID", help="Remove all but the best of the group that this picture is in.")
    ] = None,
    keeper: Annotated[
        int | None, typer.Option(metavar="ID", help="Keep this picture, and remove its near-duplicates.")
    ] = None,
    different: Annotated[
        bool, typer.Option("--different", help="Remember that these pictures are no duplicates of each other.")
    ] = False,
) -> None:
    """List groups of near-duplicates, best picture first. `pictrace undo` takes back what was decided on them."""
    decisions = [keep_best is not None, keeper is not None, different]
    if sum(decisions) > 1 or bool(ids) != different:
        raise typer.BadParameter(
            "--different takes the ids of pictures; it, --keep-best and --keeper are not given together."
        )
    if variants + contains + any(decisions) > 1:
        raise typer.BadParameter(
            "--variants and --contains list pictures, and are given neither together nor to decide."
        )

    async def run(service: SearchService) -> int:
        kept = keep_best if keep_best is not None else keeper
        if kept is not None:
            group = await service.duplicates.group_of(kept)
            terminal.show_kept(await service.duplicates.decide(group, "best", actor=ACTOR, keeper=keeper))
            return OK
        if different:
            decision = await service.duplicates.decide(ids or [], "different", actor=ACTOR)
            known = "" if decision.operation_id else " already"
            err.print(f"Remembered{known}: these are different pictures.")
            return OK
        with _stop_on_interrupt(STOPPING) as stopped, terminal.progress("comparing", as_json) as advance:
            await service.duplicates.compare(thorough=thorough, progress=advance, stop=stopped.is_set)
        await _list_duplicates(service, as_json, variants=variants, contains=contains)
        if stopped.is_set():
            err.print("Stopped; what is compared is kept, and the next run goes on.")
        return INTERRUPTED if stopped.is_set() else OK

    _run(run, tidying=any(decisions))


async def _list_duplicates(service: SearchService, as_json: bool, *, variants: bool, contains: bool) -> None:
    if contains:
        terminal.show_contained(await service.duplicates.contained(), as_json)
        return
    calibrated = (await service.level()).calibrated
    found = await service.duplicates.groups(lane="variant" if variants else "same")
    if variants:
        terminal.show_variants(found, as_json)
        return
    terminal.show_duplicates(found, as_json, calibrated=calibrated)
    if as_json:
        return
    if found.contained:
        terminal.show_contained(await service.duplicates.contained(), as_json)
    if found.variants:
        terminal.suggest_variants(found.variants)


@app.command(cls=PlainCommand, epilog="[bold]Examples[/bold]\n\n  pictrace undo\n\n  pictrace undo 12")
def undo(
    operation: Annotated[
        int | None, typer.Argument(metavar="[OPERATION]", help="Which, as `pictrace history` numbers them.")
    ] = None,
) -> None:
    """Take back an operation as a whole, by default the last: an addition, a removal, an edit, a decision, a repair."""

    async def run(service: SearchService) -> int:
        undone = await service.undo(actor=ACTOR, operation_id=operation)
        when = undone.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
        err.print(f"Took back the {undone.kind} of {when}: {terminal.count(undone.images, 'picture')}.")
        return OK

    _run(run)


@app.command(
    cls=PlainCommand,
    epilog=(
        "[bold]Examples[/bold]\n\n  pictrace trash\n\n  pictrace trash --restore 17 18\n\n"
        "  pictrace trash --restore --all"
    ),
)
def trash(
    ids: Annotated[list[int] | None, typer.Argument(metavar="[ID...]", help="For --restore.")] = None,
    as_json: Json = False,
    restore: Annotated[bool, typer.Option("--restore", help="Bring these pictures back, or --all.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="For --restore: every picture in the trash.")] = False,
    limit: Limit = LISTED,
) -> None:
    """List what was removed and can be brought back, lately removed first; with --restore, bring it back."""
    if bool(ids) + everything != restore:
        raise typer.BadParameter("--restore takes the ids of pictures, or --all.")

    async def run(service: SearchService) -> int:
        if restore:
            _, restored = await service.restore(None if everything else ids, actor=ACTOR)
            err.print(f"Brought back {terminal.count(restored, 'picture')}. `pictrace undo` removes what came back.")
        else:
            removed, total = await service.removed(limit=limit)
            terminal.show_trash(removed, total, as_json)
        return OK

    _run(run, tidying=restore)


@app.command(cls=PlainCommand, epilog="[bold]Example[/bold]\n\n  pictrace history --limit 5")
def history(as_json: Json = False, limit: Limit = LISTED) -> None:
    """List what was done to the library, newest first; `pictrace undo` takes any of it back that still can be."""

    async def run(service: SearchService) -> int:
        terminal.show_history(await service.history(limit=limit), as_json)
        return OK

    _run(run, tidying=False)


@app.command(cls=PlainCommand)
def status(as_json: Json = False) -> None:
    """Pictures, features, network, calibration, disk use and index of the library."""

    async def run(service: SearchService) -> int:
        found = await service.status()
        if as_json:
            value = asdict(found)
            print(json.dumps(value | {"network": asdict(found.network)}))
            return OK
        table = Table(show_header=False, box=None, pad_edge=False)
        table.add_column(style="bold")
        table.add_column()
        table.add_row("Library", escape(found.data_dir))
        table.add_row("Database", escape(found.database))
        table.add_row("Pictures", f"{found.images:,}" + (f" ({found.removed:,} removed)" if found.removed else ""))
        if found.source_missing:
            are = "picture whose file is" if found.source_missing == 1 else "pictures whose files are"
            table.add_row("Missing", f"{found.source_missing:,} {are} not where it was any more")
        if found.outdated:
            table.add_row(
                "Outdated",
                f"{terminal.count(found.outdated, 'picture')} to be seen anew: a server does it, or `check --repair`",
            )
        table.add_row("Features", ", ".join(f"{count:,} {name}" for name, count in found.features.items()))
        changing = f", changing to {found.next_network}" if found.next_network else ""
        table.add_row("Network", f"{found.network}{changing}")
        if found.network_problem:
            table.add_row("Searching", f"not possible: {escape(found.network_problem)}")
        table.add_row("Scores", "calibrated" if found.calibrated else "uncalibrated: words without percentages")
        table.add_row("On disk", f"{found.disk_bytes / 1e6:,.1f} MB")
        if found.files_url:
            table.add_row("Files", f"{escape(found.files_url)}, {found.original_bytes / 1e6:,.1f} MB of originals")
        behind = found.last_seq - found.index_seq
        level = "level with storage" if not behind else f"{behind:,} changes behind"
        written = f", written down at change {found.checkpoint_seq:,}" if found.checkpoint_seq else ""
        judged = found.tally.right + found.tally.wrong
        if judged:
            table.add_row("Matches called", f"{found.tally.right:,} right, {found.tally.wrong:,} wrong")
        if found.tally.watches:
            table.add_row("Waited for", terminal.count(found.tally.watches, "picture"))
        table.add_row("Index", f"{found.index_kind}, {found.index_size:,} embeddings, {level}{written}")
        out.print(table)
        return OK

    _run(run, tidying=False)


@app.command(
    cls=PlainCommand,
    epilog=(
        "[bold]Examples[/bold]\n\n  pictrace check\n\n  pictrace check --deep --repair\n\n"
        "  pictrace check --repair --allow-missing 120"
    ),
)
def check(
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Mend what is found. `pictrace undo` brings back what was taken out for it."),
    ] = False,
    allow_missing: Annotated[
        int | None,
        typer.Option(metavar="N", min=0, help="For --repair: take out pictures without an original if at most N are."),
    ] = None,
    deep: Annotated[
        bool,
        typer.Option("--deep", help="Read all originals too. Ctrl-C keeps what is done; a second run goes on."),
    ] = False,
    purge: Annotated[bool, typer.Option("--purge", help="Delete removed pictures for good, now.")] = False,
    as_json: Json = False,
) -> None:
    """Look for files that are missing or altered, damaged rows, orphans, stale features and torn index files.

    --repair changes nothing where so many originals are missing that likely their disk is not mounted.
    """
    if allow_missing is not None and not repair:
        raise typer.BadParameter("--allow-missing is for --repair.")

    async def run(service: SearchService) -> int:
        with terminal.progress("checking", as_json) as advance, _stop_on_interrupt(STOPPING) as stopped:
            report = await service.checker.check(
                repair=repair,
                purge=purge,
                deep=deep,
                allow_missing=allow_missing,
                actor=ACTOR,
                progress=advance,
                stop=stopped.is_set,
            )
        terminal.show_check(report, as_json, deep=deep)
        if report.unfinished:
            return INTERRUPTED
        return OK if report.sound or report.mended else REJECTED

    _run(run, tidying=repair or purge)


@app.command(
    cls=PlainCommand,
    epilog=(
        "[bold]Examples[/bold]\n\n  pictrace bench\n\n  pictrace bench --pictures 100 --plot bench.png\n\n"
        "  pictrace bench --edit crop --edit screenshot --json"
    ),
)
def bench(
    pictures: Annotated[int, typer.Option(help="How many of the library's pictures to make copies of.")] = 30,
    seed: Annotated[int, typer.Option(help="The same seed makes the same copies.")] = 7,
    edit: Annotated[
        list[str] | None, typer.Option(help="Only this edit; may be given several times. By default all.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
    plot: Annotated[Path | None, typer.Option(metavar="FILE.png", help="Draw it too, as a PNG.")] = None,
) -> None:
    """Measure how well edited copies of your own pictures are found, and told from other versions of them.

    Nothing is written to the library.
    """
    with _reported():
        plan = BenchPlan(pictures, seed, tuple(map(_text, edit or [])))
    if plot:
        _require_writable(plot)

    async def run(service: SearchService) -> int:
        with terminal.progress("asking", as_json) as advance:
            report = await service.bench(plan, progress=advance)
        if as_json:
            print(json.dumps(terminal.bench_json(report)))
        else:
            terminal.show_bench(out, report)
        if plot:
            _write(plot, plots.bench(report))
            err.print(f"Drawn in {escape(str(plot))}", soft_wrap=True)
        return OK

    _run(run, read_only=True, stopped="Stopped. Nothing was changed.")


@app.command(
    cls=PlainCommand,
    epilog="[bold]Example[/bold]\n\n  PGPASSWORD=... pictrace migrate --to postgresql://pictrace@db.example/pictrace\n\n"
    "  pictrace migrate --files-to s3://bucket/folder",
)
def migrate(
    to: Annotated[
        str | None, typer.Option("--to", metavar="URL", help="An empty database: PostgreSQL, or an SQLite file.")
    ] = None,
    files_to: Annotated[
        str | None, typer.Option(metavar="URL", help="Where the files go: s3://bucket/folder, or a data folder.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Move the library into another database, or copy its files to a bucket or back, and prove that all arrived.

    Broken off, a second run goes on; until the new place is in use, it also brings what was added since. What was there
    stays as it was.
    """
    if to is None and files_to is None:
        err.print("--to URL moves the library into another database, --files-to URL copies its files.")
        raise typer.Exit(WRONG_USE)
    settings = _settings()

    async def run() -> int:
        damaged = written = 0
        if files_to is not None:
            with terminal.progress("copying", as_json) as advance:
                report = await copy_library_files(settings, files_to, advance)
            terminal.show_copied(report, as_json)
            damaged, written = len(report.damaged), report.copied
        if to is not None:
            with terminal.progress("moving", as_json) as advance:
                moved = await migrate_library(settings, to, advance)
            terminal.show_moved(moved, as_json)
            written += sum(one.written for one in moved)
        steps = ["set PICTRACE_DATABASE_URL to the new place"] if to is not None else []
        if files_to is not None:
            is_folder = "://" not in files_to
            steps.append("unset PICTRACE_FILES_URL" if is_folder else "set PICTRACE_FILES_URL to the new place")
        once_more = "run this once more for what it has got meanwhile, " if written else ""
        err.print(
            f"Now stop what still works on the library as it was, {once_more}{', '.join(steps)}, and start again.",
            soft_wrap=True,
        )
        return REJECTED if damaged else OK

    with _reported(GOES_ON):
        raise typer.Exit(asyncio.run(run()))


@app.command(cls=PlainCommand, epilog="[bold]Example[/bold]\n\n  pictrace backup /backups/pictrace-2026-11-27.tar")
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where the backup is written; there is none yet.")],
    as_json: Json = False,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Keys, tokens and passwords of the settings, too.")
    ] = False,
) -> None:
    """Save the whole library in one file, while it serves: database, pictures, settings.

    Each file is checked on the way, and the backup read back. Broken off, a second run goes on.
    """
    settings = _settings()
    with _reported(GOES_ON), terminal.progress("saving", as_json) as advance:
        report = asyncio.run(back_up(settings, file.absolute(), advance, with_secrets=with_secrets))
    terminal.show_backup(report, as_json)
    raise typer.Exit(REJECTED if report.files.damaged else OK)


@app.command(
    cls=PlainCommand,
    name="restore",
    epilog="[bold]Example[/bold]\n\n  pictrace restore /backups/pictrace-2026-11-27.tar",
)
def restore_backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup that `pictrace backup` has written.")],
    as_json: Json = False,
) -> None:
    """Bring a library back from a backup to where the settings have it, which must be empty.

    Broken off, a second run goes on. The library gets a mark and an index of its own.
    """
    settings = _settings()
    with _reported(GOES_ON), terminal.progress("restoring", as_json) as advance:
        report = asyncio.run(restore(settings, file.absolute(), advance))
    terminal.show_restored(report, as_json)


@app.command(
    cls=PlainCommand,
    epilog="[bold]Example[/bold]\n\n  PICTRACE_SEARCH_KEY=... pictrace mcp --url https://pictures.example.org",
)
def mcp(
    url: Annotated[
        str, typer.Option("--url", metavar="URL", help="Where the server of PicTrace is.")
    ] = "http://127.0.0.1:5000",
) -> None:
    """Let programs that speak the Model Context Protocol look into a library: started by them, it only reads.

    A key that the server wants is taken from PICTRACE_SEARCH_KEY.
    """
    if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#@]*)?", url):
        raise typer.BadParameter("--url takes the address of a server, such as http://127.0.0.1:5000.")
    if find_spec("mcp") is None:
        err.print("This needs a package that is not installed: pip install 'pictrace[mcp]'.", markup=False)
        raise typer.Exit(WRONG_USE)
    from shell import mcp_server  # takes a second, and is an extra

    with _reported():
        settings = mcp_server.McpSettings.load()
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # it ends at once: whoever waits for stdin cannot be interrupted
        asyncio.run(mcp_server.serve(url, settings.search_key))


@app.command(cls=PlainCommand, name="admin-key")
def admin_key(
    new: Annotated[bool, typer.Option("--new", help="Make a new key; the one before is void.")] = False,
) -> None:
    """Make the key that admin calls of the doors need. It is shown once; only its hash is stored."""
    if not new:
        err.print("The key itself is not stored and cannot be shown again. `pictrace admin-key --new` makes a new one.")
        raise typer.Exit(WRONG_USE)

    async def run(service: SearchService) -> int:
        print(await service.admin_key.make())
        return OK

    _run(run, beginning=True)


@networks_app.command(cls=PlainCommand, name="list")
def networks_list(as_json: Json = False) -> None:
    """The networks there are, and which are prepared on this machine."""
    settings = _settings()
    with _reported():
        rows: list[dict[str, Any]] = [
            {
                "name": described.name,
                "version": networks.version(described, settings.weights),
                "dimensions": described.dimensions,
                "heads": {head.name: head.dimensions for head in described.heads},
                "prepared": networks.is_prepared(described, settings.cache_dir, settings.weights),
                "licence": described.licence,
                "summary": described.summary,
            }
            for described in networks.NETWORKS.values()
        ]
    if as_json:
        for row in rows:
            print(json.dumps(row))
        return
    table = Table()
    table.add_column("network", no_wrap=True)
    for column in ("dimensions", "prepared", "licence", "what for"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(
            str(row["name"]),
            " + ".join(f"{dimensions} {head}" for head, dimensions in row["heads"].items()),
            "yes" if row["prepared"] else "no",
            str(row["licence"]),
            str(row["summary"]),
        )
    out.print(table)


@networks_app.command(cls=PlainCommand, name="prepare")
def networks_prepare(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="By default the default network.")
    ] = None,
) -> None:
    """Build and convert networks for this machine (some 30 s each, once)."""
    settings = _settings()
    with _reported():
        for name in names or [settings.network or networks.DEFAULT_NETWORK]:
            described = networks.network(name)
            with err.status(f"preparing {name} (once on this machine)"):
                path = networks.prepare(described, settings.cache_dir, settings.weights)
            err.print(f"{name} is ready: {path}")


@networks_app.command(cls=PlainCommand, name="use")
def networks_use(name: Annotated[str, typer.Argument(help="A network; see `pictrace networks list`.")]) -> None:
    """Change the library to another network: its pictures are embedded anew while the old embeddings serve."""

    async def run(service: SearchService) -> int:
        with terminal.progress("embedding", False) as advance:
            calibrated = await service.use_network(name, progress=advance)
        scores = (
            "calibrated" if calibrated else "not calibrated: too few pictures; doors show words without percentages"
        )
        err.print(f"The library uses {name} now; its scores are {scores}.")
        return OK

    _run(run, beginning=True, network=None)


@app.command(cls=PlainCommand)
def demo(
    out_dir: Annotated[
        Path | None, typer.Option("--out", help="Where to write the picture; by default a new temporary folder.")
    ] = None,
) -> None:
    """Show what PicTrace does, on a throw-away library of the pictures that scikit-image ships."""
    settings = _settings()
    with _reported():
        raise typer.Exit(asyncio.run(demonstration.run(settings, out, err, out_dir, terminal.show_result)))


def main() -> None:
    """What `pictrace` does once its modules are there."""
    prepare_streams()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LogFormatter(configured_secrets()))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    app(prog_name="pictrace")


def _run(
    command: Callable[[SearchService], Coroutine[Any, Any, int]],
    *,
    patience_s: float = 0,
    read_only: bool = False,
    beginning: bool = False,
    tidying: bool = True,
    stopped: str = "",
    **overrides: Any,
) -> None:
    settings = _settings(**overrides)

    async def main() -> int:
        async with open_service(
            settings, patience_s=patience_s, read_only=read_only, beginning=beginning, tidying=tidying
        ) as service:
            return await command(service)

    with _reported(stopped):
        raise typer.Exit(asyncio.run(main()))


def _settings(**overrides: Any) -> EngineSettings:
    with _reported():
        settings = EngineSettings.load(**overrides)
        for sentence in unknown_variables():
            err.print(escape(sentence), soft_wrap=True)
        return settings


@contextmanager
def _reported(stopped: str = "") -> Iterator[None]:
    """A PicTraceError becomes one sentence; wrong use and settings 2, anything else 1. `stopped`: said after Ctrl-C."""
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except PicTraceError as error:
        err.print(f"[red]{escape(str(error))}[/red] [dim]({error.code})[/dim]")
        is_wrong_use = isinstance(error, RequestError | UnknownNetwork)
        raise typer.Exit(WRONG_USE if is_wrong_use else REJECTED) from None
    except OSError as error:  # nobody reads stdout any more, or its disk is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            err.print(f"[red]{escape(error.filename or 'The output')} cannot be written: {error.strerror}[/red]")
        raise typer.Exit(REJECTED) from None
    except KeyboardInterrupt:
        if stopped:
            err.print(stopped)
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def _stop_on_interrupt(said: str = "") -> Iterator[asyncio.Event]:
    """The first Ctrl-C (or SIGTERM) sets the event, so that what is under way is finished; the second interrupts.

    `said`: what is written at the first.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        stopped.set()
        if said:
            err.print(said)
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        yield stopped
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _sources(paths: list[str], settings: EngineSettings, advance: Advance, *, reread: bool) -> Iterator[Given]:
    """All sources; counts them beforehand in a second walk, so that the bar knows its end."""
    advance(0, _how_many(paths, settings) if err.is_terminal else None)
    for path in paths:
        for one in _expand(path, settings):
            yield replace(one, reread=reread) if isinstance(one, Source) else one


def _how_many(paths: list[str], settings: EngineSettings) -> int | None:
    numbers = [1 if is_url(path) else how_many(Path(path), settings) for path in paths]
    return None if None in numbers else sum(number or 0 for number in numbers)


def _expand(path: str, settings: EngineSettings) -> Iterator[Given]:
    if not is_url(path):
        yield from expand(Path(path), settings)
        return
    try:
        parse_url(path)
        yield Remote(name_of(path), path, where=path)
    except PicTraceError as error:
        yield Refused(path, error, path)


async def _read(service: SearchService, path: str) -> bytes:
    if is_url(path):
        return (await service.fetch(path)).content
    return await asyncio.to_thread(read_file, Path(path), service.settings.max_bytes)


async def _search(service: SearchService, path: str, asked: dict[str, Any]) -> SearchResult:
    if is_url(path):
        return await service.search_url(path, **asked)
    return await service.search(await _read(service, path), **asked)


def _region(given: str | None) -> Region | None:
    """InvalidRegion."""
    return None if given is None else parse_region(given)


def _text(value: str) -> str:
    """An argument as text that every database takes, whatever its bytes are."""
    return os.fsencode(value).decode("utf-8", "replace")


def _texts(values: list[str] | None) -> tuple[str, ...]:
    """Tags that were given, without empty ones."""
    return tuple(text for text in map(_text, values or []) if text.strip(", "))


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        err.print(f"[red]{escape(str(path))} cannot be written: {error.strerror}[/red]")
        raise typer.Exit(REJECTED) from None


def _require_writable(path: Path) -> None:
    """Say now what `_write` would say after a long run; what was not there is not there afterwards either."""
    is_new = not path.exists()
    try:
        with path.open("ab"):
            pass
        if is_new:
            path.unlink(missing_ok=True)
    except OSError as error:
        err.print(f"[red]{escape(str(path))} cannot be written: {error.strerror}[/red]")
        raise typer.Exit(REJECTED) from None
