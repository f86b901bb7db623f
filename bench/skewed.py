"""200,000 Tasks whose owners and readers are as unlike as real ones (design, Storage and search).

One owner has 30 % of all Tasks, one reader sees everything, one sees 17.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from bench.copied import Made, copy, meta
from bench.house import House, organisation

TASKS = 200_000
FEW = 17
BIG, EVERYTHING, SEVENTEEN, ORDINARY = "provider", "coordinator", "provider-2", "link-worker"
"""The demo's clients that stand for the owner of 30 %, the reader who sees everything, the one who
sees 17, and an owner as most are."""


def fill(house: House) -> list[str]:
    """Put the Tasks into the referrals service's database; some ordinary owners."""
    random = Random(1858)  # noqa: S311 - the same Tasks in every run
    others = [str(UUID(int=random.getrandbits(128), version=4)) for _ in range(700)]
    copy(house.administrator_url, _tasks(random, others), house.tell)
    return others[:200]


def _tasks(random: Random, others: list[str]) -> Iterator[Made]:
    began = datetime(2025, 1, 1, tzinfo=UTC)
    big, ordinary = organisation(BIG), organisation(ORDINARY)
    for n in range(TASKS):
        owner = big if random.random() < 0.3 else random.choice(others)
        if n % 500 == 0:
            owner = ordinary
        status = "requested" if random.random() < 0.2 else "completed"
        readers = {owner, organisation(EVERYTHING)}
        if n % (TASKS // FEW) == 1 and n < TASKS // FEW * FEW:
            owner, status = big, "requested"
            readers = {big, organisation(EVERYTHING), organisation(SEVENTEEN)}
        made = began + timedelta(minutes=4 * n)
        key = str(UUID(int=random.getrandbits(128), version=4))
        yield Made(_task(key, owner, status, made), made, "kersey", tuple(sorted(readers)))


def _task(key: str, owner: str, status: str, made: datetime) -> dict[str, Any]:
    """A Task as Kersey writes it, see services/referrals/resources.py."""
    moment = meta(made)["lastUpdated"]
    kersey = "https://kersey.example/fhir/CodeSystem"
    return {
        "resourceType": "Task",
        "id": key,
        "meta": meta(made),
        "status": status,
        "businessStatus": {
            "coding": [{"system": f"{kersey}/business-status", "code": "awaiting-answer"}]
        },
        "intent": "order",
        "priority": "routine",
        "code": {
            "coding": [
                {"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"},
            ]
        },
        "focus": {"reference": f"ServiceRequest/{key}"},
        "for": {"reference": f"Patient/{key}"},
        "authoredOn": moment,
        "lastModified": moment,
        "owner": {"reference": f"Organization/{owner}"},
    }
