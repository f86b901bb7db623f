"""The commands of the documents, as whoever reads them types them: in one shell, in their order."""

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from deploy.demo.bundle import referral_bundle
from deploy.demo.people import people
from tests.infrastructure.running import KERSEY, Running

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs" / "guides"
INTEGRATOR = GUIDES / "ehr-integrator.md"

PRELUDE = """
trap 'kill $(jobs -p) 2> /dev/null || true' EXIT
curl() { command curl -sS --fail-with-body "$@"; echo; }
"""
"""A refusal ends the script, and so does whatever it started end with it."""


def blocks(language: str, text: str) -> list[str]:
    """The code blocks of a language in a document, or in a part of one."""
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [each.strip() for each in found]


def section(document: Path, heading: str) -> str:
    """A part of a document, up to the next heading of its level."""
    level = heading.partition(" ")[0]
    after = document.read_text("utf-8").partition(f"\n{heading}\n")[2]
    return re.split(rf"^#{{2,{len(level)}}} ", after, maxsplit=1, flags=re.MULTILINE)[0]


def in_folder(folder: Path, *, number: str = "") -> None:
    """Put there what a reader has: Kersey's own commands, two Bundles and a feed that they made.

    Args:
        folder: where the commands are typed.
        number: of the guide's referral, which starts nothing twice; by default a new one.
    """
    (folder / ".venv").symlink_to(KERSEY.parents[1])
    referral = blocks("json", section(INTEGRATOR, "## Sending a referral"))[0]
    number = number or str(uuid4())
    (folder / "referral.json").write_text(referral.replace("2026-0001", number))
    reference = f"README-{uuid4()}"
    own = referral_bundle(people(2)[1], reference, datetime(2026, 11, 2, tzinfo=UTC))
    (folder / "my-bundle.json").write_text(json.dumps(own))
    feed = [{"id": "7", "name": "Wharf Shed", "description": "A shed."}]
    (folder / "two-services.json").write_text(json.dumps(feed))


def typed(
    script: str, running: Running, folder: Path, *, path: str = "", seconds: float = 540
) -> "subprocess.CompletedProcess[str]":
    """Run commands against a Kersey that runs; its address is the only thing that is another.

    Args:
        script: the commands.
        running: that Kersey.
        folder: where they are typed.
        path: a folder of programs before the usual ones.
        seconds: after which it is given up.
    """
    usual = running.environment["PATH"]
    return subprocess.run(
        [
            "bash",
            "-euo",
            "pipefail",
            "-c",
            PRELUDE + script.replace("http://127.0.0.1:8000", running.url),
        ],
        cwd=folder,
        env=running.environment | {"PATH": f"{path}:{usual}" if path else usual},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
