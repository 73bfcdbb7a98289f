"""The change feed: the numbered list of what changed in a library, which every index follows."""

from datetime import datetime

from sqlalchemy import delete, func, select

from engine.storage import statements, webhook_events
from engine.storage.database import Database
from engine.storage.statements import TRIMMED, Head
from engine.storage.tables import (
    changes,
    operations,
    watches,
)


class ChangeFeed:
    """Reads and trims the feed of one library. Whoever changes something writes it there in the same transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def head(self) -> Head:
        async with self._database.read() as connection:
            return await statements.head(connection)

    async def changed_since(self, seq: int) -> tuple[int, list[int] | None]:
        """(last seq, ids of the pictures that changed after `seq`); None for the ids: all of them may have."""
        async with self._database.read() as connection:
            rows = (
                await connection.execute(select(changes.c.seq, changes.c.image_id).where(changes.c.seq > seq))
            ).all()
        ids = {row.image_id for row in rows}
        return max((row.seq for row in rows), default=seq), None if None in ids else sorted(ids)

    async def trim(self, behind: int, older_than: datetime) -> None:
        """Forget changes up to `behind` that nobody needs any more: no undo, no watch, no webhook."""
        if not await self.has_old(behind, older_than):
            return
        async with self._database.write() as connection:
            watched = await connection.scalar(select(func.min(watches.c.seq)))
            recent = await connection.scalar(
                select(func.min(changes.c.seq)).join(operations).where(operations.c.at >= older_than)
            )
            end = await connection.scalar(
                select(func.max(changes.c.seq))
            )  # an index of another past may be ahead of it
            untold = await webhook_events.needed_from(connection)
            kept = (seq - 1 for seq in (recent, untold) if seq is not None)
            last = min(seq for seq in (behind, watched, end, *kept) if seq is not None)
            gone = await connection.execute(delete(changes).where(changes.c.seq <= last))
            if gone.rowcount:
                await statements.put_setting(connection, TRIMMED, last)

    async def has_old(self, behind: int, older_than: datetime) -> bool:
        """Whether there is anything that `trim` might forget."""
        old = select(changes.c.seq).join(operations).where(changes.c.seq <= behind, operations.c.at < older_than)
        async with self._database.read() as connection:
            return await connection.scalar(old.limit(1)) is not None
