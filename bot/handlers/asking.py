"""A picture in, the matches out: photos, files, stickers, previews, links, forwards, albums, /find."""

from collections.abc import Sequence

from aiogram import F, Router
from aiogram.types import Message

from bot.addressing import GROUPS, covered, is_addressed, place_of
from bot.asked import MAX_PICTURES, AskedPicture, Refusal, options_in, pictures_in, pieces_of, words_of
from bot.conversation import Conversation
from bot.handlers.filters import Spoken, on_commands


def create() -> Router:
    router = Router(name="asking")
    on_commands(router, {"find": find})
    router.message.register(ask, F.chat.type.in_({"private", *GROUPS}))
    return router


async def find(event: Message, talk: Conversation, spoken: Spoken) -> None:
    """/find under a picture, with a link, or as a reply to either."""
    pictures, others = _pictures(talk.turn.messages)
    pictures = pictures or _replied(spoken.message)
    if not pictures:
        raise Refusal("find-how")
    await _answer(talk, spoken, pictures, others=others)


async def ask(event: Message, talk: Conversation) -> None:
    """Anything else that someone sends."""
    t, me, messages, in_group = talk.t, talk.parts.me, talk.turn.messages, event.chat.type in GROUPS
    if not any(is_addressed(message, me) for message in messages):
        return  # an album that people in a group show each other
    asking = next((message for message in messages if message.text or message.caption), messages[0])
    pictures, others = _pictures(messages)
    if not pictures and in_group:
        pictures = _replied(asking)  # mentioned under a picture
    if not pictures:
        await talk.say(t("hint-group" if in_group else "hint"))
        return
    words = "" if asking.forward_origin else words_of(asking, me)
    await _answer(talk, Spoken(asking, words), pictures, others=others)


async def _answer(talk: Conversation, spoken: Spoken, pictures: Sequence[AskedPicture], *, others: int) -> None:
    place = covered(place_of(spoken.message, pictures[0]), pictures)
    asker = talk.asker(talk.person.id if talk.person else 0, place)
    options, answers = await talk.scoped(options_in(spoken.words)), talk.parts.answers
    async with talk.typing():
        if len(pictures) == 1 and not others:
            await answers.answer(talk.turn, pictures[0], asker, options)
        else:
            await answers.answer_several(talk.turn, pictures[:MAX_PICTURES], asker, options, others=others)


def _pictures(messages: Sequence[Message]) -> tuple[list[AskedPicture], int]:
    """All pictures of an album, and how many of its pieces are none. Refusal where none is one."""
    pictures, others = pieces_of(messages)
    if others and not pictures:
        raise others[0].refusal
    return pictures, len(others)


def _replied(message: Message) -> list[AskedPicture]:
    return pictures_in(message.reply_to_message) if message.reply_to_message else []
