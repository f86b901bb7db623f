"""The front door: what a hub's page says, and a referral handed in. No case is read here."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from services.referrals.api.front_door_bodies import HandedBody
from services.referrals.desk import Desk
from services.referrals.handlers import front_door
from services.referrals.scopes import FRONT_DOOR
from services.referrals.views import View
from shared.auth import Principal, requires
from shared.problems import Problem

Code = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}$")]
Ods = Annotated[str, Path(pattern=r"^[A-Z0-9]{3,12}$")]


def front_door_routes(desk: Desk) -> APIRouter:
    """For the pages without an account, and for staff who enter what came by phone or on paper."""
    router = APIRouter(prefix="/referrals/front-door", tags=["front door"])
    admitted = Depends(requires(FRONT_DOOR))

    @router.get("/hubs", dependencies=[admitted])
    def hubs() -> list[View]:
        """Each hub with what its page says."""
        return front_door.hubs(desk)

    @router.get("/hubs/{hub}", dependencies=[admitted])
    def hub(hub: Code) -> View:
        """One hub, with the practices that may be named there."""
        return _found(front_door.hub(desk, hub))

    @router.get("/practices/{practice}", dependencies=[admitted])
    def practice(practice: Ods) -> View:
        """A practice and its hub."""
        return _found(front_door.practice(desk, practice))

    @router.post("", status_code=201)
    def hand_in(body: HandedBody, response: Response, principal: Principal = admitted) -> View:
        """Hand a referral in: 201 with its reference, 200 where this very form came before."""
        try:
            receipt = front_door.hand_in(desk, principal, body.handed())
        except front_door.OtherContent as other:
            raise Problem(
                409,
                "Received before",
                "This form was received before with other content, which stands. To change what"
                " was said, ring the hub.",
                element="key",
                reference=other.reference,
            ) from other
        if receipt.repeated:
            response.status_code = 200
        return {"reference": receipt.reference}

    return router


def _found(shown: View | None) -> View:
    if shown is None:
        raise Problem(404, "Not found", "There is nothing like that here.")
    return shown
