"""From the 201 of a referral to the webhook that tells of it, at a steady rate over RabbitMQ."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from uuid import uuid4

import httpx
import psycopg

from bench.house import House
from bench.samples import patients, service_request
from bench.table import Figure
from deploy.databases import in_database
from deploy.demo.ids import demo_id

PART = "Arriving"
RATE = 100
"""Referrals per second."""
WAIT = 60.0
"""Seconds for which the last webhook is waited for."""
HUB = "bradford"


class _Sink:
    """Takes webhooks and notes when each came first, by its id."""

    def __init__(self, expected: int) -> None:
        self.arrived: dict[str, float] = {}
        self.complete = asyncio.Event()
        self._expected = expected

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection; Kersey keeps it open."""
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = (line.partition(b":") for line in head.split(b"\r\n"))
                headers = {name.lower(): value.strip().decode() for name, _, value in lines}
                await reader.readexactly(int(headers[b"content-length"]))
                self.arrived.setdefault(headers[b"webhook-id"], time.perf_counter())
                if len(self.arrived) == self._expected:
                    self.complete.set()
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            writer.close()


def measure(house: House) -> Iterator[Figure]:
    """Referrals that no practice covers, because the hub is told of those at once (care 1)."""
    count = int(RATE * house.seconds)
    subjects = _subjects(house, count)
    answered, arrived = asyncio.run(_measure(house, subjects))
    webhooks = _webhooks(house)
    waits = sorted(
        (arrived[webhooks[request]] - at) * 1000
        for request, at in answered.items()
        if webhooks.get(request) in arrived
    )
    at = f"at {RATE} referrals per s"
    missing = len(answered) - len(waits)
    if missing or not waits:
        yield Figure(PART, f"webhooks that did not come within {WAIT:.0f} s, {at}", missing, "")
    if waits:
        p99 = waits[min(len(waits) - 1, int(len(waits) * 0.99))]
        what = f"from the 201 to its webhook, {at}"
        yield Figure(PART, f"{what}: p99", p99, "ms", at_most=250)
        yield Figure(PART, f"{what}: p50", waits[len(waits) // 2], "ms")
    span = max(answered.values()) - min(answered.values())
    yield Figure(
        PART, "referrals that were answered meanwhile", len(answered) / span, "per s",
        "as many as were sent", RATE,
    )  # fmt: skip


def _subjects(house: House, count: int) -> list[str]:
    """A Patient for each referral: two about one person would wait for each other."""
    found: list[str] = []
    with house.http("ehr") as http:
        while len(found) < count:
            answer = http.post("/fhir", json=patients(min(100, count - len(found))))
            answer.raise_for_status()
            places = [each["response"]["location"] for each in answer.json()["entry"]]
            found += [place.split("/fhir/")[1].partition("/_history")[0] for place in places]
    return found


async def _measure(house: House, subjects: list[str]) -> tuple[dict[str, float], dict[str, float]]:
    """When each referral was answered, by ServiceRequest, and its webhook arrived, by its id."""
    sink, answered = _Sink(len(subjects)), dict[str, float]()
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.to_thread(_register, house, f"http://127.0.0.1:{port}/")
    headers = {"Authorization": f"Bearer {house.token('ehr')}"}
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64)
    async with (
        server,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{house.web[0]}", headers=headers, limits=limits, timeout=60
        ) as http,
        asyncio.TaskGroup() as sending,
    ):
        began = time.perf_counter()
        for n, subject in enumerate(subjects):
            await asyncio.sleep(max(0.0, began + n / RATE - time.perf_counter()))
            sending.create_task(_refer(http, subject, answered))
        with suppress(TimeoutError):
            await asyncio.wait_for(sink.complete.wait(), WAIT)
    return answered, sink.arrived


async def _refer(http: httpx.AsyncClient, subject: str, answered: dict[str, float]) -> None:
    body = json.dumps(service_request(subject)).replace("{n}", str(uuid4()))
    sent = {"Content-Type": "application/fhir+json"}
    answer = await http.post("/fhir/ServiceRequest", content=body, headers=sent)
    at = time.perf_counter()
    answer.raise_for_status()
    answered[answer.headers["location"].split("/ServiceRequest/")[1].partition("/")[0]] = at


def _register(house: House, address: str) -> None:
    """Have the hub told by webhook, and no more by e-mail."""
    port = house.processes.of("notifications")[0].port
    with house.http("coordinator", port) as http:
        contacts = f"/notifications/contacts/{HUB}"
        webhook = {"means": "webhook", "address": address, "role": "coordinator"}
        http.put(f"{contacts}/{uuid4()}", json=webhook).raise_for_status()
        mail = {
            "means": "email",
            "address": f"coordinator@{HUB}.kersey.example",
            "role": "coordinator",
            "active": False,
        }
        demo = demo_id("contact", f"{HUB}/coordinator")
        http.put(f"{contacts}/{demo}", json=mail).raise_for_status()


def _webhooks(house: House) -> dict[str, str]:
    """The id of the webhook that told of a ServiceRequest, where there is one."""
    with psycopg.connect(in_database(house.postgres.url, "kersey_referrals")) as referrals:
        cases = referrals.execute("SELECT id, service_request FROM referral_case").fetchall()
    with psycopg.connect(in_database(house.postgres.url, "kersey_notifications")) as notifications:
        told = notifications.execute(
            "SELECT \"case\", id FROM delivery WHERE channel = 'webhook'"
        ).fetchall()
    requests: dict[object, str] = dict(cases)
    return {requests[case]: str(webhook) for case, webhook in told if case in requests}
