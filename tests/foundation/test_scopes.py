"""What a scope allows (SMART App Launch 2.2, scopes for requesting FHIR resources)."""

import pytest

from shared.auth import Principal
from shared.scopes import may, narrowed


def allowed(*scopes: str) -> str:
    """The letters that the scopes allow on a Task."""
    return "".join(letter for letter in "cruds" if may(principal(*scopes), "Task", letter))


@pytest.mark.parametrize(
    ("scope", "letters"),
    [
        ("system/Task.cruds", "cruds"),
        ("system/Task.rs", "rs"),
        ("system/Task.u", "u"),
        ("user/Task.r", "r"),
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
        "patient/Task.s",
        "patient/*.cruds",
        "system/Task.rs\n",
        "cases",
        "",
    ],
)
def test_what_is_no_scope_of_it_allows_nothing(scope: str):
    assert allowed(scope) == ""


def principal(*scopes: str) -> Principal:
    return Principal("s", "c", "o", frozenset(), frozenset(scopes))


@pytest.mark.parametrize(
    ("scope", "letters"),
    [
        ("system/Task.rs?status=requested", "rs"),
        ("system/*.cruds?status=requested", "rs"),
        ("system/Task.read?status=requested", "rs"),
        ("system/Task.cud?status=requested", ""),
        ("system/*.cruds?", ""),
        ("patient/Task.rs?status=requested", ""),
    ],
)
def test_a_search_narrows_reading_and_searching_and_allows_no_writing(scope: str, letters: str):
    assert allowed(scope) == "", "it never means every Task"
    found = {each: narrowed(principal(scope), "Task", each) for each in "cruds"}
    assert {each for each, queries in found.items() if queries} == set(letters)
    assert all(queries == {"status=requested"} for queries in found.values() if queries)


def test_a_scope_of_every_resource_is_not_narrowed_by_another():
    who = principal("system/Task.rs?status=requested", "system/*.s")
    assert not narrowed(who, "Task", "s")
    assert narrowed(who, "Task", "r") == {"status=requested"}
    assert not narrowed(who, "Patient", "r")


def test_scopes_add_up():
    assert allowed("system/Task.r", "system/Task.s", "system/Patient.cruds") == "rs"
