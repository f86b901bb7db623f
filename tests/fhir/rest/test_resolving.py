"""References of a Bundle that only look ordinary."""

from collections.abc import Mapping

import pytest

from tests.fhir.rest.conftest import Server
from tests.fhir.store.kit import BASE, patient, task

A = "urn:uuid:00000000-0000-4000-8000-00000000000a"


def send(server: Server, *entries: Mapping[str, object]):
    return server(
        "POST",
        "/fhir",
        body={"resourceType": "Bundle", "type": "transaction", "entry": list(entries)},
    )


def post(resource: dict[str, object], **more: object) -> dict[str, object]:
    url = resource["resourceType"]
    return {"resource": resource, "request": {"method": "POST", "url": url}} | more


def test_a_fragment_and_a_version_stay_on_a_rewritten_reference(server: Server):
    elsewhere = "https://ehr.test/r4/Patient/p"
    answer = send(
        server,
        post(patient(), fullUrl=elsewhere),
        post(
            task(
                focus={"reference": f"{elsewhere}/_history/1"},
                basedOn=[{"reference": f"{elsewhere}#part"}],
            )
        ),
    )
    assert answer.status_code == 200, answer.text
    person, stored = (e["resource"] for e in answer.json()["entry"])
    assert stored["focus"]["reference"] == f"Patient/{person['id']}/_history/1"
    assert stored["basedOn"][0]["reference"] == f"Patient/{person['id']}#part"


@pytest.mark.parametrize(
    "reference", ["Patient", "not a reference", "Medication/1", f"{BASE}/Patient/none", "?x=1"]
)
def test_what_leads_nowhere_is_refused(server: Server, reference: str):
    answer = send(server, post(task(focus={"reference": reference})))
    assert answer.status_code in (400, 422)
    expressions = [e for i in answer.json()["issue"] for e in i["expression"]]
    assert expressions == ["Bundle.entry[0].resource.focus.reference"]


@pytest.mark.parametrize("reference", ["Patient?nonsense=1", "Medication?status=active"])
def test_a_condition_that_cannot_be_searched_is_refused_at_its_place(
    server: Server, reference: str
):
    answer = send(server, post(task(focus={"reference": reference})))
    assert answer.status_code in (400, 422)
    assert answer.json()["issue"][0]["expression"] == ["Bundle.entry[0].resource.focus.reference"]


def test_an_address_of_an_updated_entry_leads_to_it(server: Server):
    stored = server.create(patient())
    path = f"Patient/{stored['id']}"
    update = {"resource": stored, "request": {"method": "PUT", "url": path}, "fullUrl": A}
    answer = send(server, post(task(focus={"reference": A})), update)
    assert answer.status_code == 200, answer.text
    assert answer.json()["entry"][0]["resource"]["focus"]["reference"] == path


def test_an_expressions_reference_is_an_address_and_no_reference(server: Server):
    """R4 metadatatypes.html, Expression.reference: a uri."""
    said = {"language": "text/cql", "reference": "Library/of-another"}
    body = patient("Anna") | {"extension": [{"url": f"{BASE}/said", "valueExpression": said}]}
    assert server.create(body)["extension"][0]["valueExpression"] == said
