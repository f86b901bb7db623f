"""The story of a case says who took it on, whom they asked, what was answered and how it ended."""

import re
from typing import Any
from uuid import uuid4

import pytest

from tests.portal.signing_in import (  # noqa: F401 - fixtures
    CASE,
    PAGE,
    Pages,
    at_the_right_time,
    with_pages,
)

CHOIR = str(uuid4())
SOMEBODY = str(uuid4())


def asked(state: str = "selected", **more: Any) -> dict[str, Any]:
    """A request to a choir."""
    return {
        "id": CHOIR, "kind": "provider", "status": "accepted", "business_status": state,
        "service_name": "Singing <together>", "reason": None, "note": None, "sharing": False,
        "service_withdrawn": None, "answered": None, "updated": "2026-03-05T10:00:00Z",
        "first_visit": None,
    } | more  # fmt: skip


def moved(*moves: tuple[str, str | None], by: str | None = SOMEBODY) -> list[dict[str, Any]]:
    """Moves, one each day, of somebody's account."""
    return [
        {"to": to, "task": task, "made": f"2026-03-{day:02}T10:00:00Z", "by": by}
        for day, (to, task) in enumerate(moves, 1)
    ]


def told(pages: Pages) -> list[str]:
    """What the page says that happened, without the moments."""
    page = pages.come(pages.browser(), pages.person("link-worker"), f"/cases/{CASE}").text
    story = page.partition("<h2>What happened</h2>")[2].partition("</ul>")[0]
    return [each.partition(": ")[2] for each in re.findall(r"<li>(.*?)</li>", story, re.DOTALL)]


GOING_ON = (
    ("create", CASE),
    ("triage-accepted", CASE),
    ("person-accepted", CASE),
    ("create", CHOIR),
    ("provider-asked", CASE),
    ("offered", CHOIR),
    ("place-found", CASE),
    ("selected", CHOIR),
    ("started", CHOIR),
)


def test_it_is_told_in_the_order_in_which_it_moved(pages: Pages, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(PAGE["case"], "moves", moved(*GOING_ON, ("hand-over", None)))
    monkeypatch.setitem(PAGE["case"], "tasks", [*PAGE["case"]["tasks"], asked()])
    assert told(pages) == [
        "the referral came",
        "taken on",
        "the person said yes to this help",
        "Singing &lt;together&gt; was asked",
        "Singing &lt;together&gt; offered a place",
        "the person chose Singing &lt;together&gt;",
        "handed over to another team",
    ]


def test_whoever_looks_for_something_else_does_not_say_yes_twice(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
):
    moves = moved(*GOING_ON[:5], ("provider-declined", CHOIR), ("person-accepted", CASE))
    monkeypatch.setitem(PAGE["case"], "moves", moves)
    monkeypatch.setitem(PAGE["case"], "tasks", [*PAGE["case"]["tasks"], asked("provider-declined")])
    lines = told(pages)
    assert lines.count("the person said yes to this help") == 1
    assert lines[-1] == "Singing &lt;together&gt; said no"


@pytest.mark.parametrize(
    ("answered", "said"),
    [
        ("2026-03-04T10:00:00Z", "answered, and no start was noted before the case was closed"),
        (None, "not answered when the case was closed"),
    ],
)
def test_a_request_that_ended_with_its_case_was_not_taken_back(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, answered: str | None, said: str
):
    triage = PAGE["case"]["tasks"][0] | {
        "status": "completed", "business_status": "closed", "updated": "2026-03-05T10:00:00Z"
    }  # fmt: skip
    ended = asked("cancelled", status="cancelled", reason="case-closed", answered=answered)
    monkeypatch.setitem(PAGE["case"], "tasks", [triage, ended])
    monkeypatch.setitem(PAGE["case"], "outcome", "completed")
    moves = moved(*GOING_ON[:4], ("selected", CHOIR), ("closed", CASE), ("cancelled", CHOIR))
    monkeypatch.setitem(PAGE["case"], "moves", moves)
    page = pages.come(pages.browser(), pages.person("link-worker"), f"/cases/{CASE}").text
    assert said in page
    assert "taken back" not in page
    assert "closed: They got what they came for, or go on by themselves" in page


def test_whoever_of_the_team_did_it_is_named_and_nobody_else(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
):
    worker = pages.person("link-worker")
    moves = moved(*GOING_ON[:4], by=str(worker.id)) + moved(*GOING_ON[5:8])
    monkeypatch.setitem(PAGE["case"], "moves", moves)
    monkeypatch.setitem(PAGE["case"], "tasks", [*PAGE["case"]["tasks"], asked()])
    page = pages.come(pages.browser(), worker, f"/cases/{CASE}").text
    assert " took it on" in page
    assert " asked Singing &lt;together&gt;" in page
    assert "Singing &lt;together&gt; was asked" not in page
