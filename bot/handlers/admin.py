"""What admins may do: /add, /remove, /retitle, /undo, /stats, and the buttons under their answers."""

import re
from contextlib import suppress

from aiogram import Bot, Router
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import (
    CallbackQuery,
    Document,
    InlineKeyboardMarkup,
    Message,
    MessageOriginChannel,
)

from bot import keyboards, replies
from bot.adding import Adding, AddOptions, actor
from bot.answers import Answers, covered, place_of
from bot.asked import AskedPicture, Other, Refusal, is_zip, pictures_in, pieces_of, title_and_tags
from bot.commands import withdraw
from bot.courtesy import Courtesy, toast
from bot.handlers.filters import Says
from bot.inbox import Turn
from bot.settings import BotSettings
from bot.storage import BotStorage
from bot.telegram_files import Shown, TelegramFiles
from bot.texts import Text
from engine import PicTraceError, SearchService, StoredImage

MAX_REMOVED = 30  # so that one message names them all


def create() -> Router:
    router = Router(name="admin")
    router.message.register(refuse, Says("add", "remove", "retitle", "undo", "stats"), is_stranger)
    router.message.register(add, Says("add"))
    router.message.register(remove, Says("remove"))
    router.message.register(retitle, Says("retitle"))
    router.message.register(undo, Says("undo"))
    router.message.register(stats, Says("stats"))
    buttons = (keyboards.Keep, keyboards.Remove, keyboards.Undo)
    for data in buttons:
        router.callback_query.register(refuse_button, data.filter(), is_stranger)
    router.callback_query.register(keep, keyboards.Keep.filter())
    router.callback_query.register(remove_confirmed, keyboards.Remove.filter())
    router.callback_query.register(undo_button, keyboards.Undo.filter())
    return router


async def is_stranger(event: Message | CallbackQuery, settings: BotSettings) -> bool:
    """Whether someone is no admin."""
    return event.from_user is None or event.from_user.id not in settings.admin_ids


async def refuse(message: Message, bot: Bot, turn: Turn, t: Text, answers: Answers, store: BotStorage) -> None:
    async with turn.answering():
        await answers.say(place_of(message), t("admins-only"))
    if message.chat.type == "private":
        await withdraw(bot, message.chat.id, await store.language(message.chat.id))


async def refuse_button(callback: CallbackQuery, t: Text) -> None:
    await toast(callback, t.plain("admins-only"), alert=True)


async def add(
    message: Message, asking: Message, words: str, turn: Turn, t: Text, adding: Adding, courtesy: Courtesy
) -> None:
    """Under pictures or a zip, as a reply to one, or with links."""
    messages = turn.messages
    archives, pictures, others = _brought(messages)
    if not archives and not pictures and asking.reply_to_message:
        messages = [asking.reply_to_message]
        archives, pictures, others = _brought(messages)
    if not archives and not pictures:
        raise Refusal("add-how")
    title, tags = title_and_tags(words)
    async with courtesy.typing(asking):
        await adding.add(turn, asking, pictures, archives, others, AddOptions(title, tags, _page_url(messages[0])), t)


async def remove(
    message: Message,
    asking: Message,
    words: str,
    turn: Turn,
    t: Text,
    answers: Answers,
    service: SearchService,
    store: BotStorage,
    files: TelegramFiles,
) -> None:
    """By id, or as a reply to a picture."""
    assert asking.from_user
    # Words around the numbers mean a picture that is replied to, which the numbers may well not.
    is_list = re.fullmatch(r"(\d{1,18}[\s,;]*)+", words)
    if words and not is_list and asking.reply_to_message is None:
        raise Refusal("remove-how")
    if turn.operation_id is not None:  # done by a process that died before it could say so
        await _done_already(turn, asking, t, answers)
        return
    if is_list:
        ids = [int(number) for number in re.findall(r"\d+", words)]
        if len(ids) > MAX_REMOVED:
            raise Refusal("remove-too-many", count=MAX_REMOVED)
        images = [await service.get(image_id) for image_id in dict.fromkeys(ids)]
    else:
        image, is_sure = await _meant(asking, service, store, files, how="remove-how")
        if not is_sure:
            await _confirm(turn, asking, image, t, files, answers)
            return
        images = [image]
    operation_id = await service.remove([image.id for image in images], actor=actor(asking.from_user.id))
    await turn.note_operation(operation_id)
    async with turn.answering():
        await answers.say(place_of(asking), _removed(images, t), _undoing(t, operation_id))


