"""What a message asks: the pictures in it."""

from typing import Any

import pytest
from aiogram.types import Message

from bot.asked import Refusal, as_written, pictures_in
from engine import PICTURE_SUFFIXES
from engine.pictures.imaging import MEDIA_TYPES


def file(name: str | None, media_type: str | None = None) -> Message:
    document: dict[str, Any] = {"file_id": "f", "file_unique_id": "u", "file_name": name, "mime_type": media_type}
    chat = {"id": 1, "type": "private"}
    return Message.model_validate({"message_id": 7, "date": 1, "chat": chat, "document": document})


@pytest.mark.parametrize("suffix", sorted(PICTURE_SUFFIXES))
def test_file_is_looked_at_by_every_suffix_that_the_engine_knows(suffix: str) -> None:
    for name in (f"a{suffix}", f"A{suffix.upper()}"):
        assert [picture.name for picture in pictures_in(file(name))] == [name]


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_file_is_looked_at_by_its_media_type(media_type: str) -> None:
    assert pictures_in(file(None, media_type))


@pytest.mark.parametrize(("name", "media_type"), [("a.pdf", "application/pdf"), ("jpg", None), ("a.jpg.exe", None)])
def test_other_files_are_refused(name: str, media_type: str | None) -> None:
    with pytest.raises(Refusal, match="not-a-picture"):
        pictures_in(file(name, media_type))


def test_tags_are_taken_as_the_library_writes_them() -> None:
    known = {"pets": 3, "Paris": 1, "PETS": 1}
    assert as_written(["Pets", "paris", "PETS", "New"], known) == ("PETS", "Paris", "PETS", "New")
    assert as_written([], known) == ()
