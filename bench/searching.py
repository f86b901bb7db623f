"""A worklist's search among 200,000 Tasks, and what its index costs whoever writes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from bench import skewed
from bench.copied import GIN, without_index
from bench.creating import statement_rate
from bench.house import House, organisation
from bench.table import Figure

PART = "Searching 200,000 Tasks"
LAYOUT = "What the search index costs"
QUERY = "/fhir/Task?owner=Organization/{}&status=requested&_sort=-authored-on&_count=20"
ORDINARY_MS, BIG_MS = 15.0, 40.0


def measure(house: House) -> Iterator[Figure]:
    """One client that asks again as soon as it is answered; then while others write."""
    owners = skewed.fill(house)
    own = QUERY.format(organisation(skewed.ORDINARY))
    big = QUERY.format(organisation(skewed.BIG))
    every = [QUERY.format(each) for each in owners]
    yield from _search(house, "its own, an ordinary owner", skewed.ORDINARY, [own], ORDINARY_MS)
    yield from _search(
        house, "any ordinary owner's, by who sees everything", skewed.EVERYTHING, every, ORDINARY_MS
    )
    yield from _search(house, "its own, the owner of 30 %", skewed.BIG, [big], BIG_MS)
    yield from _search(
        house,
        "those of the owner of 30 %, by who sees everything",
        skewed.EVERYTHING,
        [big],
        BIG_MS,
    )
    yield from _search(house, "that owner's, by who sees 17", skewed.SEVENTEEN, [big], BIG_MS)
    yield from _layouts(house, every)


def _search(
    house: House, what: str, client: str, paths: list[str], at_most: float
) -> Iterator[Figure]:
    found = house.load(house.web, paths, token=house.token(client), connections=1)
    yield Figure(PART, f"{what}: p99", found.p99, "ms", at_most=at_most)
    yield Figure(PART, f"{what}: p50", found.p50, "ms")


def _layouts(house: House, paths: list[str]) -> Iterator[Figure]:
    """The same index kept at once (`fastupdate` off), kept in batches (on), and not at all."""
    rates = {}
    for name, statement in (
        ("kept at once (fastupdate off)", f"ALTER INDEX {GIN} SET (fastupdate = off)"),
        ("kept in batches (fastupdate on)", f"ALTER INDEX {GIN} SET (fastupdate = on)"),
    ):
        house.administer(statement, "CHECKPOINT")
        rates[name] = statement_rate(house, clients=8)
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(statement_rate, house, clients=4)
            token = house.token(skewed.EVERYTHING)
            found = house.load(
                house.web, paths, token=token, connections=1, seconds=max(1, house.seconds - 3)
            )
            writing.result()
        yield Figure(LAYOUT, f"searches while others write, {name}: p99", found.p99, "ms")
    with without_index(house.administrator_url):
        house.administer("CHECKPOINT")
        without = statement_rate(house, clients=8)
    for name, rate in rates.items():
        yield Figure(
            LAYOUT, f"creates by pgbench, 8 clients, index {name}", rate, "per s",
            "without the index", without,
        )  # fmt: skip
