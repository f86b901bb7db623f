"""Searches by the tables beside this file, over one small world of resources."""

from collections.abc import Iterator

import pytest

from shared.database import create_engine
from shared.fhir.model import validate
from shared.fhir.outcome import FhirError
from tests.fhir.search.tables import CASES, INCLUDED, REFUSED
from tests.fhir.search.world import WORLD
from tests.fhir.store.kit import Shelf, create_tables
from tests.infrastructure.postgres import NewDatabase


@pytest.fixture(scope="module")
def world(module_database: NewDatabase) -> Iterator[Shelf]:
    url = module_database("fhir", create_tables)
    engine = create_engine(url, pool_size=5, application_name="test")
    shelf = Shelf(engine)
    for each in WORLD:
        shelf.put(each, id=each["id"])
    yield shelf
    engine.dispose()


@pytest.mark.parametrize("resource", WORLD, ids=lambda each: each["id"])
def test_the_world_is_valid(resource: dict[str, object]):
    validate(resource)


@pytest.mark.parametrize(("type_name", "query", "expected"), CASES)
def test_what_is_found(world: Shelf, type_name: str, query: str, expected: str):
    assert " ".join(world.ids(type_name, f"{query}&_count=100")) == expected


@pytest.mark.parametrize(("type_name", "query", "expected"), INCLUDED)
def test_what_comes_along(world: Shelf, type_name: str, query: str, expected: str):
    found = sorted(stored.id for stored in world.search(type_name, query).included)
    assert " ".join(found) == expected


@pytest.mark.parametrize(("type_name", "query", "element", "code"), REFUSED)
def test_what_is_refused(world: Shelf, type_name: str, query: str, element: str, code: str):
    with pytest.raises(FhirError) as refused:
        world.ids(type_name, query)
    assert refused.value.status == 400
    assert [(i.expression, i.code) for i in refused.value.issues] == [((element,), code)]
