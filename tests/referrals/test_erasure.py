"""A person is erased from the referrals service: what goes, what stays, who is told of it."""

from collections.abc import Iterable
from datetime import date
from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import inspect, text

from services.referrals.subject.erasing import Erased, Held, StillOpen, erase
from services.referrals.subject.exporting import copy_of
from services.referrals.subject.finding import (
    NoSuchPerson,
    by_nhs_number,
    by_referral,
    subject_of,
)
from services.referrals.subject.reapplying import ErasureLine, reapply
from services.referrals.subject.restricting import hold, restrict
from services.referrals.tables import Erasure
from shared.messaging.events import PersonErased
from tests.referrals.house import House, Json, Referral, a_bundle, a_person
from tests.referrals.planting import PLANTED, STAFF, alone_in, plant
from tests.referrals.prying import Marked, marked_bundle
from tests.referrals.subscribing import subscription
from tests.referrals.test_composition import until
from tests.referrals.test_worries import closed, worry

BLOCKED = (
    "select count(*) from pg_stat_activity"
    " where datname = current_database() and wait_event_type = 'Lock'"
)


def person_of(house: House, referral: Referral) -> UUID:
    found: UUID = house.scalar("select person from referral_case where id = :id", id=referral.case)
    return found


def close(house: House, referral: Referral, task: str | None = None) -> None:
    """Bring a case to its end, in the ordinary way."""
    if task:
        house.progress(task, "start")
        house.progress(task, "complete")
    house.worker.post(f"{referral.at}/close", {"outcome": "completed"})


def wiped(house: House, person: UUID, **how: Any) -> Erased:
    return erase(house.desk, person, **({"by": "DPO", "reason": "person-asked"} | how))


def whole(house: House) -> dict[str, str]:
    """Everything in the database as text, by table."""
    names = inspect(house.engine).get_table_names()
    return {
        name: "\n".join(str(row) for (row,) in house.rows(f'select t::text from "{name}" t'))
        for name in names
    }


def found_in(house: House, markers: Iterable[str]) -> set[tuple[str, str]]:
    tables = whole(house)
    return {(mark, name) for mark in markers for name, rows in tables.items() if mark in rows}


def story(house: House, marked: Marked) -> tuple[Referral, str, list[str]]:
    """A closed case with a word in every field that anybody writes; the words."""
    words = [f"zw{n}word" for n in range(18)]
    referral = house.refer(marked.bundle)
    house.worker.post(f"{referral.at}/accept")
    contact = {"reached": True, "how": "phone", "next_step": words[10]}
    house.worker.post(f"{referral.at}/contacts", contact)
    said = {"wanted": words[11], "changed": words[12], "harm": words[13]}
    house.worker.post(f"{referral.at}/reviews", said)
    wish = {"words": words[14], "actions": [{"words": words[15]}]}
    goal = house.worker.post(f"{referral.at}/goals", wish)["id"]
    came = {"state": "reached", "came": words[16]}
    house.worker.post(f"{referral.at}/goals/{goal}/settle", came)
    task = house.ask(
        referral,
        needs=[{"code": "loneliness", "display": words[0]}],
        text=words[1],
        when=words[2],
        where=words[3],
        access_needs=[words[4]],
        share={"name": words[5], "phone": words[6]},
    )
    house.answer(task, "accept")
    house.provider.post(f"/referrals/requests/{task}/identity")
    house.progress(task, "start")
    wrote = {"text": words[17], "key": str(uuid4())}
    house.provider.post(f"/referrals/requests/{task}/messages", wrote)
    house.progress(task, "complete", note=words[7])
    house.execute("update case_task set task_note = :w where id = :t", w=words[8], t=task)
    patient = house.ehr.get(f"/fhir/Patient/{referral.patient}")
    patient["name"] = [{"family": words[9]}]
    house.ehr.put(f"/fhir/Patient/{referral.patient}", patient)
    house.worker.post(f"{referral.at}/close", {"outcome": "completed"})
    return referral, task, words


