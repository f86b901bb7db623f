import psycopg
import pytest


@pytest.mark.every_postgres
def test_a_fresh_database_has_the_extensions_and_nothing_else(database, postgres_server):
    with psycopg.connect(database()) as connection:
        extensions = {name for (name,) in connection.execute("SELECT extname FROM pg_extension")}
        tables = connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone()
        major = connection.info.server_version // 10_000
    assert {"pg_trgm", "unaccent", "btree_gin"} <= extensions
    assert tables == (0,)
    assert major == 15 if postgres_server.name == "pg15" else major >= 18


@pytest.mark.every_postgres
def test_names_sort_by_code_point_and_know_unicode_case(database):
    with psycopg.connect(database()) as connection:
        assert connection.execute("SELECT 'Z' < 'a', lower('ÉLAN')").fetchone() == (True, "élan")


def test_databases_are_dropped_after_their_test(postgres_server):
    with postgres_server.databases() as new:
        url = new()
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept (id int)")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def test_a_template_is_prepared_once_and_cloned(database):
    prepared = []

    def prepare(url):
        prepared.append(url)
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE place (name text)")

    first, second = (database("test_template", prepare) for _ in range(2))
    with psycopg.connect(first) as connection:
        connection.execute("INSERT INTO place VALUES ('Hebden Bridge')")
    with psycopg.connect(second) as connection:
        assert connection.execute("SELECT count(*) FROM place").fetchone() == (0,)
    assert len(prepared) == 1
