"""A FHIR date is a range, as wide as it is imprecise."""

from zoneinfo import ZoneInfo

import pytest

from shared.fhir.search.dates import BEGINNING, END, parse_range, ranges

LONDON = ZoneInfo("Europe/London")

GOOD = [
    ("2024", "2024-01-01T00:00:00", "2025-01-01T00:00:00"),
    ("2024-02", "2024-02-01T00:00:00", "2024-03-01T00:00:00"),
    ("2024-12", "2024-12-01T00:00:00", "2025-01-01T00:00:00"),
    ("2024-02-29", "2024-02-29T00:00:00", "2024-03-01T00:00:00"),
    ("2024-07-01", "2024-06-30T23:00:00", "2024-07-01T23:00:00"),
    ("2024-03-31", "2024-03-31T00:00:00", "2024-03-31T23:00:00"),  # 23 hours long
    ("2024-10-27", "2024-10-26T23:00:00", "2024-10-28T00:00:00"),  # 25 hours long
    ("2024-07-01T10:00", "2024-07-01T09:00:00", "2024-07-01T09:01:00"),
    ("2024-07-01T10:00Z", "2024-07-01T10:00:00", "2024-07-01T10:01:00"),
    ("2024-07-01T10:00:30-05:00", "2024-07-01T15:00:30", "2024-07-01T15:00:31"),
    ("2024-07-01T10:00:30.5Z", "2024-07-01T10:00:30.500000", "2024-07-01T10:00:30.501000"),
    ("2024-07-01T10:00:30.500Z", "2024-07-01T10:00:30.500000", "2024-07-01T10:00:30.501000"),
    ("2024-07-01T10:00:30.120Z", "2024-07-01T10:00:30.120000", "2024-07-01T10:00:30.121000"),
    ("2024-07-01T10:00:30.1234Z", "2024-07-01T10:00:30.123400", "2024-07-01T10:00:30.123500"),
    ("2024-07-01T10:00:30.123456789Z", "2024-07-01T10:00:30.123456", "2024-07-01T10:00:30.123457"),
    ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59", "2017-01-01T00:00:00"),
]


def full(text: str) -> str:
    return f"{text if '.' in text else text + '.000000'}+00:00"


@pytest.mark.parametrize(("text", "low", "high"), GOOD)
def test_ranges(text: str, low: str, high: str):
    found = parse_range(text, LONDON)
    assert (found.low, found.high) == (full(low), full(high))


@pytest.mark.parametrize(
    "text",
    ["", "24", "2024-1", "2024-13", "2024-02-30", "2024-01-01T", "2024-01-01T24:00:00Z",
     "2024-01-01T10", "2024-01-01T10:00:00.Z", "2024-01-01 10:00", "0000", "2024-01-01T10:00+1",
     "２０２４", "2024-01-01T10:00:00+25:00"],
)  # fmt: skip
def test_what_is_no_date(text: str):
    with pytest.raises(ValueError, match=r".*"):
        parse_range(text, LONDON)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("9999", full("9999-01-01T00:00:00"), END),
        ("9999-12-31", full("9999-12-31T00:00:00"), END),
        ("9999-12-31T23:59:59.999-01:00", END, END),
        ("0001-01-01T00:00:00+01:00", BEGINNING, full("0001-01-01T00:00:00")),
    ],
)
def test_the_ends_of_the_calendar(text: str, low: str, high: str):
    found = parse_range(text, LONDON)
    assert found.high == high or text.startswith("0001")
    assert found.low == low or text.endswith("-01:00")


@pytest.mark.parametrize(
    ("value", "datatype"),
    [(7, "date"), ("soon", "date"), ([], "Period"), ({"start": "soon"}, "Period"), ({}, "Timing"),
     ("x", "Timing"), ({"repeat": {}}, "Timing")],
)  # fmt: skip
def test_what_is_no_date_is_passed_over(value: object, datatype: str):
    assert list(ranges(value, datatype, LONDON)) == []
