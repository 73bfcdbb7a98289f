"""Who may add beside the admins, and who hears of it: /adder, /adders, /notify."""

from contextlib import suppress

from aiogram import Router
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from bot import keyboards
from bot.adders import Role
from bot.addressing import PEOPLE_IN_DISGUISE
from bot.asked import Refusal
from bot.commands import publish_to, withdraw
from bot.conversation import Conversation
from bot.handlers.filters import Spoken, on_buttons, on_commands
from bot.storage import Allowance
from bot.texts import Text

MAX_ID = 1 << 52  # of a person in Telegram


def create() -> Router:
    router = Router(name="adders")
    on_commands(router, {"adder": allow, "adders": list_all, "notify": notify})
    on_buttons(router, {keyboards.Forbid: forbid})
    return router


async def allow(event: Message, talk: Conversation, spoken: Spoken) -> None:
    """As a reply to someone, or with their id: from now on they may add, and undo their own additions."""
    t, parts = talk.t, talk.parts
    assert talk.person
    user_id, name = await _meant(talk, spoken)
    if parts.adders.role(user_id) is Role.ADMIN:
        await talk.say(t("adder-is-admin", name=name))
        return
    allowed = Allowance(user_id, name, talk.person.id)
    await parts.adders.allow(allowed)
    await talk.say(t("adder-allowed", name=name, id=str(user_id)), _forbidding([allowed], t))
    await publish_to(parts.bot, user_id, await parts.storage.language(user_id), groups=False, role=Role.ADDER)


async def list_all(event: Message, talk: Conversation) -> None:
    """Who may add, each with a button that takes it back."""
    adders = talk.parts.adders.all()
    await talk.say(_listed(adders, talk.t), _forbidding(adders, talk.t))


async def forbid(event: CallbackQuery, talk: Conversation, callback_data: keyboards.Forbid) -> None:
    """Someone may add no longer."""
    parts, t, user_id = talk.parts, talk.t, callback_data.user
    gone = await parts.adders.forbid(user_id)
    await talk.toast(t.plain("adder-forbidden", name=gone.name) if gone else None)
    adders = parts.adders.all()
    with suppress(TelegramBadRequest):  # as it is already
        await talk.message.edit_text(_listed(adders, t), reply_markup=_forbidding(adders, t))
    await withdraw(parts.bot, user_id, await parts.storage.language(user_id), parts.adders.role(user_id))


async def notify(event: Message, talk: Conversation, spoken: Spoken) -> None:
    """Whether this chat hears of what others add."""
    t, storage, words = talk.t, talk.parts.storage, spoken.words.casefold()
    if words in ("on", "off"):
        await storage.change_chat(event.chat.id, hears_additions=words == "on")
    hears = (await storage.chat(event.chat.id)).hears_additions
    await talk.say(t("notify-on" if hears else "notify-off"))


async def _meant(talk: Conversation, spoken: Spoken) -> tuple[int, str]:
    """The id and the name of whom a command is about. Refusal where it names nobody."""
    if spoken.words.isascii() and spoken.words.isdigit() and 0 < int(spoken.words) < MAX_ID:
        user_id = int(spoken.words)
        with suppress(TelegramAPIError):  # who has never written to the bot
            return user_id, (await talk.parts.bot.get_chat(user_id)).full_name
        return user_id, str(user_id)
    replied = spoken.message.reply_to_message
    person = replied.from_user if replied and not spoken.words else None
    if person is None or person.is_bot or person.id in PEOPLE_IN_DISGUISE:
        raise Refusal("adder-how")
    return person.id, person.full_name


def _listed(adders: list[Allowance], t: Text) -> str:
    lines = [t("adders-line", name=one.name, id=str(one.user_id)) for one in adders]
    return "\n".join([t("adders-title" if adders else "adders-nobody"), *lines])


def _forbidding(adders: list[Allowance], t: Text) -> InlineKeyboardMarkup | None:
    """A button for each, as far as a message holds them."""
    return keyboards.keyboard(
        *(
            [keyboards.button(t.plain("button-forbid", name=one.name), keyboards.Forbid(user=one.user_id))]
            for one in adders[: keyboards.MAX_BUTTONS]
        )
    )
