"""A picture in, the matches out: photos, files, stickers, previews, links, forwards, albums, /find."""

from aiogram import F, Router
from aiogram.types import Message, User

from bot.answers import Answers, Asker, covered, place_of
from bot.apologies import Apologies
from bot.asked import MAX_PICTURES, AskedPicture, Refusal, pictures_in, pieces_of, wish_of, words_of
from bot.courtesy import GROUPS, Courtesy, is_addressed
from bot.handlers.filters import Says
from bot.inbox import Turn
from bot.settings import BotSettings
from bot.texts import Text


def create() -> Router:
    router = Router(name="asking")
    router.message.register(find, Says("find"))
    router.message.register(asked, F.chat.type.in_({"private", *GROUPS}))
    return router


async def find(
    message: Message,
    asking: Message,
    words: str,
    turn: Turn,
    t: Text,
    settings: BotSettings,
    answers: Answers,
    courtesy: Courtesy,
    apologies: Apologies,
) -> None:
    """/find under a picture, with a link, or as a reply to either."""
    pictures, others = _pictures(turn.messages)
    pictures = pictures or _replied(asking)
    if not pictures:
        raise Refusal("find-how")
    await _answer(asking, pictures, others, words, turn, t, settings, answers, courtesy, apologies)


async def asked(
    message: Message,
    turn: Turn,
    t: Text,
    me: User,
    settings: BotSettings,
    answers: Answers,
    courtesy: Courtesy,
    apologies: Apologies,
) -> None:
    """Anything else that someone sends."""
    if not any(is_addressed(one, me) for one in turn.messages):
        return  # an album that people in a group show each other
    asking = next((one for one in turn.messages if one.text or one.caption), turn.messages[0])
    pictures, others = _pictures(turn.messages)
    if not pictures and message.chat.type in GROUPS:
        pictures = _replied(asking)  # mentioned under a picture
    if not pictures:
        async with turn.answering():
            await answers.say(place_of(message), t("hint-group" if message.chat.type in GROUPS else "hint"))
        return
    words = "" if asking.forward_origin else words_of(asking, me)
    await _answer(asking, pictures, others, words, turn, t, settings, answers, courtesy, apologies)


async def _answer(
    message: Message,
    pictures: list[AskedPicture],
    others: int,
    words: str,
    turn: Turn,
    t: Text,
    settings: BotSettings,
    answers: Answers,
    courtesy: Courtesy,
    apologies: Apologies,
) -> None:
    user = message.from_user
    who = user.id if user else 0
    asker = Asker(who, who in settings.admin_ids, covered(place_of(message, pictures[0]), pictures), t)
    wish = wish_of(words)
    async with courtesy.typing(message):
        if len(pictures) == 1 and not others:
            await answers.answer(turn, pictures[0], asker, wish)
        else:
            await answers.answer_several(turn, pictures[:MAX_PICTURES], asker, wish, apologies.sentence, others=others)


def _pictures(messages: list[Message]) -> tuple[list[AskedPicture], int]:
    """All pictures of an album, and how many of its pieces are none. Refusal where none is one."""
    found, others = pieces_of(messages)
    if others and not found:
        raise others[0].refusal
    return found, len(others)


def _replied(message: Message) -> list[AskedPicture]:
    return pictures_in(message.reply_to_message) if message.reply_to_message else []
