"""What a case waits for, in a sentence, and the one step that is usually next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.languages import _, ngettext

Json = Mapping[str, Any]

NEEDS = {step: step for step in ("route", "accept", "person-accepts")} | {"find": "ask"}
"""Of a step: what the case machine calls it, where it has to be possible."""


@dataclass(frozen=True)
class Next:
    """The next step; other steps stand below it.

    Attributes:
        said: why this is next.
        step: the last part of its address; empty where there is only to wait.
        words: on its button.
        deed: whether the button does it; else it leads to a page.
    """

    said: str
    step: str = ""
    words: str = ""
    deed: bool = False


ALWAYS: Mapping[str, Next] = {
    "unrouted": Next(_("No team has it yet."), "route", _("Give it to a team")),
    "new": Next(_("It waits for your team."), "accept", _("Take it on"), deed=True),
    "withdrawal-asked": Next(
        _("The GP asked to take the referral back. Talk with the person first."),
        "close",
        _("Close the case"),
    ),
}
"""By state, where nothing else matters."""


def next_of(case: Json, state: str, requests: Iterable[Json]) -> Next | None:
    """What is next for whoever works on a case; None where they may not take that step.

    Args:
        case: as the case API tells it, with what is `possible`.
        state: where it stands.
        requests: to services, the latest last.
    """
    found = _next(case, state, list(requests))
    needed = NEEDS.get(found.step) if found else None
    return found if needed is None or needed in case["possible"] else None


def _next(case: Json, state: str, requests: list[Json]) -> Next | None:
    match state:
        case "triage-accepted":
            return _first_contact(case["attempts"])
        case "person-accepted":
            return _after_no(requests)
        case "provider-asked":
            return _asked(requests)
        case "place-found":
            return _place(requests)
        case "nothing-fits":
            return _gap(case["waiting"])
    return ALWAYS.get(state)


def _first_contact(attempts: Sequence[Json]) -> Next:
    if any(each["reached"] for each in attempts):
        return Next(
            _("You reached them. Do they want this help?"),
            "person-accepts",
            _("The person says yes"),
            deed=True,
        )
    if attempts:
        said = ngettext(
            "You tried once and did not reach them. Try again, then note it here.",
            "You tried {count} times and did not reach them. Try again, then note it here.",
            len(attempts),
        ).format(count=len(attempts))
    else:
        said = _("Reach them first. Then note it here.")
    return Next(said, "contacts", _("Note a contact"))


def _after_no(requests: list[Json]) -> Next:
    said: str = _("They said yes. Look for something together.")
    if requests:
        last = requests[-1]
        said = _("{name}: {state}. Look for something else together.").format(
            name=last["name"], state=last["state"]
        )
    return Next(said, "find", _("Find something that fits"))


def _asked(requests: list[Json]) -> Next:
    offers = [each["name"] for each in requests if each["choosable"]]
    if offers:
        return Next(
            ngettext(
                "{names} can take them. Choose below, with the person.",
                "{names} can take them. Choose below, with the person.",
                len(offers),
            ).format(names=_listed(offers))
        )
    waited = [each["name"] for each in requests if each["business_status"] == "awaiting-answer"]
    if waited:
        return Next(
            ngettext(
                "{names} was asked. You hear here when an answer comes.",
                "{names} was asked. You hear here when an answer comes.",
                len(waited),
            ).format(names=_listed(waited))
        )
    lists = [each["name"] for each in requests if each["business_status"] == "waiting-list"]
    return Next(
        _("{names} put them on the waiting list. They can look for something else too.").format(
            names=_listed(lists)
        ),
        "find",
        _("Find something that fits"),
    )


def _place(requests: list[Json]) -> Next:
    going = [each for each in requests if each["business_status"] in ("started", "attended")]
    if going:
        return Next(
            _("They go to {names}. Ask them how it is.").format(
                names=_listed([each["name"] for each in going])
            ),
            "contacts",
            _("Note a contact"),
        )
    ended = [each for each in requests if each["business_status"] == "completed"]
    chosen = [each["name"] for each in requests if each["business_status"] == "selected"]
    if ended and not chosen:
        said = _("They finished at {names}. Is there more to do?").format(
            names=_listed([each["name"] for each in ended])
        )
        return Next(said, "close", _("Close the case"))
    names = _listed(chosen or [each["name"] for each in requests if each["choosable"]])
    return Next(
        _("{names} said yes. Tell the person when and where.").format(names=names),
        "contacts",
        _("Note a contact"),
    )


def _gap(waiting: Sequence[Json]) -> Next:
    if any(each["opened"] for each in waiting):
        return Next(
            _("Something opened that they wait for."), "find", _("Find something that fits")
        )
    if waiting:
        return Next(_("They wait. When something opens, this case is at ‘Something opened’."))
    return Next(
        _("Nothing fits yet. Say what they wait for, so that you hear first."),
        "waiting",
        _("What they wait for"),
    )


def _listed(names: Sequence[str]) -> str:
    return str(_(" and ")).join(names) or _("A service")
