"""Somebody is invited: an account, and a mail with a link to set up their sign-in."""

from collections.abc import Sequence
from functools import partial

from fastapi import APIRouter, Response

from services.portal.accounts.desk import AT, OfAdministrator, organisations_of, roles_of
from services.portal.accounts.organisations import (
    NAME,
    ORGANISATION,
    OTHER,
    organisation_in,
    wrong_organisation,
)
from services.portal.staff.fields import Field, Typed
from services.portal.staff.place import Place
from services.portal.staff.taking import Faults, take
from shared.languages import _

router = APIRouter(prefix="/people/invite", include_in_schema=False)


async def fields_of(here: Place) -> Sequence[Field]:
    """What is asked of somebody who is invited."""
    return (
        Field("name", _("Name"), missing=_("Type their name"), letters=120),
        Field(
            "email",
            _("E-mail address"),
            hint=_("Their own, for work. The link goes there, and they sign in with it."),
            missing=_("Type their e-mail address"),
        ),
        ORGANISATION.choosing(await organisations_of(here)),
        OTHER,
        NAME,
        Field(
            "roles",
            _("What are they to it?"),
            "checkboxes",
            await roles_of(here),
            hint=_("As little as their work needs. An administrator has no other role."),
            missing=_("Choose at least one"),
        ),
    )


@router.get("")
async def ask(here: OfAdministrator) -> Response:
    """The form."""
    return await _page(here, await fields_of(here), {}, {}, 200)


@router.post("")
async def invite(here: OfAdministrator) -> Response:
    """Invite them; a mail that did not go out is said on the account's page."""
    form = await here.form()
    fields = await fields_of(here)

    async def do(typed: Typed) -> str:
        body = {name: typed[name] for name in ("name", "email", "roles")}
        body |= organisation_in(typed, fields[2].options)
        made = await here.send("POST", AT, body)
        return f"/people/{made['id']}?done=invited"

    return await take(form, fields, do, partial(_page, here, fields), wrong=wrong_organisation)


async def _page(
    here: Place, fields: Sequence[Field], typed: Typed, faults: Faults, status: int
) -> Response:
    return here.page("accounts/invite", status, fields=fields, typed=typed, faults=faults)
