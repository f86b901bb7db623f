"""The page of FHIR errors names all that the code answers with, and nothing else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from shared.fhir.outcome import DEFAULT_CODE

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "conformance" / "errors.md"
HELPERS = {
    "invalid": (400, "invalid"),
    "rule_broken": (422, "business-rule"),
    "unauthorised": (401, "login"),
    "forbidden": (403, "forbidden"),
    "not_found": (404, "not-found"),
    "gone": (410, "deleted"),
    "method_not_allowed": (405, "not-supported"),
    "not_acceptable": (406, "not-supported"),
    "unsupported_media_type": (415, "not-supported"),
    "conflict": (409, "conflict"),
    "precondition_failed": (412, "conflict"),
    "too_large": (413, "too-long"),
    "failed": (500, "exception"),
    "unavailable": (503, "transient"),
}
"""The helpers of `shared.fhir.outcome`: status, and code where none is given."""
WORKED_OUT = {
    *((400, code) for code in ("structure", "required", "value", "too-long")),
    *((422, code) for code in ("invariant", "code-invalid", "business-rule", "required", "value")),
    *((401, code) for code in ("login", "expired")),
    (429, "throttled"),
}
"""What is refused with a status or code that is worked out: validation, tokens, limits."""


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call by name, but those of messages (BaRS), whose errors have a code system."""
    for folder in ("shared", "services/referrals"):
        for file in (ROOT / folder).rglob("*.py"):
            if file.name != "outcome.py" and file.parent.name != "bars":
                for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                        yield node.func.id, node


def literal(node: ast.expr | None, default: object) -> object:
    if node is None:
        return default
    return node.value if isinstance(node, ast.Constant) else None


def refusals() -> set[tuple[object, object]]:
    found: set[tuple[object, object]] = set()
    for name, call in calls():
        given = {each.arg: each.value for each in call.keywords}
        if name in HELPERS:
            status, code = HELPERS[name]
            if "duplicate" in given:
                code = "duplicate"
            if "multiple" in given:
                code = "multiple-matches"
        elif name == "refusal" and isinstance(call.args[0], ast.Constant):
            status = int(str(call.args[0].value))
            code = DEFAULT_CODE[status]
        else:
            continue
        pair = literal(given.get("status"), status), literal(given.get("code"), code)
        if None not in pair:
            found.add(pair)
    return found


def remarks() -> set[tuple[object, object]]:
    told = {
        (literal(call.args[0], None), literal(call.args[1], None))
        for name, call in calls()
        if name == "Issue" and len(call.args) > 1
    }
    return {pair for pair in told if pair[0] in ("warning", "information") and pair[1]}


def rows(section: str) -> set[tuple[str, str]]:
    text = PAGE.read_text("utf-8").partition(f"## {section}")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| (\w+) \| `([a-z-]+)` \|", text, flags=re.MULTILINE))


def test_every_refusal_is_on_the_page_and_the_page_has_no_other():
    answered = {(str(status), code) for status, code in refusals() | WORKED_OUT}
    assert rows("Refusals") == answered


def test_every_remark_is_on_the_page_and_the_page_has_no_other():
    # An extensible binding's severity and a rule's are worked out: profiles, invariants.toml.
    assert rows("Remarks") == remarks() | {("warning", "code-invalid"), ("warning", "invariant")}
