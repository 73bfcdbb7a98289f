"""What is kept of a query when someone asks for it: verdicts and watches.

A subscriber is an opaque name that a door gives to whom it speaks with, e.g. `telegram:1234`.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, delete, func, insert, select, update

from engine.domain import Features, Match, NetworkRef, Tally, Vector, Watch
from engine.storage import clock, codec, statements, webhook_events
from engine.storage.database import Database
from engine.storage.tables import changes, images, verdicts, watches

NEAR_HASH = 6  # bits: the same picture, saved again


class Subscribers:
    """Reads and changes the verdicts and watches of one library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- verdicts

    async def judge(self, subscriber: str, query: Features, image_id: int, *, right: bool) -> None:
        """Remember a verdict on a pair; the last one counts."""
        pair = {"subscriber": subscriber, "query_sha256": query.sha256, "image_id": image_id}
        said = {"query_phash": _signed(query.phash), "is_right": right, "at": clock.now()}
        async with self._database.write() as connection:
            statement = statements.upsert(connection, verdicts).values(**pair, **said)
            await connection.execute(statement.on_conflict_do_update(index_elements=list(pair), set_=said))

    async def called_wrong(self, subscriber: str, query: Features) -> frozenset[int]:
        """Ids of the pictures that this subscriber has called wrong for this query, or for it saved again."""
        query_of = select(verdicts).where(verdicts.c.subscriber == subscriber, ~verdicts.c.is_right)
        async with self._database.read() as connection:
            rows = (await connection.execute(query_of)).all()
        return frozenset(row.image_id for row in rows if _is_same(row.query_sha256, row.query_phash, query))

    async def tally(self) -> Tally:
        """How many verdicts and watches there are."""
        async with self._database.read() as connection:
            counted = select(verdicts.c.is_right, func.count()).group_by(verdicts.c.is_right)
            said: dict[bool, int] = {bool(is_right): n for is_right, n in (await connection.execute(counted)).all()}
            waiting = int(await connection.scalar(select(func.count()).select_from(watches)) or 0)
        return Tally(said.get(True, 0), said.get(False, 0), waiting)

    # --- watches

    async def watch(
        self, subscriber: str, query: Features, vectors: Vector, network: NetworkRef, seq: int, reference: str
    ) -> Watch:
        """Wait for a picture; asked for again, the same watch. `vectors` (n, dimensions)."""
        same = select(watches.c.id).where(watches.c.subscriber == subscriber, watches.c.query_sha256 == query.sha256)
        async with self._database.write() as connection:
            watch_id = await connection.scalar(same)
            if watch_id is None:
                inserted = await connection.execute(
                    insert(watches).values(
                        subscriber=subscriber,
                        reference=reference,
                        query_sha256=query.sha256,
                        query_phash=_signed(query.phash),
                        network=network.name,
                        version=network.version,
                        vectors=codec.vector_to_bytes(vectors),
                        seq=seq,
                        at=clock.now(),
                    )
                )
                watch_id = int(inserted.inserted_primary_key[0])  # type: ignore[index]
            row = (await connection.execute(select(watches).where(watches.c.id == watch_id))).one()
        return _watch(row)

    async def watches(self, *, behind: int | None = None, subscriber: str | None = None) -> list[Watch]:
        """Watches in order of their age: those not compared up to `behind` yet, those of one subscriber."""
        query: Select[Any] = select(watches).order_by(watches.c.id)
        if behind is not None:
            query = query.where(watches.c.seq < behind)
        if subscriber is not None:
            query = query.where(watches.c.subscriber == subscriber)
        async with self._database.read() as connection:
            return [_watch(row) for row in await connection.execute(query)]

    async def came_after(self, seq: int) -> list[int]:
        """Ids of live pictures that were added or restored after `seq`."""
        query = (
            select(changes.c.image_id)
            .join(images, images.c.id == changes.c.image_id)
            .where(changes.c.seq > seq, changes.c.kind.in_(("added", "restored")), images.c.deleted_at.is_(None))
            .distinct()
            .order_by(changes.c.image_id)
        )
        async with self._database.read() as connection:
            return list((await connection.scalars(query)).all())

    async def compared(self, ids: Sequence[int], seq: int) -> None:
        """These watches have been compared with the library up to `seq`."""
        async with self._database.write() as connection:
            for part in statements.chunks(ids):
                await connection.execute(update(watches).where(watches.c.id.in_(part)).values(seq=seq))

    async def unwatch(self, watch_id: int, subscriber: str, found: Match | None = None) -> bool:
        """Wait no longer; False where it was no longer waited for. What was `found` is told to the webhook."""
        mine = (watches.c.id == watch_id) & (watches.c.subscriber == subscriber)
        async with self._database.write() as connection:
            row = (await connection.execute(select(watches).where(mine))).first()
            if row is None:
                return False
            await connection.execute(delete(watches).where(mine))
            if found:
                await webhook_events.put_hit(connection, row, found.image.id, found.score)
        return True

    async def forget(self, subscriber: str) -> Tally:
        """Delete all that is kept for a subscriber; returns how much that was."""
        gone = {}
        async with self._database.write() as connection:
            right = delete(verdicts).where(verdicts.c.subscriber == subscriber, verdicts.c.is_right)
            gone["right"] = (await connection.execute(right)).rowcount
            wrong = delete(verdicts).where(verdicts.c.subscriber == subscriber)
            gone["wrong"] = (await connection.execute(wrong)).rowcount
            waiting = delete(watches).where(watches.c.subscriber == subscriber)
            gone["watches"] = (await connection.execute(waiting)).rowcount
        return Tally(**gone)

    async def rename(self, subscriber: str, new: str) -> None:
        """What is kept for one is from now on kept for another; what both have said or wait for stays the other's."""
        async with self._database.write() as connection:
            theirs = verdicts.alias()
            said_too = (
                select(theirs.c.id)
                .where(
                    theirs.c.subscriber == new,
                    theirs.c.query_sha256 == verdicts.c.query_sha256,
                    theirs.c.image_id == verdicts.c.image_id,
                )
                .exists()
            )
            await connection.execute(delete(verdicts).where(verdicts.c.subscriber == subscriber, said_too))
            waiting = select(watches.c.query_sha256).where(watches.c.subscriber == new)
            waited_too = delete(watches).where(watches.c.subscriber == subscriber, watches.c.query_sha256.in_(waiting))
            await connection.execute(waited_too)
            for table in (verdicts, watches):
                await connection.execute(update(table).where(table.c.subscriber == subscriber).values(subscriber=new))


def _watch(row: Any) -> Watch:
    return Watch(
        id=row.id,
        subscriber=row.subscriber,
        reference=row.reference,
        query_sha256=row.query_sha256,
        query_phash=None if row.query_phash is None else codec.unsigned(row.query_phash),
        network=NetworkRef(row.network, row.version),
        vectors=row.vectors,
        seq=row.seq,
    )


def _is_same(sha256: str, phash: int | None, query: Features) -> bool:
    if sha256 == query.sha256:
        return True
    if phash is None or query.phash is None:
        return False
    return (codec.unsigned(phash) ^ query.phash).bit_count() <= NEAR_HASH


def _signed(phash: int | None) -> int | None:
    return None if phash is None else codec.signed(phash)
