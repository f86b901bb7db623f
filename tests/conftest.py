"""What the tests may ask for by name; real parts are brought up once per run, when first asked."""

import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from xdist.remote import Producer
from xdist.workermanage import WorkerController

from deploy.postgres_cluster import free_port
from tests.infrastructure import chromium, leaks, midnight, spreading
from tests.infrastructure import rabbitmq as rabbit
from tests.infrastructure.absent import Absent, give_up
from tests.infrastructure.homes import sweep
from tests.infrastructure.postgres import EVERY, NewDatabase, PostgresServer
from tests.infrastructure.printing import print_past_python
from tests.infrastructure.rabbitmq_node import PrivateNode, RabbitServer
from tests.infrastructure.running import Running, start, stop

RABBITMQ = pytest.StashKey[PrivateNode | None]()
"""The broker of a run that is spread over workers, with the process that spreads it."""


def pytest_configure() -> None:
    """See tests/infrastructure/printing.py. No example is timed: what else runs decides how long
    it takes."""
    print_past_python()
    settings.register_profile("kersey", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("kersey")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Once, before the run is spread over the cores: end what a killed run left behind, and begin
    the broker of all workers."""
    if not hasattr(session.config, "workerinput"):
        sweep()
        if session.config.getoption("numprocesses", None):
            session.config.stash[RABBITMQ] = rabbit.begun()
    # A run that is told to end ends like one that is interrupted: what it started, it stops.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End the broker of the workers."""
    node = session.config.stash.get(RABBITMQ, None)
    if node is not None:
        node.close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Tell a worker where the broker of all workers is."""
    shared = node.config.stash.get(RABBITMQ, None)
    if shared is not None:
        node.workerinput["rabbitmq"] = (shared.url, shared.management)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """See tests/infrastructure/spreading.py."""
    return spreading.workers()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> spreading.LongestFirst:
    """See tests/infrastructure/spreading.py."""
    config.option.loadscopereorder = False
    return spreading.LongestFirst(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long is begun first, so that nobody waits for it alone at the end."""
    items[:] = spreading.longest_first(items)


def pytest_runtest_setup() -> None:
    """See tests/infrastructure/leaks.py and tests/infrastructure/midnight.py."""
    midnight.wait_past()
    leaks.watch()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """A test that had somebody's name written where none may be fails: see `leaks`."""
    found = leaks.take()
    if found:
        pytest.fail("\n".join(["somebody is told of:", *found[:10]]), pytrace=False)


_RANDOM_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
"""RFC 9562, version 4."""


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes, fractions and texts with a random id by their argument: what is in them (a time,
    say) may differ from core to core, and then the cores do not know the same tests."""
    differs = isinstance(val, bytes | float) or (isinstance(val, str) and _RANDOM_ID.search(val))
    return argname if differs else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test marked `every_postgres` once on each server."""
    if metafunc.definition.get_closest_marker("every_postgres"):
        metafunc.parametrize("postgres_server", EVERY, indirect=True, scope="session")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests counted (see `figures`), on however many cores they ran."""
    said = [
        (report.nodeid.partition("::")[0], str(value))
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport) and report.when == "call"
        for name, value in report.user_properties
        if name == FIGURES
    ]
    if said:
        terminalreporter.section("figures")
        for file, text in sorted(said):
            terminalreporter.line(f"{file}: {text}")


FIGURES = "figures"


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """`figures("what: so many")` has a line printed at the end of the run."""
    return lambda text: record_property(FIGURES, text)


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


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A Kersey with demo data, for the whole run; see `TOGETHER` in infrastructure/spreading.py."""
    started = start(tmp_path_factory.mktemp("kersey") / "data", free_port())
    yield started
    stop(started)


@pytest.fixture(scope="session")
def rabbitmq_server(pytestconfig: pytest.Config) -> Iterator[RabbitServer]:
    """A RabbitMQ, found or brought up; its `new_vhost()` answers the URL of an empty vhost."""
    shared = getattr(pytestconfig, "workerinput", {}).get("rabbitmq")
    try:
        server = rabbit.joined(*shared) if shared else rabbit.find()
    except Absent as absent:
        give_up(absent)
    yield server
    server.close()


@pytest.fixture(scope="session")
def rabbitmq(rabbitmq_server: RabbitServer) -> str:
    """AMQP URL of a vhost that this run has for itself."""
    return rabbitmq_server.url


@pytest.fixture(scope="session")
def own_rabbitmq() -> Iterator[RabbitServer]:
    """A RabbitMQ with a management API that tests may stop, start and administer."""
    try:
        server = rabbit.own()
    except Absent as absent:
        give_up(absent)
    yield server
    server.close()


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """A Chromium that starts; launch it with tests.infrastructure.chromium.FLAGS."""
    try:
        return chromium.find()
    except Absent as absent:
        give_up(absent)


@pytest.fixture
def port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on."""
    return free_port()
