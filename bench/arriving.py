"""From the 201 of a referral to the webhook that tells of it, at a steady rate over RabbitMQ."""

import asyncio
import json
import time
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import uvloop

from bench.house import House
from bench.samples import patients, service_request
from bench.sending import Sender
from bench.sink import Sink, serving
from bench.table import Figure, part_of
from deploy.databases import in_database
from deploy.demo.ids import demo_id

PART = "Arriving"
RATE = 100
"""Referrals per second."""
WAIT = 60.0
"""Seconds for which the last webhook is waited for."""
HUB = "bradford"


def measure(house: House) -> Iterator[Figure]:
    """Referrals that no practice covers, because the hub is told of those at once (care 1)."""
    count = int(RATE * house.seconds)
    subjects = _subjects(house, count)
    sink, answered = Sink(), dict[str, float]()
    with serving(sink) as port:
        _register(house, f"http://127.0.0.1:{port}/")
        uvloop.run(_send(house, subjects, answered))
        sink.wait_for(count, WAIT)
    webhooks = _webhooks(house)
    waits = sorted(
        (sink.arrived[webhooks[request]] - at) * 1000
        for request, at in answered.items()
        if webhooks.get(request) in sink.arrived
    )
    at = f"at {RATE} referrals per s"
    missing = len(answered) - len(waits)
    if missing or not waits:
        yield Figure(PART, f"webhooks that did not come within {WAIT:.0f} s, {at}", missing, "")
    if waits:
        what = f"from the 201 to its webhook, {at}"
        yield Figure(PART, f"{what}: p99", part_of(waits, 0.99), "ms", at_most=250)
        yield Figure(PART, f"{what}: p50", part_of(waits, 0.5), "ms")
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


async def _send(house: House, subjects: list[str], answered: dict[str, float]) -> None:
    """Refer each person at the steady rate, and note when each ServiceRequest was answered."""
    sender = Sender(house.web[0], "/fhir/ServiceRequest", house.token("ehr"))
    bodies = [_body(subject) for subject in subjects]
    async with asyncio.TaskGroup() as sending:
        began = time.perf_counter()
        for n, body in enumerate(bodies):
            await asyncio.sleep(max(0.0, began + n / RATE - time.perf_counter()))
            sending.create_task(_refer(sender, body, answered))
    sender.close()


def _body(subject: str) -> bytes:
    return json.dumps(service_request(subject)).replace("{n}", str(uuid4())).encode()


async def _refer(sender: Sender, body: bytes, answered: dict[str, float]) -> None:
    location = await sender.post(body)
    at = time.perf_counter()
    answered[location.split("/ServiceRequest/")[1].partition("/")[0]] = at


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
