"""How much room a service has."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String, text
from sqlmodel import Field

from services.providers.domain import CapacityState
from services.providers.tables.base import Base, instant


class Capacity(Base, table=True):
    """Whether a service takes people now. One row per service, there from its first listing on.

    `keeps_list` is whether a full service starts a waiting list; `counted` whether the last place
    went by counting acceptances, so that an ending may open the service again. A `full` that the
    provider said itself stays until the provider says otherwise. `over` is how many were accepted
    beyond the last place. When the state's time is up it turns `unknown`; `updated` stays.
    """

    __tablename__ = "capacity"
    __table_args__ = (
        CheckConstraint("places >= 0", name="places"),
        CheckConstraint("waiting >= 0", name="waiting"),
        Index("ix_capacity_expires", "expires", postgresql_where=text("state <> 'unknown'")),
    )
    service_id: UUID = Field(primary_key=True, foreign_key="service.id")
    state: CapacityState = Field(default=CapacityState.UNKNOWN, sa_type=String(20))
    places: int | None = None
    waiting: int | None = None
    first_date: date | None = None
    keeps_list: bool = False
    counted: bool = False
    over: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    updated: datetime = instant()
    updated_by: str | None = Field(default=None, max_length=100)
    expires: datetime | None = instant(nullable=True)


class PlaceTaken(Base, table=True):
    """A place that one request holds or held, so that none is taken or given back twice.

    Known by the Task's id alone: the directory never learns who came.
    """

    __tablename__ = "place_taken"
    task_id: UUID = Field(primary_key=True)
    service_id: UUID = Field(index=True)
    taken: bool = False
    ended: bool = False


class CapacityAskedOf(Base, table=True):
    """When a provider was last asked how much room it has, and how often so far."""

    __tablename__ = "capacity_asked"
    organization_id: UUID = Field(primary_key=True, foreign_key="organization.id")
    at: datetime = instant()
    times: int = 1
