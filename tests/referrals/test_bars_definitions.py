"""What a sender reads before it sends: MessageDefinitions, and /metadata that does not lie."""

from collections.abc import Iterator

import pytest

from shared.fhir.model import validate
from tests.infrastructure.postgres import NewDatabase
from tests.referrals.house import House, Json, house_at, prepare
from tests.referrals.messaging import NHS, SERVICE_ID, a_message, resource, taken

REFERRAL = f"{NHS}/MessageDefinition/bars-message-servicerequest-request-referral"
ALL = "/fhir/MessageDefinition"
USE_CASES = f"{NHS}/CodeSystem/usecases-categories-bars"


@pytest.fixture(scope="module")
def house(module_database: NewDatabase) -> Iterator[House]:
    with house_at(module_database("referrals", prepare)) as made:
        yield made


def urls(bundle: Json) -> list[str]:
    return [each["resource"]["url"].rpartition("/")[2] for each in bundle.get("entry", ())]


def test_every_definition_is_found_read_and_valid(house: House):
    found = house.ehr.get(ALL)

    assert len(urls(found)) == found["total"] == 3
    assert validate(found, expected_type="Bundle") == ()
    for each in found["entry"]:
        assert house.ehr.get(each["fullUrl"].removeprefix("http://kersey.test")) == each["resource"]


@pytest.mark.parametrize(
    ("query", "number"),
    [
        (f"context={SERVICE_ID}|2000099999", 3),
        ("context=2000099999", 3),
        (f"context={SERVICE_ID}|2000099999&context={USE_CASES}|a5t1", 3),
        (f"context={USE_CASES}|a1t1", 0),
        (f"context={SERVICE_ID}|1&context={USE_CASES}|a6t2", 0),
        ("context=https://elsewhere.example|1", 0),
        ("event=servicerequest-response", 1),
        (f"event={NHS}/CodeSystem/message-events-bars|servicerequest-request", 2),
        ("event=booking-request,servicerequest-response", 1),
        ("status=active", 3),
        ("status=retired", 0),
        ("name=BARS_message_servicerequest_request", 2),
        (f"url={REFERRAL}", 1),
        ("_id=no-such", 0),
        ("_format=json", 3),
    ],
)
def test_definitions_are_searched(house: House, query: str, number: int):
    assert house.ehr.get(f"{ALL}?{query}")["total"] == number


def test_a_parameter_that_is_not_known_is_refused_unless_the_client_is_lenient(house: House):
    assert house.ehr.get(f"{ALL}?focus=Patient", status=400)["issue"][0]["expression"] == [
        "http.focus"
    ]
    lenient = {"Prefer": "handling=lenient"}
    assert house.ehr.get(f"{ALL}?focus=Patient", headers=lenient)["total"] == 3


def test_what_is_not_there_and_what_is_not_offered(house: House):
    house.ehr.get(f"{ALL}/no-such", status=404)
    house.ehr.put(f"{ALL}/no-such", {"resourceType": "MessageDefinition"}, status=405)
    house.ehr.post(ALL, {"resourceType": "MessageDefinition"}, status=405)
    assert house.ehr.send("OPTIONS", ALL).headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("kind", ["MessageDefinition", "StructureDefinition", "ValueSet"])
def test_definitions_are_searched_by_form_too(house: House, kind: str):
    """A server that offers a search offers both ways of it (R4 http.html, search)."""
    found = house.http.get(f"/fhir/{kind}").json()
    key, form = found["entry"][0]["resource"]["id"], {"_format": "json"}
    posted = house.http.post(f"/fhir/{kind}/_search", data=form | {"_id": key})
    assert posted.status_code == 200, posted.text
    assert [each["resource"]["id"] for each in posted.json()["entry"]] == [key]
    assert house.http.get(f"/fhir/{kind}/_search").status_code == 405
    assert house.http.post(f"/fhir/{kind}/_search", json=form).status_code == 415


def test_the_definitions_are_read_without_a_token_and_in_pages(house: House):
    seen: list[str] = []
    at = f"{ALL}?_count=2"
    for _ in range(2):
        page = house.http.get(at)
        assert page.status_code == 200
        seen += urls(page.json())
        following = [e["url"] for e in page.json()["link"] if e["relation"] == "next"]
        at = (following or [""])[0].removeprefix("http://kersey.test")
    assert (len(set(seen)), at) == (3, "")
    first = house.http.get(ALL).json()["entry"][0]
    assert house.http.get(first["fullUrl"].removeprefix("http://kersey.test")).json()
    origin = {"Origin": "https://anywhere.example"}
    assert house.http.get(ALL, headers=origin).headers["access-control-allow-origin"] == "*"


def test_a_message_of_what_the_definition_demands_and_no_more_is_taken(house: House):
    (definition,) = [
        each["resource"]
        for each in house.ehr.get(ALL)["entry"]
        if each["resource"]["url"] == REFERRAL
    ]
    least = {each["code"]: each["min"] for each in definition["focus"]}
    message = a_message()
    kept, found = [], dict.fromkeys(least, 0)
    for each in message["entry"]:
        kind = each["resource"]["resourceType"]
        if found[kind] < least[kind]:
            kept.append(each)
            found[kind] += 1
    message["entry"] = kept
    resource(message, "ServiceRequest").pop("requester")

    taken(house, message)

    assert found == least | {"Bundle": 0}


def test_metadata_names_what_is_done_and_what_is_done_is_named(house: House):
    statement = house.http.get("/fhir/metadata").json()

    assert validate(statement, expected_type="CapabilityStatement") == ()
    (messaging,) = statement["messaging"]
    named = {(each["mode"], each["definition"]) for each in messaging["supportedMessage"]}
    served = {each["resource"]["url"]: each["resource"] for each in house.ehr.get(ALL)["entry"]}
    mode = {"servicerequest-request": "receiver", "servicerequest-response": "sender"}
    assert named == {(mode[each["eventCoding"]["code"]], url) for url, each in served.items()}
    assert messaging["endpoint"][0]["address"] == "http://kersey.test/fhir/$process-message"
    (rest,) = statement["rest"]
    assert "process-message" in {each["name"] for each in rest["operation"]}
    (entry,) = [each for each in rest["resource"] if each["type"] == "MessageDefinition"]
    for each in entry["searchParam"]:
        house.ehr.get(f"{ALL}?{each['name']}=x")
    names = [each["type"] for each in rest["resource"]]
    assert names == sorted(names)
