"""The Bot API's methods that send, edit and delete messages."""

import copy
import itertools
import re
import time
from typing import Any

from tests.telegram.markup import formatted, units
from tests.telegram.rules import (
    MAX_CAPTION,
    MAX_TEXT,
    MAX_UPLOAD,
    NOT_MODIFIED,
    QUERY_TOO_OLD,
    WRONG_FILE,
    Refused,
    bad,
    check_keyboard,
)
from tests.telegram.world import Chat, Json, Stored, World

CONTENT = [
    "text", "entities", "link_preview_options", "photo", "document", "video", "animation", "caption",
    "caption_entities", "has_media_spoiler", "show_caption_above_media", "reply_markup",
]  # fmt: skip
MEDIA = ("photo", "video", "animation", "document", "voice", "audio")


class Messages:
    def __init__(self, world: World) -> None:
        self.world = world
        self.uploads: dict[str, bytes] = {}
        self.names: dict[str, tuple[str, str | None]] = {}
        """File name and media type of uploads by the part's name."""
        self._albums = itertools.count(13_000_000_000_000_001)
        self._inline = itertools.count(7_001)

    # sending

    def check_thread(self, chat: Chat, params: Json) -> int | None:
        thread: int | None = params.get("message_thread_id")
        if thread is not None and thread not in chat.topics:
            raise bad("message thread not found")
        return thread

    def _place(self, params: Json) -> tuple[Chat, int | None, int | None]:
        """The chat, the topic and the message replied to that a request asks for."""
        chat = self.world.open(params["chat_id"])
        thread = self.check_thread(chat, params)
        reply = params.get("reply_parameters")
        if not reply:
            return chat, thread, None
        if reply.get("chat_id", chat.id) != chat.id:
            raise bad("replies to other chats are not known here", note="reply_parameters.chat_id of another chat")
        if "message_id" not in reply:
            raise bad("message to be replied not found", note="reply_parameters without message_id")
        if reply["message_id"] in chat.messages:
            if thread is None and chat.forum:  # a reply goes where the message is that it replies to
                thread = chat.messages[reply["message_id"]].body.get("message_thread_id")
            return chat, thread, reply["message_id"]
        if reply.get("allow_sending_without_reply"):
            return chat, thread, None
        raise bad("message to be replied not found")

    def _send(self, params: Json, content: Json, method: str) -> Json:
        chat, thread, reply_to = self._place(params)
        if keyboard := check_keyboard(params.get("reply_markup")):
            content["reply_markup"] = keyboard
        if params.get("protect_content"):
            content["has_protected_content"] = True
        message_id = self.world.post(
            chat, content, sender=self.world.bot, reply_to=reply_to, thread=thread, method=method
        )
        return chat.message(message_id)

    def send_message(self, params: Json) -> Json:
        self._place(params)
        return self._send(params, self._text(params), "sendMessage")

    def send_photo(self, params: Json) -> Json:
        self._place(params)
        return self._send(params, self._media("photo", params["photo"], params), "sendPhoto")

    def send_document(self, params: Json) -> Json:
        self._place(params)
        return self._send(params, self._media("document", params["document"], params), "sendDocument")

    def send_media_group(self, params: Json) -> list[Json]:
        self._place(params)
        media = params["media"]
        if len(media) > 10:
            raise bad("too many messages to send as an album")
        if len(media) < 2:
            raise bad("an album must have at least 2 items", note=f"an album of {len(media)}")
        kinds = {item["type"] for item in media}
        if not kinds <= {"photo", "video"} and len(kinds) > 1:
            raise bad(f"{sorted(kinds - {'photo', 'video'})[0]} can't be mixed with other media types")
        if not kinds <= {"photo", "video", "document", "audio"}:
            raise bad("media of this type can't be sent in an album", note=f"an album of {kinds}")
        contents = []
        for place, item in enumerate(media, 1):
            try:
                contents.append(self._media(item["type"], item["media"], item))
            except Refused as refused:
                told = refused.description.removeprefix("Bad Request: ")
                if told not in ("PHOTO_INVALID_DIMENSIONS", "IMAGE_PROCESS_FAILED"):
                    raise
                raise bad(f'failed to send message #{place} with the error message "{told}"') from None
        album = str(next(self._albums))
        return [self._send(params, content | {"media_group_id": album}, "sendMediaGroup") for content in contents]

    def _text(self, params: Json) -> Json:
        text, entities = formatted(params["text"], params.get("parse_mode"), params.get("entities"))
        if not text:
            raise bad("message text is empty" if not params["text"] else "text must be non-empty")
        if units(text) > MAX_TEXT:
            raise bad("message is too long")
        content: Json = {"text": text}
        if entities:
            content["entities"] = entities
        if "link_preview_options" in params:
            content["link_preview_options"] = params["link_preview_options"]
        return content

    def _caption(self, params: Json) -> Json:
        given = params.get("caption", "")
        caption, entities = formatted(given, params.get("parse_mode"), params.get("caption_entities"))
        if units(caption) > MAX_CAPTION:
            raise bad("message caption is too long")
        content: Json = {"caption": caption} if caption else {}
        if entities:
            content["caption_entities"] = entities
        if caption and params.get("show_caption_above_media"):
            content["show_caption_above_media"] = True
        return content

    def _media(self, kind: str, source: str, params: Json) -> Json:
        """What a message holds of a file that is uploaded, or known by its id."""
        if source.startswith("attach://"):
            told = self._upload(kind, source.removeprefix("attach://"))
        elif source.startswith(("http://", "https://")):
            raise bad("failed to get HTTP URL content")
        else:
            told = self._known(kind, source)
        content: Json = {kind: told}
        if kind == "animation":
            content["document"] = {key: told[key] for key in told if key not in ("width", "height", "duration")}
        if params.get("has_spoiler") and kind in ("photo", "video", "animation"):
            content["has_media_spoiler"] = True
        return content | self._caption(params)

    def _known(self, kind: str, file_id: str) -> Any:
        stored = self.world.files.get(file_id)
        if stored.kind == "thumbnail":
            raise bad("can't use file of type Thumbnail as " + kind.capitalize())
        if stored.kind != kind:
            raise bad(f"can't use file of type {stored.kind.capitalize()} as {kind.capitalize()}")
        return copy.deepcopy(stored.told)

    def _upload(self, kind: str, part: str) -> Any:
        content = self.uploads.get(part)
        if content is None:
            raise Refused(400, WRONG_FILE, note=f"attach://{part} is not among the uploaded parts")
        if not content:
            raise bad("file must be non-empty")
        if len(content) > MAX_UPLOAD:
            raise Refused(413, "Request Entity Too Large")
        name, mime = self.names.get(part, (part, None))
        match kind:
            case "photo":
                return self.world.files.photo(content)
            case "document" | "audio":
                return self.world.files.document(name, content, mime)
            case "video" | "animation":
                return self.world.files.film(kind, None, content)
        raise bad("media of this type is not known here", note=f"upload of {kind}")

    # editing

    def _own(self, params: Json) -> tuple[Chat | None, Stored]:
        """The message to edit, and its chat, which is not told where it is an inline one."""
        if "inline_message_id" in params:
            inline = self.world.inline_messages.get(params["inline_message_id"])
            if inline is None:
                raise bad("MESSAGE_ID_INVALID")
            return None, inline
        if "chat_id" not in params or "message_id" not in params:
            raise bad("message identifier is not specified", note="an edit without chat_id and message_id")
        chat = self.world.open(params["chat_id"])
        stored = chat.messages.get(params["message_id"])
        if stored is None:
            raise bad("message to edit not found")
        if stored.method is None:
            raise bad("message can't be edited")
        return chat, stored

    def _edit(
        self, chat: Chat | None, stored: Stored, content: Json, params: Json, *, quiet: bool = False
    ) -> Json | bool:
        """Put new content into a message; a missing keyboard takes the old one away, as with Telegram."""
        if keyboard := check_keyboard(params.get("reply_markup")):
            content["reply_markup"] = keyboard
        if keyboard and "media_group_id" in stored.body:
            raise bad("message can't be edited")
        before = {key: stored.body[key] for key in CONTENT if key in stored.body}
        if content == before:
            raise Refused(400, NOT_MODIFIED)
        for key in before:
            del stored.body[key]
        stored.body |= content
        if not quiet:
            stored.body["edit_date"] = int(time.time())
        return chat.message(stored.body["message_id"]) if chat else True

    def edit_message_text(self, params: Json) -> Json | bool:
        chat, stored = self._own(params)
        if "text" not in params:
            raise bad("message text is empty", note="editMessageText without text")
        if "text" not in stored.body:
            raise bad("there is no text in the message to edit")
        return self._edit(chat, stored, self._text(params), params)

    def edit_message_caption(self, params: Json) -> Json | bool:
        chat, stored = self._own(params)
        if not any(kind in stored.body for kind in MEDIA):
            raise bad("there is no caption in the message to edit")
        kept = {key: stored.body[key] for key in (*MEDIA, "has_media_spoiler") if key in stored.body}
        return self._edit(chat, stored, kept | self._caption(params), params)

    def edit_message_reply_markup(self, params: Json) -> Json | bool:
        chat, stored = self._own(params)
        kept = {key: stored.body[key] for key in CONTENT if key in stored.body and key != "reply_markup"}
        return self._edit(chat, stored, kept, params, quiet=True)

    def edit_message_media(self, params: Json) -> Json | bool:
        chat, stored = self._own(params)
        item = params["media"]
        if "media_group_id" in stored.body and item["type"] not in ("photo", "video"):
            raise bad("message can't be edited to media of this type in an album")
        if chat is None and item["media"].startswith("attach://"):
            raise bad("a new file can't be uploaded to an inline message", note="an upload to an inline message")
        return self._edit(chat, stored, self._media(item["type"], item["media"], item), params)

    def delete_messages(self, params: Json) -> bool:
        chat = self.world.open(params["chat_id"])
        if len(params["message_ids"]) > 100:
            raise bad("too many messages to delete", note=f"{len(params['message_ids'])} messages to delete")
        for message_id in params["message_ids"]:
            chat.messages.pop(message_id, None)
        return True

    # messages by way of inline results

    def _result(self, result: Json) -> Json:
        """What the message of a result holds."""
        if not 1 <= len(result["id"].encode()) <= 64:
            raise bad("RESULT_ID_INVALID", note=f"the id {result['id']!r} of a result")
        content = result.get("input_message_content")
        if content is not None:
            if "message_text" not in content:
                raise bad("only words are known here", note="a result with other content than words")
            made = self._text(content | {"text": content["message_text"]})
        elif result["type"] == "photo" and "photo_file_id" in result:
            made = {"photo": self._known("photo", result["photo_file_id"])} | self._caption(result)
        else:
            raise bad("results of this kind are not known here", note=f"a result of type {result['type']}")
        keyboard = check_keyboard(result.get("reply_markup"))
        return made | ({"reply_markup": keyboard} if keyboard else {})

    def answer_guest_query(self, params: Json) -> Json:
        query = params["guest_query_id"]
        if self.world.guest_queries.get(query, True):
            raise bad(QUERY_TOO_OLD.removeprefix("Bad Request: "))
        content = self._result(params["result"])
        self.world.guest_queries[query] = True
        inline_id = f"BQAAAG{next(self._inline)}"
        self.world.inline_messages[inline_id] = Stored(content, method="answerGuestQuery")
        return {"inline_message_id": inline_id}

    def answer_inline_query(self, params: Json) -> bool:
        query, results = params["inline_query_id"], params["results"]
        if self.world.inline_queries.get(query, {}) is not None:
            raise bad(QUERY_TOO_OLD.removeprefix("Bad Request: "))
        if len(results) > 50:
            raise bad("RESULTS_TOO_MUCH")
        if len({one["id"] for one in results}) < len(results):
            raise bad("RESULT_ID_DUPLICATE")
        if len(params.get("next_offset", "").encode()) > 64:
            raise bad("NEXT_OFFSET_INVALID")
        button = params.get("button", {})
        if button and not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", button.get("start_parameter", "")):
            raise bad("START_PARAM_INVALID")
        for one in results:
            self._result(one)
        self.world.inline_queries[query] = params
        return True

    def delete_message(self, params: Json) -> bool:
        chat = self.world.open(params["chat_id"])
        stored = chat.messages.get(params["message_id"])
        if stored is None:
            raise bad("message to delete not found")
        if stored.method is None and chat.user is None and not chat.bot_is_admin:
            raise bad("message can't be deleted")
        del chat.messages[params["message_id"]]
        return True
