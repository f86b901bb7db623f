"""Files are handed out whole, what takes long first, and what shares a running Kersey together."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.infrastructure.spreading import WORKERS_PER_CORE, longest_first, unit_of, workers


def item(name: str, *, slow: bool = False) -> Any:
    file, _, test = name.partition("::")
    marker = object() if slow else None
    return SimpleNamespace(path=Path(file), test=test, get_closest_marker=lambda _: marker)


def test_files_with_a_slow_test_come_first_and_stay_whole():
    collected: list[Any] = [
        item("a::1"),
        item("a::2"),
        item("b::1"),
        item("b::2", slow=True),
        item("c::1"),
    ]
    found: list[Any] = list(longest_first(collected))
    assert [f"{each.path}::{each.test}" for each in found] == [
        "b::1",
        "b::2",
        "a::1",
        "a::2",
        "c::1",
    ]


def test_what_shares_a_running_kersey_goes_to_one_worker():
    assert unit_of("tests/journey/test_readme.py::test_a[1]") == "running"
    assert unit_of("tests/clients/test_fhirpy.py::test_b") == "running"
    assert unit_of("tests/faults/test_storm.py::test_c") == "separate processes"
    assert unit_of("tests/deploy/test_processes.py::test_d") == "separate processes"
    assert unit_of("tests/fhir/test_a.py::test_a[x::y]") == "tests/fhir/test_a.py"


def test_every_core_has_its_workers():
    assert workers() == WORKERS_PER_CORE * len(os.sched_getaffinity(0))


CONFTEST = """
from tests.infrastructure.spreading import LongestFirst

def pytest_xdist_make_scheduler(config, log):
    return LongestFirst(config, log)
"""
ONE_ENDS_ITS_WORKER = """
import os

def test_before(): pass
def test_that_ends_its_worker(): os._exit(1)
def test_after(): pass
"""


def test_a_test_that_ends_its_worker_is_named_once_and_the_others_run(tmp_path: Path):
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_one.py").write_text(ONE_ENDS_ITS_WORKER)
    ran = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-n2",
            "-pxdist",
            "-pno:schemathesis",
            f"--rootdir={tmp_path}",
            tmp_path,
        ],
        env=os.environ | {"PYTHONPATH": str(Path.cwd()), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    said = ran.stdout + ran.stderr
    assert "crashed while running 'test_one.py::test_that_ends_its_worker'" in said, said
    assert "1 failed, 2 passed" in said
