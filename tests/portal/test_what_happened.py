"""What happened on a case reads in the order in which it did."""

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
    tried = {"reached": True, "how": "phone", "minutes": None, "next_step": "", "next_on": None}
    made = [{**tried, "made": f"2026-03-0{day}T10:00:00Z"} for day in (2, 3)]
    came = {"day": "2026-03-02", "task": CASE, "action": "attend"}
    monkeypatch.setitem(PAGE["case"], "attempts", made)
    monkeypatch.setitem(PAGE["case"], "activities", [came])
    page = pages.come(pages.browser(), pages.person("link-worker"), f"/cases/{CASE}")
    story = page.text.partition("<h2>What happened</h2>")[2].partition("</ul>")[0]
    days = [each.strip().partition(",")[0] for each in story.split("<li>")[1:]]
    assert [day[:1] for day in days] == ["2", "2", "3"], story
    assert ["reached" in each for each in story.split("<li>")[1:]] == [True, False, True]
