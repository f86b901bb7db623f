"""A case that has ended says how, and offers what is still possible; and what others may not open
says where they begin."""

import re
from typing import Any

import pytest

from services.portal.cases.steps import STEPS
from services.portal.staff.areas import AREAS, area_of
from services.portal.staff.first_pages import FIRST, NONE, first_page
from tests.portal.signing_in import (  # noqa: F401 - fixtures
    CASE,
    PAGE,
    Pages,
    at_the_right_time,
    with_pages,
)

AT = f"/cases/{CASE}"


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The case has ended."""
    triage: dict[str, Any] = {
        "status": "failed", "business_status": "not-reached", "updated": "2026-04-01T10:00:00Z"
    }  # fmt: skip
    monkeypatch.setitem(PAGE["case"], "outcome", "not-reached")
    monkeypatch.setitem(PAGE["case"], "tasks", [PAGE["case"]["tasks"][0] | triage])
    monkeypatch.setitem(PAGE, "record", {"contacts": [], "access_needs": []})


@pytest.mark.usefixtures("ended")
def test_it_says_how_it_ended_and_offers_no_next_step(pages: Pages):
    http = pages.browser()
    page = pages.come(http, pages.person(), AT)
    assert page.status_code == 200
    assert "How it ended" in page.text
    assert "We could not reach them, 1 April 2026." in page.text
    assert 'href="/take-down"' in page.text
    assert "What next?" not in page.text
    offered = set(re.findall(rf'href="{AT}/([^"]+)"', page.text))
    may = {name for name, step in STEPS.items() if step.after_end} | {"worries"}
    assert offered <= may


@pytest.mark.usefixtures("ended")
@pytest.mark.parametrize("step", ["find", "measures", "goals", "contacts", "complexity", "visits"])
def test_what_is_done_with_a_case_is_a_kind_page_there(pages: Pages, step: str):
    http = pages.browser()
    page = pages.come(http, pages.person(), f"{AT}/{step}")
    assert page.status_code == 409
    assert "<h1>This case has ended</h1>" in page.text
    assert f'href="{AT}"' in page.text
    assert 'href="/take-down"' in page.text
    assert 'href="/home"' in page.text


def test_each_area_has_its_own_words_for_what_is_not_there():
    assert "another hub" in str(area_of("/hub/calls").not_here)
    assert "another team" in str(area_of(f"{AT}/find").not_here)
    assert "another group" in str(area_of("/requests/1").not_here)
    assert "no such account" in str(area_of("/people/1").not_here)
    words = [str(each.not_here) for each in (*AREAS.values(), area_of("/figures/2001-q1"))]
    assert len(set(words)) == len(words)


def test_whoever_may_not_open_a_page_is_told_where_they_begin():
    assert first_page(("provider-staff", "provider")).at == "/requests"
    assert first_page(("team-lead", "link-worker")).at == "/cases"
    assert first_page(("link-worker", "coordinator")).at == "/cases"
    assert first_page(("bearer",)) is NONE
    assert len({each.role for each in FIRST}) == len(FIRST)
