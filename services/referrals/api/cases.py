"""The case: its list, its triage, asking a provider, closing."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from sqlmodel import Session

from services.referrals.accesses import seeing
from services.referrals.api.bodies import (
    AskBody,
    CloseBody,
    ContactBody,
    HandOverBody,
    ReasonBody,
    RouteBody,
    Slug,
)
from services.referrals.case_views import case_for, case_of
from services.referrals.desk import Desk
from services.referrals.foretold_view import foretold_view
from services.referrals.handlers import foretelling, onward, telling_sender, triage
from services.referrals.request_views import request_view
from services.referrals.scopes import CASES
from services.referrals.silence import count_silent
from services.referrals.teamwork import teams_but
from services.referrals.views import View, caseload, worklist
from shared.auth import Principal, requires


class Listed(BaseModel):
    """Which cases a worklist shows, as its address says it."""

    state: Slug | None = None
    unrouted: bool | None = None
    gp_to_do: bool | None = None
    opened: bool | None = None
    due: bool | None = None
    overdue: bool | None = None
    worried: bool | None = None
    urgent: bool | None = None
    agreement_ending: bool | None = None
    contact_due: bool | None = None
    not_agreed: bool | None = None
    allocated_to: Slug | None = None
    complexity: Slug | None = None
    open: bool = True
    ended: bool = False
    service_request: Annotated[list[Slug] | None, Field(max_length=100)] = None
    after: UUID | None = None
    count: Annotated[int, Field(ge=1, le=200)] = 50

    def how(self) -> dict[str, Any]:
        """The same as arguments of `worklist`."""
        renamed = {"open": "open_only", "service_request": "service_requests"}
        return {renamed.get(name, name): value for name, value in self}


def case_routes(desk: Desk) -> APIRouter:
    """What a link worker or coordinator does with a case."""
    router = APIRouter(prefix="/referrals", tags=["cases"])
    works = Depends(requires(CASES))

    @router.get("/cases/{case}")
    def case(case: UUID, principal: Principal = works) -> View:
        """One case with its Tasks, tries, codes and who saw the person's identity."""
        return _case(desk, principal, case)

    @router.post("/cases/{case}/route")
    def route(case: UUID, body: RouteBody, principal: Principal = works) -> View:
        """Give an unrouted referral to a link-worker service."""
        triage.route(desk, principal, case, body.team)
        return _case(desk, principal, case)

    @router.get("/cases/{case}/takers")
    def takers(case: UUID, principal: Principal = works) -> list[View]:
        """The link-worker services that can take the case over: all but the one that has it."""
        with desk.look() as uow:
            found = case_for(uow.session, principal, case)
            return teams_but(uow.session, found.team)

    @router.post("/cases/{case}/hand-over", status_code=204)
    def hand_over(case: UUID, body: HandOverBody, principal: Principal = works) -> None:
        """Give it to another link-worker service; who gave it may not see it any more."""
        triage.hand_over(desk, principal, case, body.team, body.reason)

    @router.post("/cases/{case}/accept")
    def accept(case: UUID, principal: Principal = works) -> View:
        """Take the referral on."""
        triage.do(desk, principal, case, "accept")
        return _case(desk, principal, case)

    @router.post("/cases/{case}/return")
    def send_back(case: UUID, body: ReasonBody, principal: Principal = works) -> View:
        """Return it to its sender, with a reason."""
        triage.do(desk, principal, case, "return", body.reason)
        return _case(desk, principal, case)

    @router.post("/cases/{case}/contacts", status_code=201)
    def contact(case: UUID, body: ContactBody, principal: Principal = works) -> View:
        """Record a contact with the person, or the try, and what comes next."""
        triage.record_contact(desk, principal, case, **body.model_dump())
        return _case(desk, principal, case)

    @router.post("/cases/{case}/person-accepts")
    def person_accepts(case: UUID, principal: Principal = works) -> View:
        """The person says yes to social prescribing."""
        triage.do(desk, principal, case, "person-accepts")
        return _case(desk, principal, case)

    @router.post("/cases/{case}/hold")
    def hold(case: UUID, principal: Principal = works) -> View:
        """Nothing fits yet; keep the person on the list."""
        triage.do(desk, principal, case, "hold")
        return _case(desk, principal, case)

    @router.post("/cases/{case}/requests", status_code=201)
    def ask(case: UUID, body: AskBody, principal: Principal = works) -> View:
        """Ask a provider for a place."""
        needs = [need.model_dump(exclude_none=True) for need in body.needs]
        wanted = onward.Ask(**body.model_dump(exclude={"needs"}), needs=needs)
        task = onward.ask(desk, principal, case, wanted)
        with desk.look() as uow:
            return request_view(uow.session, task.id, desk.clock())

    _closing(router, desk)
    _lists(router, desk)
    _sender(router, desk)
    return router


