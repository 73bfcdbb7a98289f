"""Commands whose help and complaints speak to people: typer would name the types of Python, and quote pydantic."""

from typing import Any

import typer
from pydantic import ValidationError
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from engine import wrong_value

# What stands for a value in the help of an option; flags take none.
VALUES = {"<int>": "N", "<float>": "N", "<str>": "TEXT", "<list[str]>": "TEXT", "<Path>": "FILE"}


class PlainCommand(TyperCommand):
    """A command without the names of types in its help."""

    def get_params(self, ctx: Any) -> list[Any]:
        return [_plain(param, ctx) for param in super().get_params(ctx)]


class PlainGroup(TyperGroup):
    """The same for a group; what is wrong with a value of any of its commands is told in plain words."""

    def get_params(self, ctx: Any) -> list[Any]:
        return [_plain(param, ctx) for param in super().get_params(ctx)]

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            if isinstance(error.__cause__, ValidationError):
                error.message = f"{wrong_value(error.__cause__.errors()[0])}."
            raise


def _plain(param: Any, ctx: Any) -> Any:
    if isinstance(param, TyperOption) and param.metavar is None:
        param.metavar = VALUES.get(param.display_type(ctx), "")
    elif isinstance(param, TyperArgument):
        param.display_type_rich = lambda ctx: None  # type: ignore[method-assign]
    return param
