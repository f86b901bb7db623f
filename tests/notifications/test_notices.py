"""Notices in the pages: for the staff of the organisation, read by each for themself, followed."""

import json
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.notifications.domain import Role
from shared.messaging.events import ReferralDeclined, ReferralUnrouted
from tests.notifications.conftest import HUB, OTHER_HUB, PROVIDER, SERVICE, TEAM, House

AT = "/notifications/notices"


def staff(house: House, name: str, organisation: UUID = PROVIDER, role: str = "provider") -> Any:
    return house.verifier.add(
        name, roles=role, scopes="notifications.notices", organisation=organisation
    )


@pytest.fixture
def anna(house: House) -> Any:
    return staff(house, "anna")


@pytest.fixture
def told(house: House) -> Any:
    """A provider that has its notices in the pages, and two requests."""
    house.contact(means="inbox", address="pages")
    events = [house.ask(), house.ask()]
    house.send()
    return events


def test_what_a_message_would_say_stands_in_the_pages_newest_first(
    house: House, client: httpx.Client, told: Any, anna: Any
):
    assert house.rows("channel", "state") == [("inbox", "delivered")] * 2
    found = client.get(AT, headers=anna).json()
    assert found["unread"] == 2
    assert [each["task"] for each in found["notices"]] == [str(each.task) for each in told[::-1]]
    assert found["notices"][0]["subject"] == "A new referral waits for you"
    assert found["notices"][0]["to"] == "provider"


def test_each_reads_for_themself(house: House, client: httpx.Client, told: Any, anna: Any):
    ben = staff(house, "ben")
    newest = client.get(AT, headers=anna).json()["notices"][0]
    for _ in range(2):
        answer = client.post(f"{AT}/{newest['id']}/read", headers=anna)
        assert answer.status_code == 204
    found = client.get(AT, headers=anna).json()
    assert found["unread"] == 1
    assert [each["read"] for each in found["notices"]] == [True, False]
    assert client.get(AT, headers=ben).json()["unread"] == 2


def test_all_are_read_that_were_on_the_page_and_none_that_came_since(
    house: House, client: httpx.Client, told: Any, anna: Any
):
    seen = client.get(AT, headers=anna).json()["notices"][0]["position"]
    house.ask()
    house.send()
    assert client.post(f"{AT}/read", json={"until": seen}, headers=anna).status_code == 204
    found = client.get(AT, headers=anna).json()
    assert [each["read"] for each in found["notices"]] == [False, True, True]


def test_they_come_in_pages(house: House, client: httpx.Client, told: Any, anna: Any):
    first = client.get(f"{AT}?count=1", headers=anna).json()["notices"]
    after = client.get(f"{AT}?before={first[0]['position']}", headers=anna).json()["notices"]
    assert [each["task"] for each in first + after] == [str(e.task) for e in told[::-1]]


def test_nobody_sees_or_marks_anothers(house: House, client: httpx.Client, told: Any, anna: Any):
    key = client.get(AT, headers=anna).json()["notices"][0]["id"]
    other = staff(house, "other", organisation=uuid4())
    assert client.get(AT, headers=other).json() == {"unread": 0, "notices": []}
    assert client.post(f"{AT}/{key}/read", headers=other).status_code == 404
    client.post(f"{AT}/read", json={"until": 10**9}, headers=other)
    assert client.get(AT, headers=anna).json()["unread"] == 2
    nothing = house.verifier.add("n", roles="provider", scopes="notifications.read")
    assert client.get(AT, headers=nothing).status_code == 403
    assert client.get(f"{AT}/stream", headers=nothing).status_code == 403
    assert client.get(AT).status_code == 401


def test_a_coordinator_sees_the_hubs_and_no_other_hub_does(house: House, client: httpx.Client):
    house.contact(party="calder", role=Role.COORDINATOR.value, means="inbox", address="pages")
    house.happens(ReferralUnrouted(case=uuid4(), service_request=uuid4(), hub="calder", reason="x"))
    house.send()
    of_hub = staff(house, "c", HUB, "coordinator")
    (found,) = client.get(AT, headers=of_hub).json()["notices"]
    assert found["kind"] == "unrouted"
    assert found["to"] == "hub"
    for other in (staff(house, "o", OTHER_HUB, "coordinator"), staff(house, "l", HUB, "provider")):
        assert client.get(AT, headers=other).json()["notices"] == []


def test_a_team_sees_its_own(house: House, client: httpx.Client):
    house.contact(party=str(TEAM), role=Role.TEAM.value, means="inbox", address="pages")
    house.happens(
        ReferralDeclined(
            case=uuid4(), task=uuid4(), service=SERVICE, provider=PROVIDER, team=TEAM, reason="full"
        )
    )
    house.send()
    (found,) = client.get(AT, headers=staff(house, "l", TEAM, "link-worker")).json()["notices"]
    assert (found["kind"], found["to"]) == ("declined", "team")


def test_no_notice_holds_personal_data(house: House, client: httpx.Client, told: Any, anna: Any):
    text = client.get(AT, headers=anna).text
    assert "Testina" not in text
    assert "desk@" not in text


@pytest.mark.parametrize("wrong", ["before=-1", "count=0", "count=101", "before=x"])
def test_what_is_asked_wrongly_is_refused(client: httpx.Client, anna: Any, wrong: str):
    answer = client.get(f"{AT}?{wrong}", headers=anna)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def events(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """Server-sent events as a browser reads them: fields until an empty line."""
    found: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if not line and "event" in found:
            yield found
        if not line:
            found = {}
        elif name:
            found[name] = value.removeprefix(" ")


def test_a_stream_says_at_once_how_many_are_unread_and_when_that_changes(
    house: House, client: httpx.Client, told: Any, anna: Any
):
    def later() -> None:
        time.sleep(0.5)
        house.ask()
        house.send()

    with client.stream("GET", f"{AT}/stream", headers=anna) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        found = events(answer.iter_lines())
        assert json.loads(next(found)["data"]) == {"unread": 2}
        thread = threading.Thread(target=later)
        thread.start()
        changed = next(found)
        thread.join()
    assert json.loads(changed["data"]) == {"unread": 3}


def test_whoever_comes_back_hears_only_what_is_new_since(
    house: House, client: httpx.Client, told: Any, anna: Any
):
    with client.stream("GET", f"{AT}/stream", headers=anna) as answer:
        seen = next(events(answer.iter_lines()))["id"]

    def read_one() -> None:
        time.sleep(0.5)
        key = httpx.get(f"{client.base_url}{AT}", headers=anna, timeout=60).json()["notices"][0][
            "id"
        ]
        httpx.post(f"{client.base_url}{AT}/{key}/read", headers=anna, timeout=60)

    thread = threading.Thread(target=read_one)
    thread.start()
    with client.stream("GET", f"{AT}/stream", headers=anna | {"last-event-id": seen}) as answer:
        first = next(events(answer.iter_lines()))
    thread.join()
    assert json.loads(first["data"]) == {"unread": 1}, "nothing was said of the two"
