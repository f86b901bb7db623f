"""What a link worker says of a request that runs: not on that day, or not at all any more."""

import re
from collections.abc import Iterator
from datetime import date

import httpx
import pytest

from tests.infrastructure.running import Running
from tests.journey.visitor import Visitor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def worker(running: Running) -> Iterator[Visitor]:
    """A lead of the Bradford link workers, who works on cases too."""
    with httpx.Client(base_url=running.url, timeout=120) as http:
        yield Visitor(http, "team-lead")


def first(worker: Visitor, step: str) -> str:
    """Where the first of the team's requests that has it takes a step."""
    for case in sorted(worker.cases()):
        found = re.search(rf'href="(/cases/[^"]+/requests/[^"]+/{step})"', worker.get(case).text)
        if found:
            return found[1]
    raise AssertionError(step)


def test_a_day_is_called_off_once_it_is_said_which(worker: Visitor) -> None:
    at = first(worker, "called-off")
    missing = worker.fill(worker.get(at))
    assert (missing.status_code, "Type the day" in missing.text) == (422, True)
    today = date.today()  # noqa: DTZ011 - the day on which the demo runs
    day = {"day-day": str(today.day), "day-month": str(today.month), "day-year": str(today.year)}
    told = worker.fill(missing, **day)
    assert told.status_code == 200
    assert "done=called-off" in str(told.url)


def test_a_request_is_taken_back_once_it_is_said_why(worker: Visitor) -> None:
    at = first(worker, "cancel")
    missing = worker.fill(worker.get(at))
    assert (missing.status_code, "Choose why you take it back" in missing.text) == (422, True)
    told = worker.fill(missing, reason="asked-by-mistake")
    assert told.status_code == 200
    assert "done=cancel" in str(told.url)
