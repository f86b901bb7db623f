"""AuditEvent: who saw what of a person, told to the practice whose patient it is."""

import time
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import OperationalError

from services.referrals import accesses
from services.referrals.accesses import Accesses, Look
from shared.auth import Principal
from shared.fhir.model import validate
from tests.referrals.house import House, Json
from tests.referrals.subscribing import receiver, register
from tests.referrals.subscribing import told as tell


def events(house: House, query: str = "", by: str = "ehr", **changes: Any) -> list[Json]:
    found = house.by(by, **changes).get(f"/fhir/AuditEvent?_count=200&{query}")
    return [each["resource"] for each in found.get("entry", [])]


def looks(house: House, query: str, by: str = "ehr") -> list[tuple[str, str, str]]:
    """Interaction, who by client, and outcome."""
    return [
        (each["subtype"][0]["code"], each["agent"][0]["altId"], each["outcome"])
        for each in events(house, f"{query}&source:missing=true", by)
    ]


def entities(event: Json) -> set[str]:
    whats = [each["what"] for each in event["entity"] if "what" in each]
    named = (each.get("reference") or each.get("identifier", {}).get("value") for each in whats)
    return {each for each in named if each}


def test_every_way_of_seeing_a_record_is_told(house: House):
    referral = house.refer()
    patient, request = f"Patient/{referral.patient}", f"ServiceRequest/{referral.request}"
    worker, client = house.worker, house.worker.who.client_id
    ways = {
        "read": f"/fhir/{patient}",
        "vread": f"/fhir/{patient}/_history/1",
        "history-instance": f"/fhir/{patient}/_history",
        "history-type": "/fhir/Patient/_history",
        "history-system": "/fhir/_history",
        "search-type": f"/fhir/{request.replace('/', '?_id=')}&_include=ServiceRequest:subject",
        "operation": f"/fhir/{patient}/$everything",
    }
    for interaction, path in ways.items():
        worker.get(path)
        worker.get(path, headers={"Accept": "application/fhir+json;q=0.9"})
        found = events(house, f"entity={patient}&subtype={interaction}")
        of_patient = [each["entity"][0]["what"] == {"reference": patient} for each in found]
        assert sum(of_patient) == 2, interaction
        for each in found:
            validate(each, expected_type="AuditEvent")
            assert each["agent"][0]["altId"] == client
            assert each["agent"][1]["who"]["reference"] == f"Organization/{worker.who.organisation}"
            assert patient in entities(each)
    case = events(house, "subtype=case-read")
    assert case == []
    worker.get(referral.at)
    house.by("link-worker-2").get(f"{referral.at}/person", status=404)
    shown, refused = (each["outcome"] for each in events(house, "subtype=case-read&_sort=date"))
    assert (shown, refused) == ("0", "4")
    assert entities(events(house, "subtype=case-read")[0]) == {referral.case, patient}
    of_request = events(house, f"entity={request}&subtype=search-type")
    assert {frozenset(entities(each)) for each in of_request} == {frozenset({request, patient})}


def test_a_batch_is_told_entry_by_entry(house: House):
    referral = house.refer()
    entries = [
        {"request": {"method": "GET", "url": url}}
        for url in (f"Patient/{referral.patient}", f"ServiceRequest?_id={referral.request}")
    ]
    house.ehr.post("/fhir", {"resourceType": "Bundle", "type": "batch", "entry": entries})
    kinds = {each["subtype"][0]["code"] for each in events(house, "action=R,E")}
    assert kinds == {"read", "search-type"}


def test_who_is_refused_is_told_and_who_asks_for_nothing_is_not(house: House):
    referral = house.refer()
    stranger = house.by("ehr-2")
    stranger.get(f"/fhir/Patient/{referral.patient}", status=404)
    stranger.get(f"/fhir/Patient/{UUID(int=1)}", status=404)
    stranger.get("/fhir/Patient/_history")
    for beside in ("_history", "_history/1", "$everything"):
        stranger.get(f"/fhir/Patient/{referral.patient}/{beside}", status=404)
    told = events(house, "outcome=4")
    assert {each["agent"][0]["altId"] for each in told} == {stranger.who.client_id}
    assert all(entities(each) == {f"Patient/{referral.patient}"} for each in told)
    kinds = sorted(each["subtype"][0]["code"] for each in told)
    assert kinds == ["history-instance", "operation", "read", "vread"]
    assert house.scalar("select count(*) from access_entry where denied") == 4


def test_a_search_is_told_by_its_parameters_and_never_by_their_values(house: House):
    family = house.ehr.get(f"/fhir/Patient/{house.refer().patient}")["name"][0]["family"]
    house.ehr.get(f"/fhir/Patient?family={family}&birthdate=gt1900-01-01")
    (told,) = events(house, "subtype=search-type")
    (query,) = [each for each in told["entity"] if "query" in each]
    assert b64decode(query["query"]) == b"Patient?family&birthdate"
    texts = house.rows("select a::text from access_entry a")
    assert texts
    assert not any(family in row for (row,) in texts)


