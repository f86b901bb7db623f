"""What `make check` says of secrets and of dependencies with known weaknesses."""

import json
import shutil
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def loaded(name: str) -> Any:
    """One of the scripts beside `.ci/run`."""
    spec = spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository of one file, with our rules and nothing accepted."""
    rules = json.loads((ROOT / ".secrets.baseline").read_text()) | {"results": {}}
    (tmp_path / ".secrets.baseline").write_text(json.dumps(rules))
    (tmp_path / "settings.py").write_text("timeout = 5\n")
    shutil.copy(ROOT / ".ci" / "find_secrets.py", tmp_path / "find.py")
    for command in (["init", "--quiet"], ["add", "settings.py"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    return tmp_path


def look(checkout: Path, *arguments: str) -> tuple[int, str]:
    # Its own place for what it has seen: the copy of the script makes the rules others.
    program = (
        "import pathlib, sys, find; find.SEEN = pathlib.Path('seen.json');"
        " sys.exit(find.main(sys.argv[1:]))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not run.stderr
    return run.returncode, run.stdout


def test_a_secret_is_found_until_somebody_says_that_it_is_none(checkout: Path) -> None:
    assert look(checkout) == (0, "")

    # Written apart, so that the repository's own look does not find it here.
    key = "-----BEGIN RSA " + "PRIVATE KEY-----"
    (checkout / "settings.py").write_text(f"timeout = 5\nkey = '{key}'\n")
    code, words = look(checkout)
    assert code == 1
    assert "settings.py:2: Private Key" in words
    assert look(checkout)[0] == 1, "it is found again, not taken for seen"

    assert look(checkout, "--accept") == (0, "")
    (checkout / "settings.py").write_text(f"timeout = 5\n\n\nkey = '{key}'\n")
    assert look(checkout) == (0, ""), "what was accepted may move to another line"


def test_nothing_is_accepted_in_what_runs() -> None:
    """An address with a password in it is the only thing there that looks like a secret."""
    results = json.loads((ROOT / ".secrets.baseline").read_text())["results"]
    kinds = {
        each["type"]
        for name, found in results.items()
        if name.startswith(("shared/", "services/", "deploy/"))
        for each in found
    }
    assert kinds <= {"Basic Auth Credentials"}


WEAK = {"id": "GHSA-1", "fix_versions": ["1.1"]}


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        ("", 0, "not checked"),
        ("[]", 0, "not checked"),
        ({"dependencies": [{"name": "a", "skip_reason": "not found"}]}, 0, "not checked"),
        ({"dependencies": [{"name": "a", "version": "1", "vulns": []}]}, 0, "no known weakness"),
        ({"dependencies": [{"name": "a", "version": "1", "vulns": [WEAK]}]}, 1, "a 1: GHSA-1"),
    ],
)  # fmt: skip
def test_what_could_not_be_looked_up_is_no_all_clear(answer: Any, code: int, words: str) -> None:
    verdict = loaded("audit_dependencies").verdict

    got = verdict(answer if isinstance(answer, str) else json.dumps(answer))

    assert got[0] == code
    assert words in got[1]
