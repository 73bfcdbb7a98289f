"""The buttons under answers: for whoever asked, and for admins."""

from contextlib import suppress

from aiogram import Bot, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import BufferedInputFile, CallbackQuery, InlineKeyboardMarkup, Message

from bot import keyboards, replies
from bot.answers import Answers, Asker, place_of, subscriber
from bot.asked import MAX_LIMIT, AskedPicture, AskOptions, Refusal, pictures_in
from bot.courtesy import PEOPLE_IN_DISGUISE, Courtesy, may_decide, toast
from bot.inbox import Turn
from bot.settings import BotSettings
from bot.telegram_files import TelegramFiles
from bot.texts import Text, nearest_language
from bot.watching import Watching
from engine import SearchService


class NotYours(Exception):
    """Somebody else's buttons."""


def create() -> Router:
    router = Router(name="buttons")
    router.callback_query.register(why, keyboards.Why.filter())
    router.callback_query.register(more, keyboards.More.filter())
    router.callback_query.register(open_part, keyboards.Open.filter())
    router.callback_query.register(choose, keyboards.Choose.filter())
    router.callback_query.register(judge, keyboards.Judge.filter())
    router.callback_query.register(tell, keyboards.Tell.filter())
    router.callback_query.register(cancel, keyboards.Cancel.filter())
    router.callback_query.register(unknown)
    return router


async def why(
    callback: CallbackQuery,
    callback_data: keyboards.Why,
    bot: Bot,
    turn: Turn,
    t: Text,
    settings: BotSettings,
    service: SearchService,
    files: TelegramFiles,
    answers: Answers,
    courtesy: Courtesy,
) -> None:
    """The picture that shows what agrees, and the edits in words."""
    message = await _message(callback, callback_data.user, settings, t, bot)
    asked = _asked(message, callback_data.part)
    async with courtesy.typing(message):
        content = await files.read(asked)
        async with answers.computing:
            explained = await service.explain(content, callback_data.image, words=False)
        place = place_of(message, asked)
        async with turn.answering():
            await bot.send_photo(
                place.chat_id,
                BufferedInputFile(explained.picture, "why.jpg"),
                caption=replies.why(explained.match, t, calibrated=explained.calibrated),
                has_spoiler=place.is_spoiler or None,
                message_thread_id=place.thread_id,
                reply_parameters=place.reply,
            )


async def more(
    callback: CallbackQuery,
    callback_data: keyboards.More,
    bot: Bot,
    turn: Turn,
    t: Text,
    settings: BotSettings,
    answers: Answers,
    courtesy: Courtesy,
) -> None:
    """The next matches, or the nearest where nothing is near."""
    message = await _message(callback, callback_data.user, settings, t, bot)
    asked = _asked(message, callback_data.part)
    wish = AskOptions(min(max(callback_data.limit, 1), MAX_LIMIT), callback_data.same)
    offset = max(callback_data.offset, 0)
    after = keyboards.matches_in(message.reply_markup) if message.reply_markup and offset else []
    async with courtesy.typing(message):
        asker = _asker(callback_data.user, message, asked, settings, t)
        await answers.answer(turn, asked, asker, wish, offset=offset, after=after, weak=callback_data.weak)


async def open_part(
    callback: CallbackQuery,
    callback_data: keyboards.Open,
    bot: Bot,
    turn: Turn,
    t: Text,
    settings: BotSettings,
    answers: Answers,
    courtesy: Courtesy,
) -> None:
    """The whole answer to one picture of an album."""
    message = await _message(callback, callback_data.user, settings, t, bot)
    asked = answers.part_of_album(message, callback_data.place)
    async with courtesy.typing(message):
        await answers.answer(turn, asked, _asker(callback_data.user, message, asked, settings, t), AskOptions())


async def choose(
    callback: CallbackQuery,
    callback_data: keyboards.Choose,
    t: Text,
    settings: BotSettings,
    bot: Bot,
    service: SearchService,
    files: TelegramFiles,
    answers: Answers,
) -> None:
    """Right or wrong: which one? Asked only where there are several."""
    message = await _message(callback, callback_data.user, settings, t, bot, answer=False)
    shown = message.reply_markup
    if shown is None:
        raise Refusal("asked-gone")
    images = keyboards.matches_in(shown)
    if len(images) == 1 and not callback_data.back:
        chosen = keyboards.Judge(
            user=callback_data.user, part=callback_data.part, image=images[0], right=callback_data.right
        )
        await judge(callback, chosen, bot, t, settings, service, files, answers)
        return
    user, part, right = callback_data.user, callback_data.part, callback_data.right
    if callback_data.back:
        await toast(callback)
        await _edit(message, keyboards.unchosen(shown, t, user=user, part=part))
    else:
        await toast(callback, t.plain("which-right" if right else "which-wrong"))
        await _edit(message, keyboards.choosing(shown, user=user, part=part, right=right))


