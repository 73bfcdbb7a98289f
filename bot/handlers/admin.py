"""What changes the library: /add, /remove, /retitle, /undo, /history, and the buttons under their answers; /stats."""

import re
from collections.abc import Sequence
from contextlib import suppress

from aiogram import Router
from aiogram.exceptions import TelegramAPIError, TelegramBadRequest
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message, MessageOriginChannel

from bot import keyboards, replies
from bot.adding import AddOptions, Brought
from bot.addressing import covered, place_of
from bot.asked import Refusal, hashtags, is_archive, pictures_in, pieces_of, title_and_tags
from bot.conversation import Conversation
from bot.handlers.filters import Spoken, on_buttons, on_commands
from bot.telegram_files import Shown
from bot.texts import Text
from engine import PicTraceError, StoredImage, UnknownImage, UnknownOperation

MAX_REMOVED = 30  # so that one message names them all
MAX_HISTORY = 10  # operations


def create() -> Router:
    router = Router(name="admin")
    on_commands(
        router,
        {"add": add, "remove": remove, "retitle": retitle, "undo": undo, "history": history, "stats": stats},
    )
    on_buttons(router, {keyboards.Keep: keep, keyboards.Remove: remove_confirmed, keyboards.Undo: undo_button})
    return router


async def add(event: Message, talk: Conversation, spoken: Spoken) -> None:
    """Under pictures or an archive, as a reply to one, or with links."""
    messages = talk.turn.messages
    brought = _brought(messages)
    if not brought and spoken.message.reply_to_message:
        messages = [spoken.message.reply_to_message]
        brought = _brought(messages)
    if not brought:
        raise Refusal("add-how")
    title, tags = title_and_tags(spoken.words)
    scope = (await talk.parts.storage.chat(talk.chat_id)).tags
    options = AddOptions(title, tuple(dict.fromkeys([*tags, *scope])), _page_url(messages[0]))
    async with talk.typing():
        await talk.parts.adding.add(talk.turn, spoken.message, brought, options, talk.t)


async def remove(event: Message, talk: Conversation, spoken: Spoken) -> None:
    """By id, or as a reply to a picture."""
    t, turn, service, message = talk.t, talk.turn, talk.parts.service, spoken.message
    # Words beside the numbers mean that a picture is replied to, and that the numbers are no ids.
    is_list = re.fullmatch(r"(\d{1,18}[\s,;]*)+", spoken.words)
    if spoken.words and not is_list and message.reply_to_message is None:
        raise Refusal("remove-how")
    if turn.operation_id is not None:  # done by a process that died before it could say so
        await talk.say(t("done-already"), _undoing(t, turn.operation_id), to=message)
        return
    if is_list:
        ids = [int(number) for number in re.findall(r"\d+", spoken.words)]
        if len(ids) > MAX_REMOVED:
            raise Refusal("remove-too-many", count=MAX_REMOVED)
        images = await _all_of(talk, list(dict.fromkeys(ids)))
    else:
        image, is_sure = await _meant(talk, message, how="remove-how")
        if not is_sure:
            await _confirm(talk, message, image)
            return
        images = [image]
    operation_id = await service.remove([image.id for image in images], actor=talk.actor)
    await turn.note_operation(operation_id)
    await talk.say(_removed(images, t), _undoing(t, operation_id), to=message)


async def retitle(event: Message, talk: Conversation, spoken: Spoken) -> None:
    """By id, or as a reply to a picture: a new title, new #tags, or both."""
    t, service, words = talk.t, talk.parts.service, spoken.words
    # In a reply to a picture, a number before words belongs to the title.
    by_id = None if _is_said_to_picture(spoken.message) else re.match(r"(\d{1,18})(?!\S)", words)
    if by_id:
        image, words = await _of_id(talk, int(by_id[1])), words[by_id.end() :]
    else:
        image, _ = await _meant(talk, spoken.message, how="retitle-how")
    title, tags = title_and_tags(words)
    values: dict[str, str | list[str] | None] = {}
    if title:
        values["title"] = title
    if tags:
        values["tags"] = list(tags)
    if not values:
        raise Refusal("retitle-how")
    changed = await service.edit(image.id, values, actor=talk.actor)
    (after,) = changed.images
    text = t("retitled", id=str(after.id), title=replies.title(after), tags=_tags(after))
    await talk.say(text, _undoing(t, changed.operation_id), to=spoken.message)


