"""How long things may wait in a hub's place, over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.referrals.desk import Desk
from services.referrals.handlers.limiting import limits_view, set_limits
from services.referrals.scopes import CASES
from shared.auth import Principal, requires
from shared.limits import Limits


class LimitsBody(BaseModel):
    """What a coordinator says."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    limits: Limits | None = Field(description="From now on; null for what Kersey comes with.")
    why: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)] = (
        Field(pattern=r"^[^\x00]+$", description="For the history.")
    )
    after: int = Field(ge=0, description="Number of the last change that you saw; 0 for none.")


def limit_routes(desk: Desk) -> APIRouter:
    """What a hub's coordinators see and say of their place's limits."""
    router = APIRouter(prefix="/referrals/limits", tags=["limits"])
    coordinates = Depends(requires(CASES, role="coordinator"))

    @router.get("")
    def read(principal: Principal = coordinates) -> dict[str, Any]:
        """The limits in force in working days, the defaults, and the history."""
        with desk.look() as uow:
            return limits_view(uow.session, principal)

    @router.put("")
    def put(body: LimitsBody, principal: Principal = coordinates) -> dict[str, Any]:
        """Say other limits; open requests are planned anew, and none ends within a working day."""
        set_limits(desk, principal, body.limits, body.why, after=body.after)
        with desk.look() as uow:
            return limits_view(uow.session, principal)

    return router
