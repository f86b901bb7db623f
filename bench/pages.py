"""The pages: how heavy they are, and how soon they come to a team that has much to do."""

import asyncio
import gzip
import re
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random

import httpx
import psutil

from bench.house import Size
from bench.standing import all_in_one
from bench.table import Figure, part_of
from deploy.demo.bundle import referral_bundle
from deploy.demo.consortium import PRACTICES
from deploy.demo.people import DemoPerson, people
from deploy.demo_tokens import access_token
from tests.journey.visitor import Visitor

PART = "The pages of a team with much to do"
AT_ONCE = 16
"""Referrals that are sent side by side."""
USERS = 20
THINKING = (0.5, 3.5)
"""Seconds between a page and the next click."""
HTML_KB, ASSETS_KB, SERVED_MS = 60, 250, 100
LOOKED_AT, RESTING = 50, 5.0
"""Pages of which the processor time is measured, and seconds in which that of nothing is."""
DEMO = 63
"""People whom the demo has already."""


def measure(size: Size) -> Iterator[Figure]:
    """All in one process; the referrals came in during the last weeks, and nobody took them up."""
    with tempfile.TemporaryDirectory(prefix="kersey-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        with all_in_one(folder / "data") as (process, port, _):
            url = f"http://127.0.0.1:{port}"
            asyncio.run(_refer(url, size.referrals))
            with httpx.Client(base_url=url, timeout=60) as http:
                lead = Visitor(http, "team-lead", judging=False)
                yield from _weighed(lead)
                yield from _cost(process, lead, size.referrals)
                yield from asyncio.run(_clicked(url, lead, size))


async def _refer(url: str, many: int) -> None:
    """A referral for each of many people, to one team."""
    now = datetime.now(UTC)
    waiting = iter(people(DEMO + many)[DEMO:])
    async with (
        httpx.AsyncClient(base_url=url, auth=_Renewed(url), timeout=120) as http,
        asyncio.TaskGroup() as sending,
    ):
        for _ in range(AT_ONCE):
            sending.create_task(_sent(http, waiting, now))


class _Renewed(httpx.Auth):
    """A token of the record system, another one before it ends: thousands take longer."""

    LASTS = 200
    """Seconds, of the 300 for which the issuer makes it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._until = 0.0
        self._token = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """See `httpx.Auth`."""
        if time.monotonic() > self._until:
            self._token = access_token(self._url, "ehr")
            self._until = time.monotonic() + self.LASTS
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


async def _sent(http: httpx.AsyncClient, waiting: Iterator[DemoPerson], now: datetime) -> None:
    for each in waiting:
        person = replace(each, practice=PRACTICES[0])
        authored = now - timedelta(minutes=5 * each.number)
        bundle = referral_bundle(person, f"bench-{each.number}", authored)
        answer = await http.post("/fhir", json=bundle)
        answer.raise_for_status()


def _weighed(lead: Visitor) -> Iterator[Figure]:
    """The heaviest of the main pages, and the heaviest set of what a page loads."""
    case = next(iter(re.findall(r'href="(/cases/[0-9a-f-]{36})"', lead.get("/cases").text)))
    paths = ("/", "/cases", "/cases?show=all", "/cases/team", case, f"{case}/find")
    weights = {path: _weight(lead, path) for path in paths}
    html, assets = (max(each) for each in zip(*weights.values(), strict=True))
    yield Figure(PART, "the heaviest HTML of a page, gzipped", html, "KB", at_most=HTML_KB)
    yield Figure(PART, "the heaviest set of assets of a page", assets, "KB", at_most=ASSETS_KB)


def _weight(lead: Visitor, path: str) -> tuple[float, float]:
    page = lead.get(path)
    page.raise_for_status()
    named = set(re.findall(r'<(?:script src|link [^>]*href)="(/[^"]+)"', page.text))
    assets = sum(_transferred(lead.http, each) for each in named)
    return len(gzip.compress(page.content, 6)) / 1024, assets / 1024


def _transferred(http: httpx.Client, path: str) -> int:
    """Bytes that went over the wire: compressed, as a browser asks for it."""
    with http.stream("GET", path) as answer:
        answer.raise_for_status()
        answer.read()
        return answer.num_bytes_downloaded


def _cost(process: psutil.Process, lead: Visitor, referrals: int) -> Iterator[Figure]:
    """What a page takes of a core, in the process without its database; one after the other."""
    case = next(iter(re.findall(r'href="(/cases/[0-9a-f-]{36})"', lead.get("/cases").text)))
    for what, path in (("worklist", "/cases"), ("a case", case)):
        at_rest = _used(process, lambda: time.sleep(RESTING)) / RESTING
        began = time.perf_counter()
        used = _used(process, partial(_look, lead, path))
        used -= at_rest * (time.perf_counter() - began)
        of = f"{what}, {referrals:,} referrals: processor time of a page"
        yield Figure(PART, of, used / LOOKED_AT * 1000, "ms")


def _look(lead: Visitor, path: str) -> None:
    for _ in range(LOOKED_AT):
        lead.get(path).raise_for_status()


def _used(process: psutil.Process, does: Callable[[], object]) -> float:
    """Seconds of processor time that a process takes while something is done."""
    before = process.cpu_times()
    does()
    after = process.cpu_times()
    return float(after.user + after.system - before.user - before.system)


async def _clicked(url: str, lead: Visitor, size: Size) -> list[Figure]:
    """Users of one account, who read for a moment and click again."""
    seconds = size.seconds * 3
    took: dict[str, list[float]] = {"worklist": [], "a case": []}
    until = time.perf_counter() + seconds
    async with (
        httpx.AsyncClient(base_url=url, cookies=lead.http.cookies, timeout=60) as http,
        asyncio.TaskGroup() as users,
    ):
        for number in range(USERS):
            users.create_task(_user(http, Random(number), until, took))  # noqa: S311
    figures = []
    for what, times in took.items():
        most = SERVED_MS if what == "worklist" else None
        of = f"{what}, {size.referrals:,} referrals, {USERS} users"
        figures.append(Figure(PART, f"{of}: p95", part_of(sorted(times), 0.95), "ms", at_most=most))
        figures.append(Figure(PART, f"{of}: p50", part_of(sorted(times), 0.5), "ms"))
    figures.append(Figure(PART, "clicks", sum(map(len, took.values())) / seconds, "per s"))
    return figures


async def _user(
    http: httpx.AsyncClient, chance: Random, until: float, took: dict[str, list[float]]
) -> None:
    await asyncio.sleep(chance.uniform(0, THINKING[1]))
    while time.perf_counter() < until:
        worklist = await _click(http, "/cases", took["worklist"])
        following = re.findall(r'href="(/cases\?[^"]*after=[^"]+)"', worklist)
        cases = re.findall(r'href="(/cases/[0-9a-f-]{36})"', worklist)
        for path, times in (
            *((each.replace("&amp;", "&"), took["worklist"]) for each in following[:1]),
            (chance.choice(cases), took["a case"]),
            ("/cases?show=new", took["worklist"]),
        ):
            await asyncio.sleep(chance.uniform(*THINKING))
            await _click(http, path, times)
        await asyncio.sleep(chance.uniform(*THINKING))


async def _click(http: httpx.AsyncClient, path: str, times: list[float]) -> str:
    began = time.perf_counter()
    answer = await http.get(path)
    times.append((time.perf_counter() - began) * 1000)
    answer.raise_for_status()
    return answer.text
