"""What `$everything` takes and has (R4 patient-operation-everything.html)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from zoneinfo import ZoneInfo

from shared.fhir.search.conditions import condition_of, refused
from shared.fhir.search.dates import BEGINNING, END, Range, parse_range
from shared.fhir.search.parameters import Types
from shared.fhir.search.sql import Narrowing, Way

EVERYTHING = "$everything"
EVERYTHING_OF = ("Patient",)
"""Types that have `$everything` here."""

OF_EVERYTHING = (
    "Of one Patient, or without an id of every Patient that the client may read. Takes start, end,"
    " _since, _type and _count. start and end are dates of care, both included: left out is what"
    " has dates of care and none of them in between."
)
"""What /metadata says of `$everything` here."""

CARE_DATES: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "Appointment": ("date",),
        "CarePlan": ("date",),
        "CareTeam": ("date",),
        "Communication": ("sent", "received"),
        "Condition": ("onset-date", "abatement-date", "recorded-date"),
        "Consent": ("date",),
        "DocumentReference": ("date", "period"),
        "Encounter": ("date",),
        "Goal": ("start-date", "target-date"),
        "Observation": ("date",),
        "Procedure": ("date",),
        "QuestionnaireResponse": ("authored",),
        "ServiceRequest": ("authored", "occurrence"),
        "Task": ("authored-on", "period"),
    }
)
"""By type, the search parameters for when care was asked for, planned or given.

R4 leaves to the server which dates are "care dates, not record currency dates". What no date of
care stands on, such as the Patient and who is around, belongs to all times."""


def care_between(
    types: Types, pairs: Sequence[tuple[str, str]], zone: ZoneInfo
) -> tuple[list[tuple[str, str]], Narrowing]:
    """What ``start`` and ``end`` leave of each type, and the other parameters.

    Args:
        types: the served types.
        pairs: the operation's parameters.
        zone: what a date without zone means.

    Raises:
        FhirError: 400 naming the one that is no date, is given twice, or ``end`` before ``start``.
    """
    rest = [pair for pair in pairs if pair[0] not in ("start", "end")]
    start, end = (_date(pairs, name, zone) for name in ("start", "end"))
    if start is not None and end is not None and end.high <= start.low:
        raise refused("end", "end is not before start.", code="value")
    # In the prefixes of a search, by instants: a range overlaps that begins before the end of
    # one and ends after the beginning of the other.
    bounds = [f"gt{start.low}"] if start and start.low != BEGINNING else []
    bounds += [f"lt{end.high}"] if end and end.high != END else []
    served = [name for name in CARE_DATES if name in types]
    return rest, tuple((name, tuple(_ways(types, name, bounds))) for name in served if bounds)


def _date(pairs: Sequence[tuple[str, str]], name: str, zone: ZoneInfo) -> Range | None:
    given = [value for code, value in pairs if code == name and value]
    if not given:
        return None
    if len(given) > 1:
        raise refused(name, f"{name} is given once.", code="value")
    try:
        return parse_range(given[0], zone)
    except ValueError:
        words = f"{name} is a FHIR date such as 2026-11-28."
        raise refused(name, words, code="value") from None


def _ways(types: Types, name: str, bounds: Sequence[str]) -> Iterator[Way]:
    """One of the dates is within the bounds, or there is none of them."""
    of_type, codes = types[name], CARE_DATES[name]
    yield tuple(condition_of(types, of_type, f"{code}:missing", "true") for code in codes)
    for code in codes:
        yield tuple(condition_of(types, of_type, code, each) for each in bounds)
