"""A foreign name as it may be shown: nothing in it steers a terminal, breaks a line of a log, or turns text around."""

import os
import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Control characters, separators of lines, lone surrogates, and what is not seen or changes the direction of writing.
# Not the two joiners (U+200C, U+200D): Persian and Indian words and many emoji are written with them.
UNSHOWABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)


def shown(name: str) -> str:
    """The name with a visible replacement for each character that should not be shown as it is."""
    return UNSHOWABLE.sub(REPLACEMENT, name)


def decodable(name: str) -> str:
    """The name of a file as text that every database takes, whatever its bytes are."""
    return os.fsencode(name).decode("utf-8", "replace")
