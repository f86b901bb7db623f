"""Feeds of Open Referral UK 1 and 2 lose nothing on their way that version 3 has a place for."""

from typing import Any

import pytest

from services.providers.importing.outcomes import RunState
from services.providers.taxonomies import term_id
from tests.providers.importing.conftest import Importer, told
from tests.providers.importing.earlier_feeds import openplace, outpost, placecube
from tests.providers.importing.feeds import published


def listed(importer: Importer) -> dict[str, Any]:
    (found,) = importer.house.get("/directory/services", full="true")["contents"]
    return dict(found)


def test_a_feed_of_version_2_is_read_by_its_base(importer: Importer):
    with published(openplace(placecube())) as (url, _):
        report = importer.address(f"{url}/o/ServiceDirectoryService/v2")
        again = importer.address(f"{url}/o/ServiceDirectoryService/v2", whole=True)
    assert report.state is RunState.COMPLETE, report.why
    found = listed(importer)
    (at,) = found["service_at_locations"]
    (schedule,) = at["schedules"]
    assert (schedule["byday"], schedule["opens_at"]) == ("TU", "10:00")
    assert schedule["valid_from"] == "2020-04-01"
    assert schedule["attending_type"] == "venue"
    location = at["location"]
    assert location["name"] == "Harbour Hall"
    assert location["accessibility"][0]["accessibility"] == "A lift"
    assert location["addresses"][0]["country"] == "GB"
    assert found["application_process"] == "Drop-in"
    assert (found["minimum_age"], found["eligibility_description"]) == (18, "adult")
    assert found["assured_date"] == "2026-04-02"
    assert found["service_areas"][0]["name"] == "Calderdale"
    assert found["languages"][0]["name"] == "Welsh"
    assert found["funding"][0]["source"] == "A small grant"
    assert found["cost_options"][0]["amount"] == 3.5
    assert found["contacts"][0]["phones"][0]["number"] == "01422 000000"
    assert found["attributes"][0]["taxonomy_term"]["name"] == "Choirs"
    assert found["organization"]["website"] == "https://harbour-music.example"
    assert (again.counts["unchanged"], again.counts.get("taken", 0)) == (2, 0)


@pytest.mark.parametrize(
    ("eligible", "terms"),
    [
        (["female"], ["women"]),
        (["Male"], ["men"]),
        (["male", "female"], ["mixed"]),
        (["Women only."], ["women"]),
        (["female", "adult"], []),  # women who are grown up, or whoever is either: ask
        (["Women and children"], []),
        (["Transgender - M to F"], []),
        (["adult"], []),
    ],
)
def test_whom_a_service_is_for_is_a_term_where_its_words_say_nothing_else(
    importer: Importer, eligible: list[str], terms: list[str]
):
    said = placecube(eligibilitys=[{"id": each, "eligibility": each} for each in eligible])
    report = importer.file([said])
    again = importer.file([said])
    (shown,) = importer.house.get("/directory/services")["contents"]
    own = importer.house.get(f"/directory/listings/{shown['id']}")
    assert own["kersey"]["terms"].get("company", []) == terms
    assert own["eligibility_description"] == "; ".join(eligible), "the words stay"
    assert [rule for (rule,) in told(report, "rule")].count("for-whom") == len(terms)
    assert again.counts.get("taken", 0) == 0


def test_whom_a_source_classified_itself_is_not_guessed_from_its_words(importer: Importer):
    mixed = {"id": "a-1", "taxonomy_term_id": str(term_id("company", "mixed"))}
    report = importer.file([placecube(eligibility_description="Women", attributes=[mixed])])
    assert "for-whom" not in {rule for (rule,) in told(report, "rule")}


def test_what_a_feed_cannot_give_beside_its_services_is_told_and_no_end(importer: Importer):
    with published(openplace(placecube())) as (url, _):
        report = importer.address(f"{url}/o/ServiceDirectoryService/v2")
    beside = [words for words, rule in told(report, "words", "rule") if rule == "unreadable"]
    assert [each.partition(":")[0] for each in beside] == [
        "taxonomies", "taxonomy_terms", "organizations",
    ]  # fmt: skip
    assert "500" in beside[0]
    assert importer.names() == ["Harbour Singers"]


