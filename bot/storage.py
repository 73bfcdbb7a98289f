"""The bot's own tables, beside the library's: chats, the inbox, adders, and files that Telegram has already."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Index,
    Integer,
    MetaData,
    Row,
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
BIG_ID = BigInteger().with_variant(Integer, "sqlite")

chats = Table(
    "chats",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("language", String(8)),
    Column("tags", Text),  # that are looked among, with spaces between; empty: among all pictures
    Column("hears_additions", Boolean, nullable=False),
    Column("looks_for_reposts", Boolean, nullable=False),
)

# What is `waiting` has yet to be answered; of what is `done` only the number is kept, not the message. `left` are
# questions to a guest: a word is out, perhaps, but which message that is will only be known when its button is pressed.
inbox = Table(
    "inbox",
    metadata,
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    Column("bot_id", BigInteger, nullable=False),
    Column("state", String(8), nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("payload", Text),  # JSON, as Telegram sent it
    Column("operation_id", BIG_ID),  # of an addition that this update has begun
    Column("sent", Integer, nullable=False),  # messages of the answer that are out
    Column("inline_message_id", Text),  # of the message that a guest's answer is written into
    Column("added_from", String(48), index=True),  # the message with the /add, so that its edits add nothing again
    Column("at", DateTime(timezone=True), nullable=False),
)

# Who may add pictures and is no admin.
adders = Table(
    "adders",
    metadata,
    Column("user_id", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("allowed_by", BigInteger, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
)

telegram_files = Table(
    "telegram_files",
    metadata,
    Column("bot_id", BigInteger, primary_key=True, autoincrement=False),
    Column("image_id", BIG_ID, primary_key=True, autoincrement=False),
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
    sent: int = 0
    inline_message_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChatSettings:
    """What was chosen for a chat; `tags` are those that are looked among, none: all pictures are."""

    language: str | None = None
    tags: tuple[str, ...] = ()
    hears_additions: bool = False
    looks_for_reposts: bool = False


@dataclass(frozen=True, slots=True)
class Allowance:
    """That someone may add pictures, and the admin who has allowed it."""

    user_id: int
    name: str
    allowed_by: int


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

    async def receive(
        self, updates: Mapping[int, str], added_from: Mapping[int, str] = MappingProxyType({})
    ) -> list[int]:
        """The ids of those updates that were new. When this returns, all of them are stored to stay.

        `added_from`: the messages of those that are an /add.
        """
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
                    "sent": 0,
                    "added_from": added_from.get(update_id),
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
            query = select(inbox).where(inbox.c.state == "waiting").order_by(inbox.c.update_id)
            rows = (await connection.execute(query)).all()
        return [_waiting(row) for row in rows]

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

    async def done(self, update_ids: Sequence[int]) -> None:
        """Note that these updates are answered, and forget what they said."""
        await self._note(update_ids, state="done", payload=None, inline_message_id=None)

    async def leave(self, update_ids: Sequence[int]) -> None:
        """Note that these updates wait for a button to be pressed."""
        await self._note(update_ids, state="left")

    async def left(self, update_id: int) -> Waiting | None:
        """An update that waits for a button to be pressed."""
        query = select(inbox).where(
            inbox.c.update_id == update_id, inbox.c.bot_id == self._bot_id, inbox.c.state == "left"
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        return _waiting(row) if row else None

    async def take_up(self, update_id: int, inline_message_id: str) -> bool:
        """Note the message whose button was pressed, and becomes the answer; whether the update still waited for it."""
        mine = update(inbox).where(inbox.c.update_id == update_id, inbox.c.state == "left")
        async with self._database.write() as connection:
            noted = await connection.execute(mine.values(state="waiting", inline_message_id=inline_message_id))
        return noted.rowcount > 0

    async def note_sent(self, update_ids: Sequence[int], sent: int) -> None:
        """Note how many messages of the answer are out: after a crash only the others are sent."""
        await self._note(update_ids, sent=sent)

    async def note_operation(self, update_ids: Sequence[int], operation_id: int) -> None:
        """Note the addition that has begun: after a crash the next process continues it."""
        await self._note(update_ids, operation_id=operation_id)

    async def note_inline_message(self, update_ids: Sequence[int], inline_message_id: str) -> None:
        """Note the message that the answer to a guest is written into."""
        await self._note(update_ids, inline_message_id=inline_message_id)

    async def was_added_from(self, message: str) -> bool:
        """Whether this message came as an /add before."""
        query = select(inbox.c.update_id).where(inbox.c.added_from == message, inbox.c.bot_id == self._bot_id)
        async with self._database.read() as connection:
            return await connection.scalar(query.limit(1)) is not None

    async def forget_answered(self) -> None:
        """Drop the numbers of updates that Telegram will not send again, and what waits for its button no longer."""
        async with self._database.write() as connection:
            old = inbox.c.at < datetime.now(UTC) - KEPT
            await connection.execute(delete(inbox).where(inbox.c.state != "waiting", old))

    # --- chats

    async def chat(self, chat_id: int) -> ChatSettings:
        """What was chosen for a chat."""
        async with self._database.read() as connection:
            return await self._chat(connection, chat_id)

    async def language(self, chat_id: int) -> str | None:
        """The language that was chosen for a chat."""
        return (await self.chat(chat_id)).language

    async def set_language(self, chat_id: int, language: str | None) -> None:
        """Choose a language for a chat; None: leave it to Telegram again."""
        await self.change_chat(chat_id, language=language)

    async def change_chat(self, chat_id: int, **changes: Any) -> None:
        """Choose something else for a chat: fields of ChatSettings."""
        async with self._database.write() as connection:
            await self._write_chat(connection, chat_id, replace(await self._chat(connection, chat_id), **changes))

    async def forget_chat(self, chat_id: int) -> None:
        """Forget all that was chosen for a chat."""
        async with self._database.write() as connection:
            await self._write_chat(connection, chat_id, ChatSettings())

    async def move_chat(self, chat_id: int, new: int) -> None:
        """Keep what was chosen for a group that has become a supergroup, under another id."""
        async with self._database.write() as connection:
            chosen = await self._chat(connection, chat_id)
            await self._write_chat(connection, chat_id, ChatSettings())
            if chosen != ChatSettings():
                await self._write_chat(connection, new, chosen)

    async def chats_where(self, field: str) -> list[int]:
        """The chats that have chosen one of the fields of ChatSettings that can only be chosen or not."""
        async with self._database.read() as connection:
            return list((await connection.scalars(select(chats.c.chat_id).where(chats.c[field]))).all())

    # --- adders

    async def adders(self) -> list[Allowance]:
        """Who may add and is no admin, in the order in which they were allowed to."""
        async with self._database.read() as connection:
            rows = await connection.execute(select(adders).order_by(adders.c.at, adders.c.user_id))
            return [Allowance(row.user_id, row.name, row.allowed_by) for row in rows]

    async def allow_adding(self, allowed: Allowance) -> None:
        """From now on someone may add."""
        async with self._database.write() as connection:
            await connection.execute(delete(adders).where(adders.c.user_id == allowed.user_id))
            await connection.execute(insert(adders).values(**asdict(allowed), at=datetime.now(UTC)))

    async def forbid_adding(self, user_id: int) -> None:
        """From now on someone may not add."""
        async with self._database.write() as connection:
            await connection.execute(delete(adders).where(adders.c.user_id == user_id))

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

    async def _note(self, update_ids: Sequence[int], **values: Any) -> None:
        async with self._database.write() as connection:
            await connection.execute(update(inbox).where(inbox.c.update_id.in_(update_ids)).values(**values))

    @staticmethod
    async def _chat(connection: AsyncConnection, chat_id: int) -> ChatSettings:
        row = (await connection.execute(select(chats).where(chats.c.chat_id == chat_id))).first()
        if row is None:
            return ChatSettings()
        tags = tuple((row.tags or "").split())
        return ChatSettings(row.language, tags, row.hears_additions, row.looks_for_reposts)

    @staticmethod
    async def _write_chat(connection: AsyncConnection, chat_id: int, chosen: ChatSettings) -> None:
        await connection.execute(delete(chats).where(chats.c.chat_id == chat_id))
        if chosen != ChatSettings():
            values = asdict(chosen) | {"tags": " ".join(chosen.tags) or None}
            await connection.execute(insert(chats).values(chat_id=chat_id, **values))


def _waiting(row: Row[Any]) -> Waiting:
    return Waiting(row.update_id, row.payload, row.attempts, row.operation_id, row.sent, row.inline_message_id)
