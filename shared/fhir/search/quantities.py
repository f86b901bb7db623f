"""Numbers, quantities and places of a resource as ranges that PostgreSQL compares."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from shared.fhir.search.dates import BEGINNING, END
from shared.fhir.search.tokens import text
from shared.fhir.search.units import base_of

#: (low, high, system, code, unit); the bounds are numeric text.
Row = tuple[str, str, str, str, str]

#: By how much more than a number is what is said to be above it: finer than anybody measures.
_HAIR = Decimal("1e-24")


def numeric(value: Any) -> str | None:
    """A JSON number as numeric text; None for what is none or has an absurd exponent."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    # PostgreSQL's numeric ends long before an absurd exponent does.
    if not number.is_finite() or abs(number.adjusted()) > 1000:
        return None
    return f"{number:f}"


def quantity_row(value: Any, datatype: str) -> Row | None:
    """The range that a Quantity, Money or Range covers; None where it has no number."""
    if not isinstance(value, dict):
        return None
    return _range(value) if datatype == "Range" else _quantity(value)


def base_row(row: Row) -> Row | None:
    """The same range in the unit that its unit is a multiple of; None where it is of none."""
    low, high, system, code, _ = row
    base = base_of(system, code)
    if base is None:
        return None
    unit, factor = base
    ends = (end if end in (BEGINNING, END) else f"{Decimal(end) * factor:f}" for end in (low, high))
    return (*ends, system, unit, "")  # type: ignore[return-value]


def place_row(value: Any) -> Row | None:
    """A Location's position; latitude and longitude stand where others have low and high."""
    if not isinstance(value, dict):
        return None
    latitude, longitude = numeric(value.get("latitude")), numeric(value.get("longitude"))
    if latitude is None or longitude is None:
        return None
    if abs(Decimal(latitude)) > 90 or abs(Decimal(longitude)) > 180:
        return None
    return latitude, longitude, "", "", ""


def _quantity(value: dict[str, Any]) -> Row | None:
    number = numeric(value.get("value"))
    if number is None:
        return None
    low = high = number
    comparator = text(value, "comparator")
    if comparator.startswith("<"):
        low = BEGINNING
        high = number if comparator == "<=" else f"{Decimal(number) - _HAIR:f}"
    elif comparator.startswith(">"):
        low = number if comparator == ">=" else f"{Decimal(number) + _HAIR:f}"
        high = END
    code = text(value, "code") or text(value, "currency")
    return low, high, text(value, "system"), code, text(value, "unit")


def _range(value: dict[str, Any]) -> Row | None:
    ends = [end for end in (value.get("low"), value.get("high")) if isinstance(end, dict)]
    low, high = (
        numeric(end.get("value")) if isinstance(end, dict) else None
        for end in (value.get("low"), value.get("high"))
    )
    if low is None and high is None:
        return None
    unit = ends[0]
    return (
        low or BEGINNING,
        high or END,
        text(unit, "system"),
        text(unit, "code"),
        text(unit, "unit"),
    )
