"""Which handler a question is for."""

from typing import Any

from aiogram.filters import BaseFilter
from aiogram.types import Message, User

from bot.asked import words_of
from bot.courtesy import is_addressed
from bot.inbox import Turn


class Says(BaseFilter):
    """A command, in the text or under any picture of an album; gives `asking`, the message
    with it, and `words`, what was written after it."""

    def __init__(self, *commands: str) -> None:
        self._commands = commands

    async def __call__(self, message: Message, turn: Turn, me: User) -> bool | dict[str, Any]:
        for one in turn.messages:
            said = (one.text or one.caption or "").split(maxsplit=1)
            # What someone else wrote and was forwarded is no command, whoever forwards it.
            if not said or not said[0].startswith("/") or one.forward_origin or not is_addressed(one, me):
                continue
            if said[0][1:].partition("@")[0].lower() in self._commands:
                return {"asking": one, "words": words_of(one, me)}
        return False
