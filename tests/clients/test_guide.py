"""The programs of the guide to client libraries, taken out of it and run as it says."""

import json
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from tests.clients.fetch import HOME
from tests.clients.scripts import installed
from tests.infrastructure.running import KERSEY, Running

pytestmark = pytest.mark.timeout(400)  # whichever comes first starts Kersey

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
_BLOCK = re.compile(r"^```(?:python|js) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_REFERRAL = re.compile(r"^## Sending a referral\n.*?^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TEXT = (GUIDES / "ehr-clients.md").read_text("utf-8")
PROGRAMS = [name for name, _ in _BLOCK.findall(TEXT) if name.startswith("refer_")]


@dataclass(frozen=True)
class Desk:
    """An integrator's folder, beside a running Kersey."""

    folder: Path
    running: Running

    def run(self, program: str, *arguments: str) -> list[str]:
        """What a program prints, in words."""
        start = [installed()] if program.endswith(".mjs") else [sys.executable]
        done = subprocess.run(
            [*start, program, *arguments],
            cwd=self.folder,
            env=self.running.environment | {"FHIR": f"{self.running.url}/fhir"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr[-2000:]
        return done.stdout.split()

    def write_referral(self) -> None:
        """The guide's referral, as a new one."""
        found = _REFERRAL.search((GUIDES / "ehr-integrator.md").read_text("utf-8"))
        assert found
        (self.folder / "referral.json").write_text(found[1].replace("2026-0001", str(uuid4())))


@pytest.fixture(scope="module")
def desk(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """With the guide's files in it, and registered as the guide says."""
    folder = tmp_path_factory.mktemp("integrator")
    for name, text in _BLOCK.findall(TEXT):
        (folder / name).write_text(text)
    (folder / "node_modules").symlink_to(HOME / "node_modules")
    (setting_up,) = _SHELL.findall(TEXT)
    script = setting_up.replace("http://127.0.0.1:8000", running.url)
    script = script.replace(".venv/bin/kersey", shlex.quote(str(KERSEY)))
    script = script.replace("python3", shlex.quote(sys.executable))
    script = script.replace("curl ", "curl -sS --fail-with-body ")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=running.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((folder / "registered.json").read_text())["client_id"]
    return Desk(folder, running)


@pytest.fixture(scope="module")
def closed(desk: Desk) -> str:
    """The id of a referral for which the others have played their parts."""
    desk.write_referral()
    request, _ = desk.run("refer_fhirpy.py")
    played = desk.running.kersey(
        "demo", "journey", "--request", f"ServiceRequest/{request}", "--no-listen"
    )
    assert played.returncode == 0, played.stdout + played.stderr
    return request


def test_the_others_play_their_parts_once(desk: Desk, closed: str):
    played = desk.running.kersey("demo", "journey", "--request", f"ServiceRequest/{closed}")
    assert played.returncode == 1
    assert "has ended already" in played.stderr


def test_it_has_a_program_for_each_library():
    assert len(PROGRAMS) == 5


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_program_sends_a_referral_and_reads_an_outcome(desk: Desk, closed: str, program: str):
    desk.write_referral()
    request, status = desk.run(program)
    assert (len(request), status) == (36, "requested")
    assert desk.run(program)[0] == request, "a repeat starts nothing"
    assert desk.run(program, closed) == ["completed", "871731000000106"]
