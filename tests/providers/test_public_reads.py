"""What every public read gives beside its content: tags, compression, limits, lines, capacities."""

import gzip
from datetime import timedelta
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient

from services.providers.app import create_app
from tests.providers.conftest import House, settings
from tests.providers.listings import OWNER, key, north, service, weekly
from tests.providers.schemas import DRAFT, fits

LISTS = ("services", "service_at_locations", "taxonomies", "taxonomy_terms", "organizations")


def read_paths(demo: House) -> list[str]:
    """Every public read: the lists, and one entity of each."""
    first = [demo.get(f"/directory/{kind}", per_page=1)["contents"][0]["id"] for kind in LISTS]
    each = [f"/directory/{kind}/{one}" for kind, one in zip(LISTS, first, strict=True)]
    return ["/directory/", *(f"/directory/{kind}" for kind in LISTS), *each, "/directory/hubs"]


def test_whoever_has_an_answer_already_is_told_so_and_sent_nothing(demo: House) -> None:
    for path in read_paths(demo):
        first = demo.client.get(path)
        tag = first.headers["etag"]
        for known in (tag, tag.removeprefix("W/"), f'"other", {tag}', "*"):
            again = demo.client.get(path, headers={"If-None-Match": known})
            assert (again.status_code, again.content) == (304, b""), path
            assert again.headers["etag"] == tag
            assert again.headers["access-control-allow-origin"] == "*"
        other = demo.client.get(path, headers={"If-None-Match": '"other"'})
        assert (other.status_code, other.content) == (200, first.content)


def test_a_tag_changes_with_what_is_sent(house: House) -> None:
    house.load(service("Choir", capacity={"state": "taking", "places": 2}))
    path = f"/directory/services/{key('Choir')}"
    before = house.client.get(path).headers["etag"]

    house.now += timedelta(days=29)  # the capacity ends by itself
    expired = house.client.get(path, headers={"If-None-Match": before})

    assert expired.status_code == 200
    assert "capacities" not in expired.json()


def test_answers_are_compressed_for_who_takes_it(demo: House) -> None:
    for path in ("/directory/services", "/directory/export?format=ndjson"):
        with demo.client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as small:
            sent = b"".join(small.iter_raw())
            assert small.headers["content-encoding"] == "gzip"
            assert "accept-encoding" in small.headers["vary"].lower()
        plain = demo.client.get(path, headers={"Accept-Encoding": "identity"})
        assert "content-encoding" not in plain.headers
        assert gzip.decompress(sent) == plain.content
        assert len(sent) < len(plain.content) / 3


def test_who_reads_too_fast_is_told_how_long_to_wait(demo: House) -> None:
    given = settings("postgresql://").model_copy(update={"address_rate": "2/minute"})
    client = TestClient(create_app(given, engine=demo.engine))
    for _ in range(2):
        assert client.get("/directory/").status_code == 200

    refused = client.get("/directory/")

    assert refused.status_code == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["access-control-allow-origin"] == "*"
    assert "Retry-After" in refused.headers["access-control-expose-headers"]


@pytest.mark.parametrize("kind", LISTS)
def test_ndjson_gives_all_that_the_pages_give(demo: House, kind: str) -> None:
    answer = demo.client.get(f"/directory/{kind}", params={"format": "ndjson"})

    assert answer.headers["content-type"] == "application/x-ndjson"
    lines = [orjson.loads(line) for line in answer.content.splitlines()]
    page = demo.get(f"/directory/{kind}", per_page=500)
    assert page["last_page"]
    assert lines == sorted(page["contents"], key=lambda each: str(each["id"]))


def test_ndjson_keeps_to_the_filters(demo: House) -> None:
    asked: dict[str, Any] = {"search": "choir", "full": "true"}
    answer = demo.client.get("/directory/services", params=asked | {"format": "ndjson"})
    lines = [orjson.loads(line) for line in answer.content.splitlines()]

    page = demo.get("/directory/services", **asked)
    assert 0 < len(lines) == page["total_items"]
    assert {each["id"] for each in lines} == {each["id"] for each in page["contents"]}
    assert all("attributes" in each for each in lines)


