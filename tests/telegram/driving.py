"""What tests do as the people in the chats."""

import copy
import itertools
import time
from collections.abc import Iterable
from typing import Any

from tests.telegram.markup import detect, units
from tests.telegram.updates import Updates
from tests.telegram.world import Chat, Json, Stored, User, World

Place = Chat | User | int


class Driving:
    """People's side of Telegram: they write, press, block; each such act queues the update that the bot gets."""

    world: World
    updates: Updates

    def __init__(self) -> None:
        self.privacy = False
        """Whether groups show the bot only what is meant for it, as "privacy mode" does."""
        self._callbacks = itertools.count(4_382_000_000_001)

    # people and chats

    def user(self, user_id: int, name: str, *, language: str | None = "en", username: str | None = None) -> User:
        user = User(user_id, name, language, username)
        self.world.users[user_id] = user
        self.world.chats[user_id] = Chat(user_id, "private", name, user=user)
        return user

    def group(
        self,
        chat_id: int,
        title: str,
        *,
        forum: bool = False,
        members: Iterable[User] = (),
        admins: Iterable[User] = (),
        reactions: bool = True,
        bot_is_admin: bool = False,
    ) -> Chat:
        """A supergroup where its id begins with -100, a plain group otherwise; the first administrator owns it."""
        kind = "supergroup" if str(chat_id).startswith("-100") or forum else "group"
        chat = Chat(chat_id, kind, title, forum=forum, react=reactions, started=True, bot_is_admin=bot_is_admin)
        chat.admins = {user.id: user for user in admins}
        chat.members = {user.id: user for user in members} | chat.admins
        self.world.chats[chat_id] = chat
        return chat

    def topic(self, chat: Chat, name: str) -> int:
        """A new topic of a forum: its id is that of the service message which made it."""
        sender = next(iter(chat.members.values()), User(1087968824, "Group", username="GroupAnonymousBot", is_bot=True))
        made = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        thread = self.world.post(chat, made, sender=sender.told())
        chat.messages[thread].body |= {"message_thread_id": thread, "is_topic_message": True}
        chat.topics[thread] = name
        return thread

    def chat(self, place: Place) -> Chat:
        if isinstance(place, Chat):
            return place
        return self.world.chats[place.id if isinstance(place, User) else place]

    # writing

    def say(
        self,
        user: User,
        text: str | None = None,
        *,
        chat: Place | None = None,
        reply_to: Json | int | None = None,
        thread: int | None = None,
        photo: bytes | None = None,
        document: tuple[str, bytes, str | None] | None = None,
        sticker: tuple[bytes, str] | None = None,
        animation: bytes | bool | None = None,
        video: bytes | bool | None = None,
        video_note: bytes | None = None,
        film: bytes | None = None,
        cover: bytes | None = None,
        voice: bool = False,
        caption: str | None = None,
        spoiler: bool = False,
        album: str | None = None,
        forward_from: tuple[str, str | None, int] | None = None,
        file_size: int | None = None,
        links: Iterable[tuple[str, str]] = (),
        document_thumbnail: bool = True,
        migrate_to: int | None = None,
    ) -> Json:
        """A message by this user, in the private chat unless told otherwise."""
        files = self.world.files
        content: Json = {}
        if text is not None:
            content |= _words("text", "entities", text, links)
        if photo is not None:
            content["photo"] = files.photo(photo, file_size=file_size)
        if document is not None:
            name, data, mime = document
            content["document"] = files.document(name, data, mime, file_size=file_size, pictured=document_thumbnail)
        if sticker is not None:
            content["sticker"] = files.sticker(*sticker, film=film)
        for kind, given in (("animation", animation), ("video", video)):
            if given:
                preview = given if isinstance(given, bytes) else None
                film = film or b"\0\0\0\x18ftypmp42" + kind.encode() + (preview or b"")[:64]
                content[kind] = files.film(kind, preview, film, file_size=file_size, cover=cover)
        if video_note is not None:
            content["video_note"] = files.video_note(video_note, film or b"\0\0\0\x18ftypmp42round")
        if "animation" in content:  # Telegram tells an animation as a document too
            only = ("width", "height", "duration")
            content["document"] = {key: value for key, value in content["animation"].items() if key not in only}
        if voice:
            content["voice"] = files.voice()
        if caption is not None:
            content |= _words("caption", "caption_entities", caption, links)
        if spoiler:
            content["has_media_spoiler"] = True
        if album is not None:
            content["media_group_id"] = album
        if migrate_to is not None:
            content["migrate_to_chat_id"] = migrate_to
        if not content:
            raise ValueError("nothing to say")
        return self._say(user, content, chat=chat, reply_to=reply_to, thread=thread, forward_from=forward_from)

    def _say(
        self,
        user: User,
        content: Json,
        *,
        chat: Place | None,
        reply_to: Json | int | None,
        thread: int | None,
        forward_from: tuple[str, str | None, int] | None,
    ) -> Json:
        where = self.chat(user if chat is None else chat)
        where.started = True
        if where.user is None:
            where.members.setdefault(user.id, user)
        if thread is not None and thread not in where.topics:
            raise ValueError(f"no topic {thread} in {where.title}")
        reply = reply_to["message_id"] if isinstance(reply_to, dict) else reply_to
        if reply is not None and reply not in where.messages:
            raise ValueError(f"no message {reply} in {where.title}")
        if reply is not None and thread is None and where.forum:
            thread = where.messages[reply].body.get("message_thread_id")
        message_id = self.world.post(where, content, sender=user.told(), reply_to=reply, thread=thread)
        body = where.messages[message_id].body
        if forward_from is not None:
            title, username, original = forward_from
            channel = {"id": -1001900000000, "type": "channel", "title": title}
            origin = {"type": "channel", "date": body["date"] - 3600, "message_id": original}
            body["forward_origin"] = {**origin, "chat": {**channel, "username": username} if username else channel}
        message = where.message(message_id)
        if self._shown(where, message):
            self.updates.put("message", message)
        return copy.deepcopy(message)

    def _shown(self, chat: Chat, message: Json) -> bool:
        """Whether the bot gets to see the message."""
        if chat.blocked:
            return False
        if not self.privacy or chat.user is not None or chat.bot_is_admin:
            return True
        said: str = message.get("text") or message.get("caption") or ""
        name = "@" + self.world.me["username"]
        replied = message.get("reply_to_message", {}).get("from", {})
        addressed = "@" not in said.split()[0] if said.startswith("/") else False
        return addressed or name.lower() in said.lower() or replied.get("id") == self.world.me["id"]

    def album(self, user: User, photos: Iterable[bytes], *, caption: str | None = None, **how: Any) -> list[Json]:
        """Photos sent together; the caption is the first one's, as Telegram's apps have it."""
        group = str(next(self._callbacks) * 7)
        return [
            self.say(user, photo=photo, caption=None if place else caption, album=group, **how)
            for place, photo in enumerate(photos)
        ]

    def edit(self, message: Json, text: str, *, links: Iterable[tuple[str, str]] = ()) -> Json:
        """The user changes the text or the caption of a message."""
        chat = self.chat(message["chat"]["id"])
        body = chat.messages[message["message_id"]].body
        names = ("text", "entities") if "text" in body else ("caption", "caption_entities")
        body.pop(names[1], None)
        body |= _words(*names, text, links) | {"edit_date": body["date"] + 1}
        edited = chat.message(message["message_id"])
        if self._shown(chat, edited):
            self.updates.put("edited_message", edited)
        return edited

    def delete(self, message: Json) -> None:
        """The user deletes a message; bots are not told."""
        del self.chat(message["chat"]["id"]).messages[message["message_id"]]

    # asking the bot where it is not

    def summon(self, user: User, text: str | None = None, *, chat: Chat, **how: Any) -> Json:
        """Mention the bot in a chat that it is no member of; it gets this message, and the one that it replies to."""
        chat.blocked = True  # it can do nothing else there
        message = self.say(user, text, chat=chat, **how)
        query = str(next(self._callbacks))
        self.world.guest_queries[query] = False
        asked = message | {"guest_query_id": query}
        self.updates.put("guest_message", asked)
        return asked

    def inline(self, user: User, words: str, *, offset: str = "", chat_type: str = "group") -> str:
        """Write `@bot words` anywhere, without sending it; the query's id."""
        query = str(next(self._callbacks))
        self.world.inline_queries[query] = None
        content = {"id": query, "from": user.told(), "query": words, "offset": offset, "chat_type": chat_type}
        self.updates.put("inline_query", content)
        return query

    # pressing

    def press(self, user: User, message: Json, button: str, *, inaccessible: bool = False, forged: bool = False) -> str:
        """Press a button that the message has now, named by its data or its label; `forged` sends any data."""
        chat = self.chat(message["chat"]["id"])
        data = button if forged else _pressed(chat.messages.get(message["message_id"]), button)
        query = str(next(self._callbacks))
        self.world.callbacks[query] = False
        shown: Json
        if inaccessible or message["message_id"] not in chat.messages:
            shown = {"chat": chat.told(), "message_id": message["message_id"], "date": 0}
        else:
            shown = chat.message(message["message_id"])
        content = {
            "id": query,
            "from": user.told(),
            "message": shown,
            "chat_instance": str(-chat.id * 31),
            "data": data,
        }
        self.updates.put("callback_query", content)
        return query

    def press_inline(self, user: User, inline_message_id: str, button: str, *, forged: bool = False) -> str:
        """Press a button under a message that the bot sent by way of a result; the bot is told its id, and no chat."""
        stored = self.world.inline_messages[inline_message_id]
        query = str(next(self._callbacks))
        self.world.callbacks[query] = False
        content = {
            "id": query,
            "from": user.told(),
            "inline_message_id": inline_message_id,
            "chat_instance": "31",
            "data": button if forged else _pressed(stored, button),
        }
        self.updates.put("callback_query", content)
        return query

    # the bot's membership

    def _membership(self, chat: Chat, user: User, blocked: bool) -> None:
        old = self.world.member(chat, self.world.bot) if chat.user is None else self._private(chat.blocked)
        if not blocked and old["status"] == "member":
            old = {"status": "left", "user": self.world.bot}
        chat.blocked = blocked
        new = self.world.member(chat, self.world.bot) if chat.user is None else self._private(blocked)
        date = int(time.time())
        change = {
            "chat": chat.told(),
            "from": user.told(),
            "date": date,
            "old_chat_member": old,
            "new_chat_member": new,
        }
        self.updates.put("my_chat_member", change)

    def _private(self, blocked: bool) -> Json:
        bot = self.world.bot
        return self.world.banned(bot) if blocked else {"status": "member", "user": bot}

    def block(self, user: User) -> None:
        self._membership(self.chat(user), user, True)

    def unblock(self, user: User) -> None:
        self._membership(self.chat(user), user, False)

    def kick(self, chat: Chat, by: User | None = None) -> None:
        chat.bot_is_admin = False
        self._membership(chat, by or next(iter(chat.members.values())), True)

    def join(self, chat: Chat, by: User | None = None) -> None:
        """The bot is (again) added to a group."""
        self._membership(chat, by or next(iter(chat.members.values())), False)

    # files

    def move(self, chat: Place, new: Place) -> None:
        """A group becomes a supergroup: whoever writes to the old one is told where it is."""
        self.chat(chat).moved_to = self.chat(new).id

    def forget_file(self, file_id: str) -> None:
        """From now on nobody knows this file id: of a photo, no size of it."""
        stored = self.world.files.known[file_id]
        stored.stale = True
        if isinstance(stored.told, list):
            for size in stored.told:
                self.world.files.known[size["file_id"]].stale = True

    def stale_all(self) -> None:
        for stored in self.world.files.known.values():
            stored.stale = True

    def file(self, file_id: str) -> bytes:
        return self.world.files.known[file_id].content


