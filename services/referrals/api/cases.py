"""The case: its list, its triage, asking a provider, closing."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

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
from services.referrals.desk import Desk
from services.referrals.domain import Actor
from services.referrals.handlers import onward, telling_sender, triage
from services.referrals.scopes import CASES
from services.referrals.silence import count_silent
from services.referrals.views import (
    View,
    cares,
    case_for,
    case_view,
    caseload,
    possible_steps,
    request_view,
    worklist,
)
from shared.auth import Principal, requires


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
        with desk.work() as uow:
            return request_view(uow.session, task.id, desk.clock())

    @router.post("/cases/{case}/close")
    def close(case: UUID, body: CloseBody, principal: Principal = works) -> View:
        """Close the case with an outcome."""
        told = body.for_practice.model_dump(exclude_none=True) if body.for_practice else {}
        triage.close(desk, principal, case, body.outcome, for_practice=told)
        return _case(desk, principal, case)

    _lists(router, desk)
    _sender(router, desk)
    return router


def _lists(router: APIRouter, desk: Desk) -> None:
    """The list of a team or hub, and how much is on it."""
    works = Depends(requires(CASES))

    @router.get("/cases")
    def cases(
        state: Slug | None = None,
        unrouted: bool | None = None,
        gp_to_do: bool | None = None,
        opened: bool | None = None,
        due: bool | None = None,
        allocated_to: Slug | None = None,
        open_only: Annotated[bool, Query(alias="open")] = True,
        ended: bool = False,
        service_request: Annotated[list[Slug] | None, Query(max_length=100)] = None,
        after: UUID | None = None,
        count: Annotated[int, Query(ge=1, le=200)] = 50,
        principal: Principal = works,
    ) -> list[View]:
        """The worklist: urgent first, then longest waiting; `after` is the last row's case.

        Open cases, with `open=false` ended ones too, with `ended=true` these alone.
        `service_request`, once for each, leaves only the cases of these referrals. `allocated_to`
        is the account of a colleague, `me` or `nobody`; `due` is whether the day of the next step
        has come.
        """
        with desk.work() as uow:
            return worklist(
                uow.session,
                principal,
                state=state,
                unrouted=unrouted,
                gp_to_do=gp_to_do,
                opened=opened,
                due=due,
                allocated_to=allocated_to,
                now=desk.clock(),
                open_only=open_only,
                ended=ended,
                service_requests=service_request,
                after=after,
                count=count,
            )

    @router.get("/caseload")
    def load(principal: Principal = works) -> View:
        """How many open cases there are, by state and by what waits for somebody.

        `silent` counts requests that nobody has answered for days.
        """
        with desk.work() as uow:
            silent = count_silent(uow.session, principal, desk.clock())
            return caseload(uow.session, principal, desk.clock()) | {"silent": silent}


def _sender(router: APIRouter, desk: Desk) -> None:
    """What is done about the sender of a case that came by message."""

    @router.post("/cases/{case}/sender-not-told/again")
    def again(case: UUID, principal: Annotated[Principal, Depends(requires(CASES))]) -> View:
        """Try once more to tell the sender of a message what came of it."""
        telling_sender.again(desk, principal, case)
        return _case(desk, principal, case)


def _case(desk: Desk, principal: Principal, case: UUID) -> View:
    with seeing(desk.accesses, principal, case), desk.work() as uow:
        found = case_for(uow.session, principal, case)
        actor = Actor.LINK_WORKER if cares(principal, found) else Actor.COORDINATOR
        possible = possible_steps(uow.session, found, actor)
        return case_view(uow.session, found, principal) | {"possible": possible}