def test_one_service_that_its_feed_cannot_give_does_not_hold_up_the_others(importer: Importer):
    good, bad = placecube(), placecube("11240340-7ffe-4303-aa36-be8104acdf71", name="Broken")
    answers = openplace(good, bad)

    def answer(path: str, query: dict[str, str]) -> Any:
        return (500, {}, b"") if path.endswith(bad["id"]) else answers(path, query)

    with published(answer) as (url, _):
        report = importer.address(f"{url}/o/ServiceDirectoryService/v2")
    assert report.state is RunState.COMPLETE, report.why
    assert importer.names() == ["Harbour Singers"]
    assert ("refused", bad["id"]) in told(report, "outcome", "given")


def test_a_feed_that_can_give_no_service_is_broken(importer: Importer):
    number = 11240340
    many = [placecube(f"{number + each}-7ffe-4303-aa36-be8104acdf70") for each in range(8)]
    answers = openplace(*many)

    def answer(path: str, query: dict[str, str]) -> Any:
        return (503, {}, b"") if "/services/" in path else answers(path, query)

    with published(answer) as (url, _):
        report = importer.address(f"{url}/o/ServiceDirectoryService/v2")
    assert report.state is RunState.BROKEN
    assert "503" in (report.why or "")


def test_pages_without_totals_are_a_feed_and_no_file(importer: Importer):
    """One page taken for all of them would take every other service off the list."""
    pages = [[placecube()], [placecube("11240340-7ffe-4303-aa36-be8104acdf71", name="Walk")]]

    def answer(path: str, query: dict[str, str]) -> Any:
        if path != "/services":
            return None
        number = int(query.get("page", 1))
        return {"first": number == 1, "last": number == 2, "content": pages[number - 1]}

    with published(answer) as (url, _):
        importer.address(f"{url}/services")
    assert importer.names() == ["Harbour Singers", "Walk"]


def test_a_feed_of_outpost_is_read(importer: Importer):
    page = {"totalElements": 1, "totalPages": 1, "number": 1, "size": 1, "first": True,
            "last": True, "content": [outpost()]}  # fmt: skip

    def answer(path: str, query: dict[str, str]) -> Any:
        return page if path == "/api/v1/services" else None

    with published(answer) as (url, _):
        report = importer.address(f"{url}/api/v1")
    assert report.state is RunState.COMPLETE, report.why
    found = listed(importer)
    assert (found["minimum_age"], found["maximum_age"]) == (0, 5)
    assert found["application_process"] == "By referral"
    assert found["cost_options"][0]["amount"] == 0
    location = found["service_at_locations"][0]["location"]
    assert (location["latitude"], location["longitude"]) == (53.71, -2.1)
    (address,) = location["addresses"]
    assert (address["city"], address["postal_code"]) == ("Todmorden", "OL14 5AA")
    assert "***" not in str(found)
    assert location["accessibility"][0]["accessibility"] == "Hearing loop"
    (schedule,) = found["schedules"]
    assert (schedule["byday"], schedule["freq"]) == ("MO", "WEEKLY")
    assert (schedule["dtstart"], schedule["valid_to"]) == ("2026-01-05", "2027-07-19")
    terms = {each["taxonomy_term"]["name"] for each in found["attributes"]}
    assert terms == {"Playgroups", "Autism", "Dementia"}
    assert found["contacts"][0]["phones"][0]["number"] == "01706 000000"
    assert found["organization"]["name"] == "Nest Families"


def test_what_outpost_has_taken_down_is_not_listed_any_more(importer: Importer):
    importer.file([outpost(), outpost(7, name="Other")])
    importer.file([outpost(status="archived"), outpost(7, name="Other", status="pending")])
    (found,) = importer.house.get("/directory/services")["contents"]
    assert (found["name"], found["status"]) == ("Other", "inactive")
