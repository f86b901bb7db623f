"""A declared field: before anybody typed anything, and with what people and programs type."""

import re
from typing import Any

import pytest
from markupsafe import escape
from starlette.datastructures import FormData

from services.portal.answer_links import Refusal
from services.portal.cases.steps import STEPS
from services.portal.hub import (
    approvals,
    claims,
    gaps,
    listings,
    matches,
    messages,
    requests,
    rooms,
)
from services.portal.keeping.form import faults_of
from services.portal.staff.fields import Field, Kind, as_typed, at_its_field, day_in, typed_into
from shared.languages import ENGLISH
from shared.templating import Templates
from tests.journey.naughty import NAUGHTY

HUB = (
    *approvals.DECISION, *claims.DECIDE, *claims.END, *gaps.ACTION, *listings.LOOK,
    *matches.DECIDE, *messages.ADDRESS, *requests.ANSWER, *requests.PROGRESS, *rooms.ROOM,
)  # fmt: skip
FIELDS = [*(field for step in STEPS.values() for field in step.fields), *HUB]


@pytest.fixture(scope="module")
def macros() -> Any:
    templates = Templates("services.portal", ENGLISH, brand="Kersey")
    return templates.get_template("staff/parts.jinja").module


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"{field.name} {field.kind}")
def test_a_field_is_empty_until_somebody_types_into_it(field: Field, macros: Any):
    """A word that stands there by itself would be sent, to a GP at worst, as if it was meant."""
    shown = str(macros.one(field, {}, {}))
    assert escape(field.label) in shown
    assert "None" not in shown
    assert "checked" not in shown


@pytest.mark.parametrize("minutes", ["0" * 5000 + "5", "9" * 400, "1e3", "-1", "601", "²"])
def test_a_number_that_is_none_is_told_at_its_field(minutes: str):
    _, faults = typed_into(FormData({"minutes": minutes}), [Field("minutes", "", "number")])
    assert faults == {"minutes": "Type a whole number from 0 to 600"}


NO_TERMS: dict[str, dict[str, str]] = {"access": {}, "company": {}}


def test_ages_of_any_length_are_compared():
    assert faults_of({"minimum_age": "9" * 5000, "maximum_age": "9" * 5000}, NO_TERMS) == {}
    assert "maximum_age" in faults_of({"minimum_age": "60", "maximum_age": "18"}, NO_TERMS)


def test_what_a_program_says_of_a_field_is_said_in_words():
    areas = Field("areas", "Where?", hint="For example, BD8, LS12.")
    said = Refusal(422, detail="String should match pattern '^[A-Z]'", element="body.areas.0")
    assert at_its_field(said, [Field("needs", "What?"), areas]) == {
        "areas": "Check what you typed here. For example, BD8, LS12."
    }


@pytest.mark.parametrize("text", NAUGHTY)
@pytest.mark.parametrize("kind", ["line", "words"])
def test_whatever_is_typed_is_shown_as_text(text: str, kind: Kind, macros: Any):
    field = Field("field", text, kind, hint=text)
    typed, faults = typed_into(FormData({"field": text}), [field])
    assert faults == {}
    assert typed == {"field": text.strip()}
    shown = str(macros.one(field, typed, {"field": text}))
    assert str(escape(text.strip())) in shown
    assert not re.search(r"<(?!/?(div|label|input|textarea|span)\b)", shown)


DAY = Field("review", "When?", "day", missing="Type the day")


@pytest.mark.parametrize(
    ("day", "month", "year", "fault"),
    [
        ("", "", "", "Type the day"),
        ("31", "", "2027", "Type the month too"),
        ("31", "2", "2027", "There is no such day"),
        ("31", "zwei", "2027", "in numbers"),
        ("1", "2", "27", "with 4 numbers"),
        ("1", "2", "2027", ""),
    ],
)
def test_a_date_is_typed_in_three_parts(day: str, month: str, year: str, fault: str):
    form = FormData({"review-day": day, "review-month": month, "review-year": year})
    typed, faults = typed_into(form, [DAY])
    assert fault in faults.get("review", "")
    assert bool(fault) == bool(faults)
    if not fault:
        assert day_in(typed, "review") == "2027-02-01"
        assert as_typed("2027-02-01") == typed["review"]
