"""What a hub does about a gap: an idea, who could run it, from when, and what came of it."""

from collections.abc import Collection
from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from sqlalchemy import RowMapping, insert, select, update
from sqlmodel import Session

from services.providers.gaps.domain import STATES
from services.providers.handlers import Directory
from services.providers.hsds import Line, Prose
from services.providers.hubs import codes_of, own_hub
from services.providers.matching.request import Code
from services.providers.matching.vocabulary import vocabulary
from services.providers.nested import Json, picked
from services.providers.queries import refused
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.misfits import form
from shared.problems import Problem

_SHOWN = (
    "id hub need area idea state could_run organization_id service_id starts review created updated"
)


class ActionSaid(BaseModel):
    """An action as a coordinator writes it. Nothing about a person belongs here."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    hub: str | None = Field(default=None, description="Yours; may be left out if you have one.")
    need: Code
    area: (
        Annotated[
            str,
            StringConstraints(
                pattern=form(
                    r"^[A-Z]{1,2}[0-9][0-9A-Z]?$",
                    "Give the first part of a postcode in capitals, such as BD8.",
                )
            ),
        ]
        | None
    ) = None
    idea: Annotated[Prose, Field(min_length=1)]
    state: Literal[STATES] = "idea"  # type: ignore[valid-type]
    could_run: Line | None = None
    organization_id: UUID | None = Field(default=None, description="Who could run it, if listed.")
    service_id: UUID | None = Field(default=None, description="What came of it.")
    starts: date | None = None
    review: date | None = Field(default=None, description="When to look at it again.")

    @model_validator(mode="after")
    def _opened_as_something(self) -> Self:
        if (self.state == "opened") != (self.service_id is not None):
            raise ValueError("'opened' goes with 'service_id', the service that came of it")
        return self


def begin(directory: Directory, principal: Principal, said: ActionSaid) -> Json:
    """Begin an action.

    Raises:
        Problem: 403 for another's hub, 400 for an unknown need, organisation or service.
    """
    now = directory.clock()
    with UnitOfWork(directory.engine) as uow:
        hub = own_hub(uow, principal, said.hub, "hub")
        values = _values(uow.session, said) | {"hub": hub, "updated": now}
        row: Json = {"id": uuid4(), "created": now} | values
        uow.session.connection().execute(insert(table("gap_action")).values(row))
        found = _shown(uow.session, row["id"])
        uow.commit()
    return found


def change(directory: Directory, principal: Principal, key: UUID, said: ActionSaid) -> Json:
    """Write an action anew.

    Raises:
        Problem: 404; 403 for another hub's; 400 as in `begin`.
    """
    source = table("gap_action")
    with UnitOfWork(directory.engine) as uow:
        run = uow.session.connection().execute
        kept = run(select(source.c.hub).where(source.c.id == key).with_for_update()).one_or_none()
        if kept is None:
            raise Problem(404, "Not found", "There is no action with this id.", element="id")
        own_hub(uow, principal, kept.hub, "hub")
        if said.hub not in (None, kept.hub):
            raise refused("hub", "An action stays with its hub.")
        values = _values(uow.session, said) | {"updated": directory.clock()}
        run(update(source).where(source.c.id == key).values(values))
        found = _shown(uow.session, key)
        uow.commit()
    return found


def own_action(directory: Directory, principal: Principal, key: UUID) -> Json:
    """One action of a hub that somebody coordinates.

    Raises:
        Problem: 404, also for another hub's.
    """
    with UnitOfWork(directory.engine) as uow:
        source = table("gap_action")
        wanted = select(source).where(
            source.c.id == key, source.c.hub.in_(codes_of(uow, principal))
        )
        row = uow.session.connection().execute(wanted).mappings().one_or_none()
    if row is None:
        raise Problem(404, "Not found", "Your hub has no action with this id.", element="id")
    return picked(row, _SHOWN)


def actions(session: Session, hubs: Collection[str] | None) -> list[Json]:
    """The actions of some hubs or of all, the youngest first."""
    source = table("gap_action")
    wanted = select(source).order_by(source.c.created.desc(), source.c.id)
    if hubs is not None:
        wanted = wanted.where(source.c.hub.in_(hubs))
    return [picked(row, _SHOWN) for row in session.connection().execute(wanted).mappings()]


def _values(session: Session, said: ActionSaid) -> Json:
    vocabulary(session).of("need").asked("need", [said.need])
    for name, key in (("organization", said.organization_id), ("service", said.service_id)):
        there = table(name).c.id
        if key is not None and session.scalar(select(there).where(there == key)) is None:
            raise refused(f"{name}_id", f"There is no {name} with this id.")
    return said.model_dump(exclude={"hub"})


def _shown(session: Session, key: UUID) -> Json:
    source = table("gap_action")
    row: RowMapping = (
        session.connection().execute(select(source).where(source.c.id == key)).mappings().one()
    )
    return picked(row, _SHOWN)
