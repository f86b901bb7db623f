"""What a case waits for, in a sentence, and the one step that is usually next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
    "unrouted": Next("No team has it yet.", "route", "Give it to a team"),
    "new": Next("It waits for your team.", "accept", "Take it on", deed=True),
    "withdrawal-asked": Next(
        "The GP asked to take the referral back. Talk with the person first.",
        "close",
        "Close the case",
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
            "You reached them. Do they want this help?",
            "person-accepts",
            "The person says yes",
            deed=True,
        )
    if attempts:
        times = "once" if len(attempts) == 1 else f"{len(attempts)} times"
        said = f"You tried {times} and did not reach them. Try again, then note it here."
    else:
        said = "Reach them first. Then note it here."
    return Next(said, "contacts", "Note a contact")


def _after_no(requests: list[Json]) -> Next:
    said = "They said yes. Look for something together."
    if requests:
        last = requests[-1]
        said = f"{last['name']}: {last['state']}. Look for something else together."
    return Next(said, "find", "Find something that fits")


def _asked(requests: list[Json]) -> Next:
    offers = [each["name"] for each in requests if each["choosable"]]
    if offers:
        return Next(f"{_listed(offers)} can take them. Choose below, with the person.")
    waited = [each["name"] for each in requests if each["business_status"] == "awaiting-answer"]
    if waited:
        return Next(f"{_listed(waited)} was asked. You hear here when an answer comes.")
    lists = [each["name"] for each in requests if each["business_status"] == "waiting-list"]
    return Next(
        f"{_listed(lists)} put them on the waiting list. They can look for something else too.",
        "find",
        "Find something that fits",
    )


def _place(requests: list[Json]) -> Next:
    going = [each for each in requests if each["business_status"] in ("started", "attended")]
    if going:
        return Next(
            f"They go to {_listed([each['name'] for each in going])}. Ask them how it is.",
            "contacts",
            "Note a contact",
        )
    ended = [each for each in requests if each["business_status"] == "completed"]
    chosen = [each["name"] for each in requests if each["business_status"] == "selected"]
    if ended and not chosen:
        said = f"They finished at {_listed([each['name'] for each in ended])}. Is there more to do?"
        return Next(said, "close", "Close the case")
    names = _listed(chosen or [each["name"] for each in requests if each["choosable"]])
    return Next(f"{names} said yes. Tell the person when and where.", "contacts", "Note a contact")


def _gap(waiting: Sequence[Json]) -> Next:
    if any(each["opened"] for each in waiting):
        return Next("Something opened that they wait for.", "find", "Find something that fits")
    if waiting:
        return Next("They wait. When something opens, this case is at ‘Something opened’.")
    return Next(
        "Nothing fits yet. Say what they wait for, so that you hear first.",
        "waiting",
        "What they wait for",
    )


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) or "A service"
