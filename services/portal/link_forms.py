"""Forms of pages behind a link, for people without an account."""

from fastapi import Request
from starlette.datastructures import FormData

from services.portal.answer_links import Refusal
from services.portal.form_key import is_form_key
from services.portal.typed import form_sent


async def form_of(request: Request, session: str) -> FormData:
    """The form, if it has the key of this browser's session.

    Args:
        request: what was sent.
        session: of the cookie; empty where there is none.

    Raises:
        Refusal: it has not: another page sent it, or the session is over.
    """
    form = await form_sent(request, 20)
    if not session or not is_form_key(form.get("key"), session):
        raise Refusal(401 if not session else 403, reason="no-session")
    return form
