import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from deploy.data_folder import DataFolder
from deploy.embedded_postgres import EmbeddedPostgres
from deploy.postgres_cluster import (
    ROOT_HOME,
    ClusterError,
    PostgresCluster,
    embedded_binaries,
    others_may_enter,
)

SERVER = """
import sys, pathlib
from deploy.data_folder import DataFolder
from deploy.embedded_postgres import EmbeddedPostgres
folder = DataFolder(pathlib.Path(sys.argv[1]), "the first").__enter__()
server = EmbeddedPostgres(folder, ["kersey_one"]).__enter__()
print(server.url("kersey_one"), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home():
    """A folder that any account may pass through, unlike pytest's own."""
    home = Path(tempfile.mkdtemp(prefix="kersey-home-"))
    home.chmod(0o711)
    yield home
    shutil.rmtree(home)


@pytest.fixture
def cluster(home):
    cluster = PostgresCluster(home / "postgres", binaries=embedded_binaries(), password="p")
    yield cluster
    cluster.remove()


def ask(url, statement):
    with psycopg.connect(url) as connection:
        answer = connection.execute(statement)
        return answer.fetchone() if answer.description else None


def test_a_killed_process_loses_nothing_and_the_next_one_starts(home):
    first = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdout is not None
    url = first.stdout.readline().strip()
    ask(url, "CREATE TABLE kept AS SELECT 'Todmorden' AS place")
    first.kill()
    first.communicate()
    with (
        DataFolder(home, "the second") as folder,
        EmbeddedPostgres(folder, ["kersey_one"]) as again,
    ):
        assert ask(again.url("kersey_one"), "SELECT place FROM kept") == ("Todmorden",)
    assert not [
        process
        for process in psutil.process_iter(["cmdline"])
        if f"-D{home}/postgres" in (process.info["cmdline"] or [])
    ]


def test_a_crash_of_the_server_itself_is_recovered(cluster):
    url = cluster.start()
    ask(url, "CREATE TABLE kept AS SELECT 1 AS one")
    os.kill(int((cluster.folder / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    deadline = time.monotonic() + 60
    while cluster.running() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert ask(cluster.start(), "SELECT one FROM kept") == (1,)


def test_a_process_number_that_was_handed_out_again_does_not_stop_the_start(cluster):
    cluster.start()
    cluster.stop()
    stranger = os.getpid()
    (cluster.folder / "postmaster.pid").write_text(f"{stranger}\n{cluster.folder}\n")
    assert ask(cluster.start(), "SELECT 1") == (1,)


def test_an_interrupted_first_start_is_begun_again(cluster, home):
    (home / "postgres.making").mkdir()
    (home / "postgres.making" / "PG_VERSION").write_text("18")
    assert ask(cluster.start(), "SELECT 1") == (1,)


def test_data_of_another_version_is_refused_in_words(cluster):
    cluster.start()
    cluster.stop()
    version = cluster.folder / "PG_VERSION"
    version.write_text("14\n")
    with pytest.raises(ClusterError, match=r"written by PostgreSQL 14.*KERSEY_DATA_DIR"):
        cluster.start()


def test_a_server_that_will_not_start_shows_its_own_words(home):
    cluster = PostgresCluster(
        home / "postgres",
        binaries=embedded_binaries(),
        password="p",
        options={"shared_buffers": "many"},
    )
    with pytest.raises(ClusterError, match="shared_buffers"):
        cluster.start()
    cluster.remove()


def test_an_address_is_known_only_after_the_start(cluster):
    with pytest.raises(ClusterError, match="not been started"):
        _ = cluster.url


def test_stopping_twice_is_harmless(cluster):
    cluster.start()
    assert cluster.running()
    cluster.stop()
    cluster.stop()
    assert not cluster.running()


def test_nobody_gets_in_without_the_password(cluster):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(cluster.start().replace(":p@", ":guess@"))


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to change its account")


@needs_root
def test_root_leaves_closed_folders_closed(tmp_path):
    """pytest's own folders, like /root, are closed to the account that the server runs as."""
    assert not others_may_enter(tmp_path / "postgres")
    before = tmp_path.stat().st_mode
    cluster = PostgresCluster(tmp_path / "postgres", binaries=embedded_binaries(), password="p")
    try:
        assert ask(cluster.start(), "SELECT 1") == (1,)
        assert ROOT_HOME in cluster.folder.parents
        assert tmp_path.stat().st_mode == before
    finally:
        cluster.remove()


@needs_root
def test_root_copies_binaries_that_the_servers_account_cannot_reach(home, tmp_path, monkeypatch):
    site = tmp_path / "site"
    package = embedded_binaries().parent.parent
    shutil.copytree(package, site / package.name)
    libraries = package.with_name(package.name + ".libs")
    if libraries.exists():
        shutil.copytree(libraries, site / libraries.name)
    monkeypatch.setattr("deploy.postgres_cluster.ROOT_HOME", home / "var")
    (home / "var").mkdir(mode=0o711)
    cluster = PostgresCluster(
        home / "postgres", binaries=site / package.name / "pginstall" / "bin", password="p"
    )
    try:
        assert ask(cluster.start(), "SELECT 1") == (1,)
        command = psutil.Process(
            int((cluster.folder / "postmaster.pid").read_text().split()[0])
        ).exe()
        assert command.startswith(str(home / "var"))
    finally:
        cluster.remove()


@needs_root
def test_an_ordinary_account_starts_it_just_as_well(home):
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    # A fork keeps the modules loaded: the account may not be able to read this Python's folder.
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            with DataFolder(home, "") as folder, EmbeddedPostgres(folder, ["kersey_one"]) as server:
                assert ask(server.url("kersey_one"), "SELECT 1") == (1,)
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert (home / "postgres").stat().st_uid == nobody.pw_uid
