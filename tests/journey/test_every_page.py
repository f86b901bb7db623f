"""Every page that a case offers opens, in each state of the demo, for each who works on it."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.infrastructure.running import Running
from tests.journey.visitor import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

LISTS = ("all", "new", "unrouted", "ended", "gp", "opened", "answer")


def cases_of(visitor: Visitor) -> set[str]:
    """The cases on any of the lists."""
    found: set[str] = set()
    for show in LISTS:
        page = visitor.get(f"/cases?show={show}")
        assert page.status_code == 200, show
        found |= set(re.findall(r'href="(/cases/[0-9a-f-]{36})"', page.text))
    return found


@pytest.fixture
def http(running: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=running.url, timeout=60) as made:
        yield made


@pytest.fixture(params=["team-lead", "hub-coordinator"])
def visitor(request: pytest.FixtureRequest, http: httpx.Client) -> Visitor:
    """Somebody who works on cases; a code is good once, so there is one coordinator for all."""
    if request.param == "hub-coordinator":
        coordinator: Visitor = request.getfixturevalue("coordinator")
        return coordinator
    return Visitor(http, request.param)


def test_every_page_that_a_case_offers_opens(visitor: Visitor) -> None:
    cases = cases_of(visitor)
    assert len(cases) >= 10, "the demo has cases in every state"
    broken = []
    for case in cases:
        page = visitor.get(case)
        assert page.status_code == 200
        assert "cannot be shown just now" not in page.text
        for link in set(re.findall(rf'href="({case}/[^"]+)"', page.text)):
            opened = visitor.get(link)
            if opened.status_code != 200:
                broken.append((link, opened.status_code))
    assert broken == []


@pytest.mark.parametrize("role", ["commissioner", "researcher", "administrator", "care-navigator"])
def test_whoever_works_on_no_case_sees_none(http: httpx.Client, role: str) -> None:
    visitor = Visitor(http, role)
    assert "There are no pages for your role yet" in visitor.first.text
    assert visitor.get("/cases").status_code == 403
    assert visitor.get("/requests").status_code == 403
    assert visitor.get("/hub").status_code == 403