def test_no_word_of_the_person_is_left_in_any_table(house: House):
    marked = marked_bundle()
    referral, _, words = story(house, marked)
    person = person_of(house, referral)
    plant(house.engine, person)
    number = house.scalar("select nhs_number from person where id = :p", p=person)
    bundle = a_bundle(person=a_person(2))
    other = house.refer(bundle)
    marks = [*alone_in(marked, bundle), *words, *PLANTED, number]
    there = {mark for mark, _ in found_in(house, marks)}
    assert there == set(marks), "or the search below would prove nothing"
    before = house.rows("select * from document where person = :p", p=person_of(house, other))

    wiped(house, person)

    assert found_in(house, marks) == set()
    after = house.rows("select * from document where person = :p", p=person_of(house, other))
    assert after == before
    staff = {mark for mark, path in marked.markers.items() if path.startswith(STAFF)}
    assert {mark for mark, _ in found_in(house, staff)} == staff


def test_who_read_a_document_reads_that_it_is_gone_and_nothing_else(house: House):
    referral, task, _ = story(house, marked_bundle())
    onward = house.scalar("select service_request from case_task where id = :t", t=task)
    wiped(house, person_of(house, referral))
    for who, at in (
        (house.ehr, f"/fhir/Patient/{referral.patient}"),
        (house.ehr, f"/fhir/ServiceRequest/{referral.request}"),
        (house.worker, f"/fhir/Task/{referral.triage}"),
        (house.provider, f"/fhir/Task/{task}"),
        (house.provider, f"/fhir/ServiceRequest/{onward}"),
    ):
        assert who.send("GET", at).status_code == 410, at
        assert who.send("GET", f"{at}/_history/1").status_code == 404
        (only,) = who.get(f"{at}/_history")["entry"]
        assert only["request"]["method"] == "DELETE"
        assert "resource" not in only
    assert house.worker.send("GET", referral.at).status_code == 404
    assert house.worker.get("/referrals/cases?open=false") == []
    assert house.provider.send("GET", f"/referrals/requests/{task}/messages").status_code == 404
    assert house.provider.get("/referrals/requests?folder=ended") == []
    for step in ("answer", "progress", "identity"):
        body = {"decision": "accept"} if step == "answer" else {"action": "start"}
        sent = house.provider.send(
            "POST", f"/referrals/requests/{task}/{step}", json=None if step == "identity" else body
        )
        assert sent.status_code == 404


def test_what_was_erased_does_not_come_back_by_an_update(house: House):
    referral, _, _ = story(house, marked_bundle())
    patient = house.ehr.get(f"/fhir/Patient/{referral.patient}")
    request = house.ehr.get(f"/fhir/ServiceRequest/{referral.request}")
    wiped(house, person_of(house, referral))
    with house.unchanged():
        outcome = house.ehr.put(f"/fhir/Patient/{patient['id']}", patient, status=410)
        assert outcome["resourceType"] == "OperationOutcome"
        for body in (patient, request):
            at = f"/fhir/{body['resourceType']}/{body['id']}"
            house.ehr.patch(at, {"op": "add", "path": "/language", "value": "en"}, status=410)
        condition = {
            "resourceType": "Condition",
            "code": {"text": "x"},
            "subject": {"reference": f"Patient/{referral.patient}"},
        }
        house.ehr.post("/fhir/Condition", condition, status=422)


def test_the_same_person_may_be_referred_again_as_a_new_one(house: House):
    bundle = a_bundle()
    referral = house.refer(bundle)
    close_untouched(house, referral)
    person = person_of(house, referral)
    wiped(house, person)
    again = house.refer(bundle)
    assert again.case != referral.case
    assert person_of(house, again) != person


def close_untouched(house: House, referral: Referral) -> None:
    house.worker.post(f"{referral.at}/return", {"reason": "other"})


