"""The one table of commands, and the menus that Telegram shows of it.

A command needs its row here, its handler in `handlers/`, its line `command-NAME` in each of `locales/`, and its row in
`docs/bot.md`; tests fail for what is missing.
"""

import logging
from dataclasses import dataclass

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    BotCommandScopeUnion,
)

from bot.adders import Role
from bot.texts import DEFAULT, LANGUAGES, Text, text_in

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Command:
    """Who may use a command at least, and how it is treated.

    `in_groups`: the menu of groups shows it too. `is_light`: it asks nothing of the engine that takes time, and does
    not wait behind pictures.
    """

    role: Role = Role.EVERYONE
    in_groups: bool = False
    is_light: bool = False


COMMANDS = {
    "find": Command(in_groups=True),
    "scope": Command(in_groups=True, is_light=True),
    "reposts": Command(in_groups=True, is_light=True),
    "help": Command(in_groups=True, is_light=True),
    "language": Command(in_groups=True, is_light=True),
    "privacy": Command(in_groups=True, is_light=True),
    "forget": Command(is_light=True),
    "start": Command(is_light=True),
    "add": Command(Role.ADDER),
    "undo": Command(Role.ADDER),
    "remove": Command(Role.ADMIN),
    "retitle": Command(Role.ADMIN),
    "history": Command(Role.ADMIN),
    "adder": Command(Role.ADMIN, is_light=True),
    "adders": Command(Role.ADMIN, is_light=True),
    "notify": Command(Role.ADMIN, is_light=True),
    "stats": Command(Role.ADMIN, is_light=True),
}


def menu(t: Text, *, groups: bool = False, role: Role = Role.EVERYONE) -> list[BotCommand]:
    """The commands that someone is shown."""
    return [
        BotCommand(command=name, description=t.plain(f"command-{name}"))
        for name, command in COMMANDS.items()
        if command.role <= role and (command.in_groups or not groups)
    ]


async def publish(bot: Bot) -> None:
    """Tell Telegram everyone's menus, and what the bot is for, in every language."""
    for language in LANGUAGES:
        t = text_in(language)
        code = None if language == DEFAULT else language
        for scope, groups in ((BotCommandScopeAllPrivateChats(), False), (BotCommandScopeAllGroupChats(), True)):
            await _set(bot, menu(t, groups=groups), scope, code)
        try:
            await bot.set_my_description(t.plain("bot-description"), language_code=code)
            await bot.set_my_short_description(t.plain("bot-short-description"), language_code=code)
        except TelegramAPIError as error:
            logger.warning("the bot's description could not be set: %s", error)


async def publish_to(bot: Bot, chat_id: int, chosen: str | None, *, groups: bool, role: Role) -> None:
    """One chat's own menu, in the language chosen for it; None: Telegram's language."""
    scope = BotCommandScopeChat(chat_id=chat_id)
    for language in LANGUAGES:
        code = None if language == DEFAULT else language
        if chosen is None and role is Role.EVERYONE:
            try:
                await bot.delete_my_commands(scope, language_code=code)
            except TelegramAPIError as error:
                logger.info("a menu could not be taken back: %s", error)
            continue
        await _set(bot, menu(text_in(chosen or language), groups=groups, role=role), scope, code)


async def withdraw(bot: Bot, chat_id: int, chosen: str | None, role: Role) -> None:
    """Take from a private chat the menu of someone who might do more once than now."""
    try:
        shown = await bot.get_my_commands(scope=BotCommandScopeChat(chat_id=chat_id))
    except TelegramAPIError as error:
        logger.info("a menu could not be looked at: %s", error)
        return
    if any(COMMANDS[one.command].role > role for one in shown if one.command in COMMANDS):
        await publish_to(bot, chat_id, chosen, groups=False, role=role)


async def _set(bot: Bot, commands: list[BotCommand], scope: BotCommandScopeUnion, code: str | None) -> None:
    try:
        await bot.set_my_commands(commands, scope, language_code=code)
    except TelegramBadRequest as error:
        # An admin who has never written to the bot; their menu comes with their /start.
        logger.info("a menu was not taken: %s", error.message)
    except TelegramAPIError as error:
        logger.warning("a menu could not be set: %s", error)
