"""A fresh store for each test."""

from collections.abc import Iterator

import pytest

from shared.database import create_engine
from tests.fhir.store.kit import Shelf, create_tables
from tests.infrastructure.postgres import NewDatabase


@pytest.fixture
def shelf(database: NewDatabase) -> Iterator[Shelf]:
    engine = create_engine(database("fhir", create_tables), pool_size=20, application_name="test")
    yield Shelf(engine)
    engine.dispose()
