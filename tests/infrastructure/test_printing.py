"""What other threads print ends no run, whatever pytest does with what it captured meanwhile."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TALKING = """
import threading, logging
import pytest, structlog

@pytest.fixture(scope="module", autouse=True)
def others():
    over = threading.Event()
    log, server = structlog.get_logger("tests"), logging.getLogger("uvicorn.error")
    def talk(say):
        while not over.is_set():
            say("said " + "x" * 300)
    says = [log.info, log.info, log.info, server.error]
    threads = [threading.Thread(target=talk, args=(say,)) for say in says]
    for each in threads:
        each.start()
    yield
    over.set()
    for each in threads:
        each.join()

@pytest.mark.parametrize("number", range(200))
def test_something(capfd, caplog, number):
    capfd.readouterr()
"""
OURS = """
from tests.infrastructure.printing import print_past_python
print_past_python()
"""


@pytest.mark.timeout(300)
def test_threads_may_print_while_tests_come_and_go(tmp_path: Path):
    (tmp_path / "conftest.py").write_text(OURS)
    (tmp_path / "test_talking.py").write_text(TALKING)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        check=False,
        capture_output=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        timeout=280,
    )
    assert run.returncode == 0, run.stderr[-2000:]
