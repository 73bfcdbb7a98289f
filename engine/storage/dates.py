"""When pictures were taken: put down for those whose files no PicTrace has asked yet."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select, update

from engine.domain import StoredImage
from engine.pictures import taking
from engine.storage import statements
from engine.storage.database import Database
from engine.storage.tables import images

_LACKS = (images.c.deleted_at.is_(None), images.c.taken_version < taking.VERSION)


class Dates:
    """Reads and changes the dates of the pictures of one library; these are in no change feed, for no index asks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def lacking(self, limit: int, *, after: int = 0) -> list[StoredImage]:
        """Some live pictures whose files are yet to be asked, with ids above `after`, in order."""
        query = select(images).where(*_LACKS, images.c.id > after).order_by(images.c.id).limit(limit)
        async with self._database.read() as connection:
            return [statements.image(row) for row in await connection.execute(query)]

    async def pass_over(self, media_types: Sequence[str]) -> None:
        """Pictures of these kinds need not be asked."""
        which = (*_LACKS, images.c.media_type.in_(media_types))
        async with self._database.read() as connection:
            if await connection.scalar(select(images.c.id).where(*which).limit(1)) is None:
                return
        async with self._database.write() as connection:
            await connection.execute(update(images).where(*which).values(taken_version=taking.VERSION))

    async def put(self, dates: dict[int, str | None]) -> None:
        """What the files of pictures say."""
        if not dates:
            return
        which = update(images).where(images.c.id == bindparam("dated_id"))
        told = {"taken_at": bindparam("taken_at"), "taken_version": taking.VERSION}
        rows = [{"dated_id": image_id, "taken_at": date} for image_id, date in dates.items()]
        async with self._database.write() as connection:
            await connection.execute(which.values(told), rows)