async def retitle(
    message: Message,
    asking: Message,
    words: str,
    turn: Turn,
    t: Text,
    answers: Answers,
    service: SearchService,
    store: BotStorage,
    files: TelegramFiles,
) -> None:
    """By id, or as a reply to a picture: a new title, new #tags, or both."""
    assert asking.from_user
    # A number before words is the title's, where it is said to a picture.
    by_id = None if _is_said_to_picture(asking) else re.match(r"(\d{1,18})(?!\S)", words)
    if by_id:
        image, words = await service.get(int(by_id[1])), words[by_id.end() :]
    else:
        image, _ = await _meant(asking, service, store, files, how="retitle-how")
    title, tags = title_and_tags(words)
    values: dict[str, str | list[str] | None] = {}
    if title:
        values["title"] = title
    if tags:
        values["tags"] = list(tags)
    if not values:
        raise Refusal("retitle-how")
    changed = await service.edit(image.id, values, actor=actor(asking.from_user.id))
    (after,) = changed.images
    said = t("retitled", id=str(after.id), title=replies.title(after), tags=_tags(after))
    async with turn.answering():
        await answers.say(place_of(asking), said, _undoing(t, changed.operation_id))


async def undo(message: Message, words: str, turn: Turn, t: Text, answers: Answers, service: SearchService) -> None:
    """The whole of one's last operation, or of the one named."""
    assert message.from_user
    number = re.fullmatch(r"#?(\d{1,18})", words)
    who = actor(message.from_user.id)
    # Noted first: after a crash the same one is taken back, not the one before.
    before = turn.operation_id
    operation_id = before or (int(number[1]) if number else await service.last_operation(who))
    await turn.note_operation(operation_id)
    try:
        undone = await service.undo(actor=who, operation_id=operation_id)
    except PicTraceError as error:
        if before is None or error.code != "nothing_to_undo":
            raise
        async with turn.answering():
            await answers.say(place_of(message), t("done-already"))
        return
    said = t(f"undone-{undone.kind}", count=undone.images, at=t.moment(undone.at))
    async with turn.answering():
        await answers.say(place_of(message), said)


async def stats(message: Message, turn: Turn, t: Text, answers: Answers, service: SearchService) -> None:
    """The library at a glance."""
    found = await service.status()
    lines = [
        t("stats-pictures", count=found.images),
        t("stats-removed", count=found.removed),
        t("stats-disk", megabytes=t.number(round(found.disk_bytes / 1e6, 1))),
        t("stats-network", name=str(found.network), calibrated="yes" if found.calibrated else "no"),
        t("stats-verdicts", right=found.tally.right, wrong=found.tally.wrong),
        t("stats-watches", count=found.tally.watches),
    ]
    async with turn.answering():
        await answers.say(place_of(message), "\n".join(lines))


async def keep(
    callback: CallbackQuery,
    callback_data: keyboards.Keep,
    turn: Turn,
    t: Text,
    service: SearchService,
    answers: Answers,
) -> None:
    """Of two that are nearly the same, only the better one."""
    await toast(callback)
    operation_id = turn.operation_id
    if operation_id is None:  # else it was done by a process that died before it could say so
        await service.get(callback_data.better)
        operation_id = await service.remove([callback_data.lesser], actor=actor(callback.from_user.id))
        await turn.note_operation(operation_id)
    said = t("kept", better=str(callback_data.better), lesser=str(callback_data.lesser))
    await _pressed(callback, turn, said, answers, _undoing(t, operation_id))


async def remove_confirmed(
    callback: CallbackQuery,
    callback_data: keyboards.Remove,
    turn: Turn,
    t: Text,
    service: SearchService,
    answers: Answers,
) -> None:
    """The picture that was shown is the one that was meant."""
    await toast(callback)
    said, operation_id = t("done-already"), turn.operation_id
    if operation_id is None:
        image = await service.get(callback_data.image)
        operation_id = await service.remove([image.id], actor=actor(callback.from_user.id))
        await turn.note_operation(operation_id)
        said = _removed([image], t)
    await _pressed(callback, turn, said, answers, _undoing(t, operation_id))


