"""One Router a file; the order is that in which a message is offered to them."""

from aiogram import Router

from bot.handlers import admin, asking, buttons, chats, commands


def create_routers() -> list[Router]:
    """Made anew for each dispatcher: a router belongs to one."""
    return [chats.create(), commands.create(), admin.create(), buttons.create(), asking.create()]
