"""What an entry of a Bundle may ask beside a write, and what its answer says."""

from typing import Any

import pytest

from shared.fhir.json import parse
from shared.fhir.model import validate
from tests.fhir.rest.conftest import Server
from tests.fhir.rest.test_bundles import bundle, entry, everything, expressions, post
from tests.fhir.store.kit import patient, task

Json = dict[str, Any]
KINDS = ("batch", "transaction")


def answered(server: Server, sent: Json, **more: Any) -> list[Json]:
    answer = server("POST", "/fhir", body=sent, **more)
    assert answer.status_code == 200, answer.text
    validate(parse(answer.content), expected_type="Bundle")
    entries: list[Json] = answer.json()["entry"]
    return entries


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_tells_that_it_is_there_and_no_more(server: Server, kind: str):
    stored = server.create(patient())
    asked = (f"Patient/{stored['id']}", "Patient?name=sykes", "metadata")
    found = answered(server, bundle(*(entry("HEAD", url) for url in asked), kind=kind))
    statuses = [each["response"]["status"][:3] for each in found]
    assert statuses == ["200", "200", "200"]
    assert not any("resource" in each for each in found)
    assert found[0]["response"]["etag"] == 'W/"1"'


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_server_can_do_and_a_part_are_read_in_a_bundle(server: Server, kind: str):
    stored = server.create(patient())
    asked = ("metadata", f"Patient/{stored['id']}?_elements=gender", "_history?_count=1")
    statement, part, history = answered(
        server, bundle(*(entry("GET", url) for url in asked), kind=kind)
    )
    assert statement["resource"] == server("GET", "/fhir/metadata").json()
    assert part["resource"] == server("GET", f"/fhir/{asked[1]}").json()
    assert "name" not in part["resource"]
    assert [each["resource"]["id"] for each in history["resource"]["entry"]] == [stored["id"]]


@pytest.mark.parametrize("kind", KINDS)
def test_definitions_are_read_and_searched_in_a_bundle(server: Server, kind: str):
    one = "StructureDefinition/social-prescribing-task"
    asked = (one, "ValueSet?status=active&_count=2", "StructureDefinition?name=x")
    read, found, nothing = answered(server, bundle(*(entry("GET", a) for a in asked), kind=kind))
    assert read["resource"] == server("GET", f"/fhir/{one}").json()
    assert found["resource"] == server("GET", f"/fhir/{asked[1]}").json()
    assert nothing["resource"]["total"] == 0
    refused = server("POST", "/fhir", body=bundle(entry("GET", "ValueSet/none"), kind="batch"))
    assert refused.json()["entry"][0]["response"]["status"] == "404 Not Found"


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "Patient/none", 404),
        ("HEAD", "Patient/none", 404),
        ("GET", "Patient?favourite-colour=red", 400),
        ("GET", "Spaceship/1", 404),
        ("GET", "Patient/{id}/_history/7", 404),
    ],
)
@pytest.mark.parametrize("beside", [(), (post(patient()),)])
def test_a_read_that_fails_fails_its_transaction(
    server: Server, method: str, address: str, status: int, beside: tuple[Json, ...]
):
    """R4 http.html: 200 only with "each entry resulting in a 2xx or 3xx response code"."""
    stored = server.create(patient())
    failing = entry(method, address.format(id=stored["id"]))
    refused = server("POST", "/fhir", body=bundle(*beside, failing))
    assert refused.status_code == status
    assert expressions(refused) == [f"Bundle.entry[{len(beside)}].request.url"]
    assert len(everything(server)) == 1
    alone = answered(server, bundle(*beside, failing, kind="batch"))
    assert alone[-1]["response"]["status"][:3] == str(status)


def test_a_transaction_may_read_what_it_writes_and_not_what_it_deletes(server: Server):
    stored = server.create(patient())
    path = f"Patient/{stored['id']}"
    server("DELETE", f"/fhir/{path}")
    back = answered(server, bundle(entry("GET", path), entry("PUT", path, stored)))
    assert [each["response"]["status"][:3] for each in back] == ["200", "201"]
    refused = server("POST", "/fhir", body=bundle(entry("GET", path), entry("DELETE", path)))
    assert (refused.status_code, expressions(refused)) == (400, ["Bundle.entry[0].request.url"])
    assert server("GET", f"/fhir/{path}").status_code == 200


