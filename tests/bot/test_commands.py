"""There is one table of commands: whatever else names a command is level with it."""

import re

import pytest
from aiogram.filters.callback_data import CallbackQueryFilter
from aiogram.types import Message, Update

from bot import keyboards
from bot.commands import COMMANDS, menu
from bot.handlers import create_routers
from bot.handlers.filters import Says, refuse, refuse_button
from bot.inbox import is_light
from bot.texts import LANGUAGES, text_in
from tests.bot.test_keyboards import PACKED
from tests.bot.test_texts import messages

FOR_ADMINS = {name for name, command in COMMANDS.items() if command.for_admins}


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


def test_what_is_for_admins_is_refused_to_others_before_it_is_done() -> None:
    first: dict[str, object] = {}
    for name, handler in registered():
        first.setdefault(name, handler)
    assert {name for name, handler in first.items() if handler is refuse} == FOR_ADMINS


def test_buttons_under_answers_to_admins_are_refused_to_others_before_they_do_anything() -> None:
    (router,) = (one for one in create_routers() if one.name == "admin")
    offered: dict[object, list[object]] = {}
    for handler in router.callback_query.handlers:
        for one in handler.filters or []:
            if isinstance(one.callback, CallbackQueryFilter):
                offered.setdefault(one.callback.callback_data, []).append(handler.callback)
    assert set(offered) == set(keyboards.FOR_ADMINS) == {keyboards.Keep, keyboards.Remove, keyboards.Undo}
    assert all(handlers[0] is refuse_button and len(handlers) == 2 for handlers in offered.values())


def test_light_is_what_asks_nothing_of_the_engine_that_takes_time() -> None:
    light = {name for name, command in COMMANDS.items() if command.is_light}
    assert light == {"start", "help", "language", "privacy", "forget", "stats"}
    pressed = {"id": "1", "from": {"id": 1, "is_bot": False, "first_name": "Ada"}, "chat_instance": "1"}
    found = {
        packed: is_light(Update.model_validate({"update_id": 1, "callback_query": {**pressed, "data": packed}}))
        for packed in PACKED
    }
    assert {packed for packed in found if found[packed]} == {"l:de", "l:", "x:1001:0:9"}


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
def test_help_for_admins_names_all_that_only_they_may_do(language: str) -> None:
    t = text_in(language)
    named = {key: set(re.findall(r"(?<![\w<])/([a-z]+)", t.plain(key))) for key in ("help", "help-admin")}
    assert named["help-admin"] == FOR_ADMINS
    assert named["help"] == set(COMMANDS) - FOR_ADMINS - {"help", "start"}


def test_menus_show_what_the_table_says() -> None:
    def shown(**to: bool) -> list[str]:
        return [one.command for one in menu(text_in("en"), **to)]

    assert shown(admin=True) == list(COMMANDS)
    assert shown() == [name for name in COMMANDS if name not in FOR_ADMINS]
    assert shown(groups=True) == [name for name, command in COMMANDS.items() if command.in_groups]
