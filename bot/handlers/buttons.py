"""The buttons under answers: for whoever asked, and for admins."""

from contextlib import suppress

from aiogram import Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.filters.callback_data import CallbackData
from aiogram.types import BufferedInputFile, CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message

from bot import keyboards, replies
from bot.addressing import place_of
from bot.asked import LIMIT, MAX_LIMIT, AskedPicture, AskOptions, Refusal
from bot.conversation import Conversation
from bot.handlers.filters import on_buttons
from bot.texts import nearest_language
from engine import SearchResult, Watch


def create() -> Router:
    router = Router(name="buttons")
    on_buttons(
        router,
        {
            keyboards.Why: why,
            keyboards.More: more,
            keyboards.Original: original,
            keyboards.Choose: choose,
            keyboards.Judge: judge,
            keyboards.Tell: tell,
            keyboards.Cancel: cancel,
        },
    )
    router.callback_query.register(unknown)
    return router


async def why(event: CallbackQuery, talk: Conversation, callback_data: keyboards.Why) -> None:
    """The picture that shows what agrees, and the edits in words."""
    await talk.require_mine(callback_data.user)
    await talk.toast()
    parts, picture = talk.parts, talk.picture(callback_data.part)
    async with talk.typing():
        content = await parts.files.read(picture)
        async with parts.answers.computing:
            explained = await parts.service.explain(content, callback_data.image, words=False)
        caption = replies.why(explained.match, talk.t, calibrated=explained.calibrated)
        async with talk.turn.answering():
            await parts.answers.show(talk.place(picture), explained.picture, "why.jpg", caption)


async def more(event: CallbackQuery, talk: Conversation, callback_data: keyboards.More) -> None:
    """The next matches, or the nearest where nothing is near."""
    message = await talk.require_mine(callback_data.user)
    await talk.toast()
    picture, offset = talk.picture(callback_data.part), max(callback_data.offset, 0)
    options = AskOptions(
        min(max(callback_data.limit, 1), MAX_LIMIT),
        callback_data.same,
        offset=offset,
        after=keyboards.matches_in(message.reply_markup) if message.reply_markup and offset else (),
        weak=callback_data.weak,
        tags=replies.tags_in(message),
    )
    await _answer(talk, picture, callback_data.user, options)


async def original(event: CallbackQuery, talk: Conversation, callback_data: keyboards.Original) -> None:
    """A picture of the library as a file, without its metadata."""
    message = await talk.require_mine(callback_data.user)
    await talk.toast()
    parts = talk.parts
    async with talk.typing():
        image = await parts.service.get(callback_data.image)
        name, content = await parts.files.original(image)
        async with talk.turn.answering():
            place = place_of(message)
            await parts.bot.send_document(
                place.chat_id,
                BufferedInputFile(content, name),
                disable_content_type_detection=True,
                message_thread_id=place.thread_id,
                reply_parameters=place.reply,
            )


async def choose(event: CallbackQuery, talk: Conversation, callback_data: keyboards.Choose) -> None:
    """Right or wrong: which one? Asked only where there are several."""
    message = await talk.require_mine(callback_data.user)
    shown = message.reply_markup
    if shown is None:
        raise Refusal("asked-gone")
    images = keyboards.matches_in(shown)
    user, part, right = callback_data.user, callback_data.part, callback_data.right
    if callback_data.back:
        await talk.toast()
        await _edit(message, keyboards.unchosen(shown, talk.t, user=user, part=part))
    elif len(images) == 1:
        await judge(event, talk, keyboards.Judge(user=user, part=part, image=images[0], right=right))
    else:
        await talk.toast(talk.t.plain("which-right" if right else "which-wrong"))
        await _edit(message, keyboards.choosing(shown, user=user, part=part, right=right))


async def judge(event: CallbackQuery, talk: Conversation, callback_data: keyboards.Judge) -> None:
    """Remember the verdict; a pair called wrong is not shown to this chat again."""
    message = await talk.require_mine(callback_data.user)
    parts, user, part, right = talk.parts, callback_data.user, callback_data.part, callback_data.right
    content = await parts.files.read(talk.picture(part))
    async with parts.answers.computing:
        judging = parts.service.subscriptions
        await judging.judge(content, callback_data.image, right=right, subscriber=talk.subscriber)
    await talk.toast(talk.t.plain("judged-right" if right else "judged-wrong"))
    if message.reply_markup:
        await _edit(message, keyboards.unchosen(message.reply_markup, talk.t, user=user, part=part))


