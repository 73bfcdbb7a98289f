"""The buttons under answers: for whoever asked, and for admins."""

from contextlib import suppress

from aiogram import Bot, Router
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest
from aiogram.types import BufferedInputFile, CallbackQuery, InlineKeyboardMarkup, Message

from bot import keyboards, replies
from bot.answers import Answers, Asker, place_of, subscriber
from bot.asked import Asked, Refusal, Wish, pictures_in
from bot.courtesy import Courtesy
from bot.inbox import Turn
from bot.settings import BotSettings
from bot.telegram_files import TelegramFiles
from bot.texts import Text
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
    courtesy: Courtesy,
) -> None:
    """The picture that shows what agrees, and the edits in words."""
    message = await _message(callback, callback_data.user, settings, t)
    asked = _asked(message)
    async with courtesy.typing(message):
        content = await files.read(asked)
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
    turn: Turn,
    t: Text,
    settings: BotSettings,
    answers: Answers,
    courtesy: Courtesy,
) -> None:
    """The next matches, or the nearest where nothing is near."""
    message = await _message(callback, callback_data.user, settings, t)
    asked = _asked(message)
    wish = Wish(callback_data.limit, callback_data.same)
    async with courtesy.typing(message):
        asker = _asker(callback_data.user, message, asked, settings, t)
        await answers.answer(turn, asked, asker, wish, offset=callback_data.offset, weak=callback_data.weak)


async def open_part(
    callback: CallbackQuery,
    callback_data: keyboards.Open,
    turn: Turn,
    t: Text,
    settings: BotSettings,
    answers: Answers,
    courtesy: Courtesy,
) -> None:
    """The whole answer to one picture of an album."""
    message = await _message(callback, callback_data.user, settings, t)
    asked = answers.part_of_album(message, callback_data.place)
    async with courtesy.typing(message):
        await answers.answer(turn, asked, _asker(callback_data.user, message, asked, settings, t), Wish())


async def choose(
    callback: CallbackQuery,
    callback_data: keyboards.Choose,
    t: Text,
    settings: BotSettings,
    turn: Turn,
    bot: Bot,
    service: SearchService,
    files: TelegramFiles,
) -> None:
    """Right or wrong: which one? Asked only where there are several."""
    message = await _message(callback, callback_data.user, settings, t, answer=False)
    shown = message.reply_markup
    if shown is None:
        raise Refusal("asked-gone")
    images = keyboards.matches_in(shown)
    if len(images) == 1 and not callback_data.back:
        chosen = keyboards.Judge(user=callback_data.user, image=images[0], right=callback_data.right)
        await judge(callback, chosen, t, settings, service, files)
        return
    if callback_data.back:
        await callback.answer()
        await _edit(message, keyboards.unchosen(shown, t, user=callback_data.user))
    else:
        await callback.answer(t.plain("which-right" if callback_data.right else "which-wrong"))
        await _edit(message, keyboards.choosing(shown, user=callback_data.user, right=callback_data.right))


async def judge(
    callback: CallbackQuery,
    callback_data: keyboards.Judge,
    t: Text,
    settings: BotSettings,
    service: SearchService,
    files: TelegramFiles,
) -> None:
    """Remember the verdict; a pair called wrong is not shown to this chat again."""
    message = await _message(callback, callback_data.user, settings, t, answer=False)
    content = await files.read(_asked(message))
    who = subscriber(message.chat.id)
    await service.judge(content, callback_data.image, right=callback_data.right, subscriber=who)
    await _toast(callback, t.plain("judged-right" if callback_data.right else "judged-wrong"))
    if message.reply_markup:
        await _edit(message, keyboards.unchosen(message.reply_markup, t, user=callback_data.user))


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
    message = await _message(callback, callback_data.user, settings, t)
    asked = _asked(message)
    content = await files.read(asked)
    place = place_of(message, asked)
    result = await service.search(content, preview=True, subscriber=subscriber(place.chat_id))
    if any(match.lane == "same" for match in result.matches):
        asker = _asker(callback_data.user, message, asked, settings, t)
        await answers.answer(turn, asked, asker, Wish())
        return
    if asked.file_id:
        watch = await watching.begin(content, asked, place, t.language, file_id=asked.file_id)
        await message.edit_text(t("told-later"), reply_markup=_cancelling(t, callback_data.user, watch.id))
        return
    # What is behind a link may be gone by then: Telegram keeps the picture.
    assert result.query.preview
    async with turn.answering():
        shown = await bot.send_photo(
            place.chat_id,
            BufferedInputFile(result.query.preview, "asked.jpg"),
            caption=t("told-later"),
            message_thread_id=place.thread_id,
            reply_parameters=place.reply,
        )
        assert shown.photo
        watch = await watching.begin(content, asked, place, t.language, file_id=shown.photo[-1].file_id)
        await shown.edit_reply_markup(reply_markup=_cancelling(t, callback_data.user, watch.id))


async def cancel(
    callback: CallbackQuery, callback_data: keyboards.Cancel, t: Text, settings: BotSettings, service: SearchService
) -> None:
    """Wait no longer."""
    message = await _message(callback, callback_data.user, settings, t)
    await service.unwatch(callback_data.watch, subscriber=subscriber(message.chat.id))
    again = keyboards.under_nothing(t, user=callback_data.user, wish=Wish(), is_empty=True)
    if message.photo:
        await message.edit_caption(caption=t("told-no-more"))
    else:
        await message.edit_text(t("told-no-more"), reply_markup=again)


async def unknown(callback: CallbackQuery, t: Text) -> None:
    """A button of an older version."""
    await _toast(callback, t.plain("asked-gone"))


async def _message(
    callback: CallbackQuery, user: int, settings: BotSettings, t: Text, *, answer: bool = True
) -> Message:
    """The message with the buttons. NotYours where somebody else asked; Refusal where it is too old."""
    if callback.from_user.id != user and callback.from_user.id not in settings.admin_ids:
        await _toast(callback, t.plain("not-yours"), alert=True)
        raise NotYours
    if not isinstance(callback.message, Message):
        raise Refusal("asked-gone")
    if answer:
        await _toast(callback)
    return callback.message


def _asked(message: Message) -> Asked:
    """The picture that an answer is about: it is in the message that the answer replies to."""
    replied = message.reply_to_message
    found = pictures_in(replied) if replied else []
    if not found:
        raise Refusal("asked-gone")
    return found[0]


def _asker(user: int, message: Message, asked: Asked, settings: BotSettings, t: Text) -> Asker:
    return Asker(user, user in settings.admin_ids, place_of(message, asked), t)


def _cancelling(t: Text, user: int, watch: int) -> InlineKeyboardMarkup | None:
    return keyboards.keyboard([keyboards.button(t.plain("button-cancel"), keyboards.Cancel(user=user, watch=watch))])


async def _toast(callback: CallbackQuery, text: str | None = None, *, alert: bool = False) -> None:
    with suppress(TelegramAPIError):  # too late for a notice, not for what was asked
        await callback.answer(text, show_alert=alert or None)


async def _edit(message: Message, buttons: InlineKeyboardMarkup | None) -> None:
    with suppress(TelegramBadRequest):  # as it is already
        await message.edit_reply_markup(reply_markup=buttons)
