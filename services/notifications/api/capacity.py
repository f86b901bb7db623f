"""What stands behind a link of the weekly message: one answer about one service."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.notifications.listings.capacity_links import Asked, CapacityLinks

router = APIRouter(prefix="/notifications", tags=["capacity"])

Json = dict[str, Any]


class Link(BaseModel):
    """A link's token, which is the key to its one answer."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    token: Annotated[str, StringConstraints(max_length=200)]


async def _links(request: Request) -> CapacityLinks:
    links: CapacityLinks = request.app.state.capacity_links
    return links


Links = Annotated[CapacityLinks, Depends(_links)]


@router.post("/capacity-links/look")
def look(body: Link, links: Links) -> Json:
    """What a link would say. Looking changes nothing."""
    return _shown(links.look(body.token))


@router.post("/capacity-links/answer")
def answer(body: Link, links: Links) -> Json:
    """Say it."""
    return _shown(links.answer(body.token))


def _shown(asked: Asked) -> Json:
    return {
        "service": {"id": str(asked.service), "name": asked.name},
        "state": asked.state,
        "words": asked.words,
    }
