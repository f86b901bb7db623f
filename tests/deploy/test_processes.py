"""The loop as separate processes: docker-compose.yml's own commands, three replicas of each."""

import psycopg
import pytest

from deploy.databases import in_database
from tests.infrastructure.absent import Absent, give_up
from tests.infrastructure.nursery import Nursery, nursery
from tests.infrastructure.postgres import PostgresServer
from tests.infrastructure.processes import Launch, Processes, launch

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def launching(nursery: Nursery) -> Launch:
    """The first of each command starts as an operator starts it; the others spare the imports."""
    begun = set()

    def start(arguments, environment, log):
        command = tuple(arguments[:2])
        if command in begun:
            return nursery.launch(arguments, environment, log)
        begun.add(command)
        return launch(arguments, environment, log)

    return start


@pytest.fixture(scope="module")
def processes(own_rabbitmq, tmp_path_factory):
    """All processes, on a PostgreSQL of their own: 15 where there is one, the oldest we allow."""
    try:
        server = PostgresServer.start("pg15")
    except Absent:
        try:
            server = PostgresServer.start("embedded")
        except Absent as absent:
            give_up(absent)
    try:
        folder = tmp_path_factory.mktemp("processes")
        with (
            nursery() as spare,
            _with_demo(
                Processes(server, own_rabbitmq, folder, launch=launching(spare))
            ).up() as running,
        ):
            yield running
    finally:
        server.close()


def _with_demo(made: Processes) -> Processes:
    """Loaded before anything runs, as the operator's guide says."""
    made.set_up()
    loaded = made.kersey("demo", "load")
    assert loaded.returncode == 0, loaded.stderr
    return made


def test_the_whole_loop_runs_over_separate_processes(processes):
    mails = processes.folder / "mail"
    played = processes.kersey("demo", "journey", "--url", processes.url, "--mails", str(mails))
    assert played.returncode == 0, played.stdout + played.stderr
    assert "The loop is closed" in played.stdout


def test_three_of_each_are_ready(processes):
    assert {name: len(processes.of(name)) for name in processes.names} == dict.fromkeys(
        processes.names, 3
    )
    assert all(each.ready for each in processes.running)


@pytest.mark.parametrize("service", ["providers", "referrals", "notifications"])
def test_one_relay_leads_and_the_outbox_is_empty(processes, service):
    with psycopg.connect(in_database(processes.postgres.url, f"kersey_{service}")) as connection:
        leaders = connection.execute(
            "SELECT count(*) FROM lease WHERE name LIKE '%relay%' AND until > now()"
        ).fetchone()
        waiting = connection.execute(
            "SELECT count(*) FROM outbox WHERE published_at IS NULL"
        ).fetchone()
    assert leaders == (1,)
    assert waiting == (0,)


def test_nothing_is_dead(processes):
    listed = processes.kersey("dead-letters", "list")
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout == "no dead letters\n"


def test_the_broker_is_as_the_services_expect(processes):
    checked = processes.kersey("broker", "check")
    assert checked.returncode == 0, checked.stderr
    assert "notifications.cases: ready" in checked.stdout


def test_the_set_up_may_run_again_beside_running_services(processes):
    processes.set_up()
    assert all(each.ready for each in processes.running)


def test_a_replica_that_is_killed_is_not_missed(processes):
    victim = processes.of("referrals")[0]
    victim.kill()
    played = processes.kersey("demo", "journey", "--url", processes.url, "--no-listen")
    assert played.returncode == 0, played.stdout + played.stderr
    processes.wait_until_ready([processes.restart(victim)])


def test_no_service_can_open_the_database_of_another(processes):
    url = processes.environment("providers")["KERSEY_DATABASE_URL"]
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(in_database(url, "kersey_referrals"))
