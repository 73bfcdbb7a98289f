"""Whom a message speaks to, who says it, and where its answer goes: read off what Telegram sends."""

from typing import Any

import pytest
from aiogram.types import Message, Update, User

from bot.addressing import (
    PEOPLE_IN_DISGUISE,
    Attention,
    ReplyPlace,
    actor,
    chat_and_person,
    chat_of,
    command_in,
    covered,
    is_addressed,
    is_wanted,
    person_id,
    place_of,
    subscriber,
    topic_of,
)
from bot.asked import AskedPicture

Json = dict[str, Any]

ME = User(id=42, is_bot=True, first_name="PicTrace", username="pictrace_bot")
NOTHING_MORE = Attention()
ADA: Json = {"id": 1001, "is_bot": False, "first_name": "Ada"}
GROUP: Json = {"id": -1005, "type": "supergroup", "title": "Friends"}
PRIVATE: Json = {"id": 1001, "type": "private"}
PHOTO = [{"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9}]
MINE: Json = {"message_id": 3, "date": 1, "chat": GROUP, "from": ME.model_dump(), "text": "an answer"}


def message(text: str | None = None, *, chat: Json = GROUP, sender: Json | None = ADA, **more: Any) -> Message:
    return Message.model_validate(body(text, chat=chat, sender=sender, **more))


def body(text: str | None = None, *, chat: Json = GROUP, sender: Json | None = ADA, **more: Any) -> Json:
    said: Json = {"message_id": 7, "date": 1, "chat": chat, **more}
    if text is not None:
        said["text"] = text
    if sender is not None:
        said["from"] = sender
    return said


def entity(kind: str, words: str, text: str, **more: Any) -> Json:
    return {"type": kind, "offset": text.index(words), "length": len(words), **more}


def wanted(said: Json, kind: str = "message", attention: Attention = NOTHING_MORE) -> bool:
    return is_wanted(Update.model_validate({"update_id": 1, kind: said}), ME, attention)


def test_everything_in_a_private_chat_is_for_the_bot() -> None:
    for text in ("hello", "/nonsense", "/find@other_bot", "@someone"):
        assert is_addressed(message(text, chat=PRIVATE), ME)


@pytest.mark.parametrize("text", ["/find", "/FIND", "/find 3", "/find@pictrace_bot", "/find@PicTrace_Bot 3", "/stats"])
def test_command_of_the_table_speaks_to_the_bot_in_a_group(text: str) -> None:
    assert is_addressed(message(text), ME)
    assert is_addressed(message(photo=PHOTO, caption=text), ME)


@pytest.mark.parametrize("text", ["/find@other_bot", "/weather", "/", "/findings", "find", "see /find"])
def test_other_commands_in_a_group_speak_to_others(text: str) -> None:
    assert not is_addressed(message(text), ME)


def test_mention_speaks_to_the_bot_by_name_or_by_person() -> None:
    text = "who is this, @PicTrace_bot?"
    mention = entity("mention", "@PicTrace_bot", text)
    assert is_addressed(message(text, entities=[mention]), ME)
    assert is_addressed(message(photo=PHOTO, caption=text, caption_entities=[mention]), ME)
    by_name = entity("text_mention", "who", text, user=ME.model_dump())
    assert is_addressed(message(text, entities=[by_name]), ME)
    assert not is_addressed(message(text, entities=[entity("text_mention", "who", text, user=ADA)]), ME)
    other = "@pictrace_bot_2 knows"
    assert not is_addressed(message(other, entities=[entity("mention", "@pictrace_bot_2", other)]), ME)
    assert not is_addressed(message(text), ME), "Telegram marks what is a mention"


def test_reply_to_the_bot_speaks_to_it_where_there_is_something_to_look_at() -> None:
    link = "https://example.org/a.jpg"
    assert is_addressed(message(photo=PHOTO, reply_to_message=MINE), ME)
    assert is_addressed(message(link, entities=[entity("url", link, link)], reply_to_message=MINE), ME)
    assert not is_addressed(message("thank you!", reply_to_message=MINE), ME)
    to_ada = body("look", message_id=2)
    assert not is_addressed(message(photo=PHOTO, reply_to_message=to_ada), ME)


def test_only_what_speaks_to_the_bot_is_wanted_of_a_group() -> None:
    assert wanted(body("/find"))
    assert not wanted(body("our secret"))
    assert not wanted(body(photo=PHOTO))
    assert wanted(body(photo=PHOTO, media_group_id="9")), "the mention may be under another picture of the album"
    assert wanted(body("our secret", chat=PRIVATE))


def test_neither_channels_nor_other_bots_nor_telegrams_own_news_are_wanted() -> None:
    channel = {"id": -1007, "type": "channel", "title": "News"}
    other_bot = {"id": 77, "is_bot": True, "first_name": "Other"}
    assert not wanted(body("/find", chat=channel))
    assert not wanted(body("/find", sender=other_bot))
    assert not wanted(body(chat=PRIVATE, pinned_message=MINE))
    assert not wanted(body(new_chat_title="Friends for ever"))
    assert wanted(body(migrate_to_chat_id=-1009))


@pytest.mark.parametrize("disguise", PEOPLE_IN_DISGUISE)
def test_people_whom_telegram_shows_as_a_bot_are_people(disguise: int) -> None:
    assert wanted(body("/find", sender={"id": disguise, "is_bot": True, "first_name": "Group"}))


def test_pressed_buttons_and_memberships_are_wanted_and_nothing_new_is() -> None:
    pressed = {"id": "1", "from": ADA, "chat_instance": "1", "data": "y:1:0:2", "message": MINE}
    assert wanted(pressed, "callback_query")
    assert not is_wanted(Update(update_id=1), ME, NOTHING_MORE)


def test_of_what_is_edited_only_an_addition_is_wanted() -> None:
    found = {
        text: wanted(body(text), "edited_message") for text in ("/add A title", "/find", "/add@other_bot", "hello")
    }
    assert found == {"/add A title": True, "/find": False, "/add@other_bot": False, "hello": False}


def test_questions_to_a_guest_are_wanted_where_they_are_answered() -> None:
    asked = body("@pictrace_bot") | {"guest_query_id": "5"}
    assert wanted(asked, "guest_message", Attention(guests=True))
    assert not wanted(asked, "guest_message")
    assert not wanted(body("@pictrace_bot"), "guest_message", Attention(guests=True))


def test_pictures_of_groups_that_want_it_are_wanted_and_words_are_not() -> None:
    photo = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]
    shown = body(None) | {"photo": photo}
    assert not wanted(shown)
    assert wanted(shown, attention=Attention(groups={shown["chat"]["id"]}))
    assert not wanted(body("hello"), attention=Attention(groups={shown["chat"]["id"]}))


def test_command_is_read_off_the_first_word() -> None:
    found = {text: command_in(text) for text in ("/Find@x 3", "/find\nmore", "/nonsense", "/", "find", "a /find", "")}
    assert found == {
        "/Find@x 3": "find", "/find\nmore": "find", "/nonsense": "nonsense", "/": "", "find": None, "a /find": None,
        "": None,
    }  # fmt: skip
    assert command_in(None) is None


def test_who_says_something_and_where_is_read_off_every_kind_of_update() -> None:
    def seen(**update: Any) -> tuple[int, int | None, int]:
        one = Update.model_validate({"update_id": 1, **update})
        chat_id, person = chat_and_person(one)
        return chat_id, person.id if person else None, person_id(one)

    pressed = {"id": "1", "from": ADA, "chat_instance": "1"}
    status = {"user": ME.model_dump(), "status": "member"}
    member = {"chat": GROUP, "from": ADA, "date": 1, "old_chat_member": status, "new_chat_member": status}
    assert seen(message=body("hello")) == (-1005, 1001, 1001)
    assert seen(message=body("hello", sender=None)) == (-1005, None, -1005)
    assert seen(callback_query={**pressed, "message": MINE}) == (-1005, 1001, 1001)
    assert seen(callback_query={**pressed, "message": {"chat": GROUP, "message_id": 3, "date": 0}})[0] == -1005
    assert seen(callback_query=pressed) == (1001, 1001, 1001)
    assert seen(my_chat_member=member) == (-1005, 1001, 1001)
    assert seen() == (0, None, 0)


def test_topic_is_one_of_a_forum_only() -> None:
    assert topic_of(message("hello", message_thread_id=5, is_topic_message=True)) == 5
    assert topic_of(message("hello", message_thread_id=5)) is None, "only a reply, which Telegram counts as a thread"


def test_answer_replies_to_the_picture_that_it_is_about() -> None:
    asking = message("/find", message_thread_id=5, is_topic_message=True)
    assert place_of(asking) == ReplyPlace(-1005, 5, 7)
    assert place_of(asking, AskedPicture(3, "a.jpg")) == ReplyPlace(-1005, 5, 3)
    assert place_of(asking, AskedPicture(3, "a.jpg", is_spoiler=True)).is_spoiler


def test_answer_is_covered_where_any_of_its_pictures_is() -> None:
    plain, spoiler = AskedPicture(3, "a.jpg"), AskedPicture(4, "b.jpg", is_spoiler=True)
    place = ReplyPlace(1, None, 3)
    assert covered(place, [plain, spoiler]).is_spoiler
    assert covered(place, [plain]) == place
    assert not covered(place_of(message("a"), spoiler), [plain]).is_spoiler


def test_reply_is_sent_although_the_message_may_be_gone() -> None:
    reply = ReplyPlace(1, None, 3).reply
    assert reply
    assert (reply.message_id, reply.allow_sending_without_reply) == (3, True)
    assert ReplyPlace(1).reply is None


def test_engine_knows_chats_and_people_by_the_names_that_are_stored() -> None:
    assert subscriber(-1005) == "telegram:-1005"
    assert chat_of(subscriber(-1005)) == -1005
    assert actor(1001) == "telegram:1001"
