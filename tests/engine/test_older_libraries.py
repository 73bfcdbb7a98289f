"""A library of an older version opens, keeps everything, and gives the answers that it gave.

There is one of each release; docs/releasing.md says how they are made.
"""

import json
import shutil
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from engine import EngineSettings, SearchService, open_service
from engine.errors import NetworkBuildFailed, UnknownImage
from engine.features import networks

FIXTURES = sorted((Path(__file__).parents[1] / "fixtures").glob("library-*"))
FIXTURE = FIXTURES[0]  # of 0.1.0, which had other networks and knew fewer things
GAVE = {folder: json.loads((folder / "answers.json").read_text()) for folder in FIXTURES}
QUERIES = {path.stem: path.read_bytes() for path in sorted((FIXTURE / "queries").iterdir())}
OF_EACH = pytest.mark.parametrize("folder", FIXTURES, ids=lambda folder: folder.name)
NEVER = 36_500  # days before a removed picture is purged: the library gets older, and is to keep what it has
REMOVED, UNDONE = 5, 10
# Edits that were said then, and are not to be seen in detail.
CORRECTED = {("library-0.1.0", "screenshot"): {"overlaid"}}
FOUND_SINCE = {"screenshot": [2]}  # the cat in its corner, after what was found then


@pytest.fixture
def folder() -> Path:
    return FIXTURE


@pytest.fixture
async def older(settings: EngineSettings, folder: Path) -> AsyncIterator[SearchService]:
    """A copy of the library, opened by this version."""
    shutil.copytree(folder, settings.data_dir, ignore=shutil.ignore_patterns("queries", "answers.json"))
    async with open_service(settings.model_copy(update={"undo_days": NEVER})) as service:
        yield service


@OF_EACH
@pytest.mark.parametrize("query", QUERIES)
async def test_older_library_gives_the_same_answers(older: SearchService, folder: Path, query: str) -> None:
    found = await older.search(QUERIES[query], limit=5)
    expected = [match for match in GAVE[folder]["answers"][query] if not match["weak"]]
    sure = [match for match in found.matches if not match.weak]
    matches, since = sure[: len(expected)], sure[len(expected) :]
    assert [(match.image.id, match.lane) for match in since] == [(one, "same") for one in FOUND_SINCE.get(query, [])]
    corrected = CORRECTED.get((folder.name, query), set())
    assert [_said(match) for match in matches] == [_kept(match, corrected) for match in expected]
    for match, then in zip(matches, expected, strict=True):
        assert match.p_same == pytest.approx(then["p_same"], abs=0.15)  # compared in detail since


@OF_EACH
async def test_older_library_keeps_what_was_said_of_its_pictures(older: SearchService, folder: Path) -> None:
    listed = [
        {"id": one.id, "title": one.title, "tags": list(one.tags), "size": [one.width, one.height]}
        for one in (await older.page(limit=50)).images
    ]
    assert listed == GAVE[folder]["library"]


@OF_EACH
async def test_older_library_keeps_watches_verdicts_and_decisions(older: SearchService, folder: Path) -> None:
    tally = (await older.status()).tally
    assert {"right": tally.right, "wrong": tally.wrong, "watches": tally.watches} == GAVE[folder]["kept"]
    assert [watch.reference for watch in await older.watches.of("telegram:1001")] == ['{"file":"1","chat":1001}']
    assert (await older.duplicates.groups()).total == 0  # the only pair was kept on purpose


async def test_pairs_of_an_older_library_are_compared_anew_and_decisions_stay(older: SearchService) -> None:
    assert (await older.duplicates.groups()).waiting == 2
    told: list[tuple[int, int]] = []
    await older.duplicates.compare(progress=lambda *now: told.append(now))
    assert told == [(0, 2), (2, 2)]
    found = await older.duplicates.groups()
    assert (found.total, found.waiting) == (0, 0)  # the only pair was kept on purpose
    decision = (await older.duplicates.decide([4, 9], "all", actor="test")).operation_id
    assert decision is None  # it was decided so already


@OF_EACH
async def test_older_library_brings_back_what_was_removed(older: SearchService) -> None:
    with pytest.raises(UnknownImage):
        await older.get(REMOVED)
    removal = await older.last_operation("shell")
    assert (await older.undo(actor="shell", operation_id=removal)).kind == "remove"
    found = await older.search(QUERIES["removed"])
    assert (found.matches[0].image.id, found.matches[0].lane) == (REMOVED, "same")
    assert await older.originals.file(await older.get(REMOVED))


