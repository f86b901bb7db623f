"""What a provider and a link worker write to each other about one request."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field, StringConstraints

from services.referrals.api.bodies import PLAIN, AnsweredBy, Body, MayStay, Slug
from services.referrals.api.requests import speaking_for
from services.referrals.desk import Desk
from services.referrals.handlers import talking
from services.referrals.scopes import ANSWERS, CASES
from services.referrals.talk import View
from shared.auth import Principal, requires

Short = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=PLAIN),
]


class MessageBody(Body):
    """A few words, and no clinical detail: they are for whoever answers the provider's door."""

    text: Short
    key: UUID
    may_stay: MayStay
    written_by: AnsweredBy | None = None


class FeedbackBody(Body):
    """What one thinks of the other side's part, by codes."""

    good: Slug
    points: list[Slug] = Field(default_factory=list, max_length=10)


def talk_routes(desk: Desk) -> APIRouter:
    """Messages and feedback on a request, for its provider and the team that holds the case."""
    router = APIRouter(prefix="/referrals/requests/{task}", tags=["requests"])
    works = Depends(requires(CASES))
    reads = Depends(requires(CASES, ANSWERS))

    @router.get("/messages")
    def messages(task: UUID, principal: Principal = reads) -> View:
        """All that was written, and what each side thinks."""
        return talking.read(desk, principal, str(task))

    @router.post("/messages", status_code=201)
    def write(task: UUID, body: MessageBody, principal: Principal = reads) -> View:
        """Write to the other side; the same key again changes nothing."""
        who = speaking_for(principal, body.written_by, "written_by")
        talking.write(desk, who, str(task), body.text, body.key, body.may_stay)
        return talking.read(desk, principal, str(task))

    @router.put("/feedback")
    def think(task: UUID, body: FeedbackBody, principal: Principal = works) -> View:
        """Say what you think of the other side's part; it replaces what you said before."""
        talking.think(desk, principal, str(task), body.good, body.points)
        return talking.read(desk, principal, str(task))

    return router
