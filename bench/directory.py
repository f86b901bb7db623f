"""A large directory: public lists, a question of eight criteria, export and import."""

import json
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID, uuid5

import httpx
import psutil
import psycopg
from sqlalchemy import event, text
from sqlmodel import Session

from bench import provision
from bench.house import House
from bench.statements import Sent, by_hand, without_http
from bench.table import Figure
from deploy.engines import opened
from services.providers import documents, matching
from services.providers.matching import MatchRequest
from services.providers.matching.flattening import flatten
from services.providers.queries import NeedSearch
from shared.database import UnitOfWork

BY_HAND = "the same SQL by hand"
LIST_MS, MATCH_MS = 60.0, 20.0
IMPORTED, IMPORT_SECONDS = 10_000, 60.0
GROWTH_MB = 50.0
AT_ONCE = 2_000
"""Services that are flattened in one transaction."""
ANOTHER = UUID("0b5c1b57-6f35-4a36-8d43-1f0e2f3c8a10")
"""Of the ids in the file that is imported."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

_PLACES = ("HX1 1AA", "LS6 1AA", "WF1 1AA", "BD18 1AA", "HD1 1AA", "LS21 1AA", "OL14 1AA")
_ORDINARY = ("choir", "allotment", "debt advice", "tai chi", "sewing", "museum", "loom200")


def measure(house: House) -> Iterator[Figure]:
    """One client that asks again as soon as it is answered."""
    provision.fill(_url(house), house.services)
    _made_ready(house)
    house.administer("CHECKPOINT")
    yield from _lists(house)
    yield from _questions(house)
    yield from _matches(house)
    yield from _export(house)
    yield from _import(house)


def _part(house: House) -> str:
    return f"The directory with {house.services:,} services"


def _made_ready(house: House) -> None:
    """What reads and matching read is written with each listing; these were copied past that."""
    every = text("SELECT id FROM service ORDER BY id")
    with opened(_url(house), 1, "bench") as engine, UnitOfWork(engine) as uow:
        keys = iter(uow.session.connection().execute(every).scalars().all())
        while part := list(islice(keys, AT_ONCE)):
            flatten(uow.session, part)
            uow.commit()
        documents.fill(engine)
    with psycopg.connect(_url(house), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE matchable, service_document")


def _url(house: House) -> str:
    return house.processes.environment("providers")["KERSEY_DATABASE_URL"]


def _ports(house: House) -> list[int]:
    return [each.port for each in house.processes.of("providers") if each.port]


def _lists(house: House) -> Iterator[Figure]:
    part = _part(house)
    near = [
        {"search": words, "postcode": place, "proximity": 5000}
        for place in _PLACES
        for words in _ORDINARY
    ]
    hot = [{"search": "choir", "postcode": "BD1 1AA", "proximity": 10_000}]
    for what, asked, most in (
        ("words near a postcode", near, LIST_MS),
        ("the commonest words in the densest place", hot, LIST_MS),
        ("words alone", [{"search": each} for each in _ORDINARY], None),
        ("the first page of all", [{}], None),
        ("a page in the middle of all", [{"page": 2500}], None),
    ):
        paths = [f"/directory/services?{urlencode(each)}" for each in asked]
        found = house.load(_ports(house), paths, connections=1)
        yield Figure(part, f"services, {what}: p99", found.p99, "ms", at_most=most)
        yield Figure(part, f"services, {what}: p50", found.p50, "ms")


def _questions(house: House) -> Iterator[Figure]:
    part = _part(house)
    nearest: list[dict[str, object]] = [
        {"need": need, "near": place, "within": 5000, "per_page": 20}
        for place in _PLACES
        for need in ("loneliness", "memory", "housing")
    ]
    full = [
        each
        | {"day": "TU", "free_places": "true", "cost_max": 4, "access": "step-free",
           "language": "ur", "age": 60}
        for each in nearest
    ]  # fmt: skip
    for what, asked in (("nearest 20 with a term", nearest), ("eight criteria", full)):
        limit = by_hand(house, _searched(house, asked), seconds=house.seconds / 2, url=_url(house))
        paths = [f"/directory/search?{urlencode(each)}" for each in asked]
        found = house.load(_ports(house), paths, connections=1)
        for name, value, by, most in (
            ("p99", found.p99, limit.p99, MATCH_MS),
            ("p50", found.p50, limit.p50, None),
        ):
            yield Figure(part, f"search, {what}: {name}", value, "ms", BY_HAND, by, at_most=most)


def _matches(house: House) -> Iterator[Figure]:
    """What fits one person: eight criteria and the person's own words, in a dense place."""
    part = _part(house)
    asked = {
        "needs": ["loneliness"],
        "matters": "I have nobody to talk to and I used to sing in a choir",
        "near": "BD1 1AA",
        "within": 5000,
        "days": ["TU", "TH"],
        "age": 60,
        "languages": ["ur"],
        "access": ["step-free"],
        "cost_max": 4,
        "free_places": True,
    }
    request = MatchRequest.model_validate(asked)
    now = datetime.now(UTC)
    ask = partial(matching.match, request=request, now=now)
    sent = _sent(house, [ask])
    limit = by_hand(house, sent, seconds=house.seconds / 2, url=_url(house))
    inside = without_http(_url(house), ask, seconds=house.seconds / 2)
    found = house.load(
        _ports(house),
        ["/directory/match"],
        connections=1,
        method="POST",
        body=json.dumps(asked),
        token=house.token("link-worker"),
        headers={"Content-Type": "application/json"},
    )
    what = "match, eight criteria and own words"
    for name, value, by, most in (
        ("p99", found.p99, limit.p99, MATCH_MS),
        ("p50", found.p50, limit.p50, None),
    ):
        yield Figure(part, f"{what}: {name}", value, "ms", BY_HAND, by, at_most=most)
    yield Figure(part, f"{what}, without HTTP: p99", inside.p99, "ms", BY_HAND, limit.p99)
    yield Figure(part, f"{what}, without HTTP: p50", inside.p50, "ms", BY_HAND, limit.p50)


