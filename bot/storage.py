"""The bot's own tables, beside the library's: chats, the inbox, and files that Telegram has already."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from engine import Database

KEPT = timedelta(days=2)  # Telegram sends an update again for at most a day

metadata = MetaData(naming_convention={"ix": "ix_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"})
_BigId = BigInteger().with_variant(Integer, "sqlite")

chats = Table(
    "chats",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("language", String(8), nullable=False),
)

# `waiting` and `half` have yet to be answered; of those that are `done` only the number is kept, not the message.
inbox = Table(
    "inbox",
    metadata,
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    Column("bot_id", BigInteger, nullable=False),
    Column("state", String(8), nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("payload", Text),  # JSON, as Telegram sent it
    Column("operation_id", _BigId),  # of an addition that this update has begun
    Column("at", DateTime(timezone=True), nullable=False),
)

telegram_files = Table(
    "telegram_files",
    metadata,
    Column("bot_id", BigInteger, primary_key=True, autoincrement=False),
    Column("image_id", _BigId, primary_key=True, autoincrement=False),
    Column("file_id", Text, nullable=False),  # for this bot only
    Column("unique_id", Text, nullable=False),  # the same in every message that shows it
    Index("ix_telegram_files_unique_id", "unique_id"),
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An update that has yet to be answered. `attempts`: how many processes began to answer it, and died."""

    update_id: int
    payload: str
    attempts: int
    operation_id: int | None
    has_album: bool


@dataclass(frozen=True, slots=True)
class SentFile:
    """A picture of the library as Telegram has it."""

    image_id: int
    file_id: str
    unique_id: str


class BotStorage:
    """Reads and changes the tables of one bot."""

    def __init__(self, database: Database, bot_id: int) -> None:
        self._database = database
        self._bot_id = bot_id

    # --- inbox

    async def receive(self, updates: dict[int, str]) -> list[int]:
        """The ids of those updates that were new. When this returns, all of them are stored to stay."""
        async with self._database.write() as connection:
            known = set(
                (await connection.scalars(select(inbox.c.update_id).where(inbox.c.update_id.in_(updates)))).all()
            )
            new = [update_id for update_id in updates if update_id not in known]
            rows = [
                {
                    "update_id": update_id,
                    "bot_id": self._bot_id,
                    "state": "waiting",
                    "attempts": 0,
                    "payload": updates[update_id],
                    "at": datetime.now(UTC),
                }
                for update_id in new
            ]
            if rows:
                await connection.execute(insert(inbox), rows)
        return new

    async def unanswered(self) -> list[Waiting]:
        """The updates that an earlier process has left, oldest first. Those of another bot are dropped."""
        async with self._database.write() as connection:
            await connection.execute(delete(inbox).where(inbox.c.bot_id != self._bot_id))
            query = select(inbox).where(inbox.c.state != "done").order_by(inbox.c.update_id)
            rows = (await connection.execute(query)).all()
        return [
            Waiting(row.update_id, row.payload, row.attempts, row.operation_id, row.state == "half") for row in rows
        ]

    async def begin(self, update_ids: Sequence[int]) -> None:
        """Note that these updates are being worked on from now."""
        async with self._database.write() as connection:
            mine = update(inbox).where(inbox.c.update_id.in_(update_ids))
            await connection.execute(mine.values(attempts=inbox.c.attempts + 1))

    async def put_back(self, update_ids: Sequence[int]) -> None:
        """Note that these updates were not answered, for a reason that is not in them: the attempt does not count."""
        async with self._database.write() as connection:
            mine = update(inbox).where(inbox.c.update_id.in_(update_ids), inbox.c.attempts > 0)
            await connection.execute(mine.values(attempts=inbox.c.attempts - 1))

    async def half_done(self, update_ids: Sequence[int]) -> None:
        """Note that the album of the answer is out, and the message with the buttons is not."""
        async with self._database.write() as connection:
            mine = update(inbox).where(inbox.c.update_id.in_(update_ids))
            await connection.execute(mine.values(state="half"))

    async def done(self, update_ids: Sequence[int]) -> None:
        """Note that these updates are answered, and forget what they said."""
        async with self._database.write() as connection:
            mine = update(inbox).where(inbox.c.update_id.in_(update_ids))
            await connection.execute(mine.values(state="done", payload=None))

    async def note_operation(self, update_ids: Sequence[int], operation_id: int) -> None:
        """Note the addition that has begun: after a crash the next process continues it."""
        async with self._database.write() as connection:
            mine = update(inbox).where(inbox.c.update_id.in_(update_ids))
            await connection.execute(mine.values(operation_id=operation_id))

    async def forget_answered(self) -> None:
        """Drop the numbers of updates that Telegram will not send again."""
        async with self._database.write() as connection:
            old = inbox.c.at < datetime.now(UTC) - KEPT
            await connection.execute(delete(inbox).where(inbox.c.state == "done", old))

    # --- chats

    async def language(self, chat_id: int) -> str | None:
        """The language that was chosen for a chat."""
        async with self._database.read() as connection:
            found: str | None = await connection.scalar(select(chats.c.language).where(chats.c.chat_id == chat_id))
        return found

    async def set_language(self, chat_id: int, language: str | None) -> None:
        """Choose a language for a chat; None: leave it to Telegram again."""
        async with self._database.write() as connection:
            await connection.execute(delete(chats).where(chats.c.chat_id == chat_id))
            if language:
                await connection.execute(insert(chats).values(chat_id=chat_id, language=language))

    async def move_chat(self, chat_id: int, new: int) -> None:
        """Keep the language of a group that has become a supergroup, under another id."""
        language = await self.language(chat_id)
        await self.set_language(chat_id, None)
        if language:
            await self.set_language(new, language)

    # --- files

    async def files(self, image_ids: Iterable[int]) -> dict[int, str]:
        """The file ids of pictures that this bot has sent before."""
        query = select(telegram_files).where(
            telegram_files.c.bot_id == self._bot_id, telegram_files.c.image_id.in_(list(image_ids))
        )
        async with self._database.read() as connection:
            return {row.image_id: row.file_id for row in await connection.execute(query)}

    async def remember_files(self, sent: Sequence[SentFile]) -> None:
        """Note the file ids of pictures that Telegram has now."""
        if not sent:
            return
        rows = [
            {"bot_id": self._bot_id, "image_id": one.image_id, "file_id": one.file_id, "unique_id": one.unique_id}
            for one in {one.image_id: one for one in sent}.values()  # an album may show a picture twice
        ]
        async with self._database.write() as connection:
            await self._forget(connection, [one.image_id for one in sent])
            await connection.execute(insert(telegram_files), rows)

    async def forget_files(self, image_ids: Sequence[int]) -> None:
        """Forget file ids that Telegram does not know (any more)."""
        async with self._database.write() as connection:
            await self._forget(connection, image_ids)

    async def image_of(self, unique_id: str) -> int | None:
        """The picture of the library that a file in Telegram shows, where the bot has sent it."""
        mine = (telegram_files.c.bot_id == self._bot_id) & (telegram_files.c.unique_id == unique_id)
        async with self._database.read() as connection:
            found: int | None = await connection.scalar(select(telegram_files.c.image_id).where(mine))
        return found

    async def _forget(self, connection: AsyncConnection, image_ids: Sequence[int]) -> None:
        mine = (telegram_files.c.bot_id == self._bot_id) & telegram_files.c.image_id.in_(image_ids)
        await connection.execute(delete(telegram_files).where(mine))
