"""A listing that says more than PostgreSQL holds in one place: it alone is cut or refused."""

import random
from typing import Any

from tests.providers.importing import feeds
from tests.providers.importing.conftest import Importer, told


def of_many_places(number: int) -> dict[str, Any]:
    chance = random.Random(number)
    letters = "abcdefghijklmnopqrstuvwxyz"
    names = (
        " ".join("".join(chance.choices(letters, k=9)) for _ in range(28)) for _ in range(number)
    )
    places = [{"location": {"id": f"p{n}", "name": name}} for n, name in enumerate(names)]
    return feeds.service("Everywhere", service_at_locations=places)


def test_what_cannot_be_held_is_refused_alone(importer: Importer):
    report = importer.file([feeds.service("Choir"), of_many_places(4500), feeds.service("Shed")])
    assert told(report, "rule", "given") == [("refused", feeds.key("service Everywhere"))]
    assert sorted(importer.names()) == ["Choir", "Shed"]
    assert importer.file([feeds.service("Choir")]).counts["unchanged"] > 0
