"""What everyone may say: /start, /help, /language, /privacy, /forget."""

from aiogram import Bot, Router
from aiogram.types import CallbackQuery, Message

from bot import keyboards
from bot.answers import Answers, place_of, subscriber
from bot.asked import Refusal
from bot.commands import publish_to, withdraw
from bot.courtesy import GROUPS, may_decide, toast
from bot.handlers.filters import Says
from bot.inbox import Turn
from bot.settings import BotSettings
from bot.storage import BotStorage
from bot.texts import LANGUAGES, Text, nearest_language, text_in
from engine import SearchService


def create() -> Router:
    router = Router(name="commands")
    router.message.register(start, Says("start"))
    router.message.register(help_, Says("help"))
    router.message.register(choose_language, Says("language"))
    router.message.register(privacy, Says("privacy"))
    router.message.register(forget, Says("forget"))
    router.callback_query.register(speak, keyboards.Language.filter())
    return router


async def start(
    message: Message,
    bot: Bot,
    turn: Turn,
    t: Text,
    settings: BotSettings,
    answers: Answers,
    service: SearchService,
    store: BotStorage,
) -> None:
    user = message.from_user
    is_admin = bool(user and user.id in settings.admin_ids)
    pictures = (await service.level()).pictures
    lines = [t("start"), t("start-library", count=pictures)]
    if is_admin:
        lines.append(t("start-admin"))
    elif not settings.admin_ids and user:
        lines.append(t("start-no-admins", id=str(user.id)))
    async with turn.answering():
        await answers.say(place_of(message), "\n\n".join(lines))
    if message.chat.type == "private":
        chosen = await store.language(message.chat.id)
        if is_admin:  # Telegram refuses this menu before an admin's first message
            await publish_to(bot, message.chat.id, chosen, groups=False, admin=True)
        else:
            await withdraw(bot, message.chat.id, chosen)


async def help_(message: Message, turn: Turn, t: Text, settings: BotSettings, answers: Answers) -> None:
    is_admin = bool(message.from_user and message.from_user.id in settings.admin_ids)
    said = [t("help"), t("help-admin")] if is_admin else [t("help")]
    async with turn.answering():
        await answers.say(place_of(message), "\n\n".join(said))


async def choose_language(message: Message, turn: Turn, t: Text, answers: Answers) -> None:
    async with turn.answering():
        await answers.say(place_of(message), t("language-which"), keyboards.languages(t))


async def speak(
    callback: CallbackQuery,
    callback_data: keyboards.Language,
    bot: Bot,
    store: BotStorage,
    settings: BotSettings,
    t: Text,
) -> None:
    """The chat's language; in a group its administrators choose."""
    message = callback.message
    if not isinstance(message, Message) or (callback_data.code and callback_data.code not in LANGUAGES):
        raise Refusal("asked-gone")
    chat, is_admin = message.chat, callback.from_user.id in settings.admin_ids
    if not await may_decide(bot, message, callback.from_user, settings):
        await toast(callback, t.plain("group-admins-only"), alert=True)
        return
    code = callback_data.code or None
    await store.set_language(chat.id, code)
    spoken = text_in(code or nearest_language(callback.from_user.language_code))
    await toast(callback)
    await message.edit_text(spoken("language-set" if code else "language-telegrams", name=LANGUAGES[spoken.language]))
    in_group = chat.type in GROUPS
    await publish_to(bot, chat.id, code, groups=in_group, admin=is_admin and not in_group)


async def privacy(message: Message, turn: Turn, t: Text, answers: Answers) -> None:
    async with turn.answering():
        await answers.say(place_of(message), t("privacy"))


async def forget(
    message: Message,
    bot: Bot,
    turn: Turn,
    t: Text,
    settings: BotSettings,
    service: SearchService,
    store: BotStorage,
    answers: Answers,
) -> None:
    """Delete all that is kept of this chat; in a group its administrators decide."""
    if not message.from_user or not await may_decide(bot, message, message.from_user, settings):
        async with turn.answering():
            await answers.say(place_of(message), t("group-admins-only"))
        return
    chat, is_admin = message.chat, message.from_user.id in settings.admin_ids
    gone = await service.subscriptions.forget(subscriber(chat.id))
    if await store.language(chat.id):
        await store.set_language(chat.id, None)
        in_group = chat.type in GROUPS
        await publish_to(bot, chat.id, None, groups=in_group, admin=is_admin and not in_group)
    kept = gone.right + gone.wrong + gone.watches
    said = t("forgotten", verdicts=gone.right + gone.wrong, watches=gone.watches) if kept else t("forgotten-nothing")
    async with turn.answering():
        await answers.say(place_of(message), said)
