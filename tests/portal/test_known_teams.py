"""Names beside rows: asked once while a list is looked through, and nobody is asked for nothing."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from services.portal.cases.colleagues import KnownTeams, team_where

NADIA, OMAR = "a-1", "a-2"


class Place:
    """Somebody at a page; counts how often the sign-in is asked."""

    def __init__(self, known: KnownTeams, token: str, *names: str) -> None:
        self.who = SimpleNamespace(granted=SimpleNamespace(access=token))
        state = SimpleNamespace(known_teams=known)
        self.request = SimpleNamespace(app=SimpleNamespace(state=state))
        self.names = list(names)
        self.asked = 0

    async def look(self, path: str) -> Any:
        assert path == "/identity/people/colleagues"
        self.asked += 1
        return {"colleagues": [{"id": each, "name": each, "roles": []} for each in self.names]}

    def names_of(self, *accounts: str | None) -> list[str]:
        team = asyncio.run(team_where(self, *accounts))  # type: ignore[arg-type]
        return [team.name(each) for each in accounts]


def test_nobody_is_asked_where_nobody_is_named():
    here = Place(KnownTeams(), "t", NADIA)
    assert here.names_of(None, None) == ["", ""]
    assert here.asked == 0


def test_the_next_page_does_not_ask_again_and_a_newcomer_is_asked_for():
    here = Place(KnownTeams(), "t", NADIA)
    assert here.names_of(NADIA) == here.names_of(NADIA) == [NADIA]
    assert here.asked == 1
    here.names.append(OMAR)
    assert here.names_of(NADIA, OMAR) == [NADIA, OMAR]
    assert here.asked == 2


def test_a_team_is_known_for_those_who_saw_it_and_for_a_moment(monkeypatch: pytest.MonkeyPatch):
    known = KnownTeams()
    here, other = Place(known, "t", NADIA), Place(known, "u")
    here.names_of(NADIA)
    assert other.names_of(NADIA) == ["a colleague who is not listed here"]
    assert other.asked == 1
    later = time.monotonic() + KnownTeams.SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    here.names_of(NADIA)
    assert here.asked == 2
