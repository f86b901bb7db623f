"""What happened on a case reads in the order in which it did."""

from typing import Any

import pytest

from tests.portal.signing_in import (  # noqa: F401 - fixtures
    CASE,
    PAGE,
    Pages,
    at_the_right_time,
    with_pages,
)


def test_what_has_a_day_alone_follows_what_has_a_time_of_that_day(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
):
    tried = {"reached": True, "how": "phone", "minutes": None, "made_by": CASE}
    made = [{**tried, "made": f"2026-03-0{day}T10:00:00Z"} for day in (2, 3)]
    came = {"day": "2026-03-02", "task": CASE, "action": "attend"}
    monkeypatch.setitem(PAGE["case"], "attempts", made)
    monkeypatch.setitem(PAGE["case"], "activities", [came])
    page = pages.come(pages.browser(), pages.person("link-worker"), f"/cases/{CASE}")
    story = page.text.partition("<h2>What happened</h2>")[2].partition("</ul>")[0]
    days = [each.strip().partition(",")[0] for each in story.split("<li>")[1:]]
    assert [day[:1] for day in days] == ["2", "2", "3"], story
    assert ["reached" in each for each in story.split("<li>")[1:]] == [True, False, True]


def test_it_names_who_of_the_team_reached_them_and_who_wrote_a_note(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
):
    person = pages.person("link-worker")
    mine, system = str(person.id), "a-system-of-the-team"
    at = "2026-03-02T10:00:00Z"
    tried: dict[str, Any] = {"how": "phone", "minutes": 5, "made": at}
    told: dict[str, Any] = {"service": CASE, "service_name": "Choir", "made": at}
    goal: dict[str, Any] = {
        "id": CASE, "words": "To walk", "by_when": None, "state": "open", "came": "",
        "recorded": at, "recorded_by": mine, "settled": None, "actions": [],
    }  # fmt: skip
    review = {"id": CASE, "day": "2026-03-02", "days_since_first_contact": 0, "wanted": "Company",
              "filled_in": "person", "how": "phone", "language": "", "changed": "", "harm": "",
              "recorded_by": mine, "measures": []}  # fmt: skip
    level = {"level": "intensive", "because": "Much at once", "set": at, "set_by": mine}
    talk = {"because": "Stuck", "asked": at, "asked_by": mine, "talked": at, "came": "Go together.",
            "talked_by": system}  # fmt: skip
    plan: dict[str, Any] = {
        "next": {"step": "Ring about the choir", "on": None, "noted_by": system},
        "scales": [], "reviews": [review], "goals": [goal],
        "care": {"complexity": [level], "visiting": None, "supervision": [talk]},
    }  # fmt: skip
    case = PAGE["case"]
    contacts = [tried | {"reached": True, "made_by": mine}]
    contacts += [tried | {"reached": False, "made_by": each} for each in (mine, system)]
    monkeypatch.setitem(case, "attempts", contacts)
    monkeypatch.setitem(case, "signposts", [told | {"made_by": each} for each in (mine, system)])
    monkeypatch.setitem(PAGE, "plan", plan)
    browser = pages.browser()
    page = pages.come(browser, person, f"/cases/{CASE}").text
    for line in (
        "10:00: Amina Khan reached them by phone, 5 minutes",
        "10:00: Amina Khan tried to reach them by phone, 5 minutes",
        "10:00: tried to reach by phone, 5 minutes",
        "10:00: Amina Khan told them of Choir",
        "10:00: told of Choir",
        "Much at once (Amina Khan)",
        "talked about. Stuck (Amina Khan) Go together.<",
        "You noted: <strong>Ring about the choir</strong>",
    ):
        assert line in page, line
    assert page.count("Noted by Amina Khan.") == 2, "what they want, and how they are"
    colleague = {"next": plan["next"] | {"noted_by": str(pages.person("link-worker").id)}}
    monkeypatch.setitem(PAGE, "plan", plan | colleague)
    page = browser.get(f"/cases/{CASE}").text
    assert "Amina Khan noted: <strong>Ring about the choir</strong>" in page
