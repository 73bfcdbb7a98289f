"""A library changes over to another network: in portions, going on where it stopped, and not before it is whole."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest
from sqlalchemy import delete, select

from engine import EngineSettings, SearchService, open_service
from engine.domain import NetworkRef, StoredImage
from engine.errors import NetworkMismatch, UnknownNetwork, UnreadableFile, WeightsUnavailable
from engine.library import reembedding
from engine.library.reembedding import reembed
from engine.storage.statements import image
from engine.storage.tables import embeddings, images
from tests.conftest import PHOTOGRAPHS, SHIPPED, Filled, jpeg, original_of, photograph
from tests.engine.library.conftest import DIMENSIONS, Work, paint, painted
from tests.small_library import embedding, painting

COLOURS, SHADES = NetworkRef("colours", "1"), NetworkRef("shades", "1")


async def change(service: SearchService, progress: Callable[[int, int], None] = lambda *_: None) -> None:
    pool, networks = service.pool, service.networks
    await reembed(service.repository, networks, service.originals, pool, SHADES, progress)


async def networks_of(service: SearchService) -> dict[int, set[str]]:
    """Which networks each picture has an embedding of."""
    found: dict[int, set[str]] = {}
    async with service.database.read() as connection:
        for row in await connection.execute(select(embeddings)):
            found.setdefault(row.image_id, set()).add(row.network)
    return found


async def removed_picture(service: SearchService, image_id: int) -> StoredImage:
    async with service.database.read() as connection:
        return image((await connection.execute(select(images).where(images.c.id == image_id))).one())


@pytest.fixture
async def painted_library(small: SearchService) -> SearchService:
    """Of the pictures 1 to 5."""
    await paint(small, *range(1, 6))
    return small


async def test_every_picture_has_the_new_embedding_and_no_other(painted_library: SearchService) -> None:
    await change(painted_library)
    assert await networks_of(painted_library) == {number: {"shades"} for number in range(1, 6)}
    head = await painted_library.repository.feed.head()
    assert (head.network, head.next_network) == (SHADES, None)
    assert await painted_library.repository.feed.changed_since(5) == (6, None)
    vector = await painted_library.repository.features.embedding(2, SHADES, DIMENSIONS)
    assert vector is not None
    assert float(vector @ -embedding(painting(2, 160, 120))) > 0.99


async def test_it_is_done_in_portions_and_said_how_far_it_is(
    painted_library: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reembedding, "AT_ONCE", 2)
    shown: list[tuple[int, int]] = []
    await change(painted_library, lambda *both: shown.append(both))
    assert shown == [(2, 5), (4, 5), (5, 5), (5, 5)]


async def test_it_goes_on_where_it_stopped(
    painted_library: SearchService, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reembedding, "AT_ONCE", 2)

    def killed(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await change(painted_library, killed)
    assert (await painted_library.repository.feed.head()).network == COLOURS
    assert (await painted_library.search(painted(3))).matches[0].image.id == 3  # the old ones go on serving
    before = work.embedded
    await change(painted_library)
    assert work.embedded - before == 1
    assert (await painted_library.repository.feed.head()).network == SHADES


async def test_what_is_added_meanwhile_has_both_embeddings_at_once(
    painted_library: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reembedding, "AT_ONCE", 2)
    repository = painted_library.repository
    put = repository.features.put_embeddings
    came: list[set[str]] = []

    async def put_while_one_comes(*given: object) -> None:
        if not came:
            (new,) = await paint(painted_library, 9)
            came.append((await networks_of(painted_library))[new])
        await put(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(repository.features, "put_embeddings", put_while_one_comes)
    await change(painted_library)
    assert came == [{"colours", "shades"}]
    assert set(await networks_of(painted_library)) == {1, 2, 3, 4, 5, 6}


async def test_picture_that_comes_back_meanwhile_is_waited_for(
    painted_library: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes back at the moment of the switch: by then it has the new embedding too."""
    operation = await painted_library.remove([2], actor="test")
    settings = painted_library.repository.settings
    switch = settings.switch_network
    answers: list[bool] = []

    async def come_back_before(network: NetworkRef, actor: str) -> bool:
        if not answers:
            await painted_library.undo(actor="test", operation_id=operation)
        answers.append(await switch(network, actor))
        return answers[-1]

    monkeypatch.setattr(settings, "switch_network", come_back_before)
    await change(painted_library)
    assert answers == [True]
    assert set(await networks_of(painted_library)) == {1, 2, 3, 4, 5}


