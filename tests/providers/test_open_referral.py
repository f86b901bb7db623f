"""Every Open Referral UK endpoint over the whole demo: valid against the schemas, well paged."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from services.providers.taxonomies import shipped, term_id
from tests.providers.conftest import House
from tests.providers.schemas import PLAIN, fits

LISTS = ("services", "service_at_locations", "taxonomies", "taxonomy_terms", "organizations")
ENVELOPE = {
    "total_items",
    "total_pages",
    "page_number",
    "size",
    "first_page",
    "last_page",
    "empty",
    "contents",
}


KINDS = {
    "services": "service",
    "service_at_locations": "service_at_location",
    "taxonomies": "taxonomy",
    "taxonomy_terms": "taxonomy_term",
    "organizations": "organization",
}


def test_the_root_says_what_is_spoken_here(demo: House):
    about = demo.get("/directory/")
    assert about["version"] == "HSDS-UK-3.0"
    assert about["profile"].startswith("https://")
    assert about["openapi_url"].endswith("openapi.json")
    assert demo.get("/directory") == about
    for path in ("/directory", "/directory/services"):
        head = demo.client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("kind", LISTS)
def test_every_item_of_every_list_and_its_own_page_fit_the_schema(demo: House, kind: str):
    page = demo.get(f"/directory/{kind}", per_page=500)
    assert set(page) == ENVELOPE
    assert page["total_items"] == len(page["contents"]) == page["size"] > 0
    for item in page["contents"]:
        fits(KINDS[kind], item)
        fits(KINDS[kind], item, PLAIN)
    for item in page["contents"][:: max(1, len(page["contents"]) // 40)]:
        whole = demo.get(f"/directory/{kind}/{item['id']}")
        assert whole["id"] == item["id"]
        fits(KINDS[kind], whole)
        fits(KINDS[kind], whole, PLAIN)


def test_fully_nested_services_fit_and_carry_what_people_look_for(demo: House):
    page = demo.get("/directory/services", per_page=500, full="true")
    for service in page["contents"]:
        fits("service", service)
        assert service["organization"]["id"] == service["organization_id"]
        assert service["attributes"]
        fits("service", service, PLAIN)
    larks = next(each for each in page["contents"] if each["name"].startswith("Singing for Breath"))
    assert larks["schedules"][0]["byday"] == "TU"
    assert (larks["schedules"][0]["opens_at"], larks["schedules"][0]["closes_at"]) == (
        "10:00",
        "12:00",
    )
    assert larks["cost_options"][0]["amount"] == 2
    place = larks["service_at_locations"][0]["location"]
    assert place["addresses"][0]["city"] == "Hebden Bridge"
    assert larks["contacts"][0]["phones"][0]["number"] == "01632 960026"


def test_what_a_funder_gives_is_not_published(demo: House):
    page = demo.get("/directory/services", per_page=500, full="true")
    funds = [fund for each in page["contents"] for fund in each.get("funding", ())]
    assert funds
    assert all(set(fund) == {"id", "service_id", "source"} for fund in funds)


def test_pages_follow_one_another_without_gap_or_repeat(demo: House):
    seen: list[str] = []
    total = demo.get("/directory/services")["total_items"]
    number, page = 0, {"last_page": False}
    while not page["last_page"]:
        number += 1
        page = demo.get("/directory/services", page=number, per_page=25)
        assert page["page_number"] == number
        assert page["first_page"] is (number == 1)
        assert page["total_pages"] == -(-total // 25)
        assert page["empty"] is False
        seen += [each["id"] for each in page["contents"]]
    assert len(seen) == len(set(seen)) == total
    assert number == page["total_pages"]


def test_a_page_past_the_end_is_empty_and_says_so(demo: House):
    page = demo.get("/directory/services", page=9999)
    assert (page["empty"], page["size"], page["contents"]) == (True, 0, [])
    assert page["last_page"] is True
    assert page["total_items"] > 0


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("per_page", "0"),
        ("per_page", "100000"),
        ("per_page", "ten"),
        ("page", "0"),
        ("page", "-1"),
        ("page", "99999999999999999999"),
    ],
)
def test_pages_out_of_bounds_are_refused_by_name(demo: House, kind: str, name: str, value: str):
    problem = demo.get(f"/directory/{kind}", 400, **{name: value})
    assert problem["element"] == name
    assert problem["detail"]
    assert problem["status"] == 400


@pytest.mark.parametrize(
    ("query", "element", "words"),
    [
        ({"proximity": "-1", "postcode": "HX1 1AA"}, "proximity", "Give 0 or more"),
        ({"proximity": "nan", "postcode": "HX1 1AA"}, "proximity", "Give a number"),
        ({"proximity": "500"}, "proximity", "postcode"),
        ({"postcode": "ZZ99 1AA"}, "postcode", "'ZZ99'"),
        ({"postcode": "HX1 A11"}, "postcode", "second part"),
        ({"postcode": "Halifax"}, "postcode", "first part"),
        ({"day": "someday"}, "day", "MO"),
        ({"start_time": "late"}, "start_time", "time"),
        ({"minimum_age": "-3"}, "minimum_age", "0"),
        ({"taxonomy_term_id": "singing"}, "taxonomy_term_id", "UUID"),
        ({"modified_after": "2026-11-01T00:00:00"}, "modified_after", "time zone"),
        ({"modified_after": "yesterday"}, "modified_after", "Give a day and a time"),
        ({"serach": "choir"}, "serach", "no such parameter"),
        ({"search": "a\x00b"}, "search", "NUL"),
        ({"search": ["a", "b"]}, "search", "more than once"),
        ({"format": "xml"}, "format", "json"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_in_words(
    demo: House, query: dict[str, Any], element: str, words: str
):
    answer = demo.client.get("/directory/service_at_locations", params=query)
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["element"] == element
    assert words in problem["detail"]


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("wrong", [str(UUID(int=7)), "not-a-uuid"])
def test_what_is_not_there_is_not_found(demo: House, kind: str, wrong: str):
    problem = demo.get(f"/directory/{kind}/{wrong}", 404)
    assert problem["element"] == "id"


def test_reads_are_open_to_every_web_page_and_need_no_token(demo: House):
    for path in ("/directory/", "/directory/services", "/directory/services/none"):
        answer = demo.client.get(path)
        assert answer.headers["access-control-allow-origin"] == "*"
    answer = demo.client.get("/directory/services", headers={"Origin": "https://map.example"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "max-age" in answer.headers["cache-control"]
    preflight = demo.client.options(
        "/directory/services",
        headers={"Origin": "https://map.example", "Access-Control-Request-Method": "GET"},
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"


def test_another_web_page_may_not_write(demo: House):
    preflight = demo.client.options(
        "/directory/services",
        headers={"Origin": "https://map.example", "Access-Control-Request-Method": "POST"},
    )
    assert preflight.status_code == 400
    refused = demo.client.post("/directory/services", headers={"Origin": "https://map.example"})
    assert refused.status_code == 401
    assert "access-control-allow-origin" not in refused.headers


def test_search_finds_words_and_parts_of_names(demo: House):
    assert "Walking Cricket" in demo.names("/directory/services", search="cricketers walk")
    assert demo.names("/directory/services", search="ginnel") == ["Ginnel Gardening"]
    assert demo.names("/directory/services", search="innel") == ["Ginnel Gardening"]
    everything = demo.names("/directory/services", search="sewing OR stitch")
    assert {"Suee Dhaaga Sewing Circle", "Sampler Sundays"} <= set(everything)
    fewer = demo.names("/directory/services", search="sewing -crèche")
    assert "Suee Dhaaga Sewing Circle" not in fewer
    assert fewer


def test_taxonomy_filters(demo: House):
    singing = str(term_id("activity", "singing"))
    every = demo.get("/directory/services", per_page=500, full="true")["contents"]
    sing = [
        each["name"]
        for each in every
        if singing in {link["taxonomy_term_id"] for link in each["attributes"]}
    ]
    assert len(sing) >= 3
    found = demo.names("/directory/services", taxonomy_term_id=singing, per_page=100)
    assert sorted(found) == sorted(sing)
    needs = next(
        each for each in demo.get("/directory/taxonomies")["contents"] if each["name"] == "Needs"
    )
    everything = demo.get("/directory/services", taxonomy_id=needs["id"])
    assert everything["total_items"] == demo.get("/directory/services")["total_items"]
    terms = demo.get("/directory/taxonomy_terms", taxonomy_id=needs["id"])
    (declared,) = (each for each in shipped() if each.name == "Needs")
    assert terms["total_items"] == len(declared.taxonomy_terms)
    assert demo.get("/directory/services", taxonomy_term_id=str(uuid4()))["empty"] is True


def test_terms_have_parents(demo: House):
    creative = str(term_id("activity", "creative"))
    below = demo.get("/directory/taxonomy_terms", parent_id=creative, per_page=50)
    assert {"Music", "Dance", "Drama", "Heritage"} <= {each["name"] for each in below["contents"]}
    top = demo.get("/directory/taxonomy_terms", top_only="true", per_page=100)
    assert "Music" not in {each["name"] for each in top["contents"]}
    assert top["total_items"] > 8


def test_providers_can_be_searched_and_nested(demo: House):
    found = demo.get("/directory/organizations", search="brass", full="true")
    assert [each["name"] for each in found["contents"]] == ["Brighouse Brass Beginners"]
    assert found["contents"][0]["organization_identifiers"][0]["identifier"].startswith("DEMO-")
    owner = found["contents"][0]["id"]
    assert demo.names("/directory/services", organization_id=owner) == [
        "Brass in Pocket Listening Hour",
        "Second Valve",
    ]


def test_a_harvester_gets_ids_and_what_changed(demo: House):
    everything = demo.get("/directory/services", minimal="true", per_page=500)
    assert all(set(each) == {"id", "last_modified"} for each in everything["contents"])
    same = demo.get("/directory/services", modified_after="2026-11-23T09:00:00Z", per_page=1)
    assert same["total_items"] == everything["total_items"]
    assert demo.get("/directory/services", modified_after="2026-11-23T10:00:00Z")["empty"] is True


def test_the_hubs_and_their_districts(demo: House):
    hubs = {each["code"]: each for each in demo.get("/directory/hubs")["contents"]}
    assert set(hubs) == {"bradford", "calderdale", "kirklees", "leeds", "wakefield"}
    assert "HX7" in hubs["calderdale"]["districts"]
    assert "WF17" in hubs["kirklees"]["districts"]


def test_the_parameters_stand_in_the_api_description(demo: House):
    paths = demo.get("/directory/openapi.json")["paths"]
    named = {each["name"] for each in paths["/directory/search"]["get"]["parameters"]}
    assert {"need", "near", "within", "day", "free_places", "cost_max", "access"} <= named
    assert "postcode" in {
        each["name"] for each in paths["/directory/service_at_locations"]["get"]["parameters"]
    }
