"""A record system that subscribes, and a receiver that takes or refuses what it is sent."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from services.referrals.app import outgoing
from services.referrals.subscriptions.dispatching import Dispatcher
from services.referrals.subscriptions.notifying import Notifier, schedule
from services.referrals.tables.subscription import deliveries
from shared.delivery import DeliveryWorker
from shared.worker import Wake
from tests.notifications.conftest import HttpSink
from tests.referrals.house import House, Json

TOPIC = "https://kersey.example/fhir/SubscriptionTopic/referral-task"
BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"


@contextmanager
def receiver(status: int = 204) -> Iterator[HttpSink]:
    """Listens on this machine."""
    sink = HttpSink()
    sink.status = status
    try:
        yield sink
    finally:
        sink.close()


def subscription(
    endpoint: str, *filters: str, criteria: str = TOPIC, content: str | None = "id-only",
    **channel: Any,
) -> Json:  # fmt: skip
    """A Subscription in the shape of the R4 backport."""
    payload = {"url": f"{BACKPORT}/backport-payload-content", "valueCode": content}
    body: Json = {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "To hear what became of our referrals",
        "criteria": criteria,
        "channel": {
            "type": "rest-hook",
            "endpoint": endpoint,
            "payload": "application/fhir+json",
            "header": ["Authorization: Bearer of-the-receiver"],
        }
        | ({"_payload": {"extension": [payload]}} if content else {})
        | channel,
    }
    if filters:
        url = f"{BACKPORT}/backport-filter-criteria"
        body["_criteria"] = {"extension": [{"url": url, "valueString": each} for each in filters]}
    return body


def dispatch(house: House) -> int:
    """Number everything that was committed; returns how many changes were taken."""
    dispatcher = Dispatcher(house.desk, Wake(), Wake())
    taken = 0
    while batch := dispatcher.dispatch():
        taken += batch
    dispatcher._lease.release()
    return taken


def deliver(house: House) -> int:
    """Send everything that is due; returns the number of attempts."""
    notifier = Notifier(house.desk, outgoing(house.settings))
    worker = DeliveryWorker(
        name="tests",
        engine=house.engine,
        tables=deliveries,
        send=notifier.send,
        schedule=schedule,
        wake=Wake(),
        on_delivered=notifier.delivered,
        on_failed=notifier.failed,
        lock_first=notifier.lock_first,
    )
    return worker.deliver_due()


def told(house: House) -> int:
    """Number and send."""
    dispatch(house)
    return deliver(house)


def fast_forward(house: House) -> None:
    """Let the pauses between attempts be over."""
    house.execute("update subscription_delivery set due = now() where due is not null")


def register(house: House, sink: HttpSink, *filters: str, by: str = "ehr", **how: Any) -> str:
    """Subscribe, and take the handshake; the id."""
    body = subscription(sink.url, *filters, **how)
    made = house.by(by).post("/fhir/Subscription", body)
    assert deliver(house) == 1
    assert status(house, made["id"], by=by) == "active"
    sink.requests.clear()
    return str(made["id"])


def status(house: House, key: str, *, by: str = "ehr") -> str:
    """As the resource says; the running state must say the same."""
    body = house.by(by).get(f"/fhir/Subscription/{key}")
    assert (
        house.scalar("select status from subscription_state where id=:id", id=key) == body["status"]
    )
    return str(body["status"])


def parameters(bundle: Json) -> dict[str, Any]:
    """The status part of a notification, by name."""
    return {
        each["name"]: next((v for k, v in each.items() if k.startswith("value")), each.get("part"))
        for each in bundle["entry"][0]["resource"]["parameter"]
    }


def numbers(sink: HttpSink) -> list[int]:
    """The event numbers in the order in which they arrived."""
    return [int(parameters(each.json)["events-since-subscription-start"]) for each in sink.requests]


def about(bundle: Json) -> list[str]:
    """The resources that a notification is about, as `Type/id`."""
    base = "http://kersey.test/fhir/"
    return [each["fullUrl"].removeprefix(base) for each in bundle["entry"][1:]]