def test_a_practice_is_told_of_its_own_patients_and_an_administrator_of_all(house: House):
    mine, _ = house.accepted()
    theirs = house.refer(by="ehr-2", practice="ZZK05", number=2)
    house.ehr.get(f"/fhir/Patient/{mine.patient}")
    house.by("ehr-2").get(f"/fhir/Patient/{theirs.patient}")
    for by, seen, hidden in (("ehr", mine, theirs), ("ehr-2", theirs, mine)):
        known = {entity for each in events(house, by=by) for entity in entities(each)}
        assert f"Patient/{seen.patient}" in known
        assert not {f"Patient/{hidden.patient}", hidden.case} & known
    for by in ("link-worker", "provider", "coordinator", "fhir-client"):
        told = events(house, by=by)
        assert not any(f"Patient/{mine.patient}" in entities(each) for each in told), by
    scopes = ("system/AuditEvent.rs", "audit.read")
    known = {e for each in events(house, by="analyst", scopes=scopes) for e in entities(each)}
    assert {f"Patient/{mine.patient}", f"Patient/{theirs.patient}"} <= known
    (one,) = events(house, f"entity=Patient/{mine.patient}&subtype=read")
    house.by("ehr-2").get(f"/fhir/AuditEvent/{one['id']}", status=404)
    house.ehr.get(f"/fhir/AuditEvent/{one['id']}")
    house.by("ehr", scopes=("system/Patient.rs",)).get("/fhir/AuditEvent", status=403)
    house.by("ehr", scopes=("audit.read",)).get("/fhir/AuditEvent", status=403)


def test_what_a_token_does_not_reach_is_told_to_administrators(house: House):
    patient = house.refer().patient
    narrow = house.by("ehr", scopes=("system/Task.rs",))
    narrow.get(f"/fhir/Patient/{patient}", status=403)
    narrow.get("/fhir/Observation?code=secret-code", status=403)
    narrow.get("/fhir/Task?patient.name=Thackray", status=403)
    narrow.post("/fhir/Patient", {"resourceType": "Patient"}, status=403)
    narrow.get("/fhir/Subscription/$status", status=403)
    asked = {"method": "GET", "url": f"Patient/{patient}"}
    bundle = {"resourceType": "Bundle", "type": "batch", "entry": [{"request": asked}]}
    house.by("ehr", scopes=("system/Task.rs",)).post("/fhir", bundle)
    assert not events(house, "outcome=4")
    scopes = ("system/AuditEvent.rs", "audit.read")
    told = events(house, "outcome=4", by="analyst", scopes=scopes)
    assert sorted(
        (each["subtype"][0]["code"], each["entity"][0]["what"]["display"]) for each in told
    ) == [
        ("create", "Patient"),
        ("read", "Patient"),
        ("read", "Patient"),
        ("read", "Subscription"),
        ("search-type", "Observation"),
        ("search-type", "Patient"),
    ]
    for each in told:
        assert each["agent"][0]["altId"] == narrow.who.client_id
        assert "scopes" in each["outcomeDesc"]
        assert patient not in str(each)
    assert not house.rows("select * from audit_entry a where a::text like '%secret-code%'")


def test_what_a_link_worker_knows_is_no_practices_to_see_in_the_trail(house: House):
    referral = house.taken_on()
    before = {each["id"] for each in events(house)}
    at = f"{referral.at}/person"
    body = {"value": "07700 900123", "safe": "no", "words": "", "keep_from": "a partner"}
    house.worker.put(f"{at}/contacts/phone", body)
    house.worker.put(f"{at}/stops/restricted", {"stands": True, "told_by": "the person"})
    told = [each for each in events(house) if each["id"] not in before]
    assert {each["subtype"][0]["code"] for each in told} == {"case-read"}
    person = house.scalar("select person::text from patient_link")
    scopes = ("system/AuditEvent.rs", "audit.read")
    known = events(house, by="analyst", scopes=scopes)
    details = {d["valueString"] for e in known for d in e["entity"][0].get("detail", [])}
    assert "restricted-said" in details
    assert not any(person in str(each) for each in known), "nobody's id is told"


def test_a_providers_look_at_who_the_person_is_is_told_to_the_practice(house: House):
    referral, task = house.accepted()
    house.provider.post(f"/referrals/requests/{task}/identity")
    (told,) = events(house, "subtype=identity-viewed")
    assert told["agent"][0]["altId"] == house.provider.who.client_id
    assert {f"Task/{task}", f"Patient/{referral.patient}"} <= entities(told)
    own = house.provider.get(f"/fhir/Task/{task}")["for"]["reference"]
    house.provider.get(f"/fhir/{own}")
    (read,) = events(house, f"entity={own}&subtype=read")
    assert f"Patient/{referral.patient}" in entities(read), "whose patient it is"


