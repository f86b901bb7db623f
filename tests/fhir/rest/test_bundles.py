"""Batches and transactions."""

import threading
from typing import Any

import pytest
from httpx import Response

from shared.fhir.json import parse
from shared.fhir.model import validate
from shared.fhir.outcome import Issue
from tests.fhir.rest.conftest import Server
from tests.fhir.store.kit import BASE, NHS_NUMBER, SOUTH, patient, request, task

A, B, C = (f"urn:uuid:00000000-0000-4000-8000-00000000000{n}" for n in "abc")


def entry(
    method: str,
    url: str,
    resource: dict[str, Any] | None = None,
    full_url: str | None = None,
    **more: str,
) -> dict[str, Any]:
    made: dict[str, Any] = {"request": {"method": method, "url": url, **more}}
    if resource is not None:
        made["resource"] = resource
    if full_url is not None:
        made["fullUrl"] = full_url
    return made


def post(resource: dict[str, Any], full_url: str | None = None, **more: str) -> dict[str, Any]:
    return entry("POST", resource["resourceType"], resource, full_url, **more)


def bundle(*entries: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def everything(server: Server) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = (
        server("GET", "/fhir/_history?_count=500").json().get("entry", [])
    )
    return entries


def expressions(answer: Response) -> list[str]:
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome", body
    return [e for issue in body["issue"] for e in issue.get("expression", [])]


@pytest.mark.parametrize("path", ["/fhir", "/fhir/"])
def test_a_referral_in_one_transaction(server: Server, path: str):
    practice = {"resourceType": "Organization", "name": "Mill Practice"}
    sent = bundle(
        post(request(A, requester={"reference": B}, basedOn=[{"reference": C}]), full_url=C),
        post(patient(managingOrganization={"reference": B}), full_url=A),
        post(practice, full_url=B),
        entry("GET", "Organization?name=mill"),
    )
    answer = server("POST", path, body=sent)
    assert answer.status_code == 200, answer.text
    done = answer.json()
    validate(parse(answer.content), expected_type="Bundle")
    assert done["type"] == "transaction-response"
    assert [e["response"]["status"] for e in done["entry"]] == ["201 Created"] * 3 + ["200 OK"]
    asked, person, organisation = (e["resource"] for e in done["entry"][:3])
    assert asked["subject"]["reference"] == f"Patient/{person['id']}"
    assert asked["requester"]["reference"] == f"Organization/{organisation['id']}"
    assert asked["basedOn"][0]["reference"] == f"ServiceRequest/{asked['id']}"
    assert person["managingOrganization"]["reference"] == f"Organization/{organisation['id']}"
    first = done["entry"][0]
    assert first["response"]["location"] == f"{BASE}/ServiceRequest/{asked['id']}/_history/1"
    assert first["response"]["etag"] == 'W/"1"'
    assert first["response"]["lastModified"] == asked["meta"]["lastUpdated"]
    assert done["entry"][3]["resource"]["total"] == 1  # reads see what was written
    found = server("GET", "/fhir/ServiceRequest?patient.organization.name=mill").json()
    assert found["total"] == 1


def test_the_seventh_entry_is_bad_and_nothing_is_stored(server: Server):
    for bad, expression in [
        (post(task("actve")), "Bundle.entry[6].resource.status"),
        (post(task(focus={"reference": C})), "Bundle.entry[6].resource.focus.reference"),
        (post(task(focus={"reference": "Task/none"})), "Bundle.entry[6].resource.focus.reference"),
        (
            post(task(partOf=[{"display": "a"}, {"reference": "Task?status=draft"}])),
            "Bundle.entry[6].resource.partOf[1].reference",
        ),
        (entry("PUT", "Task/none", task(id="none")), None),
        (entry("DELETE", "Task/none"), None),
        (entry("PUT", "Task/a", task(id="b")), "Bundle.entry[6].resource.id"),
        (entry("POST", "Task/a", task()), "Bundle.entry[6].request.url"),
        (entry("POST", "Task", patient()), "Bundle.entry[6].request.url"),
        (entry("POST", "Nonsense", task()), "Bundle.entry[6].request.url"),
        (entry("DELETE", "Task"), "Bundle.entry[6].request.url"),
        (entry("DELETE", "Task/a b"), None),
        (entry("PATCH", "Task/a", task()), "Bundle.entry[6].resource"),
        (entry("POST", "AuditEvent", {"resourceType": "AuditEvent"}), None),
        (entry("PUT", "Task/a", task(id="a"), ifMatch="x"), "Bundle.entry[6].request.ifMatch"),
        (post(task(), ifNoneExist="nonsense=1"), None),
    ]:
        sent = bundle(*(post(patient()) for _ in range(6)), bad, post(patient()))
        answer = server("POST", "/fhir", body=sent)
        assert 400 <= answer.status_code < 500, bad
        told = expressions(answer)
        if expression is not None:
            assert told == [expression]
        assert everything(server) == []


def test_every_unresolvable_reference_is_told_at_once(server: Server):
    sent = bundle(
        post(task(focus={"reference": A})),
        post(task(partOf=[{"reference": "Task/x"}], basedOn=[{"reference": "Task/y"}])),
    )
    answer = server("POST", "/fhir", body=sent)
    assert answer.status_code in (400, 422)
    assert set(expressions(answer)) >= {"Bundle.entry[0].resource.focus.reference"}
    relative = bundle(
        post(task(partOf=[{"reference": "Task/x"}], basedOn=[{"reference": "Task/y"}]))
    )
    answer = server("POST", "/fhir", body=relative)
    assert answer.status_code == 422
    assert set(expressions(answer)) == {
        "Bundle.entry[0].resource.partOf[0].reference",
        "Bundle.entry[0].resource.basedOn[0].reference",
    }


def test_conditions_in_a_transaction(server: Server):
    number = {"identifier": [{"system": NHS_NUMBER, "value": "9990000018"}]}
    condition = f"identifier={NHS_NUMBER}|9990000018"
    sent = bundle(
        post(patient(**number), A, ifNoneExist=condition),
        post(patient(**number), B, ifNoneExist=condition),  # the same one twice
        post(task(**{"for": {"reference": A}}, focus={"reference": f"Patient?{condition}"})),
        post(task(**{"for": {"reference": B}})),
    )
    first = server("POST", "/fhir", body=sent).json()["entry"]
    person = first[0]["resource"]
    assert [e["response"]["status"][:3] for e in first] == ["201", "200", "201", "201"]
    reference = {"reference": f"Patient/{person['id']}"}
    assert first[2]["resource"]["for"] == first[2]["resource"]["focus"] == reference
    assert first[3]["resource"]["for"] == reference
    again = server("POST", "/fhir", body=sent).json()["entry"]
    assert again[0]["response"]["status"] == "200 OK"
    assert again[0]["resource"] == person
    assert again[2]["resource"]["for"] == reference
    by_condition = bundle(post(task(**{"for": {"reference": f"Patient?{condition}"}})))
    found = server("POST", "/fhir", body=by_condition).json()["entry"][0]["resource"]
    assert found["for"] == reference
    other = server("POST", "/fhir", SOUTH, body=by_condition)
    assert other.status_code == 412
    assert expressions(other) == ["Bundle.entry[0].resource.for.reference"]
    server.create(patient(**number))
    several = server("POST", "/fhir", body=by_condition)
    assert several.status_code == 412
    assert expressions(several) == ["Bundle.entry[0].resource.for.reference"]


def test_one_condition_from_many_at_once_creates_one(server: Server):
    body = patient(identifier=[{"system": "urn:s", "value": "1"}])
    sent = bundle(post(body, A, ifNoneExist="identifier=urn:s|1"))
    statuses: list[str] = []

    def send() -> None:
        done = server("POST", "/fhir", body=sent).json()
        statuses.append(done["entry"][0]["response"]["status"][:3])

    threads = [threading.Thread(target=send) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == ["200"] * 9 + ["201"]


def test_order_is_delete_create_update_whatever_the_bundle_says(server: Server):
    old = server.create(patient(identifier=[{"value": "x"}]))
    changing = server.create(task())
    sent = bundle(
        entry(
            "PUT",
            f"Task/{changing['id']}",
            changing | {"for": {"reference": A}},
            ifMatch='W/"1"',
        ),
        post(patient(), A),
        entry("DELETE", f"Patient/{old['id']}"),
    )
    done = server("POST", "/fhir", body=sent).json()["entry"]
    assert [e["response"]["status"][:3] for e in done] == ["200", "201", "204"]
    assert done[0]["resource"]["for"]["reference"] == f"Patient/{done[1]['resource']['id']}"
    assert server("GET", f"/fhir/Patient/{old['id']}").status_code == 410
    stale = bundle(
        post(patient()), entry("PUT", f"Task/{changing['id']}", changing, ifMatch='W/"1"')
    )
    before = len(everything(server))
    assert server("POST", "/fhir", body=stale).status_code == 412
    assert len(everything(server)) == before


def test_two_entries_about_one_resource_are_refused(server: Server):
    stored = server.create(task())
    path = f"Task/{stored['id']}"
    sent = bundle(entry("DELETE", path), entry("PUT", path, stored))
    answer = server("POST", "/fhir", body=sent)
    assert answer.status_code == 400
    assert expressions(answer) == ["Bundle.entry[1].resource"]


def test_what_is_deleted_in_a_bundle_cannot_be_referred_to_in_it(server: Server):
    stored = server.create(patient())
    reference = f"Patient/{stored['id']}"
    sent = bundle(entry("DELETE", reference), post(task(**{"for": {"reference": reference}})))
    assert server("POST", "/fhir", body=sent).status_code == 422
    assert server("GET", f"/fhir/{reference}").status_code == 200


def test_relative_references_are_relative_to_the_entrys_own_base(server: Server):
    elsewhere = "https://ehr.test/r4"
    sent = bundle(
        post(patient(id="p"), f"{elsewhere}/Patient/p"),
        post(
            request(
                "Patient/p",
                requester={"reference": "Organization/o"},
                supportingInfo=[{"reference": f"{elsewhere}/Patient/p"}, {"reference": "#in"}],
                contained=[{"resourceType": "Observation", "id": "in", "status": "final",
                            "code": {"text": "x"}, "subject": {"reference": "Patient/p"}}],
            ),
            f"{elsewhere}/ServiceRequest/s",
        ),
    )  # fmt: skip
    answer = server("POST", "/fhir", body=sent)
    assert answer.status_code == 200, answer.text
    person, asked = (e["resource"] for e in answer.json()["entry"])
    here = f"Patient/{person['id']}"
    assert asked["subject"]["reference"] == here
    assert asked["requester"]["reference"] == f"{elsewhere}/Organization/o"
    assert [s["reference"] for s in asked["supportingInfo"]] == [here, "#in"]
    assert asked["contained"][0]["subject"]["reference"] == here


def test_entries_under_our_own_base_and_without_full_url(server: Server):
    stored = server.create(patient())
    own = bundle(
        post(patient(id="p"), f"{BASE}/Patient/p"),
        post(
            task(
                **{"for": {"reference": "Patient/p"}},
                focus={"reference": f"Patient/{stored['id']}"},
            ),
            f"{BASE}/Task/t",
        ),
    )
    done = server("POST", "/fhir", body=own).json()["entry"]
    assert done[1]["resource"]["for"]["reference"] == f"Patient/{done[0]['resource']['id']}"
    assert done[1]["resource"]["focus"]["reference"] == f"Patient/{stored['id']}"
    bare = bundle(post(patient(id="q")), post(task(**{"for": {"reference": "Patient/q"}})))
    done = server("POST", "/fhir", body=bare).json()["entry"]
    assert done[1]["resource"]["for"]["reference"] == f"Patient/{done[0]['resource']['id']}"


def test_addresses_and_narrative_are_rewritten_too(server: Server):
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><a href="{A}">who</a> {A}</div>'
    sent = bundle(
        post(patient(), A),
        post(
            task(
                text={"status": "generated", "div": div},
                extension=[{"url": "http://x.test/e", "valueUri": A}],
                identifier=[{"system": "urn:ietf:rfc:3986", "value": A}],
            )
        ),
    )
    done = server("POST", "/fhir", body=sent).json()["entry"]
    here = f"Patient/{done[0]['resource']['id']}"
    stored = done[1]["resource"]
    assert stored["extension"][0]["valueUri"] == here
    assert f'href="{here}"' in stored["text"]["div"]
    assert stored["identifier"][0]["value"] == A


def test_scopes_count_inside_bundles(server: Server):
    scope = {"x-scope": "system/Patient.c"}
    sent = bundle(post(patient()), post(task()), entry("GET", "Patient"))
    refused = server("POST", "/fhir", body=sent, headers=scope)
    assert refused.status_code == 403
    assert everything(server) == []
    done = server("POST", "/fhir", body=sent | {"type": "batch"}, headers=scope).json()["entry"]
    assert [e["response"]["status"][:3] for e in done] == ["201", "403", "403"]


def test_a_batch_does_what_it_can(server: Server):
    stored = server.create(patient())
    path = f"Patient/{stored['id']}"
    answer = server(
        "POST",
        "/fhir",
        body=bundle(
            post(task("actve")),
            post(task()),
            entry("GET", path),
            entry("GET", f"{path}/_history/1"),
            entry("GET", f"{path}/_history"),
            entry("GET", "Patient/_history"),
            entry("GET", "Patient?name=sykes"),
            entry("GET", f"{BASE}/Patient?nonsense=1"),
            entry("GET", "Patient/none"),
            entry("GET", "a/b/c/d"),
            entry("PUT", path, stored | {"gender": "male"}),
            entry("POST", "Nonsense", task()),
            post(task(focus={"reference": A}), full_url=B),
            entry("DELETE", "Patient?name=nobody"),
            kind="batch",
        ),
    )
    assert answer.status_code == 200
    validate(parse(answer.content), expected_type="Bundle")
    done = answer.json()
    assert done["type"] == "batch-response"
    statuses = [e["response"]["status"][:3] for e in done["entry"]]
    expected = "422 201 200 200 200 200 200 400 404 404 200 404 4xx 204".split()
    assert [*statuses[:12], "4xx", statuses[13]] == expected
    assert statuses[12] in ("400", "422")
    bad = done["entry"][0]["response"]["outcome"]["issue"][0]
    assert bad["expression"] == ["Bundle.entry[0].resource.status"]
    assert done["entry"][2]["resource"]["gender"] == "male"  # reads come last


def test_warnings_stand_at_their_entry(server: Server):
    server.warner.remarks = [Issue("warning", "business-rule", "No service covers it.")]
    done = server("POST", "/fhir", body=bundle(post(patient()))).json()["entry"][0]
    assert done["response"]["status"] == "201 Created"
    assert done["response"]["outcome"]["issue"][0]["severity"] == "warning"
    quiet = server(
        "POST", "/fhir", body=bundle(post(patient())), headers={"prefer": "return=minimal"}
    ).json()["entry"][0]
    assert "resource" not in quiet
    assert quiet["response"]["outcome"] == done["response"]["outcome"]
    assert quiet["fullUrl"].startswith(f"{BASE}/Patient/")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (patient(), 400),
        ({"resourceType": "Bundle", "type": "message"}, 400),
        ({"resourceType": "Bundle", "type": "searchset"}, 400),
        ({"resourceType": "Bundle"}, 400),
        (bundle(*(entry("GET", "Patient") for _ in range(2001))), 413),
        (bundle({"resource": patient()}), 422),
        ({"resourceType": "Bundle", "type": "transaction"}, 200),
        (bundle(kind="batch") | {"entry": [entry("GET", "Patient")]}, 200),
    ],
)
def test_what_may_be_posted_to_the_base(server: Server, body: dict[str, Any], status: int):
    answer = server("POST", "/fhir", body=body)
    assert answer.status_code == status, answer.text
    media = server(
        "POST", "/fhir", content=b"<Bundle/>", headers={"content-type": "application/fhir+xml"}
    )
    assert media.status_code == 415


def test_what_a_transaction_deletes_no_condition_of_it_finds(server: Server):
    """R4 http.html, trules: DELETE goes before POST, wherever it stands."""
    identifier = {"system": "https://kersey.test/people", "value": "replaced"}
    old = server.create(patient("Old") | {"identifier": [identifier]})
    new = patient("New") | {"identifier": [identifier]}
    condition = "identifier=https://kersey.test/people|replaced"
    sent = bundle(
        post(task(**{"for": {"reference": A}})),
        post(new, A, ifNoneExist=condition),
        entry("DELETE", f"Patient/{old['id']}"),
    )
    done = server("POST", "/fhir", body=sent)
    assert [each["response"]["status"][:3] for each in done.json()["entry"]] == [
        "201",
        "201",
        "204",
    ]
    (found,) = server("GET", f"/fhir/Patient?{condition}").json()["entry"]
    assert found["resource"]["name"] == new["name"]
    referring = server("GET", f"/fhir/Task?patient=Patient/{found['resource']['id']}").json()
    assert referring["total"] == 1
