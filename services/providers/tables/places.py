"""Places: hubs, the gazetteer, and the areas of the official geography."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    String,
    Text,
    false,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.types import UserDefinedType
from sqlmodel import Field

from services.providers.tables.base import Base


class Polygon(UserDefinedType[str]):
    """PostgreSQL's own polygon, written as `((x,y),(x,y),...)`."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Its name in SQL."""
        return "POLYGON"


ischema_names["polygon"] = Polygon  # or reading the schema back warns of a type unknown to it


class Hub(Base, table=True):
    """A place hub: a staffed team that knows the provision of one place.

    `organisation` is on whose behalf its coordinators act; without one nobody acts for it.
    `covers` are the areas that are its place, by their official codes.
    """

    __tablename__ = "hub"
    code: str = Field(primary_key=True, max_length=40)
    name: str = Field(max_length=200)
    description: str = Field(default="", sa_type=Text)
    email: str | None = Field(default=None, max_length=254)
    phone: str | None = Field(default=None, max_length=40)
    organisation: UUID | None = Field(default=None, index=True)
    covers: list[str] = Field(
        default_factory=list,
        sa_column=Column(ARRAY(String(9)), nullable=False, server_default="{}"),
    )


class Place(Base, table=True):
    """A point of the gazetteer: a postcode district, or any longer part of a postcode.

    The built-in gazetteer holds districts; official files add whole postcodes to the same table,
    and a look-up takes the longest part that is known. The areas are codes of the official
    geography; `decile` is that of deprivation in England, 1 for the most deprived tenth. Of a
    district `with_units` says whether whole postcodes of it are here: then one that is not among
    them is mistyped, or newer than the file.
    """

    __tablename__ = "place"
    __table_args__ = (CheckConstraint("decile BETWEEN 1 AND 10", name="decile"),)
    code: str = Field(primary_key=True, max_length=8)
    name: str = Field(max_length=200)
    latitude: float
    longitude: float
    hub: str | None = Field(default=None, foreign_key="hub.code", index=True)
    ward: str | None = Field(default=None, max_length=9)
    local_authority: str | None = Field(default=None, max_length=9)
    lsoa: str | None = Field(default=None, max_length=9)
    decile: int | None = None
    with_units: bool = Field(
        default=False, sa_column=Column(Boolean, nullable=False, server_default=false())
    )


class Area(Base, table=True):
    """An area of the official geography: a local authority, a ward, a lower super output area.

    `boundary` is its GeoJSON geometry as the file had it (RFC 7946), `decile` that of deprivation.
    """

    __tablename__ = "area"
    __table_args__ = (CheckConstraint("decile BETWEEN 1 AND 10", name="decile"),)
    code: str = Field(primary_key=True, max_length=9)
    kind: str = Field(max_length=20, index=True)
    name: str = Field(max_length=200)
    parent: str | None = Field(default=None, max_length=9, index=True)
    boundary: str | None = Field(default=None, sa_type=Text)
    decile: int | None = None


class AreaRing(Base, table=True):
    """One ring of an area's boundary, by which the database finds what lies inside."""

    __tablename__ = "area_ring"
    __table_args__ = (Index("ix_area_ring_ring", "ring", postgresql_using="gist"),)
    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    area: str = Field(
        sa_column=Column(
            String(9), ForeignKey("area.code", ondelete="CASCADE"), nullable=False, index=True
        )
    )
    ring: str = Field(sa_column=Column(Polygon, nullable=False))
    hole: bool = False
