"""Pictures that were removed and are not purged yet: looked through, and brought back."""

from collections.abc import Sequence

from sqlalchemy import select

from engine.domain import StoredImage
from engine.errors import UnknownImage
from engine.storage import statements
from engine.storage.database import Database
from engine.storage.statements import Operation
from engine.storage.tables import changes, images, operations


class Trash:
    """The removed pictures of one library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, *, limit: int, offset: int = 0) -> list[tuple[StoredImage, str | None]]:
        """Some removed pictures, lately removed first, each with who removed it, as far as the feed still tells."""
        by = (
            select(operations.c.actor)
            .join(changes, changes.c.operation_id == operations.c.id)
            .where(changes.c.image_id == images.c.id, changes.c.kind == "removed")
            .order_by(changes.c.seq.desc())
            .limit(1)
            .scalar_subquery()
        )
        query = (
            select(images, by.label("removed_by"))
            .where(images.c.deleted_at.is_not(None))
            .order_by(images.c.deleted_at.desc(), images.c.id.desc())
            .limit(limit)
            .offset(offset)
        )
        async with self._database.read() as connection:
            return [(statements.image(row), row.removed_by) for row in await connection.execute(query)]

    async def get(self, image_id: int) -> StoredImage:
        """A removed picture. UnknownImage."""
        statements.refuse_impossible([image_id])
        query = select(images).where(images.c.id == image_id, images.c.deleted_at.is_not(None))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            raise UnknownImage(f"There is no picture with the id {image_id} in the trash.")
        return statements.image(row)

    async def restore(self, ids: Sequence[int] | None, operation: Operation) -> int:
        """Bring back those of the pictures that are there, or all; returns how many. UnknownImage where none is."""
        async with self._database.write() as connection:
            there = select(images.c.id).where(images.c.deleted_at.is_not(None))
            found = set((await connection.scalars(there)).all())
            wanted = sorted(found if ids is None else found & set(ids))
            if not wanted:
                raise UnknownImage("None of these pictures is in the trash (any more). Nothing was restored.")
            await statements.set_deleted(connection, wanted, None)
            await statements.record(connection, operation, [(image_id, "restored", None) for image_id in wanted])
        return len(wanted)
