"""What matching reads: one row for each place of a service, with all that may be asked of it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Column, Date, Index, Integer, Numeric, String, Uuid, literal_column, text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlmodel import Field

from services.providers.tables.base import Base, instant

SPOT = "point(longitude, degrees(asinh(tan(radians(latitude)))))"
"""Where a place lies in Mercator's projection, which keeps shapes: near a point, who is nearest on
the map is nearest. An index in this plane finds the nearest first."""

SIGNS = "array_to_tsvector(terms::text[])"
"""The terms of a place as the words of a text, which an index can hold beside where it is. Whoever
looks for the nearest of a rare term passes over all others there, and opens none of them."""


class Matchable(Base, table=True):
    """A running service at one of its places, flat; worked out anew when its listing changes.

    `place` is the location's id, or the service's own where it has no location. A point is there
    only where people go there: who visits, rings or meets online is no farther from one street
    than from another. `terms` holds what the service and the place are or have, `refused` what is
    known to be missing. The arrays of a kind go together by position; an entry is NULL where a
    time, a price or a language is listed and nobody said which; `until` is the last day of an
    entry, so that nothing has to be worked out again because a day has passed. `verified` is the
    day on which a person last found the listing right. `search` is the service's text for
    searching, and `room_state`, `room_places` and `room_expires` are of its capacity; triggers keep
    them so.
    """

    __tablename__ = "matchable"
    __table_args__ = (
        Index("ix_matchable_point", "latitude", "longitude"),
        Index(
            "ix_matchable_spot",
            text(SPOT),
            literal_column(SIGNS).label("signs"),
            postgresql_using="gist",
            postgresql_ops={"signs": "tsvector_ops(siglen=64)"},
        ),
        Index("ix_matchable_terms", "terms", postgresql_using="gin"),
        Index(
            "ix_matchable_nowhere",
            "terms",
            "search",
            postgresql_using="gin",
            postgresql_where=text("latitude IS NULL"),
        ),
    )
    service_id: UUID = Field(primary_key=True, foreign_key="service.id")
    place: UUID = Field(primary_key=True)
    location_id: UUID | None = None
    name: str = Field(max_length=300)
    minimum_age: float | None = None
    maximum_age: float | None = None
    latitude: float | None = None
    longitude: float | None = None
    remote: bool
    terms: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    refused: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    languages: list[str] = Field(sa_column=Column(ARRAY(String(8)), nullable=False))
    interpreted: bool
    areas: list[str] = Field(sa_column=Column(ARRAY(String(40)), nullable=False))
    slot_days: list[str] = Field(sa_column=Column(ARRAY(String(2)), nullable=False))
    slot_opens: list[int | None] = Field(sa_column=Column(ARRAY(Integer), nullable=False))
    slot_closes: list[int | None] = Field(sa_column=Column(ARRAY(Integer), nullable=False))
    slot_until: list[date | None] = Field(sa_column=Column(ARRAY(Date), nullable=False))
    cost_amounts: list[float] = Field(
        sa_column=Column(ARRAY(Numeric(10, 2, asdecimal=False)), nullable=False)
    )
    cost_until: list[date | None] = Field(sa_column=Column(ARRAY(Date), nullable=False))
    verified: date | None = None
    room_state: str | None = Field(default=None, max_length=20)
    room_places: int | None = None
    room_expires: datetime | None = instant(nullable=True)
    search: str | None = Field(default=None, sa_column=Column(TSVECTOR, nullable=True))


SAYING = (
    """
CREATE FUNCTION say_in_matchable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT service.search INTO NEW.search FROM service WHERE service.id = NEW.service_id;
    RETURN NEW;
END
$$
""",
    """
CREATE TRIGGER say_in_matchable BEFORE INSERT ON matchable
FOR EACH ROW EXECUTE FUNCTION say_in_matchable()
""",
    """
CREATE FUNCTION say_to_matchable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE matchable SET search = NEW.search WHERE matchable.service_id = NEW.id;
    RETURN NULL;
END
$$
""",
    """
CREATE TRIGGER say_to_matchable AFTER UPDATE OF search_text ON service
FOR EACH ROW WHEN (OLD.search_text IS DISTINCT FROM NEW.search_text)
EXECUTE FUNCTION say_to_matchable()
""",
)
"""The functions and triggers that keep `search` as the service has it, whichever version of Kersey
writes the row."""

HOLDING = (
    """
CREATE FUNCTION hold_in_matchable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT capacity.state, capacity.places, capacity.expires
    INTO NEW.room_state, NEW.room_places, NEW.room_expires
    FROM capacity WHERE capacity.service_id = NEW.service_id;
    RETURN NEW;
END
$$
""",
    """
CREATE TRIGGER hold_in_matchable BEFORE INSERT ON matchable
FOR EACH ROW EXECUTE FUNCTION hold_in_matchable()
""",
    """
CREATE FUNCTION hold_to_matchable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE matchable
    SET room_state = NEW.state, room_places = NEW.places, room_expires = NEW.expires
    WHERE matchable.service_id = NEW.service_id;
    RETURN NULL;
END
$$
""",
    """
CREATE TRIGGER hold_to_matchable AFTER INSERT OR UPDATE OF state, places, expires ON capacity
FOR EACH ROW EXECUTE FUNCTION hold_to_matchable()
""",
)
"""The same for what a service's capacity is."""
