"""The start page: what runs where, and how to try it."""

from dataclasses import dataclass

import pyotp
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from services.portal.front_door.door import NotNow, NotTaken, NotThere
from services.portal.front_door.routes import FrontDoor
from shared.languages import _

USUAL = "http://127.0.0.1:8000"
"""Where the commands look for Kersey when nothing tells them otherwise."""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Part:
    """A part of Kersey and where it answers."""

    path: str
    about: str
    look: str


PARTS = (
    Part("/fhir", _("FHIR R4: referrals in, answers out"), "/fhir/metadata"),
    Part("/referrals", _("Cases: triage, requests to providers, outcomes"), ""),
    Part("/directory", _("Services and groups, as Open Referral UK data"), "/directory/services"),
    Part("/notifications", _("Messages: who was told, and answer links"), ""),
    Part("/identity", _("Sign-in: OAuth 2 tokens and keys"), "/identity/jwks.json"),
    Part("/health/ready", _("Whether everything works"), "/health/ready"),
    Part("/metrics", _("Numbers for the operator"), "/metrics"),
)


@router.get("/")
def start(request: Request) -> HTMLResponse:
    """What runs where; the demo's sign-ins, except in production."""
    settings = request.app.state.settings
    trial = settings.environment != "production"
    page: HTMLResponse = request.app.state.pages.page(
        "start",
        parts=PARTS,
        trial=trial,
        url=settings.public_url,
        option="" if settings.public_url == USUAL else f" --url {settings.public_url}",
        sign_ins=settings.demo_sign_ins if trial else {},
        hubs=_hubs(request),
        people=[each | {"code": pyotp.TOTP(each["secret"]).now()} for each in settings.demo_people]
        if trial
        else [],
    )
    return page


def _hubs(request: Request) -> list[dict[str, str]] | None:
    """The hubs that have a front door; None where they cannot be had at this moment."""
    front: FrontDoor | None = request.app.state.front_door
    try:
        return front.door.hubs() if front else []
    except (NotNow, NotThere, NotTaken):
        return None
