"""Cells of the database that cannot be what was written: found, and put right."""

from typing import Any

from sqlalchemy import LargeBinary, Text, cast, func, or_, select, update

from engine.domain import NetworkRef
from engine.pictures.imaging import MEDIA_TYPES
from engine.storage import codec, statements
from engine.storage.database import Database
from engine.storage.tables import embeddings, images, keypoints


class Cells:
    """Looks at the cells of live pictures in one library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def short_vectors(self, network: NetworkRef, dimensions: int) -> list[int]:
        """Pictures with an embedding of this network that has another length than its others."""
        query = (
            select(embeddings.c.image_id)
            .join(images)
            .where(images.c.deleted_at.is_(None), statements.made_by(network), ~statements.is_whole_vector(dimensions))
        )
        return await self._ids(query.order_by(embeddings.c.image_id).distinct())

    async def without_vector(self, network: NetworkRef) -> list[int]:
        """Pictures without any embedding of this network."""
        return await self._ids(statements.lacking(network))

    async def bad_keypoints(self) -> list[int]:
        """Pictures whose keypoints have columns that do not fit each other."""
        points, descriptors = func.length(keypoints.c.points), func.length(keypoints.c.descriptors)
        unequal = points * codec.BYTES_A_DESCRIPTOR != descriptors * codec.BYTES_A_POINT
        torn = or_(points % codec.BYTES_A_POINT != 0, keypoints.c.aspect <= 0)
        query = select(keypoints.c.image_id).join(images).where(images.c.deleted_at.is_(None), or_(unequal, torn))
        return await self._ids(query.order_by(keypoints.c.image_id))

    async def bad_sizes(self) -> list[int]:
        """Pictures with a width, a height or a number of bytes that no picture has."""
        bad = or_(images.c.width < 1, images.c.height < 1, images.c.byte_size < 1)
        return await self._ids(select(images.c.id).where(images.c.deleted_at.is_(None), bad).order_by(images.c.id))

    async def unknown_media_types(self) -> list[int]:
        """Pictures of a media type that PicTrace never writes."""
        bad = images.c.media_type.not_in(MEDIA_TYPES)
        return await self._ids(select(images.c.id).where(images.c.deleted_at.is_(None), bad).order_by(images.c.id))

    async def bad_tags(self) -> list[int]:
        """Pictures whose tags are no JSON list of texts."""
        told = cast(images.c.tags, Text)
        # SQLite's driver fails at bytes that are no text.
        raw = cast(images.c.tags, LargeBinary) if self._database.dialect == "sqlite" else told
        query = select(images.c.id, raw.label("raw")).order_by(images.c.id)
        query = query.where(images.c.deleted_at.is_(None), or_(told.is_(None), told != "[]"))
        async with self._database.read() as connection:
            return [row.id for row in await connection.execute(query) if not codec.is_list_of_texts(row.raw)]

    async def put_readable_tags(self, image_id: int) -> None:
        """Write those tags of a picture that can be read, in place of the damaged cell."""
        async with self._database.write() as connection:
            query = select(images.c.tags).where(images.c.id == image_id)
            tags = await connection.scalar(query)
            await connection.execute(update(images).where(images.c.id == image_id).values(tags=tags or []))

    async def put(self, image_id: int, **values: Any) -> None:
        """Write the right media type or sizes of a picture."""
        async with self._database.write() as connection:
            await connection.execute(update(images).where(images.c.id == image_id).values(**values))

    async def _ids(self, query: Any) -> list[int]:
        async with self._database.read() as connection:
            return list((await connection.scalars(query)).all())
