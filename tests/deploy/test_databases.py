import psycopg
import pytest

from deploy.databases import (
    DatabaseSetupError,
    ServiceDatabase,
    create_databases,
    create_extensions,
    in_database,
)

SERVICES = [
    ServiceDatabase("kersey_one", "first-password"),
    ServiceDatabase("kersey_two", "pass:word@2/ü"),
]


@pytest.fixture
def created(postgres):
    yield create_databases(postgres, SERVICES)
    with psycopg.connect(postgres, autocommit=True) as admin:
        for service in SERVICES:
            admin.execute(f"DROP DATABASE IF EXISTS {service.name} WITH (FORCE)")
            admin.execute(f"DROP ROLE IF EXISTS {service.name}")


@pytest.mark.every_postgres
def test_each_role_owns_its_database(created):
    for url in created.values():
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE made (name text)")
            connection.execute("CREATE INDEX ON made USING gin (name gin_trgm_ops)")


@pytest.mark.every_postgres
def test_no_role_can_open_another_services_database(created):
    theirs = in_database(created["kersey_one"], "kersey_two")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(theirs)


@pytest.mark.every_postgres
def test_passwords_are_kept_as_scram_verifiers(created, postgres):
    with psycopg.connect(postgres) as admin:
        kept = admin.execute(
            "SELECT rolpassword, rolsuper, rolcreatedb, rolcreaterole FROM pg_authid"
            " WHERE rolname LIKE 'kersey_one'"
        ).fetchone()
    assert kept is not None
    assert kept[0].startswith("SCRAM-SHA-256$")
    assert kept[1:] == (False, False, False)


@pytest.mark.every_postgres
def test_a_second_run_keeps_the_data_and_takes_the_new_password(created, postgres):
    with psycopg.connect(created["kersey_one"]) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    again = create_databases(postgres, [ServiceDatabase("kersey_one", "changed")])
    with psycopg.connect(again["kersey_one"]) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(created["kersey_one"])


def test_an_extension_that_the_server_lacks_is_told_with_its_package(database):
    with pytest.raises(DatabaseSetupError, match="postgresql-contrib"):
        create_extensions(database(), ["no_such_extension"])


def test_an_administrator_without_superuser_rights_is_enough(postgres):
    """As on managed servers, where nobody is a superuser."""
    with psycopg.connect(postgres, autocommit=True) as admin:
        admin.execute("CREATE ROLE managed LOGIN CREATEDB CREATEROLE PASSWORD 'managed'")
        managed = postgres.replace(postgres.split("@")[0], "postgresql://managed:managed")
        try:
            urls = create_databases(managed, [ServiceDatabase("kersey_managed", "secret")])
            with psycopg.connect(urls["kersey_managed"]) as connection:
                connection.execute("CREATE TABLE made (id int)")
            create_databases(managed, [ServiceDatabase("kersey_managed", "secret")])
        finally:
            admin.execute("DROP DATABASE IF EXISTS kersey_managed WITH (FORCE)")
            admin.execute("DROP ROLE IF EXISTS kersey_managed")
            admin.execute("DROP ROLE managed")
