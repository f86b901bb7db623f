"""Events and deliveries that are worked off together come to what they would come to one by one."""

import time
from contextlib import nullcontext
from datetime import UTC, datetime
from random import Random
from uuid import uuid4

import pytest
from sqlalchemy import event as watched

from services.notifications.app import CASES, all_of, all_of_all, escalating
from services.notifications.channels.webhook import WEBHOOK
from services.notifications.domain import Role
from services.notifications.handlers.erasing import ERASED
from shared.delivery import Together
from shared.messaging.events import (
    Envelope,
    NotificationDelivered,
    PersonDied,
    ReferralAccepted,
    ReferralCancelled,
    ReferralDeclined,
    ReferralReceived,
    ReferralUnrouted,
    Sequence,
)
from tests.messaging.tools import running
from tests.notifications.conftest import TEAM, House, requested

SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
TABLES = ("inbox", "delivery", "case_order", "stopped", "answered", "person_delivery", "outbox")


def envelope(event, replay=False):
    return Envelope(
        id=uuid4(), source="kersey/referrals", time=datetime.now(UTC), sequence=Sequence(1),
        data=event, replay=replay,
    )  # fmt: skip


def a_mixed_day():
    """Requests that are answered, taken back before and after, repeated, replayed, or nobody's."""
    asked = [requested() for _ in range(12)]

    def after(number, kind, **more):
        return after_of(asked[number], kind, **more)

    events = [
        *map(envelope, asked),
        envelope(after(0, ReferralAccepted)),
        envelope(after(1, ReferralDeclined, reason="full")),
        envelope(after(2, ReferralCancelled, reason="other")),
        envelope(requested(), replay=True),
        envelope(ReferralUnrouted(case=uuid4(), service_request=uuid4(), hub="calder", reason="x")),
        envelope(ReferralReceived(
            case=asked[3].case, task=uuid4(), service_request=uuid4(), hub="calder", team=TEAM,
        )),
        envelope(PersonDied(case=asked[4].case, person=uuid4())),
        envelope(requested(case=asked[4].case)),
        envelope(requested(provider=uuid4())),
    ]  # fmt: skip
    late = envelope(requested())
    events += [envelope(after_of(late.data, ReferralCancelled, reason="other")), late, events[0]]
    return events


def after_of(event, kind, **more):
    names = ("case", "task", "service", "provider", "team")
    return kind(**({name: getattr(event, name) for name in names} | more))


def outcome(house: House):
    kept = house.rows("id", "channel", "state", "kind", "address", "order_key", "last_error")
    stopped = house.scalar(
        "select string_agg(about::text || reason, ' ' order by about) from stopped"
    )
    return sorted(kept), stopped


@pytest.fixture
def reached(house: House):
    """A provider with a desk and a system, a hub, and a team."""
    house.contact()
    house.webhook("http://127.0.0.1:9/hook", SECRET)
    house.contact(party="calder", role=Role.COORDINATOR.value, address="hub@calder.example.org")
    house.contact(party=str(TEAM), role=Role.TEAM.value, address="team@calder.example.org")
    return house


@pytest.mark.parametrize("seed", range(6))
def test_events_that_come_together_tell_what_they_tell_one_by_one(reached: House, seed):
    events = a_mixed_day()
    Random(seed).shuffle(events)
    events.sort(key=lambda each: each.subject)  # as `together` takes them
    for each in events:
        reached.consume(each)
    one_by_one = outcome(reached)
    for table in TABLES:
        reached.execute(f"delete from {table}")
    reached._consume[CASES].together(events, lambda _: nullcontext())
    assert outcome(reached) == one_by_one
    assert len(one_by_one[0]) > 20


def test_of_an_erased_person_nothing_is_told_however_many_come(reached: House):
    events = [envelope(requested()) for _ in range(4)]
    reached.execute(
        "insert into stopped (about, reason, at) values (:case, :reason, now())",
        case=events[0].data.case, reason=ERASED,
    )  # fmt: skip
    reached._consume[CASES].together(events, lambda _: nullcontext())
    assert reached.scalar('select count(distinct "case") from delivery') == 3


def test_twenty_requests_take_a_few_statements(reached: House):
    sent: list[str] = []
    watched.listen(
        reached.engine, "before_cursor_execute", lambda c, k, text, *_: sent.append(text)
    )
    reached._consume[CASES].together(
        [envelope(requested()) for _ in range(20)], lambda _: nullcontext()
    )
    assert len(sent) <= 8, sent


def test_deliveries_that_end_together_are_told_and_followed_one_by_one(reached: House, receiver):
    reached.execute("update contact set address = :url where means = :means",
                    url=receiver.url, means=WEBHOOK.means)  # fmt: skip
    escalates = escalating(reached.settings)
    asked = [reached.ask() for _ in range(15)]
    asked += [reached.ask(case=asked[0].case)]
    worker = reached.worker(
        on_delivered=reached.teller.and_then(
            all_of(reached.endpoints.delivered, escalates.delivered)
        ),
        together=Together(
            reached.teller.lock_all_first,
            all_of_all(
                reached.teller.all_delivered,
                reached.endpoints.all_delivered,
                escalates.all_delivered,
            ),
        ),
    )
    with running(worker):
        deadline = time.monotonic() + 90
        while len(reached.rows("id", state="delivered")) < 2 * len(asked):
            assert time.monotonic() < deadline, reached.rows("state", "due", "last_error")
            time.sleep(0.05)
    told = [each for each in reached.told() if isinstance(each, NotificationDelivered)]
    assert len(told) == len({each.delivery for each in told}) == 2 * len(asked)
    subjects = reached.scalar(
        "select count(*) - count(distinct (subject, envelope::json ->> 'sequence')) from outbox"
    )
    assert subjects == 0, "two events about one case have two numbers"
    kinds = sorted(reached.rows("kind"))
    assert kinds.count("nudge") == kinds.count("second-nudge") == len(asked), "the desk's alone"
    assert kinds.count("help-call") == len(asked), "one for each request, of mail and webhook both"