async def undo_button(
    callback: CallbackQuery,
    callback_data: keyboards.Undo,
    turn: Turn,
    t: Text,
    service: SearchService,
    answers: Answers,
) -> None:
    """Take back the operation that the message speaks of."""
    has_begun = turn.operation_id is not None  # by a process that died before it could say so
    await turn.note_operation(callback_data.operation)
    try:
        undone = await service.undo(actor=actor(callback.from_user.id), operation_id=callback_data.operation)
    except PicTraceError as error:
        if error.code != "nothing_to_undo":
            raise
        if not has_begun:
            await toast(callback, t.plain("error-nothing_to_undo"), alert=True)
            return
        said = t("done-already")
    else:
        said = t(f"undone-{undone.kind}", count=undone.images, at=t.moment(undone.at))
    await toast(callback)
    await _pressed(callback, turn, said, answers)


async def _pressed(
    callback: CallbackQuery, turn: Turn, said: str, answers: Answers, buttons: InlineKeyboardMarkup | None = None
) -> None:
    """What a button did is done: it goes, and a message says so."""
    if isinstance(callback.message, Message):
        await _without_button(callback.message, callback.data or "")
        async with turn.answering():
            await answers.say(place_of(callback.message), said, buttons)


async def _done_already(turn: Turn, message: Message, t: Text, answers: Answers) -> None:
    assert turn.operation_id is not None
    async with turn.answering():
        await answers.say(place_of(message), t("done-already"), _undoing(t, turn.operation_id))


async def _meant(
    message: Message, service: SearchService, store: BotStorage, files: TelegramFiles, *, how: str
) -> tuple[StoredImage, bool]:
    """The picture of the library that a message replies to, and whether that is certain."""
    replied = message.reply_to_message
    if replied is None:
        raise Refusal(how)
    for size in replied.photo or []:
        image_id = await store.image_of(size.file_unique_id)
        if image_id is not None:
            return await service.get(image_id), True
    pictures = pictures_in(replied)
    if not pictures:
        raise Refusal(how)
    result = await service.search(await files.read(pictures[0]), limit=5)
    same = [match for match in result.matches if match.lane == "same"]
    if not same:
        raise Refusal("not-in-library")
    return same[0].image, same[0].evidence.exact


def _is_said_to_picture(message: Message) -> bool:
    """In a topic all else is a reply too: to the message that began the topic."""
    try:
        return bool(message.reply_to_message and pictures_in(message.reply_to_message))
    except Refusal:
        return False


async def _confirm(
    turn: Turn, message: Message, image: StoredImage, t: Text, files: TelegramFiles, answers: Answers
) -> None:
    album = await files.prepare([Shown(image, t("shown-duplicate", id=str(image.id), title=replies.title(image)))])
    buttons = keyboards.keyboard(
        [keyboards.button(t.plain("button-remove", id=str(image.id)), keyboards.Remove(image=image.id))]
    )
    asked = pictures_in(message.reply_to_message) if message.reply_to_message else []
    async with turn.answering():
        await album.send(covered(place_of(message), asked))
        await answers.say(place_of(message), t("remove-this"), buttons)


def _brought(messages: list[Message]) -> tuple[list[Document], list[AskedPicture], list[Other]]:
    """Zips, pictures and the rest. Refusal where there is neither of the first, but something that looks like it."""
    archives = [one.document for one in messages if is_zip(one) and one.document]
    pictures, others = pieces_of([one for one in messages if not is_zip(one)])
    if others and not pictures and not archives:
        raise others[0].refusal
    return archives, pictures, others


def _page_url(message: Message) -> str | None:
    """The public channel post that a forwarded picture came from."""
    origin = message.forward_origin
    if isinstance(origin, MessageOriginChannel) and origin.chat.username:
        return f"https://t.me/{origin.chat.username}/{origin.message_id}"
    return None


def _removed(images: list[StoredImage], t: Text) -> str:
    return "\n".join(
        t("removed", id=str(image.id), title=replies.title(image, replies.LINE_CHARACTERS)) for image in images
    )


def _tags(image: StoredImage) -> str:
    return " ".join(f"#{tag}" for tag in image.tags)


def _undoing(t: Text, operation_id: int) -> InlineKeyboardMarkup | None:
    return keyboards.keyboard([keyboards.button(f"↩︎ {t.plain('button-undo')}", keyboards.Undo(operation=operation_id))])


async def _without_button(message: Message, data: str) -> None:
    """Take away the button that was pressed."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else []
    left = [[one for one in row if one.callback_data != data] for row in rows]
    with suppress(TelegramBadRequest):  # as it is already
        await message.edit_reply_markup(reply_markup=keyboards.keyboard(*left))
