"""What everyone may say: /start, /help, /language, /privacy, /forget."""

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from bot import keyboards
from bot.addressing import GROUPS
from bot.asked import Refusal
from bot.commands import publish_to, withdraw
from bot.conversation import Conversation
from bot.handlers.filters import on_buttons, on_commands
from bot.texts import LANGUAGES, nearest_language, text_in


def create() -> Router:
    router = Router(name="commands")
    on_commands(
        router,
        {"start": start, "help": help_, "language": choose_language, "privacy": privacy, "forget": forget},
    )
    on_buttons(router, {keyboards.Language: speak})
    return router


async def start(event: Message, talk: Conversation) -> None:
    t, parts = talk.t, talk.parts
    lines = [t("start"), t("start-library", count=(await parts.service.level()).pictures)]
    if talk.is_admin:
        lines.append(t("start-admin"))
    elif not parts.settings.admin_ids and talk.person:
        lines.append(t("start-no-admins", id=str(talk.person.id)))
    await talk.say("\n\n".join(lines))
    if event.chat.type == "private":
        chosen = await parts.storage.language(event.chat.id)
        if talk.is_admin:  # Telegram refuses this menu before an admin's first message
            await publish_to(parts.bot, event.chat.id, chosen, groups=False, admin=True)
        else:
            await withdraw(parts.bot, event.chat.id, chosen)


async def help_(event: Message, talk: Conversation) -> None:
    keys = ["help", "help-admin"] if talk.is_admin else ["help"]
    await talk.say("\n\n".join(talk.t(key) for key in keys))


async def choose_language(event: Message, talk: Conversation) -> None:
    await talk.say(talk.t("language-which"), keyboards.languages(talk.t))


async def speak(event: CallbackQuery, talk: Conversation, callback_data: keyboards.Language) -> None:
    """The chat's language; in a group its administrators choose."""
    message, code = talk.message, callback_data.code or None
    if code and code not in LANGUAGES:
        raise Refusal("asked-gone")
    if not await talk.may_decide():
        await talk.toast(talk.t.plain("group-admins-only"), alert=True)
        return
    await talk.parts.storage.set_language(message.chat.id, code)
    spoken = text_in(code or nearest_language(event.from_user.language_code))
    await talk.toast()
    await message.edit_text(spoken("language-set" if code else "language-telegrams", name=LANGUAGES[spoken.language]))
    await _publish_menu(message, talk, code)


async def privacy(event: Message, talk: Conversation) -> None:
    await talk.say(talk.t("privacy"))


async def forget(event: Message, talk: Conversation) -> None:
    """Delete all that is kept of this chat; in a group its administrators decide."""
    t, parts = talk.t, talk.parts
    if not await talk.may_decide():
        await talk.say(t("group-admins-only"))
        return
    gone = await parts.service.subscriptions.forget(talk.subscriber)
    if await parts.storage.language(event.chat.id):
        await parts.storage.set_language(event.chat.id, None)
        await _publish_menu(event, talk, None)
    verdicts = gone.right + gone.wrong
    if verdicts or gone.watches:
        await talk.say(t("forgotten", verdicts=verdicts, watches=gone.watches))
    else:
        await talk.say(t("forgotten-nothing"))


async def _publish_menu(message: Message, talk: Conversation, language: str | None) -> None:
    """The chat's menu in the language that is chosen now."""
    in_group = message.chat.type in GROUPS
    is_admins = talk.is_admin and not in_group
    await publish_to(talk.parts.bot, message.chat.id, language, groups=in_group, admin=is_admins)
