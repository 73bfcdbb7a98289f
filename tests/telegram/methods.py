"""The Bot API's methods about chats, commands and the bot itself; those that send and edit are in messages.py."""

import re
from typing import Any
from urllib.parse import urlsplit

from tests.telegram.messages import Messages
from tests.telegram.rules import (
    ACTIONS,
    MAX_DOWNLOAD,
    QUERY_TOO_OLD,
    bad,
    check_commands,
    check_language,
    check_reactions,
)
from tests.telegram.schema import methods
from tests.telegram.updates import Updates
from tests.telegram.world import Json, World


class NoSuchMethod(Exception):
    """Telegram knows no such method, or this server does not."""


class Methods(Messages):
    """`await Methods(...).call(method, params, files)` does what Telegram would do, or raises Refused."""

    def __init__(self, world: World, updates: Updates) -> None:
        super().__init__(world)
        self.updates = updates
        self.answers: dict[str, Json] = {}

    async def call(self, method: str, params: Json, files: dict[str, bytes]) -> Any:
        if method == "getUpdates":
            return await self.updates.poll(params)
        if method not in methods():
            raise NoSuchMethod(method)
        self.uploads = files
        words = re.sub(r"([A-Z])", r"_\1", method).lower()
        return getattr(self, words)(params)

    def get_me(self, params: Json) -> Json:
        return self.world.me

    def set_webhook(self, params: Json) -> bool:
        url = urlsplit(params["url"])
        if params["url"] and not (url.scheme == "https" or (url.scheme == "http" and url.hostname == "127.0.0.1")):
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", params.get("secret_token", "")):
            raise bad("secret token contains unallowed characters")
        self.updates.set_webhook(params)
        return True

    def delete_webhook(self, params: Json) -> bool:
        self.updates.webhook = {}
        if params.get("drop_pending_updates"):
            self.updates.drop()
        return True

    def get_webhook_info(self, params: Json) -> Json:
        return self.updates.info()

    def answer_callback_query(self, params: Json) -> bool:
        query = params["callback_query_id"]
        if len(params.get("text", "")) > 200:
            raise bad("MESSAGE_TOO_LONG")
        if self.world.callbacks.get(query, True):
            raise bad(QUERY_TOO_OLD.removeprefix("Bad Request: "))
        self.world.callbacks[query] = True
        self.answers[query] = params
        return True

    def send_chat_action(self, params: Json) -> bool:
        chat = self.world.open(params["chat_id"])
        self.check_thread(chat, params)
        if params["action"] not in ACTIONS:
            raise bad("wrong parameter action in request", note=f"action {params['action']!r}")
        return True

    def set_message_reaction(self, params: Json) -> bool:
        chat = self.world.open(params["chat_id"])
        stored = chat.messages.get(params["message_id"])
        if stored is None:
            raise bad("message to react not found")
        stored.reactions = check_reactions(params.get("reaction", []), chat.react)
        return True

    def get_file(self, params: Json) -> Json:
        stored = self.world.files.known.get(params["file_id"])
        if stored is None or stored.stale:
            raise bad("wrong file_id or the file is temporarily unavailable")
        if stored.size > MAX_DOWNLOAD:
            raise bad("file is too big")
        told = {"file_id": stored.file_id, "file_unique_id": stored.unique_id, "file_size": stored.size}
        return {**told, "file_path": stored.path}

    # chats

    def get_chat(self, params: Json) -> Json:
        chat = self.world.seen(params["chat_id"])
        if chat.user is None:
            self.world.open(params["chat_id"])
        gifts = [
            "unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels",
        ]  # fmt: skip
        told = chat.told() | {
            "accent_color_id": 0,
            "max_reaction_count": 11,
            "accepted_gift_types": dict.fromkeys(gifts, False),
        }
        return told if chat.react else told | {"available_reactions": []}

    def get_chat_member(self, params: Json) -> Json:
        chat = self.world.seen(params["chat_id"])
        if chat.user is None:
            self.world.open(params["chat_id"])
        if params["user_id"] == self.world.me["id"]:
            return self.world.member(chat, self.world.bot)
        user = self.world.users.get(params["user_id"])
        if user is None:
            raise bad("PARTICIPANT_ID_INVALID")
        return self.world.member(chat, user.told())

    def get_chat_administrators(self, params: Json) -> list[Json]:
        chat = self.world.open(params["chat_id"])
        if chat.user is not None:
            raise bad("there are no administrators in the private chat")
        members = [self.world.member(chat, user.told()) for user in chat.admins.values()]
        return [*members, self.world.member(chat, self.world.bot)] if chat.bot_is_admin else members

    def leave_chat(self, params: Json) -> bool:
        chat = self.world.open(params["chat_id"])
        if chat.user is not None:
            raise bad("chat member status can't be changed in private chats")
        chat.blocked = True
        return True

    # what the bot tells about itself

    def _commands_key(self, params: Json) -> tuple[str, int | None, str]:
        scope = params.get("scope", {"type": "default"})
        language = check_language(params.get("language_code", ""))
        if "chat_id" not in scope:
            return scope["type"], None, language
        chat = self.world.seen(scope["chat_id"])
        if chat.user is not None and scope["type"] != "chat":
            raise bad("chat is a private chat")  # administrators and members are of groups
        return scope["type"], chat.id, language

    def set_my_commands(self, params: Json) -> bool:
        check_commands(params["commands"])
        key = self._commands_key(params)
        if not params["commands"]:
            return self.delete_my_commands(params)
        self.world.commands[key] = [
            {**command, "command": command["command"].removeprefix("/")} for command in params["commands"]
        ]
        return True

    def get_my_commands(self, params: Json) -> list[Json]:
        return self.world.commands.get(self._commands_key(params), [])

    def delete_my_commands(self, params: Json) -> bool:
        self.world.commands.pop(self._commands_key(params), None)
        return True

    def _profile(self, method: str, text: str, most: int, params: Json) -> bool:
        language = check_language(params.get("language_code", ""))
        if len(text) > most:
            raise bad(f"{method} is too long", note=f"{method}: {len(text)} characters, at most {most}")
        self.world.profile[method, language] = text
        return True

    def set_my_name(self, params: Json) -> bool:
        return self._profile("setMyName", params.get("name", ""), 64, params)

    def set_my_description(self, params: Json) -> bool:
        return self._profile("setMyDescription", params.get("description", ""), 512, params)

    def set_my_short_description(self, params: Json) -> bool:
        return self._profile("setMyShortDescription", params.get("short_description", ""), 120, params)
