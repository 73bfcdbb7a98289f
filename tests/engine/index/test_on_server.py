"""One index on a server for all processes: pgvector in PostgreSQL, Milvus beside SQLite."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from engine import EngineSettings, SearchService, open_service
from engine.concurrency import CpuPool
from engine.domain import NetworkHead, NetworkRef, Pixels
from engine.errors import DatabaseUnreachable, IndexUnreachable, InvalidSetting, ServerUnreachable
from engine.features.hashes import phash_orientations
from engine.index.base import ServerIndex
from engine.index.hamming import BITS
from engine.index.on_server import LONGEST_NAME, HashesInMemory, HashesOnServer, OnServer, hashes_name, index_name
from engine.index.pgvector import SCHEMA
from engine.library import tagged_pictures
from engine.matching.proof import NEAR_HASH
from engine.pictures.sources import Source
from engine.settings import parse_database_url
from engine.storage.database import Database
from engine.storage.statements import TRIMMED
from tests.conftest import PHOTOGRAPHS, SHIPPED, add_paths, jpeg, photograph
from tests.milvus import MilvusServer, StandaloneMilvus, milvus_server
from tests.postgresql import PostgresServer

T = TypeVar("T")


@dataclass(frozen=True)
class Place:
    """Settings of a fresh library with its index on a server, and that server."""

    settings: EngineSettings
    server: PostgresServer | MilvusServer | StandaloneMilvus
    unreachable: type[ServerUnreachable]


ON_SYSTEM = pytest.param("milvus server", marks=pytest.mark.system)


@pytest.fixture(params=["pgvector", "milvus", ON_SYSTEM])
def place(request: pytest.FixtureRequest, settings: EngineSettings, tmp_path: Path) -> Iterator[Place]:
    if request.param == "pgvector":
        server: PostgresServer = request.getfixturevalue("postgresql")
        with server.database() as url:
            url = parse_database_url(url).render_as_string(hide_password=False)
            yield Place(changed(settings, index="pgvector", database_url=url), server, DatabaseUnreachable)
    elif request.param == "milvus server":
        standalone: StandaloneMilvus = request.getfixturevalue("standalone_milvus")
        standalone.start()  # where the test before has left it stopped
        yield Place(changed(settings, index="milvus", milvus_uri=standalone.uri), standalone, IndexUnreachable)
    else:
        with milvus_server(tmp_path / "milvus.db") as milvus:
            yield Place(changed(settings, index="milvus", milvus_uri=milvus.uri), milvus, IndexUnreachable)


@pytest.fixture
async def service(place: Place) -> AsyncIterator[SearchService]:
    async with open_service(place.settings) as opened:
        await add_paths(opened, *(SHIPPED / name for name in PHOTOGRAPHS))
        yield opened


def changed(settings: EngineSettings, **changes: object) -> EngineSettings:
    return settings.model_copy(update=changes)


def query() -> bytes:
    """A part of a photograph."""
    return jpeg(photograph("astronaut.png")[40:400, 60:420])


async def shared(service: SearchService) -> OnServer:
    serving, _ = await service.networks.current()
    assert isinstance(serving.index.embeddings, OnServer)
    return serving.index.embeddings


async def on_server(service: SearchService) -> ServerIndex:
    return (await shared(service)).server


async def names(service: SearchService, *, limit: int = 5) -> list[str]:
    return [match.image.filename for match in (await service.search(query(), limit=limit, weak=True)).matches]


@asynccontextmanager
async def elsewhere(place: Place, tmp_path: Path) -> AsyncIterator[SearchService]:
    """A second process of the library, as on another machine where that can be."""
    other = tmp_path / "elsewhere"
    if place.settings.index == "pgvector":
        other.mkdir()
        for name in ("originals", "thumbnails"):
            (other / name).symlink_to(place.settings.data_dir / name)
    else:
        other = place.settings.data_dir
    async with open_service(changed(place.settings, data_dir=other)) as opened:
        yield opened


async def test_answers_are_those_of_exact_search(service: SearchService, place: Place) -> None:
    async with open_service(changed(place.settings, index="exact")) as exact:
        found, expected = await service.search(query(), weak=True), await exact.search(query(), weak=True)
    assert found.matches[0].image.filename == "astronaut.png"
    assert [(one.image.id, one.lane) for one in found.matches] == [(one.image.id, one.lane) for one in expected.matches]
    for one, truth in zip(found.matches, expected.matches, strict=True):
        assert one.evidence.cosine == pytest.approx(truth.evidence.cosine, abs=2e-3)
    status = await service.status()
    assert (status.index_kind, status.index_size) == (place.settings.index, len(PHOTOGRAPHS))
    assert status.index_seq == status.last_seq
    assert status.checkpoint_seq is None


async def test_hashes_are_those_of_exact_search(service: SearchService, place: Place) -> None:
    """Whatever holds them: after additions and removals, near ones in all orientations and the nearest however far."""
    await service.remove([2], actor="test")
    await add_paths(service, SHIPPED / "page.png", SHIPPED / "coins.png")
    serving, _ = await service.networks.current()
    in_memory = isinstance(serving.index.hashes, HashesInMemory)
    assert in_memory != isinstance(place.server, StandaloneMilvus)
    async with open_service(changed(place.settings, index="exact")) as exact:
        truth, _ = await exact.networks.current()
        for name in (*PHOTOGRAPHS, "page.png"):
            asked = phash_orientations(photograph(name))
            for count, within in ((4, NEAR_HASH), (3, BITS), (100, BITS)):
                found = await serving.index.near_hashes(asked, count, within=within)
                expected = await truth.index.near_hashes(asked, count, within=within)
                assert [hits.keys.tolist() for hits in found] == [hits.keys.tolist() for hits in expected]
                assert [hits.distances.tolist() for hits in found] == [hits.distances.tolist() for hits in expected]


@pytest.mark.system
async def test_matches_among_hundreds_are_those_of_exact_search(place: Place) -> None:
    """By every back end: of copies saved anew, turned, mirrored and under lines, and of strangers."""
    kept = [part for part in parts(250, seed=1) if phash_orientations(part)]
    sources = [Source(f"{number}.jpg", partial(jpeg, part), 0) for number, part in enumerate(kept)]
    lined = kept[3].copy()
    lined[::12] = 0
    asked = [kept[0], np.rot90(kept[1]), np.fliplr(kept[2]), lined, *parts(3, seed=2)]
    async with open_service(place.settings) as service:
        assert {result.status async for result in service.add(sources, actor="test")} == {"added"}
        async with open_service(changed(place.settings, index="exact")) as exact:
            for pixels in asked:
                query = jpeg(pixels, quality=50)
                found, expected = await service.search(query), await exact.search(query)
                assert [(one.image.id, one.lane) for one in found.matches] == [
                    (one.image.id, one.lane) for one in expected.matches
                ]


def parts(count: int, seed: int) -> list[Pixels]:
    """Parts of photographs, no two of them alike."""
    random = np.random.default_rng(seed)
    made = []
    for number in range(count):
        pixels = photograph(PHOTOGRAPHS[number % len(PHOTOGRAPHS)])
        top, left = (int(random.integers(side - 200)) for side in pixels.shape[:2])
        made.append(pixels[top : top + 200, left : left + 200])
    return made


@pytest.mark.parametrize("place", [ON_SYSTEM], indirect=True)
async def test_lost_hashes_are_built_again(service: SearchService, place: Place) -> None:
    """As where a library of an older version opens, which has kept none on the server."""
    serving, _ = await service.networks.current()
    hashes = serving.index.hashes
    assert isinstance(hashes, HashesOnServer)
    assert await hashes.server.size() == len(PHOTOGRAPHS)
    await drop_collections(service, like="hashes")
    assert await hashes.server.level() is None
    assert (await names(service))[0] == "astronaut.png"
    assert await hashes.server.size() == len(PHOTOGRAPHS)


async def test_all_processes_see_every_change_at_once(service: SearchService, place: Place, tmp_path: Path) -> None:
    async with elsewhere(place, tmp_path) as other:
        assert (await names(other))[0] == "astronaut.png"
        first = (await service.search(query())).matches[0].image.id
        await service.remove([first], actor="test")
        assert "astronaut.png" not in await names(other)
        assert await (await on_server(other)).size() == len(PHOTOGRAPHS) - 1
        await other.undo(actor="test")
        assert (await names(service))[0] == "astronaut.png"
        await add_paths(other, SHIPPED / "page.png")
        assert (await service.status()).index_size == len(PHOTOGRAPHS) + 1
        assert (await service.search((SHIPPED / "page.png").read_bytes())).matches[0].image.filename == "page.png"


async def test_new_process_takes_the_index_as_it_is(
    service: SearchService, place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await names(service)
    caplog.set_level(logging.INFO, "engine")
    async with elsewhere(place, tmp_path) as other:
        assert (await names(other))[0] == "astronaut.png"
    assert "built" not in caplog.text


async def test_of_many_only_one_builds(
    service: SearchService, place: Place, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "engine")
    async with elsewhere(place, tmp_path) as other:
        await lose(place, service)
        found = await asyncio.gather(*(names(one) for one in (service, other) * 3))
    assert all(one == found[0] for one in found)
    hashes_too = isinstance(place.server, StandaloneMilvus)
    assert caplog.text.count("is built from storage") == 2 + hashes_too  # once for each head


async def lose(place: Place, service: SearchService) -> None:
    """Delete the index behind the library's back."""
    if isinstance(place.server, PostgresServer):
        place.server.execute(f"DROP SCHEMA {SCHEMA} CASCADE", place.server.last)
    else:
        await drop_collections(service)


