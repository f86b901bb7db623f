"""Find and Ask on a running Kersey: whom a group is for, and what is taken away of own words."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.infrastructure.running import Running
from tests.journey.visitor import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def lead(running: Running) -> Iterator[Visitor]:
    """The lead of the Bradford link workers, who works on cases too."""
    with httpx.Client(base_url=running.url, timeout=120) as http:
        yield Visitor(http, "team-lead")


@pytest.fixture
def at(lead: Visitor, referred: str) -> str:
    """The address of a case that the team has taken on."""
    looked = lead.fill(lead.get("/cases/search"), words=referred.split()[1])
    (found,) = set(re.findall(r'href="(/cases/[0-9a-f-]{36})"', looked.text))
    lead.fill(lead.get(found))
    return str(found)


def test_a_group_for_some_alone_says_so_before_it_is_asked(lead: Visitor, at: str) -> None:
    """Nobody asked whom the group should be for: that it is for women is for the worker to see."""
    found = lead.fill(lead.get(f"{at}/find"), matters="circuits with a female instructor")
    part = next(
        each for each in found.text.split('<li class="kersey-service">') if "women only" in each
    )
    assert "For women only: check that this suits." in part
    assert "<li>for women only</li>" not in part.replace("women only: check", "")
    (asking,) = set(re.findall(rf'href="({at}/ask/[0-9a-f-]{{36}})', part))
    assert "For women only: check that this suits." in lead.get(asking).text


def test_what_nobody_understood_is_not_taken_away(lead: Visitor, at: str) -> None:
    lead.fill(lead.get(f"{at}/find"), matters="I sing")
    made_up = lead.force(f"{at}/found", without="activity/golf-on-the-moon")
    assert made_up.status_code >= 400
    assert "Take away" in lead.get(f"{at}/found").text
    assert "golf" not in lead.get(f"{at}/found").text
