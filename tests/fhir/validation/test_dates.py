"""Dates of different precision and in different zones are put in order without guessing."""

import pytest

from shared.fhir.dates import span, surely_after
from tests.fhir.validation.samples import SERVICE_REQUEST, TASK, changed, problems


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2026-03-02", "2026-03-01"),
        ("2026-03", "2026-02-28"),
        ("2027", "2026-12-31"),
        ("2026-03-01T10:00:01Z", "2026-03-01T10:00:00Z"),
        ("2026-03-01T10:00:00Z", "2026-03-01T10:30:00+01:00"),
        ("2026-03-01T10:00:00.002Z", "2026-03-01T10:00:00.001Z"),
        ("2026-03-01T10:00:00.0000021Z", "2026-03-01T10:00:00.0000009Z"),
        ("2026-03-05", "2026-03-02T00:00:00Z"),
        ("2026-03-05T00:00:00Z", "2026-03-02"),
        ("2026-01-01T00:00:00-14:00", "2026-01-01T13:59:59Z"),
        ("2026-03-01T23:59:60Z", "2026-03-01T23:59:59Z"),
    ],
)
def test_after(one, other):
    assert surely_after(one, other)
    assert not surely_after(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2026-03-01", "2026-03-01"),
        ("2026-03-31", "2026-03"),
        ("2026-12", "2026"),
        ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00.000Z"),
        ("2026-03-01T10:00:00.5Z", "2026-03-01T10:00:00Z"),
        ("2026-03-01T10:00:00Z", "2026-03-01T11:00:00+01:00"),
        ("2026-03-01T23:30:00Z", "2026-03-01"),
        ("2026-03-02T01:00:00Z", "2026-03-01"),
        ("2026-03-01T23:00:00Z", "2026-03-02"),
        ("9999-12-31", "9999"),
        ("0001-01-01", "0001-01-01T00:00:00Z"),
        ("nonsense", "2026"),
        ("2026", "2026-02-30"),
    ],
)
def test_not_surely_after(one, other):
    assert not surely_after(one, other)
    assert not surely_after(other, one)


@pytest.mark.parametrize(
    "text", ["", "20260301", "2026-13", "2026-02-30", "2026-03-01T10:00Z", "x"]
)
def test_what_is_no_date_has_no_span(text):
    assert span(text) is None


def test_a_span_is_as_wide_as_what_was_given():
    def days(text):
        found = span(text)
        assert found is not None
        return (found.high - found.low) / 86_400_000_000

    assert [days(text) for text in ("2026", "2028", "2026-02", "2026-12", "2026-03-01")] == [
        365,
        366,
        28,
        31,
        1,
    ]
    local, zoned = span("2026-03-01T00:00:00"), span("2026-03-01T00:00:00Z")
    assert local is not None
    assert zoned is not None
    assert (local.local, zoned.local) == (True, False)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-02", "2026-03-01"),
        ("2026-03-01T10:00:00Z", "2026-03-01T10:59:00+01:00"),
        ("2026-04", "2026-03-31"),
    ],
)
def test_a_period_that_ends_before_it_starts_is_refused(start, end):
    resource = changed(SERVICE_REQUEST, occurrencePeriod={"start": start, "end": end})
    assert problems(resource) == [("invariant", "ServiceRequest.occurrencePeriod.end")]


@pytest.mark.parametrize(
    "period",
    [
        {"start": "2026-03-31", "end": "2026-03"},
        {"start": "2026-03-01", "end": "2026-03-01"},
        {"start": "2026-03-01T10:00:00+01:00", "end": "2026-03-01T09:00:00Z"},
        {"start": "2026-03-01"},
        {"end": "2026-03-01"},
    ],
)
def test_a_period_that_could_be_right_is_taken(period):
    assert problems(changed(SERVICE_REQUEST, occurrencePeriod=period)) == []


def test_a_task_is_not_changed_before_it_was_written():
    before = changed(TASK, lastModified="2026-03-01T09:29:59Z")
    assert problems(before) == [("invariant", "Task.lastModified")]
    assert problems(changed(TASK, lastModified="2026-03-01")) == []
    assert problems(changed(TASK, authoredOn=None, lastModified="2026-03-01")) == []