def test_dates_and_codes_of_what_was_done_stay_with_their_reason(house: House):
    referral, task, _ = story(house, marked_bundle())
    erased = wiped(house, person_of(house, referral))
    assert house.row(
        "select outcome, priority, erased is not null from referral_case where id = :c",
        c=referral.case,
    ) == ("completed", "routine", True)
    assert house.row("select status, business, note from case_task where id = :t", t=task) == (
        "completed",
        "completed",
        None,
    )
    assert house.scalar("select count(*) from code_returned") == 1
    assert house.row("select items, shared from agreement") == (["name", "phone"], {})
    for effect in erased.effects:
        assert effect.gone or effect.why, effect.record
    assert {effect.record for effect in erased.effects} >= {"documents", "audit_entry", "person"}
    (told,) = erased.recipients
    assert (told.name, told.views) == ("Saltaire Slow Stitch", 1)


def test_each_giving_of_an_agreement_is_in_the_copy_and_outlives_the_words(house: House):
    referral, task = house.accepted()
    house.worker.post(f"/referrals/requests/{task}/renew-agreement", {"how": "written"})
    close(house, referral, task)
    person = person_of(house, referral)
    (giving,) = copy_of(house.desk, person, by="DPO").rows["agreement_giving"]
    assert (giving["how"], giving["recorded_by"]) == ("verbal", "demo-link-worker")
    assert giving["given"] < giving["used"] < giving["ended"]
    kept = house.rows("select * from agreement_giving")
    wiped(house, person)
    assert house.rows("select * from agreement_giving") == kept
    assert house.row("select how, shared from agreement") == ("written", {})


def test_an_open_case_is_refused_and_can_be_ended_first(house: House):
    referral, _ = house.asked()
    running, started = house.accepted()
    house.progress(started, "start")
    person = person_of(house, referral)
    assert person == person_of(house, running)
    with house.unchanged(), pytest.raises(StillOpen) as refused:
        wiped(house, person)
    assert refused.value.cases == 2
    seen = len(house.events())
    wiped(house, person, even_if_open=True)
    told = house.told(after=seen)
    assert sorted(told[:-1]) == [
        "referral.cancelled",
        "referral.ended-early",
        "referral.withdrawn",
        "referral.withdrawn",
    ]
    erased = house.events()[-1]
    assert isinstance(erased, PersonErased)
    assert set(map(str, erased.cases)) == {referral.case, running.case}
    assert house.rows("select distinct status from case_task order by 1") == [
        ("cancelled",),
        ("failed",),
    ]


def test_an_open_worry_is_refused_in_an_ended_case_too(house: House):
    referral = house.taken_on()
    close(house, referral)
    raised = worry(house, referral)
    person = person_of(house, referral)
    with house.unchanged():
        with pytest.raises(StillOpen) as refused:
            wiped(house, person)
        planned = wiped(house, person, even_if_open=True, commit=False)
    for told in (refused.value, planned):
        assert (told.cases, told.worries) == (0, 1)
    closed(house, referral, raised)
    assert wiped(house, person, commit=False).worries == 0
    worry(house, referral)
    assert wiped(house, person, even_if_open=True).worries == 1
    assert house.rows("select distinct words from case_worry") == [("",)]


def test_a_worry_that_is_being_raised_stops_an_erasure_that_waits_for_it(house: House):
    referral = house.taken_on()
    close(house, referral)
    person = person_of(house, referral)
    done: list[object] = []

    def erasing() -> None:
        try:
            done.append(wiped(house, person))
        except StillOpen as still:
            done.append(still.worries)

    waiting = Thread(target=erasing)
    with house.engine.connect() as raising:  # as `worrying` does: the case first, then its row
        lock = text("select from referral_case where id = :c for update")
        raising.execute(lock, {"c": referral.case})
        waiting.start()
        until(lambda: house.scalar(BLOCKED) > 0)
        raising.execute(
            text(
                'insert into case_worry (id, "case", words, raised_by, raised)'
                " values (gen_random_uuid(), :c, 'x', 'y', now())"
            ),
            {"c": referral.case},
        )
        raising.commit()
    waiting.join(60)
    assert done == [1]


