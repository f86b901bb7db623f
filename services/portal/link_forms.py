"""Forms of pages behind a link, for people without an account."""

import hmac

from fastapi import Request
from starlette.datastructures import FormData

from services.portal.answer_links import Refusal


def key_of(session: str) -> str:
    """Goes with every form. Only a page that was made for the holder of the cookie can know it."""
    return hmac.new(session.encode(), b"kersey-portal-form", "sha256").hexdigest()


async def form_of(request: Request, session: str) -> FormData:
    """The form, if it has the key of this browser's session.

    Args:
        request: what was sent.
        session: of the cookie; empty where there is none.

    Raises:
        Refusal: it has not: another page sent it, or the session is over.
    """
    form = await request.form(max_files=0, max_fields=20)
    given = form.get("key")
    if (
        not session
        or not isinstance(given, str)
        or not hmac.compare_digest(given.encode(), key_of(session).encode())
    ):
        raise Refusal(401 if not session else 403, reason="no-session")
    return form
