"""What a case waits for, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field, StringConstraints

from services.referrals.api.bodies import Body, Slug
from services.referrals.desk import Desk
from services.referrals.handlers.waiting import wait_for
from services.referrals.scopes import CASES
from shared.auth import Principal, requires

District = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,2}[0-9][0-9A-Z]?$")]


class WaitingBody(Body):
    """The needs that nothing meets yet, and the postcode districts where somebody would go."""

    needs: list[Slug] = Field(max_length=40)
    areas: list[District] = Field(default=[], max_length=50)


def waiting_routes(desk: Desk) -> APIRouter:
    """A link worker says what a case waits for."""
    router = APIRouter(prefix="/referrals", tags=["cases"])
    works = Depends(requires(CASES))

    @router.put("/cases/{case}/waiting", status_code=204)
    def wait(case: UUID, body: WaitingBody, principal: Principal = works) -> None:
        """What the case waits for, from now on; no needs end the waiting."""
        wait_for(desk, principal, case, body.needs, body.areas)

    return router
