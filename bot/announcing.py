"""Tells the chats that want to hear of it what somebody has added."""

import logging
from dataclasses import dataclass
from functools import partial

from aiogram.exceptions import TelegramAPIError

from bot import keyboards
from bot.adders import Adders, Role
from bot.addressing import ReplyPlace
from bot.answers import Answers
from bot.inbox import Turn
from bot.storage import BotStorage
from bot.texts import DEFAULT, text_in

logger = logging.getLogger(__name__)

NAMED = 20  # pictures in one notice


@dataclass(frozen=True, slots=True)
class Addition:
    """What was added by whom, as one operation, and where."""

    user_id: int
    name: str
    chat_id: int
    images: list[int]
    operation_id: int


class Announcing:
    """Sends the notices."""

    def __init__(self, answers: Answers, storage: BotStorage, adders: Adders) -> None:
        self._answers = answers
        self._storage = storage
        self._adders = adders

    async def tell(self, turn: Turn, addition: Addition) -> None:
        """Tell every chat that hears of additions, but the one in which it was added."""
        for chat_id in await self._storage.chats_where("hears_additions"):
            if chat_id != addition.chat_id and self._may_hear(chat_id):
                await turn.once(partial(self._tell, chat_id, addition))

    def _may_hear(self, chat_id: int) -> bool:
        """Whether a chat is a group, or that of somebody who still is an admin."""
        return chat_id < 0 or self._adders.role(chat_id) is Role.ADMIN

    async def _tell(self, chat_id: int, addition: Addition) -> None:
        t = text_in(await self._storage.language(chat_id) or DEFAULT)
        ids = t.plain("list-separator").join(map(str, addition.images[:NAMED]))
        more = "…" if len(addition.images) > NAMED else ""
        text = t("heard-added", name=addition.name, count=len(addition.images), ids=ids + more)
        undoing = keyboards.keyboard([keyboards.undo(t, addition.operation_id)])
        try:
            await self._answers.say(ReplyPlace(chat_id), text, undoing)
        except TelegramAPIError as error:  # whoever has added is not to wait for that
            logger.warning("chat %d could not be told of an addition: %s", chat_id, error.message)
