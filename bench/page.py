"""docs/benchmarks.md: a section for each part, which says when and on what it was measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import fill

from bench.machine import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
NOTES = "What these rows do not tell"
"""The last section, written by hand."""
WIDTH = 100

INTRODUCTION = """\
# Benchmarks

What `make bench` printed last. Each figure stands beside a limit of the same run, because a machine
is quicker or slower and a share of its limit is not: *388 per s of 2,100 = 0.18*. Web processes,
workers, PostgreSQL and RabbitMQ are processes of their own on this one machine, and so is the load.
`make bench RUNS=2` shows how far two runs lie apart; `PARTS="reading"` measures a part and writes
its section anew; with sizes other than the usual ones (`RESOURCES`, `SERVICES`, `DELIVERIES`,
`REFERRALS`, `SECONDS`) it only prints.
"""


def write(head: Sequence[str], tables: Mapping[str, str], page: Path = PAGE) -> None:
    """Put what was measured in the place of what stood there; the other sections stay.

    Args:
        head: when and on what it was measured, a line each.
        tables: by section, its rows.
        page: where.
    """
    kept = _sections(page.read_text()) if page.exists() else {}
    notes = kept.pop(NOTES, None)
    told = fill("; ".join(head), WIDTH)
    kept |= {name: f"{told}\n\n{rows}" for name, rows in tables.items()}
    if notes is not None:
        kept[NOTES] = notes
    page.write_text(
        "\n".join([INTRODUCTION, *(f"## {name}\n\n{body}\n" for name, body in kept.items())])
    )


def _sections(text: str) -> dict[str, str]:
    pieces = text.split("\n## ")[1:]
    named = (piece.partition("\n") for piece in pieces)
    return {name: body.strip() for name, _, body in named}
