"""What comes back of mails, handed over by a mail server (a pipe, or a relay's webhook)."""

import hmac
from typing import Any

from fastapi import APIRouter, Request
from pydantic import SecretStr
from starlette.concurrency import run_in_threadpool

from services.notifications.bounces.reading import MOST_BYTES
from services.notifications.bounces.taking import Bounces, Outcome
from shared.problems import Problem

router = APIRouter(prefix="/notifications", tags=["bounces"])


@router.post("/bounces", status_code=202)
async def take(request: Request) -> dict[str, Any]:
    """Take a message that came back, as it is (`message/rfc822`).

    The token is that of the setting `KERSEY_BOUNCE_TOKEN`. Whether such a mail was ever sent is
    told to nobody.
    """
    admit(request, request.app.state.bounce_token)
    content = await request.body()
    if len(content) > MOST_BYTES:
        raise Problem(413, "Too large", f"At most {MOST_BYTES} bytes are taken.", element="body")
    bounces: Bounces = request.app.state.bounces
    outcome = await run_in_threadpool(bounces.take, content)
    if outcome is Outcome.TOO_SOON:
        words = "The mail is being sent still. Give it again."
        raise Problem(503, "Too soon", words, headers={"Retry-After": "60"})
    return {"taken": True}


def admit(request: Request, token: SecretStr) -> None:
    """Refuse whoever does not hold a token that the settings name.

    Args:
        request: what was sent.
        token: the setting; where it is empty there is nothing here.

    Raises:
        Problem: 404 or 401.
    """
    wanted = token.get_secret_value()
    if not wanted:
        raise Problem(404, "Not found", "Nothing is taken here.")
    scheme, _, said = request.headers.get("authorization", "").partition(" ")
    same = hmac.compare_digest(said.strip().encode(), wanted.encode())
    if scheme.lower() != "bearer" or not same:
        raise Problem(
            401, "Not signed in", "A bearer token is needed.",
            headers={"WWW-Authenticate": "Bearer"},
        )  # fmt: skip
