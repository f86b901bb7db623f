"""The link-worker services of the consortium: to whom a case can be routed or handed over."""

from typing import Any

from fastapi import APIRouter, Depends

from services.referrals.desk import Desk
from services.referrals.scopes import CASES
from services.referrals.teamwork import teams_but
from shared.auth import Principal, requires


def team_routes(desk: Desk) -> APIRouter:
    """What whoever routes or hands over chooses from."""
    router = APIRouter(prefix="/referrals", tags=["cases"])
    works = Depends(requires(CASES))

    @router.get("/teams")
    def teams(_: Principal = works) -> list[dict[str, Any]]:
        """Every link-worker service, by hub and name."""
        with desk.look() as uow:
            return teams_but(uow.session, None)

    return router
