"""The files that pictures were added from, as far as they are followed."""

import os
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, or_, select, update

from engine.domain import FileSeen, KnownFile
from engine.storage import clock, statements
from engine.storage.database import Database
from engine.storage.statements import Operation
from engine.storage.tables import files_left_out, files_seen, images


class SeenFiles:
    """Reads and changes what a library knows of the files that its pictures were added from.

    A picture that is marked has lost all its files; of any other, those that are known are taken to be there.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def under(self, place: str) -> list[KnownFile]:
        """The files at this path, and below it."""
        return await self._read(_known().where(_is_under(files_seen.c.path, place)))

    async def left_out_under(self, place: str) -> list[FileSeen]:
        """Files at this path, and below it, whose pictures were removed and purged, as they were then."""
        query = select(files_left_out).where(_is_under(files_left_out.c.path, place))
        async with self._database.read() as connection:
            return [FileSeen(row.path, row.size, row.mtime_ns) for row in await connection.execute(query)]

    async def of(self, image_ids: Sequence[int]) -> list[KnownFile]:
        """The files of these pictures, wherever they are."""
        found = []
        for part in statements.chunks(list(image_ids)):
            found += await self._read(_known().where(files_seen.c.image_id.in_(part)))
        return found

    async def find_again(self, image_ids: Sequence[int]) -> None:
        """A file of each of these pictures is there again."""
        async with self._database.write() as connection:
            await statements.unmark_missing(connection, image_ids)

    async def forget(self, gone: Iterable[KnownFile], names: dict[int, str]) -> None:
        """Forget files whose pictures have others; `names`: how pictures are called from now on, by their ids."""
        async with self._database.write() as connection:
            await _delete(connection, gone)
            for image_id, name in names.items():
                new = {"filename": statements.text(name)}
                await connection.execute(update(images).where(images.c.id == image_id).values(new))

    async def forget_left_out(self, paths: Sequence[str]) -> None:
        """These files are gone: whatever comes in their places is new."""
        async with self._database.write() as connection:
            for part in statements.chunks(paths):
                await connection.execute(delete(files_left_out).where(files_left_out.c.path.in_(part)))

    async def mark_missing(self, image_ids: Sequence[int]) -> None:
        """All files of these pictures are gone; those that are marked keep their time."""
        async with self._database.write() as connection:
            await statements.mark_missing(connection, image_ids)

    async def remove_missing(self, image_ids: Sequence[int], gone: Iterable[KnownFile], operation: Operation) -> None:
        """Take pictures out of the library, softly, whose files are gone, and forget these files.

        So a file that is there again is a new one, and what an undo brings back is not removed a second time.
        """
        async with self._database.write() as connection:
            await statements.mark_missing(connection, image_ids)
            await _delete(connection, gone)
            live = await statements.live_ids(connection, image_ids)
            await statements.set_deleted(connection, live, clock.now())
            await statements.record(connection, operation, [(image_id, "removed", None) for image_id in live])

    async def _read(self, query: Select[Any]) -> list[KnownFile]:
        async with self._database.read() as connection:
            return [
                KnownFile(
                    path=row.path,
                    size=row.size,
                    mtime_ns=row.mtime_ns,
                    image_id=row.image_id,
                    name=row.filename,
                    is_live=row.deleted_at is None,
                    is_missing=row.source_missing_since is not None,
                )
                for row in await connection.execute(query)
            ]


def _is_under(path: ColumnElement[str], place: str) -> ColumnElement[bool]:
    below = place.rstrip(os.sep) + os.sep
    return or_(path == place, func.substr(path, 1, len(below)) == below)


def _known() -> Select[Any]:
    columns = (files_seen, images.c.filename, images.c.deleted_at, images.c.source_missing_since)
    return select(*columns).join(images, images.c.id == files_seen.c.image_id).order_by(files_seen.c.path)


async def _delete(connection: Any, gone: Iterable[KnownFile]) -> None:
    for part in statements.chunks([file.path for file in gone]):
        await connection.execute(delete(files_seen).where(files_seen.c.path.in_(part)))
