"""What a link worker is told to do next follows what was noted and what a service answered."""

from typing import Any

import pytest

from services.portal.cases.next_step import next_of

EVERYTHING = ["route", "accept", "person-accepts", "ask"]


def case(**what: Any) -> dict[str, Any]:
    return {"possible": EVERYTHING, "attempts": [], "waiting": []} | what


def request(state: str, name: str = "Choir") -> dict[str, Any]:
    return {
        "name": name,
        "state": f"in words {state}",
        "business_status": state,
        "choosable": state == "offered",
    }


TRIED, REACHED = {"reached": False}, {"reached": True}


@pytest.mark.parametrize(
    ("attempts", "said", "step"),
    [
        ([], "Reach them first", "contacts"),
        ([TRIED], "You tried once and did not reach them", "contacts"),
        ([TRIED, TRIED], "You tried 2 times", "contacts"),
        ([TRIED, REACHED], "Do they want this help?", "person-accepts"),
    ],
)
def test_a_noted_contact_changes_what_is_next(attempts: list[Any], said: str, step: str):
    found = next_of(case(attempts=attempts), "triage-accepted", [])
    assert found is not None
    assert said in found.said
    assert found.step == step


@pytest.mark.parametrize(
    ("state", "requests", "said", "step"),
    [
        ("person-accepted", [], "Look for something together", "find"),
        ("person-accepted", ["provider-declined"], "Choir: in words provider-declined", "find"),
        ("provider-asked", ["awaiting-answer"], "Choir was asked. You hear here", ""),
        ("provider-asked", ["waiting-list"], "Choir put them on the waiting list", "find"),
        ("provider-asked", ["waiting-list", "awaiting-answer"], "Choir was asked", ""),
        ("provider-asked", ["awaiting-answer", "offered"], "Choir can take them. Choose", ""),
        ("place-found", ["selected"], "Choir said yes. Tell the person", "contacts"),
        ("place-found", ["started"], "They go to Choir", "contacts"),
        ("place-found", ["completed"], "They finished at Choir", "close"),
        ("withdrawal-asked", ["started"], "The GP asked to take the referral back", "close"),
        ("new", [], "It waits for your team", "accept"),
        ("unrouted", [], "No team has it yet", "route"),
    ],
)
def test_an_answer_changes_what_is_next(state: str, requests: list[str], said: str, step: str):
    found = next_of(case(), state, [request(each) for each in requests])
    assert found is not None
    assert said in found.said
    assert found.step == step


@pytest.mark.parametrize(
    ("waiting", "step"),
    [([], "waiting"), ([{"opened": None}], ""), ([{"opened": "2026-11-29"}], "find")],
)
def test_a_gap_asks_what_they_wait_for_until_something_opens(waiting: list[Any], step: str):
    found = next_of(case(waiting=waiting), "nothing-fits", [])
    assert found is not None
    assert found.step == step


def test_nobody_is_offered_a_step_that_is_not_theirs():
    assert next_of(case(possible=["return"]), "new", []) is None
    assert next_of(case(), "closed", []) is None
