"""A declared field: before anybody typed anything, and with what people and programs type."""

from pathlib import Path

import pytest
from markupsafe import escape
from starlette.datastructures import FormData

from services.portal.cases.steps import STEPS
from services.portal.staff.fields import Field, typed_into
from shared.pages import Pages

FIELDS = [field for step in STEPS.values() for field in step.fields]


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
