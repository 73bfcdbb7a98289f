"""Which handler a question is for, and who is refused."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiogram import Router
from aiogram.filters import BaseFilter
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, Message

from bot import keyboards
from bot.adders import Role
from bot.addressing import command_in, is_addressed
from bot.asked import words_of
from bot.commands import COMMANDS, withdraw
from bot.conversation import Conversation

# aiogram hands over by name: `talk`, and `spoken` to a command's handler, `callback_data` to a button's.
Handler = Callable[..., Awaitable[None]]
REFUSALS = {Role.ADDER: "adders-only", Role.ADMIN: "admins-only"}


@dataclass(frozen=True, slots=True)
class Spoken:
    """A command: the message that it is in, which may be any of an album, and what was written after it."""

    message: Message
    words: str


class Says(BaseFilter):
    """Whether a command is in the text, or under any picture of an album."""

    def __init__(self, command: str) -> None:
        self.command = command

    async def __call__(self, event: Message, talk: Conversation) -> bool | dict[str, Any]:
        me = talk.parts.me
        for message in talk.turn.messages:
            # What someone else wrote and was forwarded is no command, whoever forwards it.
            if message.forward_origin or command_in(message.text or message.caption) != self.command:
                continue
            if is_addressed(message, me):
                return {"spoken": Spoken(message, words_of(message, me))}
        return False


def on_commands(router: Router, handlers: Mapping[str, Handler]) -> None:
    """Register handlers by the names of their commands; they refuse those who may not use them."""
    for name, handler in handlers.items():
        if (role := COMMANDS[name].role) is not Role.EVERYONE:
            router.message.register(refuse, Says(name), Below(role))
        router.message.register(handler, Says(name))


def on_buttons(router: Router, handlers: Mapping[type[CallbackData], Handler]) -> None:
    """Register handlers by the kinds of their buttons; they refuse those who may not press them."""
    for kind, handler in handlers.items():
        if role := keyboards.ROLES.get(kind):
            router.callback_query.register(refuse_button, kind.filter(), Below(role))
        router.callback_query.register(handler, kind.filter())


class Below(BaseFilter):
    """Whether someone may do less than this role."""

    def __init__(self, role: Role) -> None:
        self.role = role

    async def __call__(self, event: Message | CallbackQuery, talk: Conversation) -> bool | dict[str, Any]:
        return {"needed": self.role} if talk.role < self.role else False


async def refuse(event: Message, talk: Conversation, needed: Role) -> None:
    await talk.say(talk.t(REFUSALS[needed]))
    if event.chat.type == "private":
        await withdraw(talk.parts.bot, event.chat.id, await talk.parts.storage.language(event.chat.id), talk.role)


async def refuse_button(event: CallbackQuery, talk: Conversation, needed: Role) -> None:
    await talk.toast(talk.t.plain(REFUSALS[needed]), alert=True)
