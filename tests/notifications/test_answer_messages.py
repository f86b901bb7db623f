"""Whoever holds an answer link writes with the link worker, as long as the link is good."""

# ruff: noqa: F811 - fixtures

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import update

from services.notifications.tables import AnswerLink
from shared.messaging.events import ReferralCancelled, TeamWritten
from shared.short_names import reference
from tests.notifications.test_answers import (  # noqa: F401 - fixtures
    LINK,
    asked,
    body_of,
    identified,
    opened,
    read,
    session,
    token,
)
from tests.notifications.test_cases import after

AT = "/notifications/answer/messages"
ANSWERED = {"status": "accepted", "business_status": "selected", "answerable": False}


@pytest.fixture
def waiting(referrals, asked):
    """The request as referrals has it before an answer: no name is to be had."""
    view = referrals._new(str(asked.task)) | {"identity_available": False}
    referrals.views[str(asked.task)] = view
    return view


def words(text="Is there a lift?"):
    return {"text": text, "key": str(uuid4())}


def test_before_an_answer_the_link_alone_reads_and_writes(client, session, waiting, referrals):
    assert client.get(AT, headers=session).json() == {"messages": [], "kept_back": 0}
    told = client.post(AT, headers=session, json=words())
    assert told.status_code == 201
    assert [each["text"] for each in told.json()["messages"]] == ["Is there a lift?"]
    assert client.get(AT, headers=session).json() == told.json(), "and nothing else is told"
    (sent,) = (each for each in referrals.asked("/messages") if each.method == "POST")
    assert sent.json["written_by"]["via"] == "answer-link"


def test_after_a_yes_they_need_the_code_as_the_name_does(
    client,
    house,
    session,
    waiting,
    referrals,
):
    waiting |= ANSWERED | {"identity_available": True}
    referrals.talks[waiting["task"]] = [{"from": "team", "text": "She comes on Monday."}]
    for answer in (
        client.get(AT, headers=session),
        client.post(AT, headers=session, json=words()),
    ):
        assert answer.status_code == 403
        assert answer.json()["reason"] == "not-identified"
        assert "Monday" not in answer.text
    identified(client, house, session)
    assert "Monday" in client.get(AT, headers=session).text
    assert client.post(AT, headers=session, json=words()).status_code == 201


@pytest.mark.parametrize("business", ["selected", "started", "attended", "completed"])
def test_they_stay_behind_the_code_when_the_person_no_longer_agrees(
    client, house, session, waiting, referrals, business
):
    # Or taking an agreement back would show what was written to whoever the mail was forwarded to.
    waiting |= ANSWERED | {"business_status": business, "identity_available": False}
    referrals.talks[waiting["task"]] = [{"from": "team", "text": "Kath comes on Monday."}]
    for answer in (
        client.get(AT, headers=session),
        client.post(AT, headers=session, json=words()),
    ):
        assert (answer.status_code, answer.json()["reason"]) == (403, "not-identified")
        assert "Kath" not in answer.text
    identified(client, house, session)
    assert "Kath" in client.get(AT, headers=session).text


@pytest.mark.parametrize("business", ["waiting-list", "offered"])
def test_while_nobody_has_a_place_the_link_alone_will_do(client, session, waiting, business):
    waiting |= {"business_status": business, "answerable": business == "waiting-list"}
    assert client.get(AT, headers=session).json() == {"messages": [], "kept_back": 0}
    assert client.post(AT, headers=session, json=words()).status_code == 201
    assert client.post("/notifications/answer/code", headers=session).status_code == 403


def test_they_end_with_the_link(client, house, asked, session, waiting):
    for other in ({}, {"kersey-answer-session": "nobody's"}):
        assert client.get(AT, headers=other).status_code == 401
        assert client.post(AT, headers=other, json=words()).status_code == 401
    with house.engine.begin() as connection:
        past = datetime.now(UTC) - timedelta(seconds=1)
        connection.execute(update(AnswerLink).values(expires=past))
    assert client.get(AT, headers=session).status_code == 410
    with house.engine.begin() as connection:
        later = datetime.now(UTC) + timedelta(days=1)
        connection.execute(update(AnswerLink).values(expires=later))
    assert client.get(AT, headers=session).status_code == 200
    house.happens(after(asked, ReferralCancelled, reason="other"))
    assert client.get(AT, headers=session).status_code == 410


@pytest.mark.parametrize(
    "body", [{"text": ""}, {"text": "x" * 501}, {"text": "a\x00b"}, {"key": "no"}, {"more": 1}]
)
def test_what_cannot_be_a_message_is_refused(client, session, waiting, referrals, body):
    assert client.post(AT, headers=session, json=words() | body).status_code == 422
    assert not [each for each in referrals.asked("/messages") if each.method == "POST"]


def written(event):
    return after(event, TeamWritten)


def test_the_mail_that_something_was_written_leads_to_it(client, house, asked, waiting, referrals):
    house.happens(written(asked))
    house.send()
    mail = house.mails()[-1]
    assert mail["Subject"] == "The link worker has written to you"
    assert f"request {reference(asked.task)}" in body_of(mail)
    referrals.talks[waiting["task"]] = [{"from": "team", "text": "Yes, there is."}]
    assert read(LINK, mail) != read(LINK, house.mails()[0]), "each mail has a link of its own"
    session = opened(client, read(LINK, mail))
    assert "Yes, there is." in client.get(AT, headers=session).text


def test_what_was_written_about_a_request_that_has_ended_comes_without_a_link(house, asked):
    house.happens(after(asked, ReferralCancelled, reason="other"))
    house.happens(written(asked))
    house.send()
    mail = house.mails()[-1]
    assert mail["Subject"] == "The link worker has written to you"
    assert "/answer/" not in body_of(mail)
    assert "ring the link worker" in " ".join(body_of(mail).split())
