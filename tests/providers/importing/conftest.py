"""An empty directory into which things are imported, as a coordinator of Calderdale would."""

import io
from typing import Any

import orjson
import pytest

from services.providers.importing.material import AddressMaterial, FileMaterial, Material
from services.providers.importing.outcomes import Report
from services.providers.importing.reading.fetching import Fetcher
from services.providers.importing.runs import Import, Limits, Wish
from shared.strangers import GuardedHttp
from tests.providers.conftest import House
from tests.providers.listings import HUB


class Importer:
    """Imports into a house, the way the command and the endpoint do."""

    def __init__(self, house: House) -> None:
        self.house = house
        house.load()

    def file(self, content: Any, **wish: Any) -> Report:
        """What a file holds: bytes as they are, anything else as JSON."""
        body = content if isinstance(content, bytes) else orjson.dumps(content)
        return self.of(FileMaterial(io.BytesIO(body)), **wish)

    def address(self, url: str, *, private: bool = True, **wish: Any) -> Report:
        """What is at an address."""
        http = GuardedHttp(allow_private=private)
        fetcher = Fetcher(http, seconds=1.0, most_bytes=5_000_000, tries=2, longest_wait=0.01)
        try:
            return self.of(AddressMaterial(fetcher, url), url, **wish)
        finally:
            http.close()

    def of(self, material: Material, address: str | None = None, **wish: Any) -> Report:
        asked = {"source": "calderdale", "hub": HUB.code, "by": "tests"} | wish
        one = Import(self.house.directory, Wish(**asked), Limits())
        one.begin(address)
        return one.run(material)

    def names(self) -> list[str]:
        """The services that are listed."""
        found = self.house.get("/directory/services", per_page=500)["contents"]
        return [each["name"] for each in found]


def told(report: Report, *names: str) -> list[tuple[Any, ...]]:
    """The findings of a report, so far as a test looks at them."""
    return [tuple(each.get(name) for name in names) for each in report.findings]


@pytest.fixture
def importer(house: House) -> Importer:
    return Importer(house)
