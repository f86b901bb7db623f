"""A million resources, or as many as asked, of one general FHIR client.

People, what was observed, what was asked for.

A few names, codes and days are everybody's, most are rare, as in life.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from bench.copied import Made, copy, meta
from bench.house import House, organisation
from bench.samples import SNOMED

CLIENT = "fhir-client"
PATIENTS, REQUESTS = 0.15, 0.25
"""Their shares; all others are Observations."""
FAMILIES, CODES = 3_000, 2_000
HOT_FAMILY, HOT_CODE = "Ahmed", "1000"
"""One person in twenty has the one, three Observations in ten the other."""
BEGAN = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 1_000


def family(n: int) -> str:
    """An ordinary family name: some fifty people have it."""
    return f"Weaver{n:04d}"


def code(n: int) -> str:
    """An ordinary code: some two hundred Observations have it."""
    return str(2000 + n)


def fill(house: House) -> None:
    """Put as many as `House.resources` says into the referrals service's database."""
    copy(
        house.administrator_url,
        documents(house.resources, organisation(CLIENT)),
        house.tell,
    )


def documents(resources: int, owner: str) -> Iterator[Made]:
    """What is put there.

    Parameters:
        resources: how many.
        owner: the organisation to which they belong, and which alone reads them.
    """
    patients, requests = round(resources * PATIENTS), round(resources * REQUESTS)
    random = Random(1911)  # noqa: S311 - the same in every run
    people = [str(UUID(int=random.getrandbits(128), version=4)) for _ in range(patients)]
    for n, person in enumerate(people):
        yield _made(random, owner, _patient(random, person, n))
    for _ in range(requests):
        yield _made(random, owner, _request(random, random.choice(people)))
    for _ in range(resources - patients - requests):
        yield _made(random, owner, _observation(random, random.choice(people)))


def _made(random: Random, owner: str, resource: dict[str, Any]) -> Made:
    made = BEGAN + timedelta(seconds=random.randrange(DAYS * 86_400))
    key = resource.pop("id", None) or str(UUID(int=random.getrandbits(128), version=4))
    whole = {"resourceType": resource.pop("resourceType"), "id": key, "meta": meta(made)}
    return Made(whole | resource, made, owner, (owner,))


def _patient(random: Random, person: str, n: int) -> dict[str, Any]:
    name = HOT_FAMILY if n % 20 == 0 else family(random.randrange(FAMILIES))
    return {
        "resourceType": "Patient",
        "id": person,
        "identifier": [{"system": "https://bench.example/patients", "value": str(n)}],
        "active": True,
        "name": [{"use": "official", "family": name, "given": ["Kath"]}],
        "gender": random.choice(["female", "male"]),
        "birthDate": f"{random.randrange(1930, 2005)}-{random.randrange(1, 13):02d}-11",
        "address": [{"use": "home", "line": ["1 Loom Street"], "city": "Shipley"}],
    }


def _request(random: Random, person: str) -> dict[str, Any]:
    day = BEGAN + timedelta(days=random.randrange(DAYS))
    return {
        "resourceType": "ServiceRequest",
        "status": "completed" if random.random() < 0.9 else "active",
        "intent": "order",
        "code": {"coding": [{"system": SNOMED, "code": code(random.randrange(CODES))}]},
        "subject": {"reference": f"Patient/{person}"},
        "authoredOn": f"{day:%Y-%m-%d}",
    }


def _observation(random: Random, person: str) -> dict[str, Any]:
    day = BEGAN + timedelta(days=random.randrange(DAYS))
    said = HOT_CODE if random.random() < 0.3 else code(random.randrange(CODES))
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": SNOMED, "code": said}]},
        "subject": {"reference": f"Patient/{person}"},
        "effectiveDateTime": f"{day:%Y-%m-%d}",
        "valueQuantity": {
            "value": random.randrange(1, 100),
            "unit": "a day",
            "system": "http://unitsofmeasure.org",
            "code": "/d",
        },
    }
