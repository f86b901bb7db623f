"""Who cannot be reached yet is told as soon as there is a contact; the failure is told later."""

import threading
from uuid import uuid4

import pytest

from services.notifications.handlers.waiting import FOUND
from shared.messaging.events import (
    NotificationFailed,
    ProviderPublished,
    ReferralAccepted,
    ReferralCancelled,
    ReferralDeclined,
    ReferralHandedOver,
    ServicePublished,
)
from tests.notifications.conftest import HUB, PROVIDER, SERVICE, TEAM, requested
from tests.notifications.test_answers import LINK, read
from tests.notifications.test_api import ALL, contact_body
from tests.notifications.test_cases import after

LISTING = {"email": "hello@clay.example.org"}


@pytest.fixture
def coordinator(house):
    return house.verifier.add("coordinator", roles="coordinator", scopes=ALL, organisation=HUB)


@pytest.fixture
def provider(house):
    return house.verifier.add("provider", roles="provider", scopes=ALL, organisation=PROVIDER)


def put(client, who, key=None, **body):
    where = f"/notifications/contacts/{PROVIDER}/{key or uuid4()}"
    answer = client.put(where, headers=who, json=contact_body(**body))
    assert answer.status_code == 200, answer.text


def give_up(house):
    house.pass_time("11 minutes")
    house.send()


def test_nothing_is_said_to_have_failed_before_the_grace_period_ends(house):
    house.ask()
    house.pass_time("9 minutes")
    house.send()
    assert house.rows("channel", "state") == [("none", "queued")]
    assert house.told() == []
    give_up(house)
    assert [type(each) for each in house.told()] == [NotificationFailed]


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    "listed",
    [
        ProviderPublished(provider=PROVIDER, listing=LISTING),
        ServicePublished(service=SERVICE, provider=PROVIDER, listing=LISTING),
    ],
)
def test_a_listing_that_comes_later_takes_the_request_along(house, listed, late):
    house.ask()
    if late:
        give_up(house)
    house.happens(listed)
    house.send()
    assert house.rows("channel", "state", "last_error") == [
        ("none", "superseded", FOUND),
        ("email", "delivered", None),
    ]
    assert len(house.mails()) == 1


def test_a_contact_that_is_set_later_takes_the_request_along(client, house, coordinator):
    house.ask()
    give_up(house)
    put(client, coordinator)
    put(client, coordinator, address="second@clay.example.org")
    house.send()
    assert [mail["To"] for mail in house.mails()] == ["desk@clay.example.org"]


@pytest.mark.parametrize("over", [(ReferralCancelled, {"reason": "other"}), (ReferralAccepted, {})])
def test_what_no_longer_matters_is_not_taken_along(house, over):
    event = house.ask()
    give_up(house)
    kind, more = over
    house.happens(after(event, kind, **more))
    house.happens(ProviderPublished(provider=PROVIDER, listing=LISTING))
    assert house.rows("channel", "state") == [("none", "failed")]


def test_a_request_taken_back_within_the_grace_period_has_not_failed(house):
    event = house.ask()
    house.happens(after(event, ReferralCancelled, reason="other"))
    give_up(house)
    assert house.rows("state", "last_error") == [("superseded", "cancelled")]
    assert house.told() == []


def test_a_contact_that_nobody_saw_coming_is_found_when_the_grace_period_ends(house):
    house.ask()
    house.contact()  # as if committed at the same moment as the request
    give_up(house)
    assert house.rows("channel", "state") == [("none", "superseded"), ("email", "delivered")]
    assert all(not isinstance(each, NotificationFailed) for each in house.told())


def test_a_contact_that_comes_while_the_failure_is_written_is_told(house):
    house.ask()
    house.pass_time("11 minutes")
    worker = house.worker()
    (claimed,) = worker._ledger.claim(1)
    house.happens(ProviderPublished(provider=PROVIDER, listing=LISTING))
    worker._deliver(claimed)
    assert house.rows("channel", "state") == [("none", "superseded"), ("email", "queued")]
    assert house.told() == []


def test_contacts_and_requests_that_come_at_once_leave_nobody_waiting(house):
    events = [requested() for _ in range(4)]
    listings = [
        ServicePublished(service=service, provider=PROVIDER, listing=LISTING)
        for service in (SERVICE, uuid4(), uuid4())
    ]
    threads = [threading.Thread(target=house.happens, args=[each]) for each in events + listings]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    give_up(house)
    told = house.rows("task", channel="email", state="delivered")
    assert set(told) >= {event.task for event in events}


@pytest.fixture
def accepted(house):
    """A request that its provider accepted by a link sent to a verified address."""
    key = house.contact(verified_by_hub=True)
    event = house.ask()
    house.send()
    house.happens(after(event, ReferralAccepted), sequence=2)
    return key


def test_the_hub_cannot_send_the_link_of_an_accepted_request_elsewhere(
    client, house, coordinator, accepted
):
    other = house.ask()
    house.send()
    put(client, coordinator, accepted, address="new@clay.example.org", verified_by_hub=True)
    house.send()
    assert house.scalar("select count(*) from answer_link where revoked is not null") == 2
    assert house.rows("task", address="new@clay.example.org") == [other.task]


def test_a_listing_cannot_send_the_link_of_an_accepted_request_elsewhere(house):
    house.happens(ProviderPublished(provider=PROVIDER, listing=LISTING))
    event = house.ask()
    house.send()
    house.happens(after(event, ReferralAccepted), sequence=2)
    moved = {"email": "new@clay.example.org"}
    house.happens(ProviderPublished(provider=PROVIDER, listing=moved), sequence=2)
    house.send()
    assert [mail["To"] for mail in house.mails()] == ["hello@clay.example.org"]


def test_the_party_itself_gets_its_link_but_no_code_before_its_hub_verified_the_address(
    client, house, coordinator, provider, accepted
):
    put(client, provider, accepted, address="new@clay.example.org")
    house.send()
    token = read(LINK, house.mails()[-1])
    opened = client.post("/notifications/answer-links/exchange", json={"token": token}).json()
    session = {"kersey-answer-session": opened["session"]}
    assert client.post("/notifications/answer/code", headers=session).status_code == 403
    put(client, coordinator, accepted, address="new@clay.example.org", verified_by_hub=True)
    assert client.post("/notifications/answer/code", headers=session).status_code == 202


@pytest.mark.parametrize("handed_over", [False, True])
def test_a_team_that_has_the_case_no_more_is_not_told_of_it_later(
    house, client, coordinator, handed_over
):
    event = requested()
    house.happens(after(event, ReferralDeclined, reason="full"))
    give_up(house)
    if handed_over:
        moved = {"previous_team": TEAM, "team": uuid4(), "hub": "calder", "reason": "cover"}
        house.happens(ReferralHandedOver(case=event.case, **moved), sequence=2)
    where = f"/notifications/contacts/{TEAM}/{uuid4()}"
    answer = client.put(where, headers=coordinator, json=contact_body(role="team"))
    assert answer.status_code == 200, answer.text
    house.send()
    assert len(house.mails()) == (0 if handed_over else 1)
