"""Who may do what: admins are in the settings, adders are those whom admins let add."""

from collections.abc import Collection
from dataclasses import replace
from enum import IntEnum

from aiogram.types import User

from bot.storage import Allowance, BotStorage


class Role(IntEnum):
    """What someone may do; each may do what the ones before may."""

    EVERYONE = 0
    ADDER = 1
    ADMIN = 2


class Adders:
    """Knows the adders without asking the database; one bot answers on a library, so that nobody else changes them."""

    def __init__(self, storage: BotStorage, admin_ids: Collection[int]) -> None:
        self._storage = storage
        self._admin_ids = frozenset(admin_ids)
        self._adders: dict[int, Allowance] = {}

    async def load(self) -> None:
        """Read who they are; once, before anything is answered."""
        self._adders = {one.user_id: one for one in await self._storage.adders()}

    def role(self, user_id: int) -> Role:
        if user_id in self._admin_ids:
            return Role.ADMIN
        return Role.ADDER if user_id in self._adders else Role.EVERYONE

    def all(self) -> list[Allowance]:
        """In the order in which they were allowed to add."""
        return list(self._adders.values())

    def name_of(self, user_id: int) -> str | None:
        """What an adder is called."""
        adder = self._adders.get(user_id)
        return adder.name if adder else None

    async def allow(self, allowed: Allowance) -> None:
        """From now on someone may add, and undo their own additions."""
        await self._storage.allow_adding(allowed)
        self._adders.pop(allowed.user_id, None)
        self._adders[allowed.user_id] = allowed

    async def met(self, person: User) -> None:
        """An adder whom an admin has named by the id alone has a name now; or another."""
        known = self._adders.get(person.id)
        if known and known.name != person.full_name:
            await self.allow(replace(known, name=person.full_name))

    async def forbid(self, user_id: int) -> Allowance | None:
        """From now on someone may not; None where they might not before."""
        await self._storage.forbid_adding(user_id)
        return self._adders.pop(user_id, None)
