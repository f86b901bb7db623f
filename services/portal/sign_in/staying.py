"""Staying signed in: a notice before a session ends that nobody used, and the page that keeps it;
and a notice before it ends in any case, after which only signing in again helps.

WCAG 2.2.1: who needs longer is told in time and goes on with one step. Pages have no script, so a
style sheet shows the notice when it is time; it is right at any time, and without style sheets it
stands there from the beginning. The page opens in a new tab: nothing that was typed is lost.
"""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from services.portal.settings import PortalSettings
from services.portal.sign_in.notice import NOTICE_MINUTES
from services.portal.staff.place import Here

router = APIRouter(include_in_schema=False)


@router.get("/still-here")
async def still_here(here: Here) -> Response:
    """That somebody is there: asking for the page is what keeps them signed in."""
    return here.page("sign_in/still_here", minutes=_settings(here.request).session_idle_minutes)


@router.get("/still-here.css")
def when_to_tell(request: Request) -> Response:
    """After how long the notice is shown."""
    seconds = seconds_until_notice(_settings(request).session_idle_minutes)
    return Response(
        f".kersey-ends {{ animation-delay: {seconds}s; }}\n",
        media_type="text/css",
        headers={"cache-control": "public, max-age=3600"},
    )


@router.get("/sign-in-ends.css")
def when_to_tell_of_the_end(after: Annotated[int, Query(ge=0, le=86400)] = 0) -> Response:
    """After how many seconds it is shown that the sign-in ends in any case."""
    return Response(
        f".kersey-ends--last {{ animation-delay: {after}s; }}\n",
        media_type="text/css",
        headers={"cache-control": "public, max-age=3600"},
    )


def seconds_until_notice(idle_minutes: int) -> int:
    """Seconds on one page after which the notice is shown."""
    return max(idle_minutes * 30, (idle_minutes - NOTICE_MINUTES) * 60)


def _settings(request: Request) -> PortalSettings:
    settings: PortalSettings = request.app.state.settings
    return settings
