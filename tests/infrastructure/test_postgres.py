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


def test_a_database_that_a_test_changed_is_dropped_after_it(postgres_server):
    with postgres_server.databases() as new:
        url = new()
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE kept (id int)")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url)


def places(url):
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE place (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text,"
            " short text GENERATED ALWAYS AS (left(name, 3)) STORED, within int REFERENCES place)"
        )
        connection.execute("INSERT INTO place (name, within) VALUES ('Calderdale', NULL)")
        connection.execute("INSERT INTO place (name, within) VALUES ('Halifax', 1)")


def rows(url):
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT * FROM place ORDER BY id").fetchall()


@pytest.mark.every_postgres
def test_a_used_database_is_given_out_again_as_good_as_new(postgres_server):
    with postgres_server.databases() as new:
        url = new("places", places)
        with psycopg.connect(url) as connection:
            connection.execute("DELETE FROM place WHERE within IS NOT NULL")
            connection.execute("UPDATE place SET name = 'Elsewhere'")
            connection.execute("INSERT INTO place (name) VALUES ('Hebden Bridge')")
        left_open = psycopg.connect(url)
        left_open.execute("SELECT FROM place FOR UPDATE")
    with postgres_server.databases() as new:
        again, other = new("places", places), new("places", places)
        assert again == url
        assert other != url
        assert (
            rows(again) == rows(other) == [(1, "Calderdale", "Cal", None), (2, "Halifax", "Hal", 1)]
        )
        with psycopg.connect(again) as connection:
            added = connection.execute("INSERT INTO place (name) VALUES ('x') RETURNING id")
            assert added.fetchone() == (3,)
    with left_open, pytest.raises(psycopg.OperationalError):
        left_open.execute("SELECT 1")


@pytest.mark.every_postgres
@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE place ADD COLUMN more int",
        "ALTER TABLE place ADD CONSTRAINT few CHECK (id < 9)",
        "CREATE INDEX ON place (name)",
        "DROP TABLE place",
        "CREATE SCHEMA more",
        "GRANT SELECT ON place TO PUBLIC",
        "ALTER TABLE place ALTER COLUMN name SET DEFAULT 'x'",
        "ALTER TABLE place ENABLE ROW LEVEL SECURITY",
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "DROP EXTENSION pg_trgm",
        "INSERT INTO place (name) SELECT repeat('x', 90) FROM generate_series(1, 200000)",
    ],
)
def test_what_washing_would_not_undo_is_not_given_out_again(postgres_server, change):
    with postgres_server.databases() as new:
        url = new("places", places)
        with psycopg.connect(url) as connection:
            connection.execute(change)
    with postgres_server.databases() as new:
        assert new("places", places) != url


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
    with pytest.raises(AssertionError, match="two states of one name"):
        database("test_template", places)
    assert len(prepared) == 1
