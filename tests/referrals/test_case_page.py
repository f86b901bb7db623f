"""A page of a case as one answer: all that its parts say by themselves, to whom they say it."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event

from tests.portal.signing_in import PAGE
from tests.referrals.house import SERVICE_2, Caller, House, Json, Referral
from tests.referrals.test_audit_events import events

MOST = 4
"""Statements for a page of a case, however much there is to it."""


def lived_in(house: House) -> Referral:
    """A case of which most tables have something."""
    referral, task = house.accepted()
    worker = house.worker
    worker.post(
        f"{referral.at}/contacts",
        {"reached": True, "how": "phone", "minutes": 12, "next_step": "Ring", "next_on": None},
    )
    worker.put(f"{referral.at}/person/contacts/phone", {"value": "07700 900123", "safe": "yes"})
    worker.post(
        f"{referral.at}/person/access-needs", {"code": "step-free", "source": "self-stated"}
    )
    worker.post(f"{referral.at}/goals", {"words": "To walk by the canal"})
    measure = {"instrument": "ons4", "answers": {"satisfied": 4}}
    worker.post(
        f"{referral.at}/reviews",
        {"day": "2026-06-02", "filled_in": "together", "how": "phone", "measures": [measure]},
    )
    worker.put(f"{referral.at}/complexity", {"level": "intensive", "because": "Much at once"})
    worker.post(f"{referral.at}/signposts", {"service": str(SERVICE_2)})
    house.progress(task, "start", date="2026-06-03")
    duty = house.by("duty-lead")
    body = {"case": referral.case, "reason": "life-at-risk", "words": "A call."}
    opening = duty.post("/referrals/break-glass", body)
    duty.get(f"/referrals/break-glass/{opening['id']}")
    return referral


def page_of(who: Caller, referral: Referral) -> Json:
    found: Json = who.get(f"{referral.at}/page")
    return found


def parts_of(who: Caller, referral: Referral) -> Json:
    """The same, asked for one by one; null where that is refused."""

    def part(path: str) -> Any:
        answer = who.send("GET", path)
        assert answer.status_code in (200, 404), path
        return answer.json() if answer.is_success else None

    return {
        "case": part(referral.at),
        "request": part(f"/fhir/ServiceRequest/{referral.request}"),
        "patient": part(f"/fhir/Patient/{referral.patient}"),
        "record": part(f"{referral.at}/person"),
        "plan": part(f"{referral.at}/plan"),
    }


def test_the_page_that_stands_in_for_referrals_in_the_pages_tests_is_as_theirs(house: House):
    referral, _ = house.accepted()
    page = page_of(house.worker, referral)
    assert PAGE.keys() == page.keys()
    assert PAGE["case"].keys() <= page["case"].keys()
    assert PAGE["case"]["tasks"][0].keys() <= page["case"]["tasks"][0].keys()


@pytest.mark.parametrize("name", ["link-worker", "coordinator"])
def test_a_page_says_what_its_parts_say(house: House, name: str):
    referral, who = lived_in(house), house.by(name)
    page = page_of(who, referral)
    assert page == parts_of(who, referral)
    named = [page[each] is not None for each in ("request", "patient", "record", "plan")]
    assert named == [name == "link-worker"] * 4, "a hub sees the case and not the person"


def test_a_case_that_ended_keeps_what_was_sent_and_closes_the_record(house: House):
    referral = house.taken_on()
    house.worker.post(f"{referral.at}/close", {"outcome": "completed"})
    page = page_of(house.worker, referral)
    assert page == parts_of(house.worker, referral)
    assert page["patient"] is not None
    assert (page["record"], page["plan"]) == (None, None)


def test_an_unrouted_case_is_its_hubs(house: House):
    referral = house.refer(code="183452005")
    hub = house.by("coordinator")
    assert page_of(hub, referral) == parts_of(hub, referral)
    house.worker.get(f"{referral.at}/page", status=404)


def test_nobody_else_gets_a_page(house: House):
    referral = house.taken_on()
    for name in ("link-worker-2", "coordinator-2"):
        house.by(name).get(f"{referral.at}/page", status=404)
    for name in ("provider", "ehr", "duty-lead"):
        answer = house.by(name).send("GET", f"{referral.at}/page")
        assert answer.status_code in (403, 404), name
    refused = events(house, "subtype=case-read&outcome=4")
    told = {each["agent"][0]["altId"] for each in refused}
    assert {"worker-2", "hub-2"} <= told, "who asked in vain is noted"


def test_who_looked_at_what_is_noted_as_for_its_parts(house: House):
    first, second = house.taken_on(), house.taken_on(number=2)
    for name in ("link-worker", "coordinator"):
        page_of(house.by(name), first)
        parts_of(house.by(name), second)
    events(house)  # whoever asks for the trail has what waits written first
    seen = {
        each.case: {
            (row[0], row[1].replace(each.case, "it"), row[2], row[3])
            for row in house.rows(
                "select client_id, record, action, denied from access_entry"
                ' where "case" = :case or record = any(:records)',
                case=each.case,
                records=[f"ServiceRequest/{each.request}", f"Patient/{each.patient}"],
            )
        }
        for each in (first, second)
    }

    def named(referral: Referral) -> set[tuple[Any, ...]]:
        ids = {f"ServiceRequest/{referral.request}": "asked", f"Patient/{referral.patient}": "who"}
        return {(row[0], ids.get(row[1], row[1]), *row[2:]) for row in seen[referral.case]}

    hub = house.by("coordinator").who.client_id
    alone = {(hub, "case/it", "case-read", True)}
    assert named(second) - alone == named(first), "a hub's page asks for no record of the team"
    assert len(named(first)) == 6


def test_a_token_that_reaches_no_patient_gets_the_rest(house: House):
    referral = house.taken_on()
    scopes = tuple(each for each in house.worker.who.scopes if "/" not in each)
    narrow = house.by("link-worker", scopes=(*scopes, "system/ServiceRequest.r"))
    page = page_of(narrow, referral)
    assert page["patient"] is None
    assert page["request"]["id"] == referral.request
    assert page["record"] is not None
    events(house)  # whoever asks for the trail has what waits written first
    refused = house.rows("select record from audit_entry where action = 'refused-read'")
    assert refused == [("Patient",)]


@pytest.fixture
def asked(house: House) -> Iterator[list[str]]:
    """What the database is asked, but for what is noted of it afterwards."""
    statements: list[str] = []

    def note(_c: object, _k: object, text: str, *_: object) -> None:
        if "access_entry" not in text:
            statements.append(text)

    event.listen(house.engine, "before_cursor_execute", note)
    yield statements
    event.remove(house.engine, "before_cursor_execute", note)


def test_a_page_asks_the_database_little_however_much_there_is(house: House, asked: list[str]):
    empty, full = house.refer(number=2), lived_in(house)
    for referral in (empty, full):
        asked.clear()
        page_of(house.worker, referral)
        assert 0 < len(asked) <= MOST, asked


def test_a_case_says_each_move_of_its_tasks_once_and_whose_it_was(house: House) -> None:
    referral, task = house.accepted()
    house.worker.post(f"{referral.at}/close", {"outcome": "completed"})
    moves = house.worker.get(referral.at)["moves"]
    assert [(each["task"], each["to"]) for each in moves] == [
        (referral.triage, "create"),
        (referral.triage, "triage-accepted"),
        (referral.triage, "person-accepted"),
        (task, "create"),
        (referral.triage, "provider-asked"),
        (task, "selected"),
        (referral.triage, "place-found"),
        (referral.triage, "closed"),
        (task, "cancelled"),
    ]
    by = {each["to"]: each["by"] for each in moves}
    assert by["triage-accepted"] == by["closed"] != by["selected"]
    assert [each["made"] for each in moves] == sorted(each["made"] for each in moves)
    (asked,) = [each for each in house.worker.get(referral.at)["tasks"] if each["id"] == task]
    assert asked["answered"], "that it had answered stays known"
