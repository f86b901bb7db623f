"""A webhook that wants no more, or fails for long, is switched off; it gets what it missed."""

from uuid import uuid4

import pytest
from prometheus_client import REGISTRY
from standardwebhooks import Webhook

from services.notifications.reach import endpoints
from shared.messaging.events import (
    NotificationFailed,
    ReferralAccepted,
    ReferralCancelled,
    ReferralUnrouted,
)
from tests.notifications.conftest import HUB, OTHER_HUB, PROVIDER, TEAM, requested
from tests.notifications.test_cases import after

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
ALL = "notifications.read notifications.write"


@pytest.fixture
def hook(house, receiver):
    return house.webhook(f"{receiver.url}/hook", SECRET, label="Case system")


@pytest.fixture
def coordinator(house):
    return house.verifier.add("coordinator", roles="coordinator", scopes=ALL, organisation=HUB)


def reached(house):
    """A provider's other contacts and its hub's."""
    desk = {"address": "office@clay.example.org", "verified_by_hub": True, "role": "team"}
    house.contact(**desk)
    house.contact(**desk | {"role": "duty"})
    house.contact(address="anybody@clay.example.org", role="team")
    house.contact(party="calder", role="coordinator", address="hub@calder.example.org")
    house.contact(party="aire", role="coordinator", address="hub@aire.example.org")


def told(house):
    return [(mail["To"], mail["Subject"]) for mail in house.mails()]


def reasons(house):
    return house.rows("state", "last_error")


def test_a_410_switches_it_off_and_its_owner_and_hub_are_told_once(house, hook, receiver):
    reached(house)
    receiver.status = 410
    for _ in range(3):
        house.ask()
    house.send()
    assert len(receiver.requests) == 1
    assert reasons(house) == [("queued", "endpoint-off")] * 3
    assert house.told() == []
    assert house.attempts()[0] == (1, "failed", "http-410")
    house.send_about_contacts()
    house.send_about_contacts()
    assert told(house) == [
        ("office@clay.example.org", "Your system does not get our messages any more"),
        ("hub@calder.example.org", "A system of one of your groups does not get our messages"),
    ]


def test_what_is_said_names_the_provider_to_its_hub_and_nobody_else(house, hook, receiver):
    reached(house)
    house.execute(
        "insert into listing_seen (subject, sequence, name) values (:subject, '1', 'Clay')",
        subject=f"provider/{PROVIDER}",
    )
    receiver.status = 410
    house.ask()
    house.send()
    house.send_about_contacts()
    bodies = [mail.get_body(("plain",)).get_content() for mail in house.mails()]
    assert ["Clay" in body for body in bodies] == [False, True]
    assert all(" 5 days" in body for body in bodies)


def test_where_there_is_nobody_to_tell_that_is_seen(house, hook, receiver):
    receiver.status = 410
    house.ask()
    house.send()
    assert house.send_about_contacts() == 0
    row = "select state || ' ' || last_error from contact_delivery"
    assert house.scalar(row) == "failed no-contact"


def fail_for(house, *, times, hours):
    for _ in range(times):
        house.ask()
    house.send()
    house.execute("update endpoint set failing_since = now() - make_interval(hours => :h)", h=hours)


@pytest.mark.parametrize(("times", "hours", "off"), [(4, 13, True), (3, 13, False), (8, 11, False)])
def test_it_is_switched_off_after_enough_failures_over_enough_time(
    house, hook, receiver, times, hours, off
):
    receiver.status = 503
    fail_for(house, times=times, hours=hours)
    house.ask()
    house.send()
    assert (house.scalar("select off_since is not null from endpoint")) is off
    assert (reasons(house)[-1] == ("queued", "endpoint-off")) is off


def test_one_that_answers_again_is_well(house, hook, receiver):
    receiver.status = 503
    fail_for(house, times=4, hours=13)
    receiver.status = 204
    house.ask()
    house.send()
    receiver.status = 503
    house.ask()
    house.send()
    assert house.scalar("select failures from endpoint") == 1
    assert house.scalar("select off_since is null from endpoint")


def test_one_message_that_fails_to_the_end_switches_it_off_rather_than_being_given_up(
    house, hook, receiver
):
    receiver.status = 500
    house.ask()
    for hours in (0, 0, 0, 0, 1, 3, 8, 18):
        house.execute(
            "update endpoint set failing_since = now() - make_interval(hours => :h)", h=hours
        )
        house.send()
        house.pass_time("13 hours")
    assert reasons(house) == [("queued", "endpoint-off")]
    assert house.told() == []


def test_a_fault_of_our_own_says_nothing_of_the_endpoint(house, hook, receiver):
    house.execute("update contact set sealed_secret = 'rubbish'")
    house.ask()
    house.send()
    assert house.scalar("select count(*) from endpoint") == 0


