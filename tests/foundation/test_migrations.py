"""A service's schema is what its migrations make, however often and by how many they are run."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from deploy.services import SERVICES
from shared.database import create_engine
from shared.migrate import configuration, migrate, schema_fault
from tests.infrastructure.postgres import NewDatabase

NAMES = [service.name for service in SERVICES]


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    engine = create_engine(url, pool_size=2, application_name="tests")
    try:
        yield engine
    finally:
        engine.dispose()


def tables(url: str) -> set[str]:
    with opened(url) as engine:
        return set(inspect(engine).get_table_names())


@pytest.mark.parametrize("service", NAMES)
def test_an_empty_database_becomes_what_the_code_declares(database: NewDatabase, service: str):
    url = database()
    migrate(service, url)
    command.check(configuration(service, url))  # raises where tables and migrations differ
    with opened(url) as engine:
        assert schema_fault(service, engine) is None


@pytest.mark.parametrize("service", NAMES)
def test_migrating_twice_changes_nothing(database: NewDatabase, service: str):
    url = database()
    migrate(service, url)
    before = tables(url)
    migrate(service, url)
    assert tables(url) == before


def test_replicas_that_migrate_at_once_take_turns(database: NewDatabase):
    url = database()
    program = "import sys; from shared.migrate import migrate; migrate('referrals', sys.argv[1])"
    replicas = [
        subprocess.Popen([sys.executable, "-c", program, url], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for replica in replicas:
        _, told = replica.communicate(timeout=110)
        assert replica.returncode == 0, told
    command.check(configuration("referrals", url))


def test_every_history_has_one_head():
    for service in NAMES:
        scripts = ScriptDirectory.from_config(configuration(service, "postgresql://unused/unused"))
        assert len(scripts.get_heads()) == 1, service


@pytest.mark.parametrize("service", NAMES)
def test_a_database_without_tables_says_what_to_do(database: NewDatabase, service: str):
    with opened(database()) as engine:
        fault = schema_fault(service, engine)
    assert fault == "the database has no tables yet: run `kersey migrate`"


def test_an_older_schema_says_what_to_do(database: NewDatabase):
    url = database()
    migrate("referrals", url)
    with opened(url) as engine:
        with engine.begin() as connection:
            connection.execute(text("update alembic_version set version_num = '0001'"))
        fault = schema_fault("referrals", engine)
    assert fault == "the database is on an older schema: run `kersey migrate`"


def test_a_newer_schema_is_fine(database: NewDatabase):
    """Code N runs on schema N + 1, so that replicas can be replaced one by one."""
    url = database()
    migrate("referrals", url)
    with opened(url) as engine:
        with engine.begin() as connection:
            connection.execute(text("update alembic_version set version_num = '0999'"))
        assert schema_fault("referrals", engine) is None


def test_there_is_no_schema_of_what_is_no_service(database: NewDatabase):
    with pytest.raises(ModuleNotFoundError):
        migrate("weaving", database())


def test_a_migration_leaves_no_lock_behind(database: NewDatabase):
    url = database()
    migrate("identity", url)
    with opened(url) as engine, engine.connect() as connection:
        held = connection.execute(
            text("select count(*) from pg_locks where locktype = 'advisory' and database = "
                 "(select oid from pg_database where datname = current_database())")
        )  # fmt: skip
        assert held.scalar_one() == 0
