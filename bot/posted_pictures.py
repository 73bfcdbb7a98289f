"""What is kept of the pictures of groups that want to know what was posted before: no file, no text, no name."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    delete,
    func,
    insert,
    select,
    update,
)

from bot.storage import BIG_ID, BotStorage, metadata
from engine import Database, Fingerprint

MOST = 20_000  # pictures of one chat, the latest
SIGN = 1 << 63  # a hash is written as a signed number

posted_pictures = Table(
    "posted_pictures",
    metadata,
    Column("id", BIG_ID, primary_key=True),
    Column("bot_id", BigInteger, nullable=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("message_id", BigInteger),  # empty: of a group that has become a supergroup since, where no link leads to it
    Column("file_id", Text, nullable=False),  # for this bot only
    Column("phash", BigInteger),
    Column("network", Text, nullable=False),
    Column("vector", LargeBinary, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, index=True),
    UniqueConstraint("chat_id", "message_id", name="uq_posted_pictures_message"),
)


@dataclass(frozen=True, slots=True)
class PostedPicture:
    """A picture that was posted in a group."""

    chat_id: int
    message_id: int | None
    file_id: str
    fingerprint: Fingerprint
    at: datetime


class PostedPictures:
    """Reads and changes what one bot keeps of them."""

    def __init__(self, database: Database, bot_id: int) -> None:
        self._database = database
        self._bot_id = bot_id

    async def remember(self, picture: PostedPicture) -> None:
        """Keep one; what was kept of the same message before, by a process that died, is replaced."""
        mine = posted_pictures.c
        phash = picture.fingerprint.phash
        async with self._database.write() as connection:
            same = (mine.chat_id == picture.chat_id) & (mine.message_id == picture.message_id)
            await connection.execute(delete(posted_pictures).where(same))
            await connection.execute(
                insert(posted_pictures).values(
                    bot_id=self._bot_id,
                    chat_id=picture.chat_id,
                    message_id=picture.message_id,
                    file_id=picture.file_id,
                    phash=None if phash is None else phash - SIGN,
                    network=picture.fingerprint.network,
                    vector=picture.fingerprint.vector,
                    at=picture.at,
                )
            )

    async def of(self, chat_id: int) -> list[PostedPicture]:
        """The pictures of a chat, the earliest first."""
        mine = posted_pictures.c
        query = select(posted_pictures).where(mine.chat_id == chat_id, mine.bot_id == self._bot_id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(mine.at.desc(), mine.id.desc()).limit(MOST))).all()
        return [
            PostedPicture(
                row.chat_id,
                row.message_id,
                row.file_id,
                Fingerprint(row.network, None if row.phash is None else row.phash + SIGN, row.vector),
                row.at.replace(tzinfo=UTC),
            )
            for row in reversed(rows)
        ]

    async def forget(self, chat_id: int) -> int:
        """Forget all pictures of a chat; how many that were."""
        mine = posted_pictures.c.chat_id == chat_id
        async with self._database.write() as connection:
            count = await connection.scalar(select(func.count()).select_from(posted_pictures).where(mine))
            await connection.execute(delete(posted_pictures).where(mine))
        return count or 0

    async def forget_old(self, days: int) -> None:
        """Forget what was posted longer ago than that."""
        old = posted_pictures.c.at < datetime.now(UTC) - timedelta(days=days)
        async with self._database.write() as connection:
            await connection.execute(delete(posted_pictures).where(old))

    async def move(self, chat_id: int, new: int) -> None:
        """A group has become a supergroup, in which its messages have no numbers."""
        mine = update(posted_pictures).where(posted_pictures.c.chat_id == chat_id)
        async with self._database.write() as connection:
            await connection.execute(mine.values(chat_id=new, message_id=None))


class RepostGroups:
    """The groups whose administrators want to know what was posted before; known without asking the database."""

    def __init__(self, storage: BotStorage, posted: PostedPictures) -> None:
        self._storage = storage
        self._posted = posted
        self.ids: set[int] = set()

    async def load(self) -> None:
        """Read which they are; once, before anything is received."""
        self.ids.update(await self._storage.chats_where("looks_for_reposts"))

    async def begin(self, chat_id: int) -> None:
        """From now on the pictures of a group are looked at."""
        await self._storage.change_chat(chat_id, looks_for_reposts=True)
        self.ids.add(chat_id)

    async def end(self, chat_id: int) -> int:
        """They are looked at no longer, and forgotten; of how many something was kept."""
        self.ids.discard(chat_id)
        await self._storage.change_chat(chat_id, looks_for_reposts=False)
        return await self._posted.forget(chat_id)

    async def move(self, chat_id: int, new: int) -> None:
        """A group has become a supergroup."""
        if chat_id in self.ids:
            self.ids.discard(chat_id)
            self.ids.add(new)
        await self._posted.move(chat_id, new)
