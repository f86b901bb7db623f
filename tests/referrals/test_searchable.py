"""The page on what can be searched says what the declarations say."""

import re
import subprocess
import sys
from pathlib import Path

from services.referrals.searchable import document
from services.referrals.served import SERVED

ROOT = Path(__file__).parents[2]


def test_the_page_on_searching_is_what_is_declared_today():
    written = (ROOT / "docs" / "conformance" / "search.md").read_text(encoding="utf-8")
    command = "python -m services.referrals.searchable > docs/conformance/search.md"
    assert written == document(), f"make it again: {command}"


def test_the_documented_command_makes_the_page():
    made = subprocess.run(
        [sys.executable, "-m", "services.referrals.searchable"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert made.stdout == document()


def test_every_parameter_of_every_type_has_its_line():
    of_each = re.split(r"^## ", document(), flags=re.MULTILINE)
    parts = {part.partition("\n")[0]: part for part in of_each}
    for name, declared in SERVED.items():
        for code in declared.params:
            part = parts["Parameters of every type" if code[0] == "_" else name]
            assert f"| `{code}` | {declared.params[code].type} |" in part, (name, code)
