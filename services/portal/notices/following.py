"""How many notices are unread, as it changes: the service's stream, for the page's script.

To follow it is no use of the session: whoever is away is signed out all the same. Where nobody is
signed in any more the answer has no content, and a browser asks no more (HTML Standard, section
9.2.3).
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse

from services.portal.answer_links import Refusal
from services.portal.apis import Apis
from services.portal.notices.board import AT
from services.portal.sign_in.doorkeeper import still_signed_in
from shared.stopping import stopping_of, unless_stopping

router = APIRouter(prefix="/notices", include_in_schema=False)

NOBODY = 204
Id = Annotated[str | None, Header(max_length=40)]


@router.get("/stream")
async def stream(
    request: Request,
    last_event_id: Id = None,
    after: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """The stream; what was seen last comes from the browser, or from a script that begins anew."""
    who = await still_signed_in(request)
    if who is None:
        return Response(status_code=NOBODY)
    apis: Apis = request.app.state.apis
    try:
        answer = await apis.follow(who, f"{AT}/stream", last_event_id or after)
    except Refusal as refusal:
        return Response(status_code=NOBODY if refusal.status in (401, 403) else 503)
    told = _relayed(answer, stopping_of(request.scope))
    return StreamingResponse(told, media_type="text/event-stream")


async def _relayed(answer: httpx.Response, stopping: asyncio.Event) -> AsyncIterator[bytes]:
    parts = answer.aiter_raw()
    try:
        while part := await unless_stopping(anext(parts, b""), stopping):
            yield part
    except httpx.HTTPError:
        return  # cut off: the browser asks again
    finally:
        await answer.aclose()
