"""The figures over HTTP, for commissioners and researchers: counts, and nobody's case."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query

from services.referrals.desk import Desk
from services.referrals.figures import figures
from services.referrals.scopes import FIGURES
from services.referrals.views import View
from shared.auth import requires
from shared.quarters import PATTERN, quarter_named, quarter_of


def figure_routes(desk: Desk) -> APIRouter:
    """What came in one quarter, and what became of it."""
    router = APIRouter(
        prefix="/referrals/figures", tags=["figures"], dependencies=[Depends(requires(FIGURES))]
    )

    @router.get("")
    def read(quarter: Annotated[str | None, Query(pattern=PATTERN)] = None) -> View:
        """The referrals of a quarter, of the present one by default; small numbers are null."""
        zone = ZoneInfo(desk.settings.timezone)
        named = quarter_named(quarter) if quarter else None
        wanted = named or quarter_of(desk.clock().astimezone(zone).date())
        with desk.look() as uow:
            return figures(uow.session, wanted, zone)

    return router
