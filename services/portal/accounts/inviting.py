"""Somebody is invited: an account, and a mail with a link to set up their sign-in."""

from collections.abc import Sequence
from functools import partial

from fastapi import APIRouter, Response

from services.portal.accounts.desk import (
    AT,
    OfAdministrator,
    keeps_all,
    organisations_of,
    roles_of,
)
from services.portal.accounts.organisations import (
    NAME,
    ORGANISATION,
    OTHER,
    organisation_in,
    own_organisation,
    wrong_organisation,
)
from services.portal.staff.fields import Field, Typed
from services.portal.staff.place import Place
from services.portal.staff.taking import Faults, take
from shared.languages import _

router = APIRouter(prefix="/people/invite", include_in_schema=False)


async def fields_of(here: Place) -> Sequence[Field]:
    """What is asked of somebody who is invited; for which organisation, where there is a choice."""
    whole = keeps_all(here)
    hint = (
        _("As little as their work needs. An administrator of all accounts has no other role.")
        if whole
        else _("As little as their work needs.")
    )
    places = (ORGANISATION.choosing(await organisations_of(here)), OTHER, NAME)
    return (
        Field("name", _("Name"), missing=_("Type their name"), letters=120),
        Field(
            "email",
            _("E-mail address"),
            hint=_("Their own, for work. The link goes there, and they sign in with it."),
            missing=_("Type their e-mail address"),
        ),
        *(places if whole else ()),
        Field(
            "roles",
            _("What are they to it?"),
            "checkboxes",
            await roles_of(here),
            hint=hint,
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
        if keeps_all(here):
            body |= organisation_in(typed, fields[2].options)
        else:
            body |= own_organisation(await organisations_of(here))
        made = await here.send("POST", AT, body)
        return f"/people/{made['id']}?done=invited"

    def wrong(typed: Typed, faults: Faults) -> Faults:
        return wrong_organisation(typed, faults) if keeps_all(here) else {}

    return await take(form, fields, do, partial(_page, here, fields), wrong=wrong)


async def _page(
    here: Place, fields: Sequence[Field], typed: Typed, faults: Faults, status: int
) -> Response:
    return here.page(
        "accounts/invite",
        status,
        whole=keeps_all(here),
        fields=fields,
        typed=typed,
        faults=faults,
    )
