"""Creating: a ServiceRequest alone, a referral with its case, a transaction of twenty."""

import json
from collections.abc import Iterator
from typing import Any

from bench import pgbench
from bench.house import House, organisation
from bench.samples import service_request, transaction
from bench.table import Figure

PART = "Creating"
CLIENTS = 32
ENTRIES = 20
STATEMENT = "the store's own statement by pgbench, prepared, 32 clients"


def measure(house: House) -> Iterator[Figure]:
    """One web process, then two, beside the statement that both send."""
    text = json.dumps(service_request())
    how: dict[str, Any] = {"method": "POST", "body": text, "connections": CLIENTS}
    place = ["/fhir/ServiceRequest"]
    limit = statement_rate(house)
    one, took = house.cost(house.web[0], place, token=house.token("fhir-client"), **how)
    yield Figure(
        PART, "create a ServiceRequest over HTTP, one web process", one.rate, "per s",
        STATEMENT, limit, at_least=0.25,
    )  # fmt: skip
    yield Figure(PART, "processor time of that in the web process", took, "µs")
    # Before the part whose events keep the workers busy for long after it.
    second = house.second_web()
    two = house.load(house.web, place, token=house.token("fhir-client"), **how)
    yield Figure(
        PART, "create a ServiceRequest over HTTP, two web processes", two.rate, "per s",
        STATEMENT, limit, at_least=0.4,
    )  # fmt: skip
    house.processes.end(second)
    referrals = house.load(house.web, place, token=house.token("ehr"), **how)
    yield Figure(
        PART, "the same from a referral sender: case, triage Task, events, worklist",
        referrals.rate, "per s", STATEMENT, limit,
    )  # fmt: skip
    yield from _transactions(house)


def statement_rate(house: House, clients: int = CLIENTS) -> float:
    """How many creates per second PostgreSQL does when nothing else is done."""
    with house.engine() as engine:
        script, variables = pgbench.create_script(
            engine, service_request(), organisation("fhir-client")
        )
    return pgbench.run(
        house.database_url,
        script,
        variables,
        folder=house.folder,
        clients=clients,
        seconds=house.seconds,
    )


def _transactions(house: House) -> Iterator[Figure]:
    bundle = transaction(ENTRIES)
    with house.engine() as engine:
        script, variables = pgbench.create_script(
            engine,
            bundle["entry"][1]["resource"],
            organisation("fhir-client"),
            times=ENTRIES,
        )
    limit = pgbench.run(
        house.database_url,
        script,
        variables,
        folder=house.folder,
        clients=8,
        seconds=house.seconds,
    )
    done = house.load(
        house.web, ["/fhir"], token=house.token("fhir-client"), method="POST",
        body=json.dumps(bundle), connections=8,
    )  # fmt: skip
    yield Figure(
        PART, "a transaction of 20 entries, one web process", done.rate, "per s",
        "20 of the statement in one transaction by pgbench, 8 clients", limit,
    )  # fmt: skip
    yield Figure(PART, "... of which the slowest in a hundred take", done.p99, "ms")
