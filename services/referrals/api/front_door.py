"""The front door: what a hub's page says, and a referral handed in. No case is read here."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from services.referrals.api.front_door_bodies import EntryBody, HandedBody
from services.referrals.desk import Desk
from services.referrals.handlers import front_door
from services.referrals.scopes import CASES, FRONT_DOOR
from services.referrals.views import View
from shared.auth import Principal, requires
from shared.openapi import also
from shared.problems import Problem

Code = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,40}$")]
Ods = Annotated[str, Path(pattern=r"^[A-Z0-9]{3,12}$")]

REPEATED = {200: "It was handed in before; its receipt."}


def front_door_routes(desk: Desk) -> APIRouter:
    """For the pages without an account, and for staff who enter what came by phone or on paper."""
    router = APIRouter(prefix="/referrals/front-door", tags=["front door"])
    admitted = Depends(requires(FRONT_DOOR))
    looks = Depends(requires(FRONT_DOOR, CASES))
    works = Depends(requires(CASES))

    @router.get("/hubs", dependencies=[looks])
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

    @router.get("/mine")
    def mine(principal: Principal = works) -> list[View]:
        """The hubs at whose door the caller takes down what comes by phone or on paper."""
        return front_door.doors(desk, _staff(principal))

    @router.post("", status_code=201, responses=also(REPEATED))
    def hand_in(body: HandedBody, response: Response, principal: Principal = admitted) -> View:
        """Hand a referral in: 201 with its reference, 200 where this very form came before."""
        with other_content():
            receipt = front_door.hand_in(desk, principal, body.handed())
        return receipt_of(receipt, response)

    @router.post("/entries", status_code=201, responses=also(REPEATED))
    def enter(body: EntryBody, response: Response, principal: Principal = works) -> View:
        """Take down what came by phone or on paper: marked with who typed it, and answered as
        `hand_in` is."""
        with other_content():
            receipt = front_door.enter(desk, _staff(principal), body.handed())
        return receipt_of(receipt, response)

    return router


@contextmanager
def other_content() -> Iterator[None]:
    """Say in words that a key came before with other content.

    Raises:
        Problem: 409, with the reference of what came first.
    """
    try:
        yield
    except front_door.OtherContent as other:
        raise Problem(
            409,
            "Received before",
            "This form was received before with other content, which stands. To change what"
            " was said, ring the hub.",
            element="key",
            reference=other.reference,
        ) from other


def receipt_of(receipt: front_door.Receipt, response: Response) -> View:
    """What whoever handed it in is told: 201 for what is new, 200 for what was here already."""
    if receipt.repeated:
        response.status_code = 200
    return {"reference": receipt.reference}


def _staff(principal: Principal) -> Principal:
    """Whoever takes down for others: a link worker or a hub's coordinator.

    Raises:
        Problem: 403, it is neither.
    """
    if not principal.roles & {"link-worker", "coordinator"}:
        raise Problem(403, "Not allowed", "This is for link workers and hubs.", element="roles")
    return principal


def _found(shown: View | None) -> View:
    if shown is None:
        raise Problem(404, "Not found", "There is nothing like that here.")
    return shown