def _searched(house: House, asked: list[dict[str, object]]) -> list[Sent]:
    now = datetime.now(UTC)

    def search(each: dict[str, object], session: Session) -> None:
        matching.search(session, NeedSearch.model_validate(each), now)

    return _sent(house, [partial(search, each) for each in asked])


def _sent(house: House, asked: list[Callable[[Session], object]]) -> list[Sent]:
    """What each question sends to the database to find and rank, and to show."""
    every: list[Sent] = []

    def catch(_c: object, _k: object, text: str, given: object, _x: object, _m: bool) -> None:
        every[-1].append((text, given))

    with opened(_url(house), 1, "bench") as engine, UnitOfWork(engine) as uow:
        asked[0](uow.session)  # reads the taxonomies, which a process does once for many questions
        event.listen(engine, "before_cursor_execute", catch)
        try:
            for each in asked:
                every.append([])
                each(uow.session)
        finally:
            event.remove(engine, "before_cursor_execute", catch)
    return every


def _export(house: House) -> Iterator[Figure]:
    """All of it as NDJSON, and how much the process grew by it."""
    part = _part(house)
    (served, *_) = house.processes.of("providers")
    process = psutil.Process(served.process.pid)
    before, most, lines = process.memory_info().rss, 0, 0
    began = time.perf_counter()
    with httpx.stream(
        "GET", f"http://127.0.0.1:{served.port}/directory/export?format=ndjson", timeout=600
    ) as answer:
        for piece in answer.iter_bytes():
            lines += piece.count(b"\n")
            most = max(most, process.memory_info().rss)
    took = time.perf_counter() - began
    yield Figure(part, "export as ndjson", lines / took, "services per s")
    grown = (most - before) / 2**20
    yield Figure(part, "memory that the export takes", grown, "MB", at_most=GROWTH_MB)


def _import(house: House) -> Iterator[Figure]:
    """As many services as another directory would have, fully nested, from a file."""
    part = _part(house)
    with tempfile.TemporaryDirectory(prefix="kersey-bench-") as folder:
        file = Path(folder) / "directory.ndjson"
        with file.open("wb") as target:
            target.writelines(_of_another(house))
        count = min(IMPORTED, house.services)
        began = time.perf_counter()
        done = house.processes.kersey(
            "import", "directory", str(file), "--source", "bench", "--hub", "bradford"
        )
        took = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(done.stderr)
    yield Figure(part, f"import of {count:,} full services", took, "s", at_most=IMPORT_SECONDS)


def _of_another(house: House) -> Iterator[bytes]:
    """Our own services under other ids; only the terms are the same."""
    port, kept = _ports(house)[0], _terms(house)
    address = f"http://127.0.0.1:{port}/directory/services?full=true&format=ndjson"

    def other(found: re.Match[str]) -> str:
        return found[0] if found[0] in kept else str(uuid5(ANOTHER, found[0]))

    with httpx.stream("GET", address, timeout=600) as answer:
        for line in islice(answer.iter_lines(), IMPORTED):
            yield f"{_UUID.sub(other, line)}\n".encode()


def _terms(house: House) -> set[str]:
    with psycopg.connect(_url(house)) as connection:
        found = connection.execute("SELECT id FROM taxonomy_term UNION SELECT id FROM taxonomy")
        return {str(key) for (key,) in found}
