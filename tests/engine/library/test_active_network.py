"""What serves now: loaded once, level with storage, and changed when the library's network is."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from engine import EngineSettings
from engine.concurrency import CpuPool
from engine.domain import NetworkRef
from engine.errors import NetworkMismatch, UnknownNetwork
from engine.features import networks as described
from engine.index import choosing
from engine.library.active_network import CALIBRATION, Networks
from engine.library.originals import Originals
from engine.matching.calibration import Calibration, uncalibrated
from engine.storage.repository import Repository
from tests.engine.library.conftest import DIMENSIONS, Work
from tests.rows import add

COLOURS, SHADES = NetworkRef("colours", "1"), NetworkRef("shades", "1")


@pytest.fixture
async def networks(
    new_repository: Repository, settings: EngineSettings, work: Work, originals: Originals, pool: CpuPool
) -> AsyncIterator[Networks]:
    made = Networks(settings, new_repository, originals, pool)
    await new_repository.settings.start_library(COLOURS)
    yield made
    await made.close()


async def put_pictures(repository: Repository, *numbers: int) -> None:
    """With embeddings of another size, which no index takes."""
    await add(repository, *numbers, networks=(COLOURS,))


async def test_nothing_is_loaded_before_it_is_needed(networks: Networks, work: Work) -> None:
    assert networks.seq == 0
    await networks.checkpoint()
    await networks.reach_index()
    await networks.close()
    assert (work.prepared, work.loaded) == ([], [])


async def test_network_is_converted_and_loaded_once_however_many_ask(networks: Networks, work: Work) -> None:
    answers = await asyncio.gather(*(networks.current() for _ in range(5)))
    assert (work.prepared, work.loaded) == (["colours"], ["colours"])
    assert len({id(active) for active, _ in answers}) == 1
    active, _ = answers[0]
    assert (active.network, active.embedder.network.name) == (COLOURS, "colours")
    assert await networks.embedder(COLOURS) is active.embedder


async def test_index_is_level_with_the_head_that_is_returned(networks: Networks, new_repository: Repository) -> None:
    for number in (1, 2):
        await put_pictures(new_repository, number)
        active, head = await networks.current()
        assert (head.seq, active.index.seq, networks.seq) == (number,) * 3


async def test_library_that_changed_its_network_is_followed(
    networks: Networks, new_repository: Repository, work: Work
) -> None:
    before, _ = await networks.current()
    assert await new_repository.settings.switch_network(SHADES, "test")
    active, head = await networks.current()
    assert (active.network, head.network, active.embedder.network.name) == (SHADES, SHADES, "shades")
    assert active.index is not before.index
    assert await new_repository.settings.switch_network(COLOURS, "test")
    again, _ = await networks.current()
    assert again.embedder is before.embedder  # loaded once for all
    assert work.loaded == ["colours", "shades"]


async def test_index_of_the_network_that_is_left_is_closed(
    networks: Networks, new_repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, _ = await networks.current()
    closed: list[bool] = []

    async def close() -> None:
        closed.append(True)

    monkeypatch.setattr(before.index, "close", close)
    await networks.current()
    assert closed == []
    await new_repository.settings.switch_network(SHADES, "test")
    await networks.current()
    assert closed == [True]


async def test_unknown_network_is_said_by_name(networks: Networks) -> None:
    with pytest.raises(UnknownNetwork, match="nonsense"):
        networks.reference("nonsense")
    with pytest.raises(UnknownNetwork, match="nonsense"):
        await networks.embedder(NetworkRef("nonsense", "1"))
    assert networks.reference("shades") == SHADES


async def test_embeddings_of_other_weights_are_not_mixed_with_these(networks: Networks, work: Work) -> None:
    with pytest.raises(NetworkMismatch, match=r"colours/9, but PICTRACE_WEIGHTS here gives colours/1.*networks use"):
        await networks.embedder(NetworkRef("colours", "9"))
    assert work.prepared == []


async def test_newer_recipe_is_another_network(networks: Networks, monkeypatch: pytest.MonkeyPatch) -> None:
    newer = replace(described.network("colours"), recipe=2)
    monkeypatch.setitem(described.NETWORKS, "colours", newer)
    with pytest.raises(NetworkMismatch):
        await networks.current()


# --- calibration


def own(network: NetworkRef) -> Calibration:
    return replace(uncalibrated(network, DIMENSIONS), same_cutoff=0.123)


async def test_library_without_a_calibration_is_uncalibrated(networks: Networks) -> None:
    active, _ = await networks.current()
    assert not active.calibration.fitted
    assert active.calibration.network == COLOURS


async def test_own_calibration_serves_once_it_is_taken_up(networks: Networks, new_repository: Repository) -> None:
    before, _ = await networks.current()
    await new_repository.settings.put(CALIBRATION, own(COLOURS).to_json())
    assert (await networks.current())[0] is before
    await networks.recalibrated()
    active, _ = await networks.current()
    assert active.calibration.same_cutoff == 0.123
    assert active.calibration.network == COLOURS


@pytest.mark.parametrize("of", [SHADES, NetworkRef("colours", "2")])
async def test_calibration_of_another_network_or_version_is_not_taken(
    networks: Networks, new_repository: Repository, of: NetworkRef
) -> None:
    await new_repository.settings.put(CALIBRATION, own(of).to_json())
    assert (await networks.current())[0].calibration.same_cutoff != 0.123


# --- an index on a server


class Server:
    def __init__(self) -> None:
        self.done: list[str] = []

    async def reach(self) -> None:
        self.done.append("reached")

    def index(self, name: str, dimensions: int) -> object:
        raise AssertionError("nobody searches")

    async def close(self) -> None:
        self.done.append("closed")


async def test_server_of_the_index_is_reached_and_let_go_of(
    new_repository: Repository,
    settings: EngineSettings,
    work: Work,
    originals: Originals,
    pool: CpuPool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server()
    asked: list[bool] = []

    def choose(*_: object, read_only: bool) -> Server:
        asked.append(read_only)
        return server

    monkeypatch.setattr(choosing, "server", choose)
    networks = Networks(settings, new_repository, originals, pool, read_only=True)
    await networks.reach_index()
    await networks.close()
    assert (server.done, asked) == (["reached", "closed"], [True])
