"""Who is at an administrator's pages, and what the issuer says of roles and organisations."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Depends

from services.portal.answer_links import Refusal
from services.portal.staff.place import Here, Place
from shared.languages import _

Json = dict[str, Any]

AT = "/identity/people"

STATES: Mapping[str, str] = {
    "invited": _("Invited, has not accepted"),
    "active": _("Can sign in"),
    "disabled": _("Locked"),
}
"""Where an account stands."""

ROLES: Mapping[str, str] = {
    "link-worker": _("Link worker"),
    "team-lead": _("Team lead"),
    "provider-staff": _("Staff of a group or service"),
    "provider-manager": _("Manager of a group or service"),
    "hub-coordinator": _("Hub coordinator"),
    "duty-lead": _("Duty lead of a hub"),
    "care-navigator": _("Care navigator of a GP practice"),
    "commissioner": _("Commissioner"),
    "researcher": _("Researcher"),
    "lived-experience-partner": _("Lived-experience partner"),
    "organisation-administrator": _("Administrator of an organisation"),
    "administrator": _("Administrator of all accounts"),
}
"""What somebody can be to an organisation, in the words of the pages."""


OF_ALL = "administrator"
OF_ONE = "organisation-administrator"


def _of_administrator(here: Here) -> Place:
    """The place of an administrator.

    Raises:
        Refusal: whoever is signed in is none.
    """
    if not {OF_ALL, OF_ONE} & set(here.who.granted.roles):
        raise Refusal(403, detail=_("These pages are for the administrators of accounts."))
    return here


def keeps_all(here: Place) -> bool:
    """Whether it is an administrator of all accounts, and not of one organisation."""
    return OF_ALL in here.who.granted.roles


OfAdministrator = Annotated[Place, Depends(_of_administrator)]


async def roles_of(here: Place) -> dict[str, str]:
    """The roles that they may give, in the issuer's order; one that is new here by its name."""
    found = await here.get(f"{AT}/roles")
    return {each["name"]: ROLES.get(each["name"], each["title"]) for each in found["roles"]}


async def organisations_of(here: Place) -> dict[str, str]:
    """The organisations for which anybody acts whom they see, by id."""
    found = await here.get(f"{AT}/organisations")
    return {each["id"]: each["name"] for each in found["organisations"]}


def shown(account: Json, here: Place) -> Json:
    """An account in words."""
    ends = account["invitation_ends"]
    late = bool(ends) and here.times.is_past(ends)
    return {
        **account,
        "stands": STATES[account["state"]],
        "late": account["state"] == "invited" and (late or not ends),
        "places": [
            {**each, "words": [ROLES.get(role, role) for role in each["roles"]]}
            for each in account["organisations"]
        ],
    }
