"""The tables: what the migrations lead to, what a picture takes along, and cells that are not what they should be."""

from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, delete, insert, select
from sqlalchemy.exc import IntegrityError

from bot.posted_pictures import posted_pictures
from engine import SearchService
from engine.domain import FileSeen, Pair
from engine.storage.database import REVISION, migrations_dir
from engine.storage.repository import Repository
from engine.storage.statements import Operation
from engine.storage.tables import (
    Codes,
    Tags,
    changes,
    duplicates,
    embeddings,
    files_seen,
    hashes,
    images,
    kept_pairs,
    keypoints,
    metadata,
    operations,
    verdicts,
)
from tests.conftest import SHIPPED, add_paths
from tests.rows import add, count, execute, prepared, remove

on_both = pytest.mark.databases("sqlite", "postgresql")
A = SHIPPED / "astronaut.png"
OF_PICTURES = (embeddings, hashes, keypoints, duplicates, kept_pairs, files_seen, verdicts)


@on_both
async def test_all_that_is_kept_of_a_picture_goes_with_it(repository: Repository) -> None:
    first, second = await add(repository, 1, 2, file=None)
    await repository.additions.see_files({FileSeen("/a", 1, 1): first})
    await repository.pairs.put([Pair(first, second, 0.9)], [], 1, seq=2)
    await repository.pairs.keep([first, second], "kept", Operation("decision", "test"))
    await repository.subscribers.judge("ada", prepared(3).features, first, right=True)
    assert [await count(repository, table) for table in OF_PICTURES] == [2, 2, 2, 1, 1, 1, 1]
    told = await count(repository, changes)
    await execute(repository, delete(images).where(images.c.id == first))
    assert [await count(repository, table) for table in OF_PICTURES] == [1, 1, 1, 0, 0, 0, 0]
    assert await count(repository, changes) == told  # which indexes have yet to follow


@on_both
async def test_rows_of_no_picture_are_refused(repository: Repository) -> None:
    with pytest.raises(IntegrityError):
        await execute(repository, insert(hashes).values(image_id=99, phash=1))
    with pytest.raises(IntegrityError):
        await execute(repository, insert(changes).values(operation_id=99, image_id=1, kind="added"))


@on_both
async def test_picture_is_there_once_and_an_operation_is_undone_once(repository: Repository) -> None:
    (image_id,) = await add(repository, 1)
    async with repository.database.read() as connection:
        row = (await connection.execute(select(images))).one()._asdict()
    with pytest.raises(IntegrityError):
        await execute(repository, insert(images).values(**row | {"id": image_id + 1}))
    await remove(repository, image_id)
    await repository.operations.undo("test", 2)
    undo: dict[str, Any] = {"kind": "undo", "actor": "test", "at": row["created_at"], "undoes": 2}
    with pytest.raises(IntegrityError):
        await execute(repository, insert(operations).values(**undo))


@pytest.mark.parametrize("table", [changes, operations])
@on_both
async def test_numbers_are_never_given_out_twice(repository: Repository, table: Any) -> None:
    (key,) = table.primary_key
    await add(repository, 1)
    await add(repository, 2)
    async with repository.database.read() as connection:
        before = (await connection.scalars(select(key).order_by(key))).all()
    await execute(repository, delete(changes), *([delete(operations)] if table is operations else []))
    await add(repository, 3)
    async with repository.database.read() as connection:
        assert (await connection.scalars(select(key).order_by(key.desc()))).first() == before[-1] + 1


@pytest.fixture
def sync() -> Engine:
    return create_engine("sqlite://")


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ('["a", "ä"]', ["a", "ä"]),
        ("[]", []),
        ('["a", 7, null, {"b": 1}, ["c"], "d"]', ["a", "d"]),
        ('{"a": 1}', []),
        ('"a"', []),
        ("7", []),
        ("null", []),
        ("", []),
        ('["a"', []),
        (None, []),
    ],
)
def test_damaged_tags_fail_no_query(sync: Engine, cell: str | None, read: list[str]) -> None:
    process = Tags().result_processor(sync.dialect, None)
    assert process(cell) == read


@pytest.mark.parametrize(
    ("cell", "read"), [('["a"]', ["a"]), ("[]", []), ("null", None), ("7", None), ('["a"', None), (None, None)]
)
def test_damaged_codes_are_not_known(sync: Engine, cell: str | None, read: list[str] | None) -> None:
    process = Codes().result_processor(sync.dialect, None)
    assert process(cell) == read


@pytest.mark.databases("sqlite", "postgresql")
async def test_ids_are_never_given_out_twice(service: SearchService) -> None:
    (first,) = await add_paths(service, A)
    assert first.id
    await service.remove([first.id], actor="test")
    await service.checker.check(repair=False, purge=True, actor="test")
    (again,) = await add_paths(service, A)
    assert again.id
    assert again.id > first.id


@pytest.mark.databases("sqlite", "postgresql")
async def test_migrations_lead_to_the_tables_of_the_code(service: SearchService) -> None:
    async with service.repository.database.read() as connection:
        difference = await connection.run_sync(
            # It takes several, as its own env.py may have; its annotation says one.
            lambda sync: compare_metadata(MigrationContext.configure(sync), [metadata, posted_pictures.metadata])  # type: ignore[arg-type]
        )
    assert difference == []
    assert ScriptDirectory(str(migrations_dir())).get_current_head() == REVISION
