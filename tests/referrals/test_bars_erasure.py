"""A person who came by message is erased from what is remembered of the message too."""

import json
from datetime import timedelta

from services.referrals.app import desk_of
from services.referrals.retention import MESSAGES, RETENTION
from services.referrals.subject.restricting import hold
from shared.worker import Wake
from tests.referrals.house import House, a_bundle, a_person
from tests.referrals.messaging import a_message, answered, as_message, error, resource, send, taken
from tests.referrals.planting import alone_in
from tests.referrals.prying import marked_bundle
from tests.referrals.subscribing import receiver
from tests.referrals.test_bars_answers import asked
from tests.referrals.test_bars_messages import case_of, request_of
from tests.referrals.test_erasure import found_in, whole, wiped


def test_an_erased_person_is_in_no_message_and_comes_back_by_no_repeat(house: House):
    marked = marked_bundle()
    key = "5f1c6e1e-3a2b-4c55-9a0e-3a1f6d1b7c11"
    with receiver(503) as sink:
        message = as_message(marked.bundle, sink.url)
        at, task = asked(house, message, X_Request_Id=key)
        request = resource(message, "ServiceRequest")
        house.answer(task, "decline", reason="full")
        answered(house)
        house.worker.post(f"{at}/close", {"outcome": "nothing-fits"})
        marks = alone_in(marked, a_bundle(person=a_person(2)))
        assert found_in(house, marks), "or the search would prove nothing"
        person = house.scalar("select person from referral_case where person is not null")

        wiped(house, person)

        assert found_in(house, marks) == set()
        tables = whole(house)
        assert message["entry"][1]["fullUrl"] not in tables["bars_message"]
        assert sink.url not in tables["bars_message"]
        house.execute("update bars_delivery set due = now() where due is not null")
        tried = len(sink.requests)
        answered(house)
        assert len(sink.requests) == tried, "nothing is sent of whom is erased"
    again = send(house, message, X_Request_Id=key)
    assert error(again)[:3] == (409, "REC_CONFLICT", "duplicate")
    assert request["identifier"]


def test_nothing_personal_is_in_what_is_remembered_or_sent_later(house: House):
    marked = marked_bundle()
    with receiver() as sink:
        _, task = asked(house, as_message(marked.bundle, sink.url))
        house.answer(task, "decline", reason="full")
        answered(house)
        sent = json.dumps([each.json for each in sink.requests])
    tables = whole(house)

    for mark, path in marked.markers.items():
        for name in ("bars_message", "bars_delivery", "bars_delivery_attempt"):
            assert mark not in tables[name], (name, path)
        if not path.startswith(("Organization", "ServiceRequest.identifier")):
            assert mark not in sent or path == "ServiceRequest.authoredOn", path


def test_messages_are_kept_while_their_case_is_open_and_two_years(house: House):
    taken(house, a_message(number=1))
    closed = a_message(number=2)
    case, _ = case_of(house, request_of(taken(house, closed)))
    house.worker.post(f"/referrals/cases/{case}/return", {"reason": "wrong-area"})
    desk = desk_of(house.settings, house.engine, Wake())
    old = desk.clock() + timedelta(days=1)
    ends = RETENTION.expiries(house.settings, house.engine)[MESSAGES.name]

    person = house.scalar("select person from referral_case where id = :c", c=case)
    assert (ends.due(old).rows, ends.due(old).held) == (1, 1)
    hold(house.desk, person, by="solicitor")
    assert (ends.due(old).rows, ends.due(old).held) == (0, 2)
    assert ends.run(old, "tests") == 0
    hold(house.desk, person, by="solicitor", held=False)
    assert ends.run(old, "tests") == 1

    assert house.scalar("select count(*) from bars_message") == 1, "the one of the open case stays"
