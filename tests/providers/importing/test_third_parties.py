"""Whatever somebody else publishes ends in a clear report: nothing is half taken, the same again
changes nothing, and what is listed is valid for everybody who reads it."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from tests.infrastructure.postgres import NewDatabase
from tests.providers.conftest import House, _house, prepare_empty
from tests.providers.importing.conftest import Importer
from tests.providers.importing.feeds import published
from tests.providers.importing.third_parties import FIVE, NAMES, SHAPES, Moving
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