async def undo(event: Message, talk: Conversation, spoken: Spoken) -> None:
    """The whole of one's last operation, or of the one named."""
    t, turn, service = talk.t, talk.turn, talk.parts.service
    number = re.fullmatch(r"#?(\d{1,18})", spoken.words)
    if spoken.words and not number:
        raise Refusal("undo-how")
    # Noted first: after a crash the same operation is taken back, not the one before it.
    before = turn.operation_id
    operation_id = before or (int(number[1]) if number else await service.last_operation(talk.actor))
    if not await _may_undo(talk, operation_id):
        raise Refusal("undo-own-only")
    await turn.note_operation(operation_id)
    try:
        undone = await service.undo(actor=talk.actor, operation_id=operation_id)
    except UnknownOperation:
        raise Refusal("undo-missing", id=str(operation_id)) from None
    except PicTraceError as error:
        if before is None or error.code != "nothing_to_undo":
            raise
        await talk.say(t("done-already"))
        return
    await talk.say(t(f"undone-{undone.kind}", count=undone.images, at=t.moment(undone.at)))


async def history(event: Message, talk: Conversation) -> None:
    """The last operations, each with a button that takes it back."""
    t = talk.t
    past = await talk.parts.service.history(limit=MAX_HISTORY)
    lines = [t("history-title" if past else "history-nothing")]
    for one in past:
        key = f"history-{one.kind}"
        done = t(key, count=one.pictures) if t.has(key) else one.kind
        line = t("history-line", id=str(one.id), at=t.moment(one.at), who=await _name_of(talk, one.actor))
        lines.append(f"{line}: {done}" + (f" · {t('history-undone')}" if one.is_undone else ""))
    buttons = [keyboards.undo(t, one.id, label=str(one.id)) for one in past if one.can_undo]
    await talk.say("\n".join(lines), keyboards.keyboard(buttons[:5], buttons[5:]))


async def stats(event: Message, talk: Conversation) -> None:
    """The library at a glance."""
    t, found = talk.t, await talk.parts.service.status()
    lines = [
        t("stats-pictures", count=found.images),
        t("stats-removed", count=found.removed),
        t("stats-disk", megabytes=t.number(round(found.disk_bytes / 1e6, 1))),
        t("stats-network", name=str(found.network), calibrated="yes" if found.calibrated else "no"),
        t("stats-verdicts", right=found.tally.right, wrong=found.tally.wrong),
        t("stats-watches", count=found.tally.watches),
    ]
    await talk.say("\n".join(lines))


async def keep(event: CallbackQuery, talk: Conversation, callback_data: keyboards.Keep) -> None:
    """Of two that are nearly the same, only the better one."""
    await talk.toast()
    t, turn, service = talk.t, talk.turn, talk.parts.service
    operation_id = turn.operation_id
    if operation_id is None:  # else it was done by a process that died before it could say so
        both = (callback_data.better, callback_data.lesser)
        decision = await service.duplicates.decide(both, "best", actor=talk.actor, keeper=callback_data.better)
        operation_id = decision.operation_id
        assert operation_id is not None
        await turn.note_operation(operation_id)
    text = t("kept", better=str(callback_data.better), lesser=str(callback_data.lesser))
    await _say_done(event, talk, text, _undoing(t, operation_id))


async def remove_confirmed(event: CallbackQuery, talk: Conversation, callback_data: keyboards.Remove) -> None:
    """The picture that was shown is the one that was meant."""
    await talk.toast()
    t, turn, service = talk.t, talk.turn, talk.parts.service
    text, operation_id = t("done-already"), turn.operation_id
    if operation_id is None:
        image = await service.get(callback_data.image)
        operation_id = await service.remove([image.id], actor=talk.actor)
        await turn.note_operation(operation_id)
        text = _removed([image], t)
    await _say_done(event, talk, text, _undoing(t, operation_id))


async def undo_button(event: CallbackQuery, talk: Conversation, callback_data: keyboards.Undo) -> None:
    """Take back the operation that the message speaks of."""
    t, turn = talk.t, talk.turn
    if not await _may_undo(talk, callback_data.operation):
        await talk.toast(t.plain("undo-own-only"), alert=True)
        return
    has_begun = turn.operation_id is not None  # by a process that died before it could say so
    await turn.note_operation(callback_data.operation)
    try:
        undone = await talk.parts.service.undo(actor=talk.actor, operation_id=callback_data.operation)
    except PicTraceError as error:
        if error.code != "nothing_to_undo":
            raise
        if not has_begun:
            await talk.toast(t.plain("error-nothing_to_undo"), alert=True)
            return
        text = t("done-already")
    else:
        text = t(f"undone-{undone.kind}", count=undone.images, at=t.moment(undone.at))
    await talk.toast()
    await _say_done(event, talk, text)


async def _say_done(
    event: CallbackQuery, talk: Conversation, text: str, buttons: InlineKeyboardMarkup | None = None
) -> None:
    """Take away the button whose work is done, and say so; nothing where its message is too old."""
    if isinstance(event.message, Message):
        await _without_button(event.message, event.data or "")
        await talk.say(text, buttons)


