"""`kersey run`: everything in one process, started, stopped, killed and started again."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from base64 import urlsafe_b64decode
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from deploy.data_folder import DataFolder
from deploy.demo_data import demo_clients
from deploy.demo_tokens import access_token
from deploy.embedded_postgres import running_url
from deploy.engines import opened
from deploy.postgres_cluster import free_port
from services.identity.clients import load_clients
from tests.deploy.test_services import MOST_CONNECTIONS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

KERSEY = Path(sys.executable).with_name("kersey")
READY_WITHIN = 120.0


class Run:
    """A `kersey run` without demo data."""

    def __init__(self, data, port):
        self.data = data
        self.url = f"http://127.0.0.1:{port}"
        self.log = data.parent / "run.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [KERSEY, "run", "--no-demo", "--port", str(port), "--data", str(data)],
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait(self):
        deadline = time.monotonic() + READY_WITHIN
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if httpx.get(f"{self.url}/health/ready", timeout=5).is_success:
                    return self
            except httpx.HTTPError:
                pass
            time.sleep(0.2)
        pytest.fail(f"not ready: {self.log.read_text()[-3000:]}")

    def database(self, service):
        return running_url(DataFolder(self.data, ""), f"kersey_{service}")

    def end(self, number):
        self.process.send_signal(number)
        return self.process.wait(60)

    def servers(self):
        """Database servers that run on this data."""
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if f"-D{self.data}/postgres" in (process.info["cmdline"] or [])
        ]


@pytest.fixture(scope="module")
def home():
    """A folder that the embedded server's account may pass through, unlike pytest's own."""
    home = Path(tempfile.mkdtemp(prefix="kersey-run-"))
    home.chmod(0o711)
    yield home
    shutil.rmtree(home)


@pytest.fixture(scope="module")
def port():
    return free_port()


@contextmanager
def started(home, port):
    run = Run(home / "data", port)
    try:
        yield run.wait()
    finally:
        if run.process.poll() is None:
            run.end(signal.SIGINT)


@pytest.fixture(scope="module")
def run(home, port):
    with started(home, port) as run:
        with opened(run.database("identity"), 1, "test") as engine:
            load_clients(engine, demo_clients())
        yield run


def kersey(*words, **environment):
    return subprocess.run(
        [KERSEY, *words],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=240,
    )


def test_it_says_where_everything_is(run):
    said = run.log.read_text()
    assert f"Kersey is ready: {run.url}" in said
    assert str(run.data) in said


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/fhir/metadata",
        "/directory/services",
        "/identity/jwks.json",
        "/health/live",
        "/metrics",
    ],
)
def test_every_address_answers(run, path):
    assert httpx.get(f"{run.url}{path}", timeout=60).status_code == 200


def test_every_worker_of_every_service_is_alive(run):
    answer = httpx.get(f"{run.url}/health/ready", timeout=60).json()
    assert answer["failing"] == {}
    assert answer["services"] == ["identity", "providers", "referrals", "notifications", "portal"]
    threads = psutil.Process(run.process.pid).num_threads()
    assert threads > len(answer["services"]), "the workers are threads of the process"


@pytest.mark.parametrize(
    "words",
    [("--scope", "cases", "--scope", "system/Task.u"), ("--scope", "cases system/Task.u")],
    ids=["repeated", "with a space"],
)
def test_a_token_has_every_scope_that_was_asked_for(run, words):
    told = kersey("token", "--as", "link-worker", *words, KERSEY_PUBLIC_URL=run.url)
    assert told.returncode == 0, told.stderr
    payload = told.stdout.split(".")[1]
    claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert set(claims["scope"].split()) == {"cases", "system/Task.u"}


def test_a_second_one_on_the_same_data_is_refused_in_words(run):
    second = kersey("run", "--port", str(free_port()), "--data", str(run.data))
    assert second.returncode == 1
    assert f"another Kersey already runs on {run.data}" in second.stderr
    assert run.url in second.stderr
    assert "Traceback" not in second.stderr


def test_a_taken_port_is_told_before_anything_is_started(run, tmp_path):
    second = kersey("run", "--port", run.url.rpartition(":")[2], "--data", str(tmp_path / "data"))
    assert second.returncode == 1
    assert "PORT=8001" in second.stderr
    assert not (tmp_path / "data").exists()


def test_dead_letters_are_asked_of_the_running_one(run):
    listed = kersey("dead-letters", "list", KERSEY_DATA_DIR=str(run.data))
    assert (listed.returncode, listed.stdout) == (0, "no dead letters\n")


def test_no_more_connections_than_planned_even_under_load(run):
    """What the README's table promises: the pools, the broker's and nothing beside them."""
    token = access_token(run.url, "fhir-client")
    headers = {"Authorization": f"Bearer {token}"}
    most = 0
    over = threading.Event()

    def ask():
        with httpx.Client(base_url=run.url, headers=headers, timeout=60) as client:
            while not over.is_set():
                client.post("/fhir/Patient", json={"resourceType": "Patient"})
                client.get("/fhir/Task", params={"_count": 1})
                client.get("/directory/services")

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    try:
        with psycopg.connect(run.database("identity"), autocommit=True) as connection:
            for _ in range(50):
                counted = connection.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'kersey %'"
                ).fetchone()
                assert counted is not None
                most = max(most, counted[0])
                time.sleep(0.1)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert 5 < most <= MOST_CONNECTIONS


def test_kill_9_loses_nothing_and_ctrl_c_leaves_nothing_behind(run, home, port):
    headers = {"Authorization": f"Bearer {access_token(run.url, 'fhir-client')}"}
    kept = [
        httpx.post(
            f"{run.url}/fhir/Patient", json={"resourceType": "Patient"}, headers=headers, timeout=60
        )
        for _ in range(5)
    ]
    assert {answer.status_code for answer in kept} == {201}
    assert run.end(signal.SIGKILL) == -signal.SIGKILL
    assert run.servers(), "a kill leaves the database to the next start"

    with started(home, port) as again:
        headers = {"Authorization": f"Bearer {access_token(again.url, 'fhir-client')}"}
        for answer in kept:
            address = f"{again.url}{httpx.URL(answer.headers['location']).path}"
            assert httpx.get(address, headers=headers, timeout=60).status_code == 200
        assert len(again.servers()) >= 1
        assert again.end(signal.SIGINT) == 0
        assert "stopped; the data is kept" in again.log.read_text()
        assert again.servers() == []


def test_sigterm_ends_it_as_well(home, port):
    with started(home, port) as run:
        assert run.end(signal.SIGTERM) == 0
        assert run.servers() == []


def test_ctrl_c_while_it_starts_says_where_the_data_is(home, port):
    before = Run(home / "data", port)
    deadline = time.monotonic() + READY_WITHIN
    while not before.servers() and time.monotonic() < deadline:
        time.sleep(0.05)

    assert before.end(signal.SIGINT) == 130
    said = " ".join(before.log.read_text().split())
    assert f"stopped before it was done; the data is kept in {home / 'data'}" in said
    assert before.servers() == []


def test_production_refuses_what_is_for_trying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from deploy.production import NotInProduction, refuse_production
    from deploy.settings import OperatorSettings

    monkeypatch.setenv("KERSEY_ENVIRONMENT", "production")

    with pytest.raises(NotInProduction, match="its sign-ins are public knowledge"):
        refuse_production(OperatorSettings(), "kersey run")
