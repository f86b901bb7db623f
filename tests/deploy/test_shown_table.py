"""What commands list: drawn for who reads along at a terminal, whole lines for a pipe or a mail."""

import io
from contextlib import contextmanager, nullcontext, redirect_stdout
from uuid import UUID

import pytest
from typer.testing import CliRunner

from deploy import asked_broker, every_database
from deploy.cli import app
from deploy.reconciling import whole
from deploy.reconciling.drift import Drift
from deploy.shown_table import show_table

MEND = (
    "`kersey republish referrals --to notifications.cases` with `--restored`, if referrals is right"
)
DRIFTS = [
    Drift("notifications.cases: a case is newer than referrals'", str(UUID(int=n)), MEND)
    for n in range(7)
]


class Terminal(io.StringIO):
    """Standard output with a person before it."""

    def isatty(self) -> bool:
        return True


@contextmanager
def at_a_terminal():
    with redirect_stdout(Terminal()) as screen:
        yield screen


@pytest.fixture
def drifted(monkeypatch):
    """A house where seven cases do not agree."""

    @contextmanager
    def nothing(*_):
        yield {}

    monkeypatch.setattr(every_database, "every_database", nothing)
    monkeypatch.setattr(asked_broker, "asked_broker", lambda *_: nullcontext())
    monkeypatch.setattr(whole, "reconcile", lambda *_: iter(DRIFTS))


def test_without_a_terminal_each_drift_is_a_line_with_its_id_and_what_to_do(drifted):
    said = CliRunner().invoke(app, ["reconcile"])
    assert said.exit_code == 1
    heading, *lines = said.stdout.splitlines()
    assert heading.split("\t") == ["what does not agree", "id", "what to do"]
    assert [line.split("\t") for line in lines] == [
        [each.kind, each.id, each.mend] for each in DRIFTS
    ]


def test_at_a_terminal_drift_is_a_table_with_the_first_ids_of_each_kind(drifted, monkeypatch):
    monkeypatch.setenv("COLUMNS", "240")
    with at_a_terminal() as screen:
        app(["reconcile", "--shown", "2"], standalone_mode=False)
    drawn = screen.getvalue()
    assert "│ 7        │" in drawn
    assert "and 5 more" in drawn
    assert [each.id in drawn for each in DRIFTS] == [True, True, *5 * [False]]


def test_a_cell_is_one_line_as_it_was_written(capsys):
    show_table(("who", "why"), [("[bold]Ann[/bold]", "one\nand two\tand " + "x" * 200)])
    assert capsys.readouterr().out == f"who\twhy\n[bold]Ann[/bold]\tone and two and {'x' * 200}\n"


def test_a_narrow_terminal_breaks_an_id_and_cuts_nothing(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    with at_a_terminal() as screen:
        show_table(("id", "who"), [("3f2a" * 20, "[bold]Ann[/bold]")])
    drawn = screen.getvalue()
    assert "…" not in drawn
    cells = [line.split("│")[1].strip() for line in drawn.splitlines() if line.startswith("│")]
    assert "".join(cells) == "3f2a" * 20
    assert "[bold]" in drawn