async def _may_undo(talk: Conversation, operation_id: int) -> bool:
    """Whether this person may take an operation back: an admin may, an adder only an addition of their own."""
    if talk.is_admin:
        return True
    for one in await talk.parts.service.history(before=operation_id + 1, limit=1):
        if one.id == operation_id:
            return one.actor == talk.actor and one.kind == "add"
    return True  # there is no such operation, which is said


async def _all_of(talk: Conversation, ids: Sequence[int]) -> list[StoredImage]:
    """The pictures with these ids. Refusal that names those that are not there."""
    found, missing = [], []
    for image_id in ids:
        try:
            found.append(await talk.parts.service.get(image_id))
        except UnknownImage:
            missing.append(image_id)
    if missing:
        named = talk.t.plain("list-separator").join(map(str, missing))
        raise Refusal("remove-missing", ids=named, count=len(missing))
    return found


async def _of_id(talk: Conversation, image_id: int) -> StoredImage:
    """The picture with an id that somebody has written. Refusal where there is none, and perhaps never was."""
    try:
        return await talk.parts.service.get(image_id)
    except UnknownImage:
        raise Refusal("retitle-missing", id=str(image_id)) from None


async def _name_of(talk: Conversation, actor: str) -> str:
    """What people know someone as who has changed the library."""
    door, _, name = actor.partition(":")
    if door != "telegram" or not name.isdigit():
        return talk.t.plain(f"actor-{door}") if talk.t.has(f"actor-{door}") else actor
    known = talk.parts.adders.name_of(int(name))
    if known is None:
        with suppress(TelegramAPIError):  # who has never written to the bot
            known = (await talk.parts.bot.get_chat(int(name))).full_name
    return known or name


async def _meant(talk: Conversation, message: Message, *, how: str) -> tuple[StoredImage, bool]:
    """The picture of the library that a message replies to, and whether that is certain.

    `how`: the key of what is said to a message that replies to no picture.
    """
    parts, replied = talk.parts, message.reply_to_message
    if replied is None:
        raise Refusal(how)
    for size in replied.photo or []:
        image_id = await parts.storage.image_of(size.file_unique_id)
        if image_id is not None:
            return await parts.service.get(image_id), True
    pictures = pictures_in(replied)
    if not pictures:
        raise Refusal(how)
    result = await parts.service.search(await parts.files.read(pictures[0]), limit=5)
    same = [match for match in result.matches if match.lane == "same"]
    if not same:
        raise Refusal("not-in-library")
    return same[0].image, same[0].evidence.exact


def _is_said_to_picture(message: Message) -> bool:
    """Whether a message replies to a picture. In a topic every message replies, at least to the topic's first."""
    try:
        return bool(message.reply_to_message and pictures_in(message.reply_to_message))
    except Refusal:
        return False


async def _confirm(talk: Conversation, message: Message, image: StoredImage) -> None:
    """Show the picture that seems to be meant, and ask."""
    t, answers = talk.t, talk.parts.answers
    caption = t("shown-duplicate", id=str(image.id), title=replies.title(image))
    album = await talk.parts.files.prepare([Shown(image, caption)])
    removing = keyboards.button(t.plain("button-remove", id=str(image.id)), keyboards.Remove(image=image.id))
    pictures = pictures_in(message.reply_to_message) if message.reply_to_message else []
    async with talk.turn.answering():
        await album.send(covered(place_of(message), pictures))
        await answers.say(place_of(message), t("remove-this"), keyboards.keyboard([removing]))


def _brought(messages: Sequence[Message]) -> Brought:
    """What came with messages. Refusal where that is only files that look like pictures."""
    archives = [one.document for one in messages if is_archive(one) and one.document]
    pictures, others = pieces_of([one for one in messages if not is_archive(one)])
    if others and not pictures and not archives:
        raise others[0].refusal
    return Brought(pictures, archives, others)


def _page_url(message: Message) -> str | None:
    """The public channel post that a forwarded picture came from."""
    origin = message.forward_origin
    if isinstance(origin, MessageOriginChannel) and origin.chat.username:
        return f"https://t.me/{origin.chat.username}/{origin.message_id}"
    return None


def _removed(images: Sequence[StoredImage], t: Text) -> str:
    return "\n".join(
        t("removed", id=str(image.id), title=replies.title(image, replies.LINE_CHARACTERS)) for image in images
    )


def _tags(image: StoredImage) -> str:
    return hashtags(image.tags)


def _undoing(t: Text, operation_id: int) -> InlineKeyboardMarkup | None:
    return keyboards.keyboard([keyboards.undo(t, operation_id)])


async def _without_button(message: Message, data: str) -> None:
    """Take away the button that was pressed."""
    rows = message.reply_markup.inline_keyboard if message.reply_markup else []
    left = [[one for one in row if one.callback_data != data] for row in rows]
    with suppress(TelegramBadRequest):  # as it is already
        await message.edit_reply_markup(reply_markup=keyboards.keyboard(*left))
