"""Every message can be looked at before anybody gets one."""

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from deploy.commands.templates import NoSuchTemplate
from services.notifications.domain import Kind
from services.notifications.person.rules import Kind as PersonKind


def run(*words: str) -> str:
    told = CliRunner().invoke(app, ["templates", *words], catch_exceptions=False)
    assert told.exit_code == 0
    return told.output


def test_the_list_has_every_message_and_who_checked_it():
    rows = [line.split("\t") for line in run("list").splitlines()[1:]]
    kinds = {row[0] for row in rows}
    assert {*Kind, *PersonKind} <= kinds
    assert ["person-agreed", "person", "ur", "2", "to be checked by a speaker"] in rows


def test_a_preview_has_an_example_in_the_place_of_every_name():
    told = run("preview", "person-reminder", "--language", "pl")
    assert "czwartek, 4 marca" in told
    assert "{" not in told
    assert "{day}" in run("show", "person-reminder", "--language", "pl")


def test_without_a_language_all_are_shown():
    assert run("show", "person-agreed").count("---") == 5


@pytest.mark.parametrize(
    ("words", "said"),
    [(["show", "nothing"], "person-agreed"), (["show", "declined", "--language", "pl"], "en")],
)
def test_what_there_is_not_is_refused_with_what_there_is(words: list[str], said: str):
    with pytest.raises(NoSuchTemplate, match=said):
        run(*words)
