import os
import subprocess
import sys

import psutil
import pytest

from tests.infrastructure.homes import OWNER, sweep

SERVER = """
import signal, sys, time
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
print("up", flush=True)
time.sleep(60)
"""


@pytest.fixture
def serving(tmp_path):
    home = tmp_path / "kersey-test-server-1"
    home.mkdir()
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER, f"-D{home}/data"], stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    server.stdout.readline()
    yield home, server
    server.kill()
    server.communicate()


def test_what_a_killed_run_left_is_ended_and_removed(serving, tmp_path):
    home, server = serving
    (home / OWNER).write_text(f"{os.getpid()} 1.0")  # our number, another process's start
    assert sweep(tmp_path) == [home]
    assert server.wait(10) < 0
    assert not home.exists()


def test_what_a_living_run_uses_is_left_alone(serving, tmp_path):
    home, server = serving
    (home / OWNER).write_text(f"{os.getpid()} {psutil.Process().create_time()}")
    assert sweep(tmp_path) == []
    assert server.poll() is None
    assert home.exists()


def test_folders_of_others_are_left_alone(tmp_path):
    (tmp_path / "kersey-test-half-made").mkdir()
    (tmp_path / "other").mkdir()
    assert sweep(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 2
