"""Searching, history and paging over HTTP."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fhir.rest.conftest import Server
from tests.fhir.store.kit import BASE, SOUTH, patient, request, task


def links(bundle: dict[str, Any]) -> dict[str, str]:
    return {link["relation"]: link["url"] for link in bundle["link"]}


def path_of(url: str) -> str:
    return url.removeprefix("http://kersey.test")


def ids(bundle: dict[str, Any]) -> list[str]:
    return [entry["resource"]["id"] for entry in bundle.get("entry", ())]


def test_a_searchset(server: Server):
    person = server.create(patient("Sykes"))
    first = server.create(task(**{"for": {"reference": f"Patient/{person['id']}"}}))
    found = server("GET", "/fhir/Task?patient.name=sykes&_include=Task:patient").json()
    assert (found["resourceType"], found["type"], found["total"]) == ("Bundle", "searchset", 1)
    assert found["entry"] == [
        {
            "fullUrl": f"{BASE}/Task/{first['id']}",
            "resource": first,
            "search": {"mode": "match"},
        },
        {
            "fullUrl": f"{BASE}/Patient/{person['id']}",
            "resource": person,
            "search": {"mode": "include"},
        },
    ]
    assert links(found)["self"] == f"{BASE}/Task?patient.name=sykes&_include=Task%3Apatient"
    empty = server("GET", "/fhir/Task?status=draft").json()
    assert "entry" not in empty
    assert empty["total"] == 0


def test_post_search_takes_the_address_and_the_form_together(server: Server):
    server.create(patient("Sykes", gender="female"))
    server.create(patient("Sykes", gender="male"))
    for data, count in [({"name": "sykes"}, 1), ({"name": "none"}, 0), ({}, 1)]:
        found = server("POST", "/fhir/Patient/_search?gender=male", data=data)
        assert found.json()["total"] == count
    wrong = server("POST", "/fhir/Patient/_search", body={"name": "sykes"})
    assert wrong.status_code == 415
    form = {"content-type": "application/x-www-form-urlencoded"}
    odd = server("POST", "/fhir/Patient/_search", content=b"name=\xff", headers=form)
    assert odd.status_code == 400


def test_strict_and_lenient(server: Server):
    server.create(patient())
    strict = server("GET", "/fhir/Patient?shoe-size=9&name=sykes")
    assert strict.status_code == 400
    assert strict.json()["issue"][0]["expression"] == ["http.shoe-size"]
    lenient = server(
        "GET", "/fhir/Patient?shoe-size=9&name=sykes", headers={"prefer": "handling=lenient"}
    ).json()
    assert lenient["total"] == 1
    assert links(lenient)["self"] == f"{BASE}/Patient?name=sykes"


def test_pages_go_on_for_who_asked_and_nobody_else(server: Server):
    made = [server.create(task("requested"))["id"] for _ in range(20)]
    found = server("GET", "/fhir/Task?status=requested&_count=7").json()
    seen = ids(found)
    assert found["total"] == 20
    following = path_of(links(found)["next"])
    assert "requested" not in following
    while "next" in links(found):
        found = server("GET", path_of(links(found)["next"])).json()
        assert links(found)["self"].startswith(f"{BASE}/Task?status=requested")
        seen += ids(found)
    assert seen == made
    for organisation, path in [
        (SOUTH, following),  # another client's page
        (None, following.replace("/Task?", "/Patient?")),  # another type
        (None, following[:-4] + "AAAA"),  # tampered with
        (None, "/fhir/Task?_page=nonsense"),
        (None, following.replace("/Task?", "/Task/_history?")),
    ]:
        refused = server("GET", path, *([organisation] if organisation else []))
        assert refused.status_code == 400, path
        assert refused.json()["issue"][0]["expression"] == ["http._page"]
    # The token is authorised again: what may not be searched any more is not.
    assert server("GET", following, headers={"x-scope": "system/Task.r"}).status_code == 403
    assert set(parse_qs(urlsplit(following).query)) == {"_page"}


def test_shapes_of_the_answer(server: Server):
    body = patient(
        gender="female",
        text={"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">a</div>'},
        _birthDate={"extension": [{"url": "http://x.test/e", "valueString": "a"}]},
    )
    stored = server.create(body)

    def only(query: str) -> dict[str, Any]:
        found: dict[str, Any] = server("GET", f"/fhir/Patient?{query}").json()
        resource: dict[str, Any] = found["entry"][0]["resource"]
        return resource

    some = only("_elements=gender,birthDate")
    assert set(some) == {"resourceType", "id", "meta", "gender", "_birthDate"}
    assert some["meta"]["tag"][0]["code"] == "SUBSETTED"
    assert set(only("_summary=text")) == {"resourceType", "id", "meta", "text"}
    assert "text" not in only("_summary=data")
    assert only("_summary=false") == stored
    count = server("GET", "/fhir/Patient?_summary=count").json()
    assert (count["total"], "entry" in count) == (1, False)
    required = server.create(request("https://elsewhere.test/Patient/1"))
    found = server("GET", "/fhir/ServiceRequest?_elements=code").json()["entry"][0]["resource"]
    assert {k: found[k] for k in ("status", "intent", "subject")} == {
        k: required[k] for k in ("status", "intent", "subject")
    }


def test_history_of_a_type_and_of_everything(server: Server):
    first = server.create(patient())
    second = server.create(task())
    server("PUT", f"/fhir/Patient/{first['id']}", body=first)
    server.create(patient(), SOUTH)
    of_type = server("GET", "/fhir/Patient/_history").json()
    assert ids(of_type) == [first["id"], first["id"]]
    assert "total" not in of_type
    everything = server("GET", "/fhir/_history?_count=2").json()
    assert ids(everything) == [first["id"], second["id"]]
    rest = server("GET", path_of(links(everything)["next"])).json()
    assert ids(rest) == [first["id"]]
    tasks = server("GET", "/fhir/_history", headers={"x-scope": "system/Task.rs"}).json()
    assert ids(tasks) == [second["id"]]
    since = "2020-01-01T00:00:00+00:00"
    assert len(ids(server("GET", f"/fhir/_history?_since={since}").json())) == 3
    assert ids(server("GET", "/fhir/_history?_since=2999").json()) == []
    for query, element in [("_since=then", "http._since"), ("_at=2020", "http.query")]:
        refused = server("GET", f"/fhir/_history?{query}")
        assert refused.status_code == 400
        assert refused.json()["issue"][0]["expression"] == [element]


@pytest.mark.parametrize("body", [patient(), {"resourceType": "Patient", "gender": "x"}])
def test_validate_answers_200_with_what_it_found(server: Server, body: dict[str, Any]):
    wrapped = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "mode", "valueCode": "create"},
            {"name": "resource", "resource": body},
        ],
    }
    for path in ("/fhir/Patient/$validate", "/fhir/Patient/7/$validate"):
        for sent in (body, wrapped):
            answer = server("POST", path, body=sent)
            assert answer.status_code == 200
            issues = answer.json()["issue"]
            wrong = any(issue["severity"] == "error" for issue in issues)
            assert wrong == ("gender" in body)
    empty = server("POST", "/fhir/Patient/$validate", body={"resourceType": "Parameters"})
    assert empty.status_code == 400


def test_metadata_is_public_and_says_what_is_so(server: Server):
    answer = server("GET", "/fhir/metadata", None)
    assert answer.status_code == 200
    statement = answer.json()
    assert statement["fhirVersion"] == "4.0.1"
    assert statement["software"]["version"] == "1.2.3"
    resources = {each["type"]: each for each in statement["rest"][0]["resource"]}
    assert len(resources) == 27
    audit = resources["AuditEvent"]
    assert {i["code"] for i in audit["interaction"]} == {
        "read", "vread", "history-instance", "history-type", "search-type",
    }  # fmt: skip
    assert (audit["conditionalCreate"], audit["conditionalDelete"]) == (False, "not-supported")
    task_type = resources["Task"]
    assert "Task:focus" in task_type["searchInclude"]
    assert "Task:focus" in resources["ServiceRequest"]["searchRevInclude"]
    assert (
        "QuestionnaireResponse:questionnaire"
        not in resources["QuestionnaireResponse"]["searchInclude"]
    )
    # Every parameter that is named works.
    for name, each in resources.items():
        for param in each["searchParam"]:
            found = server("GET", f"/fhir/{name}?{param['name']}:missing=true")
            if param["name"] not in ("_id", "_lastUpdated"):
                assert found.status_code == 200, param
    validated = server("GET", "/fhir/metadata", None, headers={"accept": "text/xml"})
    assert validated.status_code == 406


def test_the_capability_statement_is_valid(server: Server):
    from shared.fhir.json import parse
    from shared.fhir.model import validate

    statement = server("GET", "/fhir/metadata", None)
    validate(parse(statement.content), expected_type="CapabilityStatement")
    server.create(patient())
    for path in ("/fhir/Patient", "/fhir/Patient/_history"):
        validate(parse(server("GET", path).content), expected_type="Bundle")
