"""Providers are asked each week how much room they have, and what they say by a link is taken."""

import threading
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.providers.capacity_asking import ask
from services.providers.rounds import rounds
from services.providers.settings import ProvidersSettings
from tests.providers.conftest import NOW, House, settings
from tests.providers.listings import OTHER, OWNER, key, service

WEEK = timedelta(days=7)
AT = f"/directory/services/{key('Choir')}/capacity-answers"
KERSEY: dict[str, Any] = {"roles": ("service",), "scope": "directory.capacity"}


def refers(name: str, **more: Any) -> Any:
    """A service that takes named referrals."""
    evidence = [
        {"kind": kind, "seen": "2026-01-01"}
        for kind in ("sharing-agreement", "privacy-contact", "safeguarding-lead")
    ]
    return service(name, kersey={"tier": 2, "evidence": evidence}, **more)


def asked(house: House, start: int) -> list[tuple[str, list[str]]]:
    """Who was asked of which services."""
    events = [each for each in house.events(after=start) if each["type"].endswith("asked.v1")]
    return [(each["data"]["provider"], each["data"]["services"]) for each in events]


def said(house: House) -> dict[str, Any]:
    found: dict[str, Any] = house.get(f"/directory/listings/{key('Choir')}")["kersey"]["capacity"]
    return found


def answer(house: House, state: str, *, provider: Any = OWNER, **more: Any) -> Any:
    body = {"provider": str(provider), "state": state, "contact": str(uuid4())}
    return house.send("POST", AT, body, **(KERSEY | more))


# --- asking ----------------------------------------------------------------------------------


def test_a_provider_is_asked_once_a_week_of_what_nobody_said_lately(house: House):
    house.load(
        refers("Choir"),
        refers("Drums", capacity={"state": "full"}),
        refers("Flutes", capacity={"state": "full", "expires": NOW + timedelta(days=90)}),
        service("Only listed"),
    )
    start = house.position()
    assert [ask(house.directory, WEEK) for _ in range(2)] == [1, 0]
    assert asked(house, start) == [(str(OWNER), [str(key("Choir"))])]
    house.now = NOW + timedelta(days=6)
    assert ask(house.directory, WEEK) == 0
    house.now = NOW + timedelta(days=7)
    start = house.position()
    assert ask(house.directory, WEEK) == 1
    assert asked(house, start) == [(str(OWNER), [str(key(name)) for name in ("Choir", "Drums")])]
    assert house.events(after=start)[-1]["sequence"].startswith("000000000000002.")


def test_whoever_has_nothing_to_say_is_not_asked(house: House):
    house.load(service("Only listed"), refers("Choir"))
    house.send("POST", f"/directory/services/{key('Choir')}/withdraw", {"reason": "x"})
    house.load(refers("Closed", status="temporarily closed"))
    assert ask(house.directory, WEEK) == 0
    assert house.count("capacity_asked") == 0


def test_many_that_ask_at_once_ask_once(house: House):
    house.load(refers("Choir"))
    start = house.position()
    threads = [threading.Thread(target=ask, args=(house.directory, WEEK)) for _ in range(5)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(asked(house, start)) == 1


@pytest.mark.parametrize(("days", "asks"), [(7, True), (0, False)])
def test_the_operator_says_how_often_or_never(house: House, days: int, asks: bool):
    given: ProvidersSettings = settings("postgresql://unused")
    made = rounds(house.directory, given.model_copy(update={"capacity_ask_days": days}))
    assert ("asking" in made) is asks


# --- answers by a link -----------------------------------------------------------------------


@pytest.mark.parametrize("state", ["taking", "waiting-list", "full", "ask-first"])
def test_each_of_the_four_answers_is_taken_and_lasts(house: House, state: str):
    house.load(refers("Choir"))
    start = house.position()
    told = answer(house, state)
    assert told["state"] == state == said(house)["state"]
    (event,) = house.events(after=start)
    assert event["type"] == "kersey.directory.capacity.changed.v1"
    assert event["data"]["state"] == state
    assert said(house)["expires"] == "2026-12-21T09:30:00.000Z"


def test_the_same_answer_again_keeps_the_numbers_and_another_drops_them(house: House):
    house.load(refers("Choir", capacity={"state": "taking", "places": 3, "keeps_list": True}))
    answer(house, "taking")
    assert (said(house)["places"], said(house)["keeps_list"]) == (3, True)
    answer(house, "full")
    assert "places" not in said(house)
    answer(house, "taking")
    assert "places" not in said(house)


def test_an_answer_about_what_is_not_the_providers_any_more_changes_nothing(house: House):
    house.load(refers("Choir", capacity={"state": "taking"}))
    start = house.position()
    answer(house, "full", provider=OTHER, status=410)
    answer(house, "unknown", status=422)
    answer(house, "full", roles=("provider",), organisation=OWNER, status=403)
    answer(house, "full", scope="directory.write", status=403)
    assert house.client.post(AT, json={}).status_code == 401
    gone = AT.replace(str(key("Choir")), str(key("None")))
    body = {"provider": str(OWNER), "state": "full", "contact": str(uuid4())}
    house.send("POST", gone, body, status=404, **KERSEY)
    assert house.events(after=start) == []
    house.send("POST", f"/directory/services/{key('Choir')}/withdraw", {"reason": "x"})
    answer(house, "full", status=410)