def test_a_resource_is_validated_in_a_batch_and_nothing_is_stored(server: Server):
    wrong = {"resourceType": "Patient", "gender": "x"}
    asked = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": wrong}]}
    sent = bundle(
        entry("POST", "Patient/$validate", wrong),
        entry("POST", "Patient/$validate?mode=create", patient()),
        entry("POST", "Patient/7/$validate", asked),
        entry("GET", "Patient/none/$validate"),
        entry("POST", "Nonsense/$validate", patient()),
        entry("POST", "$validate", patient()),
        entry("POST", "Patient/$validate"),
        kind="batch",
    )
    found = answered(server, sent)
    statuses = [each["response"]["status"][:3] for each in found]
    assert statuses == ["200", "200", "200", "404", "404", "404", "400"]
    told = [
        [issue["expression"] for issue in each["resource"]["issue"] if issue["severity"] == "error"]
        for each in found[:3]
    ]
    assert told == [[["Patient.gender"]], [], [["Patient.gender"]]]
    assert everything(server) == []
    within = answered(
        server, bundle(post(patient()), entry("POST", "Patient/$validate", patient()))
    )
    assert within[1]["resource"]["resourceType"] == "OperationOutcome"
    assert len(everything(server)) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_an_outcome_of_each_write_is_told_where_it_is_preferred(server: Server, kind: str):
    stored = server.create(task())
    sent = bundle(
        post(patient()),
        entry("PUT", f"Task/{stored['id']}", stored | {"status": "requested"}),
        entry("DELETE", "Patient?name=nobody"),
        entry("GET", f"Task/{stored['id']}"),
        kind=kind,
    )
    prefer = {"prefer": "return=OperationOutcome"}
    found = answered(server, sent, headers=prefer)
    assert ["resource" in each for each in found] == [False, False, False, True]
    outcomes = [each["response"]["outcome"]["issue"][0]["severity"] for each in found[:3]]
    assert outcomes == ["information"] * 3
    assert "outcome" not in found[3]["response"]


def test_a_version_that_is_not_the_current_one_names_the_entry(server: Server):
    stored = server.create(task())
    path = f"Task/{stored['id']}"
    diff = {
        "resourceType": "Parameters",
        "parameter": [
            {
                "name": "operation",
                "part": [
                    {"name": "type", "valueCode": "delete"},
                    {"name": "path", "valueString": "Task.description"},
                ],
            }
        ],
    }
    for stale in (
        entry("PUT", path, stored, ifMatch='W/"7"'),
        entry("DELETE", path, ifMatch='W/"7"'),
        entry("PATCH", path, diff, ifMatch='W/"7"'),
    ):
        refused = server("POST", "/fhir", body=bundle(post(patient()), stale))
        assert refused.status_code == 412
        assert expressions(refused) == ["Bundle.entry[1].request.ifMatch"]
    assert len(everything(server)) == 1


@pytest.mark.parametrize("before", ["", "?", "Patient?", "/Patient?"])
def test_a_condition_may_be_written_with_its_type(server: Server, before: str):
    """R4 has what follows the question mark; what others send is meant as clearly."""
    known = server.create(patient(identifier=[{"system": "urn:a", "value": "1"}]))
    said = f"{before}identifier=urn:a|1"
    alone = server("POST", "/fhir/Patient", body=patient(), headers={"if-none-exist": said})
    assert (alone.status_code, alone.json()["id"]) == (200, known["id"])
    within = server("POST", "/fhir", body=bundle(post(patient(), ifNoneExist=said)))
    assert within.json()["entry"][0]["response"]["status"] == "200 OK"
    other = {"if-none-exist": "Practitioner?identifier=urn:a|1"}
    assert server("POST", "/fhir/Patient", body=patient(), headers=other).status_code == 400


