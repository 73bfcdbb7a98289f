"""Who is there and what was said: users, chats, topics and messages as they now stand."""

import copy
import time
from dataclasses import dataclass, field
from typing import Any

from tests.telegram.files import Files
from tests.telegram.rules import Refused, bad

Json = dict[str, Any]


@dataclass(eq=False)
class User:
    id: int
    first_name: str
    language: str | None = "en"
    username: str | None = None
    is_bot: bool = False

    def told(self) -> Json:
        told: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.first_name}
        if self.username:
            told["username"] = self.username
        if self.language:
            told["language_code"] = self.language
        return told


@dataclass(eq=False)
class Stored:
    """A message; `reply_to` and `topic` are the ids of messages in the same chat."""

    body: Json
    reply_to: int | None = None
    method: str | None = None
    """The method by which the bot sent it."""
    reactions: list[str] = field(default_factory=list)


@dataclass(eq=False)
class Chat:
    id: int
    type: str
    title: str
    user: User | None = None
    forum: bool = False
    react: bool = True
    members: dict[int, User] = field(default_factory=dict)
    admins: dict[int, User] = field(default_factory=dict)
    started: bool = False
    """Whether the bot may write here at all."""
    blocked: bool = False
    bot_is_admin: bool = False
    topics: dict[int, str] = field(default_factory=dict)
    messages: dict[int, Stored] = field(default_factory=dict)
    last_id: int = 0
    moved_to: int | None = None
    """The supergroup that it has become."""

    def told(self) -> Json:
        if self.user is not None:
            told: Json = {"id": self.id, "type": "private", "first_name": self.user.first_name}
            return {**told, "username": self.user.username} if self.user.username else told
        told = {"id": self.id, "type": self.type, "title": self.title}
        return {**told, "is_forum": True} if self.forum else told

    def message(self, message_id: int, *, nested: bool = False) -> Json:
        """The message as it now stands; the one it replies to is told without a further one inside."""
        stored = self.messages[message_id]
        body = copy.deepcopy(stored.body)
        if not nested and stored.reply_to in self.messages:
            body["reply_to_message"] = self.message(stored.reply_to, nested=True)
        return body


@dataclass
class World:
    me: Json
    files: Files = field(default_factory=Files)
    users: dict[int, User] = field(default_factory=dict)
    chats: dict[int, Chat] = field(default_factory=dict)
    commands: dict[tuple[str, int | None, str], list[Json]] = field(default_factory=dict)
    profile: dict[tuple[str, str], str] = field(default_factory=dict)
    """What setMyName, setMyDescription and setMyShortDescription were given, by (method, language)."""
    callbacks: dict[str, bool] = field(default_factory=dict)
    """Callback queries by id, and whether they were answered."""
    guest_queries: dict[str, bool] = field(default_factory=dict)
    """Questions to the bot as a guest by id, and whether they were answered or it is too late."""
    inline_queries: dict[str, Json | None] = field(default_factory=dict)
    """Inline queries by id, and what they were answered."""
    inline_messages: dict[str, Stored] = field(default_factory=dict)
    """Messages that the bot knows by their `inline_message_id` only."""

    @property
    def bot(self) -> Json:
        """The bot as the sender of its messages."""
        return {key: self.me[key] for key in ("id", "is_bot", "first_name", "username")}

    def seen(self, chat_id: int | str) -> Chat:
        """The chat, for methods that only look."""
        chat = self.chats.get(chat_id) if isinstance(chat_id, int) else None
        if chat is None or (chat.user is not None and not chat.started):
            known = any(chat_id in c.members for c in self.chats.values())
            if chat is not None and known:
                raise Refused(403, "Forbidden: bot can't initiate conversation with a user")
            raise bad("chat not found")
        return chat

    def open(self, chat_id: int | str) -> Chat:
        """The chat, for methods that do something in it."""
        chat = self.seen(chat_id)
        if chat.moved_to is not None:
            moved = "Bad Request: group chat was upgraded to a supergroup chat"
            raise Refused(400, moved, migrate_to_chat_id=chat.moved_to)
        if chat.blocked and chat.user is not None:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        if chat.blocked:
            raise Refused(403, f"Forbidden: bot was kicked from the {chat.type} chat")
        return chat

    def post(
        self,
        chat: Chat,
        content: Json,
        *,
        sender: Json,
        reply_to: int | None = None,
        thread: int | None = None,
        method: str | None = None,
    ) -> int:
        """Put a message into a chat; its id."""
        chat.last_id += 1
        message_id = chat.last_id
        body: Json = {"message_id": message_id, "date": int(time.time()), "chat": chat.told(), "from": sender}
        if chat.forum and thread is not None:
            body |= {"message_thread_id": thread, "is_topic_message": True}
            reply_to = thread if reply_to is None else reply_to  # Telegram lets them reply to the topic's own message
        elif chat.type == "supergroup" and not chat.forum and reply_to in chat.messages:
            body["message_thread_id"] = chat.messages[reply_to].body.get("message_thread_id", reply_to)
        chat.messages[message_id] = Stored(body | content, reply_to, method)
        return message_id

    def member(self, chat: Chat, user: Json) -> Json:
        """A user's ChatMember in a chat."""
        if user["id"] in chat.admins or (user["id"] == self.me["id"] and chat.bot_is_admin):
            if next(iter(chat.admins), None) == user["id"]:
                return {"status": "creator", "user": user, "is_anonymous": False}
            rights = [
                "can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats",
                "can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users",
                "can_post_stories", "can_edit_stories", "can_delete_stories", "can_send_welcome_messages",
            ]  # fmt: skip
            given = {"can_manage_chat", "can_delete_messages", "can_invite_users"}
            return {"status": "administrator", "user": user} | {right: right in given for right in rights}
        if user["id"] == self.me["id"]:
            return self.banned(user) if chat.blocked else {"status": "member", "user": user}
        inside = user["id"] in chat.members or (chat.user is not None and chat.user.id == user["id"])
        return {"status": "member" if inside else "left", "user": user}

    @staticmethod
    def banned(user: Json) -> Json:
        return {"status": "kicked", "user": user, "until_date": 0}