def test_a_mail_that_fails_says_nothing_of_an_endpoint(house):
    house.contact(address="rubbish")
    house.ask()
    house.send()
    assert house.rows("state") == ["failed"]
    assert house.scalar("select count(*) from endpoint") == 0


def test_on_enabling_it_gets_what_it_missed_in_order_without_what_is_superseded(
    client, house, hook, receiver, coordinator
):
    receiver.status = 410
    kept, cancelled, answered = (house.ask() for _ in range(3))
    house.send()
    house.happens(after(cancelled, ReferralCancelled, reason="other"))
    house.happens(after(answered, ReferralAccepted))
    later = requested(case=kept.case)
    house.happens(later)
    assert house.send() == 0, "what comes later about the case waits behind it"
    receiver.status = 204
    receiver.requests.clear()
    where = f"/notifications/webhooks/{hook}"
    assert client.get(where, headers=coordinator).json()["waiting"] == 1
    answer = client.post(f"{where}/enable", headers=coordinator)
    assert (answer.status_code, answer.json()["enabled"]) == (200, True)
    assert answer.json()["released"] == 1
    house.send()
    asked = [request.json["data"]["task"] for request in receiver.requests]
    assert asked == [str(kept.task), str(later.task)]
    assert Webhook(SECRET).verify(receiver.requests[0].body, receiver.requests[0].headers)
    again = client.post(f"{where}/enable", headers=coordinator)
    assert (again.status_code, again.json()["released"]) == (200, 0)
    assert house.send() == 0


def test_what_waited_too_long_fails_and_is_told_and_is_had_all_the_same_on_enabling(
    client, house, hook, receiver, coordinator
):
    receiver.status = 410
    first, answered = house.ask(), house.ask()
    house.send()
    house.execute("update delivery set created = now() - interval '6 days'")
    house.pass_time("6 days")
    house.send()
    assert reasons(house) == [("failed", "endpoint-off")] * 2
    assert [type(each) for each in house.told()] == [NotificationFailed] * 2
    house.happens(after(answered, ReferralAccepted))
    second = requested(case=first.case)
    house.happens(second)
    house.send()
    receiver.status = 204
    receiver.requests.clear()
    client.post(f"/notifications/webhooks/{hook}/enable", headers=coordinator)
    house.send()
    asked = [request.json["data"]["task"] for request in receiver.requests]
    assert asked == [str(first.task), str(second.task)]
    assert house.rows("state") == ["delivered", "failed", "delivered"]


def test_what_it_refused_since_it_began_to_fail_is_had_on_enabling(
    client, house, hook, receiver, coordinator
):
    receiver.status = 401
    old = house.ask()
    house.send()
    receiver.status = 204
    house.ask()
    house.send()
    house.execute("update delivery set ended = ended - interval '1 day'")
    receiver.status = 401
    refused = [house.ask() for _ in range(4)]
    house.send()
    house.execute("update endpoint set failing_since = failing_since - interval '13 hours'")
    held = house.ask()
    house.send()
    assert reasons(house)[2:] == [*[("failed", "http-401")] * 4, ("queued", "endpoint-off")]
    house.happens(after(refused[0], ReferralAccepted))
    receiver.status = 204
    receiver.requests.clear()
    where = f"/notifications/webhooks/{hook}/enable"
    assert client.post(where, headers=coordinator).json()["released"] == 4
    house.send()
    asked = {request.json["data"]["task"] for request in receiver.requests}
    assert asked == {str(each.task) for each in [*refused[1:], held]}
    assert str(old.task) not in asked, "it took something since, and was not switched off for it"
    assert client.post(where, headers=coordinator).json()["released"] == 0


def test_it_is_told_anew_when_it_is_switched_off_anew(client, house, hook, receiver, coordinator):
    reached(house)
    receiver.status = 410
    house.ask()
    house.send()
    client.post(f"/notifications/webhooks/{hook}/enable", headers=coordinator)
    house.send()
    house.send_about_contacts()
    assert len(told(house)) == 4


def test_what_was_looked_at_while_it_was_off_does_not_miss_the_enabling(
    house, hook, receiver, monkeypatch
):
    endpoints.disable(house.engine, hook, by="a coordinator")
    house.ask()
    worker = house.worker()
    send = worker._send

    def switched_on_meanwhile(delivery):
        try:
            return send(delivery)
        finally:
            endpoints.enable(house.engine, hook)

    monkeypatch.setattr(worker, "_send", switched_on_meanwhile)
    worker.deliver_due()
    house.send()
    assert house.rows("state") == ["delivered"]


