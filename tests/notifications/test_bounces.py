"""Mails that come back: the message is a failure that is told once, the address is not used."""

import re
import threading
from email import message_from_bytes
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from pydantic import SecretStr

from services.notifications.app import create_app, reports, workers
from services.notifications.bounces.reading import Said, read
from services.notifications.bounces.taking import Outcome
from shared.database import create_engine
from shared.messaging.embedded import EmbeddedBroker
from shared.messaging.events import (
    ListingNoticeBounced,
    NotificationDelivered,
    NotificationFailed,
    VerificationDue,
)
from shared.messaging.outbox import Outbox
from tests.notifications.conftest import HUB, PROVIDER, SERVICE
from tests.notifications.reports import bounce, complaint
from tests.notifications.serving import serving
from tests.notifications.test_channels import MailServer, mail_server

TOKEN = "for the mail server, in this test"


@pytest.fixture
def bounces(house):
    return reports(house.settings, house.engine, Outbox("kersey/notifications", house.wake))


@pytest.fixture
def sent(house):
    """A request that was mailed; its delivery's id."""
    house.contact(verified_by_hub=True)
    house.contact(party="calder", role="coordinator", address="hub@calder.example.org")
    house.ask()
    house.send()
    (key,) = house.rows("id")
    return key


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("5.1.1", Said.GONE),
        ("5.1.10", Said.GONE),
        ("5.2.1", Said.GONE),
        ("5.2.2", Said.NOT_TAKEN),
        ("5.7.1", Said.NOT_TAKEN),
        ("5.0.0", Said.NOT_TAKEN),
        ("4.4.7", Said.NOT_TAKEN),
        ("rubbish", Said.NOT_TAKEN),
    ],
)
def test_what_is_for_good_is_told_from_what_is_about_one_mail(status, said):
    key = uuid4()
    report = read(bounce(key, status=status))
    assert report is not None
    assert (report.said, report.mail, report.domain) == (said, key, "hub.example.org")
    assert report.code == ("bounce" if status == "rubbish" else f"bounce-{status}")


def test_a_bounce_may_hold_the_header_of_the_mail_alone():
    key = uuid4()
    report = read(bounce(key, header_only=True))
    assert report is not None
    assert report.mail == key


def test_a_mail_that_is_late_and_one_that_was_delivered_are_no_failures():
    late = read(bounce(uuid4(), action="delayed", status="4.4.1"))
    assert late is not None
    assert late.said is Said.LATE
    for action in ("delivered", "relayed", "expanded"):
        assert read(bounce(uuid4(), action=action, status="2.0.0")) is None


@pytest.mark.parametrize(("kind", "counts"), [("abuse", True), ("not-spam", False), ("", False)])
def test_a_complaint_is_read(kind, counts):
    report = read(complaint(uuid4(), kind))
    assert (report is not None) is counts
    if report is not None:
        assert (report.said, report.code) == (Said.UNWANTED, "complaint-abuse")


@given(st.binary(max_size=2000), st.integers(0, 2000), st.integers(0, 2000))
def test_whatever_comes_is_read_or_not_and_nothing_else(junk, at, end):
    read(junk)
    whole = bounce(UUID(int=7))
    read(whole[:at] + junk + whole[end:])


def test_a_mail_that_came_back_is_a_failure_that_is_told_once(house, bounces, sent):
    assert bounces.take(bounce(sent)) is Outcome.TAKEN
    assert bounces.take(bounce(sent)) is Outcome.REPEATED
    assert house.rows("state", "last_error", kind="request") == [("bounced", "bounce-5.1.1")]
    delivered, failed = house.told()
    assert isinstance(delivered, NotificationDelivered)
    assert isinstance(failed, NotificationFailed)
    assert failed.delivery == sent
    assert house.send() == 0


def test_an_address_that_is_gone_is_not_used_and_its_hub_is_told_once(house, bounces, sent):
    bounces.take(bounce(sent))
    bounces.take(bounce(sent))
    house.send_about_contacts()
    told = [(each["To"], each["Subject"]) for each in house.mails()[1:]]
    assert told == [("hub@calder.example.org", "We cannot reach one of your groups by e-mail")]
    house.ask()
    assert house.rows("channel", state="queued") == ["none"], "nobody is left to write to"


def test_what_was_queued_for_it_already_fails_visibly(house, bounces, sent):
    house.ask()
    bounces.take(bounce(sent))
    house.send()
    assert house.rows("state", "last_error")[-1] == ("failed", "address-unusable")


@pytest.fixture
def coordinator(house):
    scopes = "notifications.read notifications.write"
    return house.verifier.add("c", roles="coordinator", scopes=scopes, organisation=HUB)


