"""How one value of a condition is compared, as SQL (FHIR R4 search.html).

Numbers and bounds are made here from what was parsed and stand in the text; why, says
`shared.fhir.search.sql`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from shared.fhir.search import dates, terms
from shared.fhir.search.canonicals import above
from shared.fhir.search.folding import fold_system
from shared.fhir.search.parameters import SearchParam
from shared.fhir.search.sound import sounds
from shared.fhir.search.tokens import Form, token_code
from shared.fhir.search.values import (
    Near,
    QuantityValue,
    of_type_value,
    token_value,
    unescape,
)

#: Kilometres: the mean radius of the earth, and of one degree of latitude.
_EARTH = 6371.0088
_DEGREE = math.pi * _EARTH / 180


def array(values: Iterable[int]) -> str:
    """A bigint array literal."""
    return "'{" + ",".join(str(int(value)) for value in values) + "}'::bigint[]"


def moment(text: str) -> str:
    """A timestamptz literal of a bound made by `shared.fhir.search.dates`."""
    if "'" in text or "\\" in text:  # pragma: no cover - bounds are made from datetimes
        raise ValueError("not a bound")
    return f"'{text}'::timestamptz"


def every(conditions: Sequence[str]) -> str:
    """All of the conditions."""
    return " AND ".join(f"({c})" for c in conditions) or "true"


def either(conditions: Sequence[str]) -> str:
    """Any of the conditions."""
    return "(" + (" OR ".join(f"({c})" for c in conditions) or "false") + ")"


# --- exact values, by their terms -------------------------------------------------------------


def token_terms(param: SearchParam, modifier: str | None, value: str) -> list[int]:
    """The terms of which a token has one."""
    if modifier == "of-type":
        system, kind, code = of_type_value(value)
        return [terms.term("of-type", param.name, fold_system(system), kind, code)]
    identifies = modifier == "identifier"
    wanted = token_value(value)
    if wanted.code is None and param.is_code and not identifies:
        known = not param.system or fold_system(param.system) == fold_system(wanted.system or "")
        return [terms.known_term("present", param.name)] if known else []
    name = f"{param.name}:identifier" if identifies else param.name
    datatypes = {"Identifier"} if identifies else {p.datatype for p in param.paths}
    is_code = param.is_code and not identifies
    found = token_forms(value, datatypes, is_code=is_code, system=param.system)
    return [terms.term(kind, name, *parts) for kind, *parts in found]


def token_forms(value: str, datatypes: set[str], *, is_code: bool, system: str) -> list[Form]:
    """The ways in which a token may have been indexed; see `shared.fhir.search.tokens.forms`.

    Args:
        value: as it was asked for.
        datatypes: of the elements, which decide how a code is compared.
        is_code: whether the elements hold bare codes.
        system: the system that these have by their binding, where it is known.
    """
    wanted = token_value(value)
    asked = None if wanted.system is None else fold_system(wanted.system)
    if wanted.code is None:
        return [("system|", asked or "")]
    codes = sorted({token_code(wanted.code, datatype) for datatype in datatypes})
    if is_code:
        other = bool(asked) and bool(system) and asked != fold_system(system)
        return [] if other else [("code", code) for code in codes]
    if asked is None:
        return [("code", code) for code in codes]
    if not asked:
        return [("|code", code) for code in codes]
    return [("system|code", asked, code) for code in codes]


def uri_terms(param: SearchParam, modifier: str | None, value: str) -> list[int]:
    """The terms of which a URI has one: its own, or with ``:above`` those of what it is below."""
    each_of = above(value) if modifier == "above" else [value]
    return [terms.term("uri", param.name, each) for each in each_of]


def sounding(param: SearchParam, value: str, alias: str) -> str:
    """A name that sounds like a value."""
    heard = [terms.term("sound", param.name, sound) for sound in sounds(unescape(value))]
    return f"{alias}.terms @> {array(heard)}" if heard else "false"


# --- ranges -----------------------------------------------------------------------------------


def date_range(wanted: tuple[str, dates.Range], low: str, high: str) -> str:
    """R4 search.html, prefixes: how the searched range compares with a stored [low, high)."""
    prefix, asked = wanted
    if prefix == "ap":
        asked = _widened(asked)
    begin, end = moment(asked.low), moment(asked.high)
    within = f"{low} >= {begin} AND {low} < {end} AND {high} <= {end}"
    return {
        "eq": within,
        "ne": f"NOT ({within})",
        "gt": f"{high} > {end}",
        "lt": f"{low} < {begin}",
        # The first condition follows from the rest; alone, it can use an index.
        "ge": f"{high} > {begin} AND ({high} > {end} OR ({within}))",
        "le": f"{low} < {end} AND ({low} < {begin} OR ({within}))",
        "sa": f"{low} >= {end}",
        "eb": f"{high} <= {begin}",
        "ap": f"{low} < {end} AND {high} > {begin}",
    }[prefix]


def instant(wanted: tuple[str, dates.Range], column: str) -> str:
    """The same for an instant."""
    prefix, asked = wanted
    if prefix == "ap":
        asked = _widened(asked)
    begin, end = moment(asked.low), moment(asked.high)
    within = f"({column} >= {begin} AND {column} < {end})"
    return {
        "eq": within,
        "ne": f"NOT {within}",
        "gt": f"{column} >= {end}",
        "lt": f"{column} < {begin}",
        "ge": f"{column} >= {begin}",
        "le": f"{column} < {end}",
        "sa": f"{column} >= {end}",
        "eb": f"{column} < {begin}",
        "ap": within,
    }[prefix]


def _widened(asked: dates.Range) -> dates.Range:
    """R4: approximately is within a tenth of the time between the value and now."""
    low, high = (
        datetime.fromisoformat(b) if b[0] != "i" and b[0] != "-" else None
        for b in (asked.low, asked.high)
    )
    if low is None or high is None:
        return asked
    gap = abs(datetime.now(UTC) - low) / 10
    try:
        return dates.Range(dates.bound(low - gap), dates.bound(high + max(gap, timedelta(0))))
    except OverflowError:
        return asked


def number_range(wanted: QuantityValue) -> str:
    """How a number, with the precision that it is written with, compares with a stored range.

    Approximately is within a tenth of it, and never less than what it equals.
    """
    value, low, high = (f"{n:f}" for n in (wanted.value, wanted.low, wanted.high))
    within = f"x.low >= {low} AND x.high < {high}"
    spread = max(abs(wanted.value) / Decimal(10), wanted.high - wanted.value)
    return {
        "eq": within,
        "ne": f"NOT ({within})",
        "gt": f"x.high > {value}",
        "lt": f"x.low < {value}",
        "ge": f"x.high >= {value}",
        "le": f"x.low <= {value}",
        "sa": f"x.low > {value}",
        "eb": f"x.high < {value}",
        "ap": f"x.low <= {wanted.value + spread:f} AND x.high >= {wanted.value - spread:f}",
    }[wanted.prefix]


def near(wanted: Near) -> str:
    """Within a distance of a place: first by a box, which an index can tell, then by haversine."""
    latitude, longitude, distance = wanted.latitude, wanted.longitude, wanted.kilometres
    up = distance / _DEGREE
    found = [f"x.low BETWEEN {latitude - up:.9f} AND {latitude + up:.9f}"]
    narrowest = math.cos(math.radians(min(90.0, abs(latitude) + up)))
    aside = up / narrowest if narrowest > 1e-6 else 360.0
    if longitude - aside >= -180 and longitude + aside <= 180:
        found.append(f"x.high BETWEEN {longitude - aside:.9f} AND {longitude + aside:.9f}")
    return every([*found, f"{kilometres_from(wanted)} <= {distance:.6f}"])


def kilometres_from(place: Near) -> str:
    """How far a row ``x`` is from a place, by haversine."""
    half_up = f"sin(radians(x.low::float8 - {place.latitude:.9f}) / 2)"
    half_aside = f"sin(radians(x.high::float8 - {place.longitude:.9f}) / 2)"
    cosines = f"cos(radians({place.latitude:.9f})) * cos(radians(x.low::float8))"
    haversine = f"{half_up} ^ 2 + {cosines} * {half_aside} ^ 2"
    return f"{2 * _EARTH} * asin(least(1, sqrt({haversine})))"
