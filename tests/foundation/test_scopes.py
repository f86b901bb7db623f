"""What a scope allows (SMART App Launch 2.2, scopes for requesting FHIR resources)."""

import pytest

from shared.auth import Principal, may


def allowed(*scopes: str) -> str:
    """The letters that the scopes allow on a Task."""
    who = Principal("s", "c", "o", frozenset(), frozenset(scopes))
    return "".join(letter for letter in "cruds" if may(who, "Task", letter))


@pytest.mark.parametrize(
    ("scope", "letters"),
    [
        ("system/Task.cruds", "cruds"),
        ("system/Task.rs", "rs"),
        ("system/Task.u", "u"),
        ("user/Task.r", "r"),
        ("patient/Task.s", "s"),
        ("system/*.cud", "cud"),
        ("system/Task.read", "rs"),
        ("system/Task.write", "cud"),
        ("system/Task.*", "cruds"),
        ("system/*.*", "cruds"),
    ],
)
def test_letters_and_the_words_of_version_1(scope: str, letters: str):
    assert allowed(scope) == letters


@pytest.mark.parametrize(
    "scope",
    [
        "system/Patient.cruds",
        "system/task.rs",
        "system/Tasks.rs",
        "system/Task.sr",
        "system/Task.x",
        "system/Task.",
        "system/Task",
        "Task.rs",
        "xsystem/Task.rs",
        "cases",
        "",
    ],
)
def test_what_is_no_scope_of_it_allows_nothing(scope: str):
    assert allowed(scope) == ""


@pytest.mark.parametrize(
    "scope",
    [
        "system/Task.rs?status=requested",
        "system/*.cruds?",
        "system/Task.read?owner=x",
    ],
)
def test_a_scope_narrowed_by_a_search_allows_nothing(scope: str):
    assert allowed(scope) == ""


def test_scopes_add_up():
    assert allowed("system/Task.r", "system/Task.s", "system/Patient.cruds") == "rs"
