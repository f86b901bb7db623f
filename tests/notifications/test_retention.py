"""What notifications keeps for a while ends, in an order that its own keys allow."""

from services.notifications.retention import DELIVERIES, ENDINGS, LINKS, expiries
from shared.messaging.events import ReferralAccepted
from tests.notifications.conftest import House


def run(house: House, record: object) -> int:
    ends = expiries(house.settings, house.engine)
    return ends[record.name].run(record.before(), "x")  # type: ignore[attr-defined]


def test_a_delivery_ends_after_its_link(house: House):
    house.contact()
    house.ask()
    assert house.send() == 1
    house.execute("update delivery set ended = ended - interval '3 years'")
    assert run(house, DELIVERIES) == 0, "its link still leads to it"
    assert run(house, LINKS) == 0
    house.execute("update answer_link set expires = expires - interval '3 years'")
    assert run(house, LINKS) == 1
    assert run(house, DELIVERIES) == 1
    assert house.scalar("select count(*) from delivery_attempt") == 0


def test_a_delivery_under_way_never_ends(house: House):
    house.contact()
    house.ask()
    house.execute("update delivery set created = created - interval '9 years'")
    assert run(house, DELIVERIES) == 0
    assert house.send() == 1


def test_that_a_task_was_answered_ends_too(house: House):
    house.contact()
    asked = house.ask()
    house.happens(
        ReferralAccepted(
            case=asked.case, task=asked.task, service=asked.service, provider=asked.provider
        )
    )
    assert run(house, ENDINGS) == 0
    house.execute("update answered set at = at - interval '3 years'")
    house.execute("update stopped set at = at - interval '3 years'")
    assert run(house, ENDINGS) >= 1
    assert house.scalar("select count(*) from answered") == 0


def test_who_was_told_of_a_case_under_a_hold_stays(house: House):
    house.contact()
    held, other = house.ask(), house.ask()
    assert house.send() == 2
    house.execute("update delivery set ended = ended - interval '3 years'")
    house.execute("delete from answer_link")
    ends = expiries(house.settings, house.engine, lambda: [held.case])[DELIVERIES.name]
    due = ends.due(DELIVERIES.before())
    assert (due.rows, due.held) == (1, 1)
    assert ends.run(DELIVERIES.before(), "x") == 1
    assert house.scalar('select "case" from delivery') == held.case != other.case
    assert run(house, DELIVERIES) == 1, "until it is lifted"
