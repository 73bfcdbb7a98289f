"""The pictures of a library: read, changed, removed."""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from sqlalchemy import func, select, true

from engine.domain import Changed, PictureWarning, StoredImage
from engine.errors import UnknownImage
from engine.storage import clock, statements
from engine.storage.database import Database
from engine.storage.files import FileStore, extension_of
from engine.storage.statements import Operation
from engine.storage.tables import (
    embeddings,
    hashes,
    images,
    keypoints,
)


class Images:
    """Reads and changes the rows of pictures."""

    def __init__(self, database: Database, files: FileStore) -> None:
        self._database = database
        self._files = files

    async def get(self, image_id: int) -> StoredImage:
        """A live picture; UnknownImage otherwise."""
        statements.refuse_impossible([image_id])
        async with self._database.read() as connection:
            row = (await connection.execute(statements.live().where(images.c.id == image_id))).first()
        if row is None:
            raise UnknownImage(f"There is no picture with the id {image_id} in this library.")
        return statements.image(row)

    async def if_there(self, image_id: int) -> StoredImage | None:
        """A live picture, or None."""
        try:
            return await self.get(image_id)
        except UnknownImage:
            return None

    async def by_sha256(self, sha256: str) -> StoredImage | None:
        async with self._database.read() as connection:
            row = (await connection.execute(statements.live().where(images.c.sha256 == sha256))).first()
        return statements.image(row) if row else None

    async def ids_by_sha256(self, values: Sequence[str]) -> dict[str, int]:
        """Ids of the live pictures among these."""
        async with self._database.read() as connection:
            known = await statements.by_sha256(connection, values)
        return {sha256: image.id for sha256, image in known.items() if image.deleted_at is None}

    async def whole_by_sha256(self, values: Sequence[str]) -> dict[str, int]:
        """The same without those that have lost their files, which are to be stored anew."""
        async with self._database.read() as connection:
            known = await statements.by_sha256(connection, values)
        live = {sha256: image for sha256, image in known.items() if image.deleted_at is None}
        whole = await self._files.having((sha256, extension_of(image.media_type)) for sha256, image in live.items())
        return {sha256: image.id for sha256, image in live.items() if sha256 in whole}

    async def warnings(self, ids: Sequence[int]) -> dict[int, tuple[PictureWarning, ...]]:
        """What people should know of pictures, by id, where that is known and there is anything."""
        found = {}
        async with self._database.read() as connection:
            for some in statements.chunks(ids):
                for row in await connection.execute(
                    select(images.c.id, images.c.warnings).where(images.c.id.in_(some))
                ):
                    if row.warnings:
                        found[row.id] = tuple(map(PictureWarning.of_code, row.warnings))
        return found

    async def put_warnings(self, image_id: int, warnings: Sequence[PictureWarning]) -> None:
        """What people should know of a picture, as it was just decoded."""
        async with self._database.write() as connection:
            await statements.put_warnings(connection, image_id, warnings)

    async def live_ids(self) -> list[int]:
        """Of all live pictures, in order."""
        async with self._database.read() as connection:
            query = select(images.c.id).where(images.c.deleted_at.is_(None)).order_by(images.c.id)
            return list((await connection.scalars(query)).all())

    async def count_live(self, *, after: int = 0) -> int:
        """How many live pictures have ids above `after`."""
        query = select(func.count()).select_from(images).where(images.c.deleted_at.is_(None), images.c.id > after)
        async with self._database.read() as connection:
            return int(await connection.scalar(query) or 0)

    async def live_images(self, after: int = 0, limit: int = 1000) -> list[StoredImage]:
        """Live pictures with ids above `after`, in order of id."""
        query = statements.live().where(images.c.id > after).order_by(images.c.id).limit(limit)
        async with self._database.read() as connection:
            return [statements.image(row) for row in await connection.execute(query)]

    async def having_tags(self, tags: Sequence[str]) -> list[int]:
        """Ids of the live pictures that have all of these tags, in order."""
        query = statements.filtered(self._database.dialect, tags=tags).with_only_columns(images.c.id)
        async with self._database.read() as connection:
            return list((await connection.scalars(query.order_by(images.c.id))).all())

    async def tags(self, limit: int) -> dict[str, int]:
        """The most frequent tags of live pictures with their numbers, most frequent first."""
        each = statements.each_tag(self._database.dialect)
        query = (
            select(each.c.value, func.count().label("pictures"))
            .select_from(images.join(each, true()))
            .where(images.c.deleted_at.is_(None))
            .group_by(each.c.value)
            .order_by(func.count().desc(), each.c.value)
            .limit(limit)
        )
        async with self._database.read() as connection:
            rows = await connection.execute(query)
            return {row.value: row.pictures for row in rows if isinstance(row.value, str)}

    async def count_removed(self) -> int:
        """How many pictures are removed, and not yet purged."""
        query = select(func.count()).select_from(images).where(images.c.deleted_at.is_not(None))
        async with self._database.read() as connection:
            return int(await connection.scalar(query) or 0)

    async def count_missing(self) -> int:
        """How many live pictures have lost all files that they were added from."""
        missing = images.c.source_missing_since.is_not(None)
        query = select(func.count()).select_from(images).where(images.c.deleted_at.is_(None), missing)
        async with self._database.read() as connection:
            return int(await connection.scalar(query) or 0)

    async def features(self) -> dict[str, int]:
        """How many live pictures have each feature, by its name; one of several networks and of parts counts once."""
        tables = {"embedding": embeddings, "phash": hashes, "orb": keypoints}
        found = {}
        async with self._database.read() as connection:
            for name, table in tables.items():
                pictures = select(func.count(table.c.image_id.distinct())).select_from(table.join(images))
                found[name] = int(await connection.scalar(pictures.where(images.c.deleted_at.is_(None))) or 0)
        return found

    async def original_bytes(self) -> int:
        """Size of all originals, those of removed pictures included."""
        async with self._database.read() as connection:
            return int(await connection.scalar(select(func.sum(images.c.byte_size))) or 0)

    async def edit(self, image_id: int, values: dict[str, Any], operation: Operation) -> Changed:
        """Change title, tags, source_url or page_url of a live picture."""
        statements.refuse_impossible([image_id])
        async with self._database.write() as connection:
            before = await statements.edit(connection, image_id, values)
            if before is None:
                raise UnknownImage(f"There is no picture with the id {image_id} in this library.")
            await statements.record(connection, operation, [(image_id, "edited", before)])
        assert operation.id
        return Changed((await self.get(image_id),), operation.id)

    async def edit_many(
        self, ids: Sequence[int], edit: Callable[[StoredImage, int], dict[str, Any]], operation: Operation
    ) -> int:
        """Change live pictures, those of them that are there; returns how many were changed.

        `edit` gives what is to be said of a picture, which it gets with its number among them, from 1 on. UnknownImage
        where none is there.
        """
        statements.refuse_impossible(ids)
        async with self._database.write() as connection:
            there: dict[int, StoredImage] = {}
            for some in statements.chunks(ids):
                rows = await connection.execute(statements.live().where(images.c.id.in_(some)))
                there |= {row.id: statements.image(row) for row in rows}
            _require_some(there, ids)
            in_order = [there[image_id] for image_id in dict.fromkeys(ids) if image_id in there]
            values = {image.id: _changing(image, edit(image, number)) for number, image in enumerate(in_order, 1)}
            before = await statements.edit_each(connection, {one: said for one, said in values.items() if said})
            await statements.record(connection, operation, [(one, "edited", was) for one, was in before.items()])
        return len(before)

    async def remove(self, ids: Sequence[int], operation: Operation) -> int:
        """Take pictures out of the library, softly; returns the operation's id.

        UnknownImage, with nothing done, if one is not there.
        """
        statements.refuse_impossible(ids)
        async with self._database.write() as connection:
            live = await statements.live_ids(connection, ids)
            if missing := sorted(set(ids) - set(live)):
                raise UnknownImage(
                    f"There is no picture with the id {missing[0]} in this library. Nothing was removed."
                )
            await statements.set_deleted(connection, live, clock.now())
            await statements.record(connection, operation, [(image_id, "removed", None) for image_id in live])
        assert operation.id
        return operation.id

    async def take_out(self, ids: Sequence[int], operation: Operation) -> int:
        """Remove those of the pictures softly that are still there; returns how many these were.

        All that is stored of a picture stays until the purge, so that `undo` brings it back whole.
        """
        async with self._database.write() as connection:
            live = await statements.live_ids(connection, ids)
            await statements.set_deleted(connection, live, clock.now())
            await statements.record(connection, operation, [(image_id, "removed", None) for image_id in live])
        return len(live)


def _require_some(there: Collection[int], ids: Sequence[int]) -> None:
    if not there:
        raise UnknownImage(f"None of these {len(set(ids)):,} pictures is in this library. Nothing was changed.")


def _changing(image: StoredImage, said: dict[str, Any]) -> dict[str, Any]:
    """What of this is not said of the picture already."""
    return {
        name: value
        for name, value in said.items()
        if (tuple(value) if isinstance(value, list) else value) != getattr(image, name)
    }
