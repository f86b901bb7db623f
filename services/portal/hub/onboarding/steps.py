"""The steps of one provider with what other services know of them, and the next one to do."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.portal.hub.onboarding import words
from services.portal.staff.names import called, names_of
from services.portal.staff.place import Place
from shared.languages import _

Json = Mapping[str, Any]

DONE, MISSING, LAPSED, UNNEEDED, UNKNOWN = "done", "missing", "lapsed", "unneeded", "unknown"
TAGS: Mapping[str, tuple[str, str]] = {
    DONE: (_("Done"), "green"),
    MISSING: (_("Missing"), "orange"),
    LAPSED: (_("Ran out"), "red"),
    UNNEEDED: (_("Not needed"), "grey"),
    UNKNOWN: (_("Cannot be told just now"), "grey"),
}
"""What the tag of a step says, and its colour."""


@dataclass(frozen=True)
class Shown:
    """One step as the page shows it.

    Attributes:
        code: which.
        name: in words.
        state: one of `TAGS`.
        told: what more is known of it: until when, how many.
        who: who did it; empty where nobody knows.
        when: at which instant.
        do: what its button says; empty where nothing is to be done.
        at: the page where it is done.
    """

    code: str
    name: str
    state: str
    told: str = ""
    who: str = ""
    when: str = ""
    do: str = ""
    at: str = ""


@dataclass(frozen=True)
class Elsewhere:
    """What other services know of a provider; None for what cannot be asked just now.

    Attributes:
        contacts: how it is reached, as notifications has it.
        staff: how many can sign in, as the issuer has it.
        names: by account, of whoever did something.
    """

    contacts: Sequence[Json] | None
    staff: Json | None
    names: Mapping[str, str]


async def elsewhere(here: Place, view: Json) -> Elsewhere:
    """Ask the other services, with the token of whoever is signed in.

    Args:
        here: the page.
        view: the provider, as the directory has it.
    """
    provider = view["provider"]
    done = [*view["steps"], *view["acts"]]
    accounts = [each.get("by", "") for each in done] + [view["begun_by"]]
    contacts, staff, named = await asyncio.gather(
        here.look(f"/notifications/contacts/{provider}"),
        here.look(f"/identity/people/organisations/{provider}"),
        names_of(here, accounts),
    )
    return Elsewhere(
        None if contacts is None else contacts.get("contacts", ()),
        staff if staff and "active" in staff else None,
        named,
    )


def shown(view: Json, known: Elsewhere, times: Any) -> list[Shown]:
    """All steps in their order."""
    return [_shown(view, each, known, times) for each in view["steps"]]


def following(view: Json, steps: Sequence[Shown]) -> Shown | None:
    """The next step to do; None where nothing is left, or nobody can tell."""
    if view["state"] != "going-on":
        return None
    return next((each for each in steps if each.state in (MISSING, LAPSED) and each.at), None)


def all_done(view: Json, steps: Sequence[Shown]) -> bool:
    """Whether every step is done that the tier needs, so that it can be finished."""
    ended = (DONE, UNNEEDED)
    return view["state"] == "going-on" and all(each.state in ended for each in steps)


def _shown(view: Json, each: Json, known: Elsewhere, times: Any) -> Shown:
    code = each["step"]
    state, told, when = _fact(each, known, times)
    if state in (MISSING, UNKNOWN) and not each["needed"]:
        state = UNNEEDED
    at = _page(view, code)
    return Shown(
        code=code,
        name=words.step(each),
        state=state,
        told=told,
        who=called(each.get("by", ""), known.names),
        when=each.get("at", when),
        do=words.DO[code] if at and state != UNKNOWN else "",
        at=at,
    )


def _fact(each: Json, known: Elsewhere, times: Any) -> tuple[str, str, str]:
    """Where a step stands, what is told of it, and since when where another service knows."""
    code = each["step"]
    if code in ("reached", "verified"):
        return _of_contacts(code, known.contacts)
    if code == "staff" and "done" not in each:
        return _of_staff(known.staff)
    if code == "evidence":
        return _of_paper(each, times)
    told = each.get("words", "") if each.get("without") else ""
    return (DONE if each["done"] else MISSING), told, ""


def _of_contacts(code: str, contacts: Sequence[Json] | None) -> tuple[str, str, str]:
    if contacts is None:
        return UNKNOWN, "", ""
    used = [each for each in contacts if each["active"] and each["role"] == "requests"]
    # What only a listing says was said by nobody for this.
    said = [each for each in used if each.get("source") != "listing"]
    right = said if code == "reached" else [each for each in used if each["verified_by_hub"]]
    return (DONE if right else MISSING), "", ""


def _of_staff(staff: Json | None) -> tuple[str, str, str]:
    if staff is None:
        return UNKNOWN, "", ""
    active, invited = staff["active"], staff["invited"]
    told = _("{active} can sign in now")
    if invited:
        told = _("{active} can sign in now, {invited} invited")
    return (
        (DONE if active + invited else MISSING),
        told.format(active=active, invited=invited) if active + invited else "",
        (staff["since"] or ""),
    )


def _of_paper(each: Json, times: Any) -> tuple[str, str, str]:
    if "seen" not in each:
        return MISSING, "", ""
    sentence = _("Seen on {day}, counts until {last}") if "expires" in each else _("Seen on {day}")
    told = sentence.format(day=times.day(each["seen"]), last=times.day(each.get("expires")))
    return (DONE if each["done"] else LAPSED), told, ""


def _page(view: Json, code: str) -> str:
    """Where a step is done; empty where there is nothing to do yet, or not by the hub."""
    at = f"/hub/onboarding/{view['id']}"
    if view["state"] != "going-on":
        return ""
    if not view["listed"]:
        return f"{at}/organisation" if code == "organisation" else ""
    if "service" not in view:
        return f"{at}/listing" if code == "listing" else ""
    pages = {
        "listing": f"{at}/listing" if "waits" in view else "",
        "evidence": f"{at}/evidence",
        "reached": f"{at}/contact",
        "verified": f"{at}/contact",
        "staff": f"{at}/without/staff",
        "closing-days": f"{at}/without/closing-days",
        "published": _publishing(view, at),
    }
    return pages.get(code, "")


def _publishing(view: Json, at: str) -> str:
    """Where the service is made public: what waits is agreed to, or its evidence is missing."""
    waits = view.get("waits", {})
    if not waits:
        return f"{at}/evidence"
    if waits["state"] == "sent-back":
        return f"{at}/listing"
    return f"/hub/approvals/services/{view['service']}/{waits['number']}"
