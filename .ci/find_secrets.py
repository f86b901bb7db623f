#!/usr/bin/env python3
"""Finds secrets in the files that git tracks: whatever the baseline does not name ends in 1.

The baseline, `.secrets.baseline`, names what looks like a secret and is none, each by its file and
its hash, so that lines may move. Whoever looked at a new finding and knows that it is none adds it:
`.venv/bin/python .ci/find_secrets.py --accept`. Nothing that is found is tried out anywhere.

A file that was looked at and is unchanged is not looked at again: the list is in the virtual
environment, and holds git's own hashes of contents.
"""

import json
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

from detect_secrets import SecretsCollection
from detect_secrets.core.baseline import format_for_output
from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.settings import configure_settings_from_baseline

BASELINE = Path(".secrets.baseline")
SEEN = Path(sys.prefix) / "no-secrets-in.json"
GENERATED = (".lock", "package-lock.json", ".secrets.baseline")
"""Full of hashes, and written by tools."""


def main(arguments: list[str]) -> int:
    """Look through the repository in the working directory; `--accept` rewrites the baseline."""
    baseline = json.loads(BASELINE.read_text())
    contents = tracked()
    rules = sha256(BASELINE.read_bytes() + Path(__file__).read_bytes()).hexdigest()
    accepting = "--accept" in arguments
    seen = set() if accepting else looked_at(rules)
    fresh = sorted(name for name, content in contents.items() if content not in seen)
    with ProcessPoolExecutor(initializer=prepare, initargs=(baseline,)) as pool:
        found = SecretsCollection()
        for name, secrets in zip(fresh, pool.map(look_through, fresh, chunksize=8), strict=True):
            if secrets:
                found.data[name] = secrets
    if accepting:
        baseline["results"] = format_for_output(found)["results"]
        BASELINE.write_text(json.dumps(baseline, indent=2) + "\n")
        return 0
    known = {
        (name, each["hashed_secret"])
        for name, secrets in baseline["results"].items()
        for each in secrets
    }
    new = [
        f"{name}:{secret.line_number}: {secret.type}"
        for name, secret in found
        if (name, secret.secret_hash) not in known
    ]
    if new:
        print("These look like secrets. If one is, it has to be changed where it is used:")
        print(*new, sep="\n")
        return 1
    SEEN.write_text(json.dumps({"rules": rules, "contents": sorted(contents.values())}))
    return 0


def tracked() -> dict[str, str]:
    """Each file that git tracks with git's hash of what is in it now."""
    listed = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True)
    names = [name for name in listed.stdout.split("\0") if name and not name.endswith(GENERATED)]
    names = [name for name in names if Path(name).is_file()]
    hashes = subprocess.run(
        ["git", "hash-object", "--stdin-paths"],
        input="\n".join(names),
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    return dict(zip(names, hashes, strict=True))


def looked_at(rules: str) -> set[str]:
    """The contents in which an earlier run by the same rules found nothing new."""
    try:
        seen = json.loads(SEEN.read_text())
        return set(seen["contents"]) if seen["rules"] == rules else set()
    except (OSError, ValueError, LookupError):
        return set()


def prepare(baseline: dict[str, Any]) -> None:
    """Give a process the detectors of the baseline."""
    configure_settings_from_baseline(baseline, filename=str(BASELINE))


def look_through(name: str) -> set[PotentialSecret]:
    """What looks like a secret in one file."""
    found = SecretsCollection()
    found.scan_file(name)
    return found.data.get(name, set())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
