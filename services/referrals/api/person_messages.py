"""Messages to the person: what they need, asked just before sending, and what the person says."""

from datetime import date as Date  # noqa: N812 - as in the bodies
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from services.referrals.accesses import seeing
from services.referrals.api.bodies import Body
from services.referrals.delay_views import To
from services.referrals.desk import Desk
from services.referrals.handlers import person_says
from services.referrals.handlers.person_says import Said
from services.referrals.person_views import Hears
from services.referrals.scopes import PERSON_MESSAGES
from services.referrals.views import View
from shared.auth import Principal, requires

By = Literal["text", "email", "post"]


class SaidBody(Body):
    """What the person says."""

    said: Said
    day: Date | None = None


def person_message_routes(desk: Desk) -> APIRouter:
    """For the service that writes to people; nobody else learns how they are reached."""
    router = APIRouter(prefix="/referrals/requests/{task}/person", tags=["the person"])
    writes = Depends(requires(PERSON_MESSAGES, role="service"))

    @router.get("")
    def needed(
        task: UUID, by: Annotated[list[By] | None, Query()] = None, principal: Principal = writes
    ) -> View:
        """What a message about this place may say, and the one safe way to the person.

        `by`, once for each channel that can be used; without any, no address is told.
        """
        told = person_says.needed(desk, principal, str(task), list(by or ()))
        with seeing(desk.accesses, principal, UUID(told["case"])):
            return told

    @router.get("/hears")
    def hears(
        task: UUID, by: Annotated[list[By] | None, Query()] = None, principal: Principal = writes
    ) -> dict[str, Hears]:
        """How the person hears what is new: by a message, from the team, or from nobody yet. Not
        how they are reached, nor why; `by` as above."""
        return {"hears": person_says.hears(desk, principal, str(task), list(by or ()))}

    @router.get("/delay")
    def delay(
        task: UUID,
        to: To,
        by: Annotated[list[By] | None, Query()] = None,
        principal: Principal = writes,
    ) -> View:
        """What a message about a delay may say to whoever asked for help at the front door, and the
        way to them; `task` is the link-worker service's, `by` as above."""
        told = person_says.delay(desk, principal, str(task), to, list(by or ()))
        with seeing(desk.accesses, principal, UUID(told["case"])):
            return told

    @router.post("", status_code=204)
    def say(task: UUID, body: SaidBody, principal: Principal = writes) -> None:
        """Pass on that the person does not come, would like a call, or wants less shared.

        `day` is on which they do not come, with `not-this-time`.
        """
        person_says.say(desk, principal, str(task), body.said, body.day)

    return router
