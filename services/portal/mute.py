"""'No more messages of this kind': a page with one button, and one click of a mail program.

Opening it changes nothing, because mail scanners open links too. A mail program that offers
'unsubscribe' sends the same POST as the button, without a cookie (RFC 8058, section 3.2).
"""

from fastapi import APIRouter, Request, Response

from services.portal.answer_links import Refusal
from services.portal.link_forms import links_of, pages_of

router = APIRouter(prefix="/no-more", include_in_schema=False)


@router.get("/{token}")
async def ask(token: str, request: Request) -> Response:
    """What would end, and the button that ends it."""
    return await _page(token, request, "mute/ask", end=False)


@router.post("/{token}")
async def end(token: str, request: Request) -> Response:
    """End it."""
    return await _page(token, request, "mute/done", end=True)


async def _page(token: str, request: Request, template: str, *, end: bool) -> Response:
    pages = pages_of(request)
    try:
        found = await links_of(request).mute(token, end=end)
    except Refusal as refusal:
        return pages.page("mute/refused", refusal.status, refusal=refusal)
    return pages.page("mute/done" if found["muted"] else template, found=found, token=token)
