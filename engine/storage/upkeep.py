"""What is deleted for good, and what belongs to nobody."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.pictures.imaging import MEDIA_TYPES
from engine.storage import clock, statements
from engine.storage.database import Database
from engine.storage.files import FileStore, StoredFile, extension_of, original_key, thumbnail_key
from engine.storage.statements import Operation
from engine.storage.tables import files_left_out, files_seen, images


class Upkeep:
    """Looks after the rows and files of one library."""

    def __init__(self, database: Database, files: FileStore) -> None:
        self._database = database
        self._files = files

    async def purge(self, removed_before: datetime, actor: str) -> int:
        """Delete for good, files included, what was removed before then; returns how many pictures."""
        query = select(images).where(images.c.deleted_at.is_not(None), images.c.deleted_at < removed_before)
        if not await self.has_old_removals(removed_before):
            return 0
        async with self._database.write() as connection:
            rows = (await connection.execute(query)).all()
            for row in rows:
                await _leave_out_files(connection, row.id)
                await connection.execute(delete(images).where(images.c.id == row.id))
            await self._files.remove((row.sha256, ending) for row in rows for ending in _possible_extensions(row))
            await statements.record(connection, Operation("purge", actor), [(row.id, "purged", None) for row in rows])
        return len(rows)

    async def has_old_removals(self, removed_before: datetime) -> bool:
        """Whether there is anything that `purge` would delete."""
        query = select(images.c.id).where(images.c.deleted_at.is_not(None), images.c.deleted_at < removed_before)
        async with self._database.read() as connection:
            return await connection.scalar(query.limit(1)) is not None

    async def orphans(self, there: Sequence[StoredFile]) -> list[StoredFile]:
        """Those of the files that belong to no picture, removed ones included."""
        async with self._database.read() as connection:
            return await self._orphans(connection, there)

    async def drop_orphans(self, there: Sequence[StoredFile]) -> None:
        """Delete those of the files that still belong to no picture."""
        async with self._database.write() as connection:  # whoever adds a picture looks for its files under this lock
            await self._files.delete(await self._orphans(connection, there))

    async def _orphans(self, connection: AsyncConnection, there: Sequence[StoredFile]) -> list[StoredFile]:
        rows = (await connection.execute(select(images.c.sha256, images.c.media_type))).all()
        owned = {original_key(row.sha256, ending) for row in rows for ending in _possible_extensions(row)}
        owned |= {thumbnail_key(row.sha256) for row in rows}
        return [file for file in there if file.key not in owned]

    async def damaged_pages(self) -> int:
        """Lines that SQLite's own check complains of; 0 in a sound database."""
        if self._database.url.get_backend_name() != "sqlite":
            return 0
        async with self._database.read() as connection:
            lines = (await connection.execute(text("PRAGMA quick_check"))).scalars().all()
        return 0 if list(lines) == ["ok"] else len(lines)


async def _leave_out_files(connection: AsyncConnection, image_id: int) -> None:
    """Remember the files of a picture that is purged, if they are there: whoever follows them adds it no more."""
    columns = (files_seen.c.path, files_seen.c.size, files_seen.c.mtime_ns)
    there = images.c.source_missing_since.is_(None)
    files = select(*columns).join(images, images.c.id == files_seen.c.image_id).where(images.c.id == image_id, there)
    await connection.execute(insert(files_left_out).from_select([column.name for column in columns], files))


def _possible_extensions(row: Any) -> list[str]:
    """How the name of an original may end: one way, or any where its media type is damaged."""
    media_types = [row.media_type] if row.media_type in MEDIA_TYPES else MEDIA_TYPES
    return [extension_of(media_type) for media_type in media_types]


def undo_horizon(days: int) -> datetime:
    """Pictures removed before this moment are old enough to be purged, as far as the clock is right."""
    return clock.now() - timedelta(days=days)
