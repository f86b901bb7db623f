"""What moved in a case, in the words of its story: taken on, asked, said yes, closed.

How it goes at a service (started, came, finished) is told by its own days, and not here again.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from services.portal.cases.colleagues import Team
from services.portal.cases.words import WITH_THE_CASE
from shared.languages import _

Json = Mapping[str, Any]

CREATED, HANDED_OVER, CANCELLED = "create", "hand-over", "cancelled"
GONE = _("a service that is not listed any more")

OF_CASE: Mapping[str, str] = {
    CREATED: _("the referral came"),
    "new": _("a team got it"),
    HANDED_OVER: _("handed over to another team"),
    "triage-accepted": _("taken on"),
    "person-accepted": _("the person said yes to this help"),
    "nothing-fits": _("nothing fits yet"),
    "withdrawal-asked": _("the GP asked to take the referral back"),
}
"""By where the case stands since. That a service was asked or said yes is told of the request."""

BY: Mapping[str, str] = {
    "triage-accepted": _("{who} took it on"),
    "nothing-fits": _("{who} noted that nothing fits yet"),
    HANDED_OVER: _("{who} handed it over to another team"),
}
"""The same where one of the team did it."""

OF_REQUEST: Mapping[str, str] = {
    CREATED: _("{name} was asked"),
    "waiting-list": _("{name} put them on the waiting list"),
    "offered": _("{name} offered a place"),
    "selected": _("{name} said yes"),
    "provider-declined": _("{name} said no"),
    "provider-silent": _("{name} did not answer in time"),
    CANCELLED: _("the request to {name} was taken back"),
    "not-chosen": _("another was chosen, and not {name}"),
    "withdrawn": _("the GP withdrew, and {name} was told"),
}
"""By where the request stands since."""

CHOSEN = _("the person chose {name}")
CAME = _("they came to {name} by themselves")
ASKED_BY = _("{who} asked {name}")
CLOSED = _("closed: {how}")
CLOSED_BY = _("{who} closed it: {how}")


def moves(case: Json, team: Team, ending: str) -> list[tuple[str, str]]:
    """When something moved, and what, in words.

    Args:
        case: as the case API tells it.
        team: whose accounts may have moved it; an account of others is not named.
        ending: how the case ended, in words; empty while it goes on.
    """
    tasks = {each["id"]: each for each in case["tasks"]}
    came = _came_by_themselves(case)
    told: list[tuple[str, str]] = []
    before: dict[str, str] = {}
    for each in case["moves"]:
        task = tasks.get(each["task"] or "")
        if task is None or task["kind"] == "triage":
            said = _of_case(each, team, before, ending if _is_last(each, case, task) else "")
        else:
            was = "" if task["id"] == came else before.get(task["id"], CREATED)
            said = _of_request(each, task, team, was)
        if each["task"]:
            before[each["task"]] = each["to"]
        if said:
            told.append((each["made"], said))
    return told


def accounts_moving(case: Json) -> Iterable[str]:
    """Whose accounts may be named among the moves: of whoever worked on the case."""
    triage = {each["id"] for each in case["tasks"] if each["kind"] == "triage"}
    for each in case["moves"]:
        of_case = each["task"] is None or each["task"] in triage
        if each["by"] and of_case != (each["to"] == CREATED):
            yield each["by"]


def _came_by_themselves(case: Json) -> str:
    """The request that nobody made: of whoever came to a service by themselves."""
    asked = [each["id"] for each in case["tasks"] if each["kind"] == "provider"]
    return asked[0] if asked and case["source"] == "walk-in" else ""


def _is_last(move: Json, case: Json, task: Json | None) -> bool:
    """Whether the case ended by it: only its ending moves the triage Task no more."""
    mine = [each for each in case["moves"] if task and each["task"] == task["id"]]
    return bool(mine) and mine[-1] is move


def _of_case(move: Json, team: Team, before: Mapping[str, str], ending: str) -> str:
    to, who = move["to"], team.names.get(move["by"] or "", "")
    if ending and to != CREATED:
        said = CLOSED_BY.format(who=who, how=ending) if who else CLOSED.format(how=ending)
        return str(said)
    if to == "person-accepted" and before.get(move["task"]) != "triage-accepted":
        return ""  # something else is looked for, after a no
    if who and to in BY:
        return str(BY[to].format(who=who))
    return str(OF_CASE.get(to, ""))


def _of_request(move: Json, task: Json, team: Team, before: str) -> str:
    to, name = move["to"], task["service_name"] or GONE
    who = team.names.get(move["by"] or "", "")
    if to == CREATED:
        said = CAME if not before else ASKED_BY if who else OF_REQUEST[CREATED]
    elif to == "selected" and before == "offered":
        said = CHOSEN
    elif to == CANCELLED and task["reason"] == WITH_THE_CASE:
        return ""  # it ended with the case, which says so
    else:
        said = OF_REQUEST.get(to, "")
    return str(said.format(who=who, name=name))
