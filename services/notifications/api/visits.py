"""What stands behind the link in a message to a person: one place that was agreed, no name."""

from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Request
from pydantic import BaseModel, ConfigDict, Field

from services.notifications.api.answers import Exchange, Session
from services.notifications.person.visiting import Visits

router = APIRouter(prefix="/notifications", tags=["visits"])


class Said(BaseModel):
    """What the person says."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    said: Literal["cancel", "not-this-time", "call-me", "stop-sharing", "change-sharing"]
    day: date | None = Field(default=None, description="On which they do not come this time.")


class Shown(BaseModel):
    """What was agreed, as far as the link shows it.

    `may` lists what can be said beside `call-me` and `change-sharing`; `language` (BCP 47) and
    `easy_read` are how the person reads. `company` is who goes along to the first visit, as a code,
    and `meet` when and where they meet; both may be empty.
    """

    service: str
    places: list[str]
    starts: datetime | None
    company: str
    meet: str
    team: str
    phone: str
    sharing: list[str]
    may: list[str]
    language: str
    easy_read: bool


Secret = Annotated[str, Header(alias="Kersey-Visit-Session", max_length=200)]


async def _visits(request: Request) -> Visits:
    visits: Visits = request.app.state.visits
    return visits


TheVisits = Annotated[Visits, Depends(_visits)]


@router.post("/visit-links/exchange")
def exchange(body: Exchange, visits: TheVisits) -> Session:
    """Open a link: its token is exchanged for a session of some hours."""
    opened = visits.exchange(body.token)
    return Session(session=opened.secret, expires=opened.expires)


@router.get("/visit")
def view(visits: TheVisits, secret: Secret = "") -> Shown:
    """What was agreed. Looking changes nothing."""
    visit = visits.see(secret)
    told = visit.told
    return Shown(
        service=told.service.name,
        places=list(told.places),
        starts=visit.starts,
        company=told.company,
        meet=told.meet,
        team=told.link_worker.name if told.link_worker else "",
        phone=told.link_worker.phone if told.link_worker else "",
        sharing=list(told.sharing),
        may=list(told.may),
        language=told.language,
        easy_read=told.easy_read,
    )


@router.post("/visit", status_code=204)
def say(body: Said, visits: TheVisits, secret: Secret = "") -> None:
    """Say that they cannot come, or not on one day; would like a call; want less shared."""
    visits.say(secret, body.said, body.day)
