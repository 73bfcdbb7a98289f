"""Buttons say what they mean in their data, which stays under messages for years."""

import pytest
from aiogram.filters.callback_data import CallbackData

from bot import keyboards
from bot.keyboards import (
    Cancel,
    Choose,
    Forbid,
    Judge,
    Keep,
    Language,
    More,
    Original,
    Remove,
    Resume,
    Scope,
    Tell,
    Undo,
    Why,
)
from bot.texts import text_in

# Under messages that were sent long ago: these never change.
PACKED = {
    "y:1001:0:17": Why(user=1001, part=0, image=17),
    "c:1001:2:1:0": Choose(user=1001, part=2, right=True),
    "c:1001:2:0:1": Choose(user=1001, part=2, right=False, back=True),
    "j:1001:0:17:0": Judge(user=1001, part=0, image=17, right=False),
    "m:1001:0:5:5:1:0": More(user=1001, part=0, offset=5, limit=5, same=True, weak=False),
    "t:1001:0": Tell(user=1001, part=0),
    "x:1001:0:9": Cancel(user=1001, part=0, watch=9),
    "f:1001:17": Original(user=1001, image=17),
    "l:de": Language(code="de"),
    "l:": Language(code=""),
    "u:40": Undo(operation=40),
    "r:17": Remove(image=17),
    "k:2:7": Keep(better=2, lesser=7),
    "b:1001": Forbid(user=1001),
    "s:": Scope(tag=""),
    "g:9001": Resume(update=9001),
}
KINDS = {type(data) for data in PACKED.values()}


@pytest.mark.parametrize("packed", PACKED)
def test_buttons_of_older_versions_go_on_working(packed: str) -> None:
    data = PACKED[packed]
    assert data.pack() == packed
    assert type(data).unpack(packed) == data


def test_every_kind_of_button_is_in_the_table_above_and_has_a_prefix_of_its_own() -> None:
    kinds = {kind for kind in vars(keyboards).values() if isinstance(kind, type) and issubclass(kind, CallbackData)}
    assert kinds - {CallbackData} == KINDS
    assert len({kind.__prefix__ for kind in KINDS}) == len(KINDS)


def test_kind_of_a_button_is_read_off_its_data() -> None:
    for packed, data in PACKED.items():
        assert {kind for kind in KINDS if keyboards.is_of(packed, kind)} == {type(data)}
    assert keyboards.is_of("j:1001:0:17:0", Choose, Judge)
    assert not any(keyboards.is_of(forged, *KINDS) for forged in (None, "", "y", "nonsense", "yy:1"))


def test_numbers_take_the_place_of_right_and_wrong_and_give_it_back() -> None:
    t = text_in("en")
    whys = [keyboards.button(f"❓ {place}", Why(user=1, part=0, image=image)) for place, image in ((6, 30), (7, 20))]
    shown = keyboards.keyboard(whys, keyboards.verdicts(t, user=1, part=0))
    assert shown
    assert keyboards.matches_in(shown) == [30, 20]
    choosing = keyboards.choosing(shown, user=1, part=0, right=False)
    assert [[one.text for one in row] for row in choosing.inline_keyboard] == [
        ["❓ 6", "❓ 7"],
        ["❌ 6", "❌ 7"],
        ["↩︎"],
    ]
    assert [one.callback_data for one in choosing.inline_keyboard[1]] == ["j:1:0:30:0", "j:1:0:20:0"]
    assert keyboards.unchosen(choosing, t, user=1, part=0) == shown
