"""Who else is in the team: for names beside what they have, and to give cases to."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.portal.staff.place import Place
from shared.languages import _

LEADS = "team-lead"
WORKS = frozenset({"link-worker", LEADS})
"""Roles of those to whom a case can be given."""


@dataclass(frozen=True)
class Team:
    """The colleagues of whoever is signed in.

    Attributes:
        names: by account, of everybody of the organisation.
        workers: by account, of those who work on cases.
        away: whether the sign-in cannot be asked just now.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    workers: Mapping[str, str] = field(default_factory=dict)
    away: bool = False

    def name(self, account: str | None) -> str:
        """Whose account it is; empty for nobody's."""
        if not account:
            return ""
        return self.names.get(account, _("a colleague who is not listed here"))


async def team_of(here: Place) -> Team:
    """The team, empty of names where the sign-in cannot say who is in it.

    Another issuer than Kersey's own may not know; then cases are allocated through the API.
    """
    told = await here.look("/identity/people/colleagues")
    found = (told or {}).get("colleagues", ())
    return Team(
        {each["id"]: each["name"] for each in found},
        {each["id"]: each["name"] for each in found if WORKS & set(each["roles"])},
        away=told is None,
    )


async def team_where(here: Place, *accounts: str | None) -> Team:
    """The team, to say whose some accounts are.

    Where none is named nobody is asked, and where one was named a moment ago it is not asked again.
    To choose a colleague from, `team_of` asks each time.
    """
    named = {each for each in accounts if each}
    if not named:
        return Team()
    known: KnownTeams = here.request.app.state.known_teams
    team = known.of(here.who.granted.access)
    if team is None or not named <= team.names.keys():
        team = await team_of(here)
        known.keep(here.who.granted.access, team)
    return team


class KnownTeams:
    """The teams of those who looked at their lists just now, by their access token.

    So a list that is looked through asks the sign-in once, and not for each of its pages. A token
    that was ended is taken by every other service until it expires (docs/decisions/0025), which is
    later than a team is forgotten here.
    """

    SECONDS = 30.0
    MOST = 1000

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, Team]] = {}

    def of(self, token: str) -> Team | None:
        """The team of whoever holds a token; None where it is not known, or was long ago."""
        until, team = self._known.get(token, (0.0, None))
        return team if until > time.monotonic() else None

    def keep(self, token: str, team: Team) -> None:
        """Know a team for a moment; nobody's, where the sign-in could not say."""
        now = time.monotonic()
        if len(self._known) >= self.MOST:
            self._known = {key: each for key, each in self._known.items() if each[0] > now}
        if team.names and len(self._known) < self.MOST:
            self._known[token] = now + self.SECONDS, team
