"""From a case's event to deliveries: who is told, once, and what need not be said any more."""

import threading
from uuid import uuid4

import pytest
from sqlalchemy import select

from services.notifications.handlers import waiting
from shared.database import UnitOfWork
from shared.messaging.events import (
    AgreementWithdrawn,
    NotificationDelivered,
    NotificationFailed,
    ProviderWritten,
    ReferralAccepted,
    ReferralCancelled,
    ReferralClosed,
    ReferralDeclined,
    ReferralHandedOver,
    ReferralNoResponse,
    ReferralOpenedInEmergency,
    ReferralReceived,
    ReferralServiceWithdrawn,
    ReferralUnrouted,
    ReferralUrgent,
    ReferralWaitlisted,
    ReferralWithdrawn,
    ServicePublished,
    ServiceWithdrawn,
    TeamWritten,
    parse,
)
from shared.messaging.outbox import outbox
from tests.notifications.conftest import PROVIDER, SERVICE, TEAM, requested
from tests.notifications.test_wishes import quiet_now


def after(event, kind, **more):
    """A later event about the same Task."""
    ids = {name: getattr(event, name) for name in ("case", "task", "service", "provider", "team")}
    return kind(**(ids | more))


def test_a_request_is_mailed_to_each_contact_and_posted_to_the_providers_system(house, receiver):
    house.contact()
    house.contact(address="second@clay.example.org")
    house.webhook(receiver.url, "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")
    house.contact(address="gone@clay.example.org", active=False)
    house.contact(address="other@else.example.org", party=str(uuid4()))
    house.ask()
    assert sorted(house.rows()) == [
        ("email", "request", "queued"),
        ("email", "request", "queued"),
        ("webhook", "request", "queued"),
    ]
    assert house.send() == 3
    assert {mail["To"] for mail in house.mails()} == {
        "desk@clay.example.org", "second@clay.example.org",
    }  # fmt: skip
    assert len(receiver.requests) == 1


def test_either_side_hears_that_the_other_wrote_and_an_unsent_mail_of_it_is_not_doubled(house):
    house.contact()
    house.contact(party=str(TEAM), role="team", address="team@kersey.example")
    event = requested()
    for wrote in (TeamWritten, ProviderWritten, ProviderWritten):
        house.happens(after(event, wrote))
    assert sorted(house.rows()) == [
        ("email", "words-for-provider", "queued"),
        ("email", "words-for-team", "queued"),
        ("email", "words-for-team", "superseded"),
    ]
    house.send()
    mails = {mail["To"]: mail["Subject"] for mail in house.mails()}
    assert mails == {
        "desk@clay.example.org": "The link worker has written to you",
        "team@kersey.example": "A provider has written to you",
    }


def test_an_event_that_comes_twice_makes_one_delivery(house):
    house.contact()
    envelope = house.happens(requested())
    house.consume(envelope)
    house.send()
    house.consume(envelope)
    assert house.send() == 0
    assert house.rows("state") == ["delivered"]


