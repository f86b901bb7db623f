"""Scripts that use a JavaScript client step by step, run once each and reported test by test."""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.clients.fetch import HOME, node
from tests.infrastructure.absent import Absent, give_up

_STEP = re.compile(r"^test\('([^']+)'", re.MULTILINE)


def installed() -> str:
    """The path of a Node beside which the packages are installed; skips where they are not."""
    if not (HOME / "node_modules" / ".made").exists():
        give_up(Absent("the JavaScript clients are not installed: make test fetches them"))
    return node()


def steps(script: str) -> list[str]:
    """The names of the script's tests, as they stand in its text."""
    found = _STEP.findall((HOME / script).read_text("utf-8"))
    assert found, f"{script} has no tests"
    return found


@dataclass(frozen=True)
class Ran:
    """A script that has run.

    Attributes:
        failures: what went wrong, by the step's name; None where nothing did.
        said: all that it printed beside.
    """

    failures: dict[str, str | None]
    said: str

    def check(self, step: str) -> None:
        """Fail as the step did.

        Raises:
            AssertionError: it failed, or never ran.
        """
        assert step in self.failures, f"it never ran:\n{self.said[-3000:]}"
        failure = self.failures[step]
        if failure is not None:
            pytest.fail(failure, pytrace=False)


def run(script: str, report: Path, **environment: str) -> Ran:
    """Run all steps of a script in one process.

    Args:
        script: its file name here.
        report: where its report is written.
        environment: variables that it reads.
    """
    done = subprocess.run(
        [
            installed(),
            "--test-reporter=junit",
            f"--test-reporter-destination={report}",
            str(HOME / script),
        ],
        cwd=HOME,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    failures: dict[str, str | None] = {}
    if report.exists() and report.stat().st_size:
        for case in ET.parse(report).iter("testcase"):
            failure = case.find("failure")
            told = None if failure is None else (failure.text or failure.get("message", ""))
            failures[case.get("name", "")] = told
    return Ran(failures, done.stdout + done.stderr)