@pytest.mark.parametrize(
    ("said", "available"),
    [
        ({"state": "taking", "places": 3}, 3),
        ({"state": "full"}, 0),
        ({"state": "waiting-list", "waiting": 4}, 0),
        ({"state": "taking"}, None),
        ({"state": "ask-first"}, None),
        ({"state": "unknown"}, None),
        (None, None),
    ],
)
def test_a_capacity_that_is_a_number_is_told_as_hsds_has_it(
    house: House, said: dict[str, Any] | None, available: int | None
) -> None:
    house.load(service("Choir", capacity=said))

    found = house.get(f"/directory/services/{key('Choir')}")

    if available is None:
        assert "capacities" not in found
    else:
        (capacity,) = found["capacities"]
        fits("service_capacity", capacity, DRAFT)
        assert capacity["available"] == available
        assert capacity["unit"]["name"] == "place"
        assert capacity["updated"].startswith(f"{house.now:%Y-%m-%d}")


def test_a_change_of_capacity_is_a_change_that_harvesters_hear_of(house: House) -> None:
    house.load(service("Choir", capacity={"state": "taking", "places": 3}))
    house.now += timedelta(hours=1)
    since = house.now.isoformat()
    assert house.names("/directory/services", modified_after=since) == []

    house.send("PUT", f"/directory/services/{key('Choir')}/capacity", {"state": "full"})

    assert house.names("/directory/services", modified_after=since) == ["Choir"]


def test_a_withdrawn_service_is_told_to_who_has_it_and_found_by_nobody(house: House) -> None:
    house.load(service("Choir", at=north(1)), service("Walk", at=north(1)))
    path = f"/directory/services/{key('Choir')}"
    (at,) = house.get(path)["service_at_locations"]
    house.now += timedelta(hours=1)

    house.send("POST", f"{path}/withdraw", {"reason": "The hall burnt down."})

    assert house.get(path)["status"] == "defunct"
    assert house.get(f"/directory/service_at_locations/{at['id']}")["status"] == "defunct"
    for kind in ("services", "service_at_locations"):
        assert house.get(f"/directory/{kind}")["total_items"] == 1
    owner = house.get(f"/directory/organizations/{OWNER}")
    assert [each["name"] for each in owner["services"]] == ["Walk"]
    lines = house.client.get("/directory/export", params={"format": "ndjson"}).content
    assert [orjson.loads(line)["name"] for line in lines.splitlines()] == ["Walk"]
    changed = house.get("/directory/services", modified_after=house.now.isoformat())
    assert [each["status"] for each in changed["contents"]] == ["defunct"]


def test_an_organisation_tells_what_it_offers_as_fully_as_it_is_asked(house: House) -> None:
    house.load(service("Choir", needs=("loneliness",), schedules=[weekly("MO")]))
    path = f"/directory/organizations/{OWNER}"

    (main,) = house.get(path)["services"]
    assert main["name"] == "Choir"
    assert "schedules" not in main
    (full,) = house.get(path, full_service="true")["services"]
    assert full["schedules"][0]["byday"] == "MO"
    listed = house.get("/directory/organizations", full_service="true", search="Owner")
    assert listed["contents"][0]["services"] == [full]
    plain = house.get("/directory/organizations", search="Owner")
    assert "services" not in plain["contents"][0]


def test_the_pages_are_as_the_validator_walks_them(demo: House) -> None:
    """It asks for five a page, and holds each page's flags against its number and its contents."""
    for kind in LISTS:
        pages = demo.get(f"/directory/{kind}", per_page=5)["total_pages"]
        for number in {1, max(1, pages // 2), pages}:
            page = demo.get(f"/directory/{kind}", per_page=5, page=number)
            assert page["first_page"] is (number == 1)
            assert page["last_page"] is (number == pages)
            assert page["empty"] is False
            assert page["size"] == len(page["contents"])
            assert page["size"] == 5 or page["last_page"]


def test_terms_and_taxonomies_are_found_by_a_part_of_their_words(demo: House) -> None:
    found = demo.get("/directory/taxonomy_terms", search="bereave")["contents"]
    assert [each["name"] for each in found] == ["Bereavement"]
    assert demo.get("/directory/taxonomies", search="%")["empty"] is True
    assert demo.get("/directory/taxonomies", search="need")["total_items"] == 1
