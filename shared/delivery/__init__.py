"""Delivery that ends in sight: claim, attempt, back off, record.

A service declares its rows (`DeliveryTables`), adds deliveries in the transaction of the event
that causes them, and runs a `DeliveryWorker` with a function that sends one. Whatever happens,
a delivery ends as delivered, failed (told through `on_failed`), superseded or unknown.
"""

from shared.delivery.ledger import Together
from shared.delivery.outcome import (
    CRASHED,
    Delivery,
    Held,
    InDoubt,
    NoSuchReceiver,
    Permanent,
    Receipt,
    State,
    Superseded,
    Temporary,
    Undelivered,
)
from shared.delivery.schedule import Schedule, minutes
from shared.delivery.tables import DeliveryTables
from shared.delivery.worker import DeliveryWorker

__all__ = [
    "CRASHED",
    "Delivery",
    "DeliveryTables",
    "DeliveryWorker",
    "Held",
    "InDoubt",
    "NoSuchReceiver",
    "Permanent",
    "Receipt",
    "Schedule",
    "State",
    "Superseded",
    "Temporary",
    "Together",
    "Undelivered",
    "minutes",
]
