"""A directory of 100,000 services, as unevenly spread as real provision: copied into the tables.

Half of it lies in West Yorkshire, most of that in a few districts; a few needs, words and providers
are in most listings, and most are in few.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from services.providers.gazetteer import WEST_YORKSHIRE

SERVICES = 100_000
PROVIDERS = 12_000
_PART = 5_000
_BEGAN = datetime(2025, 1, 1, tzinfo=UTC)

_KINDS = (
    "Choir", "Walking Group", "Craft Table", "Lunch Club", "Allotment", "Chess Café", "Book Group",
    "Debt Advice", "Carers' Morning", "Men's Shed", "Tai Chi", "Digital Drop-in", "Befriending",
    "Art Class", "Seated Exercise", "Grief Circle", "Community Kitchen", "Sewing Bee", "Dance",
    "Museum Visits",
)  # fmt: skip
_NAMES = (
    "Ginnel", "Beck", "Loom", "Shuttle", "Heather", "Moor", "Canal", "Weir", "Clough", "Bobbin",
    "Worsted", "Fell", "Ling", "Tenter", "Mill", "Aire", "Calder", "Colne", "Spen", "Hebble",
)  # fmt: skip
_WORDS = (
    "people meet and make things together at their own pace with tea afterwards friendly gentle"
    " volunteers welcome everyone local free parking near the bus bring a friend if you like"
).split()
_LANGUAGES = ("en", "en", "en", "en", "ur", "pa", "pl", "bn", "ro", "ar")
_TOWNS = ((51.51, -0.12), (53.48, -2.24), (52.48, -1.9), (54.97, -1.61), (53.38, -1.47))
"""Where the other half is: London, Manchester, Birmingham, Newcastle, Sheffield."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Ground:
    """What the demo's directory has already: terms by taxonomy."""

    needs: list[UUID]
    activities: list[UUID]
    access: list[UUID]


def fill(url: str, services: int = SERVICES) -> None:
    """Put providers and services into the directory's database, beside the demo's.

    Parameters:
        url: of the database, as its owner.
        services: how many.
    """
    random = Random(1753)  # noqa: S311 - the same provision in every run
    with psycopg.connect(url) as connection:
        connection.execute("SET synchronous_commit = off")
        ground = _ground(connection)
        owners = [_key(random) for _ in range(max(1, services * PROVIDERS // SERVICES))]
        _copy(connection, {"organization": [_organization(n, k) for n, k in enumerate(owners)]})
        for first in range(0, services, _PART):
            rows: dict[str, list[Row]] = defaultdict(list)
            for n in range(first, min(first + _PART, services)):
                for name, row in _service(random, ground, owners, n):
                    rows[name].append(row)
            _copy(connection, rows)
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE")


def _ground(connection: psycopg.Connection[Any]) -> Ground:
    found: dict[str, list[UUID]] = defaultdict(list)
    for taxonomy, key in connection.execute(
        "SELECT taxonomy.code, term.id FROM taxonomy_term term JOIN taxonomy"
        " ON taxonomy.id = term.taxonomy_id ORDER BY taxonomy.code, term.code"
    ):
        found[taxonomy].append(key)
    return Ground(found["need"], found["activity"], found["access"])


def _copy(connection: psycopg.Connection[Any], rows: dict[str, list[Row]]) -> None:
    for name in (
        "organization", "service", "location", "service_at_location", "address", "schedule",
        "cost_option", "language", "contact", "phone", "attribute", "capacity",
    ):  # fmt: skip
        if not rows.get(name):
            continue
        columns = list(rows[name][0])
        statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
            sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, columns))
        )
        with connection.cursor().copy(statement) as copying:
            for row in rows[name]:
                copying.write_row([row[column] for column in columns])


def _key(random: Random) -> UUID:
    return UUID(int=random.getrandbits(128), version=4)


def _skewed(random: Random, many: int) -> int:
    """A number below `many`; low ones come far more often."""
    return int(many * random.random() ** 2)


def _word(random: Random) -> str:
    """One of 600 words, of which the first are in most descriptions."""
    number = _skewed(random, 600)
    return _WORDS[number] if number < len(_WORDS) else f"loom{number}"


