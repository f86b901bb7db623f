"""What waits for a hub: calls, messages that failed and still matter, addresses that bounce."""

from uuid import uuid4

import pytest

from services.notifications.app import reports
from shared.messaging.events import ReferralAccepted, ReferralCancelled
from shared.messaging.outbox import Outbox
from tests.notifications.conftest import HUB, OTHER_HUB, PROVIDER
from tests.notifications.reports import bounce
from tests.notifications.test_api import ALL
from tests.notifications.test_cases import after

FAILURES = "/notifications/failures"
COUNTS = "/notifications/waiting"


@pytest.fixture
def coordinator(house):
    return house.verifier.add("coordinator", roles="coordinator", scopes=ALL, organisation=HUB)


@pytest.fixture
def elsewhere(house):
    return house.verifier.add("other", roles="coordinator", scopes=ALL, organisation=OTHER_HUB)


def failed(house, count=1):
    """Requests that nobody could be told of; their events."""
    events = [house.ask(case=uuid4(), task=uuid4()) for _ in range(count)]
    house.pass_time("11 minutes")
    house.send()
    return events


def test_what_failed_and_still_matters_is_listed_by_pages(client, house, coordinator, elsewhere):
    events = failed(house, 3)
    first = client.get(FAILURES, params={"count": 2}, headers=coordinator).json()["failures"]
    last = {"count": 2, "after": first[-1]["id"]}
    second = client.get(FAILURES, params=last, headers=coordinator).json()["failures"]
    assert [each["task"] for each in first + second] == [str(each.task) for each in events]
    assert (first[0]["reason"], first[0]["state"]) == ("no-contact", "failed")
    assert client.get(COUNTS, headers=coordinator).json()["failures"] == 3
    assert client.get(FAILURES, headers=elsewhere).json()["failures"] == []
    assert client.get(COUNTS, headers=elsewhere).json() == {
        "calls": 0, "failures": 0, "unusable": 0, "sheets": 0,
    }  # fmt: skip
    assert client.get(FAILURES, params=last, headers=elsewhere).status_code == 422
    house.happens(after(events[0], ReferralCancelled, reason="other"))
    house.happens(after(events[1], ReferralAccepted))
    (left,) = client.get(FAILURES, headers=coordinator).json()["failures"]
    assert left["task"] == str(events[2].task), "what was overtaken waits for nobody"


def test_a_call_is_read_by_its_own_hub_alone(client, house, coordinator, elsewhere):
    house.contact(means="phone", address="01422 496 0123", label="Ring before noon")
    house.ask()
    (call,) = client.get("/notifications/calls", headers=coordinator).json()["calls"]
    where = f"/notifications/calls/{call['id']}"
    assert client.get(where, headers=coordinator).json() == call
    assert client.get(where, headers=elsewhere).status_code == 404
    assert client.get(COUNTS, headers=coordinator).json()["calls"] == 1
    client.post(f"{where}/done", headers=coordinator)
    assert client.get(where, headers=coordinator).status_code == 404
    beyond = {"after": call["id"]}
    assert client.get("/notifications/calls", params=beyond, headers=coordinator).status_code == 422


def test_an_address_that_bounces_is_listed_for_its_hub(client, house, coordinator, elsewhere):
    house.contact(verified_by_hub=True)
    house.ask()
    house.send()
    (key,) = house.rows("id")
    reports(house.settings, house.engine, Outbox("kersey/notifications", house.wake)).take(
        bounce(key)
    )
    where = "/notifications/unusable-addresses"
    (shown,) = client.get(where, headers=coordinator).json()["contacts"]
    assert (shown["party"], shown["address"]) == (str(PROVIDER), "desk@clay.example.org")
    counts = client.get(COUNTS, headers=coordinator).json()
    assert (counts["unusable"], counts["failures"]) == (1, 1)
    assert client.get(where, headers=elsewhere).json()["contacts"] == []
    one = f"/notifications/contacts/{PROVIDER}/{shown['id']}"
    assert client.get(one, headers=coordinator).json()["unusable_for"] == "bounce-5.1.1"
    assert client.get(one, headers=elsewhere).status_code == 404
    nobody = f"/notifications/contacts/calder/{shown['id']}"
    assert client.get(nobody, headers=coordinator).status_code == 404
    reads = house.verifier.add("w", roles="link-worker", scopes="notifications.read")
    assert client.get(where, headers=reads).status_code == 403
