"""What many pictures at once are given: tags, and titles by a pattern."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from engine.domain import StoredImage
from engine.library.tagging import is_among, split_tags

# In a pattern, each of these stands for what is known of a picture.
PLACEHOLDERS = ("name", "title", "number", "date")
MAX_TITLE = 500  # characters
ENDING = re.compile(r"(?<=.)\.\w{1,5}$")  # of a file's name
NAMED = re.compile(r"\{([^{}]*)\}")


def editing(
    add_tags: Sequence[str], remove_tags: Sequence[str], pattern: str | None
) -> Callable[[StoredImage, int], dict[str, Any]]:
    """A function from a picture, and its number among all, to what is to be said of it.

    A tag that is to be removed and added is added. `pattern` None leaves titles as they are.
    """

    added = split_tags(add_tags)
    gone = set(split_tags(remove_tags)) - set(added)

    def edit(image: StoredImage, number: int) -> dict[str, Any]:
        tags = list(dict.fromkeys([*(tag for tag in image.tags if not is_among(tag, gone)), *added]))
        said: dict[str, Any] = {"tags": tags} if add_tags or remove_tags else {}
        return said if pattern is None else said | {"title": title_of(pattern, image, number)}

    return edit


def unknown_placeholders(pattern: str) -> list[str]:
    """What a pattern has in braces and nothing stands for."""
    return [name for name in NAMED.findall(pattern) if name not in PLACEHOLDERS]


def title_of(pattern: str, image: StoredImage, number: int) -> str | None:
    """The title that a pattern gives a picture: None where nothing is left of it."""
    known = {
        "name": ENDING.sub("", image.filename),
        "title": image.title or "",
        "number": str(number),
        "date": (image.taken_at or image.created_at.isoformat())[: len("2026-05-01")],
    }
    return NAMED.sub(lambda found: known.get(found[1], found[0]), pattern).strip()[:MAX_TITLE].strip() or None
