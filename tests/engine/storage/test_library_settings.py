"""What a library knows of itself: written once where it counts, and read by every process."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from engine.storage.repository import Repository
from engine.storage.statements import Head
from engine.storage.tables import embeddings
from tests.rows import NETWORK, OTHER, add, count, lines, opened, remove, sqlite_in, vector_of

pytestmark = pytest.mark.databases("sqlite", "postgresql")


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("value", [0, False, "", "a text", 1.5, [1, "two", None], {"a": {"b": []}}])
async def test_value_is_read_as_it_was_put(repository: Repository, elsewhere: Repository, value: Any) -> None:
    assert await repository.settings.get("key") is None
    await repository.settings.put("key", "before")
    await repository.settings.put("key", value)
    await repository.settings.put("other", "another")
    read = await elsewhere.settings.get("key")
    assert (read, type(read)) == (value, type(value))


async def test_nothing_can_be_put_in_place_of_a_value(repository: Repository) -> None:
    await repository.settings.put("key", "a text")
    await repository.settings.put("key", None)
    assert await repository.settings.get("key") is None


async def test_mark_of_a_library_stays_and_is_the_same_for_all_who_ask_at_once(
    repository: Repository, elsewhere: Repository
) -> None:
    marks = await asyncio.gather(*(one.settings.identity() for one in (repository, elsewhere) * 3))
    assert len(set(marks)) == 1
    assert await elsewhere.settings.identity() == marks[0]
    assert len(bytes.fromhex(marks[0])) == 16


async def test_mark_that_another_process_was_quicker_to_make_stays(
    repository: Repository, elsewhere: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = elsewhere.settings.get
    answers: list[Any] = []

    async def too_early(key: str) -> Any:
        """The first look is from before the other had made it."""
        answers.append(await get(key) if answers else None)
        return answers[-1]

    mark = await repository.settings.identity()
    monkeypatch.setattr(elsewhere.settings, "get", too_early)
    assert await elsewhere.settings.identity() == mark
    assert answers == [None, mark]
    assert await repository.settings.identity() == mark


@pytest.mark.databases("sqlite")
async def test_marks_of_two_libraries_differ(repository: Repository, blank: Path, tmp_path: Path) -> None:
    shutil.copy(blank, tmp_path / "pictrace.db")
    async with opened(sqlite_in(tmp_path), tmp_path) as other:
        assert await other.settings.identity() != await repository.settings.identity()


async def test_first_network_of_a_library_stays(new_repository: Repository) -> None:
    assert await new_repository.settings.start_library(NETWORK) == NETWORK
    assert await new_repository.settings.start_library(OTHER) == NETWORK
    assert await new_repository.feed.head() == Head(0, 0, NETWORK, None)


async def test_network_is_changed_once_every_picture_has_its_embedding(repository: Repository) -> None:
    ids = await add(repository, 1, 2, 3)
    await repository.settings.set_next_network(OTHER)
    await repository.features.put_embeddings(OTHER, dict.fromkeys(ids[:2], vector_of(1)))
    before = await repository.feed.head()
    assert not await repository.settings.switch_network(OTHER, "ada")
    assert await repository.feed.head() == before
    assert await count(repository, embeddings) == 5
    await repository.features.put_embeddings(OTHER, {ids[2]: vector_of(1)})
    assert await repository.settings.switch_network(OTHER, "ada")
    assert await repository.feed.head() == Head(before.seq + 1, 0, OTHER, None)
    async with repository.database.read() as connection:
        assert set((await connection.scalars(select(embeddings.c.version))).all()) == {OTHER.version}
    assert (await lines(repository))[-1][1:] == (None, "reembedded")


async def test_removed_pictures_do_not_keep_a_library_from_changing(repository: Repository) -> None:
    first, second = await add(repository, 1, 2)
    await remove(repository, first)
    await repository.features.put_embeddings(OTHER, {second: vector_of(2)})
    assert await repository.settings.switch_network(OTHER, "test")


async def test_library_without_pictures_changes_at_once(repository: Repository) -> None:
    assert await repository.settings.switch_network(OTHER, "test")
    assert (await repository.feed.head()).network == OTHER
