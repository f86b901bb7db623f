"""Whatever is sent to an answer link: an answer or a refusal, never a failure or a name."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.notifications.test_answers import asked, opened, session, token  # noqa: F401 - fixtures

often = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

text = st.one_of(
    st.text(max_size=60),
    st.text(alphabet=st.characters(codec=None, categories=["Cs", "Cc", "Cf", "Co"]), max_size=4),
    st.sampled_from(["", "\x00", "A" * 43, "A" * 200, "A" * 5_000, "../..", "%00", "' or 1=1 --"]),
)
scalar = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), text)
anything = st.recursive(
    scalar,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=5,
)
NAMES = [
    "token",
    "decision",
    "reason",
    "note",
    "code",
    "action",
    "date",
    "text",
    "key",
    "said",
    "x",
]
KNOWN = ["accept", "decline", "waiting-list", "other", "start", "2026-06-01", "123456", "000 000"]
body = st.one_of(
    anything,
    st.dictionaries(
        st.sampled_from(NAMES), st.one_of(st.sampled_from(KNOWN), anything), max_size=4
    ),
)
ROUTES = [
    "/notifications/answer-links/exchange",
    "/notifications/answer",
    "/notifications/answer/code",
    "/notifications/answer/identity",
    "/notifications/answer/progress",
    "/notifications/answer/messages",
    "/notifications/visit-links/exchange",
    "/notifications/visit",
    "/notifications/capacity-links/look",
    "/notifications/capacity-links/answer",
    "/notifications/mute-links/look",
    "/notifications/mute-links/mute",
]
"""What is asked without a token: answer links, those of a person, of a week, and of an end."""


NAME = ("Testina", "900123")
"""Of the person whom referrals knows, and of their number."""


def check(answer: Any) -> None:
    """A refusal in words, or an answer; no failure, and nothing of who it is."""
    assert answer.status_code < 500, answer.text
    for value in NAME:
        assert value not in answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["title"]


@often
@given(st.sampled_from(ROUTES), body, st.one_of(st.none(), text))
def test_no_token_session_or_code_breaks_an_answer_link(client, route, sent, secret):
    headers = {}
    if secret is not None:
        names = (b"kersey-answer-session", b"kersey-visit-session")
        headers = dict.fromkeys(names, plain(secret))

    check(client.post(route, content=json.dumps(sent), headers=headers))


@often
@given(st.sampled_from(ROUTES), body)
def test_whoever_holds_a_session_breaks_nothing_and_sees_no_name_without_a_code(
    client,
    session,  # noqa: F811 - the fixture
    route,
    sent,
):
    answer = client.post(route, content=json.dumps(sent), headers=session)

    check(answer)


@often
@given(st.sampled_from(ROUTES), st.binary(max_size=80))
def test_bytes_that_are_no_json_are_refused(client, session, route, sent):  # noqa: F811
    check(client.post(route, content=sent, headers=session))


@often
@given(text)
def test_only_the_link_that_was_sent_opens(client, token, guess):  # noqa: F811
    sent = json.dumps({"token": guess})

    answer = client.post("/notifications/answer-links/exchange", content=sent)

    check(answer)
    assert answer.status_code >= 400
    assert opened(client, token)


def plain(secret: str) -> bytes:
    """What a header can hold of it."""
    return "".join(each for each in secret if each.isprintable()).encode("utf-8", "ignore")[:9_000]
