"""The admin key: shown once, known again, and stored as nothing but its hash."""

import pytest
from sqlalchemy import select

from engine import SearchService
from engine.features import hashes
from engine.library.admin_key import BYTES, SETTING, AdminKey
from engine.storage.repository import Repository
from engine.storage.tables import settings


@pytest.fixture
def admin_key(repository: Repository) -> AdminKey:
    return AdminKey(repository.settings)


async def test_where_none_was_made_nothing_fits(admin_key: AdminKey) -> None:
    assert not await admin_key.exists()
    for key in ("", "None", "null", hashes.sha256(b"")):
        assert not await admin_key.fits(key)


async def test_only_the_whole_key_fits(admin_key: AdminKey) -> None:
    key = await admin_key.make()
    assert await admin_key.exists()
    assert await admin_key.fits(key)
    for other in (key[:-1], key + "=", key.swapcase(), f" {key}", "ключ", hashes.sha256(key.encode())):
        assert not await admin_key.fits(other)


async def test_key_is_stored_as_its_hash_and_nowhere_else(admin_key: AdminKey, repository: Repository) -> None:
    key = await admin_key.make()
    async with repository.database.read() as connection:
        stored = {row.key: row.value for row in await connection.execute(select(settings))}
    assert stored[SETTING] == hashes.sha256(key.encode())
    assert key not in str(stored)


async def test_keys_are_long_random_and_fit_into_an_address(admin_key: AdminKey) -> None:
    keys = {await admin_key.make() for _ in range(5)}
    assert len(keys) == 5
    for key in keys:
        assert len(key) >= BYTES * 8 / 6
        assert set(key.replace("-", "").replace("_", "")) <= set(map(chr, range(128)))
        assert key.replace("-", "").replace("_", "").isalnum()


async def test_key_of_one_process_is_known_to_the_others(admin_key: AdminKey, elsewhere: Repository) -> None:
    other = AdminKey(elsewhere.settings)
    first = await admin_key.make()
    assert await other.fits(first)
    second = await other.make()
    assert not await admin_key.fits(first)
    assert await admin_key.fits(second)


async def test_key_that_is_no_text_does_not_fit(admin_key: AdminKey) -> None:
    await admin_key.make()
    assert not await admin_key.fits("\ud800")


@pytest.mark.databases("sqlite", "postgresql")
async def test_admin_key_is_known_again_and_void_after_the_next(service: SearchService) -> None:
    assert not await service.admin_key.fits("")
    first = await service.admin_key.make()
    assert await service.admin_key.fits(first)
    second = await service.admin_key.make()
    assert await service.admin_key.fits(second)
    assert not await service.admin_key.fits(first)
    assert len(second) >= 40
