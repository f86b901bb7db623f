"""The guide's trial of MESH: a stand-in, a Kersey that sends there, what becomes of two letters."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.postgres_cluster import free_port
from tests.infrastructure.running import KERSEY, Running, start, stop
from tests.journey.documents import GUIDES, blocks, in_folder, section, typed

STAND_IN, OWN_KERSEY, SENDING, LOOKING = blocks(
    "sh", section(GUIDES / "gp-message.md", "### To try it")
)

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]


@pytest.fixture
def port() -> Iterator[int]:
    """Where the stand-in listens, in a process of its own, as in the guide's first terminal."""
    found = free_port()
    command = STAND_IN.replace(".venv/bin/kersey", str(KERSEY)).split()
    serving = subprocess.Popen([*command, "--port", str(found)], stdout=subprocess.DEVNULL)
    yield found
    serving.terminate()
    serving.wait(20)


@pytest.fixture
def sending(
    port: int, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    """A Kersey that has been started with the printed settings, as in the second."""
    first, last = OWN_KERSEY.splitlines()
    assert (first, last) == ("export $(.venv/bin/kersey demo mesh --settings)", "make run")
    command = [str(KERSEY), "demo", "mesh", "--settings", "--port", str(port)]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    for line in printed.stdout.splitlines():
        monkeypatch.setenv(*line.split("=", 1))
    running = start(tmp_path_factory.mktemp("mesh") / "data", free_port())
    yield running
    stop(running)


def test_one_letter_is_accepted_and_the_other_comes_back(
    sending: Running, port: int, tmp_path: Path
) -> None:
    in_folder(tmp_path, number="2026-0001")
    assert "KERSEY_MESH__URL" in os.environ
    script = f"{SENDING}\n{LOOKING}".replace("--settings", f"--settings --port {port}")

    done = typed(script, sending, tmp_path)

    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-4000:]
    assert "ZZK01 closure accepted" in said, said[-2000:]
    assert "ZZK02 closure failed itk-30002" in said, said[-2000:]
