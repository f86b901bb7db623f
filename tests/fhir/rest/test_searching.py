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


def test_what_a_lenient_search_leaves_out_is_said(server: Server):
    stored = server.create(patient())
    query = "/fhir/Patient?shoe-size=9&name=sykes&gender:in=http://v.test&_sort=shoe-size&_count=x"
    found = server("GET", query, headers={"prefer": "handling=lenient"}).json()
    match, said = found["entry"]
    assert (match["resource"]["id"], said["search"]) == (stored["id"], {"mode": "outcome"})
    issues = said["resource"]["issue"]
    assert {each["severity"] for each in issues} == {"warning"}
    assert [each["expression"] for each in issues] == [
        ["http.shoe-size"], ["http.gender:in"], ["http._sort"], ["http._count"],
    ]  # fmt: skip
    assert issues[0]["diagnostics"].startswith("Left out: Patient has no search parameter")
    counted = server("GET", query + "&_summary=count", headers={"prefer": "handling=lenient"})
    assert [each["search"]["mode"] for each in counted.json()["entry"]] == ["outcome"]


def test_several_types_are_searched_at_the_base_address(server: Server):
    tag = {"tag": [{"system": "urn:t", "code": "demo"}]}
    person = server.create(patient(meta=tag))
    first = server.create(task(meta=tag))
    server.create(task())
    server.create(patient(meta=tag), SOUTH)
    mine = [person["id"], first["id"]]
    assert ids(server("GET", "/fhir?_tag=urn:t|demo").json()) == mine
    assert ids(server("GET", "/fhir/?_tag=demo").json()) == mine
    found = server("GET", "/fhir?_type=Task,Patient&_tag=demo&_sort=-_lastUpdated").json()
    assert ids(found) == mine[::-1]
    address = f"{BASE}?_type=Task%2CPatient&_tag=demo&_sort=-_lastUpdated"
    assert links(found)["self"] == address
    assert ids(server("GET", "/fhir?_type=Task&_tag=demo").json()) == [first["id"]]
    assert len(ids(server("GET", "/fhir?_type=Task").json())) == 2
    assert ids(server("GET", "/fhir?_type=Task&_type=Patient&_tag=demo").json()) == mine
    form = server("POST", "/fhir/_search?_type=Task,Patient", data={"_tag": "demo"})
    assert ids(form.json()) == mine
    status = server("GET", "/fhir?_type=Task,ServiceRequest&status=requested").json()
    assert status["total"] == 2
    page = server("GET", "/fhir?_tag=demo&_count=1").json()
    assert ids(page) == mine[:1]
    rest = server("GET", path_of(links(page)["next"])).json()
    assert ids(rest) == mine[1:]
    assert links(rest)["first"] == links(rest)["self"] == f"{BASE}?_tag=demo&_count=1"
    within_scopes = server("GET", "/fhir?_tag=demo", headers={"x-scope": "system/Task.rs"})
    assert ids(within_scopes.json()) == [first["id"]]
    entry = {"request": {"method": "GET", "url": "?_type=Task&_tag=demo"}}
    batch = server(
        "POST", "/fhir", body={"resourceType": "Bundle", "type": "batch", "entry": [entry]}
    )
    assert ids(batch.json()["entry"][0]["resource"]) == [first["id"]]


@pytest.mark.parametrize(
    ("path", "status", "element"),
    [
        ("/fhir?_type=Nonsense", 400, "http._type"),
        ("/fhir?_type=Task,Patient&name=sykes", 400, "http.name"),
        ("/fhir?name=sykes", 400, "http.name"),
        ("/fhir?_type=Task,Patient&_sort=status", 400, "http._sort"),
        ("/fhir", 405, "http.path"),
    ],
)
def test_what_cannot_be_asked_of_several_types(
    server: Server, path: str, status: int, element: str
):
    refused = server("GET", path)
    assert refused.status_code == status
    assert refused.json()["issue"][0]["expression"] == [element]


def test_types_beyond_the_scopes_are_not_searched(server: Server):
    narrow = {"x-scope": "system/Task.rs"}
    assert server("GET", "/fhir?_type=Patient,Task", headers=narrow).status_code == 403
    assert server("GET", "/fhir?_id=1", headers={"x-scope": "system/Task.r"}).status_code == 403