async def test_picture_that_was_removed_before_comes_back_whole(painted_library: SearchService) -> None:
    operation = await painted_library.remove([2, 3], actor="test")
    original_of(painted_library, await removed_picture(painted_library, 3)).unlink()  # holds nothing up
    await change(painted_library)
    await painted_library.undo(actor="test", operation_id=operation)
    assert (await networks_of(painted_library))[2] == {"shades"}
    assert (await painted_library.search(painted(2))).matches[0].image.id == 2
    assert await painted_library.repository.features.count_lacking(SHADES) == 1


async def test_lost_original_stops_it_and_the_library_stays_as_it_is(painted_library: SearchService) -> None:
    original_of(painted_library, await painted_library.get(4)).unlink()
    with pytest.raises(UnreadableFile, match="picture 4"):
        await change(painted_library)
    head = await painted_library.repository.feed.head()
    assert (head.network, head.next_network) == (COLOURS, SHADES)
    assert (await painted_library.search(painted(1))).matches[0].image.id == 1
    await painted_library.remove([4], actor="test")
    await change(painted_library)
    assert (await painted_library.repository.feed.head()).network == SHADES


async def test_network_that_cannot_be_had_leaves_the_library_alone(
    painted_library: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(_: NetworkRef) -> None:
        raise WeightsUnavailable("not here")

    with pytest.raises(UnknownNetwork):
        await painted_library.use_network("nonsense")
    monkeypatch.setattr(painted_library.networks, "embedder", unavailable)
    with pytest.raises(WeightsUnavailable):
        await change(painted_library)
    head = await painted_library.repository.feed.head()
    assert (head.network, head.next_network) == (COLOURS, None)


async def test_library_without_pictures_changes_at_once(small: SearchService, work: Work) -> None:
    shown: list[tuple[int, int]] = []
    await change(small, lambda *both: shown.append(both))
    assert (shown, work.embedded) == ([(0, 0)], 0)
    assert (await small.repository.feed.head()).network == SHADES


async def test_missing_embedding_of_the_library_is_no_hindrance(painted_library: SearchService) -> None:
    async with painted_library.database.write() as connection:
        await connection.execute(delete(embeddings).where(embeddings.c.image_id == 1))
    await change(painted_library)
    assert len(await networks_of(painted_library)) == 5
    assert np.isfinite((await painted_library.search(painted(1), weak=True)).matches[0].score)


@pytest.mark.databases("sqlite", "postgresql")
async def test_library_changes_its_network_while_others_search(filled: Filled, settings: EngineSettings) -> None:
    async with filled() as service, open_service(settings) as other:
        query = jpeg(photograph("chelsea.png")[:, ::-1])
        before = (await other.search(query)).matches[0].image.id
        seen: list[tuple[int, int]] = []
        changing = asyncio.create_task(
            service.use_network("efficientnet-lite0", progress=lambda d, t: seen.append((d, t)))
        )
        added = await other.add_bytes((SHIPPED / "moon.png").read_bytes(), name="moon.png", actor="test")
        assert await changing
        assert seen[-1][0] == seen[-1][1]
        assert (await other.search(query)).matches[0].image.id == before
        status = await other.status()
        assert status.network.name == "efficientnet-lite0"
        assert status.features["embedding"] == status.images == len(PHOTOGRAPHS) + 1
        assert (await other.search((SHIPPED / "moon.png").read_bytes())).matches[0].image.id == added.id
    with pytest.raises(NetworkMismatch, match="networks use efficientnet-lite2"):
        async with open_service(settings.model_copy(update={"network": "efficientnet-lite2"})):
            pass