@pytest.mark.parametrize("said", ["", "?", " ", "Patient?"])
def test_a_condition_that_says_nothing_makes_nothing(server: Server, said: str):
    alone = server("POST", "/fhir/Patient", body=patient(), headers={"if-none-exist": said})
    assert (alone.status_code, expressions(alone)) == (400, ["http.If-None-Exist"])
    within = server("POST", "/fhir", body=bundle(post(patient(), ifNoneExist=said)))
    assert within.status_code == 400
    assert expressions(within) == ["Bundle.entry[0].request.ifNoneExist"]
    assert everything(server) == []


def parameters(**given: Any) -> Json:
    listed = [{"name": name, **value} for name, value in given.items()]
    return {"resourceType": "Parameters", "parameter": listed}


@pytest.mark.parametrize("kind", KINDS)
def test_a_search_is_posted_as_parameters(server: Server, kind: str):
    one = server.create(patient("Sykes", active=True))
    server.create(patient("Other"))
    about = server.create(task(**{"for": {"reference": f"Patient/{one['id']}"}}))
    named = parameters(name={"valueString": "sykes"}, active={"valueBoolean": True})
    found = answered(
        server,
        bundle(
            entry("POST", "Patient/_search", named),
            entry("POST", "Patient/_search?_sort=-_id&_count=1"),
            entry("POST", "_search?_type=Task"),
            entry("POST", f"Patient/{one['id']}/ServiceRequest/_search"),
            entry(
                "POST", f"Patient/{one['id']}/$everything", parameters(_type={"valueCode": "Task"})
            ),
            entry(
                "GET",
                f"Patient?name=sykes&_revinclude=Task:patient&_total=accurate"
                f"&_elements=id&_id={one['id']}&_lastUpdated=gt2020",
            ),
            kind=kind,
        ),
    )
    shown = [[each["resource"]["id"] for each in answer["resource"].get("entry", ())]
             for answer in found]  # fmt: skip
    assert shown[0] == [one["id"]]
    assert len(shown[1]) == 1
    assert shown[2:5] == [[about["id"]], [], [about["id"]]]
    assert shown[5] == [one["id"], about["id"]]
    assert server("GET", "/fhir/Patient").json()["total"] == 2


def test_a_search_of_a_transaction_finds_what_it_writes(server: Server):
    sent = bundle(
        entry("POST", "Patient/_search", parameters(family={"valueString": "Newly"})),
        entry("GET", "Patient?family=newly&_summary=count"),
        post(patient("Newly")),
    )
    posted, got, created = answered(server, sent)
    assert posted["resource"]["total"] == got["resource"]["total"] == 1
    assert created["response"]["status"].startswith("201")


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (parameters(colour={"valueString": "red"}), "no search parameter"),
        (parameters(name={"valueHumanName": {"family": "x"}}), "a text, a number or a time"),
        (patient(), "Parameters"),
    ],
)
def test_a_posted_search_that_is_not_understood_fails_alone(server: Server, sent: Json, words: str):
    asked = [entry("POST", "Patient/_search", sent), entry("GET", "Patient")]
    refused, found = answered(server, bundle(*asked, kind="batch"))
    assert refused["response"]["status"][:3] in ("400", "422")
    assert words in refused["response"]["outcome"]["issue"][0]["diagnostics"]
    assert found["response"]["status"][:3] == "200"
    whole = server("POST", "/fhir", body=bundle(*asked))
    assert whole.status_code in (400, 422)


def test_the_request_says_how_the_searches_of_its_bundle_are_understood(server: Server):
    server.create(patient())
    sent = bundle(entry("GET", "Patient?favourite-colour=red"), kind="batch")
    (strict,) = answered(server, sent)
    assert strict["response"]["status"][:3] == "400"
    (lenient,) = answered(server, sent, headers={"prefer": "handling=lenient"})
    assert lenient["resource"]["total"] == 1


def test_what_a_posted_search_may_find_is_as_its_scopes_say(server: Server):
    server.create(patient())
    sent = bundle(entry("POST", "Patient/_search"), kind="batch")
    (refused,) = answered(server, sent, headers={"x-scope": "system/Patient.cru"})
    assert refused["response"]["status"][:3] == "403"
