"""What a group still has to do before people can be sent to it, for its own staff."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Response

from services.portal.staff.place import Here
from shared.languages import _

router = APIRouter(include_in_schema=False)

Json = Mapping[str, Any]

STEPS: Mapping[str, tuple[str, str]] = {
    "organisation": (_("Your group is on the list"), _("Your hub does this for you.")),
    "listing": (_("Your first service is written down"), _("Your hub does this with you.")),
    "reached": (_("We know how you want to be asked"), _("Say how you want to hear of people.")),
    "verified": (_("Your hub checked an address with you"), _("Your hub rings you for this.")),
    "staff": (_("Somebody of you can sign in"), _("You are signed in now: this is done.")),
    "closing-days": (_("We know when you are closed"), _("Nobody is reminded of anything then.")),
    "published": (
        _("People can find your service"),
        _("Your hub does this when all else is there."),
    ),
}
PAPERS: Mapping[str, tuple[str, str]] = {
    "sharing-agreement": (
        _("An agreement on sharing what you know"),
        _("Show your hub the agreement that you signed."),
    ),
    "privacy-contact": (
        _("Whom to ask about privacy, and whom to tell if something leaks"),
        _("Tell your hub who that is in your group."),
    ),
    "safeguarding-lead": (
        _("Somebody who leads on keeping people safe"),
        _("Tell your hub who that is in your group."),
    ),
    "checks": (
        _("Checks on whoever visits or works alone with people"),
        _("Show your hub the checks that you made."),
    ),
}
TIERS: Mapping[str, str] = {
    "1": _("People are told of you. Nobody is referred to you by name"),
    "2": _("People are referred to you by name"),
    "3": _("People are referred to you by name, at home or where the risk is higher"),
}
"""What a provider reads of the tiers of listing (care 25)."""


@router.get("/still-missing")
async def missing(here: Here) -> Response:
    """What is there, and what is still missing from them."""
    found = (await here.get("/directory/onboardings/own"))["contents"]
    manages = "provider-manager" in here.who.granted.roles
    contacts: list[Json] | None = None
    if manages and found:
        told = await here.look("/notifications/contacts/own")
        contacts = None if told is None else told.get("contacts", [])
    return here.page(
        "keeping/missing",
        groups=[
            {**each, "steps": [_shown(step, each, contacts, manages) for step in _needed(each)]}
            for each in found
        ],
        tiers=TIERS,
        manages=manages,
    )


def _needed(group: Json) -> list[Json]:
    return [each for each in group["steps"] if each["needed"]]


def _shown(step: Json, group: Json, contacts: list[Json] | None, manages: bool) -> Json:
    """A step in words: done or not, or None where it cannot be told; and where it is done."""
    code = step["step"]
    name, about = PAPERS[step["kind"]] if code == "evidence" else STEPS[code]
    pages = {
        "reached": ("/how-we-are-asked", _("Say how you want to be asked")),
        "closing-days": (f"/closing-days/{group['provider']}", _("Say when you are closed")),
    }
    done = _done(step, contacts)
    at, do = pages.get(code, ("", "")) if manages and not done else ("", "")
    ran_out = code == "evidence" and not done and "seen" in step
    return {
        "name": name,
        "about": about,
        "done": done,
        "ran_out": ran_out,
        "expires": step.get("expires"),
        "at": at,
        "do": do,
    }


def _done(step: Json, contacts: list[Json] | None) -> bool | None:
    code = step["step"]
    if "done" in step:
        return bool(step["done"])
    if code == "staff":
        return True
    if contacts is None:
        return None
    used = [each for each in contacts if each["active"] and each["role"] == "requests"]
    if code == "reached":
        return any(each.get("source") != "listing" for each in used)
    return any(each["verified_by_hub"] for each in used)
