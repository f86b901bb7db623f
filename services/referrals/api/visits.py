"""When a person is expected: a first visit is said, and one they cannot come to called off."""

from datetime import UTC
from uuid import UUID

from fastapi import APIRouter, Depends

from services.referrals.api.bodies import CalledOffBody, FirstVisitBody
from services.referrals.api.requests import one_request, speaking_for
from services.referrals.desk import Desk
from services.referrals.handlers import calling_off, visiting
from services.referrals.scopes import ANSWERS, CASES
from services.referrals.views import View
from shared.auth import Principal, requires


def visit_routes(desk: Desk) -> APIRouter:
    """What is said of one provider's visits."""
    router = APIRouter(prefix="/referrals", tags=["requests"])
    works = Depends(requires(CASES))
    reads = Depends(requires(CASES, ANSWERS))

    @router.put("/requests/{task}/first-visit")
    def first_visit(task: UUID, body: FirstVisitBody, principal: Principal = reads) -> View:
        """Say when the first visit is; the person is told, and the sender reads an Appointment."""
        who = speaking_for(principal, body.said_by, "said_by")
        starts = body.starts.astimezone(UTC)
        company = (body.company.who or "", body.company.meet) if body.company else None
        visiting.set_first_visit(desk, who, str(task), starts, body.minutes, company)
        return one_request(desk, str(task))

    @router.post("/requests/{task}/called-off")
    def called_off(task: UUID, body: CalledOffBody, principal: Principal = works) -> View:
        """Say for the person that they do not come on one day; their place stays."""
        calling_off.call_off(desk, principal, str(task), body.day)
        return one_request(desk, str(task))

    return router