def _closing(router: APIRouter, desk: Desk) -> None:
    """Closing a case, and what it would do."""
    works = Depends(requires(CASES))

    @router.post("/cases/{case}/close/preview")
    def foretell(case: UUID, body: CloseBody, principal: Principal = works) -> View:
        """What closing it so would do and tell; nothing is changed."""
        with seeing(desk.accesses, principal, case):
            found = foretelling.foretell(
                desk, principal, case, body.outcome, for_practice=body.told()
            )
            with desk.look() as uow:
                return foretold_view(uow.session, found)

    @router.post("/cases/{case}/close")
    def close(case: UUID, body: CloseBody, principal: Principal = works) -> View:
        """Close the case with an outcome."""
        triage.close(desk, principal, case, body.outcome, for_practice=body.told())
        return _case(desk, principal, case)


def _lists(router: APIRouter, desk: Desk) -> None:
    """The list of a team or hub, and how much is on it."""
    works = Depends(requires(CASES))

    def listed(session: Session, principal: Principal, asked: Listed, now: datetime) -> list[View]:
        return worklist(session, principal, now=now, working=desk.working_days, **asked.how())

    @router.get("/cases")
    def cases(asked: Annotated[Listed, Query()], principal: Principal = works) -> list[View]:
        """The worklist: urgent first, then longest waiting; `after` is the last row's case.

        Open cases, with `open=false` ended ones too, with `ended=true` these alone.
        `service_request`, once for each, leaves only the cases of these referrals. `allocated_to`
        is the account of a colleague, `me` or `nobody`; `complexity` one of its levels; `due` is
        whether the day of the next step has come, `overdue` whether it is over, a provider is
        silent, or the team left the case lying; `agreement_ending` whether an agreement ends within
        two weeks by which nothing was shared yet; `worried` whether a worry is open, which the
        team alone is told.
        """
        with desk.look() as uow:
            return listed(uow.session, principal, asked, desk.clock())

    @router.get("/worklist")
    def page(asked: Annotated[Listed, Query()], principal: Principal = works) -> View:
        """What a page of the worklist shows: its `cases` as `/cases` has them, and the `load`.

        One answer, because who works on cases looks at it all day. `load` is that of `/caseload`
        without `silent`, which a page of its own counts.
        """
        with desk.look() as uow:
            now = desk.clock()
            found = listed(uow.session, principal, asked, now)
            return {"cases": found, "load": caseload(uow.session, principal, now)}

    @router.get("/caseload")
    def load(principal: Principal = works) -> View:
        """How many open cases there are, by state and by what waits for somebody.

        `silent` counts requests that nobody has answered for days, `emergencies` the times that a
        case was opened in an emergency and no team lead has looked at it.
        """
        with desk.look() as uow:
            now = desk.clock()
            silent = count_silent(uow.session, principal, now)
            return caseload(uow.session, principal, now) | {"silent": silent}


def _sender(router: APIRouter, desk: Desk) -> None:
    """What is done about the sender of a case that came by message."""

    @router.post("/cases/{case}/sender-not-told/again")
    def again(case: UUID, principal: Annotated[Principal, Depends(requires(CASES))]) -> View:
        """Try once more to tell the sender of a message what came of it."""
        telling_sender.again(desk, principal, case)
        return _case(desk, principal, case)


def _case(desk: Desk, principal: Principal, case: UUID) -> View:
    with seeing(desk.accesses, principal, case), desk.look() as uow:
        return case_of(uow.session, principal, case, desk.clock())
