"""What is said of a person that stops messages: heeded in each case, and noted for what comes."""

from uuid import uuid4

import pytest

from services.notifications.handlers.cases import stops_of
from shared.database import UnitOfWork
from shared.messaging.events import (
    PersonDied,
    PersonNotToContact,
    PersonRestricted,
    PersonStopLifted,
)


def noted(house, person):
    with UnitOfWork(house.engine) as uow:
        return stops_of(uow, person)


def test_what_stands_of_a_person_is_noted_until_it_is_lifted(house):
    person, other = uuid4(), uuid4()
    cases = [uuid4(), uuid4()]
    for case in cases:
        house.happens(PersonDied(case=case, person=person))
        house.happens(PersonNotToContact(case=case, person=person))
    house.happens(PersonRestricted(case=uuid4(), person=other))
    assert noted(house, person) == {"died", "do-not-contact"}
    assert noted(house, other) == {"restricted"}
    for case in cases:
        house.happens(PersonStopLifted(case=case, person=person, stop="died"), sequence=2)
    assert noted(house, person) == {"do-not-contact"}


def test_a_replay_is_noted_and_stops_nothing_a_second_time(house):
    house.contact()
    event = house.ask()
    house.happens(PersonDied(case=event.case, person=uuid4()), replay=True)
    assert house.rows("state") == ["queued"]
    assert house.scalar("select count(*) from stopped") == 1


@pytest.mark.parametrize(
    ("kind", "state"),
    [(PersonDied, "superseded"), (PersonRestricted, "queued"), (PersonNotToContact, "queued")],
)
def test_a_death_stops_what_is_queued_about_the_case(house, kind, state):
    # What goes to a provider names nobody; only a death makes asking it pointless.
    house.contact()
    event, other = house.ask(), house.ask()
    house.happens(kind(case=event.case, person=uuid4()), sequence=2)
    assert house.rows("state", case=event.case) == [state]
    assert house.rows("state", case=other.case) == ["queued"]
    if state == "superseded":
        assert house.rows("last_error", case=event.case) == ["person-died"]
        house.send()
        assert len(house.mails()) == 1
