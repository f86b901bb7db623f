"""One account: what they are to whom, when they signed in, what was done with it, and by whom."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from anyio.to_thread import run_sync
from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from services.portal.accounts.desk import (
    AT,
    ROLES,
    Json,
    OfAdministrator,
    keeps_all,
    organisations_of,
    roles_of,
    shown,
)
from services.portal.accounts.organisations import (
    NAME,
    ORGANISATION,
    OTHER,
    organisation_in,
    wrong_organisation,
)
from services.portal.sign_in.sessions import Sessions
from services.portal.staff.fields import Field, Typed
from services.portal.staff.names import called, names_of
from services.portal.staff.place import Place, back_to
from services.portal.staff.taking import Faults, take
from shared.languages import _

router = APIRouter(prefix="/people/{account}", include_in_schema=False)

DONE: Mapping[str, str] = {
    "invited": _("Invited. A mail with a link is on its way to them."),
    "invitation": _("A new link is on its way to them. Links before it do not work any more."),
    "disable": _("Locked. They are signed out everywhere and cannot sign in."),
    "enable": _("Unlocked. They can sign in as before."),
    "sign-out": _("Signed out everywhere. They can sign in again."),
    "roles": _("Changed. They sign in anew with what they are now."),
}

DONE_HERE: Mapping[str, str] = {
    "disable": _("Locked. They are signed out and cannot come in for your organisation."),
    "enable": _("Unlocked. They can come in for your organisation as before."),
}
"""The same, where it was done by the administrator of one organisation."""

DEEDS = ("invitation", "disable", "enable", "sign-out")
"""What can be done by one button, as the issuer's API calls it."""

ACTS: Mapping[str, str] = {
    "invited": _("Invited"),
    "invited-again": _("A new link was sent"),
    "enrolled": _("They set up their sign-in"),
    "recovery-codes": _("They made new recovery codes"),
    "recovery-code": _("They used a recovery code"),
    "demo": _("Made for the demo"),
    "roles": _("Roles changed"),
    "disabled": _("Locked"),
    "enabled": _("Unlocked"),
    "disabled-at": _("Locked for one organisation"),
    "enabled-at": _("Unlocked for one organisation"),
    "signed-out": _("Signed out everywhere"),
}
"""What was done with an account; what is not here stays in the issuer's word."""

OUTCOMES: Mapping[str, str] = {
    "signed-in": _("Signed in"),
    "by-link": _("Signed in by a link and a code"),
    "recovery-code": _("Signed in with a recovery code"),
    "enrolled": _("Set their password and their app"),
    "refused": _("A wrong password was typed"),
    "wrong-code": _("A wrong code was typed"),
}
"""How a sign-in or a try ended."""


@router.get("")
async def show(account: UUID, here: OfAdministrator, done: str = "") -> Response:
    """The account."""
    found = await _found(here, account)
    names = await names_of(here, (each["by"] for each in found["acts"]))
    whole = keeps_all(here)
    return here.page(
        "accounts/one",
        whole=whole,
        shut=any(each["locked"] for each in found["organisations"]),
        it=shown(found, here),
        own=str(account) == here.who.granted.account,
        acts=[
            {
                **each,
                "words": ACTS.get(each["act"], each["act"]),
                "who": called(each["by"], names),
                "detail": _worded(each["detail"]),
            }
            for each in found["acts"]
        ],
        outcomes=OUTCOMES,
        said=("" if whole else DONE_HERE.get(done, "")) or DONE.get(done, ""),
    )


@router.post("/{deed}")
async def do(account: UUID, deed: str, here: OfAdministrator) -> Response:
    """One of `DEEDS`, or the roles at an organisation."""
    if deed == "roles":
        return await _change(account, here)
    if deed not in DEEDS:
        raise HTTPException(404)
    await here.form()
    await here.send("POST", f"{AT}/{account}/{deed}")
    await _ask_anew(here, account)
    return back_to(f"/people/{account}?done={deed}")


@router.get("/roles")
async def ask(account: UUID, here: OfAdministrator, organisation: str = "") -> Response:
    """The form for what they are to an organisation, to one more where none is named."""
    found = await _found(here, account)
    place = _place(here, found, organisation)
    fields = await _fields(here, place)
    typed: Typed = {"roles": place["roles"]} if place else {}
    return await _page(here, found, place, fields, typed, {}, 200)


async def _change(account: UUID, here: Place) -> Response:
    form = await here.form()
    found = await _found(here, account)
    place = _place(here, found, str(form.get("at") or ""))
    fields = await _fields(here, place)

    async def do(typed: Typed) -> str:
        at = (
            {"organisation": place["organisation"], "organisation_name": place["name"]}
            if place
            else organisation_in(typed, fields[0].options)
        )
        organisation = at.pop("organisation")
        body = {**at, "roles": typed["roles"]}
        told = await here.send("PUT", f"{AT}/{account}/organisations/{organisation}", body)
        await _ask_anew(here, account)
        gone = not told["organisations"] and not keeps_all(here)
        return "/people?done=gone" if gone else f"/people/{account}?done=roles"

    def wrong(typed: Typed, faults: Faults) -> Faults:
        # Left out, it would take away what they are.
        strange = set(form.getlist("roles")).difference(fields[-1].options)
        found = {"roles": _("Choose from these only")} if strange else {}
        return found if place else {**wrong_organisation(typed, faults), **found}

    again = partial(_page, here, found, place, fields)
    return await take(form, fields, do, again, wrong=wrong)


async def _ask_anew(here: Place, account: UUID) -> None:
    """What was ended or taken away holds at their next click."""
    sessions: Sessions = here.request.app.state.sessions
    await run_sync(sessions.ask_anew, str(account))


async def _found(here: Place, account: UUID) -> Json:
    found: Json = await here.get(f"{AT}/{account}")
    return found


def _place(here: Place, found: Json, organisation: str) -> Json | None:
    """What somebody is to an organisation now; None for one to which they are nothing yet.

    Raises:
        HTTPException: 404, one is named and they are nothing to it, or none is and whoever asks is
            the administrator of one.
    """
    if not organisation and keeps_all(here):
        return None
    for each in found["organisations"]:
        if each["organisation"] == organisation:
            place: Json = each
            return place
    raise HTTPException(404)


async def _fields(here: Place, place: Json | None) -> Sequence[Field]:
    held = place["roles"] if place else ()
    roles = Field(
        "roles",
        _("What are they to it?"),
        "checkboxes",
        # What they are already stays to be left or taken away, whoever may give it.
        await roles_of(here) | {each: ROLES.get(each, each) for each in held},
        hint=_("As little as their work needs. With none chosen they act for it no more.")
        if place
        else _("As little as their work needs."),
        missing="" if place else _("Choose at least one"),
    )
    if place:
        return (roles,)
    return (ORGANISATION.choosing(await organisations_of(here)), OTHER, NAME, roles)


async def _page(
    here: Place,
    found: Json,
    place: Json | None,
    fields: Sequence[Field],
    typed: Typed,
    faults: Faults,
    status: int,
) -> Response:
    return here.page(
        "accounts/roles",
        status,
        it=found,
        place=place,
        fields=fields,
        typed=typed,
        faults=faults,
    )


def _worded(detail: str) -> str:
    """What stands beside an act: roles in words; an organisation's id is left to the list above."""
    words: list[Any] = detail.rpartition(": ")[2].split()
    return ", ".join(str(ROLES.get(each, each)) for each in words if each != "none")
