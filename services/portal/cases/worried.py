"""Worries of a case as its team reads them: with names instead of ids."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.portal.cases.colleagues import Team
from shared.languages import _

Json = Mapping[str, Any]


def accounts_in(worries: Iterable[Json]) -> set[str | None]:
    """Whose names their words need."""
    found: set[str | None] = set()
    for each in worries:
        found |= {each["lead"], None if each["task"] else each["raised_by"]}
        found |= {account for note in each["notes"] for account in (note["lead"], note["made_by"])}
    return found


def in_words(worries: Iterable[Json], team: Team, services: Mapping[str, str]) -> list[Json]:
    """Worries with names instead of ids.

    Args:
        worries: of a case, as the case API tells them.
        team: who is in the team.
        services: names by Task, for what a provider raised.
    """
    return [
        {
            **each,
            "by": services.get(each["task"], _("A service"))
            if each["task"]
            else team.name(each["raised_by"]),
            "looks": team.name(each["lead"]),
            "done": [
                {"made": note["made"], "what": _done(note, team), "words": note["words"]}
                for note in each["notes"]
            ],
        }
        for each in worries
    ]


def _done(note: Json, team: Team) -> str:
    by = team.name(note["made_by"])
    if note["kind"] == "lead":
        lead = team.name(note["lead"])
        return _("{lead} looks at it").format(lead=lead)
    if note["kind"] == "outcome":
        return _("What came of it, as {name} wrote").format(name=by)
    return _("Decided, as {name} wrote").format(name=by)
