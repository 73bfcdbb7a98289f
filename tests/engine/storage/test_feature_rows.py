"""Features of pictures: read by picture, told apart by network and version, damaged ones left out."""

import numpy as np
import pytest
from sqlalchemy import delete, select, update

from engine.domain import HandcraftedFeatures, Keypoints
from engine.storage import feature_rows, statements
from engine.storage.repository import Repository
from engine.storage.statements import Operation
from engine.storage.tables import embeddings, hashes, images, keypoints
from tests.rows import (
    DIMENSIONS,
    KEYPOINTS_VERSION,
    NETWORK,
    OTHER,
    add,
    count,
    execute,
    lines,
    phash_of,
    prepared,
    remove,
    vector_of,
)

on_both = pytest.mark.databases("sqlite", "postgresql")
NEW = HandcraftedFeatures(7, Keypoints(np.full((2, 2), 0.5, np.float32), np.full((2, 32), 9, np.uint8), 0.75))


# --- reading


@on_both
async def test_hash_and_keypoints_are_read_by_picture(repository: Repository) -> None:
    first, second = await add(repository, 1, 2)
    (flat,) = await add(repository, 3, is_flat=True)
    stored = await repository.features.stored([second, flat, 99, first])
    assert set(stored) == {first, second, flat}
    assert [stored[one].phash for one in (first, second, flat)] == [phash_of(1), phash_of(2), None]
    for number, image_id in enumerate((first, second, flat), 1):
        made = prepared(number).features.keypoints
        read = stored[image_id].keypoints
        assert np.abs(read.points - made.points).max() < 1e-4
        assert np.array_equal(read.descriptors, made.descriptors)
        assert read.aspect == made.aspect
        assert stored[image_id].image == await repository.images.get(image_id)
    assert await repository.features.stored([]) == {}


async def test_features_of_removed_pictures_are_not_given_and_lost_keypoints_are_none(repository: Repository) -> None:
    removed, without, damaged = await add(repository, 1, 2, 3)
    await remove(repository, removed)
    await execute(
        repository,
        delete(keypoints).where(keypoints.c.image_id == without),
        update(keypoints).where(keypoints.c.image_id == damaged).values(points=b"\1"),
    )
    stored = await repository.features.stored([removed, without, damaged])
    assert sorted(stored) == [without, damaged]
    assert (len(stored[without].keypoints), stored[without].phash) == (0, phash_of(2))
    assert (len(stored[damaged].keypoints), stored[damaged].phash) == (0, phash_of(3))


async def test_text_in_place_of_bytes_is_damage_and_no_error(repository: Repository) -> None:
    """SQLite lets any value be in any column."""
    (image_id,) = await add(repository, 1)
    await execute(repository, "UPDATE keypoints SET points = 'a text'", "UPDATE embeddings SET vector = 'a text'")
    assert len((await repository.features.stored([image_id]))[image_id].keypoints) == 0
    assert await repository.features.embedding(image_id, NETWORK, DIMENSIONS) is None
    assert [rows async for rows in repository.features.embeddings_of(NETWORK, DIMENSIONS)] == []


@on_both
async def test_embedding_is_that_of_a_network_in_a_version(repository: Repository) -> None:
    (image_id,) = await add(repository, 1)
    await repository.features.put_embeddings(OTHER, {image_id: -vector_of(1)})
    for network, sign in ((NETWORK, 1), (OTHER, -1)):
        vector = await repository.features.embedding(image_id, network, DIMENSIONS)
        assert vector is not None
        assert np.allclose(vector, sign * vector_of(1), atol=1e-3)
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-6)
    assert await repository.features.embedding(image_id, NETWORK, DIMENSIONS + 1) is None
    assert await repository.features.embedding(99, NETWORK, DIMENSIONS) is None
    await execute(repository, update(embeddings).values(part=1))  # of a part, not of the whole
    assert await repository.features.embedding(image_id, NETWORK, DIMENSIONS) is None


@on_both
async def test_more_pictures_than_a_statement_takes_are_read(repository: Repository) -> None:
    """SQLite allows 32,766 parameters."""
    first, second = await add(repository, 1, 2)
    many = [*range(10, 33_000), second, first]
    assert set(await repository.features.stored(many)) == {first, second}
    assert {row[0] for row in await repository.features.vectors(NETWORK, DIMENSIONS, many)} == {first, second}
    ids, _ = await repository.features.phashes(many)
    assert sorted(ids.tolist()) == [first, second]
    read = [row async for rows in repository.features.embeddings_of(NETWORK, DIMENSIONS, many) for row in rows]
    assert {image_id for image_id, _, _ in read} == {first, second}
    await repository.features.compare_anew(many)


