"""Rows that lead to a person, in any table, made from what the tables declare of themselves."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    ARRAY,
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Uuid,
)

from tests.house.test_holdings import HOLDINGS

LONG_AGO = datetime(1926, 1, 1, tzinfo=UTC)
_NOT_YET = {"due", "erased"}
"""Times that a row has while something goes on, or once it is over for good."""


def _uuid() -> UUID:
    return uuid4()


def _id() -> str:
    return str(uuid4())


@dataclass(frozen=True)
class Whose:
    """The ids by which the rows about one person lead to them."""

    person: UUID = field(default_factory=_uuid)
    case: UUID = field(default_factory=_uuid)
    delivery: UUID = field(default_factory=_uuid)
    digest: UUID = field(default_factory=_uuid)
    message: UUID = field(default_factory=_uuid)
    letter: UUID = field(default_factory=_uuid)
    submission: UUID = field(default_factory=_uuid)
    merge: UUID = field(default_factory=_uuid)
    task: str = field(default_factory=_id)
    request: str = field(default_factory=_id)
    subscription: str = field(default_factory=_id)
    document: int = field(default_factory=lambda: uuid4().int >> 66)

    def leading(self, service: str, table: Table) -> Mapping[str, Any]:
        """The columns by which a row of a table leads to the person, with their values.

        Raises:
            AssertionError: nobody has said how a row of this table leads to a person.
        """
        by_kind = {
            column: self._ids[kind]
            for holding in HOLDINGS[service]
            if holding.table.name == table.name
            for column, kind in holding.found_by.items()
        }
        found = by_kind | self._otherwise.get(table.name, {})
        assert found, f"{table.name}: say in `Whose` how a row of it leads to a person"
        return {
            name: value if isinstance(table.c[name].type, Uuid | Integer) else str(value)
            for name, value in found.items()
        }

    def row(self, service: str, table: Table) -> dict[str, Any]:
        """A row of a table that leads to the person; every time in it is long ago."""
        made = {column.key: _filled(column) for column in table.c if _is_filled(column)}
        return made | dict(self.leading(service, table))

    @property
    def _ids(self) -> dict[str, Any]:
        """By the kinds of `shared.holdings.Traces`."""
        return {
            "person": self.person,
            "case": self.case,
            "task": self.task,
            "request": self.request,
            "watched": self.task,
            "about": self.task,
            "submission": self.submission,
            "merge": self.merge,
            "subscription": self.subscription,
            "event-subject": f"case/{self.case}",
            "delivery": self.delivery,
            "person-delivery": self.delivery,
        }

    @property
    def _otherwise(self) -> dict[str, dict[str, Any]]:
        """Of tables that nobody is found by, and of keys by which others find a row."""
        delivery: dict[str, Any] = {"id": self.delivery}
        document: dict[str, Any] = {"pk": self.document}
        answer = json.dumps({"message": str(self.message)})
        event = {"subscription": self.subscription, "number": 1}
        of_documents = ("reader", "search", "date", "string", "quantity", "link")
        return {
            "person": {"id": self.person},
            "referral_case": {"id": self.case, "service_request": self.request},
            "case_task": {"id": self.task},
            "gp_message": {"id": self.letter},
            "gp_delivery": delivery | {"payload": self.letter},
            "gp_delivery_attempt": {"delivery": self.delivery},
            "bars_message": {"id": self.message},
            "bars_delivery": delivery | {"payload": answer},
            "bars_delivery_attempt": {"delivery": self.delivery},
            "subscription_event": event,
            "subscription_delivery": delivery | {"payload": f"{self.subscription}/1"},
            "subscription_delivery_attempt": {"delivery": self.delivery},
            "document": document | {"person": self.person},
            "document_version": document | {"person": self.person},
            **{f"document_{each}": document for each in of_documents},
            "delivery": delivery | {"digest": self.digest},
            "person_delivery": delivery,
            "digest_delivery": {"id": self.digest},
            "digest_delivery_attempt": {"delivery": self.digest},
        }


def _is_filled(column: Column[Any]) -> bool:
    if column.identity is not None:
        return False
    if isinstance(column.type, DateTime):
        return column.name not in _NOT_YET
    return not column.nullable and column.server_default is None


def _filled(column: Column[Any]) -> Any:
    """Something that a column takes."""
    for kind, make in _FILLINGS:
        if isinstance(column.type, kind):
            return make()
    return uuid4().hex[: getattr(column.type, "length", None)]


_FILLINGS: tuple[tuple[type[Any], Callable[[], Any]], ...] = (
    (DateTime, lambda: LONG_AGO),
    (Date, LONG_AGO.date),
    (Uuid, uuid4),
    (Boolean, lambda: False),
    (Integer, lambda: uuid4().int >> 98),
    (Numeric, int),
    (LargeBinary, bytes),
    (ARRAY, list),
    (JSON, dict),
)
