"""Saying when a provider is closed: its own staff do, or a coordinator of its hub for it.

It is public and holds at once: no hub need agree to a holiday. Whoever keeps a copy of the listing
hears it by `provider.changed`, and counts no working days then.
"""

from datetime import date, timedelta
from typing import Annotated, Self
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints, model_validator
from sqlalchemy import delete, insert, select, update

from services.providers import hubs, listing, publishing
from services.providers.closing.reading import closing_days
from services.providers.handlers import Directory
from services.providers.hsds.values import Line
from services.providers.life import acts
from services.providers.life.states import Act
from services.providers.nested import Json
from services.providers.rows import table
from shared.auth import Principal
from shared.closing_days import ClosedDays, Closing, read
from shared.database import UnitOfWork
from shared.messaging.events import ProviderChanged
from shared.problems import Problem

LONGEST = timedelta(days=183)
"""Who is closed for longer than half a year is not listed for that time."""
MOST = 30
"""Times that one provider may name."""
FURTHEST = timedelta(days=3 * 366)
OPEN_AT_LEAST = 60
"""Days of the coming year that must stay open, or no request to it would ever end."""

Why = Annotated[Line, StringConstraints(min_length=1, max_length=100)]


class ClosingSaid(BaseModel):
    """A time in which a provider is closed."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    starts: date = Field(description="The first day.")
    ends: date = Field(description="The last day, which counts.")
    every_year: StrictBool = Field(
        default=False, description="Whether it comes again each year, between the same days."
    )
    why: Why = Field(description="For everybody to read, such as Christmas; no names.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.ends < self.starts:
            raise ValueError("'ends' is before 'starts'")
        if self.ends - self.starts >= LONGEST:
            raise ValueError(
                "'ends' is more than half a year after 'starts': take the listing off for so long"
            )
        return self


def say(
    directory: Directory, principal: Principal, owner: UUID, key: UUID | None, said: ClosingSaid
) -> Json:
    """Say that a provider is closed, or change what was said.

    Args:
        directory: what to work with.
        principal: its staff, whoever claimed it, or a coordinator of its hub.
        owner: the organisation.
        key: of what was said before; None for a new one.
        said: what is said.

    Returns:
        It, as readers see it.

    Raises:
        Problem: 403; 404 for an unknown organisation or `key`; 422 that names what cannot be.
    """
    now = directory.clock()
    _check_days(said, now.date())
    closing = table("closing")
    values = said.model_dump() | {"said_by": principal.subject, "said": now}
    with UnitOfWork(directory.engine) as uow:
        _own(uow, principal, owner)
        run = uow.session.connection().execute
        if key is None:
            key = uuid4()
            run(insert(closing).values(values | {"id": key, "organization_id": owner}))
        else:
            this = (closing.c.id == key, closing.c.organization_id == owner)
            if not run(update(closing).where(*this).values(values)).rowcount:
                raise _unknown()
        known = closing_days(uow.session, [owner])[owner]
        _check_all(read(known), len(known), now.date())
        _tell(uow, directory, owner, principal, _in_words(said))
        uow.commit()
    return next(each for each in known if each["id"] == str(key))


def take_back(directory: Directory, principal: Principal, owner: UUID, key: UUID) -> None:
    """A provider is not closed then after all.

    Raises:
        Problem: 403, 404.
    """
    closing = table("closing")
    with UnitOfWork(directory.engine) as uow:
        _own(uow, principal, owner)
        this = (closing.c.id == key, closing.c.organization_id == owner)
        gone = delete(closing).where(*this).returning(closing)
        row = uow.session.connection().execute(gone).mappings().one_or_none()
        if row is None:
            raise _unknown()
        words = _in_words(Closing.model_validate(dict(row)))
        _tell(uow, directory, owner, principal, f"Taken back: {words}")
        uow.commit()


def of(directory: Directory, owner: UUID) -> list[Json]:
    """When a provider is closed.

    Raises:
        Problem: 404.
    """
    with UnitOfWork(directory.engine) as uow:
        organization = table("organization").c
        if uow.session.scalar(select(organization.id).where(organization.id == owner)) is None:
            raise _no_organization()
        return closing_days(uow.session, [owner]).get(owner, [])


def _own(uow: UnitOfWork, principal: Principal, owner: UUID) -> None:
    """Lock the organisation, as whoever changes its listing does."""
    organization = table("organization")
    wanted = select(organization.c.id).where(organization.c.id == owner)
    if uow.session.scalar(wanted.with_for_update(key_share=True)) is None:
        raise _no_organization()
    hubs.must_keep(uow, principal, owner)


def _check_days(said: ClosingSaid, today: date) -> None:
    if said.ends < today and not said.every_year:
        raise Problem(422, "That is over", "The last day has passed.", element="ends")
    if not today - FURTHEST <= said.starts <= today + FURTHEST:
        words = "The first day is further away than three years. Check the year."
        raise Problem(422, "That is far away", words, element="starts")


def _check_all(closed: ClosedDays, number: int, today: date) -> None:
    if number > MOST:
        words = f"There are {MOST} times already. Take old ones back first."
        raise Problem(422, "That is too many", words, element="starts")
    year = (today + timedelta(days=each) for each in range(366))
    if sum(day not in closed for day in year) < OPEN_AT_LEAST:
        words = "Hardly a day of the coming year would be left. Take the listing off instead."
        raise Problem(422, "That is never open", words, element="ends")


def _tell(
    uow: UnitOfWork, directory: Directory, owner: UUID, principal: Principal, why: str
) -> None:
    now = directory.clock()
    acts.note(uow, owner, Act.CLOSING_DAYS, now, by=principal.subject, why=why)
    organization = table("organization")
    raised = update(organization).where(organization.c.id == owner)
    raised = raised.values(version=organization.c.version + 1, last_modified=now)
    version = uow.session.scalar(raised.returning(organization.c.version))
    told = listing.organization_listings(uow.session, [owner])[owner]
    event = ProviderChanged(provider=owner, listing=told)
    publishing.tell(uow, directory.outbox, [(event, int(version or 0))])


def _in_words(said: ClosingSaid | Closing) -> str:
    yearly = ", every year" if said.every_year else ""
    return f"{said.starts.isoformat()} to {said.ends.isoformat()}{yearly}: {said.why}"


def _no_organization() -> Problem:
    return Problem(404, "Not found", "There is no organisation with this id.", element="id")


def _unknown() -> Problem:
    return Problem(404, "Not found", "There is no such time.", element="closing")
