"""A referrals service for each test."""

from collections.abc import Iterator

import pytest

from tests.infrastructure.postgres import NewDatabase
from tests.referrals.house import House, house_at, prepare


@pytest.fixture
def house(database: NewDatabase) -> Iterator[House]:
    """The service on a fresh database with the demo's consortium and a few listings."""
    with house_at(database("referrals", prepare)) as made:
        yield made
