"""Records that may be one person: decided by humans, and decided again where that was wrong."""

from itertools import islice
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.referrals.desk import Desk
from services.referrals.handlers import merging
from services.referrals.handlers.proposing import proposal_for, proposals
from services.referrals.record_views import proposal_view
from services.referrals.scopes import CASES
from services.referrals.views import View
from shared.auth import Principal, requires


def merging_routes(desk: Desk) -> APIRouter:
    """What link workers and coordinators do with proposals that concern their own cases."""
    router = APIRouter(prefix="/referrals", tags=["one person"])
    works = Depends(requires(CASES))

    @router.get("/proposals")
    def open_proposals(
        after: UUID | None = None,
        count: Annotated[int, Query(ge=1, le=200)] = 50,
        principal: Principal = works,
    ) -> list[View]:
        """Open proposals, oldest first; `after` is the last row's id."""
        with desk.look() as uow:
            found = islice(proposals(uow.session, principal, after), count)
            return [proposal_view(each) for each in found]

    @router.post("/proposals/{proposal}/accept")
    def accept(proposal: UUID, principal: Principal = works) -> View:
        """They are one person; merged once everybody who must agree did."""
        merging.accept(desk, principal, proposal)
        with desk.look() as uow:
            return proposal_view(proposal_for(uow.session, principal, proposal))

    @router.post("/proposals/{proposal}/reject", status_code=204)
    def reject(proposal: UUID, principal: Principal = works) -> Response:
        """They are two persons."""
        merging.reject(desk, principal, proposal)
        return Response(status_code=204)

    @router.post("/merges/{merge}/undo", status_code=204)
    def undo(merge: UUID, principal: Principal = works) -> Response:
        """They were two persons after all."""
        merging.undo(desk, principal, merge)
        return Response(status_code=204)

    return router