def test_a_part_of_one_resource(server: Server):
    body = patient(
        gender="female",
        deceasedBoolean=False,
        contact=[{"name": {"family": "Sykes"}}],
        text={"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">a</div>'},
    )
    stored = server.create(body)
    at = f"/fhir/Patient/{stored['id']}"
    always = {"resourceType", "id", "meta"}
    for query, rest in [
        ("_elements=gender", {"gender"}),
        ("_elements=gender,Patient.deceased", {"gender", "deceasedBoolean"}),
        ("_summary=true", {"name", "gender", "deceasedBoolean"}),
        ("_summary=text", {"text"}),
        ("_summary=data", {"name", "gender", "deceasedBoolean", "contact"}),
    ]:
        for path in (at, f"{at}/_history/1"):
            some = server("GET", f"{path}?{query}").json()
            assert set(some) == always | rest, query
            assert some["meta"]["tag"][-1]["code"] == "SUBSETTED"
        found = server("GET", f"/fhir/Patient?{query}").json()["entry"][0]["resource"]
        assert set(found) == always | rest, query
    assert server("GET", f"{at}?_summary=false").json() == stored
    for wrong in ("count", "some"):
        refused = server("GET", f"{at}?_summary={wrong}")
        assert refused.json()["issue"][0]["expression"] == ["http._summary"]


def test_formats_are_asked_for_in_the_address_or_the_form(server: Server):
    stored = server.create(patient(extension=[{"url": "urn:e", "valueDecimal": 1.5}]))
    at = f"/fhir/Patient/{stored['id']}"
    pretty = server("GET", f"{at}?_pretty=true")
    assert pretty.text.startswith('{\n  "resourceType": "Patient",')
    assert int(pretty.headers["content-length"]) == len(pretty.content)
    assert pretty.json() == stored
    assert "\n" not in server("GET", f"{at}?_pretty=false").text
    plain = server("POST", "/fhir/Patient/_search", data={"_format": "application/json"})
    assert plain.headers["content-type"].startswith("application/json")
    xml = server("POST", "/fhir/Patient/_search", data={"_format": "xml"})
    assert xml.status_code == 406


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
    for query, element in [
        ("_since=then", "http._since"),
        ("_list=1", "http._list"),
        ("_count=x", "http._count"),
    ]:
        refused = server("GET", f"/fhir/_history?{query}")
        assert refused.status_code == 400
        assert refused.json()["issue"][0]["expression"] == [element]


def test_metadata_is_public_and_says_what_is_so(server: Server):
    answer = server("GET", "/fhir/metadata", None)
    assert answer.status_code == 200
    statement = answer.json()
    assert statement["fhirVersion"] == "4.0.1"
    assert statement["software"]["version"] == "1.2.3"
    resources = {each["type"]: each for each in statement["rest"][0]["resource"]}
    assert len(resources) == 31
    audit = resources["AuditEvent"]
    assert {i["code"] for i in audit["interaction"]} == {
        "read", "vread", "history-instance", "history-type", "search-type",
    }  # fmt: skip
    assert (audit["conditionalCreate"], audit["conditionalDelete"]) == (False, "not-supported")
    task_type = resources["Task"]
    assert "Task:focus" in task_type["searchInclude"]
    assert "Task:focus" in resources["ServiceRequest"]["searchRevInclude"]
    answers = resources["QuestionnaireResponse"]
    assert "QuestionnaireResponse:questionnaire" in answers["searchInclude"]
    assert [each["name"] for each in statement["rest"][0]["searchParam"]] == [
        "_id", "_lastUpdated", "_profile", "_security", "_source", "_tag",
    ]  # fmt: skip
    name = next(each for each in resources["Patient"]["searchParam"] if each["name"] == "name")
    assert name["documentation"] == "Modifiers: :contains, :exact, :missing"
    # Every parameter that is named works.
    for name, each in resources.items():
        for param in each["searchParam"]:
            found = server("GET", f"/fhir/{name}?{param['name']}:missing=true")
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


def test_history_at_a_time_has_what_was_current_then(server: Server):
    stored = server.create(patient(gender="female"))
    path = f"/fhir/Patient/{stored['id']}"
    changed = server("PUT", path, body=stored | {"gender": "other"}).json()
    server("DELETE", path)
    first, second = stored["meta"]["lastUpdated"], changed["meta"]["lastUpdated"]

    def versions(at: str, where: str = f"{path}/_history") -> list[str]:
        entries = server("GET", f"{where}?_at={at}").json().get("entry", [])
        return [each["resource"]["meta"]["versionId"] for each in entries]

    assert versions("1998") == []
    assert versions(first[:10]) == ["2", "1"]
    assert "1" in versions(first)
    assert "2" in versions(second)
    assert versions("2100") == [], "it is deleted"
    assert versions(first[:10], "/fhir/Patient/_history") == ["2", "1"]
    refused = server("GET", f"{path}/_history?_at=yesterday")
    assert refused.status_code == 400
    assert refused.json()["issue"][0]["expression"] == ["http._at"]


def test_no_filter_can_be_added_to_a_page_link(server: Server):
    """A filter that was passed over would show what nobody asked for."""
    for n in range(3):
        server.create(patient(f"Page{n}"))
    link = path_of(links(server("GET", "/fhir/Patient?_count=1").json())["next"])
    refused = server("GET", f"{link}&gender=female")
    assert refused.status_code == 400
    assert refused.json()["issue"][0]["expression"] == ["http.gender"]
    assert server("GET", f"{link}&_format=json&_count=1").status_code == 200


def test_the_nearest_come_first_on_all_pages(server: Server):
    def place(latitude: float) -> str:
        at = {"latitude": latitude, "longitude": -1.8}
        return str(server.create({"resourceType": "Location", "position": at})["id"])

    far, near, between, twin = (place(each) for each in (53.9, 53.7, 53.8, 53.8))
    address, found = "/fhir/Location?near=53.7|-1.8|50|km&_sort=near&_count=1", []
    while address:
        page = server("GET", address).json()
        found += [each["resource"]["id"] for each in page["entry"]]
        links = {each["relation"]: each["url"] for each in page["link"]}
        address = links.get("next", "").removeprefix("http://kersey.test")
    assert found == [near, between, twin, far]
