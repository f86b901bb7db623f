"""A declared field: before anybody typed anything, and with what people and programs type."""

from pathlib import Path

import pytest
from markupsafe import escape
from starlette.datastructures import FormData

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
from services.portal.staff.fields import Field, as_typed, day_in, typed_into
from shared.pages import Pages

HUB = (
    *approvals.DECISION, *claims.DECIDE, *claims.END, *gaps.ACTION, *listings.LOOK,
    *matches.DECIDE, *messages.ADDRESS, *requests.ANSWER, *requests.PROGRESS, *rooms.ROOM,
)  # fmt: skip
FIELDS = [*(field for step in STEPS.values() for field in step.fields), *HUB]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: f"{field.name} {field.kind}")
def test_a_field_is_empty_until_somebody_types_into_it(field: Field, tmp_path: Path):
    """A word that stands there by itself would be sent, to a GP at worst, as if it was meant."""
    pages = Pages("services.portal", brand="Kersey", static=tmp_path)
    macros = pages._environment.get_template("staff/parts.jinja").module
    shown = str(macros.one(field, {}, {}))  # type: ignore[attr-defined]
    assert escape(field.label) in shown
    assert "None" not in shown
    assert "checked" not in shown


@pytest.mark.parametrize("minutes", ["0" * 5000 + "5", "9" * 400, "1e3", "-1", "601", "²"])
def test_a_number_that_is_none_is_told_at_its_field(minutes: str):
    _, faults = typed_into(FormData({"minutes": minutes}), [Field("minutes", "", "number")])
    assert faults == {"minutes": "Type a whole number from 0 to 600"}


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
