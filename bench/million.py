"""Searches, histories and a transaction among a million resources, beside the same SQL by hand."""

import json
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from bench import mixed
from bench.house import House
from bench.samples import SNOMED, transaction
from bench.statements import Question, Sent, by_hand, of_questions, of_searches, written_by_hand
from bench.table import Figure
from shared.fhir.store import Access, FhirStore

BY_HAND = "the same SQL by hand"
MOST_MS, MOST_HAS_MS = 50.0, 150.0
ORDINARY = 50
"""Ordinary values that take turns."""
VERSIONS = 100
"""Of the one document whose history is read."""
ENTRIES = 20
COUNT = 20
PAGE = f"_count={COUNT}&_total=none"


def measure(house: House) -> Iterator[Figure]:
    """One client that asks again as soon as it is answered, who may see everything."""
    mixed.fill(house)
    part = f"Searching {house.resources:,} resources"
    for what, paths in _searches().items():
        most = MOST_HAS_MS if "_has" in what else MOST_MS
        yield from _asked(house, part, what, paths, of_searches(house, paths, mixed.CLIENT), most)
    for what, path, ask in _histories(_with_versions(house)):
        sent = of_questions(house, [ask], mixed.CLIENT)
        yield from _asked(house, part, what, [path], sent, MOST_MS)
    yield from _transaction(house, part)


def _asked(
    house: House, part: str, what: str, paths: list[str], sent: list[Sent], most: float
) -> Iterator[Figure]:
    limit = by_hand(house, sent, seconds=house.seconds / 2)
    found = house.load(house.web, paths, token=house.token(mixed.CLIENT), connections=1)
    yield Figure(part, f"{what}: p99", found.p99, "ms", BY_HAND, limit.p99, at_most=most)
    yield Figure(part, f"{what}: p50", found.p50, "ms", BY_HAND, limit.p50)


def _searches() -> dict[str, list[str]]:
    numbers = range(ORDINARY)
    codes = [f"{SNOMED}|{mixed.code(n)}" for n in numbers]
    families = [mixed.family(n) for n in numbers]
    days = [f"{mixed.BEGAN + timedelta(days=7 * n):%Y-%m-%d}" for n in numbers]
    hot_code, hot_family = f"{SNOMED}|{mixed.HOT_CODE}", mixed.HOT_FAMILY
    asked = {
        "token, ordinary": ["Observation?code=" + each for each in codes],
        "token, hot": ["Observation?code=" + hot_code],
        "date, ordinary": ["Observation?date=" + each for each in days],
        "date, hot": [f"Observation?date=ge{mixed.BEGAN:%Y-%m-%d}"],
        "string, ordinary": ["Patient?family=" + each for each in families],
        "string, hot": ["Patient?family=" + hot_family],
        "string of two letters, sorted": ["Patient?family=we&_sort=-birthdate"],
        "chained, ordinary": ["Observation?subject:Patient.family=" + each for each in families],
        "chained, hot": ["Observation?subject:Patient.family=" + hot_family],
        "token and chained, hot both": [
            f"Observation?code={hot_code}&subject:Patient.family={hot_family}"
        ],
        "_include, ordinary": [
            f"ServiceRequest?code={each}&_include=ServiceRequest:subject" for each in codes
        ],
        "_include, hot": ["ServiceRequest?status=completed&_include=ServiceRequest:subject"],
        "_has, ordinary": ["Patient?_has:Observation:patient:code=" + each for each in codes],
        "_has, hot": ["Patient?_has:Observation:patient:code=" + hot_code],
    }
    return {what: [f"/fhir/{path}&{PAGE}" for path in paths] for what, paths in asked.items()}


def _with_versions(house: House) -> str:
    """The id of an Observation that was written `VERSIONS` times."""
    with house.http(mixed.CLIENT) as client:
        sent = {"resourceType": "Observation", "status": "final", "code": {"text": "Steps"}}
        made = client.post("/fhir/Observation", json=sent).raise_for_status().json()
        for n in range(1, VERSIONS):
            changed = {**sent, "id": made["id"], "valueInteger": n}
            client.put(f"/fhir/Observation/{made['id']}", json=changed).raise_for_status()
    return str(made["id"])


def _histories(versions_of: str) -> Iterator[tuple[str, str, Question]]:
    """Newest first, a page of each, as the routes ask the store."""
    every = {
        f"history of one of {VERSIONS} versions": ("Observation", versions_of),
        "history of a type": ("Observation", None),
        "history of everything": (None, None),
    }
    for what, (type_name, logical_id) in every.items():
        place = "/".join(filter(None, ["/fhir", type_name, logical_id, "_history"]))
        ask = partial(_history, type_name, logical_id)
        yield what, f"{place}?_count={COUNT}", ask


def _history(
    type_name: str | None, logical_id: str | None, store: FhirStore, access: Access
) -> None:
    store.history(type_name, logical_id, access, count=COUNT)


def _transaction(house: House, part: str) -> Iterator[Figure]:
    bundle = transaction(ENTRIES)
    limit = written_by_hand(
        house,
        [each["resource"] for each in bundle["entry"]],
        mixed.CLIENT,
        seconds=house.seconds / 2,
    )
    done = house.load(
        house.web, ["/fhir"], token=house.token(mixed.CLIENT), method="POST",
        body=json.dumps(bundle), connections=1,
    )  # fmt: skip
    what, beside = f"a transaction of {ENTRIES} entries", f"{ENTRIES} of the create by hand"
    yield Figure(part, f"{what}: p99", done.p99, "ms", beside, limit.p99)
    yield Figure(part, f"{what}: p50", done.p50, "ms", beside, limit.p50)
