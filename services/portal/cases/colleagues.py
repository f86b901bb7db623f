"""Who else is in the team: for names beside what they have, and to give cases to."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.portal.staff.place import Place

LEADS = "team-lead"
WORKS = frozenset({"link-worker", LEADS})
"""Roles of those to whom a case can be given."""


@dataclass(frozen=True)
class Team:
    """The colleagues of whoever is signed in.

    Attributes:
        names: by account, of everybody of the organisation.
        workers: by account, of those who work on cases.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    workers: Mapping[str, str] = field(default_factory=dict)

    def name(self, account: str | None) -> str:
        """Whose account it is; empty for nobody's."""
        if not account:
            return ""
        return self.names.get(account, "a colleague who is not listed here")


async def team_of(here: Place) -> Team:
    """The team, empty of names where the sign-in cannot say who is in it.

    Another issuer than Kersey's own may not know; then cases are allocated through the API.
    """
    told = await here.look("/identity/people/colleagues")
    found = (told or {}).get("colleagues", ())
    return Team(
        {each["id"]: each["name"] for each in found},
        {each["id"]: each["name"] for each in found if WORKS & set(each["roles"])},
    )
