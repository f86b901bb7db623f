"""A person was erased: what notifications kept of their cases goes, and nothing new comes of it."""

from functools import partial
from uuid import UUID, uuid4

from services.notifications.app import ERASURES
from services.notifications.handlers.erasing import Erasures
from shared.mail import forget_mails
from shared.messaging.events import (
    Envelope,
    ErasureConfirmed,
    PersonErased,
    ReferralCancelled,
    ReferralRequested,
)
from shared.messaging.outbox import ConsumingOnce, Outbox
from tests.notifications.conftest import SERVICE, House

PERSON = uuid4()


def erased(house: House, *cases: UUID) -> Envelope:
    """The event arrives, twice as any may."""
    house._consume[ERASURES] = ConsumingOnce(
        house.engine,
        ERASURES.consumer,
        Erasures(Outbox("kersey/notifications", house.wake), partial(forget_mails, house.settings)),
    )
    envelope = house.happens(PersonErased(person=PERSON, cases=cases))
    house.consume(envelope)
    return envelope


def cancelled(asked: ReferralRequested) -> ReferralCancelled:
    return ReferralCancelled(
        case=asked.case,
        task=asked.task,
        service=asked.service,
        provider=asked.provider,
        reason="withdrawn",
    )


def kept(house: House, case: UUID) -> int:
    found: int = house.scalar(
        'select (select count(*) from delivery where "case" = :c)'
        ' + (select count(*) from answer_link where "case" = :c)',
        c=case,
    )
    return found


def test_deliveries_attempts_and_links_of_the_cases_go_and_of_others_stay(house: House):
    house.contact()
    mine, theirs = house.ask(), house.ask()
    assert house.send() == 2
    assert kept(house, mine.case) == 2
    erased(house, mine.case)
    assert kept(house, mine.case) == 0
    assert kept(house, theirs.case) == 2
    assert house.scalar("select count(*) from delivery_attempt") == 1


def test_it_is_confirmed_once_however_often_it_is_told(house: House):
    erased(house, uuid4())
    (told,) = house.told()
    assert told == ErasureConfirmed(person=PERSON, service="notifications")


def test_it_is_confirmed_also_where_nothing_was_kept(house: House):
    erased(house)
    assert [type(each) for each in house.told()] == [ErasureConfirmed]


def test_an_event_that_comes_after_the_erasure_makes_no_message(house: House):
    house.contact()
    asked = ReferralRequested(
        case=uuid4(), task=uuid4(), service_request=uuid4(), service=SERVICE, provider=uuid4()
    )
    erased(house, asked.case)
    house.happens(asked)
    house.happens(cancelled(asked), sequence=2)
    assert house.rows("kind") == []
    assert house.scalar("select count(*) from answered") == 0


def test_what_waits_to_be_sent_is_not_sent(house: House):
    house.contact()
    asked = house.ask()
    erased(house, asked.case)
    assert house.send() == 0
    assert house.mails() == []


def test_what_is_on_its_way_makes_no_link_and_is_recorded_nowhere(house: House):
    house.contact()
    asked = house.ask()
    worker = house.worker()
    (claimed,) = worker._ledger.claim(1)
    erased(house, asked.case)
    worker._deliver(claimed)
    assert house.mails() == []
    assert kept(house, asked.case) == 0
    assert [type(each) for each in house.told()] == [ErasureConfirmed]
