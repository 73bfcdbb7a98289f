"""One Router a file; the order is that in which a message is offered to them."""

from aiogram import Router

from bot.handlers import adders, admin, asking, buttons, chats, commands, guests, posting


def create_routers() -> list[Router]:
    """Made anew for each dispatcher: a router belongs to one."""
    return [
        chats.create(),
        commands.create(),
        admin.create(),
        adders.create(),
        buttons.create(),
        posting.create(),
        guests.create(),
        asking.create(),
    ]
