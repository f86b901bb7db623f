#!/usr/bin/env python3
"""Looks up known weaknesses of the releases that requirements.lock names; ends in 1 if it has any.

That needs a vulnerability service, which not every network reaches. Without one nothing is known,
and that is what is said: it is no failure, and no all-clear.
"""

import json
import subprocess
import sys
from pathlib import Path

LOCK = Path("requirements.lock")
PATIENCE = 5
"""Seconds for each answer of the service."""


def main() -> int:
    """Ask, and say in a line what came of it."""
    asked = subprocess.run(
        [
            *(sys.executable, "-m", "pip_audit", "--requirement", str(LOCK)),
            *("--require-hashes", "--disable-pip", "--progress-spinner", "off"),
            *("--timeout", str(PATIENCE), "--format", "json"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    code, words = verdict(asked.stdout)
    print(words)
    return code


def verdict(answer: str) -> tuple[int, str]:
    """The exit code and the words for what pip-audit wrote.

    It ends in 0 also where the service knew none of the packages, as a mirror without one does.
    """
    try:
        packages = json.loads(answer)["dependencies"]
    except (ValueError, LookupError, TypeError):
        return 0, "dependencies: not checked, no vulnerability service can be reached"
    known = [each for each in packages if "vulns" in each]
    if not known:
        return 0, "dependencies: not checked, the service that was reached knows none of them"
    weak = [
        f"  {each['name']} {each['version']}: {weakness['id']}"
        f" (mended in {', '.join(weakness['fix_versions']) or 'no release yet'})"
        for each in known
        for weakness in each["vulns"]
    ]
    if weak:
        return 1, "\n".join(["dependencies with known weaknesses:", *weak])
    checked = f"dependencies: no known weakness in {len(known)} of {len(packages)}"
    return 0, checked


if __name__ == "__main__":
    sys.exit(main())