def test_audit_events_are_searched_like_any_type(house: House):
    referral, task = house.accepted()
    patient = f"Patient/{referral.patient}"
    house.worker.get(f"/fhir/{patient}")
    house.ehr.get(f"/fhir/{patient}")
    ehr = house.ehr
    total = ehr.get("/fhir/AuditEvent?_count=200")["total"]
    assert total > 10
    today = datetime.now(UTC).date()
    counts: dict[str, int | None] = {
        f"patient={patient}": None,
        f"patient={referral.patient}&subtype=read": 2,
        f"patient={patient}&subtype=read&agent=Organization/{ehr.who.organisation}": 1,
        f"altid={ehr.who.client_id}&subtype=read": 1,
        "subtype=read&altid=nobody": 0,
        f"entity={patient}&action=R&type=rest": 2,
        "type=rest&action=C": None,
        "action=C&outcome=0": None,
        "subtype=http://hl7.org/fhir/restful-interaction|read": 2,
        "subtype=read&outcome:not=0": 0,
        f"date=ge{today.year}": total,
        f"date=lt{today.year}": 0,
        f"entity:Task.status=accepted&entity=Task/{task}": None,
        "site=kersey": total,
        "agent-name:missing=true": total,
        "policy:missing=false": 0,
        "address=10.0.0.1": 0,
    }
    for query, wanted in counts.items():
        found = ehr.get(f"/fhir/AuditEvent?{query}&_count=200")["total"]
        assert found == wanted if wanted is not None else 0 < found < total, query
    in_compartment = ehr.get(f"/fhir/{patient}/AuditEvent?_count=200")["total"]
    assert in_compartment == ehr.get(f"/fhir/AuditEvent?patient={patient}")["total"]
    seen, page = [], ehr.get("/fhir/AuditEvent?_count=7&_sort=-date&action=C,U,R")
    while True:
        seen += [each["resource"]["id"] for each in page["entry"]]
        following = [each["url"] for each in page["link"] if each["relation"] == "next"]
        if not following:
            break
        page = ehr.get(following[0])
    assert len(seen) == len(set(seen))
    assert len(seen) == ehr.get("/fhir/AuditEvent?action=C,U,R&_total=accurate")["total"]
    back = ehr.get(f"/fhir/Patient?_id={referral.patient}&_revinclude=AuditEvent:patient")
    assert {e["resource"]["resourceType"] for e in back["entry"]} == {"Patient", "AuditEvent"}
    narrowed = house.by("ehr", scopes=("system/AuditEvent.rs?subtype=read",))
    assert narrowed.get("/fhir/AuditEvent")["total"] == 2
    act = next(each["resource"]["id"] for each in ehr.get("/fhir/AuditEvent?action=C")["entry"])
    narrowed.get(f"/fhir/AuditEvent/{act}", status=404)
    far = f"{'f' * 16}-{UUID(int=1)}"
    for absent in ("nothing", act[1:], f"0{act}", act.upper(), act[:-1], f"-{act}", far):
        ehr.get(f"/fhir/AuditEvent/{absent}", status=404)


def test_a_subscriber_that_is_sent_the_record_itself_saw_it(house: House):
    found: list[Json] = []
    for content, seen in (("id-only", 0), ("full-resource", 1)):
        with receiver() as sink:
            register(house, sink, content=content)
            referral = house.refer()
            tell(house)
            assert sink.requests
        found = events(house, f"subtype=notified&entity=Task/{referral.triage}")
        assert len(found) == seen, content
    who = found[0]["agent"][0]["who"]["identifier"]["value"]
    assert who.startswith("Subscription/")


def test_looks_are_written_within_a_moment_and_when_the_process_ends(house: House):
    referral = house.refer()
    house.ehr.get(f"/fhir/Patient/{referral.patient}")
    end = time.monotonic() + 20
    while not house.scalar("select count(*) from access_entry") and time.monotonic() < end:
        time.sleep(0.05)
    assert house.scalar("select count(*) from access_entry") == 1


def _look() -> Look:
    who = Principal("s", "c", "o", frozenset(), frozenset())
    return Look(datetime.now(UTC), who, "read", "Patient/x")


def test_nothing_more_is_shown_while_what_was_seen_cannot_be_written(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    def away(*_: object) -> None:
        raise OperationalError("insert", {}, ConnectionError("away"))

    waiting = Accesses(house.engine)
    monkeypatch.setattr(waiting, "_write", away)
    monkeypatch.setattr(accesses, "MOST", 3)
    waiting.note([_look(), _look()])
    with pytest.raises(OperationalError):
        waiting.note([_look()])
    assert waiting.full
    waiting._try()
    faults = [waiting.fault]
    monkeypatch.undo()
    waiting._try()
    faults.append(waiting.fault)
    assert faults == ["who saw what cannot be written", None]
    assert not waiting.full
