"""What a message asks: the pictures in it, and how its words steer the answer."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import urlsplit

from aiogram.types import Animation, Document, ExternalReplyInfo, Message, PhotoSize, Sticker, User, Video, VideoNote

from bot.texts import LANGUAGES, text_in
from engine import PICTURE_SUFFIXES, archive_suffix

LIMIT, MAX_LIMIT = 5, 10  # an album holds ten
MAX_PICTURES = 10
ARCHIVE_TYPES = {
    "application/zip": ".zip",
    "application/x-zip-compressed": ".zip",
    "application/x-7z-compressed": ".7z",
    "application/x-tar": ".tar",
}


@dataclass(frozen=True, slots=True)
class AskedPicture:
    """A picture that someone sent: a file of Telegram, or a link.

    `message_id` is of the message that holds it; `part` says which one it is where a message has several links. Of what
    moves it is the preview; `film_id` and `film_size` are those of the whole.
    """

    message_id: int
    name: str
    file_id: str | None = None
    size: int | None = None
    url: str | None = None
    part: int = 0
    is_spoiler: bool = False
    film_id: str | None = None
    film_size: int | None = None


@dataclass(frozen=True, slots=True)
class AskOptions:
    """Which matches are wanted: how many, and whether only those in lane `same`.

    `is_counted`: so many were asked for, and so many are shown, whatever they are. Where a list goes on, `offset`
    matches were shown before, and `after` has the ids of those that the buttons still name. `weak`: matches are wanted
    although nothing is near. `tags`: only pictures that have all of these are looked among.
    """

    limit: int = LIMIT
    same: bool = False
    is_counted: bool = False
    offset: int = 0
    after: Sequence[int] = ()
    weak: bool = False
    tags: tuple[str, ...] = ()

    @property
    def first(self) -> int:
        """The place of the first match, from 1."""
        return self.offset + 1


class Refusal(Exception):
    """What was asked cannot be done; whoever asked is told why: the key of a message and its arguments."""

    def __init__(self, key: str, **arguments: str | int | float) -> None:
        super().__init__(key)
        self.key = key
        self.arguments = arguments


def pictures_in(message: Message) -> list[AskedPicture]:
    """The pictures of a message, or the links in its text. Refusal if it has a file that cannot be looked at."""
    found = _attached(message, message)
    if found:
        return [replace(found, is_spoiler=bool(message.has_media_spoiler))]
    if message.external_reply:  # a quotation from another chat
        quoted = _attached(message.external_reply, message)
        if quoted:
            return [replace(quoted, is_spoiler=bool(message.external_reply.has_media_spoiler))]
    links: dict[str, bool] = {}
    for url, is_spoiler in _links(message):
        links[url] = links.get(url, False) or is_spoiler
    return [
        AskedPicture(message.message_id, _name(url), url=url, part=part, is_spoiler=is_spoiler)
        for part, (url, is_spoiler) in enumerate(list(links.items())[:MAX_PICTURES])
    ]


@dataclass(frozen=True, slots=True)
class Other:
    """Something that was sent with pictures, but is not a picture or cannot be had, and why."""

    name: str
    refusal: Refusal


def pieces_of(album: Sequence[Message]) -> tuple[list[AskedPicture], list[Other]]:
    """The pictures of an album, and whatever else is in it."""
    pictures: list[AskedPicture] = []
    others: list[Other] = []
    for message in album:
        try:
            pictures += pictures_in(message)
        except Refusal as refusal:
            file = message.animation or message.document or message.video
            name = (file.file_name if file else None) or _named("file", message)
            others.append(Other(name, refusal))
    return pictures, others


def has_media(message: Message) -> bool:
    """Whether a message has a file that could be meant as a question."""
    return any((message.photo, message.document, message.sticker, message.animation, message.video, message.video_note))


def archive_ending(document: Document) -> str | None:
    """How the name of an archive ends, or should; None for any other file."""
    return archive_suffix(document.file_name or "") or ARCHIVE_TYPES.get(document.mime_type or "")


def is_archive(message: Message) -> bool:
    return message.document is not None and archive_ending(message.document) is not None


def words_of(message: Message, me: User) -> str:
    """What someone wrote, without a leading command, mentions of the bot, and links of any form."""
    words = text = message.text or message.caption or ""
    for entity in message.entities or message.caption_entities or []:
        if entity.type == "url":
            words = re.sub(re.escape(entity.extract_from(text)) + r"\S*", "", words)
    words = re.sub(r"^/\w+(@\w+)?\s*", "", words)
    return re.sub(rf"@{me.username}\b", "", words, flags=re.IGNORECASE).strip()


def options_in(words: str) -> AskOptions:
    """The options that a caption names: `same`, a number, #tags. A caption with any other word names only its tags."""
    rest, tags = title_and_tags(words)
    named = options = AskOptions(tags=tuple(tags))
    for word in (rest or "").split():
        if word.casefold() in _same_words():
            options = replace(options, same=True)
        elif word.isascii() and word.isdigit() and len(word) <= 4 and int(word) > 0:
            options = replace(options, limit=min(int(word), MAX_LIMIT), is_counted=True)
        else:
            return named
    return options