def test_a_legal_hold_stops_it_until_it_is_lifted(house: House):
    referral = house.refer()
    close_untouched(house, referral)
    person = person_of(house, referral)
    hold(house.desk, person, by="solicitor")
    with house.unchanged(), pytest.raises(Held):
        wiped(house, person, even_if_open=True)
    hold(house.desk, person, by="solicitor", held=False)
    wiped(house, person)
    acts = house.rows(
        "select action, subject from audit_entry where client_id = 'kersey-subject'"
        " order by position"
    )
    assert acts == [
        ("legal-hold", "solicitor"),
        ("lift-legal-hold", "solicitor"),
        ("erase", "DPO"),
    ]


def test_a_preview_changes_nothing_and_says_what_the_erasure_then_does(house: House):
    referral, _, _ = story(house, marked_bundle())
    person = person_of(house, referral)
    house.ehr.get("/fhir/AuditEvent")  # by then looks are written
    with house.unchanged():
        planned = wiped(house, person, commit=False)
    assert wiped(house, person).effects == planned.effects


def test_records_that_were_merged_go_together(house: House):
    first = house.refer()
    second = house.refer(a_bundle(person=a_person(2)), by="ehr")
    close_untouched(house, first)
    close_untouched(house, second)
    root, other = person_of(house, first), person_of(house, second)
    number = house.scalar("select nhs_number from person where id = :p", p=other)
    house.execute("update person set merged_into = :r where id = :o", r=root, o=other)
    erased = wiped(house, other)
    assert erased.subject.person == root
    assert found_in(house, [number]) == set()
    assert house.ehr.send("GET", f"/fhir/Patient/{second.patient}").status_code == 410


def test_a_subscription_that_names_the_person_is_turned_off_and_emptied(house: House):
    referral = house.refer()
    close_untouched(house, referral)
    person = person_of(house, referral)
    number = house.scalar("select nhs_number from person where id = :p", p=person)
    identifier = f"https://fhir.nhs.uk/Id/nhs-number|{number}"
    wanted = [
        subscription("https://ehr.example.org/hook", f"Task?patient.identifier={identifier}"),
        subscription("https://ehr.example.org/hook", "Task?status=accepted"),
    ]
    naming, general = (house.ehr.post("/fhir/Subscription", each)["id"] for each in wanted)
    wiped(house, person)
    assert found_in(house, [number, referral.patient + "x"]) == set()
    assert house.ehr.send("GET", f"/fhir/Subscription/{naming}").status_code == 410
    assert house.ehr.get(f"/fhir/Subscription/{general}")["status"] == "requested"
    states = dict(house.rows("select id, status from subscription_state"))
    assert states == {naming: "off", general: "requested"}


def test_a_subscription_names_the_person_by_any_number_of_theirs(house: House):
    bundle = a_bundle()
    patient = bundle["entry"][0]["resource"]
    patient["identifier"].append({"system": "https://h.example.org/mrn", "value": "4711"})
    patient["telecom"] = [{"system": "phone", "value": "01274 960 417"}]
    referral = house.refer(bundle)
    close_untouched(house, referral)
    filters = (
        "Task?patient.identifier=https://h.example.org/mrn|4711",
        "Task?patient.phone=01274 960 417,01274 960 418",
        "Task?patient.identifier=https://h.example.org/mrn|47112",
        "Task?owner=Organization/4711-0",
    )
    made = [
        house.ehr.post("/fhir/Subscription", subscription("https://ehr.example.org/hook", each))
        for each in filters
    ]
    wiped(house, person_of(house, referral))
    states = dict(house.rows("select id, status from subscription_state"))
    assert [states[each["id"]] for each in made] == ["off", "off", "requested", "requested"]
    assert found_in(house, ["01274 960 417"]) == set()


