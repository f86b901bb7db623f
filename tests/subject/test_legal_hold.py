"""A legal hold keeps every row that leads to its person, in every table whose time ends.

Which tables those are is the retention declarations' to say: a table that is added to one is tried
here, unless its class says why a hold does not keep it.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy import Connection, Engine, func, insert, select, update

from deploy.engines import opened
from deploy.every_database import referrals_settings
from deploy.services import SERVICES
from deploy.settings import OperatorSettings
from services.referrals.retention import PERSON
from services.referrals.subject.restricting import held_cases
from shared.migrate import migrate
from shared.retention import NO_PATIENT, Expiry, RecordClass, Retention
from tests.house.test_holdings import HOLDINGS, tables
from tests.infrastructure.postgres import NewDatabase
from tests.subject.leading import Whose

RETENTION: Mapping[str, Retention] = {each.name: each.compose().retention for each in SERVICES}
TABLES = {service: tables(service) for service in RETENTION}
KEPT: list[tuple[str, RecordClass, str]] = [
    (service, record, table)
    for service, retention in RETENTION.items()
    for record in retention.records
    if record.length is not None and not record.despite_hold
    for table in record.tables
]
EVERY = [(service, table) for service, _, table in KEPT]


@contextmanager
def numbered(connection: Connection, service: str) -> Iterator[None]:
    """For as long as the block runs, take the key of a document as it is given."""
    how = "alter table document alter pk set generated"
    if service == "referrals":
        connection.exec_driver_sql(f"{how} by default")
    yield
    if service == "referrals":
        connection.exec_driver_sql(f"{how} always")


@dataclass(frozen=True)
class House:
    """All services' databases, in which everything of two persons has been kept long enough."""

    engines: Mapping[str, Engine]
    held: Whose
    other: Whose

    def plant(self) -> None:
        """Write a row about each of them into each table, whatever else it would need beside it."""
        for service, engine in self.engines.items():
            with engine.begin() as connection, numbered(connection, service):
                connection.exec_driver_sql("set local session_replication_role = replica")
                for table in (TABLES[service][name] for of, name in EVERY if of == service):
                    rows = [whose.row(service, table) for whose in (self.held, self.other)]
                    if table.name == "person":
                        # A row in each table is no record that can be erased: theirs is not old.
                        rows[1]["updated"] = datetime.now(UTC)
                    for row in rows:
                        connection.execute(insert(table).values(row))

    def hold(self, *, held: bool = True) -> None:
        person = TABLES["referrals"]["person"]
        mine = update(person).where(person.c.id == self.held.person).values(legal_hold=held)
        with self.engines["referrals"].begin() as connection:
            connection.execute(mine)

    def ends(self, service: str) -> Mapping[str, Expiry]:
        """What ends each class, as `kersey retention` has it."""
        settings = referrals_settings(OperatorSettings())
        cases = partial(held_cases, self.engines["referrals"])
        return RETENTION[service].expiries(settings, self.engines[service], cases)

    def run(self) -> None:
        """As `kersey retention run`, during which somebody places the hold."""
        begun = {service: self.ends(service) for service in RETENTION}
        self.hold()
        for service, retention in RETENTION.items():
            ends = begun[service]
            for record in retention.records:
                if record.length is not None:
                    ends[record.name].run(record.before(), "records manager")

    def left(self, service: str, name: str, whose: Whose) -> int:
        """How many rows of a table lead to somebody."""
        table = TABLES[service][name]
        leads = [table.c[name] == value for name, value in whose.leading(service, table).items()]
        counted = select(func.count()).select_from(table).where(*leads)
        with self.engines[service].connect() as connection:
            return connection.execute(counted).scalar_one()


@pytest.fixture(scope="module")
def house(module_database: NewDatabase) -> Iterator[House]:
    """After `kersey retention run`, with one of the two under a legal hold."""
    with ExitStack() as stack:
        engines = {
            service: stack.enter_context(
                opened(module_database(f"hold_{service}", partial(migrate, service)), 2, "test")
            )
            for service in RETENTION
        }
        house = House(engines, Whose(), Whose())
        house.plant()
        for service, table in EVERY:
            for whose in (house.held, house.other):
                assert house.left(service, table, whose) >= 1, f"nothing was planted in {table}"
        house.run()
        yield house


@pytest.mark.parametrize(("service", "table"), EVERY)
def test_what_leads_to_a_person_under_a_hold_stays(house: House, service: str, table: str):
    assert house.left(service, table, house.held) >= 1


@pytest.mark.parametrize(
    ("service", "table"),
    [(service, table) for service, record, table in KEPT if record.name != PERSON.name],
)
def test_what_leads_to_somebody_else_has_gone(house: House, service: str, table: str):
    assert house.left(service, table, house.other) == 0


def test_a_record_is_due_once_its_hold_is_lifted(house: House):
    assert house.ends("referrals")[PERSON.name].due(PERSON.before()).held == 1
    house.hold(held=False)
    assert house.ends("referrals")[PERSON.name].due(PERSON.before()).rows == 1
    house.hold()


def test_no_table_about_patients_is_said_to_be_about_none():
    of_patients = {(service, each.table.name) for service in HOLDINGS for each in HOLDINGS[service]}
    claimed = [
        f"{service}: {table}"
        for service, retention in RETENTION.items()
        for record in retention.records
        if record.despite_hold == NO_PATIENT
        for table in record.tables
        if (service, table) in of_patients
    ]
    assert claimed == []
