"""What a GP practice sends without its record system, and how what it sent stands."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from services.referrals.accesses import CASE_READ, Look
from services.referrals.api.front_door import REPEATED, other_content, receipt_of
from services.referrals.api.front_door_bodies import PracticeBody
from services.referrals.desk import Desk
from services.referrals.handlers import practice_sends
from services.referrals.practice_views import Show, practices_of, sent_by
from services.referrals.scopes import PRACTICE
from services.referrals.views import View
from shared.auth import Principal, requires
from shared.openapi import also


class Sent(BaseModel):
    """Which of them, as the address says it."""

    show: Show = "open"
    practice: Annotated[str, Field(pattern=r"^[A-Z0-9]{3,12}$")] | None = None
    after: UUID | None = None
    count: Annotated[int, Field(ge=1, le=100)] = 50


def practice_routes(desk: Desk) -> APIRouter:
    """For whoever works at a practice."""
    router = APIRouter(prefix="/referrals/practice", tags=["practices"])
    works = Depends(requires(PRACTICE, role="referral-sender"))

    @router.get("")
    def practices(principal: Principal = works) -> list[View]:
        """The practices for which the caller sends, each with its hub and whom to ring."""
        with desk.look() as uow:
            return practices_of(uow.session, principal)

    @router.get("/referrals")
    def sent(asked: Annotated[Sent, Query()], principal: Principal = works) -> list[View]:
        """What they sent and how each stands, the newest first; `after` is the last row's case.

        Each row that names somebody is noted as a look at their case.
        """
        with desk.look() as uow:
            rows = sent_by(uow.session, desk.store(uow), principal, **dict(asked))
        now = datetime.now(UTC)
        desk.accesses.note(
            Look(now, principal, CASE_READ, f"case/{row['case']}") for row in rows if row["person"]
        )
        return rows

    @router.post("/referrals", status_code=201, responses=also(REPEATED))
    def send(body: PracticeBody, response: Response, principal: Principal = works) -> View:
        """Refer a patient: 201 with its reference, 200 where this very form came before."""
        with other_content():
            receipt = practice_sends.send(desk, principal, body.handed())
        return receipt_of(receipt, response)

    return router