def test_once_its_hub_verified_it_anew_it_is_used_again(client, house, bounces, sent, coordinator):
    bounces.take(bounce(sent))
    where = f"/notifications/contacts/{PROVIDER}"
    (shown,) = client.get(where, headers=coordinator).json()["contacts"]
    assert shown["unusable_for"] == "bounce-5.1.1"
    house.ask()
    body = {"means": "email", "address": shown["address"]}
    client.put(f"{where}/{shown['id']}", json=body, headers=coordinator)
    assert house.rows("channel", state="queued") == ["none"], "it has to be verified"
    verified = body | {"verified_by_hub": True}
    client.put(f"{where}/{shown['id']}", json=verified, headers=coordinator)
    assert house.rows("channel", state="queued") == ["email"]
    (shown,) = client.get(where, headers=coordinator).json()["contacts"]
    assert "unusable_for" not in shown
    again = client.post(f"/notifications/deliveries/{sent}/retry", headers=coordinator)
    assert again.status_code == 202
    house.send()
    assert house.rows("state", id=sent) == ["delivered"]


def test_another_address_is_used_at_once(client, house, bounces, sent, coordinator):
    bounces.take(bounce(sent))
    (key,) = house.rows("contact", id=sent)
    body = {"means": "email", "address": "new@clay.example.org"}
    where = f"/notifications/contacts/{PROVIDER}/{key}"
    client.put(where, json=body, headers=coordinator)
    house.send()
    assert house.mails()[-1]["To"] == "new@clay.example.org"


def test_a_report_about_an_address_that_moved_says_nothing_of_the_new_one(
    client, house, bounces, sent
):
    moved = "update contact set address = 'new@clay.example.org' where party = :party"
    house.execute(moved, party=str(PROVIDER))
    assert bounces.take(bounce(sent)) is Outcome.TAKEN
    assert house.scalar("select count(*) from unusable_address") == 0
    assert house.rows("state", id=sent) == ["bounced"]


def test_mails_that_are_not_taken_count_and_the_third_ends_it(house, bounces):
    house.contact()
    house.contact(party="calder", role="coordinator", address="hub@calder.example.org")
    for number in range(3):
        house.ask()
        house.send()
        (key,) = house.rows("id", state="delivered", kind="request")
        assert house.scalar("select count(*) from unusable_address where since is not null") == 0
        bounces.take(bounce(key, status="5.2.2"))
        assert house.scalar("select bounces from unusable_address") == number + 1
    assert house.scalar("select since is not null from unusable_address")


def test_mails_that_were_not_taken_long_ago_are_not_counted(house, bounces, sent):
    bounces.take(bounce(sent, status="5.2.2"))
    house.execute(
        "update unusable_address set bounces = 2, bouncing_since = now() - interval '31 days'"
    )
    house.ask()
    house.send()
    (key,) = house.rows("id", state="delivered", kind="request")
    bounces.take(bounce(key, status="5.2.2"))
    assert house.scalar("select bounces from unusable_address") == 1


def test_a_complaint_ends_mails_to_its_reader_and_the_message_stays_delivered(house, bounces, sent):
    assert bounces.take(complaint(sent)) is Outcome.TAKEN
    assert bounces.take(complaint(sent)) is Outcome.REPEATED
    assert house.rows("state", id=sent) == ["delivered"]
    assert house.scalar("select code from unusable_address") == "complaint-abuse"
    house.send_about_contacts()
    assert len(house.mails()) == 2


def test_a_late_mail_is_no_failure(house, bounces, sent):
    assert bounces.take(bounce(sent, action="delayed", status="4.4.1")) is Outcome.TAKEN
    assert house.rows("state", id=sent) == ["delivered"]


def test_what_is_forged_changes_nothing(house, bounces, sent):
    forged = [bounce(uuid4()), bounce(sent, domain="elsewhere.example.org"), complaint(uuid4())]
    assert {bounces.take(each) for each in forged} == {Outcome.UNKNOWN}
    assert bounces.take(b"Subject: hello\r\n\r\nAre you a person?\r\n") is Outcome.UNREADABLE
    house.execute("update delivery set created = now() - interval '31 days'")
    assert bounces.take(bounce(sent)) is Outcome.UNKNOWN
    assert house.rows("state", id=sent) == ["delivered"]
    assert house.scalar("select count(*) from unusable_address") == 0


