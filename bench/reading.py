"""Reading one document by its id."""

from collections.abc import Iterator

from bench.house import House
from bench.samples import service_request
from bench.table import Figure

PART = "Reading"
MANY = 200


def measure(house: House) -> Iterator[Figure]:
    """One web process, 32 connections, beside routes that do nothing at all."""
    with house.http("fhir-client") as http:
        paths = []
        for _ in range(MANY):
            answer = http.post("/fhir/ServiceRequest", json=service_request())
            answer.raise_for_status()
            paths.append(f"/fhir/ServiceRequest/{answer.json()['id']}")
    empty, nothing = house.cost(house.empty, ["/async"])
    sync = house.load([house.empty], ["/sync"])
    read, took = house.cost(house.web[0], paths, token=house.token("fhir-client"))
    yield Figure(
        PART, "read by id", read.rate, "per s", "an empty async FastAPI route", empty.rate,
        at_least=0.4,
    )  # fmt: skip
    yield Figure(
        PART, "an empty sync FastAPI route: what the hop to a thread leaves", sync.rate, "per s",
        "an empty async FastAPI route", empty.rate,
    )  # fmt: skip
    yield Figure(
        PART, "processor time of a read in the web process", took, "µs",
        "that of an empty async FastAPI route", nothing,
    )  # fmt: skip
