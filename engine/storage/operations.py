"""What was done to a library by whom, and taking it back."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.domain import PastOperation, Undone
from engine.errors import NothingToUndo, UnknownOperation
from engine.storage import statements
from engine.storage.database import Database
from engine.storage.statements import Operation
from engine.storage.tables import (
    changes,
    operations,
)

NAMED = 4  # pictures of an operation in the history
OF_NO_INTEREST = ("remake",)  # what is made of pictures was made again


class Operations:
    """The operations of one library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, operation: Operation) -> int:
        """Write an operation down before its first change."""
        async with self._database.write() as connection:
            return await statements.insert_operation(connection, operation)

    async def continued(self, operation_id: int) -> Operation:
        """An addition to go on with, so that an undo takes back all of it. UnknownOperation."""
        statements.refuse_impossible_operation(operation_id)
        undoing = operations.alias()
        query = (
            select(operations)
            .outerjoin(undoing, undoing.c.undoes == operations.c.id)
            .where(operations.c.id == operation_id, operations.c.kind == "add", undoing.c.id.is_(None))
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            raise UnknownOperation(f"There is no addition with the id {operation_id} that could be gone on with.")
        return Operation(row.kind, row.actor, row.id)

    async def added_by(self, operation_id: int) -> list[int]:
        """Ids of the pictures that an operation added or restored."""
        query = select(changes.c.image_id).where(
            changes.c.operation_id == operation_id, changes.c.kind.in_(("added", "restored"))
        )
        async with self._database.read() as connection:
            return list((await connection.scalars(query.order_by(changes.c.image_id))).all())

    async def last(self, actor: str) -> int:
        """The last operation of this actor that is not taken back yet. NothingToUndo."""
        query = statements.undoable().where(operations.c.actor == actor).order_by(operations.c.id.desc()).limit(1)
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            raise NothingToUndo("There is nothing to undo.")
        return int(row.id)

    async def undo(self, actor: str, operation_id: int | None = None) -> Undone:
        """Take back a whole operation, by default the last one that is not taken back yet."""
        if operation_id is not None:
            statements.refuse_impossible_operation(operation_id)
        async with self._database.write() as connection:
            query = statements.undoable()
            if operation_id is not None:
                query = query.where(operations.c.id == operation_id)
            operation = (await connection.execute(query.order_by(operations.c.id.desc()).limit(1))).first()
            if operation is None:
                if operation_id is None:
                    raise NothingToUndo("There is nothing to undo.")
                known = select(operations.c.id).where(operations.c.id == operation_id)
                if await connection.scalar(known) is None:
                    raise UnknownOperation(f"There is no operation with the id {operation_id}.")
                raise NothingToUndo("It is undone already, or cannot be.")
            lines = (
                await connection.execute(
                    select(changes).where(changes.c.operation_id == operation.id).order_by(changes.c.seq.desc())
                )
            ).all()
            recorded = await statements.invert(connection, lines)
            undoing = Operation("undo", actor)
            undoing.id = await statements.insert_operation(connection, undoing, undoes=operation.id)
            await statements.record(connection, undoing, recorded)
        apart_from_edits = [image_id for image_id, kind, _ in recorded if kind != "edited"]
        return Undone(
            operation.id, operation.kind, operation.at.replace(tzinfo=UTC), len(apart_from_edits) or len(recorded)
        )

    async def history(self, *, before: int | None, limit: int) -> list[PastOperation]:
        """What was done, newest first, with ids below `before`; without what concerned no picture that people have."""
        mine = changes.c.operation_id == operations.c.id
        # What is kept of near-duplicates is edited beside their removal: it is not counted among those.
        apart_from_edits = case((changes.c.kind != "edited", changes.c.image_id))
        counted = func.coalesce(
            func.nullif(func.count(apart_from_edits.distinct()), 0), func.count(changes.c.image_id.distinct())
        )
        pictures = select(counted).where(mine).scalar_subquery()
        query = (
            select(
                operations,
                pictures.label("pictures"),
                statements.is_taken_back().label("is_undone"),
                statements.has_effect().label("can_undo"),
            )
            .where(operations.c.kind.not_in(OF_NO_INTEREST))
            .where(select(changes.c.seq).where(mine, changes.c.image_id.is_not(None)).exists())
            .order_by(operations.c.id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(operations.c.id < before)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
            return [
                PastOperation(
                    id=row.id,
                    kind=row.kind,
                    actor=row.actor,
                    at=row.at.replace(tzinfo=UTC),
                    pictures=row.pictures,
                    is_undone=bool(row.is_undone),
                    can_undo=bool(row.can_undo),
                    undoes=row.undoes,
                    images=tuple(await self._first_images(connection, row.id)),
                )
                for row in rows
            ]

    async def actor_of_addition(self, image_id: int) -> str | None:
        """Who added a picture; None where the feed does not tell any more."""
        query = (
            select(operations.c.actor)
            .join(changes, changes.c.operation_id == operations.c.id)
            .where(changes.c.image_id == image_id, changes.c.kind == "added")
            .limit(1)
        )
        async with self._database.read() as connection:
            found: str | None = await connection.scalar(query)
        return found

    async def _first_images(self, connection: AsyncConnection, operation_id: int) -> Sequence[int]:
        query = select(changes.c.image_id).where(
            changes.c.operation_id == operation_id, changes.c.image_id.is_not(None)
        )
        in_order = query.group_by(changes.c.image_id).order_by(func.min(changes.c.seq)).limit(NAMED)
        return (await connection.scalars(in_order)).all()

    async def last_act(self, before: datetime) -> datetime | None:
        """The latest time before then at which the library was changed, as far as the clock was right.

        An operation that is dated after a later operation was written down by a clock that ran ahead. Such an
        operation counts as old as the later one.
        """
        rest = func.min(operations.c.at).over(order_by=operations.c.id.desc())
        surely = select(rest.label("at")).subquery()
        async with self._database.read() as connection:
            found = await connection.scalar(select(func.max(surely.c.at)).where(surely.c.at <= before))
        return found.replace(tzinfo=UTC) if found else None