def test_by_hand_it_is_off_until_it_is_on_again(client, house, hook, receiver, coordinator):
    where = f"/notifications/webhooks/{hook}"
    off = client.post(f"{where}/disable", headers=coordinator).json()
    assert (off["enabled"], off["off_for"], off["off_by"]) == (False, "by-hand", "coordinator")
    again = client.post(f"{where}/disable", headers=coordinator)
    assert (again.status_code, again.json()["element"]) == (409, "contact")
    house.ask()
    house.send()
    assert receiver.requests == []
    client.post(f"{where}/enable", headers=coordinator)
    house.send()
    assert len(receiver.requests) == 1


def test_another_address_gets_what_the_one_before_could_not_take(
    client, house, hook, receiver, coordinator
):
    receiver.status = 410
    house.ask()
    house.send()
    receiver.status = 204
    body = {"means": "webhook", "address": f"{receiver.url}/new"}
    same = f"/notifications/contacts/{PROVIDER}/{hook}"
    unmoved = body | {"address": f"{receiver.url}/hook", "label": "Another label"}
    client.put(same, json=unmoved, headers=coordinator)
    assert house.send() == 0
    client.put(same, json=body, headers=coordinator)
    house.send()
    assert [request.path for request in receiver.requests] == ["/hook", "/new"]


def test_a_secret_is_made_anew(client, house, hook, receiver, coordinator):
    where = f"/notifications/webhooks/{hook}/rotate"
    answer = client.post(where, headers=coordinator).json()
    assert answer["former_secret_until"] is not None
    house.ask()
    house.send()
    (request,) = receiver.requests
    for secret in (SECRET, answer["secret"]):
        assert Webhook(secret).verify(request.body, request.headers)
    at_once = client.post(where, json={"overlap_hours": 0}, headers=coordinator).json()
    assert at_once["former_secret_until"] is None
    too_long = client.post(where, json={"overlap_hours": 1000}, headers=coordinator)
    assert too_long.status_code == 422
    assert too_long.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("organisation", "roles", "scopes", "status"),
    [
        (PROVIDER, "provider", ALL, 200),
        (HUB, "coordinator", ALL, 200),
        (OTHER_HUB, "coordinator", ALL, 404),
        (TEAM, "link-worker", ALL, 404),
        (PROVIDER, "provider", "notifications.read", 403),
    ],
)
def test_it_is_switched_by_its_owner_and_their_hub_alone(
    client, house, hook, organisation, roles, scopes, status
):
    who = house.verifier.add("who", roles=roles, scopes=scopes, organisation=organisation)
    for step in ("disable", "enable", "rotate"):
        answer = client.post(f"/notifications/webhooks/{hook}/{step}", headers=who)
        assert answer.status_code == status, step
    seen = 404 if status == 404 else 200
    assert client.get(f"/notifications/webhooks/{hook}", headers=who).status_code == seen
    listed = client.get("/notifications/webhooks", params={"party": str(PROVIDER)}, headers=who)
    assert listed.status_code == seen


def test_without_a_token_nothing_is_told(client, hook):
    assert client.get(f"/notifications/webhooks/{hook}").status_code == 401
    assert client.get("/notifications/webhooks").status_code == 401
    assert client.post(f"/notifications/webhooks/{hook}/enable").status_code == 401


def test_a_party_lists_its_own_and_a_mail_is_no_webhook(client, house, hook):
    mail = house.contact()
    provider = house.verifier.add("p", roles="provider", scopes=ALL, organisation=PROVIDER)
    (listed,) = client.get("/notifications/webhooks", headers=provider).json()["webhooks"]
    assert (listed["contact"], listed["enabled"], listed["waiting"]) == (str(hook), True, 0)
    assert "secret" not in listed
    assert client.get(f"/notifications/webhooks/{mail}", headers=provider).status_code == 404


def test_metrics_say_how_many_are_off_and_what_waits(client, house, hook, receiver):
    labels = {"reason": "http-410"}
    name = "kersey_endpoints_switched_off_total"
    before = REGISTRY.get_sample_value(name, labels) or 0.0
    receiver.status = 410
    house.ask()
    house.send()
    shown = client.get("/metrics").text
    assert 'kersey_endpoints_off{service="notifications"} 1.0' in shown
    held = 'kersey_deliveries_open{channel="webhook",service="notifications",state="held"} 1.0'
    assert held in shown
    assert REGISTRY.get_sample_value(name, labels) == before + 1


def test_a_hubs_own_webhook_is_its_other_coordinators_to_hear_of(house, receiver):
    house.webhook(f"{receiver.url}/hub", SECRET, party="calder", role="coordinator")
    house.contact(party="calder", role="coordinator", address="hub@calder.example.org")
    receiver.status = 410
    unrouted = {"service_request": uuid4(), "hub": "calder", "reason": "no-team"}
    house.happens(ReferralUnrouted(case=uuid4(), **unrouted))
    house.send()
    house.send_about_contacts()
    words = "A system of one of your groups does not get our messages"
    assert ("hub@calder.example.org", words) in told(house)
