"""`docs/states.md`, drawn from the one declared table: `python -m services.referrals.drawing`."""

import sys
from collections.abc import Iterator

from services.referrals.causes import CAUSES
from services.referrals.domain import REASONS, Kind, draw, table

HEADINGS = {
    Kind.TRIAGE: (
        "The triage Task",
        "Asks a link-worker service to look after the person. One in every case.",
    ),
    Kind.PROVIDER: (
        "A provider's Task",
        "Asks a community provider for a place. Part of the triage Task; there may be several.",
    ),
}


def document() -> str:
    """The page in Markdown: a diagram and a table for each kind of Task; reasons; events."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# States of a case"
    yield ""
    yield "Drawn from `services/referrals/domain.py`; do not edit. To draw it again:"
    yield "`python -m services.referrals.drawing > docs/states.md`."
    yield ""
    yield "Each state is a Task's `status` and, behind the stroke, its `businessStatus`."
    for kind, (title, words) in HEADINGS.items():
        yield from ("", f"## {title}", "", words, "", "```mermaid")
        yield from draw(kind)
        yield from ("```", "")
        yield from table(kind)
    yield from ("", "## Reasons", "", "| step | one of |", "|---|---|")
    for (_, action), reasons in REASONS.items():
        yield f"| {action} | {', '.join(reasons)} |"
    yield from (
        "",
        "## Events",
        "",
        "Each has one cause.",
        "",
        "| event | told when |",
        "|---|---|",
    )
    for cause in CAUSES:
        yield f"| {cause.told} | {cause.words} |"


if __name__ == "__main__":  # pragma: no cover - what it writes is checked
    sys.stdout.write(document())