def test_what_never_went_by_mail_cannot_come_back(house, bounces, receiver):
    house.webhook(receiver.url, "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
    house.ask()
    house.send()
    (key,) = house.rows("id")
    assert bounces.take(bounce(key)) is Outcome.UNKNOWN
    assert house.rows("state") == ["delivered"]


def test_a_mail_about_a_listing_or_a_contact_can_come_back_too(house, bounces, sent):
    house.contact(party="calder", role="coordinator", address="second@calder.example.org")
    bounces.take(bounce(sent))
    house.send_about_contacts()
    key = house.scalar("select id from contact_delivery order by position limit 1")
    assert bounces.take(bounce(key)) is Outcome.TAKEN
    assert house.scalar("select count(*) from contact_delivery where state = 'bounced'") == 1


def test_the_directory_hears_that_a_mail_about_a_listing_came_back(house, bounces):
    house.contact()
    house.happens(
        VerificationDue(listing=SERVICE, provider=PROVIDER, hub="calder", to="provider", days=42)
    )
    house.send_about_listings()
    key = house.scalar("select id from listing_delivery")
    for outcome in (Outcome.TAKEN, Outcome.REPEATED):
        assert bounces.take(bounce(key)) is outcome
    event = house.told()[-1]
    assert isinstance(event, ListingNoticeBounced)
    assert (event.delivery, event.listing, event.kind) == (key, SERVICE, "listing-look")
    assert [type(each) for each in house.told()].count(ListingNoticeBounced) == 1


def test_what_comes_before_the_sending_is_noted_is_to_be_given_again(house, bounces):
    house.contact()
    house.ask()
    worker = house.worker()
    send, outcomes = worker._send, []

    def answered_at_once(delivery):
        receipt = send(delivery)
        outcomes.append(bounces.take(bounce(delivery.id)))
        return receipt

    worker._send = answered_at_once
    worker.deliver_due()
    (key,) = house.rows("id")
    outcomes.append(bounces.take(bounce(key)))
    assert outcomes == [Outcome.TOO_SOON, Outcome.TAKEN]


def test_many_that_say_the_same_at_once_count_once(house, bounces, sent):
    outcomes = []
    several = [
        threading.Thread(target=lambda: outcomes.append(bounces.take(bounce(sent))))
        for _ in range(6)
    ]
    for each in several:
        each.start()
    for each in several:
        each.join()
    assert sorted(outcomes) == ["repeated"] * 5 + ["taken"]
    assert len(house.told()) == 2


def test_from_a_real_conversation_to_the_bounce_and_back_by_http(house):
    """The mail goes out over SMTP, its return path says where a bounce is to go, and the server's
    answer is handed over by HTTP."""
    server = MailServer()
    house.contact()
    house.ask()
    token = {"bounce_token": SecretStr(TOKEN), "bounce_address": "bounces@hub.example.org"}
    with mail_server(server) as port:
        smtp = {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none"}
        house.settings = house.settings.model_copy(update=token | smtp)
        house.send()
    (taken,) = server.accepted
    assert taken.mail_from == "bounces@hub.example.org"
    assert isinstance(taken.content, bytes)
    message = message_from_bytes(taken.content)
    assert "kersey@hub.example.org" in message["From"]
    mail = re.fullmatch(r"<(.*)@hub\.example\.org>", message["Message-ID"])
    assert mail is not None
    app = create_app(house.settings, engine=house.engine, verifier=house.verifier)
    with serving(app) as url:

        def hand_over(content: bytes, authorization: str | None) -> httpx.Response:
            headers = {"content-type": "message/rfc822"}
            headers |= {"authorization": authorization} if authorization else {}
            return httpx.post(
                f"{url}/notifications/bounces", content=content, headers=headers, timeout=60
            )

        for wrong in (None, "Bearer other", f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN}x"):
            refused = hand_over(bounce(mail[1]), wrong)
            assert refused.status_code == 401
            assert refused.headers["content-type"] == "application/problem+json"
        assert house.rows("state") == ["delivered"]
        answers = {
            hand_over(each, f"Bearer {TOKEN}").text
            for each in (bounce(uuid4()), b"junk", bounce(mail[1]), bounce(mail[1]))
        }
        assert answers == {'{"taken":true}'}, "whether it was known is not told"
        assert hand_over(b"x" * 1_100_000, f"Bearer {TOKEN}").status_code == 413
    assert house.rows("state") == ["bounced"]


def test_without_a_token_in_the_settings_nothing_is_taken(client):
    for headers in ({}, {"authorization": "Bearer"}, {"authorization": "Basic x"}):
        answer = client.post("/notifications/bounces", content=b"", headers=headers)
        assert answer.status_code == 404


def test_a_worker_reads_each_mailbox_that_is_set(house, database, tmp_path):
    engine = create_engine(database(), pool_size=2, application_name="test broker")
    broker = EmbeddedBroker(engine)
    names = [each.name for each in workers(house.settings, house.engine, broker)]
    assert "notifications.bounces" not in names
    set_ = house.settings.model_copy(update={"bounce_maildir": tmp_path})
    assert "notifications.bounces" in [each.name for each in workers(set_, house.engine, broker)]
    by_imap = house.settings.model_copy(update={"bounce_imap_host": "imap.hub.example.org"})
    named = [each.name for each in workers(by_imap, house.engine, broker)]
    assert "notifications.bounces-by-imap" in named
    engine.dispose()


def test_reports_are_counted(house, bounces, sent):
    labels = {"said": "hard", "outcome": "taken"}
    before = REGISTRY.get_sample_value("kersey_mail_reports_total", labels) or 0.0
    bounces.take(bounce(sent))
    assert REGISTRY.get_sample_value("kersey_mail_reports_total", labels) == before + 1
