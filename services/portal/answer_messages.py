"""Messages with the link worker behind an answer link, for groups without an account."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import NAMESPACE_URL, uuid4, uuid5

from fastapi import APIRouter, Cookie, Request, Response
from fastapi.responses import RedirectResponse

from services.portal.answer import COOKIE, HOME
from services.portal.answer_codes import CodeFor, code_fault, code_in, code_page
from services.portal.answer_links import Refusal
from services.portal.form_key import form_key
from services.portal.link_forms import form_of, links_of, pages_of
from services.portal.staff.fields import typed_into
from services.portal.talk.pages import NAMES, TEXT
from services.portal.times import times_at
from shared.languages import _

router = APIRouter(include_in_schema=False)

Session = Annotated[str, Cookie(alias=COOKIE)]
AT = f"{HOME}/messages"
FOR_MESSAGES = CodeFor(f"{AT}/code", f"{AT}/read", _("Read the messages"), AT)


@router.get(AT)
async def show(request: Request, session: Session = "", done: str = "") -> Response:
    """What was written, and a form to write."""
    return await _page(request, session, said=bool(done))


@router.post(AT)
async def write(request: Request, session: Session = "") -> Response:
    """Write to the link worker. The same form sent twice is one message."""
    form = await form_of(request, session)
    typed, faults = typed_into(form, [TEXT])
    if not faults:
        key = uuid5(NAMESPACE_URL, f"{form.get('sheet')}/{typed['text']}")
        try:
            await links_of(request).write(session, typed["text"], str(key))
            return RedirectResponse(f"{AT}?done=yes", 303)
        except Refusal as refusal:
            if refusal.status not in (409, 422) or not refusal.detail:
                raise
            faults = {TEXT.name: refusal.detail.rstrip(".")}
    return await _page(request, session, typed=typed, faults=faults, status=422)


@router.get(f"{AT}/{{step}}")
async def back(step: Literal["code", "read"]) -> Response:
    """The address of a form leads back to the page."""
    return RedirectResponse(AT, 303)


@router.post(FOR_MESSAGES.ask)
async def ask_for_code(request: Request, session: Session = "") -> Response:
    """Have a code sent, and show where to type it."""
    await form_of(request, session)
    await links_of(request).send_code(session)
    return code_page(request, session, FOR_MESSAGES)


@router.post(FOR_MESSAGES.give)
async def give_code(request: Request, session: Session = "") -> Response:
    """Take the code, and lead back to the messages for which it was asked; nobody's name is
    shown."""
    form = await form_of(request, session)
    try:
        await links_of(request).give_code(session, code_in(form))
    except Refusal as refusal:
        return code_page(request, session, FOR_MESSAGES, fault=code_fault(refusal))
    return RedirectResponse(AT, 303)


async def _page(
    request: Request,
    session: str,
    *,
    said: bool = False,
    typed: Mapping[str, Any] | None = None,
    faults: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    if not session:
        raise Refusal(401, reason="no-session")
    try:
        talk = await links_of(request).messages(session)
    except Refusal as refusal:
        if refusal.reason != "not-identified":
            raise
        # After a yes they are shown as the name is: to whoever gives a code.
        view = await links_of(request).view(session)
        return pages_of(request).page(
            "answer/messages_code", 403, view=view, key=form_key(session), wanted=FOR_MESSAGES
        )
    return pages_of(request).page(
        "answer/messages",
        status,
        messages=talk["messages"],
        kept_back=talk["kept_back"],
        names=NAMES,
        key=form_key(session),
        sheet=uuid4(),
        text=TEXT,
        typed=typed or {},
        faults=faults or {},
        said=said,
        times=times_at(request),
    )
