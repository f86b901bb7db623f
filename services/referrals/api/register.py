"""A provider's registers: who is expected at a meeting, who came, and who came by themselves."""

from datetime import date as Date  # noqa: N812 - as in the bodies
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Response

from services.referrals.api.bodies import AnsweredBy, Body, Slug
from services.referrals.api.front_door import other_content
from services.referrals.api.front_door_bodies import HearBody, WalkInBody
from services.referrals.api.requests import speaking_for
from services.referrals.counting import counts
from services.referrals.desk import Desk
from services.referrals.domain import Refused
from services.referrals.handlers import attending, walk_ins
from services.referrals.handlers.answers import EARLIEST
from services.referrals.register import View, services_with_people
from services.referrals.scopes import ANSWERS, CASES
from shared.auth import Principal, requires

LONGEST = timedelta(days=366)
"""Of a while that is counted."""


class MarkBody(Body):
    """One mark."""

    mark: Slug
    key: UUID
    noted_by: AnsweredBy | None = None


def register_routes(desk: Desk) -> APIRouter:
    """What a provider does with the registers of its own services."""
    router = APIRouter(prefix="/referrals", tags=["registers"])
    provides = Depends(requires(CASES, role="provider"))
    marks = Depends(requires(CASES, ANSWERS))

    @router.get("/registers")
    def registers(principal: Principal = provides) -> list[View]:
        """The caller's services that have somebody on their register."""
        with desk.look() as uow:
            return services_with_people(uow.session, UUID(principal.organisation))

    @router.get("/registers/{service}/{day}")
    def register(service: UUID, day: Date, principal: Principal = provides) -> View:
        """The register of one meeting. Whoever sees a name is recorded."""
        return attending.open_register(desk, principal, service, day)

    @router.get("/requests/{task}/attendance")
    def attendance(task: UUID, principal: Principal = marks) -> View:
        """How somebody attended by one request, `days` from the earliest; nobody's name."""
        return {"days": attending.attendance(desk, principal, str(task))}

    @router.put("/requests/{task}/attendance/{day}")
    def mark(task: UUID, day: Date, body: MarkBody, principal: Principal = marks) -> View:
        """Mark whether somebody came; the same key again changes nothing.

        `before` is the mark of that day in whose place it came; null where there was none.
        """
        who = speaking_for(principal, body.noted_by, "noted_by")
        before = attending.mark(desk, who, str(task), day, body.mark, body.key)
        return {"day": day.isoformat(), "mark": body.mark, "before": before}

    @router.get("/walk-ins")
    def walk_ins_for(principal: Principal = provides) -> View:
        """What a walk-in is recorded for: the caller's services, and the hubs where people live."""
        return walk_ins.choices(desk, principal)

    @router.post("/walk-ins", status_code=201)
    def walk_in(body: WalkInBody, response: Response, principal: Principal = provides) -> View:
        """Record somebody who came by themselves, as they agreed; 200 where it is there already."""
        with other_content():
            recorded = walk_ins.record(
                desk, principal, body.service, body.handed(), tell_team=body.tell_team
            )
        if recorded.repeated:
            response.status_code = 200
        return {"task": recorded.task}

    @router.post("/requests/{task}/tell-team", status_code=204)
    def tell_team(task: UUID, _: HearBody, principal: Principal = provides) -> None:
        """Whoever came by themselves agrees now that a link worker hears of it."""
        walk_ins.tell_team(desk, principal, str(task))

    @router.get("/counts")
    def counted(since: Date, until: Date, principal: Principal = provides) -> View:
        """What came to the caller's provider in a while; small numbers are left out."""
        if not EARLIEST <= since <= desk.clock().date() + LONGEST:
            raise Refused("business-rule", "Nothing is counted of that time.", "since")
        if not timedelta() <= until - since <= LONGEST:
            words = "`until` is a day from `since` on, at most a year later."
            raise Refused("business-rule", words, "until")
        zone = ZoneInfo(desk.settings.timezone)
        with desk.look() as uow:
            return counts(uow.session, UUID(principal.organisation), since, until, zone)

    return router
