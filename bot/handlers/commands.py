"""What everyone may say: /start, /help, /scope, /language, /privacy, /forget."""

from contextlib import suppress

from aiogram import Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from bot import keyboards
from bot.adders import Role
from bot.addressing import GROUPS
from bot.asked import Refusal, hashtags, title_and_tags
from bot.commands import publish_to, withdraw
from bot.conversation import Conversation
from bot.handlers.filters import Spoken, on_buttons, on_commands
from bot.texts import LANGUAGES, Text, nearest_language, text_in

STARTS = {Role.ADDER: "start-adder", Role.ADMIN: "start-admin"}
HELPS = {Role.ADDER: "help-adder", Role.ADMIN: "help-admin"}  # what those may do who may more than everyone
MAX_TAGS = 10  # that a chat looks among


def create() -> Router:
    router = Router(name="commands")
    on_commands(
        router,
        {
            "start": start,
            "help": help_,
            "scope": scope,
            "language": choose_language,
            "privacy": privacy,
            "forget": forget,
        },
    )
    on_buttons(router, {keyboards.Language: speak, keyboards.Scope: look_among})
    return router


async def start(event: Message, talk: Conversation) -> None:
    t, parts = talk.t, talk.parts
    lines = [t("start"), t("start-library", count=(await parts.service.level()).pictures)]
    lines += _about_guests(talk)
    if talk.role > Role.EVERYONE:
        lines.append(t(STARTS[talk.role]))
    elif not parts.settings.admin_ids and talk.person:
        lines.append(t("start-no-admins", id=str(talk.person.id)))
    await talk.say("\n\n".join(lines))
    if event.chat.type == "private":
        chosen = await parts.storage.language(event.chat.id)
        if talk.role > Role.EVERYONE:  # Telegram refuses this menu before their first message
            await publish_to(parts.bot, event.chat.id, chosen, groups=False, role=talk.role)
        else:
            await withdraw(parts.bot, event.chat.id, chosen, talk.role)


async def help_(event: Message, talk: Conversation) -> None:
    keys = ["help", *(key for role, key in HELPS.items() if role <= talk.role)]
    await talk.say("\n\n".join(talk.t(key) for key in keys))


async def scope(event: Message, talk: Conversation, spoken: Spoken) -> None:
    """Which pictures this chat looks among: those with the tags, or all; in a group its administrators choose."""
    t, storage = talk.t, talk.parts.storage
    _, tags = title_and_tags(spoken.words)
    is_off = spoken.words.casefold() == "off"
    if not tags and not is_off:
        await talk.say(*_scope((await storage.chat(event.chat.id)).tags, t))
    elif await talk.may_decide():
        chosen = await talk.as_written(tags[:MAX_TAGS])
        await storage.change_chat(event.chat.id, tags=chosen)
        text, buttons = _scope(chosen, t)
        known = await talk.parts.service.tags()
        if new := tuple(tag for tag in chosen if tag not in known):
            text += "\n" + t("scope-new", tags=hashtags(new))
        await talk.say(text, buttons)
    else:
        await talk.say(t("group-admins-only"))


async def look_among(event: CallbackQuery, talk: Conversation, callback_data: keyboards.Scope) -> None:
    """The button under what /scope says."""
    if not await talk.may_decide():
        await talk.toast(talk.t.plain("group-admins-only"), alert=True)
        return
    await talk.toast()
    tags = tuple(callback_data.tag.split())
    await talk.parts.storage.change_chat(talk.message.chat.id, tags=tags)
    text, buttons = _scope(tags, talk.t)
    with suppress(TelegramBadRequest):  # as it is already
        await talk.message.edit_text(text, reply_markup=buttons)


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
    await talk.say(talk.t("privacy", days=talk.parts.settings.bot_repost_days))


async def forget(event: Message, talk: Conversation) -> None:
    """Delete all that is kept of this chat; in a group its administrators decide."""
    t, parts = talk.t, talk.parts
    if not await talk.may_decide():
        await talk.say(t("group-admins-only"))
        return
    gone = await parts.service.subscriptions.forget(talk.subscriber)
    has_language = await parts.storage.language(event.chat.id)
    posted = await parts.reposts.groups.end(event.chat.id)
    await parts.storage.forget_chat(event.chat.id)
    if has_language:
        await _publish_menu(event, talk, None)
    verdicts = gone.right + gone.wrong
    is_much = verdicts or gone.watches or posted
    lines = [t("forgotten", verdicts=verdicts, watches=gone.watches) if is_much else t("forgotten-nothing")]
    if posted:
        lines.append(t("forgotten-posted", count=posted))
    await talk.say("\n".join(lines))


async def _publish_menu(message: Message, talk: Conversation, language: str | None) -> None:
    """The chat's menu in the language that is chosen now."""
    in_group = message.chat.type in GROUPS
    role = Role.EVERYONE if in_group else talk.role
    await publish_to(talk.parts.bot, message.chat.id, language, groups=in_group, role=role)


def _about_guests(talk: Conversation) -> list[str]:
    """That the bot can be asked in other chats, too; for admins, what makes it so."""
    me = talk.parts.me
    if not talk.parts.settings.bot_guests:
        return []
    if me.supports_guest_queries:
        return [talk.t("start-guest", name=f"@{me.username}")]
    return [talk.t("start-guest-closed")] if talk.is_admin else []


def _scope(tags: tuple[str, ...], t: Text) -> tuple[str, InlineKeyboardMarkup | None]:
    """What is said of the pictures that a chat looks among."""
    if not tags:
        return t("scope-all"), None
    everything = keyboards.button(t.plain("button-everything"), keyboards.Scope(tag=""))
    return t("scope-tags", tags=hashtags(tags)), keyboards.keyboard([everything])