def title_and_tags(words: str) -> tuple[str | None, list[str]]:
    """The title and the #tags that were written to a picture."""
    tags = re.findall(r"#(\w+)", words)
    title = re.sub(r"#\w+", "", words)
    return " ".join(title.split()) or None, list(dict.fromkeys(tags))


def as_written(tags: Iterable[str], known: Collection[str]) -> tuple[str, ...]:
    """Tags as the library, which knows these, writes them: phones begin words with capitals."""
    written = {tag.casefold(): tag for tag in known}
    return tuple(tag if tag in known else written.get(tag.casefold(), tag) for tag in tags)


def hashtags(tags: Iterable[str]) -> str:
    """Tags as they are written in Telegram."""
    return " ".join(f"#{tag}" for tag in tags)


@cache
def _same_words() -> frozenset[str]:
    """What people write for "only the very same picture", in any language."""
    translated = (text_in(language).plain("words-same") for language in LANGUAGES)
    return frozenset({"same"}.union(*(words.casefold().split() for words in translated)))


def _attached(message: Message | ExternalReplyInfo, asking: Message) -> AskedPicture | None:
    """The file that a message, or what it quotes, carries; `asking` is the message in this chat."""
    if message.photo:
        return _photo(message.photo[-1], asking)  # Telegram lists sizes in ascending order
    if message.animation:  # before `document`, which every animation has too
        return _preview(message.animation.thumbnail, message.animation, asking)
    if message.document:
        document = message.document
        name = document.file_name or ""
        if not (document.mime_type or "").startswith("image/") and not name.lower().endswith(tuple(PICTURE_SUFFIXES)):
            raise Refusal("not-a-picture")
        named = name or _named("file", asking, "jpg")
        return AskedPicture(asking.message_id, named, document.file_id, document.file_size)
    if message.sticker:
        if message.sticker.is_animated or message.sticker.is_video:
            return _preview(message.sticker.thumbnail, message.sticker, asking)
        named = _named("sticker", asking, "webp")
        return AskedPicture(asking.message_id, named, message.sticker.file_id, message.sticker.file_size)
    if message.video:
        cover = message.video.cover[-1] if message.video.cover else message.video.thumbnail
        return _preview(cover, message.video, asking)
    if message.video_note:
        return _preview(message.video_note.thumbnail, message.video_note, asking)
    return None


def _photo(photo: PhotoSize, asking: Message) -> AskedPicture:
    return AskedPicture(asking.message_id, _named("photo", asking, "jpg"), photo.file_id, photo.file_size)


def _preview(photo: PhotoSize | None, film: Animation | Sticker | Video | VideoNote, asking: Message) -> AskedPicture:
    if photo is None:
        raise Refusal("no-preview")
    return replace(_photo(photo, asking), film_id=film.file_id, film_size=film.file_size)


def _named(kind: str, asking: Message, suffix: str | None = None) -> str:
    """A name for a file that has none in Telegram."""
    name = f"{kind}_{asking.date:%Y-%m-%d}_{asking.message_id}"
    return f"{name}.{suffix}" if suffix else name


def _links(message: Message) -> Iterator[tuple[str, bool]]:
    """Each link of a message, and whether it is under a spoiler."""
    text = message.text or message.caption or ""
    entities = message.entities or message.caption_entities or []
    covers = [one for one in entities if one.type == "spoiler"]
    for entity in entities:
        url = entity.url if entity.type == "text_link" else None
        if entity.type == "url":
            url = entity.extract_from(text)
            if "://" not in url:
                url = f"https://{url}"
        if url and url.lower().startswith(("http://", "https://")):
            end = entity.offset + entity.length
            yield url, any(one.offset < end and entity.offset < one.offset + one.length for one in covers)


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or url
    except ValueError:  # the engine says what is wrong with it
        return url
