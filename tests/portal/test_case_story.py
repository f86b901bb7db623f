"""What happened in a case, in words: which service saw who the person is, and no codes."""

import tomllib
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from services.portal.answer import needs_of
from services.portal.cases.people import asked_of
from services.portal.front_door.words import NEEDS
from tests.portal.signing_in import (  # noqa: F401 - fixtures
    CASE,
    PAGE,
    Pages,
    at_the_right_time,
    with_pages,
)

NOON = "2026-03-02T12:00:00Z"


@pytest.fixture
def choir(monkeypatch: pytest.MonkeyPatch) -> str:
    """A request to a choir, in the case that the pages' tests have."""
    task = str(uuid4())
    asked: dict[str, Any] = {
        "id": task,
        "kind": "provider",
        "status": "accepted",
        "business_status": "selected",
        "service_name": "Singing <together>",
        "reason": None,
        "note": None,
        "sharing": True,
        "service_withdrawn": None,
        "answered": None,
        "updated": NOON,
        "first_visit": None,
    }
    case: dict[str, Any] = PAGE["case"]
    monkeypatch.setitem(case, "tasks", [*case["tasks"], asked])
    return task


RECORD: dict[str, Any] = {
    "version": 1,
    "stops": [],
    "contacts": [],
    "access_needs": [],
    "equality": [],
    "consents": {"lawful_basis": {}, "sharing": [], "wider": []},
    "merges": [],
}
"""Of a person of whom nothing was recorded."""


def test_it_says_each_time_that_the_person_agreed_to_share_and_how(
    pages: Pages, choir: str, monkeypatch: pytest.MonkeyPatch
):
    now = {
        "task": choir, "provider": str(uuid4()), "items": ["access-needs", "name"],
        "how": "written", "given": "2026-03-04T12:00:00Z", "expires": None,
        "used": "2026-03-04T12:00:00Z", "recorded_by": "x", "withdrawn": "2026-03-06T12:00:00Z",
        "before": [
            {"how": "verbal", "given": NOON, "expires": "2026-03-05T12:00:00Z", "used": NOON,
             "recorded_by": "x", "ended": "2026-03-04T12:00:00Z"},
        ],
    }  # fmt: skip
    nothing = now | {"items": [], "before": [], "withdrawn": None}
    consents = {**RECORD["consents"], "sharing": [now, nothing]}
    monkeypatch.setitem(PAGE, "record", {**RECORD, "consents": consents})
    page = pages.come(pages.browser(), pages.person(), f"/cases/{CASE}").text
    lines = (
        "until 5 March 2026: access needs, name (they said so)",
        "12:00: agreed to share with Singing &lt;together&gt;: access needs, name (they wrote it)",
        "12:00: does not want to share with Singing &lt;together&gt; any more",
    )
    places = [page.index(line) for line in lines]
    assert places == sorted(places)
    assert page.count("agreed to share with") == 2


def test_it_says_which_service_saw_who_the_person_is_and_how(
    pages: Pages, choir: str, monkeypatch: pytest.MonkeyPatch
):
    seen = [
        {"task": task, "viewed": NOON, "viewer": "x", "step": step}
        for task, step in (
            (choir, "account"),
            (choir, "one-time-code"),
            (str(uuid4()), "account"),
        )
    ]
    monkeypatch.setitem(PAGE["case"], "identity_views", seen)
    started = {"task": choir, "action": "start", "day": "2026-03-03"}
    monkeypatch.setitem(PAGE["case"], "activities", [started])
    page = pages.come(pages.browser(), pages.person(), f"/cases/{CASE}").text
    name = "Singing &lt;together&gt;"
    assert f"{name} saw who the person is, signed in with an account" in page
    assert f"{name} saw who the person is, with a code sent to them" in page
    assert "a service that is not listed any more saw who the person is" in page
    assert f"3 March 2026: {name}: " in page


@pytest.mark.parametrize(
    ("code", "said", "words"),
    [
        ("low-mood", "low mood", "Feeling low"),
        ("low-mood", "Low mood", "Feeling low"),
        ("low-mood", "", "Feeling low"),
        ("isolation-language", "Isolation language", "Being cut off by not sharing a language"),
        ("isolation-language", "", "Being cut off by not sharing a language"),
        ("low-mood", "sad since May", "Sad since May"),
    ],
)
def test_a_need_reads_the_same_to_whoever_reads_it(code: str, said: str, words: str):
    coding = {"code": code} | ({"display": said} if said else {})
    asked = asked_of({"reasonCode": [{"coding": [coding]}]})
    assert [str(each) for _, each in asked.needs] == [words]
    assert needs_of({"need": {"codes": [coding]}}) == [words]


def test_every_need_of_the_directory_can_be_chosen_in_plain_words():
    taxonomy = Path(__file__).parents[2] / "services/providers/taxonomies/need.toml"
    codes = {each["code"] for each in tomllib.loads(taxonomy.read_text("utf-8"))["term"]}
    assert codes == NEEDS.keys()
