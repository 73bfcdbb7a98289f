"""Names in archives that do not say in which code page they are written: the likeliest for all names together."""

import math
from collections.abc import Callable, Sequence

ASCII = math.log(1 / 64)
UNLIKELY = math.log(1e-6)


def decoded(names: Sequence[bytes]) -> list[str]:
    """The names as text: in UTF-8 where all are, else in the code page in which they are likeliest to be written."""
    for encoding in ("utf-8", _guessed([name for name in names if not name.isascii()])):
        try:
            return [name.decode(encoding) for name in names]
        except UnicodeDecodeError:
            continue
    return [name.decode("cp437") for name in names]


def _guessed(names: Sequence[bytes]) -> str:
    return max(LIKELIHOODS, key=lambda encoding: sum(_likelihood(name, encoding) for name in names))


def _likelihood(name: bytes, encoding: str) -> float:
    """The logarithm of how likely a name is, if it is written in this code page."""
    try:
        text = name.decode(encoding)
    except UnicodeDecodeError:
        return -math.inf
    likelihood = LIKELIHOODS[encoding]
    total = 0.0
    before = ""
    for letter in text:
        total += ASCII if letter.isascii() else likelihood(letter, before)
        before = letter
    return total


def _of_classes(encoding: str, *classes: tuple[int, int, float, int]) -> Callable[[str, str], float]:
    """For classes of letters by their codes: the first and last code, how much of a text, how many letters."""

    def likelihood(letter: str, before: str) -> float:
        code = int.from_bytes(letter.encode(encoding), "big")
        for first, last, share, letters in classes:
            if first <= code <= last:
                return math.log(share / letters)
        return UNLIKELY

    return likelihood


def _cyrillic(letter: str, before: str) -> float:
    if not "А" <= letter <= "я" and letter not in "ёЁ":
        return UNLIKELY
    likely = math.log((0.8 if letter.islower() else 0.15) / 32)
    return likely + (UNLIKELY if before.isascii() and before.isalpha() else 0)  # words of both are rare


def _latin(letter: str, before: str) -> float:
    if not "À" <= letter <= "ſ" or letter in "×÷":
        return UNLIKELY
    likely = math.log((0.8 if letter.islower() else 0.15) / 32 if letter <= "ÿ" else 0.001)
    return likely + (math.log(0.01) if not before.isascii() else 0)  # most letters of a word are ASCII


# Where two are equally likely the first is taken.
LIKELIHOODS: dict[str, Callable[[str, str], float]] = {
    "cp932": _of_classes(
        "cp932",
        (0x829F, 0x82F1, 0.25, 83),  # hiragana
        (0x8340, 0x8396, 0.25, 86),  # katakana
        (0x889F, 0x9872, 0.45, 2_965),  # kanji, those that everybody learns
        (0x989F, 0xEAA4, 0.02, 3_390),
        (0x8140, 0x829A, 0.02, 200),  # marks, wide Latin letters
        (0xA1, 0xDF, 0.01, 63),  # narrow katakana
    ),
    "cp949": _of_classes("cp949", (0xB0A1, 0xC8FE, 0.97, 2_350), (0xCAA1, 0xFDFE, 0.01, 4_888)),
    "gb18030": _of_classes(
        "gb18030", (0xB0A1, 0xD7F9, 0.95, 3_755), (0xD8A1, 0xF7FE, 0.04, 3_008), (0xA1A1, 0xA3FE, 0.01, 200)
    ),
    "big5": _of_classes("big5", (0xA440, 0xC67E, 0.97, 5_401), (0xC940, 0xF9D5, 0.02, 7_652)),
    "cp1252": _latin,
    "cp850": _latin,
    "cp437": _latin,
    "cp1251": _cyrillic,
    "cp866": _cyrillic,
}