def _words(text_key: str, entities_key: str, text: str, links: Iterable[tuple[str, str]]) -> Json:
    """A text with its links and the entities that Telegram finds in it."""
    entities: list[Json] = []
    for shown, url in links:
        start = text.index(shown)
        entities.append({"type": "text_link", "offset": units(text[:start]), "length": units(shown), "url": url})
    entities = sorted(entities + detect(text, entities), key=lambda entity: (entity["offset"], -entity["length"]))
    return {text_key: text, entities_key: entities} if entities else {text_key: text}


def _pressed(stored: Stored | None, button: str) -> str:
    """The data of the button meant."""
    if stored is None:
        raise LookupError("the message is gone")
    rows = stored.body.get("reply_markup", {}).get("inline_keyboard", [])
    buttons = [b for row in rows for b in row if "callback_data" in b]
    for fits in (
        [b for b in buttons if b["callback_data"] == button],
        [b for b in buttons if b["text"] == button],
        [b for b in buttons if b["text"].startswith(button)],
    ):
        if len(fits) == 1:
            return str(fits[0]["callback_data"])
        if fits:
            raise LookupError(f"{button!r} fits more than one button: {fits}")
    raise LookupError(f"no button {button!r} among {[(b['text'], b['callback_data']) for b in buttons]}")
