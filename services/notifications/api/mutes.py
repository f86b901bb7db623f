"""What stands behind 'no more messages of this kind': the kinds of one message, for its contact."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, StringConstraints

from services.notifications.wishes.muting import Mutable, Mutes
from services.notifications.words import WORDS

router = APIRouter(prefix="/notifications/mute-links", tags=["contacts"])

Json = dict[str, Any]


class Link(BaseModel):
    """A link's token, which is the key to this one thing."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    token: Annotated[str, StringConstraints(max_length=200)]


async def _mutes(request: Request) -> Mutes:
    mutes: Mutes = request.app.state.mutes
    return mutes


Found = Annotated[Mutes, Depends(_mutes)]


@router.post("/look")
def look(body: Link, mutes: Found) -> Json:
    """Which kinds a link ends, and whether they are ended. Looking changes nothing."""
    return _shown(mutes.look(body.token))


@router.post("/mute")
def mute(body: Link, mutes: Found) -> Json:
    """End them for the contact to whom the message went."""
    return _shown(mutes.mute(body.token))


def _shown(found: Mutable) -> Json:
    kinds = [{"kind": each.value, "about": WORDS[each].subject} for each in found.kinds]
    return {"kinds": kinds, "muted": found.muted}
