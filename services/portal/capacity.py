"""What stands behind a link of the weekly message: a page with one button.

Opening it changes nothing, because mail scanners open links too; the button does. The link itself
is the key, and it opens nothing but its one answer, so that there is no cookie and no account.
"""

from fastapi import APIRouter, Request, Response

from services.portal.answer_links import AnswerLinks, Refusal
from shared.pages import Pages

router = APIRouter(prefix="/capacity", include_in_schema=False)


@router.get("/{token}")
async def ask(token: str, request: Request) -> Response:
    """What would be said, and the button that says it."""
    return await _page(token, request, "capacity/ask", say=False)


@router.post("/{token}")
async def say(token: str, request: Request) -> Response:
    """Say it."""
    return await _page(token, request, "capacity/said", say=True)


async def _page(token: str, request: Request, template: str, *, say: bool) -> Response:
    links: AnswerLinks = request.app.state.links
    pages: Pages = request.app.state.pages
    try:
        asked = await links.capacity(token, say=say)
    except Refusal as refusal:
        return pages.page("capacity/refused", refusal.status, refusal=refusal)
    return pages.page(template, asked=asked, token=token)
