"""The plan of a case over HTTP: how the person is, what they want, what is next; and who has it."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.referrals.accesses import seeing
from services.referrals.api.plan_bodies import (
    ActionBody,
    AllocateBody,
    CaseloadBody,
    ComplexityBody,
    GoalBody,
    ReviewBody,
    SettleBody,
    SignpostBody,
    SupervisionBody,
    TalkedBody,
    VisitingBody,
)
from services.referrals.care import caring
from services.referrals.caring_scale import LEVELS
from services.referrals.desk import Desk
from services.referrals.handlers import allocating, measuring, planning, team_care
from services.referrals.handlers.measuring import Asked
from services.referrals.handlers.planning import ToDo
from services.referrals.handlers.signposting import signpost
from services.referrals.plan.views import plan_of
from services.referrals.scopes import CASES
from services.referrals.supervision import supervision
from services.referrals.teamwork import signposted, team_load
from services.referrals.views import View
from shared.auth import Principal, requires


def plan_routes(desk: Desk) -> APIRouter:
    """What a link worker plans with a person, by way of their case."""
    router = APIRouter(prefix="/referrals/cases/{case}", tags=["the plan"])
    works = Depends(requires(CASES))

    @router.get("/plan")
    def plan(case: UUID, principal: Principal = works) -> View:
        """Measures with their bands and changes, goals, contacts, what is next."""
        with seeing(desk.accesses, principal, case), desk.look() as uow:
            return plan_of(uow.session, caring(uow.session, principal, case))

    @router.post("/reviews", status_code=201)
    def review(case: UUID, body: ReviewBody, principal: Principal = works) -> View:
        """Note how the person is; partial answers and reasons for none are answers."""
        measures = [Asked(**each.model_dump()) for each in body.measures]
        told = body.model_dump(exclude={"measures"})
        noted = measuring.note_review(
            desk, principal, case, measuring.Said(measures=measures, **told)
        )
        return {"id": str(noted)}

    @router.post("/reviews/{review}/strike", status_code=204)
    def strike(case: UUID, review: UUID, principal: Principal = works) -> None:
        """Take back a review that was noted by mistake."""
        measuring.strike_review(desk, principal, case, review)

    @router.post("/goals", status_code=201)
    def goal(case: UUID, body: GoalBody, principal: Principal = works) -> View:
        """Note what the person wants, and what is done for it."""
        actions = [ToDo(**each.model_dump()) for each in body.actions]
        noted = planning.set_goal(
            desk, principal, case, body.words, by_when=body.by_when, actions=actions
        )
        return {"id": str(noted)}

    @router.post("/goals/{goal}/actions", status_code=204)
    def action(case: UUID, goal: UUID, body: ActionBody, principal: Principal = works) -> None:
        """Note one more thing that is done for a goal."""
        planning.add_action(desk, principal, case, goal, ToDo(**body.model_dump()))

    @router.post("/goals/{goal}/settle", status_code=204)
    def settle(case: UUID, goal: UUID, body: SettleBody, principal: Principal = works) -> None:
        """Note what came of a goal."""
        planning.settle_goal(desk, principal, case, goal, state=body.state, came=body.came)

    @router.post("/actions/{action}/done", status_code=204)
    def done(case: UUID, action: UUID, principal: Principal = works) -> None:
        """Note that something was done."""
        planning.action_done(desk, principal, case, action)

    @router.post("/signposts", status_code=204)
    def tell(case: UUID, body: SignpostBody, principal: Principal = works) -> None:
        """Note that the person was told of a service and goes by themself."""
        signpost(desk, principal, case, body.service)

    @router.put("/allocation", status_code=204)
    def allocate(case: UUID, body: AllocateBody, principal: Principal = works) -> None:
        """Give the case to somebody of the team."""
        allocating.allocate(desk, principal, case, body.to)

    return router


def team_care_routes(desk: Desk) -> APIRouter:
    """How a team cares with care for itself, by way of a case."""
    router = APIRouter(prefix="/referrals/cases/{case}", tags=["the plan"])
    works = Depends(requires(CASES))

    @router.put("/complexity", status_code=204)
    def complexity(case: UUID, body: ComplexityBody, principal: Principal = works) -> None:
        """Say how much the case asks of the team, and why; what was said before stays."""
        team_care.set_complexity(desk, principal, case, body.level, body.because)

    @router.put("/visiting", status_code=204)
    def visiting(case: UUID, body: VisitingBody, principal: Principal = works) -> None:
        """Say whether the person is visited at home, and whether by one colleague alone."""
        team_care.set_visiting(desk, principal, case, **body.model_dump())

    @router.put("/supervision", status_code=204)
    def supervise(case: UUID, body: SupervisionBody, principal: Principal = works) -> None:
        """Ask to talk about the case with the team lead."""
        team_care.ask_supervision(desk, principal, case, body.because)

    @router.post("/supervision/talked", status_code=204)
    def talked(case: UUID, body: TalkedBody, principal: Principal = works) -> None:
        """A team lead notes that it was talked about, and what was agreed."""
        team_care.note_talk(desk, principal, case, body.came)

    return router


def caseload_routes(desk: Desk) -> APIRouter:
    """Who of a team has how much, and what its people were told of."""
    router = APIRouter(prefix="/referrals", tags=["cases"])
    works = Depends(requires(CASES))
    leads = Depends(requires(CASES, role=allocating.LEADS))

    @router.get("/caseload/people")
    def load(principal: Principal = works) -> list[View]:
        """How many open cases each colleague has; `account` is null for those of nobody."""
        with desk.look() as uow:
            return team_load(uow.session, principal, desk.clock())

    @router.get("/caseload/complexity")
    def levels(_: Principal = works) -> list[View]:
        """The levels that a case may have, least first."""
        return [{"level": code, "means": words} for code, words in LEVELS.items()]

    @router.get("/supervision")
    def to_talk_about(
        after: UUID | None = None,
        count: Annotated[int, Query(ge=1, le=100)] = 25,
        principal: Principal = leads,
    ) -> list[View]:
        """The cases to talk about with whoever has them, and why: for a team lead."""
        with desk.look() as uow:
            return supervision(uow.session, principal, desk.clock(), after=after, count=count)

    @router.post("/caseload/hand-over")
    def pass_on(body: CaseloadBody, principal: Principal = works) -> View:
        """Give all open cases of a colleague to another."""
        return {"cases": allocating.pass_on_all(desk, principal, body.of, body.to)}

    @router.get("/signposts")
    def told_of(
        days: Annotated[int, Query(ge=1, le=3660)] = 365, principal: Principal = works
    ) -> list[View]:
        """How often people were told of which service, of the last `days`."""
        with desk.look() as uow:
            since = desk.clock() - timedelta(days=days)
            return signposted(uow.session, principal, since)

    return router
