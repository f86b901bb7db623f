"""A copied data folder: by the runbook's command it goes on, by another it says why it cannot."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from deploy.data_folder import DataFolder
from deploy.embedded_postgres import EmbeddedPostgres
from deploy.postgres_cluster import ClusterError
from tests.infrastructure.homes import new_home
from tests.recovery.house import blocks


@contextmanager
def opened(path: Path) -> Iterator[psycopg.Connection]:
    """The database of a data folder, which is started and stopped for it."""
    with (
        DataFolder(path, "") as folder,
        EmbeddedPostgres(folder, ["kersey_one"]) as house,
        psycopg.connect(house.url("kersey_one")) as connection,
    ):
        yield connection


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder in which a data folder was used, and stopped: `data`."""
    home = new_home("copied")
    with opened(home / "data") as connection:
        connection.execute("create table kept as select 7 as n")
    yield home
    shutil.rmtree(home)


def test_the_runbooks_copy_goes_on_from_there(home: Path) -> None:
    (copy,) = [each for each in blocks("Backing up") if each.startswith("cp ")]
    backup = home / "backup"
    backup.mkdir(mode=0o711)
    told = os.environ | {"KERSEY_DATA_DIR": str(home / "data"), "BACKUP": str(backup)}

    subprocess.run(["bash", "-euc", copy], env=told, check=True)

    with opened(backup / "data") as connection:
        assert connection.execute("select n from kept").fetchone() == (7,)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's copy belongs to another account")
def test_a_copy_that_lost_its_owner_says_what_to_do(home: Path) -> None:
    subprocess.run(["cp", "-r", home / "data", home / "plain"], check=True)

    told = r"belongs to root, and PostgreSQL runs as nobody here.*`cp -a`"
    with pytest.raises(ClusterError, match=told), opened(home / "plain"):
        pass
