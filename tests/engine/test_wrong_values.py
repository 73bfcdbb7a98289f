"""Wrong values are told in plain words."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from engine.wrong_values import wrong_value


def _refuse(value: str) -> str:
    raise ValueError("This is no such thing")


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (int, "abc", "A whole number is wanted, not 'abc'"),
        (int, "1.5", "A whole number is wanted, not '1.5'"),
        (int, "x" * 100, f"A whole number is wanted, not '{'x' * 60}…'"),
        (list[int], ["1", "\x1b[2J"], "A whole number is wanted, not '\\x1b[2J'"),
        (float, "ten", "A number is wanted, not 'ten'"),
        (Annotated[float, Field(allow_inf_nan=False)], "nan", "A number is wanted, not 'nan'"),
        (bool, "perhaps", "1 or 0 is wanted, for yes or no, not 'perhaps'"),
        (Annotated[int, Field(ge=1)], "0", "At least 1 is wanted, not '0'"),
        (Annotated[int, Field(le=50)], "51", "At most 50 is wanted, not '51'"),
        (Annotated[float, Field(gt=0)], "0", "More than 0.0 is wanted, not '0'"),
        (Annotated[float, Field(lt=1)], "1", "Less than 1.0 is wanted, not '1'"),
        (Literal["auto", "exact"], "foo", "'auto' or 'exact' is wanted, not 'foo'"),
        (Annotated[str, AfterValidator(_refuse)], "x", "This is no such thing"),
        (Annotated[str, Field(max_length=1)], "xy", "String should have at most 1 character"),
    ],
)
def test_wrong_value_is_told_in_plain_words(kind: Any, value: object, said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    assert wrong_value(caught.value.errors()[0]) == said