async def drop_collections(service: SearchService, like: str = "") -> None:
    index = await on_server(service)
    client = await index._milvus.client()  # type: ignore[attr-defined]
    for name in await client.list_collections():
        if like in name:
            await client.drop_collection(name)


async def test_lost_index_is_built_again(
    service: SearchService, place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    before = await names(service)
    caplog.set_level(logging.INFO, "engine")
    await lose(place, service)
    assert await names(service) == before
    assert "is built from storage" in caplog.text


async def test_index_of_another_past_is_built_anew(service: SearchService, caplog: pytest.LogCaptureFixture) -> None:
    """As after a backup of the database was put in its place."""
    before = await names(service)
    index = await on_server(service)
    await index.remove(np.array([1 << 4], np.int64))
    await index.mark(10**6)
    assert await names(service) == before
    assert await index.size() == len(PHOTOGRAPHS)
    assert "built anew" in caplog.text


async def test_index_older_than_the_feed_is_built_anew(
    service: SearchService, caplog: pytest.LogCaptureFixture
) -> None:
    before = await names(service)
    index = await on_server(service)
    await index.remove(np.array([1 << 4], np.int64))
    await index.mark(0)
    await service.repository.settings.put(TRIMMED, 3)
    assert await names(service) == before
    assert await index.size() == len(PHOTOGRAPHS)
    assert "built anew" in caplog.text


async def test_catching_up_that_was_broken_off_is_done_again(
    service: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = await on_server(service)

    async def killed(seq: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(index, "mark", killed)
        await service.remove([2], actor="test")
        with pytest.raises(KeyboardInterrupt):
            await service.level()
    await add_paths(service, SHIPPED / "page.png")
    assert (await service.status()).index_size == len(PHOTOGRAPHS)


async def test_each_network_has_an_index_of_its_own(service: SearchService) -> None:
    before = await on_server(service)
    await service.use_network("efficientnet-lite0")
    after = await on_server(service)
    assert after is not before
    assert (await names(service))[0] == "astronaut.png"
    assert await after.size() == len(PHOTOGRAPHS)


async def test_service_outlasts_a_restart_of_the_server(service: SearchService, place: Place) -> None:
    await names(service)
    place.server.stop()
    try:
        for act in (service.level, service.status, lambda: service.search(query())):
            with pytest.raises(place.unreachable) as caught:
                await act()
            assert "cannot be reached" in str(caught.value)
    finally:
        place.server.start()
    assert (await patiently(place, lambda: names(service)))[0] == "astronaut.png"
    await add_paths(service, SHIPPED / "page.png")
    assert (await service.status()).index_size == len(PHOTOGRAPHS) + 1


async def test_server_that_is_away_at_the_start_is_said(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.bootstrap.FIRST_PAUSE_S", 0.05)
    place.server.stop()
    try:
        with pytest.raises(place.unreachable):
            await open_and_close(place.settings)
        opening = asyncio.create_task(open_and_close(place.settings, patience_s=60))
        await asyncio.sleep(0.1)
        assert not opening.done()
    finally:
        place.server.start()
    await opening


async def patiently(place: Place, act: Callable[[], Awaitable[T]]) -> T:
    """What comes of it once the server has its wits together again: a large one answers before it has."""
    for _ in range(30):
        with suppress(place.unreachable):
            return await act()
        await asyncio.sleep(1)
    return await act()


async def open_and_close(settings: EngineSettings, patience_s: float = 0) -> None:
    async with open_service(settings, patience_s=patience_s):
        pass


async def test_reading_only_leaves_the_server_alone(service: SearchService, place: Place) -> None:
    await lose(place, service)
    async with open_service(place.settings, read_only=True) as reading:
        assert (await names(reading))[0] == "astronaut.png"
        assert (await reading.status()).index_kind == "exact"
    assert await (await on_server_as_it_is(service)).level() is None


async def on_server_as_it_is(service: SearchService) -> ServerIndex:
    serving = service.networks._active
    assert serving
    assert isinstance(serving.index.embeddings, OnServer)
    return serving.index.embeddings.server


@pytest.mark.parametrize("few", [tagged_pictures.FEW, 1])
async def test_pictures_with_a_tag_are_searched_alone(
    service: SearchService, place: Place, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether they are compared one by one, or chosen from what the server finds; added and tagged before or since."""
    monkeypatch.setattr(tagged_pictures, "FEW", few)
    await add_paths(service, SHIPPED / "page.png", SHIPPED / "coins.png")
    tagged = [image.id for image in (await service.page()).images if image.filename != "astronaut.png"][::2]
    for image_id in tagged:
        await service.edit(image_id, {"tags": ["sea", "sky"]}, actor="test")
    await service.edit(tagged[0], {"tags": ["sky"]}, actor="test")
    await service.remove(tagged[1:2], actor="test")
    found = await service.search(query(), tags=["sea"], limit=50, weak=True)
    assert found.library_size == len(tagged) - 2
    async with open_service(changed(place.settings, index="exact")) as exact:
        expected = await exact.search(query(), tags=["sea"], limit=50, weak=True)
    assert {match.image.id for match in found.matches} == {*tagged[2:]}
    assert [(one.image.id, one.lane) for one in found.matches] == [(one.image.id, one.lane) for one in expected.matches]


@pytest.mark.parametrize("uri", ["milvus.example:19530", "http://root:Milvus@host:19530", "ftp://host", "file.txt", ""])
def test_what_is_no_place_of_milvus_is_refused(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PICTRACE_INDEX", "milvus")
    monkeypatch.setenv("PICTRACE_MILVUS_URI", uri)
    with pytest.raises(InvalidSetting, match=r"^PICTRACE_MILVUS_URI: "):
        EngineSettings.load(_env_file=None)


def test_names_differ_by_all_that_must_not_be_mixed() -> None:
    network, other = NetworkRef("efficientnet-lite2", "1"), NetworkRef("efficientnet-lite2", "2")
    names = [
        index_name("a", network, NetworkHead.only(1280)),
        index_name("b", network, NetworkHead.only(1280)),
        index_name("a", other, NetworkHead.only(1280)),
        index_name("a", network, NetworkHead.only(256)),
        index_name("a", NetworkRef("x" * 80 + "'; DROP", "1"), NetworkHead.only(1280)),
    ]
    names += [hashes_name("a"), hashes_name("b")]
    assert len(set(names)) == len(names)
    assert all(name.replace("_", "").isalnum() and len(name) <= LONGEST_NAME for name in names)


async def test_alone_at_work_is_one_at_a_time(place: Place, tmp_path: Path) -> None:
    busy: list[int] = []
    most = 0

    async def work(database: Database, pool: CpuPool) -> None:
        nonlocal most
        async with database.alone_at("test", pool):
            busy.append(1)
            most = max(most, len(busy))
            await asyncio.sleep(0.01)
            busy.pop()

    async with open_service(place.settings) as one, elsewhere(place, tmp_path) as other:
        await asyncio.gather(*(work(s.database, s.pool) for s in (one, other) * 3))
    assert most == 1
