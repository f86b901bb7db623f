"""Announcements over HTTP: a hub's coordinators write them, whoever is signed in reads theirs."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    model_validator,
)

from services.notifications.announcements import keeping, reading
from services.notifications.announcements.keeping import Wanted
from services.notifications.announcements.rules import (
    LONGEST,
    OF_NO_PLACE,
    Audience,
    fault_of,
)
from services.notifications.tables import Announcement
from shared.auth import Principal, requires
from shared.database import UnitOfWork
from shared.problems import Problem

router = APIRouter(prefix="/notifications/announcements", tags=["announcements"])

Json = dict[str, Any]

NOTICES = "notifications.notices"
NO_NOTICES = OF_NO_PLACE | {"duty-lead", "organisation-administrator"}
"""Roles that read what is announced, and have no notices whose scope would say so."""


def _reader(principal: Annotated[Principal, Depends(requires())]) -> Principal:
    """Whoever reads what hubs announce: by the scope of notices, or by a role that has none.

    Raises:
        Problem: 403, it is not for them.
    """
    if NOTICES not in principal.scopes and NO_NOTICES.isdisjoint(principal.roles):
        raise Problem(403, "Not allowed", f"This needs the scope {NOTICES}.", element="scope")
    return principal


Reads = Annotated[Principal, Depends(_reader)]
Coordinator = Annotated[Principal, Depends(requires("notifications.write", role="coordinator"))]

MOST = 100


def _fit(text: str) -> str:
    fault = fault_of(text)
    if fault:
        raise ValueError(fault)
    return text


_VISIBLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"
Title = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=120, pattern=r"^[^\x00-\x1f]+$"
    ),
    AfterValidator(_fit),
]
Text = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=_VISIBLE),
    AfterValidator(_fit),
]


class AnnouncementBody(BaseModel):
    """An announcement in plain words. Nothing about a person belongs in it."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    hub: str | None = Field(
        default=None, max_length=64, description="Yours; may be left out if you have one."
    )
    title: Title
    text: Text = Field(description="Plain text; links begin with https://")
    first_day: date
    last_day: date = Field(description="The last day on which it is there.")
    audience: Audience
    urgent: StrictBool = Field(
        default=False, description="Told at once, also to those who muted announcements."
    )
    after: int = Field(
        default=0, ge=0, le=2**31 - 1, description="The version that you read; 0 for a new one."
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last_day < self.first_day:
            raise ValueError("'last_day' is before 'first_day'")
        if (self.last_day - self.first_day).days > LONGEST:
            raise ValueError("'last_day' is more than a year after 'first_day'")
        return self


@router.get("")
def list_announcements(
    principal: Coordinator,
    request: Request,
    show: Literal["draft", "current", "over"] = "current",
    offset: Annotated[int, Query(ge=0, le=100_000)] = 0,
    count: Annotated[int, Query(ge=1, le=MOST)] = 25,
) -> Json:
    """Those of your hub, what was changed last first."""
    with UnitOfWork(request.app.state.engine) as uow:
        found = reading.of_hub(uow, principal, show, _today(request), offset=offset, count=count)
        return {"announcements": [_told(each) for each in found]}


@router.get("/current")
def list_current(principal: Reads, request: Request) -> Json:
    """What is there for you today, the urgent first; with whether you read it as it stands."""
    with UnitOfWork(request.app.state.engine) as uow:
        found = reading.current(uow, principal, _today(request))
        return {"announcements": [_read(row[0]) | {"read": row.is_read} for row in found]}


@router.get("/{announcement}")
def read_announcement(announcement: UUID, principal: Coordinator, request: Request) -> Json:
    """One of your hub's, how many contacts were told, and who did what with it."""
    with UnitOfWork(request.app.state.engine) as uow:
        return _whole(uow, keeping.one(uow, principal, announcement))


@router.put("/{announcement}")
def put_announcement(
    announcement: UUID, body: AnnouncementBody, principal: Coordinator, request: Request
) -> Json:
    """Write one, as a draft, or change one; what is published changes at once for its readers."""
    wanted = Wanted(**body.model_dump(exclude={"after"}))
    with UnitOfWork(request.app.state.engine) as uow:
        said = keeping.put(
            uow, principal, announcement, wanted, after=body.after, zone=_zone(request)
        )
        return _done(uow, request, said)


@router.post("/{announcement}/publish")
def publish(announcement: UUID, principal: Coordinator, request: Request) -> Json:
    """Let its readers have it from its first day on, and tell those who are told."""
    with UnitOfWork(request.app.state.engine) as uow:
        said = keeping.publish(uow, principal, announcement, _zone(request))
        return _done(uow, request, said)


@router.post("/{announcement}/end")
def end(announcement: UUID, principal: Coordinator, request: Request) -> Json:
    """End it now; whoever is not told yet is told no more."""
    with UnitOfWork(request.app.state.engine) as uow:
        return _done(uow, request, keeping.end(uow, principal, announcement, _zone(request)))


@router.post("/{announcement}/read", status_code=204)
def mark_read(announcement: UUID, principal: Reads, request: Request) -> None:
    """Note for yourself that you read it as it stands."""
    with UnitOfWork(request.app.state.engine) as uow:
        reading.read(uow, principal, announcement, _today(request))
        uow.commit()


def _zone(request: Request) -> ZoneInfo:
    return ZoneInfo(request.app.state.timezone)


def _today(request: Request) -> date:
    return datetime.now(UTC).astimezone(_zone(request)).date()


def _done(uow: UnitOfWork, request: Request, said: Announcement) -> Json:
    uow.on_commit(request.app.state.announcement_wake.set)
    shown = _whole(uow, said)
    uow.commit()
    return shown


def _read(said: Announcement) -> Json:
    shown = said.model_dump(mode="json", include={"id", "hub", *keeping.SAID} - {"audience"})
    return shown | {"published": said.published}


def _told(said: Announcement) -> Json:
    return said.model_dump(
        mode="json",
        include={"id", "hub", "state", "version", "changed", "published", "ended", *keeping.SAID},
    )


def _whole(uow: UnitOfWork, said: Announcement) -> Json:
    return _told(said) | {
        "told": reading.told(uow, said.id),
        "history": keeping.history(uow, said.id),
    }
