"""The authorization endpoint, and the choice of the organisation for which somebody acts."""

from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import parse_qsl
from uuid import UUID

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from services.identity.body import bounded
from services.identity.oidc import asking
from services.identity.oidc.asking import Asked, Refused, Unanswerable
from services.identity.pages.front import AT, Front, asked_of, front_of
from services.identity.people import accounts, roles
from services.identity.people.sessions import Present
from services.identity.tables import Membership
from shared.database import UnitOfWork
from shared.languages import _

log = structlog.get_logger(__name__)

_PARAMETERS = 32
_TWO_TABS = _("This page was open in two tabs, or for too long. Type both once more")


router = APIRouter(include_in_schema=False)


def _asked_for(request: Request, query: str) -> Response:
    front = front_of(request)
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, max_num_fields=_PARAMETERS, errors="strict"
        )
    except ValueError:
        return front.page(request, "unanswerable", 400, why="It cannot be read.")
    try:
        asked = asking.read(pairs, front.clients)
        return _begin(front, request, asked)
    except Unanswerable as error:
        return front.page(request, "unanswerable", 400, why=str(error))
    except Refused as refused:
        return refusal(front, refused)


@router.get(f"{AT}/authorize")
def authorize(request: Request) -> Response:
    """Lead a person back to a client with a code, once they are signed in (RFC 6749, 4.1.1)."""
    return _asked_for(request, request.url.query)


@router.post(f"{AT}/authorize")
def authorize_by_form(request: Request, body: Annotated[bytes, Depends(bounded)]) -> Response:
    """The same by a form, which OpenID Connect Core 1.0 section 3.1.2.1 demands."""
    return _asked_for(request, body.decode("ascii", "replace"))


@router.get(f"{AT}/sign-in/organisation")
def organisations(request: Request) -> Response:
    """Ask for which organisation they act now."""
    front = front_of(request)
    present = front.at_stage(request, "signed-in")
    return _choice(front, request, present)


@router.post(f"{AT}/sign-in/organisation")
def choose(request: Request, body: Annotated[bytes, Depends(bounded)]) -> Response:
    """Take the choice."""
    front = front_of(request)
    present = front.at_stage(request, "signed-in")
    given = front.form(request, body).get("organisation", "")
    if given not in {str(each) for each in _places(front, present)}:
        return _choice(front, request, present, fault=_("Choose who you are working for"))
    with UnitOfWork(front.engine) as uow:
        front.sessions.change(uow, present.session.id, organisation=UUID(given))
        uow.commit()
    present.session.organisation = UUID(given)
    return go_on(front, request, present, chosen=True)


def go_on(front: Front, request: Request, present: Present, *, chosen: bool = False) -> Response:
    """Where somebody goes who has just signed in: to the client that asked, or to their sign-ins.

    Args:
        front: what the pages work with.
        request: the browser's.
        present: who has signed in.
        chosen: whether they have just said for which organisation they act.
    """
    if present.account.codes_to_keep:
        return front.to("/account/recovery-codes")
    asked = asked_of(present)
    if asked is None:
        return front.to("/account")
    try:
        return _grant(front, request, present, asked, chosen=chosen)
    except Refused as refused:
        return refusal(front, refused)


def come_again(front: Front, request: Request, asked: Asked | None) -> Response:
    """What whoever sent a form sees that is of no page of this browser: as if they came anew from
    the client whose request the form carries.
    """
    if asked is None:
        return front.page(request, "stale", 403)
    try:
        return _begin(front, request, asked, fault=_TWO_TABS)
    except Refused as refused:
        return refusal(front, refused)


def refusal(front: Front, refused: Refused) -> Response:
    """Tell the client why not (RFC 6749 section 4.1.2.1)."""
    log.info("authorization.refused", refusal=refused.error)
    return _led(
        asking.answer(
            refused.redirect_uri,
            front.settings.issuer,
            error=refused.error,
            error_description=refused.words,
            state=refused.state,
        )
    )


def _begin(front: Front, request: Request, asked: Asked, fault: str = "") -> Response:
    present = front.present(request)
    if present is None or not present.signed_in or _again(present, asked):
        if "none" in asked.prompts:
            raise asked.refused("login_required", "Nobody is signed in.")
        client = front.clients.find(asked.client_id)
        return front.page(
            request,
            "password",
            403 if fault else 200,
            asked=asked,
            client=client.name if client else "",
            sealed=front.sealed(asked),
            email="",
            fault=fault,
            links=front.links.offered,
        )
    with UnitOfWork(front.engine) as uow:
        front.sessions.change(uow, present.session.id, asked=asked.kept())
        uow.commit()
    present.session.asked = asked.kept()
    return _grant(front, request, present, asked, chosen="select_account" not in asked.prompts)


def _again(present: Present, asked: Asked) -> bool:
    """Whether the client wants its person to prove anew who they are."""
    if "login" in asked.prompts:
        return True
    signed_in = present.session.signed_in
    if not asked.max_age or signed_in is None:
        return False
    return (datetime.now(UTC) - signed_in).total_seconds() > int(asked.max_age)


def _grant(
    front: Front, request: Request, present: Present, asked: Asked, *, chosen: bool
) -> Response:
    client = front.clients.find(asked.client_id)
    if client is None or asked.redirect_uri not in client.redirect_uris:
        return front.page(request, "unanswerable", 400, why="The system is not registered now.")
    places = _places(front, present)
    if not places:
        raise asked.refused("access_denied", "This person has no role in any organisation.")
    standing = present.session.organisation
    remembered = standing if chosen and standing in places else None
    only = next(iter(places)) if len(places) == 1 else None
    organisation = only or remembered
    if organisation is None:
        if "none" in asked.prompts:
            raise asked.refused("interaction_required", "An organisation is to be chosen.")
        return _choice(front, request, present)
    held = roles.scopes_of(each.role for each in places[organisation])
    scope = asking.granted(asked, client, held)
    code = front.families.give(present, asked, organisation=organisation, scope=scope)
    log.info("authorization.granted", client_id=client.client_id, account=str(present.account.id))
    return _led(
        asking.answer(asked.redirect_uri, front.settings.issuer, code=code, state=asked.state)
    )


def _places(front: Front, present: Present) -> dict[UUID, list[Membership]]:
    """What somebody is, by organisation; not where its administrator locked them."""
    key = present.account.id
    found: dict[UUID, list[Membership]] = {}
    for each in accounts.memberships(front.engine, [key])[key]:
        if each.role in roles.ROLES and not each.locked:
            found.setdefault(each.organisation, []).append(each)
    return found


def _choice(front: Front, request: Request, present: Present, fault: str = "") -> Response:
    choices = [
        {
            "value": str(organisation),
            "text": held[0].organisation_name,
            "hint": {"text": ", ".join(str(roles.ROLES[each.role].title) for each in held)},
        }
        for organisation, held in _places(front, present).items()
    ]
    return front.page(
        request,
        "organisation",
        422 if fault else 200,
        asked=asked_of(present),
        present=present,
        choices=choices,
        fault=fault,
    )


def _led(address: str) -> Response:
    return RedirectResponse(
        address, 303, headers={"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    )
