"""The grammar of scopes, and that nobody gets more than was registered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.scopes import FhirScope, ScopeRefused, narrow, negotiate, parse
from shared.auth import Principal
from shared.scopes import may


@pytest.mark.parametrize(
    ("token", "letters"),
    [
        ("system/Task.rs", "rs"),
        ("system/Task.cruds", "cruds"),
        ("system/Task.c", "c"),
        ("system/Task.ds", "ds"),
        ("system/Task.read", "rs"),
        ("system/Task.write", "cud"),
        ("system/Task.*", "cruds"),
    ],
)
def test_versions_1_and_2_of_smart_mean_letters(token: str, letters: str):
    assert parse(token) == FhirScope("system", "Task", frozenset(letters))


@pytest.mark.parametrize(
    "token",
    [
        "system/Task.dus",
        "system/Task.sr",
        "system/Task.rr",
        "system/Task.",
        "system/Task",
        "system/Task.reads",
        "system/Task.Read",
        "system/task.rs",
        "system/Banana.rs",
        "system/.rs",
        "system/Task.cruds?status=accepted",
        "system/Task.rs?",
        "system/Task.rs\n",
        "patient/",
        "patient/Task.rs",
        "a b",
        'a"b',
        "a\\b",
        "é",
        "",
    ],
)
def test_malformed_scopes_are_refused(token: str):
    with pytest.raises(ScopeRefused):
        parse(token)


@pytest.mark.parametrize("token", ["directory.read", "openid", "System/Task.rs", "launch/patient"])
def test_a_plain_scope_means_only_itself(token: str):
    assert parse(token) is None
    assert negotiate(token, [token]) == token
    with pytest.raises(ScopeRefused):
        negotiate(token, ["system/*.cruds", "directory.*"])


@pytest.mark.parametrize(
    ("requested", "registered"),
    [
        ("system/Task.rs", ["system/Task.cruds"]),
        ("system/Task.rs", ["system/*.read"]),
        ("system/Task.read", ["system/Task.rs"]),
        ("system/Task.rs", ["system/Task.r", "system/*.s"]),
        ("system/*.rs", ["system/*.cruds"]),
        ("system/Task.rs?status=accepted", ["system/*.cruds"]),
        ("system/Task.r?status=accepted", ["system/*.rs?status=accepted"]),
        ("user/Task.r directory.read", ["directory.read", "user/Task.read"]),
    ],
)
def test_what_is_covered_is_granted_in_the_words_of_the_request(
    requested: str, registered: list[str]
):
    assert negotiate(requested, registered) == requested


@pytest.mark.parametrize(
    ("requested", "registered"),
    [
        ("system/Task.cruds", ["system/Task.rs"]),
        ("system/*.rs", ["system/Task.rs", "system/Patient.rs"]),
        ("system/Patient.rs", ["system/Task.cruds"]),
        ("system/Task.rs", ["user/Task.rs"]),
        ("system/Task.rs", ["system/Task.rs?status=accepted"]),
        ("system/Task.rs?status=failed", ["system/Task.rs?status=accepted"]),
        ("system/Task.rs system/Patient.r", ["system/Task.rs"]),
        ("system/Task.write", ["system/Task.cu"]),
    ],
)
def test_what_exceeds_the_registration_is_refused_as_a_whole(requested: str, registered: list[str]):
    with pytest.raises(ScopeRefused, match="not registered"):
        negotiate(requested, registered)


def test_a_search_in_a_scope_is_not_repeated_since_it_may_name_a_person():
    with pytest.raises(ScopeRefused) as told:
        negotiate("system/Patient.rs?family=Sutcliffe", ["system/Task.cruds"])
    assert "Sutcliffe" not in str(told.value)


def test_a_repeated_scope_is_granted_once():
    assert negotiate("a b  a", ["a", "b"]) == "a b"


SCOPES = st.builds(
    "{}/{}.{}".format,
    st.sampled_from(["system", "user"]),
    st.sampled_from(["*", "Task", "Patient", "ServiceRequest"]),
    st.sampled_from(["read", "write", "*"])
    | st.sets(st.sampled_from("cruds"), min_size=1).map(
        lambda letters: "".join(sorted(letters, key="cruds".index))
    ),
)


@given(st.lists(SCOPES, min_size=1, max_size=4), st.lists(SCOPES, min_size=1, max_size=4))
def test_a_token_never_allows_what_the_registration_does_not(
    requested: list[str], registered: list[str]
):
    try:
        granted = negotiate(" ".join(requested), registered)
    except ScopeRefused:
        return
    for context in ("system", "user"):
        token = principal([s for s in granted.split() if s.startswith(context)])
        most = principal([s for s in registered if s.startswith(context)])
        for resource_type in ("Task", "Patient", "ServiceRequest", "Observation"):
            for letter in "cruds":
                assert not may(token, resource_type, letter) or may(most, resource_type, letter)


def principal(scopes: list[str]) -> Principal:
    return Principal("s", "c", "o", frozenset(), frozenset(scopes))


@pytest.mark.parametrize(
    ("requested", "held", "given"),
    [
        ("cases people.write", "cases directory.read", "cases"),
        ("user/*.cruds", "user/Task.rus user/Patient.rs", "user/Task.rus user/Patient.rs"),
        ("user/Task.cruds", "user/*.rs user/Task.u", "user/Task.rs user/Task.u"),
        ("user/*.rs user/Task.u", "user/Task.rus", "user/Task.rs user/Task.u"),
        ("user/Task.read", "user/*.rs", "user/Task.rs"),
        ("system/*.rs", "user/*.rs", ""),
        ("user/Task.c", "user/*.rs", ""),
        ("user/Task.rs", "user/Patient.rs", ""),
        ("user/Task.rs?status=active", "user/*.rs", "user/Task.rs?status=active"),
        ("user/Task.rs", "user/Task.rs?status=active", "user/Task.rs?status=active"),
        ("user/Task.rs?status=draft", "user/Task.rs?status=active", ""),
        ("user/Task.rs?status=active user/Task.rs", "user/*.rs", "user/Task.rs"),
    ],
)
def test_a_scope_is_cut_to_what_is_held(requested: str, held: str, given: str):
    assert " ".join(narrow(requested.split(), held.split())) == given


_SOME = st.lists(
    st.builds(
        lambda type_, letters: f"user/{type_}.{letters}",
        st.sampled_from(["*", "Task", "Patient"]),
        st.sampled_from(["rs", "u", "rus", "cruds", "c"]),
    )
    | st.sampled_from(["cases", "openid", "directory.read"]),
    max_size=5,
)


@given(requested=_SOME, held=_SOME)
def test_what_is_left_of_a_scope_was_asked_for_and_held(requested: list[str], held: list[str]):
    left = narrow(requested, held)
    for each in left:
        assert negotiate(each, held) == each
        assert negotiate(each, requested) == each
    assert set(narrow(left, held)) == set(left)
    for each in requested:
        if each in held:
            assert negotiate(each, left) == each
