"""Every command of the README and the guides does what stands beside it."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.journey.conftest import Running

ROOT = Path(__file__).parents[2]
READERS = ("README.md", "docs/guides/link-worker.md", "docs/guides/provider.md",
           "docs/guides/ehr-integrator.md")  # fmt: skip
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)

ELSEWHERE = {
    "make run": "what `running` does, without installing again",
    "make test": "this very run",
}
"""Commands that cannot be run from inside a test, and where they are shown to work."""

pytestmark = pytest.mark.timeout(300)


def blocks() -> list[tuple[str, str]]:
    """Each shell block of the documents that speak to people who try Kersey."""
    return [
        (name, block.strip())
        for name in READERS
        for block in _BLOCK.findall((ROOT / name).read_text("utf-8"))
        if block.strip() not in ELSEWHERE
    ]


@pytest.mark.parametrize(("document", "block"), blocks())
def test_the_command_works(running: Running, tmp_path: Path, document: str, block: str) -> None:
    script = _made_runnable(block, running, tmp_path)

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env=running.environment,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )

    assert done.returncode == 0, f"{document}: {block}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    assert done.stdout.strip() or block.startswith("TOKEN="), "it prints something"
    assert '"issue"' not in done.stdout, f"{document}: {block}\n{done.stdout[:1000]}"


def test_nothing_but_the_two_commands_is_left_out() -> None:
    text = (ROOT / "README.md").read_text("utf-8")

    assert all(f"```sh\n{command}\n```" in text for command in ELSEWHERE)


def _made_runnable(block: str, running: Running, tmp_path: Path) -> str:
    """The block as a person would run it here: another port, a file of their own, a token."""
    import json
    from datetime import UTC, datetime

    from deploy.demo.bundle import referral_bundle
    from deploy.demo.people import people
    from tests.journey.conftest import KERSEY

    if "my-bundle.json" in block:
        bundle = referral_bundle(
            people(2)[1], f"README-{tmp_path.name}", datetime(2026, 11, 2, tzinfo=UTC)
        )
        (tmp_path / "my-bundle.json").write_text(json.dumps(bundle))
        block = block.replace("my-bundle.json", str(tmp_path / "my-bundle.json"))
    block = block.replace("http://127.0.0.1:8000", running.url)
    block = block.replace(".venv/bin/kersey", str(KERSEY)).replace("curl ", "curl -sS --fail ")
    if "$TOKEN" in block and "TOKEN=" not in block:
        client = "link-worker" if "/referrals/" in block else "ehr"
        block = f"TOKEN=$({KERSEY} token --as {client})\n{block}"
    return block