async def test_embeddings_come_in_order_of_pictures(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "IDS_A_QUERY", 2)
    await add(repository, *range(1, 6))
    everything = [row[0] async for rows in repository.features.embeddings_of(NETWORK, DIMENSIONS) for row in rows]
    assert everything == [1, 2, 3, 4, 5]
    portions = [rows async for rows in repository.features.embeddings_of(NETWORK, DIMENSIONS, [5, 1, 3, 2, 4])]
    assert [[row[0] for row in rows] for rows in portions] == [[1, 5], [2, 3], [4]]


async def test_no_hashes_are_two_empty_columns(repository: Repository) -> None:
    assert [portion async for portion in repository.features.all_phashes()] == []
    for some in ([], [5]):
        ids, values = await repository.features.phashes(some)
        assert ids.shape == values.shape == (0,)
        assert ids.dtype == np.int64
        assert values.dtype == np.uint64


# --- what is lacking


@on_both
async def test_pictures_that_lack_an_embedding_are_counted_and_given_a_few_at_a_time(repository: Repository) -> None:
    ids = await add(repository, *range(1, 6))
    await remove(repository, ids[0])
    assert await repository.features.count_lacking(NETWORK) == 0
    assert await repository.features.count_lacking(OTHER) == 4
    assert [image.id for image in await repository.features.lacking(OTHER, 2)] == ids[1:3]
    await repository.features.put_embeddings(OTHER, {image_id: vector_of(1) for image_id in ids[1:3]})
    assert [image.id for image in await repository.features.lacking(OTHER, 9)] == ids[3:]
    assert await repository.features.count_lacking(OTHER) == 2


@on_both
async def test_keypoints_of_another_version_and_missing_ones_are_stale(repository: Repository) -> None:
    current, older, missing, removed = await add(repository, 1, 2, 3, 4)
    await execute(
        repository,
        update(keypoints).where(keypoints.c.image_id.in_([older, removed])).values(version=KEYPOINTS_VERSION - 1),
        delete(keypoints).where(keypoints.c.image_id == missing),
    )
    await remove(repository, removed)
    assert sorted(await repository.features.with_stale_keypoints(KEYPOINTS_VERSION)) == [older, missing]
    assert current in await repository.features.with_stale_keypoints(KEYPOINTS_VERSION + 1)


# --- changing


@on_both
async def test_embedding_is_put_in_place_of_the_one_before(repository: Repository) -> None:
    first, second = await add(repository, 1, 2)
    await repository.features.put_embeddings(NETWORK, {first: vector_of(9)})
    assert await count(repository, embeddings) == 2
    for image_id, number in ((first, 9), (second, 2)):
        vector = await repository.features.embedding(image_id, NETWORK, DIMENSIONS)
        assert vector is not None
        assert np.allclose(vector, vector_of(number), atol=1e-3)


@on_both
async def test_features_made_again_are_told_in_the_feed(repository: Repository) -> None:
    first, second = await add(repository, 1, 2)
    operation = Operation("remake", "test")
    await repository.features.put_features(first, NEW, KEYPOINTS_VERSION + 1, operation)
    stored = await repository.features.stored([first, second])
    assert (stored[first].phash, len(stored[first].keypoints), stored[first].keypoints.aspect) == (7, 2, 0.75)
    assert stored[second].phash == phash_of(2)
    assert await repository.features.with_stale_keypoints(KEYPOINTS_VERSION + 1) == [second]
    assert await repository.features.embedding(first, NETWORK, DIMENSIONS) is not None
    assert (await lines(repository))[-1] == (operation.id, first, "reembedded")


async def test_picture_that_turns_out_to_be_flat_loses_its_hash(repository: Repository) -> None:
    (image_id,) = await add(repository, 1)
    flat = HandcraftedFeatures(None, NEW.keypoints)
    await repository.features.put_features(image_id, flat, KEYPOINTS_VERSION, Operation("remake", "test"))
    assert (await repository.features.stored([image_id]))[image_id].phash is None
    assert await count(repository, hashes) == 0


async def test_hashes_are_removed_of_some(repository: Repository) -> None:
    first, second = await add(repository, 1, 2)
    await repository.features.remove_hashes([first, 99])
    ids, _ = await repository.features.phashes([first, second])
    assert ids.tolist() == [second]


@on_both
async def test_all_hashes_come_in_portions(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_rows, "HASHES_AT_ONCE", 2)
    known = await add(repository, *range(1, 6))
    portions = [portion async for portion in repository.features.all_phashes()]
    assert [len(ids) for ids, _ in portions] == [2, 2, 1]
    read = {i: phash for ids, phashes in portions for i, phash in zip(ids.tolist(), phashes.tolist(), strict=True)}
    assert read == dict(zip(known, map(phash_of, range(1, 6)), strict=True))


async def test_pictures_wait_to_be_compared_anew(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "IDS_A_QUERY", 2)
    await add(repository, *range(1, 6))
    await execute(repository, update(images).values(compared=2))
    await repository.features.compare_anew([1, 3, 4, 5])
    async with repository.database.read() as connection:
        rows = await connection.scalars(select(images.c.compared).order_by(images.c.id))
        assert list(rows) == [0, 2, 0, 0, 0]