def test_an_event_that_comes_twice_at_once_makes_one_delivery(house):
    house.contact()
    envelope = house.happens(requested(case=uuid4()))
    house.execute("delete from inbox")
    house.execute("delete from delivery")
    threads = [threading.Thread(target=house.consume, args=[envelope]) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert house.rows("state") == ["queued"]


def test_without_the_inbox_the_deliverys_id_still_makes_it_one(house):
    house.contact()
    envelope = house.happens(requested())
    house.execute("delete from inbox")
    house.consume(envelope)
    assert house.rows("state") == ["queued"]


def test_a_replayed_event_tells_nobody(house):
    house.contact()
    house.happens(requested(), replay=True)
    assert house.rows() == []


def test_delivery_is_told_to_the_others_of_the_house(house):
    house.contact()
    event = house.ask()
    house.send()
    (told,) = house.told()
    assert isinstance(told, NotificationDelivered)
    assert (told.case, told.task, told.channel, told.kind) == (
        event.case, event.task, "email", "request",
    )  # fmt: skip
    assert [told.delivery] == house.rows("id")


def test_no_contact_at_all_is_a_visible_failure(house):
    event = house.ask()
    house.pass_time("11 minutes")
    house.send()
    assert house.rows("channel", "state", "last_error") == [("none", "failed", "no-contact")]
    (told,) = house.told()
    assert isinstance(told, NotificationFailed)
    assert (told.case, told.task, told.channel, told.kind) == (
        event.case, event.task, "none", "request",
    )  # fmt: skip


def test_a_contact_for_another_service_is_not_told(house):
    house.contact(service=uuid4(), address="other-group@clay.example.org")
    house.contact(service=SERVICE, address="this-group@clay.example.org")
    house.ask()
    assert house.rows("address") == ["this-group@clay.example.org"]


@pytest.mark.parametrize("means", ["phone", "paper"])
def test_a_provider_that_is_rung_or_written_to_waits_as_a_call_for_staff(house, means):
    house.contact(means=means, address="01422 496 0123")
    house.ask()
    assert house.send() == 0
    assert house.rows() == [(means, "request", "queued")]


def test_an_unrouted_referral_tells_the_hubs_coordinator(house):
    house.contact(party="calder", role="coordinator", address="hub@calder.example.org")
    house.contact(party="calder", role="duty", address="duty@calder.example.org")
    house.contact(party="aire", role="coordinator", address="hub@aire.example.org")
    house.happens(
        ReferralUnrouted(case=uuid4(), service_request=uuid4(), hub="calder", reason="no-team")
    )
    house.send()
    (mail,) = house.mails()
    assert mail["To"] == "hub@calder.example.org"
    assert "/answer/" not in mail.as_string()


def test_an_urgent_referral_tells_the_duty_role(house):
    house.contact(party="calder", role="coordinator", address="hub@calder.example.org")
    house.contact(party="calder", role="duty", address="duty@calder.example.org")
    house.happens(
        ReferralUrgent(case=uuid4(), service_request=uuid4(), hub="calder", priority="stat")
    )
    assert house.rows("address") == ["duty@calder.example.org"]


def test_without_a_duty_contact_the_coordinator_hears_of_an_urgent_referral(house):
    house.contact(party="calder", role="coordinator", address="hub@calder.example.org")
    house.happens(
        ReferralUrgent(case=uuid4(), service_request=uuid4(), hub="calder", priority="asap")
    )
    assert house.rows("address") == ["hub@calder.example.org"]


def test_a_team_hears_of_an_emergency_at_once_and_no_word_names_anybody(house):
    """No quiet hours hold it up, and no end of the referral takes it back."""
    house.contact(party=str(TEAM), role="team", address="team@pcn.example.org")
    quiet_now(house, str(TEAM))
    case = uuid4()
    house.happens(
        ReferralOpenedInEmergency(
            case=case, team=TEAM, hub="calder", opening=uuid4(), reason="life-at-risk"
        )
    )
    house.happens(ReferralWithdrawn(case=case, team=TEAM, by="sender"), sequence=2)
    house.send()
    assert house.rows("kind", "state") == [("opened-in-emergency", "delivered")]
    (mail,) = house.mails()
    assert mail["To"] == "team@pcn.example.org"
    assert mail["Subject"] == "One of your cases was opened in an emergency"
    assert "life" not in mail.as_string(), "not even why"
    assert "/answer/" not in mail.as_string()


@pytest.mark.parametrize(
    ("kind", "more", "subject"),
    [
        (ReferralDeclined, {"reason": "full"}, "said no"),
        (ReferralNoResponse, {}, "has not answered"),
    ],
)
def test_a_no_or_silence_tells_the_link_workers_team(house, kind, more, subject):
    house.contact()
    house.contact(party=str(TEAM), role="team", address="team@pcn.example.org")
    event = house.ask()
    house.send()
    house.happens(after(event, kind, **more))
    house.send()
    mail = house.mails()[-1]
    assert mail["To"] == "team@pcn.example.org"
    assert subject in mail["Subject"]


def test_silence_of_a_case_without_a_team_is_a_visible_failure(house):
    event = requested(team=None)
    house.happens(after(event, ReferralNoResponse, team=None))
    house.pass_time("11 minutes")
    house.send()
    assert house.rows("channel", "kind", "state") == [("none", "no-response", "failed")]


def test_a_request_taken_back_before_sending_is_superseded_and_nobody_hears(house):
    house.contact()
    house.contact(means="phone", address="01422 496 0123")
    event = house.ask()
    house.happens(after(event, ReferralCancelled, reason="other"))
    assert house.send() == 0
    assert house.rows("state", "last_error") == [("superseded", "cancelled")] * 2
    assert house.told() == []


def test_a_request_taken_back_after_sending_is_said_to_those_who_were_told(house):
    house.contact()
    event = house.ask()
    house.send()
    house.contact(address="new@clay.example.org")
    house.happens(after(event, ReferralCancelled, reason="case-closed"))
    house.send()
    first, second = house.mails()
    text = " ".join(str(second.get_body(("plain",)).get_content()).split())
    assert "has ended: it was taken back, or the link worker's work with the person is over" in text
    assert "If they come to you already, they are welcome to go on" in text
    assert second["To"] == first["To"] == "desk@clay.example.org"
    assert "no longer needed" in second["Subject"]


def test_a_withdrawn_referral_ends_every_message_of_the_case(house):
    house.contact()
    house.contact(party=str(TEAM), role="team", address="team@pcn.example.org")
    first = house.ask()
    house.send()
    second = house.ask(case=first.case)
    house.happens(after(first, ReferralDeclined, reason="full"))
    house.happens(ReferralWithdrawn(case=first.case, by="sender"))
    house.send()
    assert house.rows("kind", "task", "state") == [
        ("request", first.task, "delivered"),
        ("request", second.task, "superseded"),
        ("declined", first.task, "superseded"),
        ("no-longer-needed", first.task, "delivered"),
    ]


def test_a_request_that_comes_after_its_cancellation_is_superseded(house):
    house.contact()
    event = requested()
    house.happens(after(event, ReferralCancelled, reason="other"))
    house.happens(event)
    assert house.send() == 0
    assert house.rows("kind", "state", "last_error") == [("request", "superseded", "cancelled")]


def test_a_request_that_comes_after_its_case_was_withdrawn_is_superseded(house):
    house.contact()
    event = requested()
    house.happens(ReferralWithdrawn(case=event.case, by="sender"))
    house.happens(event)
    assert house.rows("kind", "state", "last_error") == [("request", "superseded", "withdrawn")]


@pytest.mark.parametrize("kind", [ReferralAccepted, ReferralWaitlisted])
def test_an_answer_by_one_contact_ends_the_calls_to_the_others(house, kind):
    house.contact()
    house.contact(means="phone", address="01422 496 0123")
    event = house.ask()
    house.send()
    house.happens(after(event, kind))
    assert sorted(house.rows("channel", "state")) == [
        ("email", "delivered"),
        ("phone", "superseded"),
    ]


def test_a_closed_case_ends_what_is_still_to_be_said(house):
    house.contact()
    event = house.ask()
    house.happens(ReferralClosed(case=event.case, outcome="completed"))
    assert house.rows("state", "last_error") == [("superseded", "closed")]


def test_ended_agreement_is_said_to_those_who_were_told(house):
    house.contact()
    event = house.ask()
    house.send()
    house.happens(AgreementWithdrawn(case=event.case, task=event.task, provider=event.provider))
    house.send()
    assert "stop using the details" in house.mails()[-1]["Subject"]


def test_events_that_concern_nobody_here_do_nothing(house):
    house.contact()
    house.happens(
        ReferralReceived(case=uuid4(), service_request=uuid4(), task=uuid4(), hub="calder")
    )
    assert house.rows() == []


def test_what_one_contact_hears_of_one_case_goes_in_order(house, receiver):
    secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
    house.webhook(receiver.url, secret)
    event = house.ask()
    receiver.status = 500
    house.send()
    receiver.status = 204
    other = house.ask(case=event.case)
    house.send()
    assert house.rows("task", "state") == [(event.task, "queued"), (other.task, "queued")]
    house.pass_time("1 minute")
    house.send()
    tasks = [request.json["data"]["task"] for request in receiver.requests]
    assert tasks == [str(event.task), str(event.task), str(other.task)]


def test_every_event_about_a_case_rises_in_version(house):
    house.contact()
    house.contact(address="second@clay.example.org")
    house.ask(case=(case := uuid4()))
    house.ask(case=case)
    house.send()
    with house.engine.connect() as connection:
        found = connection.execute(select(outbox.c.envelope).order_by(outbox.c.position))
        sequences = [parse(each).sequence for each in found.scalars()]
    assert len(sequences) == 4
    assert sequences == sorted(set(sequences))


def handed_over(house, case, previous, team, **how):
    house.happens(
        ReferralHandedOver(
            case=case, team=team, previous_team=previous, hub="calder", reason="cover"
        ),
        **how,
    )


def test_a_hand_over_is_said_to_the_new_team_and_to_nobody_else(house):
    new = uuid4()
    house.contact()
    house.contact(party=str(TEAM), role="team", address="old@pcn.example.org")
    house.contact(party=str(new), role="team", address="new@pcn.example.org")
    event = house.ask()
    house.send()
    handed_over(house, event.case, TEAM, new, sequence=2)
    house.send()
    mail = house.mails()[-1]
    assert mail["To"] == "new@pcn.example.org"
    assert "handed over to your team" in mail["Subject"]
    assert "/answer/" not in mail.as_string()
    assert house.rows("kind", "state") == [("request", "delivered"), ("handed-over", "delivered")]


def test_what_still_waits_for_the_old_team_is_superseded(house):
    new = uuid4()
    house.contact(party=str(TEAM), role="team", address="old@pcn.example.org")
    house.contact(party=str(new), role="team", address="new@pcn.example.org")
    event = requested()
    house.happens(after(event, ReferralDeclined, reason="full"))
    handed_over(house, event.case, TEAM, new, sequence=2)
    house.send()
    assert house.rows("kind", "address", "state") == [
        ("declined", "old@pcn.example.org", "superseded"),
        ("handed-over", "new@pcn.example.org", "delivered"),
    ]


def test_what_comes_late_for_the_old_team_goes_to_the_new_one(house):
    new = uuid4()
    house.contact(party=str(TEAM), role="team", address="old@pcn.example.org")
    house.contact(party=str(new), role="team", address="new@pcn.example.org")
    event = requested()
    handed_over(house, event.case, TEAM, new, sequence=5)
    house.happens(after(event, ReferralDeclined, reason="full"), sequence=4)
    assert house.rows("kind", "address") == [
        ("handed-over", "new@pcn.example.org"),
        ("declined", "new@pcn.example.org"),
    ]


# --- a service goes off the list while a request is open ------------------------------------------


def test_both_sides_hear_that_a_service_was_withdrawn_once(house):
    house.contact()
    house.contact(address="never-asked@clay.example.org", service=uuid4())
    house.contact(party=str(TEAM), role="team", address="team@pcn.example.org")
    event = house.ask()
    house.send()
    gone = house.happens(after(event, ReferralServiceWithdrawn))
    house.consume(gone)
    house.execute("delete from inbox")
    house.consume(gone)
    assert house.send() == 2
    told = {mail["To"]: mail["Subject"] for mail in house.mails()[1:]}
    assert told == {
        "team@pcn.example.org": "A service that you asked is no longer on the list",
        "desk@clay.example.org": "Your service is off the list, and someone still counts on you",
    }


def test_a_provider_whose_address_went_with_its_listing_hears_all_the_same(house):
    listing = {"name": "Clay", "kersey": {"referral": {"ask_by": "email", "email": "a@clay.test"}}}
    about = {"service": SERVICE, "provider": PROVIDER, "listing": listing}
    house.happens(ServicePublished(**about), sequence=1)
    house.contact(party=str(TEAM), role="team", address="team@pcn.example.org")
    event = house.ask()
    house.send()
    house.happens(ServiceWithdrawn(**about), sequence=2)
    house.happens(after(event, ReferralServiceWithdrawn))
    assert house.send() == 2
    assert {mail["To"] for mail in house.mails()[1:]} == {"team@pcn.example.org", "a@clay.test"}


def test_a_side_that_nobody_can_reach_is_a_visible_failure_of_its_own(house):
    house.happens(after(requested(), ReferralServiceWithdrawn))
    house.pass_time("11 minutes")
    house.send()
    assert sorted(house.rows("kind", "state")) == [
        ("service-withdrawn", "failed"), ("somebody-counts-on-you", "failed"),
    ]  # fmt: skip
    house.contact(party=str(TEAM), role="team", address="team@pcn.example.org")
    house.contact()
    with UnitOfWork(house.engine) as uow:
        waiting.tell(uow, str(TEAM))
        waiting.tell(uow, str(PROVIDER))
        uow.commit()
    house.send()
    assert {mail["To"]: mail["Subject"][:12] for mail in house.mails()} == {
        "team@pcn.example.org": "A service th", "desk@clay.example.org": "Your service",
    }  # fmt: skip


def test_a_request_taken_back_needs_no_warning_any_more(house):
    house.contact()
    house.contact(party=str(TEAM), role="team", address="team@pcn.example.org")
    event = house.ask()
    house.send()
    house.happens(after(event, ReferralServiceWithdrawn))
    house.happens(after(event, ReferralCancelled, reason="other"))
    house.send()
    assert [mail["Subject"] for mail in house.mails()[1:]] == [
        "A request to you is no longer needed"
    ]
