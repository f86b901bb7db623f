"""Deliveries, calls and contacts over HTTP."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from shared.limits import defaults
from shared.messaging.events import NotificationDelivered, ReferralCancelled
from shared.working_days import WorkingDays
from tests.notifications.conftest import HUB, PROVIDER, TEAM
from tests.notifications.test_answers import LINK, read
from tests.notifications.test_cases import after

ALL = "notifications.read notifications.write"


@pytest.fixture
def coordinator(house):
    return house.verifier.add("coordinator", roles="coordinator", scopes=ALL, organisation=HUB)


@pytest.fixture
def worker(house):
    return house.verifier.add(
        "worker", roles="link-worker", scopes="notifications.read", organisation=TEAM
    )


@pytest.fixture
def provider(house):
    return house.verifier.add("provider", roles="provider", scopes=ALL, organisation=PROVIDER)


def contact_body(**more):
    return {"means": "email", "address": "desk@clay.example.org"} | more


def test_a_case_shows_each_delivery_with_its_attempts_and_no_address(client, house, worker):
    house.contact()
    event = house.ask()
    house.ask()
    house.send()
    for which in (
        {"case": event.case},
        {"task": event.task},
        {"case": event.case, "task": event.task},
    ):
        answer = client.get("/notifications/deliveries", params=which, headers=worker)
        assert answer.status_code == 200
        (shown,) = answer.json()["deliveries"]
        assert (shown["kind"], shown["state"], shown["channel"]) == (
            "request",
            "delivered",
            "email",
        )
        assert shown["label"] == "Front desk"
        (attempt,) = shown["attempts"]
        assert (attempt["number"], attempt["outcome"], attempt["code"]) == (
            1,
            "delivered",
            "maildir",
        )
        assert "example.org" not in answer.text


def test_a_list_of_deliveries_needs_a_case_or_a_task(client, worker):
    answer = client.get("/notifications/deliveries", headers=worker)
    assert (answer.status_code, answer.json()["element"]) == (400, "case")


def test_deliveries_are_for_staff(client, house, provider):
    stranger = house.verifier.add("stranger", roles="coordinator", scopes="directory.read")
    where = "/notifications/deliveries"
    case = {"case": str(uuid4())}
    assert client.get(where, params=case).status_code == 401
    assert client.get(where, params=case, headers=stranger).status_code == 403
    assert client.get(where, params=case, headers=provider).status_code == 403
    assert client.get("/notifications/calls", headers=provider).status_code == 403


def test_a_failed_delivery_is_tried_again(client, house, coordinator, receiver):
    house.webhook(receiver.url, "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
    house.ask()
    receiver.status = 400
    house.send()
    (key,) = house.rows("id")
    receiver.status = 204
    answer = client.post(f"/notifications/deliveries/{key}/retry", headers=coordinator)
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    house.send()
    assert house.rows("state") == ["delivered"]
    again = client.post(f"/notifications/deliveries/{key}/retry", headers=coordinator)
    assert (again.status_code, again.json()["detail"][:19]) == (409, "It has not failed: ")


def test_what_would_fail_again_is_not_tried_and_says_what_helps(
    client, house, coordinator, receiver
):
    house.webhook(receiver.url, "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
    house.ask()
    receiver.status = 400
    house.send()
    (key,) = house.rows("id")
    house.execute("update contact set active = false")
    answer = client.post(f"/notifications/deliveries/{key}/retry", headers=coordinator)
    assert answer.status_code == 409
    assert "say how they are asked now" in answer.json()["detail"]
    assert house.rows("state") == ["failed"]


def test_retrying_what_is_not_there(client, coordinator, worker):
    where = f"/notifications/deliveries/{uuid4()}/retry"
    assert client.post(where, headers=coordinator).status_code == 404
    assert client.post(where, headers=worker).status_code == 403


def test_what_had_nobody_goes_to_a_contact_that_was_added_since(client, house, coordinator):
    house.ask()
    house.pass_time("11 minutes")
    house.send()
    (key,) = house.rows("id")
    where = f"/notifications/deliveries/{key}/retry"
    hindered = client.post(where, headers=coordinator)
    assert hindered.status_code == 409
    assert hindered.json()["detail"].startswith("Nobody is a contact who could be told of this")
    house.contact()  # not by the interface, which would send it by itself
    assert client.post(where, headers=coordinator).status_code == 202
    house.send()
    assert house.rows() == [("none", "request", "superseded"), ("email", "request", "delivered")]


def test_a_retry_after_a_cancellation_sends_nothing(client, house, coordinator, receiver):
    house.webhook(receiver.url, "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
    event = house.ask()
    receiver.status = 400
    house.send()
    house.happens(after(event, ReferralCancelled, reason="other"))
    (key,) = house.rows("id")
    client.post(f"/notifications/deliveries/{key}/retry", headers=coordinator)
    house.send()
    assert house.rows("state", "last_error") == [("superseded", "cancelled")]
    assert len(receiver.requests) == 1


def hoped_for():
    """By when an answer is hoped for of whoever is asked now."""
    zone = ZoneInfo("Europe/London")
    due = WorkingDays(zone).after(datetime.now(UTC), defaults().routine.nudge)
    return due.astimezone(zone).date()


def test_a_call_is_listed_and_done_by_name(client, house, coordinator):
    house.contact(means="phone", address="01422 496 0123", label="Ring before noon")
    event = house.ask()
    answer = client.get("/notifications/calls", headers=coordinator)
    (call,) = answer.json()["calls"]
    assert (call["means"], call["number"], call["label"]) == (
        "phone", "01422 496 0123", "Ring before noon",
    )  # fmt: skip
    assert call["task"] == str(event.task)
    assert call["urgent"] is False
    assert call["answer_by"] == hoped_for().isoformat()
    assert client.get(f"/notifications/calls/{call['id']}", headers=coordinator).json() == call
    elsewhere = client.get("/notifications/calls", params={"party": str(TEAM)}, headers=coordinator)
    assert elsewhere.json()["calls"] == []
    done = client.post(f"/notifications/calls/{call['id']}/done", headers=coordinator)
    assert done.status_code == 200
    assert client.get("/notifications/calls", headers=coordinator).json()["calls"] == []
    (shown,) = client.get(
        "/notifications/deliveries", params={"case": str(event.case)}, headers=coordinator
    ).json()["deliveries"]
    assert (shown["state"], shown["attempts"][0]["code"]) == ("delivered", "by-hand")
    assert house.scalar("select worker from delivery_attempt") == "coordinator"
    (told,) = house.told()
    assert isinstance(told, NotificationDelivered)
    assert told.channel == "phone"
    again = client.post(f"/notifications/calls/{call['id']}/done", headers=coordinator)
    assert again.status_code == 409


def test_a_mail_is_not_a_call(client, house, coordinator):
    house.contact()
    house.ask()
    (key,) = house.rows("id")
    where = f"/notifications/calls/{key}/done"
    assert client.post(where, headers=coordinator).status_code == 409
    assert (
        client.post(f"/notifications/calls/{uuid4()}/done", headers=coordinator).status_code == 404
    )


def test_a_coordinator_sets_and_verifies_a_contact(client, house, coordinator):
    key = uuid4()
    where = f"/notifications/contacts/{PROVIDER}/{key}"
    body = contact_body(verified_by_hub=True, label="Front desk")
    answer = client.put(where, headers=coordinator, json=body)
    assert answer.status_code == 200, answer.text
    shown = client.get(f"/notifications/contacts/{PROVIDER}", headers=coordinator).json()
    assert shown["contacts"] == [answer.json()]
    assert answer.json() == {
        "id": str(key), "party": str(PROVIDER), "role": "requests", "service": None,
        "label": "Front desk", "means": "email", "address": "desk@clay.example.org",
        "source": "hub", "verified_by_hub": True, "active": True, "preferences": {},
        "wishes": {},
        "has_secret": False,
    }  # fmt: skip
    assert client.put(where, headers=coordinator, json=body).json() == answer.json()


def test_an_address_that_the_party_has_already_is_refused(client, house, coordinator):
    known = house.contact(address="hello@clay.example.org")
    body = {"means": "email", "address": "hello@clay.example.org"}
    path = f"/notifications/contacts/{PROVIDER}"
    answer = client.put(f"{path}/{uuid4()}", json=body, headers=coordinator)
    assert answer.status_code == 409
    assert answer.json()["element"] == "address"
    assert str(known) in answer.json()["detail"]
    assert client.put(f"{path}/{known}", json=body, headers=coordinator).status_code == 200
    elsewhere = body | {"role": "duty"}
    other = client.put(f"{path}/{uuid4()}", json=elsewhere, headers=coordinator)
    assert other.status_code == 200, "in another role it may stand again"
    off = client.put(f"{path}/{known}", json=body | {"active": False}, headers=coordinator)
    assert off.status_code == 200
    again = client.put(f"{path}/{uuid4()}", json=body, headers=coordinator)
    assert again.status_code == 200, "one that is off is told nothing"


def test_a_hubs_own_contacts_go_by_its_code(client, coordinator):
    where = f"/notifications/contacts/calder/{uuid4()}"
    answer = client.put(where, headers=coordinator, json=contact_body(role="duty"))
    assert (answer.status_code, answer.json()["party"]) == (200, "calder")


def test_a_provider_sets_its_own_contacts_only_and_cannot_verify_them(client, house, provider):
    own, other = (f"/notifications/contacts/{each}/{uuid4()}" for each in (PROVIDER, TEAM))
    assert client.put(own, headers=provider, json=contact_body()).json()["source"] == "own"
    assert client.put(other, headers=provider, json=contact_body()).status_code == 404
    answer = client.put(own, headers=provider, json=contact_body(verified_by_hub=True))
    assert (answer.status_code, answer.json()["element"]) == (403, "verified_by_hub")
    assert client.get(f"/notifications/contacts/{PROVIDER}", headers=provider).status_code == 200
    assert client.get(f"/notifications/contacts/{TEAM}", headers=provider).status_code == 404


def test_an_address_that_its_owner_changes_has_to_be_verified_anew(
    client, house, coordinator, provider
):
    where = f"/notifications/contacts/{PROVIDER}/{uuid4()}"
    client.put(where, headers=coordinator, json=contact_body(verified_by_hub=True))
    same = client.put(where, headers=provider, json=contact_body(label="Desk"))
    assert same.json()["verified_by_hub"] is True
    moved = client.put(where, headers=provider, json=contact_body(address="new@clay.example.org"))
    assert moved.json()["verified_by_hub"] is False


def test_a_contact_that_moves_loses_its_links_and_open_requests_follow_it(
    client, house, coordinator
):
    key = house.contact()
    house.ask()
    house.send()
    old = read(LINK, house.mails()[-1])
    client.put(
        f"/notifications/contacts/{PROVIDER}/{key}",
        headers=coordinator,
        json=contact_body(address="new@clay.example.org"),
    )
    house.send()
    mail = house.mails()[-1]
    assert mail["To"] == "new@clay.example.org"
    exchange = "/notifications/answer-links/exchange"
    assert client.post(exchange, json={"token": old}).status_code == 410
    assert client.post(exchange, json={"token": read(LINK, mail)}).status_code == 200


def test_the_id_of_anothers_contact_is_taken(client, house, coordinator):
    key = house.contact(party=str(TEAM))
    where = f"/notifications/contacts/{PROVIDER}/{key}"
    assert client.put(where, headers=coordinator, json=contact_body()).status_code == 409


def test_a_webhooks_secret_is_shown_once_and_can_be_made_anew(client, house, coordinator, receiver):
    where = f"/notifications/contacts/{PROVIDER}/{uuid4()}"
    body = contact_body(means="webhook", address=f"{receiver.url}/hook")
    first = client.put(where, headers=coordinator, json=body).json()
    assert first["secret"].startswith("whsec_")
    assert "secret" not in client.put(where, headers=coordinator, json=body).json()
    assert first["secret"] not in house.scalar("select sealed_secret from contact")
    second = client.put(where, headers=coordinator, json=body | {"new_secret": True}).json()
    assert second["secret"] != first["secret"]
    house.ask()
    house.send()
    (request,) = receiver.requests
    assert Webhook(second["secret"]).verify(request.body, request.headers)


def signed_by(secret: str, request: Any) -> bool:
    try:
        Webhook(secret).verify(request.body, request.headers)
    except WebhookVerificationError:
        return False
    return True


def test_a_new_secret_has_the_one_before_beside_it_for_a_while(
    client, house, coordinator, receiver
):
    where = f"/notifications/contacts/{PROVIDER}/{uuid4()}"
    body = contact_body(means="webhook", address=f"{receiver.url}/hook")
    made = [client.put(where, headers=coordinator, json=body).json()]
    for more in ({}, {}, {"secret_overlap_hours": 0}):
        anew = body | {"new_secret": True} | more
        made.append(client.put(where, headers=coordinator, json=anew).json())
        house.ask()
        house.send()
    secrets = [each["secret"] for each in made]
    signed = [[signed_by(secret, sent) for secret in secrets] for sent in receiver.requests]
    assert signed == [
        [True, True, False, False],
        [False, True, True, False],
        [False, False, False, True],
    ]
    assert "former_secret_until" in made[1]
    assert "former_secret_until" not in made[3]


def test_a_former_secret_holds_until_its_end(client, house, coordinator, receiver):
    where = f"/notifications/contacts/{PROVIDER}/{uuid4()}"
    body = contact_body(means="webhook", address=f"{receiver.url}/hook")
    first = client.put(where, headers=coordinator, json=body).json()["secret"]
    client.put(where, headers=coordinator, json=body | {"new_secret": True})
    house.execute("update contact set former_secret_until = now() - interval '1 second'")
    house.ask()
    house.send()
    (sent,) = receiver.requests
    assert not signed_by(first, sent)


@pytest.mark.parametrize("anew", [False, True])
def test_another_receiver_gets_nothing_signed_with_a_former_secret(
    client, house, coordinator, receiver, anew
):
    where = f"/notifications/contacts/{PROVIDER}/{uuid4()}"
    body = contact_body(means="webhook", address=f"{receiver.url}/hook")
    first = client.put(where, headers=coordinator, json=body).json()["secret"]
    second = client.put(where, headers=coordinator, json=body | {"new_secret": True}).json()
    elsewhere = body | {"address": f"{receiver.url}/other", "new_secret": anew}
    third = client.put(where, headers=coordinator, json=elsewhere).json()
    house.ask()
    house.send()
    (sent,) = receiver.requests
    assert signed_by(third["secret"] if anew else second["secret"], sent)
    assert not signed_by(first, sent)
    assert not (anew and signed_by(second["secret"], sent))


@pytest.mark.parametrize(
    ("body", "element"),
    [
        (contact_body(address="no address"), "address"),
        (contact_body(address="a@b.example\r\nBcc: c@d.example"), "address"),
        (contact_body(address="x" * 501), "body.address"),
        (contact_body(address=" "), "body.address"),
        (contact_body(means="pigeon"), "body.means"),
        (contact_body(means="webhook", address="ftp://clay.example.org/"), "address"),
        (contact_body(label="x" * 300), "body.label"),
        (contact_body(surname="Smith"), "body.surname"),
        (contact_body(active="no"), "body.active"),
        (contact_body(verified_by_hub=1), "body.verified_by_hub"),
    ],
)
def test_a_contact_that_cannot_be_used_is_refused_by_element(client, coordinator, body, element):
    where = f"/notifications/contacts/{PROVIDER}/{uuid4()}"
    answer = client.put(where, headers=coordinator, json=body)
    assert (answer.status_code, answer.json()["element"]) == (422, element)
    assert "Smith" not in answer.text


def test_a_party_that_is_none(client, coordinator):
    answer = client.get("/notifications/contacts/Not A Party", headers=coordinator)
    assert (answer.status_code, answer.json()["element"]) == (422, "path.party")


def test_a_telephone_number_needs_no_channel(client, coordinator):
    where = f"/notifications/contacts/{PROVIDER}/{uuid4()}"
    body = contact_body(means="phone", address="01422 496 0123")
    assert client.put(where, headers=coordinator, json=body).status_code == 200


@pytest.mark.parametrize(
    ("body", "element"),
    [
        ({"means": "phone", "address": "ring me\r\nnow"}, "address"),
        ({"label": "Desk\r\nBcc: everybody@example.org"}, "body.label"),
    ],
)
def test_a_number_that_nobody_can_ring_and_a_label_of_two_lines_are_refused(
    client, coordinator, body, element
):
    where = f"/notifications/contacts/{PROVIDER}/{uuid4()}"
    answer = client.put(where, headers=coordinator, json=contact_body(**body))
    assert answer.status_code == 422
    assert element in str(answer.json())