def test_a_subscription_names_the_person_by_name_and_birth_date(house: House):
    """A name alone is others' too: their client would hear nothing of them any more."""
    referral = house.refer(
        a_bundle(person=a_person(7, family="Örnsköld", birth_date=date(1961, 2, 3)))
    )
    close_untouched(house, referral)
    filters = {
        "Task?patient.family=ornskold&patient.birthdate=1961-02-03": "alone",
        "Task?patient.name:exact=Örnsköld&patient.birthdate=eq1961-02-03": "alone",
        "Task?patient.family=Örnsköld": "others",
        "Task?patient.family=Orns": "others",
        "Task?patient.birthdate=1961-02-03": "nobody",
        "Task?patient.family=Örnsköldsvik&patient.birthdate=1961-02-03": "nobody",
        "Task?status=accepted": "nobody",
    }
    made = {
        house.ehr.post("/fhir/Subscription", subscription("https://ehr.example.org/hook", each))[
            "id"
        ]: names
        for each, names in filters.items()
    }
    erased = wiped(house, person_of(house, referral))
    states = dict(house.rows("select id, status from subscription_state"))
    assert states == {
        key: "off" if names == "alone" else "requested" for key, names in made.items()
    }
    (left,) = [each for each in erased.effects if each.record.startswith("Subscriptions by")]
    told = {key for key, names in made.items() if names == "others"}
    assert left.rows == len(told)
    assert told == {key for key in made if key in left.why}
    assert "rnsk" not in left.why.casefold()


def test_a_subscription_names_the_person_by_a_number_however_it_is_written(house: House):
    bundle = a_bundle()
    bundle["entry"][0]["resource"]["telecom"] = [{"system": "phone", "value": "01274 960 417"}]
    referral = house.refer(bundle)
    close_untouched(house, referral)
    house.ehr.post(
        "/fhir/Subscription",
        subscription("https://ehr.example.org/hook", "Task?patient.phone=01274960417"),
    )
    wiped(house, person_of(house, referral))
    assert house.scalar("select status from subscription_state") == "off"
    assert found_in(house, ["01274960417"]) == set()


def test_what_has_become_somebody_elses_stays_theirs(house: House):
    mine, theirs = house.refer(), house.refer(a_bundle(person=a_person(2)))
    condition = {
        "resourceType": "Condition",
        "code": {"text": "filed under the wrong person"},
        "subject": {"reference": f"Patient/{mine.patient}"},
    }
    key = house.ehr.post("/fhir/Condition", condition)["id"]
    corrected = condition | {"id": key, "subject": {"reference": f"Patient/{theirs.patient}"}}
    house.ehr.put(f"/fhir/Condition/{key}", corrected)
    close_untouched(house, mine)
    erased = wiped(house, person_of(house, mine))
    assert house.ehr.get(f"/fhir/Condition/{key}")["code"] == condition["code"]
    left = [each for each in erased.effects if each.record == "documents about somebody else now"]
    assert [each.rows for each in left] == [1]


def test_erasing_again_finds_what_was_left_and_changes_no_tombstone(house: House):
    referral, _, _ = story(house, marked_bundle())
    person = person_of(house, referral)
    wiped(house, person)
    before = house.rows("select * from document order by pk")
    again = wiped(house, person)
    assert house.rows("select * from document order by pk") == before
    assert again.effects[0].rows == 0
    assert house.scalar("select count(*) from erasure") == 1


def test_a_restored_backup_is_erased_again_by_the_list(house: House):
    marked = marked_bundle()
    referral, _, words = story(house, marked)
    person = person_of(house, referral)
    line = ErasureLine(
        person=person,
        persons=(person,),
        cases=(UUID(referral.case), uuid4()),
        reason="person-asked",
        asked_by="DPO",
        erased="2026-01-05T09:00:00Z",
    )
    unknown = line.model_copy(update={"person": uuid4(), "persons": (), "cases": (uuid4(),)})
    hold(house.desk, person, by="the backup is from before the hold was lifted")
    seen = len(house.events())
    assert list(reapply(house.desk, [line, unknown], by="operator")) == [
        (person, True),
        (unknown.person, False),
    ]
    assert found_in(house, [*alone_in(marked), *words]) == set()
    told: dict[UUID, set[UUID]] = {}
    for event in house.events(after=seen):
        assert isinstance(event, PersonErased)
        told.setdefault(event.person, set()).update(event.cases)
    assert told == {person: set(line.cases), unknown.person: set(unknown.cases)}
    with house.desk.work() as uow:
        row = uow.session.get_one(Erasure, person)
    assert (row.asked_by, row.erased) == ("DPO", line.erased)
    assert ErasureLine.of(row) == line