async def judge(
    callback: CallbackQuery,
    callback_data: keyboards.Judge,
    bot: Bot,
    t: Text,
    settings: BotSettings,
    service: SearchService,
    files: TelegramFiles,
    answers: Answers,
) -> None:
    """Remember the verdict; a pair called wrong is not shown to this chat again."""
    message = await _message(callback, callback_data.user, settings, t, bot, answer=False)
    content = await files.read(_asked(message, callback_data.part))
    who = subscriber(message.chat.id)
    async with answers.computing:
        await service.subscriptions.judge(content, callback_data.image, right=callback_data.right, subscriber=who)
    await toast(callback, t.plain("judged-right" if callback_data.right else "judged-wrong"))
    if message.reply_markup:
        user, part = callback_data.user, callback_data.part
        await _edit(message, keyboards.unchosen(message.reply_markup, t, user=user, part=part))


async def tell(
    callback: CallbackQuery,
    callback_data: keyboards.Tell,
    bot: Bot,
    turn: Turn,
    t: Text,
    settings: BotSettings,
    service: SearchService,
    files: TelegramFiles,
    answers: Answers,
    watching: Watching,
) -> None:
    """Wait for the picture; if it has come meanwhile, here it is."""
    message = await _message(callback, callback_data.user, settings, t, bot)
    asked = _asked(message, callback_data.part)
    content = await files.read(asked)
    place = place_of(message, asked)
    async with answers.computing:
        result = await service.search(content, preview=True, subscriber=subscriber(place.chat_id))
    if any(match.lane == "same" for match in result.matches):
        asker = _asker(callback_data.user, message, asked, settings, t)
        await answers.answer(turn, asked, asker, AskOptions())
        return
    await watching.refuse_too_many(place.chat_id)
    user, language, since = callback_data.user, nearest_language(callback.from_user.language_code), result.seq
    if asked.file_id:
        watch = await watching.begin(content, asked, place, language, file_id=asked.file_id, since=since)
        await message.edit_text(t("told-later"), reply_markup=_cancelling(t, user, asked.part, watch.id))
        return
    # What is behind a link may be gone by then: Telegram keeps the picture.
    assert result.query.preview
    async with turn.answering():
        shown = await bot.send_photo(
            place.chat_id,
            BufferedInputFile(result.query.preview, "asked.jpg"),
            caption=t("told-later"),
            has_spoiler=place.is_spoiler or None,
            message_thread_id=place.thread_id,
            reply_parameters=place.reply,
        )
        assert shown.photo
        file_id = shown.photo[-1].file_id
        watch = await watching.begin(content, asked, place, language, file_id=file_id, since=since)
        await shown.edit_reply_markup(reply_markup=_cancelling(t, user, asked.part, watch.id))


async def cancel(
    callback: CallbackQuery,
    callback_data: keyboards.Cancel,
    bot: Bot,
    t: Text,
    settings: BotSettings,
    service: SearchService,
) -> None:
    """Wait no longer."""
    message = await _message(callback, callback_data.user, settings, t, bot)
    if 0 < callback_data.watch < 1 << 63:
        await service.watches.end(callback_data.watch, subscriber=subscriber(message.chat.id))
    user, part = callback_data.user, callback_data.part
    again = keyboards.under_nothing(t, user=user, part=part, wish=AskOptions(), is_empty=True)
    if message.photo:
        await message.edit_caption(caption=t("told-no-more"))
    else:
        await message.edit_text(t("told-no-more"), reply_markup=again)


async def unknown(callback: CallbackQuery, t: Text) -> None:
    """A button of an older version."""
    await toast(callback, t.plain("asked-gone"))


async def _message(
    callback: CallbackQuery, user: int, settings: BotSettings, t: Text, bot: Bot, *, answer: bool = True
) -> Message:
    """The message with the buttons. NotYours where somebody else asked; Refusal where it is too old."""
    message, presser = callback.message, callback.from_user
    if presser.id != user and presser.id not in settings.admin_ids:
        # Nobody can press as the anonymous admin of a group who asked; any admin of it may.
        is_anonymous = user in PEOPLE_IN_DISGUISE
        if not (is_anonymous and isinstance(message, Message) and await may_decide(bot, message, presser, settings)):
            await toast(callback, t.plain("not-yours"), alert=True)
            raise NotYours
    if not isinstance(message, Message):
        raise Refusal("asked-gone")
    if answer:
        await toast(callback)
    return message


def _asked(message: Message, part: int) -> AskedPicture:
    """The picture that an answer is about: it is in the message that the answer replies to."""
    replied = message.reply_to_message
    found = pictures_in(replied) if replied else []
    if not 0 <= part < len(found):
        raise Refusal("asked-gone")
    return found[part]


def _asker(user: int, message: Message, asked: AskedPicture, settings: BotSettings, t: Text) -> Asker:
    return Asker(user, user in settings.admin_ids, place_of(message, asked), t)


def _cancelling(t: Text, user: int, part: int, watch: int) -> InlineKeyboardMarkup | None:
    cancel = keyboards.Cancel(user=user, part=part, watch=watch)
    return keyboards.keyboard([keyboards.button(t.plain("button-cancel"), cancel)])


async def _edit(message: Message, buttons: InlineKeyboardMarkup | None) -> None:
    with suppress(TelegramBadRequest):  # as it is already
        await message.edit_reply_markup(reply_markup=buttons)
