"""What is wrong with a value that somebody has written, in the words of people and not of a program."""

from pydantic_core import ErrorDetails

SHOWN = 60  # characters of the value
WANTED = {
    "int": "A whole number is wanted",
    "float": "A number is wanted",
    "finite": "A number is wanted",
    "bool": "1 or 0 is wanted, for yes or no",
}
BOUNDS = {
    "greater_than_equal": "At least {ge} is wanted",
    "greater_than": "More than {gt} is wanted",
    "less_than_equal": "At most {le} is wanted",
    "less_than": "Less than {lt} is wanted",
    "literal_error": "{expected} is wanted",
}


def wrong_value(error: ErrorDetails) -> str:
    """A sentence without its full stop; what has no words of its own here keeps those of pydantic."""
    kind = error["type"]
    wanted = WANTED.get(kind.partition("_")[0])
    if kind in BOUNDS:
        wanted = BOUNDS[kind].format_map(error["ctx"])
    if wanted is None:
        return error["msg"].removeprefix("Value error, ")
    value = str(error["input"])
    return f"{wanted}, not {value[:SHOWN] + '…' if len(value) > SHOWN else value!r}"