def test_restricting_hides_who_it_is_from_a_provider_at_once(house: House):
    referral, task = house.accepted()
    patient = house.provider.get(f"/fhir/Task/{task}")["for"]["reference"]
    assert "name" in house.provider.get(f"/fhir/{patient}")
    restrict(house.desk, person_of(house, referral), by="DPO")
    assert "name" not in house.provider.get(f"/fhir/{patient}")
    assert "Kath" not in house.provider.send("GET", f"/fhir/{patient}/_history").text
    assert house.provider.send("POST", f"/referrals/requests/{task}/identity").status_code == 409
    restrict(house.desk, person_of(house, referral), by="DPO", restricted=False)
    assert "name" in house.provider.get(f"/fhir/{patient}")


def test_an_nhs_number_finds_its_person_and_nobody_else(house: House):
    referral = house.refer()
    person = person_of(house, referral)
    number = house.scalar("select nhs_number from person")
    with house.desk.work() as uow:
        assert by_nhs_number(uow.session, number) == person
        assert subject_of(uow.session, person).patients == (referral.patient,)
        with pytest.raises(NoSuchPerson):
            by_nhs_number(uow.session, "9990000026")
        with pytest.raises(NoSuchPerson):
            subject_of(uow.session, uuid4())


@pytest.mark.parametrize("attempt", range(8))
def test_whatever_arrives_during_an_erasure_is_erased_or_refused_or_a_new_persons(
    house: House, attempt: int
):
    referral = house.refer()
    close_untouched(house, referral)
    person = person_of(house, referral)
    reference = {"reference": f"Patient/{referral.patient}"}
    marks = [f"zr{attempt}n{n}" for n in range(6)]
    bodies: list[Json] = [
        {"resourceType": "Condition", "code": {"text": mark}, "subject": reference}
        for mark in marks
    ]
    start = Barrier(len(bodies) + 1)
    statuses: list[int] = []

    def send(body: Json) -> None:
        start.wait()
        statuses.append(house.ehr.send("POST", "/fhir/Condition", json=body).status_code)

    threads = [Thread(target=send, args=[body]) for body in bodies]
    for thread in threads:
        thread.start()
    start.wait()
    wiped(house, person)
    for thread in threads:
        thread.join()
    assert set(statuses) <= {201, 410, 422}
    assert found_in(house, marks) == set()


@pytest.mark.parametrize("way", ["logical", "contained", "display"])
def test_whoever_a_referral_names_without_a_patient_is_erased_like_anybody(house: House, way: str):
    # Or nobody could, and no time would ever end what is kept of them.
    bundle = a_bundle()
    request = bundle["entry"][4]["resource"]
    number = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9449305552"}
    request["subject"] = {
        "logical": {"identifier": number},
        "contained": {"reference": "#p"},
        "display": {"display": "zfeather of Saltaire"},
    }[way]
    if way == "contained":
        request["contained"] = [
            {"resourceType": "Patient", "id": "p", "name": [{"family": "zfeather"}]}
        ]
    request["note"] = [{"text": "zlonely"}]
    referral, other = house.refer(bundle), house.refer(number=2)
    mark = number["value"] if way == "logical" else "zfeather"
    assert {each for each, _ in found_in(house, [mark, "zlonely"])} == {mark, "zlonely"}
    with house.desk.work() as uow:
        person = by_referral(uow.session, referral.request)
    assert person == person_of(house, referral) != person_of(house, other)
    house.by("coordinator").post(f"{referral.at}/return", {"reason": "other"})

    wiped(house, person)

    assert found_in(house, [mark, "zlonely"]) == set()
    assert house.ehr.send("GET", f"/fhir/ServiceRequest/{referral.request}").status_code == 410
    assert house.ehr.get(f"/fhir/ServiceRequest/{other.request}")["status"] == "active"
    with house.desk.work() as uow, pytest.raises(NoSuchPerson):
        by_referral(uow.session, referral.request)
