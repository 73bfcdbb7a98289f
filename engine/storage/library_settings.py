"""What a library knows of itself: its mark, its network, and what others keep with it."""

import secrets
from typing import Any

from sqlalchemy import delete, select

from engine.domain import (
    NetworkRef,
)
from engine.storage import statements
from engine.storage.database import Database
from engine.storage.statements import NETWORK, NEXT_NETWORK, Operation
from engine.storage.tables import (
    embeddings,
    settings,
)

IDENTITY = "identity"  # key of a library's own mark in its settings


class LibrarySettings:
    """Reads and changes the settings of one library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, key: str) -> Any:
        async with self._database.read() as connection:
            return await connection.scalar(select(settings.c.value).where(settings.c.key == key))

    async def put(self, key: str, value: Any) -> None:
        async with self._database.write() as connection:
            await statements.put_setting(connection, key, value)

    async def identity(self) -> str:
        """What tells this library from every other, in whichever database it is."""
        if known := await self.get(IDENTITY):
            return str(known)
        async with self._database.write() as connection:
            await statements.put_setting(connection, IDENTITY, secrets.token_hex(16), overwrite=False)
        return str(await self.get(IDENTITY))

    async def start_library(self, network: NetworkRef) -> NetworkRef:
        """Give a new library its network; returns the one that it has."""
        async with self._database.write() as connection:
            await statements.put_setting(connection, NETWORK, statements.network_value(network), overwrite=False)
            head = await statements.head(connection)
        assert head.network
        return head.network

    async def set_next_network(self, network: NetworkRef | None) -> None:
        """From now on additions get embeddings of this network too (None: no longer)."""
        async with self._database.write() as connection:
            await statements.put_setting(
                connection, NEXT_NETWORK, statements.network_value(network) if network else None
            )

    async def switch_network(self, network: NetworkRef, actor: str) -> bool:
        """Make `network` the library's own if every live picture has its embedding; drops all others.

        Every process changes over at the `seq` of this change. False: some embeddings are still missing.
        """
        async with self._database.write() as connection:
            if await connection.scalar(statements.lacking(network).limit(1)) is not None:
                return False
            await statements.put_setting(connection, NETWORK, statements.network_value(network))
            await statements.put_setting(connection, NEXT_NETWORK, None)
            await connection.execute(delete(embeddings).where(~statements.made_by(network)))
            await statements.record(connection, Operation("reembed", actor), [(None, "reembedded", None)])
        return True
