"""Copies of limits, closing days and first visits that are not their owners' are told, and how to
mend each."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, text

from deploy.reconciling import pacing
from deploy.reconciling.drift import Databases
from shared.database import create_engine
from shared.limits import defaults
from shared.migrate import migrate
from tests.infrastructure.postgres import NewDatabase

ONE = UUID("11111111-1111-4111-8111-111111111111")
LONG_AGO = datetime(2026, 1, 5, 9, tzinfo=UTC)
A_VISIT = """
insert into place_hub (code, name, organisation) values ('calder', 'Calder', :one);
insert into referral_case (id, organisation, client_id, service_request, hub, priority,
 coded_by_sender, version, created, updated)
 values (:one, :one, 'ehr', 'sr', 'calder', 'routine', false, 1, :at, :at);
insert into case_task (id, "case", kind, service_request, status, business, created, updated)
 values (:task, :one, 'provider', 'sr', 'accepted', 'selected', :at, :at);
insert into first_visit (task, "case", appointment, starts, ends, status, set_by, changed)
 values (:task, :one, 'a', :at, :at, 'booked', 'x', :at)
"""


@pytest.fixture
def databases(database: NewDatabase) -> Iterator[Databases]:
    engines: dict[str, Engine] = {}
    for service in ("referrals", "notifications", "providers"):
        url = database()
        migrate(service, url)
        engines[service] = create_engine(url, pool_size=2, application_name="tests")
    yield Databases(engines, datetime.now(UTC) - timedelta(hours=1))
    for each in engines.values():
        each.dispose()


def run(databases: Databases, service: str, statement: str, **values: object) -> None:
    with databases[service].begin() as connection:
        connection.execute(text(statement), values)


def test_limits_that_a_hub_has_changed(databases: Databases):
    run(
        databases, "referrals",
        "insert into place_hub (code, name, organisation) values ('calder', 'Calder', :one)",
        one=ONE,
    )  # fmt: skip
    said = defaults().model_dump_json().replace('"nudge":3', '"nudge":4')
    run(
        databases, "referrals",
        "insert into hub_limits (hub, number, limits, why, said_by, said_by_name, said)"
        " values ('calder', 1, cast(:said as jsonb), 'x', 'x', '', :at)",
        said=said, at=LONG_AGO,
    )  # fmt: skip
    (drift,) = pacing.limits(databases)
    assert drift.id == "calder"
    assert "--to notifications.directory --kind limits" in drift.mend
    run(
        databases, "notifications",
        "insert into hub_limits (hub, sequence, limits) values ('calder', '1', cast(:s as jsonb))",
        s=said,
    )  # fmt: skip
    assert list(pacing.limits(databases)) == []
    run(databases, "referrals", "update hub_limits set said = now(), limits = null")
    assert list(pacing.limits(databases)) == [], "it may be on its way"


def test_closing_days_of_a_provider(databases: Databases):
    run(
        databases, "providers",
        "insert into organization (id, name, description, version, last_modified)"
        " values (:one, 'Choir', '', 1, :at)",
        one=ONE, at=LONG_AGO,
    )  # fmt: skip
    assert list(pacing.closed(databases)) == []
    run(
        databases, "providers",
        "insert into closing (id, organization_id, starts, ends, every_year, why, said_by, said)"
        " values (:one, :one, '2026-12-22', '2027-01-04', true, 'Christmas', 'x', :at)",
        one=ONE, at=LONG_AGO,
    )  # fmt: skip
    (drift,) = pacing.closed(databases)
    assert (drift.id, "--kind organizations" in drift.mend) == (str(ONE), True)
    days = (
        '[{"starts": "2026-12-22", "ends": "2027-01-04", "every_year": true, "why": "Christmas"}]'
    )
    run(
        databases, "notifications",
        "insert into closed_party (party, sequence, closed) values (:one, '1', cast(:d as jsonb))",
        one=str(ONE), d=days,
    )  # fmt: skip
    assert list(pacing.closed(databases)) == []


def test_first_visits(databases: Databases):
    for statement in A_VISIT.split(";"):
        run(databases, "referrals", statement, **_named(statement))
    (drift,) = pacing.visits(databases)
    assert drift.id == str(ONE)
    copied = (
        "insert into first_meeting (task, \"case\", starts, sequence) values (:one, :one, :at, '1')"
    )
    run(databases, "notifications", copied, **_named(copied))
    assert list(pacing.visits(databases)) == []
    run(databases, "notifications", "update first_meeting set starts = now()")
    assert len(list(pacing.visits(databases))) == 1
    run(databases, "referrals", "update first_visit set status = 'cancelled'")
    assert list(pacing.visits(databases)) == []


def _named(statement: str) -> dict[str, object]:
    values = {"one": ONE, "task": str(ONE), "at": LONG_AGO}
    return {name: value for name, value in values.items() if f":{name}" in statement}
