"""There is one table of commands: whatever else names a command is level with it."""

import re
from typing import Any

import pytest
from aiogram.filters.callback_data import CallbackQueryFilter
from aiogram.types import Message, Update

from bot import keyboards
from bot.adders import Role
from bot.commands import COMMANDS, menu
from bot.handlers import create_routers
from bot.handlers.commands import HELPS
from bot.handlers.filters import Says, refuse, refuse_button
from bot.inbox import is_light
from bot.texts import LANGUAGES, text_in
from tests.bot.test_keyboards import PACKED
from tests.bot.test_texts import messages

NOT_FOR_ALL = {name for name, command in COMMANDS.items() if command.role > Role.EVERYONE}


def registered() -> list[tuple[str, object]]:
    """The commands that handlers are registered for, in the order in which they are offered a message."""
    found: list[tuple[str, object]] = []
    for router in create_routers():
        for handler in router.message.handlers:
            says = [one.callback for one in handler.filters or [] if isinstance(one.callback, Says)]
            found += [(one.command, handler.callback) for one in says]
    return found


def test_every_command_has_one_handler() -> None:
    assert sorted(name for name, handler in registered() if handler is not refuse) == sorted(COMMANDS)


def test_what_is_not_for_all_is_refused_before_it_is_done() -> None:
    first: dict[str, object] = {}
    for name, handler in registered():
        first.setdefault(name, handler)
    assert {name for name, handler in first.items() if handler is refuse} == NOT_FOR_ALL


def test_buttons_that_are_not_for_all_are_refused_before_they_do_anything() -> None:
    offered: dict[object, list[object]] = {}
    for handler in (handler for router in create_routers() for handler in router.callback_query.handlers):
        for one in handler.filters or []:
            if isinstance(one.callback, CallbackQueryFilter):
                offered.setdefault(one.callback.callback_data, []).append(handler.callback)
    refused = {kind for kind, handlers in offered.items() if handlers[0] is refuse_button and len(handlers) == 2}
    assert refused == set(keyboards.ROLES)
    by_the_inbox = {keyboards.Resume}  # before anything is handled
    assert set(offered) == {type(data) for data in PACKED.values()} - by_the_inbox


def test_light_is_what_asks_nothing_of_the_engine_that_takes_time() -> None:
    light = {name for name, command in COMMANDS.items() if command.is_light}
    assert light == {
        "start", "help", "scope", "reposts", "language", "privacy", "forget", "adder", "adders", "notify", "stats",
    }  # fmt: skip
    pressed = {"id": "1", "from": {"id": 1, "is_bot": False, "first_name": "Ada"}, "chat_instance": "1"}
    found = {
        packed: is_light(Update.model_validate({"update_id": 1, "callback_query": {**pressed, "data": packed}}))
        for packed in PACKED
    }
    assert {packed for packed in found if found[packed]} == {"l:de", "l:", "x:1001:0:9", "b:1001", "s:"}


@pytest.mark.parametrize("name", COMMANDS)
def test_light_commands_do_not_queue(name: str) -> None:
    for text in (f"/{name}", f"/{name.upper()}@pictrace_bot 3"):
        body = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}, "text": text}
        update = Update(update_id=1, message=Message.model_validate(body))
        assert is_light(update) == COMMANDS[name].is_light


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_speak_of_commands_of_the_table_only(language: str) -> None:
    t = text_in(language)
    for key, names in messages(language).items():
        text = t.plain(key, **dict.fromkeys(names, 1))
        assert set(re.findall(r"(?<![\w<./])/([a-z]+)", text)) <= set(COMMANDS), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_help_names_all_that_only_those_may_do(language: str) -> None:
    t = text_in(language)
    for key, role in {"help": Role.EVERYONE, **{key: role for role, key in HELPS.items()}}.items():
        named = set(re.findall(r"(?<![\w<])/([a-z]+)", t.plain(key)))
        assert named == {name for name, one in COMMANDS.items() if one.role is role} - {"help", "start"}, key


def test_menus_show_what_the_table_says() -> None:
    def shown(**to: Any) -> list[str]:
        return [one.command for one in menu(text_in("en"), **to)]

    for role in Role:
        assert shown(role=role) == [name for name, command in COMMANDS.items() if command.role <= role]
    assert shown() == shown(role=Role.EVERYONE)
    assert shown(groups=True) == [name for name, command in COMMANDS.items() if command.in_groups]
