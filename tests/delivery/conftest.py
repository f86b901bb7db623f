"""A delivery table in a fresh database, and a worker over it whose channel the test plays."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine, MetaData, Row, select, text

from shared.database import UnitOfWork, create_engine
from shared.delivery import (
    Delivery,
    DeliveryTables,
    DeliveryWorker,
    Receipt,
    Schedule,
    State,
    Undelivered,
    minutes,
)
from shared.worker import Wake

SCHEDULE = Schedule(delays=minutes(1, 5), jitter=0)


@dataclass
class House:
    """What a service brings to the engine, with a memory of what happened."""

    engine: Engine
    tables: DeliveryTables
    wake: Wake = field(default_factory=Wake)
    sent: list[Delivery] = field(default_factory=list)
    delivered: list[UUID] = field(default_factory=list)
    failed: list[tuple[UUID, str]] = field(default_factory=list)

    def add(self, order_key: str = "a", **values: Any) -> UUID:
        key = values.pop("key", None) or uuid4()
        fields = {"channel": "test", "address": "somewhere", "payload": "{}"} | values
        with UnitOfWork(self.engine) as uow:
            self.tables.add(uow.session, key=key, order_key=order_key, **fields)
            uow.commit()
        return key

    def worker(
        self, send: Callable[[Delivery], Receipt | Undelivered | Exception], **changes: Any
    ) -> DeliveryWorker:
        def sending(delivery: Delivery) -> Receipt:
            self.sent.append(delivery)
            result = send(delivery)
            if isinstance(result, Exception):
                raise result
            return result

        def on_failed(uow: UnitOfWork, delivery: Delivery, reason: str) -> None:
            self.failed.append((delivery.id, reason))

        settings: dict[str, Any] = {
            "name": "test.deliveries",
            "engine": self.engine,
            "tables": self.tables,
            "send": sending,
            "schedule": lambda channel: SCHEDULE,
            "wake": self.wake,
            "on_delivered": lambda uow, delivery, receipt: self.delivered.append(delivery.id),
            "on_failed": on_failed,
            "poll_seconds": 0.05,
        }
        return DeliveryWorker(**(settings | changes))

    def row(self, key: UUID) -> Row[Any]:
        with self.engine.connect() as connection:
            found = select(self.tables.delivery).where(self.tables.delivery.c.id == key)
            return connection.execute(found).one()

    def state(self, key: UUID) -> State:
        return State(self.row(key).state)

    def attempts(self, key: UUID) -> list[tuple[int, str | None, str | None]]:
        attempt = self.tables.attempt.c
        with self.engine.connect() as connection:
            found = select(attempt.number, attempt.outcome, attempt.code)
            rows = connection.execute(found.where(attempt.delivery == key).order_by(attempt.number))
            return [tuple(row) for row in rows]

    def minutes_until_due(self, key: UUID) -> float:
        with self.engine.connect() as connection:
            asked = text(
                "select extract(epoch from due - now()) / 60 from delivery where id = :key"
            )
            return float(connection.execute(asked, {"key": key}).scalar_one())

    def pass_time(self, **interval: int) -> None:
        """Let time pass for everything that waits: the database's clock is the only one used."""
        with self.engine.begin() as connection:
            words = " ".join(f"{amount} {unit}" for unit, amount in interval.items())
            connection.execute(
                text("update delivery set due = due - cast(:interval as interval)"),
                {"interval": words},
            )


@pytest.fixture
def house(database: Callable[[], str]) -> Iterator[House]:
    engine = create_engine(database(), pool_size=8, application_name="test")
    metadata = MetaData()
    tables = DeliveryTables(metadata)
    metadata.create_all(engine)
    yield House(engine, tables)
    engine.dispose()
