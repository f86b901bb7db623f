"""One's own sign-ins, and signing out: here, everywhere, or on a client's behalf."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_date
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from sqlmodel import col, select

from services.identity.body import bounded
from services.identity.pages.front import AT, Front, front_of
from services.identity.people import accounts
from services.identity.people.sessions import Present
from services.identity.tables import SignIn, SignInGrant
from shared.database import UnitOfWork
from shared.languages import _, language

Body = Annotated[bytes, Depends(bounded)]

_OUTCOMES: Mapping[str, str] = {
    "signed-in": _("You signed in"),
    "by-link": _("You signed in by a link and a code"),
    "recovery-code": _("You signed in with a recovery code"),
    "enrolled": _("You set your password and your app"),
    "refused": _("A wrong password was typed"),
    "wrong-code": _("A wrong code was typed"),
}
_PARAMETERS = 32


router = APIRouter(include_in_schema=False)


@router.get(f"{AT}/account")
def account(request: Request) -> Response:
    """One's own sign-ins."""
    front = front_of(request)
    present = front.at_stage(request, "signed-in")
    found = accounts.sign_ins(front.engine, present.account.id)
    return front.page(
        request,
        "account",
        account=present.account,
        left=front.recovery.left(present.account.id),
        rows=[_row(front, each) for each in found],
    )


@router.post(f"{AT}/account/sign-out")
def leave(request: Request, body: Body) -> Response:
    """Sign out of this browser."""
    front = front_of(request)
    present = front.at_stage(request, "signed-in")
    front.form(request, body)
    after = _to_tell(front, present)
    front.sessions.end(present)
    return _signed_out(request, after)


@router.post(f"{AT}/account/sign-out-everywhere")
def leave_all(request: Request, body: Body) -> Response:
    """Sign out of every browser and client."""
    front = front_of(request)
    present = front.at_stage(request, "signed-in")
    front.form(request, body)
    after = _to_tell(front, present)
    with UnitOfWork(front.engine) as uow:
        accounts.sign_out(uow, present.account.id, by=str(present.account.id))
        uow.commit()
    return _signed_out(request, after)


@router.get(f"{AT}/end-session")
def end_session(request: Request) -> Response:
    """A client signs its person out (OpenID Connect RP-Initiated Logout 1.0, section 2)."""
    return _ended(request, request.url.query)


@router.post(f"{AT}/end-session")
def end_session_by_form(request: Request, body: Body) -> Response:
    """The same by a form."""
    return _ended(request, body.decode("ascii", "replace"))


def _ended(request: Request, query: str) -> Response:
    front = front_of(request)
    try:
        given = dict(parse_qsl(query, max_num_fields=_PARAMETERS))
    except ValueError:
        given = {}
    hint = front.id_tokens.known(given.get("id_token_hint", "")) or {}
    family = UUID(str(hint["sid"])) if "sid" in hint else None
    if family is not None:
        front.families.end(family)
    present = front.present(request)
    back = _back(front, given, hint)
    if present is None or not present.signed_in:
        return _led(back) if back and hint else _signed_out(request)
    if hint.get("sub") != str(present.account.id):
        # Anybody's page can lead a browser here: without a token of theirs they are asked.
        return front.page(request, "sign-out", account=present.account)
    front.sessions.end(present)
    if back is None:
        return _signed_out(request)
    response = _led(back)
    front.drop_cookie(response)
    return response


def _to_tell(front: Front, present: Present) -> str | None:
    """Where a client hears that this browser signed out: its tokens hold for minutes yet."""
    mine = select(SignInGrant.client_id).where(SignInGrant.session == present.session.id)
    with UnitOfWork(front.engine) as uow:
        ids = uow.session.exec(mine.distinct().order_by(col(SignInGrant.client_id))).all()
    known = [front.clients.find(each) for each in ids]
    return next((at for each in known if each for at in each.after_sign_out), None)


def _signed_out(request: Request, after: str | None = None) -> Response:
    front = front_of(request)
    page = _led(after) if after else front.page(request, "signed-out")
    front.drop_cookie(page)
    return page


def _back(front: Front, given: Mapping[str, str], hint: Mapping[str, object]) -> str | None:
    """Where a client wants its person led: only to an address that it registered."""
    wanted = given.get("post_logout_redirect_uri")
    client = front.clients.find(str(hint.get("aud") or given.get("client_id", "")))
    if not wanted or client is None or wanted not in client.after_sign_out:
        return None
    if given.get("client_id", client.client_id) != client.client_id:
        return None
    state = given.get("state")
    if not state:
        return wanted
    return f"{wanted}{'&' if urlsplit(wanted).query else '?'}{urlencode({'state': state})}"


def _led(address: str) -> Response:
    return RedirectResponse(
        address, 303, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    )


def _row(front: Front, row: SignIn) -> dict[str, str]:
    assert row.at is not None
    at = row.at.astimezone(ZoneInfo(front.settings.timezone))
    locale = language().locale
    return {
        "at": f"{format_date(at, 'long', locale=locale)}, {at:%H:%M}",
        "what": _OUTCOMES.get(row.outcome, row.outcome),
        "address": row.address or _("not known"),
        "browser": row.browser or _("not known"),
    }
