"""Tags as every door takes them: a comma parts two, for people write them so, and read them so on the page."""

from collections.abc import Collection, Iterable


def split_tags(given: Iterable[str]) -> tuple[str, ...]:
    """The single tags in what was given for tags, each once."""
    parts = (part.strip() for one in given for part in one.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def is_among(tag: str, tags: Collection[str]) -> bool:
    """Whether a stored tag is one of these; one with a comma, as older versions took it, where all its parts are."""
    parts = split_tags([tag])
    return tag in tags or (bool(parts) and set(parts).issubset(tags))
