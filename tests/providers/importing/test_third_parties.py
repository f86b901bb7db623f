"""Whatever somebody else publishes ends in a clear report: nothing is half taken, the same again
changes nothing, and what is listed is valid for everybody who reads it."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.infrastructure.postgres import NewDatabase
from tests.providers.conftest import House, _house, prepare_empty
from tests.providers.importing.conftest import Importer
from tests.providers.importing.feeds import page, published
from tests.providers.importing.third_parties import FIVE, NAMES, SHAPES, Moving, one
from tests.providers.schemas import fits

OF_SOURCE = text(
    "SELECT key FROM source_record JOIN source ON source.id = source_id"
    " JOIN service ON service.id = key AND service.withdrawn IS NULL"
    " WHERE source.name = :name AND entity = 'service' AND NOT vanished"
)


@pytest.fixture(scope="module")
def everybody(module_database: NewDatabase) -> Iterator[Importer]:
    """A directory into which everybody's listings are imported, each by a name of its own."""
    for house in _house(module_database("providers", prepare_empty)):
        yield Importer(house)


def listed(house: House, source: str) -> list[str]:
    """What is listed of a source, by name; each is valid."""
    with house.engine.connect() as connection:
        keys = connection.execute(OF_SOURCE, {"name": source}).scalars().all()
    found = [house.get(f"/directory/services/{key}") for key in keys]
    for each in found:
        fits("service", each)
        fits("organization", house.get(f"/directory/organizations/{each['organization']['id']}"))
    return sorted(each["name"] for each in found)


@pytest.mark.parametrize("name", SHAPES)
def test_what_somebody_publishes_is_taken_or_refused_in_words(everybody: Importer, name: str):
    shape, house = SHAPES[name], everybody.house
    with published(shape.answers) as (url, _):
        report = everybody.address(url + shape.at, source=name)
        assert (report.state, listed(house, name)) == (shape.state, sorted(shape.listed))
        assert shape.why in (report.why or "")
        assert {each["rule"] for each in report.findings} == shape.rules
        assert all(each["words"] for each in report.findings)
        start = house.position()
        again = everybody.address(url + shape.at, source=name, whole=True)
    assert again.state == shape.state
    assert not {"taken", "withdrawn"} & again.counts.keys() or shape.state == "broken"
    assert house.events(after=start) == []
    assert listed(house, name) == sorted(shape.listed)


def test_what_moves_between_two_pages_while_they_are_read_is_not_withdrawn(importer: Importer):
    moving = Moving()
    with published(moving) as (url, _):
        importer.address(f"{url}/services")
        moving.whole = False
        report = importer.address(f"{url}/services", whole=True)
    assert report.state == "held"
    assert report.why is not None
    assert report.why.startswith("The feed changed while it was read")
    assert importer.names() == list(NAMES)


def test_a_page_of_a_feed_that_was_saved_is_not_taken_for_all_of_it(importer: Importer):
    importer.file(FIVE)
    saved = {"total_items": 5, "total_pages": 2, "contents": FIVE[:4]}
    report = importer.file(saved)
    assert (report.state, importer.names()) == ("held", list(NAMES))
    assert report.why == "The feed says that it has 5 services, and gave 4."
    assert [each["rule"] for each in report.findings] == ["fewer"]
    miscounted = {"total_items": "²", "total": "9" * 5000, "contents": FIVE}
    assert importer.file(miscounted).state == "complete"


class Renumbering:
    """A feed that makes the ids of what is below a service anew each time."""

    def __init__(self) -> None:
        self.fees = "Free"

    def __call__(self, path: str, query: Mapping[str, str]) -> Any:
        def new(**said: Any) -> dict[str, Any]:
            return {"id": str(uuid4())} | said

        if path != "/services":
            return None
        hall = new(name="Hall", latitude=53.72, longitude=-1.86, addresses=[
            new(address_1="1 Mill Lane", city="Halifax", state_province="WY", postal_code="HX1 1AA")
        ])  # fmt: skip
        return page([
            one("Choir", fees=self.fees, schedules=[new(byday="MO"), new(byday="TU")],
                service_at_locations=[new(location=hall)], contacts=[new(name="Desk", phones=[
                    new(number="01422 000000")])], cost_options=[new(amount=3.333)],
                attributes=[new(taxonomy_term={"id": "t", "name": "Singing"})])
        ])  # fmt: skip


def test_new_ids_of_what_is_below_a_service_are_no_change(importer: Importer):
    feed = Renumbering()
    with published(feed) as (url, _):
        importer.address(f"{url}/services")
        start, before = importer.house.position(), importer.house.get("/directory/services")
        again = importer.address(f"{url}/services", whole=True)
        assert (again.counts["unchanged"], "taken" in again.counts) == (2, False)
        assert importer.house.events(after=start) == []
        assert importer.house.get("/directory/services") == before
        feed.fees = "1 pound"
        changed = importer.address(f"{url}/services", whole=True)
        assert changed.counts["taken"] == 1
    assert len(importer.house.events(after=start)) == 1


def test_what_comes_back_with_new_ids_is_listed_again(importer: Importer):
    feed = Renumbering()
    with published(feed) as (url, _):
        importer.address(f"{url}/services")
    with published(lambda path, query: page([]) if path == "/services" else None) as (url, _):
        importer.address(f"{url}/services", whole=True, accept_shrinking=True)
    assert importer.names() == []
    with published(feed) as (url, _):
        importer.address(f"{url}/services", whole=True)
    assert importer.names() == ["Choir"]
