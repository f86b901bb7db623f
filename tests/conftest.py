"""What the tests may ask for by name; everything real is brought up once per run, when first asked."""

from collections.abc import Iterator

import pytest

from tests.infrastructure.absent import Absent, give_up
from tests.infrastructure.postgres import EVERY, NewDatabase, PostgresServer


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test marked `every_postgres` once on each server."""
    if metafunc.definition.get_closest_marker("every_postgres"):
        metafunc.parametrize("postgres_server", EVERY, indirect=True, scope="session")


@pytest.fixture(scope="session")
def postgres_servers() -> Iterator[dict[str, PostgresServer | Absent]]:
    """The servers started so far, by name; they stay up until the run ends."""
    started: dict[str, PostgresServer | Absent] = {}
    yield started
    for server in started.values():
        if isinstance(server, PostgresServer):
            server.close()


@pytest.fixture(scope="session")
def postgres_server(
    request: pytest.FixtureRequest, postgres_servers: dict[str, PostgresServer | Absent]
) -> PostgresServer:
    """The embedded PostgreSQL, or in turn each one for a test marked `every_postgres`."""
    name = getattr(request, "param", "embedded")
    if name not in postgres_servers:
        try:
            postgres_servers[name] = PostgresServer.start(name)
        except Absent as absent:
            postgres_servers[name] = absent
    server = postgres_servers[name]
    if isinstance(server, Absent):
        give_up(server)
    return server


@pytest.fixture(scope="session")
def postgres(postgres_server: PostgresServer) -> str:
    """URL of an administrator of the test server."""
    return postgres_server.url


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[NewDatabase]:
    """`database()` answers the URL of a fresh database; all of a test's are dropped after it.

    See tests/infrastructure/postgres.py for `template` and `prepare`.
    """
    with postgres_server.databases() as new:
        yield new


@pytest.fixture(scope="module")
def module_database(postgres_server: PostgresServer) -> Iterator[NewDatabase]:
    """Like `database`, for fixtures that live as long as their module."""
    with postgres_server.databases() as new:
        yield new
