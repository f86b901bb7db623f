"""Provenance and AuditEvent: made of the trail, read like any other type, by those who may."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from shared.fhir.model import validate
from tests.referrals.house import SERVICE, House, Json, replaced

PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"


def resources(bundle: Json, kind: str | None = None) -> list[Json]:
    found = [each["resource"] for each in bundle.get("entry", [])]
    return [each for each in found if kind in (None, each["resourceType"])]


def targets(bundle: Json) -> set[str]:
    return {each["target"][0]["reference"] for each in resources(bundle, "Provenance")}


def authors(bundle: Json) -> set[str]:
    return {
        agent["who"]["reference"]
        for each in resources(bundle, "Provenance")
        for agent in each["agent"]
        if "reference" in agent["who"]
    }


def test_who_wrote_which_version_is_told_of_every_version(house: House):
    referral, task = house.accepted()
    sent = house.ehr.get(f"/fhir/Provenance?target=ServiceRequest/{referral.request}")
    assert sent["total"] == 1
    (first,) = resources(sent)
    validate(first, expected_type="Provenance")
    assert first["target"] == [{"reference": f"ServiceRequest/{referral.request}/_history/1"}]
    assert first["activity"]["coding"][0]["code"] == "CREATE"
    organisation = {"reference": f"Organization/{house.ehr.who.organisation}"}
    author, transmitter = first["agent"]
    assert author["who"] == organisation
    assert transmitter["onBehalfOf"] == organisation
    assert transmitter["who"]["identifier"]["value"] == house.ehr.who.client_id

    house.ehr.patch(f"/fhir/ServiceRequest/{referral.request}", replaced("/priority", "urgent"))
    again = house.ehr.get(f"/fhir/Provenance?target=ServiceRequest/{referral.request}")
    assert targets(again) == {f"ServiceRequest/{referral.request}/_history/{n}" for n in (1, 2)}

    answered = house.ehr.get(f"/fhir/Task/{task}")["meta"]["versionId"]
    history = house.ehr.get(f"/fhir/Provenance?target=Task/{task}&_sort=-recorded")
    assert targets(history) == {f"Task/{task}/_history/{n + 1}" for n in range(int(answered))}
    last = resources(history)[0]
    assert last["target"][0]["reference"].endswith(f"/_history/{answered}")
    assert {"selected"} == {c["code"] for c in last["activity"]["coding"]} - {"UPDATE"}
    provider = f"Organization/{house.provider.who.organisation}"
    assert [each["agent"][0]["who"].get("reference") for each in resources(history)[:2]] == [
        None,  # its priority followed the request's, and no provider is told whose request it is
        provider,
    ]
    for each in resources(house.provider.get("/fhir/Provenance?_count=100")):
        assert house.ehr.who.organisation not in str(each)
        assert house.ehr.who.client_id not in str(each)


def test_a_provenance_is_for_those_who_may_read_what_it_is_about(house: House):
    referral, task = house.asked()
    request, patient = f"ServiceRequest/{referral.request}", f"Patient/{referral.patient}"
    for reader, seen in ((house.ehr, True), (house.worker, True), (house.provider, False)):
        for target in (request, patient):
            found = reader.get(f"/fhir/Provenance?target={target}")
            assert bool(resources(found)) is seen, (reader.who.client_id, target)
    (key,) = [each["id"] for each in resources(house.ehr.get(f"/fhir/Provenance?target={request}"))]
    for reader, status in ((house.ehr, 200), (house.provider, 404), (house.by("ehr-2"), 404)):
        reader.call("GET", f"/fhir/Provenance/{key}", status=status)
        reader.call("GET", f"/fhir/Provenance/{key}/_history/1", status=status)
        reader.call("GET", f"/fhir/Provenance/{key}/_history", status=status)
    house.provider.get(f"/fhir/Provenance/Task.{task}.1")
    assert not resources(house.by("ehr-2").get("/fhir/Provenance"))
    # Another team cares now: what it was about is for that team, and so is this.
    hers = house.worker.get("/fhir/Provenance")["total"]
    assert hers
    team = house.by("link-worker-2").who.organisation
    house.worker.post(f"{referral.at}/hand-over", {"team": team, "reason": "moved-home"})
    assert house.worker.get("/fhir/Provenance")["total"] == 0
    assert resources(house.by("link-worker-2").get(f"/fhir/Provenance?target={request}"))


def test_provenance_is_searched_like_any_type(house: House):
    referral, task = house.accepted()
    ehr, now = house.ehr, datetime.now(UTC)
    organisation = f"Organization/{ehr.who.organisation}"
    everything = ehr.get("/fhir/Provenance?_count=100")
    total = everything["total"]
    assert total == len(resources(everything)) > 6
    moment = quote((now + timedelta(minutes=5)).isoformat())
    counts: dict[str, int | None] = {
        f"recorded=lt{moment}": total,
        f"recorded=gt{moment}": 0,
        f"when=le{moment}": total,
        f"agent={organisation}&target=ServiceRequest/{referral.request}": 1,
        f"agent=Organization/{SERVICE}": 0,
        f"patient={referral.patient}": 1,
        f"patient=Patient/{referral.patient}": 1,
        f"patient=Task/{task}": 0,
        "patient:missing=false": 1,
        "agent-type=author": total,
        f"agent-type={PARTICIPANT}|author": total,
        "agent-type:not=author": 0,
        "agent-type=verifier": 0,
        "entity:missing=true": total,
        "location:missing=false": 0,
        f"_id=Task.{task}.1,nothing,Task.{task}.999": 1,
        f"target:Task={task}&target:Task.status=accepted": None,
        "target:Task.status=draft": 0,
        f"target:ServiceRequest.patient=Patient/{referral.patient}": 1,
        "_lastUpdated=gt2020-01-01&_id=x": 0,
    }
    for query, wanted in counts.items():
        found = ehr.get(f"/fhir/Provenance?{query}&_count=100")
        count = found["total"]
        assert count == wanted if wanted is not None else count > 1, query
    assert ehr.get(f"/fhir/Patient/{referral.patient}/Provenance")["total"] == 1
    assert ehr.get("/fhir/Provenance?_summary=count")["total"] == total

    along = ehr.get(f"/fhir/Task?_id={task}&_revinclude=Provenance:target")
    assert len(targets(along)) == ehr.get(f"/fhir/Provenance?target=Task/{task}")["total"]
    assert len(resources(along, "Task")) == 1
    back = ehr.get(f"/fhir/Provenance?_id=Task.{task}.1&_include=Provenance:target")
    assert [each["id"] for each in resources(back, "Task")] == [task]
    (entry,) = ehr.get(f"/fhir/Provenance/Task.{task}.1/_history")["entry"]
    assert entry["request"]["method"] == "POST"
    newest = ehr.get("/fhir/Provenance/_history?_count=3")
    assert len(newest["entry"]) == 3
    for at, kept in (("2019", 0), ("2026-01-01", 0), ("2999-01", total)):
        for key, count in (("", total), (f"/Task.{task}.1", 1)):
            then = ehr.get(f"/fhir/Provenance{key}/_history?_at={at}&_count=100")
            assert len(then.get("entry", [])) == min(kept, count), (at, key)
    counted = ehr.get("/fhir/Provenance/_history?_count=0")
    assert (counted["total"], counted.get("entry")) == (total, None)

    seen, page = [], ehr.get("/fhir/Provenance?_count=4&_sort=-recorded")
    while True:
        seen += [each["id"] for each in resources(page)]
        following = [each["url"] for each in page["link"] if each["relation"] == "next"]
        if not following:
            break
        page = ehr.get(following[0])
    assert len(seen) == len(set(seen)) == total
    for refused in ("_sort=agent", "_has:AuditEvent:entity:action=R", "no-such=1"):
        ehr.get(f"/fhir/Provenance?{refused}", status=400)
    ehr.get("/fhir/Task?_has:Provenance:target:agent-type=author", status=400)
    for absent in ("nothing", f"Task.{task}.99", f"Task.{task}.01", "a.b.c", "..1"):
        ehr.get(f"/fhir/Provenance/{absent}", status=404)


def test_the_trail_tells_a_token_nothing_of_types_that_it_may_not_read(house: House):
    referral, task = house.accepted()
    house.ehr.get(f"/fhir/Patient/{referral.patient}")
    trail = ("system/Provenance.rs", "system/AuditEvent.rs")
    every = house.by("ehr", scopes=(*trail, "system/*.rs"))
    narrow = house.by("ehr", scopes=(*trail, "system/Task.r"))

    def told(who: Any, path: str) -> str:
        return json.dumps(resources(who.get(path)))

    others = [f"Patient/{referral.patient}", f"ServiceRequest/{referral.request}"]
    for path in (
        "/fhir/Provenance?_count=200",
        "/fhir/Provenance/_history?_count=200",
        "/fhir/AuditEvent?_count=200",
        "/fhir/AuditEvent/_history?_count=200",
    ):
        seen, hidden = told(every, path), told(narrow, path)
        assert all(f'"{each}' in seen for each in others), path
        assert f'"Task/{task}' in hidden, path
        assert not any(each in hidden for each in others), path
    first = f"Patient.{referral.patient}.1"
    every.get(f"/fhir/Provenance/{first}")
    every.get(f"/fhir/Provenance/{first}/_history/1")
    for at in (first, f"{first}/_history/1", f"{first}/_history"):
        narrow.get(f"/fhir/Provenance/{at}", status=404)
    (look,) = resources(narrow.get("/fhir/AuditEvent?type=rest&action=R"))
    assert look["entity"] == [{"what": {"type": "Patient"}}]
    validate(look, expected_type="AuditEvent")


@pytest.mark.parametrize("kind", ["Provenance", "AuditEvent"])
def test_the_trail_is_the_servers_to_write(house: House, kind: str):
    with house.unchanged():
        for method, at in (("POST", ""), ("PUT", "/a"), ("PATCH", "/a"), ("DELETE", "/a")):
            body: Any = {"resourceType": kind}
            kinds = {"Content-Type": "application/fhir+json"}
            answer = house.ehr.send(method, f"/fhir/{kind}{at}", json=body, headers=kinds)
            assert answer.status_code == 405, answer.text
            assert "made of Kersey's own record" in answer.json()["issue"][0]["diagnostics"]
            assert "POST" not in answer.headers["allow"]
        entry = {"resource": {"resourceType": kind}, "request": {"method": "POST", "url": kind}}
        sent = {"resourceType": "Bundle", "type": "batch", "entry": [entry]}
        (told,) = house.ehr.post("/fhir", sent)["entry"]
        assert told["response"]["status"].startswith(("405", "4"))
    (said,) = [
        each
        for each in house.ehr.get("/fhir/metadata")["rest"][0]["resource"]
        if each["type"] == kind
    ]
    assert "create" not in {each["code"] for each in said["interaction"]}
    assert "made of" in said["documentation"]


def test_a_provenance_in_a_header_is_refused_by_name(house: House):
    body = {"resourceType": "Organization", "name": "Mill Practice"}
    headers = {"X-Provenance": '{"resourceType":"Provenance"}'}
    with house.unchanged():
        for path, sent in (
            ("/fhir/Organization", body),
            ("/fhir", {"resourceType": "Bundle", "type": "batch"}),
        ):
            told = house.ehr.post(path, sent, headers=headers, status=400)
            assert told["issue"][0]["expression"] == ["http.X-Provenance"]
            assert told["issue"][0]["code"] == "not-supported"


def test_what_is_deleted_again_is_told_once(house: House):
    client = house.by("fhir-client")
    made = client.post("/fhir/Organization", {"resourceType": "Organization", "name": "Mill"})
    path = f"/fhir/Organization/{made['id']}"
    for _ in range(2):
        client.call("DELETE", path)
    again = {"resourceType": "Bundle", "type": "transaction"}
    entry = {"request": {"method": "DELETE", "url": f"Organization/{made['id']}"}}
    client.post("/fhir", again | {"entry": [entry]})
    found = client.get(f"/fhir/Provenance?target=Organization/{made['id']}")
    assert found["total"] == 2
    assert len({each["fullUrl"] for each in found["entry"]}) == 2
    versions = client.get(f"{path}/_history")
    assert versions["total"] == 2
