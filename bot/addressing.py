"""Whom a message speaks to, who says it, and where its answer goes."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, replace

from aiogram.enums import ContentType
from aiogram.types import InaccessibleMessage, Message, ReplyParameters, Update, User

from bot.asked import AskedPicture, has_media
from bot.commands import COMMANDS

GROUPS = ("group", "supergroup")
# What people send; every other kind of message is Telegram's own news, such as a pinned message.
FROM_PEOPLE = frozenset(
    {
        ContentType.TEXT,
        ContentType.PHOTO,
        ContentType.DOCUMENT,
        ContentType.STICKER,
        ContentType.ANIMATION,
        ContentType.VIDEO,
        ContentType.VIDEO_NOTE,
        ContentType.VOICE,
        ContentType.AUDIO,
        ContentType.PAID_MEDIA,
        ContentType.STORY,
        ContentType.CONTACT,
        ContentType.LOCATION,
        ContentType.VENUE,
        ContentType.POLL,
        ContentType.DICE,
        ContentType.GAME,
    }
)
PEOPLE_IN_DISGUISE = (1087968824, 136817688)  # Telegram's names for a group's anonymous admins, and for its channels


@dataclass(frozen=True, slots=True)
class ReplyPlace:
    """Where an answer goes: the chat, its topic, the message that it answers.

    `is_spoiler` covers its pictures; `is_silent`: nobody is to hear that it came. `only_as_reply`: Telegram refuses it
    where that message was deleted meanwhile; else it comes without replying.
    """

    chat_id: int
    thread_id: int | None = None
    reply_to: int | None = None
    is_spoiler: bool = False
    is_silent: bool = False
    only_as_reply: bool = False

    @property
    def reply(self) -> ReplyParameters | None:
        if self.reply_to is None:
            return None
        return ReplyParameters(message_id=self.reply_to, allow_sending_without_reply=not self.only_as_reply)


@dataclass(frozen=True, slots=True)
class Attention:
    """What the bot listens to beside what is said to it: questions to a guest, and all pictures of some groups."""

    guests: bool = False
    groups: Container[int] = ()

    def is_on(self, message: Message) -> bool:
        """Whether every picture in a message's chat counts, and it has one."""
        return message.chat.id in self.groups and has_media(message)


def is_wanted(update: Update, me: User, attention: Attention) -> bool:
    """Whether an update is for the bot at all; of what people say to each other in a group nothing is stored."""
    if update.guest_message:
        return attention.guests and update.guest_message.guest_query_id is not None
    message = update.message or update.edited_message
    if message is None:
        return bool(update.callback_query or update.my_chat_member)
    if message.chat.type not in ("private", *GROUPS):
        return False
    if message.migrate_to_chat_id:
        return True
    sender = message.from_user
    if message.content_type not in FROM_PEOPLE or (sender and sender.is_bot and sender.id not in PEOPLE_IN_DISGUISE):
        return False
    if update.edited_message:  # what counts is only an /add that is edited in
        return command_in(message.text or message.caption) == "add" and is_addressed(message, me)
    # A mention may be under any picture of an album: which one is known once all of them are here.
    return bool(message.media_group_id) or is_addressed(message, me) or attention.is_on(message)


def is_addressed(message: Message, me: User) -> bool:
    """Whether a message is for the bot: in a group by command, mention, or reply with something to look at."""
    if message.chat.type == "private":
        return True
    words = message.text or message.caption or ""
    if words.startswith("/"):
        name, _, bot = words.split(maxsplit=1)[0][1:].partition("@")
        return name.lower() in COMMANDS and (not bot or bot.lower() == (me.username or "").lower())
    entities = message.entities or message.caption_entities or []
    for entity in entities:
        if entity.type == "text_mention" and entity.user and entity.user.id == me.id:
            return True
        if entity.type == "mention" and entity.extract_from(words).lower() == f"@{me.username}".lower():
            return True
    to_me = message.reply_to_message and message.reply_to_message.from_user
    asks = has_media(message) or any(entity.type in ("url", "text_link") for entity in entities)
    return bool(to_me and to_me.id == me.id and asks)


def command_in(words: str | None) -> str | None:
    """The name of the command that a text or caption begins with, whether there is such a command or not."""
    first = (words or "").split(maxsplit=1)[:1]
    if not first or not first[0].startswith("/"):
        return None
    return first[0][1:].partition("@")[0].lower()


def chat_and_person(update: Update) -> tuple[int, User | None]:
    """The chat that an update comes from, and who wrote, pressed or changed something there."""
    if update.message:
        return update.message.chat.id, update.message.from_user
    if update.callback_query:
        callback = update.callback_query
        return (callback.message.chat.id if callback.message else callback.from_user.id), callback.from_user
    if update.my_chat_member:
        return update.my_chat_member.chat.id, update.my_chat_member.from_user
    if update.guest_message:
        return update.guest_message.chat.id, update.guest_message.from_user
    return 0, None


def person_id(update: Update) -> int:
    """Whose turn an update takes: the person's, or the chat's where no person is named."""
    chat_id, person = chat_and_person(update)
    return person.id if person else chat_id


def topic_of(message: Message | InaccessibleMessage) -> int | None:
    """The topic of a forum that a message is in. Elsewhere `message_thread_id` only counts replies."""
    return message.message_thread_id if isinstance(message, Message) and message.is_topic_message else None


def place_of(message: Message | InaccessibleMessage, picture: AskedPicture | None = None) -> ReplyPlace:
    """Where the answer to a message goes; it replies to the picture that is asked about, or else to the message."""
    reply_to = picture.message_id if picture else message.message_id
    return ReplyPlace(message.chat.id, topic_of(message), reply_to, bool(picture and picture.is_spoiler))


def covered(place: ReplyPlace, pictures: Iterable[AskedPicture]) -> ReplyPlace:
    """The same place, where what is shown is a spoiler if any of the pictures is."""
    return replace(place, is_spoiler=any(picture.is_spoiler for picture in pictures))


def subscriber(chat_id: int) -> str:
    """How the engine knows a chat, for which verdicts and watches are kept."""
    return f"telegram:{chat_id}"


def chat_of(name: str) -> int:
    """The chat that the engine knows as this subscriber."""
    return int(name.partition(":")[2])


def actor(user_id: int | str) -> str:
    """How the engine knows a person, by whom something is done."""
    return f"telegram:{user_id}"
