"""What a value should have been is said in plain words, without repeating what was sent."""

from datetime import date, datetime, time
from typing import Annotated, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.misfits import form, in_words

CODE = form(r"^[A-Z]{2}[0-9]$", "Give a district, such as HX7.")


class Inner(BaseModel):
    """Something nested."""


class Asked(BaseModel):
    """One field of each kind."""

    model_config = ConfigDict(extra="forbid")

    day: date | None = None
    moment: datetime | None = None
    at: time | None = None
    id: UUID | None = None
    places: Annotated[int, Field(strict=True, ge=0, le=50)] | None = None
    age: Annotated[float, Field(allow_inf_nan=False)] | None = None
    whether: bool | None = None
    name: Annotated[str, Field(min_length=3, max_length=5)] | None = None
    needs: Annotated[tuple[str, ...], Field(max_length=1)] = ()
    inner: Inner | None = None
    state: Literal["taking", "ask-first", "full"] | None = None
    district: Annotated[str, Field(pattern=CODE)] | None = None
    how: Annotated[str, Field(pattern="^(hosts|lends-to)$")] | None = None
    other: Annotated[str, Field(pattern="^a+b$")] | None = None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"day": "next week"}, "Give a day, such as 2027-01-31."),
        ({"day": "2027-01-31T09:30:00Z"}, "Give a day, such as 2027-01-31."),
        ({"moment": "yesterday"}, "Give a day and a time with its time zone"),
        ({"at": "6pm"}, "Give a time of day, such as 09:30."),
        ({"id": "zebra"}, "Give an id as the lists have it (a UUID)"),
        ({"places": "many"}, "Give a whole number, such as 4."),
        ({"places": -1}, "Give 0 or more."),
        ({"places": 51}, "Give 50 or less."),
        ({"age": "old"}, "Give a number, such as 4 or 2.5."),
        ({"age": float("nan")}, "Give a number, such as 4 or 2.5."),
        ({"whether": "perhaps"}, "Give true or false."),
        ({"name": "zy"}, "Give at least 3 characters."),
        ({"name": "zyxwvu"}, "Give at most 5 characters."),
        ({"name": 7}, "Give a text."),
        ({"needs": "food"}, "Give a list, even of one: [...]."),
        ({"needs": ["food", "work"]}, "Give at most 1 of them."),
        ({"inner": "zebra"}, "Give a JSON object: {...}"),
        ({"state": "zebra"}, "Give one of: taking, ask-first, full."),
        ({"district": "zebra"}, "Give a district, such as HX7."),
        ({"how": "zebra"}, "Give one of: hosts, lends-to."),
        ({"other": "zebra"}, "It is not written as it has to be: see its pattern"),
        ({"zebra": 1}, "Nothing of this name belongs here: leave it out"),
    ],
)
def test_a_refusal_says_what_to_give_and_not_what_was_given(given: object, words: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Asked.model_validate(given)
    said = in_words(refused.value.errors()[0])
    assert said.startswith(words)
    assert "zebra" not in said
    assert "Input" not in said


def test_what_is_missing_is_asked_for() -> None:
    class Needed(BaseModel):
        reason: str

    with pytest.raises(ValidationError) as refused:
        Needed.model_validate({})
    assert in_words(refused.value.errors()[0]) == "This is missing: give it."