async def tell(event: CallbackQuery, talk: Conversation, callback_data: keyboards.Tell) -> None:
    """Wait for the picture; if it has come meanwhile, here it is."""
    message = await talk.require_mine(callback_data.user)
    parts, user, picture = talk.parts, callback_data.user, talk.picture(callback_data.part)
    content, tags = await parts.files.read(picture), replies.tags_in(message)
    async with parts.answers.computing:
        result = await parts.service.search(content, preview=True, tags=tags, subscriber=talk.subscriber)
    if any(match.lane == "same" for match in result.matches):
        await talk.toast()
        asker = talk.asker(user, talk.place(picture))
        await parts.answers.answer(talk.turn, picture, asker, AskOptions(tags=tags))
        return
    await parts.watching.refuse_too_many(talk.chat_id)
    await talk.toast(talk.t.plain("told-later"))
    if picture.file_id:
        watch = await _begin_watch(talk, content, picture, picture.file_id, result)
        cancelling = _cancelling(talk, user, picture, watch)
        if _shows_matches(message):
            await _edit(message, _in_place_of(message, keyboards.Tell, cancelling))
        else:
            await message.edit_text(talk.t("told-later"), reply_markup=keyboards.keyboard([cancelling]))
        return
    # The picture behind a link may be gone by then: Telegram keeps it.
    assert result.query.preview
    async with talk.turn.answering():
        shown = await parts.answers.show(talk.place(picture), result.query.preview, "asked.jpg", talk.t("told-later"))
        assert shown.photo
        watch = await _begin_watch(talk, content, picture, shown.photo[-1].file_id, result)
        cancelling = _cancelling(talk, user, picture, watch)
        await shown.edit_reply_markup(reply_markup=keyboards.keyboard([cancelling]))


async def cancel(event: CallbackQuery, talk: Conversation, callback_data: keyboards.Cancel) -> None:
    """Wait no longer."""
    message = await talk.require_mine(callback_data.user)
    await talk.toast(talk.t.plain("told-no-more"))
    if 0 < callback_data.watch < 1 << 63:
        await talk.parts.service.watches.end(callback_data.watch, subscriber=talk.subscriber)
    user, part = callback_data.user, callback_data.part
    if _shows_matches(message):
        telling = keyboards.telling(talk.t, user=user, part=part)
        await _edit(message, _in_place_of(message, keyboards.Cancel, telling))
    elif message.photo:
        await message.edit_caption(caption=talk.t("told-no-more"))
    else:
        again = keyboards.under_nothing(talk.t, user=user, part=part, limit=LIMIT, is_empty=True)
        await message.edit_text(talk.t("told-no-more"), reply_markup=again)


async def unknown(event: CallbackQuery, talk: Conversation) -> None:
    """A button that this version does not know."""
    await talk.toast(talk.t.plain("asked-gone"))


async def _answer(talk: Conversation, picture: AskedPicture, user: int, options: AskOptions) -> None:
    async with talk.typing():
        await talk.parts.answers.answer(talk.turn, picture, talk.asker(user, talk.place(picture)), options)


async def _begin_watch(
    talk: Conversation, content: bytes, picture: AskedPicture, file_id: str, result: SearchResult
) -> Watch:
    """Wait for a picture that the search has not found, which Telegram keeps by its file id."""
    language = nearest_language(talk.person.language_code if talk.person else None)
    place, since = talk.place(picture), result.seq
    return await talk.parts.watching.begin(content, picture, place, language, file_id=file_id, since=since)


def _cancelling(talk: Conversation, user: int, picture: AskedPicture, watch: Watch) -> InlineKeyboardButton:
    cancelling = keyboards.Cancel(user=user, part=picture.part, watch=watch.id)
    return keyboards.button(talk.t.plain("button-cancel"), cancelling)


def _shows_matches(message: Message) -> bool:
    return bool(message.reply_markup and keyboards.matches_in(message.reply_markup))


def _in_place_of(message: Message, kind: type[CallbackData], new: InlineKeyboardButton) -> InlineKeyboardMarkup | None:
    return keyboards.in_place_of(message.reply_markup, kind, new) if message.reply_markup else None


async def _edit(message: Message, buttons: InlineKeyboardMarkup | None) -> None:
    with suppress(TelegramBadRequest):  # as it is already
        await message.edit_reply_markup(reply_markup=buttons)
