"""What the safety documents claim is proved by tests that exist (care 14)."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAFETY = ROOT / "docs" / "safety"
PARTS = ["Cause", "Harm", "Control", "Proved by"]


@cache
def names_of_tests(path: str) -> frozenset[str]:
    """The names of the tests that a file holds, in classes too."""
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.name.startswith("test_")
    )


def named(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def missing(proof: str) -> bool:
    """Whether a `path` or `path::test` leads to nothing."""
    path, _, test = proof.partition("::")
    if not (ROOT / path).is_file():
        return True
    return bool(test) and test not in names_of_tests(path)


def hazards() -> dict[str, str]:
    log = (SAFETY / "hazard-log.md").read_text()
    parts = re.split(r"^## ", log, flags=re.MULTILINE)[1:]
    assert parts.pop().startswith("Not controlled yet"), "what is open stands last"
    return {title: text for title, _, text in (part.partition("\n") for part in parts)}


HAZARDS = hazards()


def test_hazards_are_numbered_without_gaps():
    numbers = [title.partition(". ")[0] for title in HAZARDS]
    assert numbers == [f"H{number:02}" for number in range(1, len(HAZARDS) + 1)]


@pytest.mark.parametrize("hazard", HAZARDS, ids=lambda title: title.partition(".")[0])
def test_a_hazard_names_its_cause_harm_and_control_and_the_tests_that_prove_it(hazard):
    part = re.compile(r"^- \*\*([^:]+):\*\* (.+?)(?=^- \*\*|\Z)", re.MULTILINE | re.DOTALL)
    told = part.findall(HAZARDS[hazard])
    assert [name for name, _ in told] == PARTS
    proofs = named(dict(told)["Proved by"])
    assert proofs
    assert [proof for proof in proofs if "::" not in proof] == [], "only a test is a proof"
    assert [proof for proof in proofs if missing(proof)] == []


def rows() -> list[tuple[str, str, str]]:
    """Boundary, threat and what stops it, of each row of the threat model."""
    found = []
    boundary = ""
    for line in (ROOT / "docs" / "threat-model.md").read_text().splitlines():
        if line.startswith("## "):
            boundary = line.removeprefix("## ")
        elif row := re.fullmatch(r"\| ([STRIDE]) \| (.+?) \| (.*) \|", line):
            found.append((boundary, f"{row[1]}: {row[2]}", row[3]))
    return found


@pytest.mark.parametrize(("boundary", "threat", "stops"), rows())
def test_a_threat_is_stopped_by_something_that_is_there(boundary, threat, stops):
    held_by = named(stops)
    assert held_by, f"{boundary}: nothing is named against {threat}"
    assert [each for each in held_by if missing(each)] == []


def never_lost() -> list[str]:
    text = (ROOT / "docs" / "nothing-is-lost.md").read_text()
    return sorted({each for each in named(text) if "::" in each})


@pytest.mark.parametrize("proof", never_lost())
def test_what_is_said_not_to_be_lost_is_tried(proof):
    assert not missing(proof)


def test_every_room_has_its_threats():
    told = " ".join(boundary for boundary, _, _ in rows())
    rooms = [path.name for path in (ROOT / "services").iterdir() if (path / "app.py").is_file()]
    assert [room for room in rooms if f"services/{room}" not in told] == []


@pytest.mark.parametrize("document", sorted(SAFETY.glob("*.md")), ids=lambda path: path.stem)
def test_a_safety_document_says_that_nobody_signed_it(document):
    assert re.search(r"\*\*Not signed by a Clinical Safety Officer", document.read_text())


@pytest.mark.parametrize(
    "proof",
    [
        "tests/house/test_safety.py::test_that_nobody_wrote",
        "tests/house/test_of_nothing.py::test_a",
        "shared/no_such_file.py",
    ],
)
def test_a_proof_that_is_not_there_is_noticed(proof):
    assert missing(proof)
