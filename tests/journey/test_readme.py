"""Every command of the README and the guides does what stands beside it, as it is written."""

import re
from pathlib import Path

import pytest

from tests.infrastructure.running import Running
from tests.journey.documents import GUIDES, ROOT, blocks, in_folder, section, typed

READERS = (
    "README.md",
    "docs/guides/front-door.md",
    "docs/guides/link-worker.md",
    "docs/guides/person-messages.md",
    "docs/guides/provider.md",
    "docs/guides/coordinator.md",
    "docs/guides/consortium.md",
    "docs/guides/ehr-integrator.md",
    "docs/guides/bars.md",
    "docs/guides/gp-message.md",
    "docs/guides/open-referral.md",
    "docs/guides/directory-import.md",
    "docs/guides/directory-listings.md",
    "docs/guides/directory-matching.md",
)

ELSEWHERE = {
    "make run": "what `running` does, without installing again",
    "make test": "this very run",
}
"""Commands that cannot be run from inside a test, and where they are shown to work."""

WALKS = {
    "docs/guides/ehr-integrator.md": "## A loop of your own",
    "docs/guides/gp-message.md": "### To try it",
}
"""Parts with a test of their own: test_integrator.py, test_mesh_trial.py."""

OTHERS = {
    "docs/guides/ehr-clients.md": "tests/clients/test_guide.py",
    "docs/guides/runbook.md": "tests/recovery/test_restore.py",
}
"""Guides whose commands need more than a running Kersey, and which test types them."""

NOTHING_FOUND = re.compile(r'"total(?:_items)?": ?0\b')
MAY_FIND_NOTHING = re.compile(r"/123\b|/456\b|status=")
"""An id that stands for the reader's own, and what others may have answered meanwhile."""

BLOCK = "--- block "

pytestmark = pytest.mark.timeout(600)


@pytest.mark.parametrize("document", READERS)
def test_its_commands_work_one_after_the_other(
    running: Running, tmp_path: Path, document: str
) -> None:
    in_folder(tmp_path)
    wanted = _wanted(document)
    script = "\n".join(f"echo '{BLOCK}{n}'\n{block}" for n, block in enumerate(wanted))

    done = typed(script, running, tmp_path)

    said = done.stdout.split(BLOCK)[1:]
    last = wanted[len(said) - 1]
    assert done.returncode == 0, f"{document}: {last}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
    for block, words in zip(wanted, said, strict=True):
        _, _, printed = words.partition("\n")
        assert printed.strip() or block.startswith("TOKEN="), f"{document}: {block}"
        assert '"issue"' not in printed, f"{document}: {block}\n{printed[:1000]}"
        if not MAY_FIND_NOTHING.search(block):
            assert not NOTHING_FOUND.search(printed), f"{document}: {block}"


def test_nothing_but_the_two_commands_is_left_out() -> None:
    text = (ROOT / "README.md").read_text("utf-8")

    assert all(f"```sh\n{command}\n```" in text for command in ELSEWHERE)


def test_every_guide_with_commands_is_typed_by_a_test() -> None:
    guides = (each for each in GUIDES.glob("*.md") if blocks("sh", each.read_text("utf-8")))
    assert {each.relative_to(ROOT).as_posix() for each in guides} <= {*READERS, *OTHERS}
    assert all((ROOT / test).is_file() for test in OTHERS.values())


def _wanted(document: str) -> list[str]:
    path = ROOT / document
    walked = blocks("sh", section(path, WALKS[document])) if document in WALKS else []
    assert walked or document not in WALKS
    left_out = {*ELSEWHERE, *walked}
    return [each for each in blocks("sh", path.read_text("utf-8")) if each not in left_out]