def _organization(number: int, key: UUID) -> Row:
    return {
        "id": key,
        "name": f"{_NAMES[number % 20]} {_NAMES[number // 20 % 20]} Association {number}",
        "description": "An association that is invented.",
        "version": 1,
        "last_modified": _BEGAN,
    }


def _service(
    random: Random, ground: Ground, owners: list[UUID], number: int
) -> Iterator[tuple[str, Row]]:
    key, place, at, contact = (_key(random) for _ in range(4))
    kind = _KINDS[_skewed(random, len(_KINDS))]
    name = f"{random.choice(_NAMES)} {random.choice(_NAMES)} {kind} {number}"
    words = " ".join(_word(random) for _ in range(40))
    district = WEST_YORKSHIRE[_skewed(random, len(WEST_YORKSHIRE))]
    centre = (district.latitude, district.longitude)
    spread = 0.012
    if number % 2:
        centre, spread = _TOWNS[_skewed(random, len(_TOWNS))], 0.12
    located = random.random() < 0.97
    spot = {
        "latitude": random.gauss(centre[0], spread) if located else None,
        "longitude": random.gauss(centre[1], 1.6 * spread) if located else None,
    }
    free = random.choice((None, 0, 1, 3, 8))
    yield (
        "service",
        {
            "id": key,
            "organization_id": owners[_skewed(random, len(owners))],
            "name": name,
            "description": words,
            "status": "active" if random.random() < 0.95 else "inactive",
            "minimum_age": random.choice((None, None, 18, 50)),
            "maximum_age": random.choice((None, None, None, 65)),
            "last_modified": _BEGAN + timedelta(minutes=number),
            "tier": 1,
            "ask_by": "email",
            "located": located,
            **spot,
            "search_text": f"{name}\n{words}",
            "version": 1,
        },
    )
    yield (
        "location",
        {
            "id": place,
            "location_type": "physical",
            "name": f"{random.choice(_NAMES)} Hall",
            **spot,
        },
    )
    yield ("service_at_location", {"id": at, "service_id": key, "location_id": place})
    yield (
        "address",
        {
            "id": _key(random),
            "location_id": place,
            "address_1": f"{random.randrange(1, 200)} Weavers Row",
            "city": district.name[:40],
            "state_province": "West Yorkshire",
            "postal_code": f"{district.code} 1AA",
            "country": "GB",
            "address_type": "physical",
        },
    )
    for _ in range(random.choice((0, 1, 1, 2))):
        day = random.choice(("MO", "TU", "WE", "TH", "FR", "SA"))
        opens = random.randrange(9, 19)
        yield (
            "schedule",
            {
                "id": _key(random),
                "service_id": key,
                "freq": "WEEKLY",
                "byday": day,
                "days": [day],
                "valid_from": date(2026, 1, 1),
                "opens_at": time(opens),
                "closes_at": time(opens + 2),
            },
        )
    if random.random() < 0.7:
        amount = random.choice((0, 0, 2, 3.5, 6))
        yield ("cost_option", {"id": _key(random), "service_id": key, "amount": amount})
    for code in {random.choice(_LANGUAGES), random.choice(_LANGUAGES)}:
        yield ("language", {"id": _key(random), "service_id": key, "code": code})
    yield ("contact", {"id": contact, "service_id": key, "title": "Whoever is on the desk"})
    yield ("phone", {"id": _key(random), "contact_id": contact, "number": "01632 960000"})
    for term in {
        ground.needs[_skewed(random, len(ground.needs))],
        ground.needs[_skewed(random, len(ground.needs))],
        ground.activities[_skewed(random, len(ground.activities))],
    }:
        yield ("attribute", _link(random, "service", key, term))
    for term in ground.access:
        if random.random() < 0.4:
            value = "no" if random.random() < 0.2 else None
            yield ("attribute", _link(random, "location", place, term, value))
    state = random.choice(("taking", "taking", "waiting-list", "full", "ask-first", "unknown"))
    yield (
        "capacity",
        {
            "service_id": key,
            "state": state,
            "places": free if state == "taking" else None,
            "keeps_list": False,
            "counted": False,
            "updated": _BEGAN,
        },
    )


def _link(random: Random, entity: str, key: UUID, term: UUID, value: str | None = None) -> Row:
    return {
        "id": _key(random),
        "link_id": key,
        "link_entity": entity,
        "taxonomy_term_id": term,
        "value": value,
    }
