"""Where something is: from a postcode to a point by the gazetteer, and distance in SQL."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import asinh, degrees, radians, tan
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    any_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session

from services.providers.gazetteer import (
    EARTH_METRES,
    UNKNOWN_UNIT,
    BadPostcode,
    Box,
    Postcode,
    box_around,
    box_within,
    parse,
)
from services.providers.rows import table


@dataclass(frozen=True)
class Point:
    """A point in degrees; `hub` where it is known whose place it lies in."""

    latitude: float
    longitude: float
    hub: str | None = None


def point_of(session: Session, postcode: str) -> Point:
    """The centroid of the longest part of a postcode that the gazetteer knows.

    Where it knows the postcodes of a district, one that is not among them is mistyped or new, and
    whoever asks has to say which: an answer for all of the district could be miles off. Where it
    knows districts alone, nobody can tell, and the district's is the answer.

    Raises:
        BadPostcode: malformed, its district is not in the gazetteer, or its second part is not
            among those that the gazetteer has of the district; says which.
    """
    code = parse(postcode)
    rows: Iterable[Any] = session.connection().execute(_PLACES, {"codes": code.lookups})
    return point_among(centroids(rows), code)


class Centroid(NamedTuple):
    """A place of the gazetteer, in degrees."""

    latitude: float
    longitude: float
    hub: str | None
    with_units: bool


Centroids = Mapping[str, Centroid]
"""Places of the gazetteer by their codes."""


def centroids(rows: Iterable[Sequence[Any]]) -> Centroids:
    """Places of the gazetteer: of each its code, and then what `Centroid` names."""
    return {code: Centroid(*rest) for code, *rest in rows}


def point_among(found: Centroids, code: Postcode) -> Point:
    """The same of places that were read.

    Args:
        found: those of the postcode's `lookups` that the gazetteer has.
        code: the postcode.

    Raises:
        BadPostcode: as `point_of` does.
    """
    district = found.get(code.outward)
    if code.lookups[0] not in found and district is not None and district.with_units:
        raise _unknown_unit(code)
    for lookup in code.lookups:
        if lookup in found:
            centroid = found[lookup]
            return Point(centroid.latitude, centroid.longitude, centroid.hub)
    raise BadPostcode(
        f"The first part of the postcode, '{code.outward}', is not a district that this directory"
        " knows. Give the postcode of somewhere near that it knows, or leave it out."
    )


def _unknown_unit(code: Postcode) -> BadPostcode:
    return BadPostcode(
        f"The second part of the postcode, '{code.inward}', is not one that this directory knows in"
        f" {code.outward}. Check it. If it is right, as of a new building, give only the first"
        f" part, {code.outward}, or another postcode near by.",
        UNKNOWN_UNIT,
    )


_place = table("place").c
_PLACES = select(
    _place.code, _place.latitude, _place.longitude, _place.hub, _place.with_units
).where(_place.code == any_(bindparam("codes", type_=ARRAY(String))))
"""Written once, as it is asked with most questions."""


def haversine(
    point: Any, latitude: ColumnElement[Any], longitude: ColumnElement[Any]
) -> ColumnElement[float]:
    """Metres on the ground between a point and two columns in degrees; NULL where they are."""
    half = func.power(func.sin(func.radians(latitude - point.latitude) / 2.0), 2.0) + func.cos(
        func.radians(point.latitude)
    ) * func.cos(func.radians(latitude)) * func.power(
        func.sin(func.radians(longitude - point.longitude) / 2.0), 2.0
    )
    # LEAST passes over a NULL: without the condition, nowhere would be the far side of the Earth.
    away = 2 * EARTH_METRES * func.asin(func.least(1.0, func.sqrt(half)))
    return case((latitude.is_not(None), away))


def mercator(latitude: float) -> float:
    """Where a latitude lies in Mercator's projection, in the degrees of its longitudes.

    The poles lie nowhere in it; what is next to them in a `float` does, here as in the index.
    """
    return degrees(asinh(tan(radians(min(max(latitude, -90.0), 90.0)))))


Planning = tuple[tuple[str, str], ...]
"""Settings of PostgreSQL by which the statements of a transaction are planned."""

AS_EVER: Planning = ()
BY_INDEX: Planning = (
    ("enable_sort", "off"),
    ("jit", "off"),
    ("plan_cache_mode", "force_generic_plan"),
)
"""For whoever asks who is nearest in a box, found one after the other by the index that knows their
order. PostgreSQL takes any box for a thousandth of all places. Where it then expects fewer than are
asked for, it may read the whole box and sort it, of which there are tens of thousands in a town; so
what sorts is made to look dear, and so is no reason to compile the statement. It is the same way
wherever it is asked, and so it is planned once: planning the long statement of a person's question
for its values took a fifth of it."""
ANEW: Planning = (("plan_cache_mode", "force_custom_plan"),)
"""For whoever asks what lies in a box, whose plan hangs on the box: planned once for all, what is
near a town was looked through four times as long."""

_ANEW = "; ".join(
    (
        *(f"SET LOCAL {name} TO DEFAULT" for name, _ in BY_INDEX),
        *(f"SET LOCAL {name} = {value}" for name, value in ANEW),
    )
)


def plan_anew(session: Session) -> None:
    """Have each statement of what is left of this transaction planned for its own values (see
    `ANEW`), whatever was said before."""
    session.connection().exec_driver_sql(_ANEW)


def inside(point: Point, within: float, source: str = "location") -> ColumnElement[bool]:
    """Whether rows of a table lie within so many metres: first the box around the circle, which an
    index answers; then the box in it, since most of what is near needs no distance.
    """
    row = table(source).c
    centroid = (point.latitude, point.longitude, within)
    away = haversine(point, row.latitude, row.longitude)
    near = _in_box(row, box_within(*centroid))
    return and_(_in_box(row, box_around(*centroid)), or_(near, away <= within))


def _in_box(row: Any, box: Box) -> ColumnElement[bool]:
    return and_(
        row.latitude.between(box.south, box.north),
        row.longitude.between(box.west, box.east),
    )


def offered_within(point: Point, within: float) -> ColumnElement[bool]:
    """Whether a service has a location within so many metres: by its own row where all its
    locations are one point, so that an index of words goes together with one of places.
    """
    service, at, location = table("service").c, table("service_at_location"), table("location")
    one_of_several = exists().where(
        at.c.service_id == service.id, location.c.id == at.c.location_id, inside(point, within)
    )
    scattered = and_(service.located, service.latitude.is_(None), one_of_several)
    return or_(inside(point, within, "service"), scattered)
