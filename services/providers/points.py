"""Where something is: from a postcode to a point by the gazetteer, and distance in SQL."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import asinh, degrees, radians, tan
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    any_,
    bindparam,
    case,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Session

from services.providers.gazetteer import EARTH_METRES, BadPostcode, box_around, parse
from services.providers.rows import table


@dataclass(frozen=True)
class Point:
    """A point in degrees; `hub` where it is known whose place it lies in."""

    latitude: float
    longitude: float
    hub: str | None = None


def point_of(session: Session, postcode: str) -> Point:
    """The centroid of the longest part of a postcode that the gazetteer knows.

    Raises:
        BadPostcode: malformed, or its district is not in the gazetteer; says which.
    """
    code = parse(postcode)
    rows: Iterable[Any] = session.connection().execute(_PLACES, {"codes": code.lookups})
    found = {row.code: row for row in rows}
    for lookup in code.lookups:
        if lookup in found:
            row = found[lookup]
            return Point(row.latitude, row.longitude, row.hub)
    raise BadPostcode(
        f"The first part of the postcode, '{code.outward}', is not a district that this directory"
        " knows."
    )


_place = table("place").c
_PLACES = select(_place.code, _place.latitude, _place.longitude, _place.hub).where(
    _place.code == any_(bindparam("codes", type_=ARRAY(String)))
)
"""Written once, as it is asked with most questions."""


def metres(point: Point) -> ColumnElement[float]:
    """Haversine distance of `location` rows from a point; NULL where a location has no point."""
    location = table("location").c
    return haversine(point, location.latitude, location.longitude)


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

    The poles, which lie nowhere in it, are taken for what is a little before them.
    """
    return degrees(asinh(tan(radians(min(max(latitude, -89.9), 89.9)))))


def inside(point: Point, within: float) -> ColumnElement[bool]:
    """Whether a location lies within so many metres: first the box, which an index answers."""
    box = box_around(point.latitude, point.longitude, within)
    location = table("location").c
    return and_(
        location.latitude.between(box.south, box.north),
        location.longitude.between(box.west, box.east),
        metres(point) <= within,
    )


def services_within(point: Point, metres_at_most: float) -> Select[Any]:
    """The ids of services that have a location within so many metres."""
    at, location = table("service_at_location"), table("location")
    return (
        select(at.c.service_id)
        .join(location, location.c.id == at.c.location_id)
        .where(inside(point, metres_at_most))
    )


MANY = 8_000
"""Places from which on it is quicker to look for words first, and only then where they are: among
100,000 services, 17,000 of them in reach, it took a third of the time."""


def are_many(session: Session, point: Point, metres_at_most: float) -> bool:
    """Whether there are many places within about so many metres."""
    box = box_around(point.latitude, point.longitude, metres_at_most)
    location = table("location").c
    some = (
        select(location.latitude)
        .where(
            location.latitude.between(box.south, box.north),
            location.longitude.between(box.west, box.east),
        )
        .limit(MANY)
        .subquery()
    )
    return session.scalar(select(func.count()).select_from(some)) == MANY