async def test_older_library_keeps_its_history_and_takes_back_whatever_was_done(older: SearchService) -> None:
    history = {one.id: one for one in await older.history(limit=50)}
    assert {number: one.kind for number, one in history.items()} == (
        dict.fromkeys((*range(1, 10), 12), "add") | {10: "edit", 11: "remove", 13: "undo", 14: "decision"}
    )
    assert {number for number, one in history.items() if one.can_undo} == {*range(1, 12), 14} - {5}
    assert (history[8].actor, history[11].actor) == ("api", "shell")
    assert (await older.get(8)).source_url == "https://example.org/long.jpg"
    for number in (14, 10, 8):
        await older.undo(actor="test", operation_id=number)
    before = await older.get(3)
    assert (before.title, before.tags) == ("The coffee", ("photograph",))
    with pytest.raises(UnknownImage):
        await older.get(8)
    await older.duplicates.compare()
    assert (await older.duplicates.groups()).total == 1


@OF_EACH
async def test_older_library_is_sound(older: SearchService) -> None:
    report = await older.checker.check(repair=False, purge=False, actor="test")
    assert report.sound, report


def _said(match: Any) -> dict[str, Any]:
    edits = [str(edit) for edit in match.evidence.edits]
    return {"id": match.image.id, "lane": match.lane, "edits": edits, "exact": match.evidence.exact}


def _kept(match: dict[str, Any], corrected: set[str]) -> dict[str, Any]:
    """What it gave, without edits that are not said any more."""
    kept = {name: match[name] for name in ("id", "lane", "edits", "exact")}
    return kept | {"edits": [edit for edit in match["edits"] if edit not in corrected]}


async def test_older_library_is_searched_where_there_is_no_tensorflow(
    settings: EngineSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its network comes with PicTrace; nothing is converted, nor was on this machine."""
    hide_tensorflow(monkeypatch)
    shutil.copytree(FIXTURE, settings.data_dir, ignore=shutil.ignore_patterns("queries", "answers.json"))
    changed = settings.model_copy(update={"undo_days": NEVER, "cache_dir": tmp_path / "cache"})
    async with open_service(changed) as service:
        assert (await service.status()).network.name == "efficientnet-lite2"
        for query, answers in GAVE[FIXTURE]["answers"].items():
            found = await service.search(QUERIES[query], limit=5)
            sure = [match["id"] for match in answers if match["lane"] == "same"]
            same = [match.image.id for match in found.matches if match.lane == "same"]
            assert same == sure + FOUND_SINCE.get(query, [])
        assert await service.use_network("pictrace-1")  # and calibrated
        assert (await service.search(QUERIES["removed"])).calibrated
    assert not (tmp_path / "cache" / "networks").exists()


async def test_library_whose_network_cannot_be_run_opens_for_all_but_searching(
    settings: EngineSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(FIXTURE, settings.data_dir, ignore=shutil.ignore_patterns("queries", "answers.json"))
    async with open_service(settings.model_copy(update={"undo_days": NEVER})) as service:
        pictures = (await service.page()).total
        await service.repository.settings.put("network", {"name": "efficientnet-lite0", "version": "1"})
    hide_tensorflow(monkeypatch)
    changed = settings.model_copy(update={"undo_days": NEVER, "cache_dir": tmp_path / "cache"})
    async with open_service(changed) as service:
        assert (await service.page()).total == pictures
        await service.warm_up()  # as a server does that starts
        status = await service.status()
        assert (status.images, status.index_size, status.calibrated) == (pictures, 0, False)
        assert status.network_problem
        assert "pip install 'pictrace[tensorflow]'" in status.network_problem
        with pytest.raises(NetworkBuildFailed, match="pip install"):
            await service.search(next(iter(QUERIES.values())))
        removed = (await service.page()).images[0].id
        await service.remove([removed], actor="test")
        await service.undo(actor="test")
        await service.use_network("pictrace-1")
        assert (await service.status()).network_problem is None
        assert (await service.search(next(iter(QUERIES.values())))).matches


def hide_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "find_spec", lambda name: None if name == "tensorflow" else find_spec(name))
