"""The answer link answers, and nothing else: no identity without a code to a verified contact."""

import re
import threading
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.notifications.domain import MOST_WRONG_CODES_PER_LINK
from services.notifications.keys import fingerprint
from shared.messaging.events import (
    AgreementWithdrawn,
    PersonDied,
    PersonNotToContact,
    PersonRestricted,
    ReferralCancelled,
    ReferralClosed,
    ReferralNoResponse,
    ReferralWithdrawn,
)
from shared.short_names import reference
from tests.notifications.conftest import HUB, PERSON, PROVIDER
from tests.notifications.test_cases import after

LINK = re.compile(r"https://kersey\.example\.org/answer/([A-Za-z0-9_-]{43})")
CODE = re.compile(r"\b(\d{6})\b")


def body_of(mail):
    part = mail.get_body(("plain",))
    return part.get_content()


def read(pattern, mail):
    """The token or the code in a mail."""
    match = pattern.search(body_of(mail))
    assert match, "there is none"
    return match[1]


@pytest.fixture
def asked(house):
    """A request that was mailed to a contact which the hub verified."""
    house.contact(verified_by_hub=True)
    event = house.ask()
    house.send()
    return event


@pytest.fixture
def token(house, asked):
    return read(LINK, house.mails()[-1])


def opened(client, token):
    answer = client.post("/notifications/answer-links/exchange", json={"token": token})
    assert answer.status_code == 200, answer.text
    return {"kersey-answer-session": answer.json()["session"]}


@pytest.fixture
def session(client, token):
    return opened(client, token)


def code_from(house):
    house.send()
    return read(CODE, house.mails()[-1])


def identified(client, house, session):
    assert client.post("/notifications/answer/code", headers=session).status_code == 202
    answer = client.post(
        "/notifications/answer/identity", headers=session, json={"code": code_from(house)}
    )
    assert answer.status_code == 200, answer.text
    return answer


def test_the_database_holds_no_token_session_or_code(house, token, session, client):
    client.post("/notifications/answer/code", headers=session)
    code = code_from(house)
    with house.engine.connect() as connection:
        tables = [
            "answer_link", "answer_session", "identity_code", "delivery", "delivery_attempt",
            "outbox", "contact",
        ]  # fmt: skip
        everything = [
            str(row)
            for table in tables
            for row in connection.exec_driver_sql(f"select row_to_json(t)::text from {table} t")
        ]
    assert everything
    for secret in (token, session["kersey-answer-session"]):
        assert not any(secret in row for row in everything)
    assert not any(re.search(rf"\D{code}\D", row) for row in everything if "code" in row)
    assert house.scalar("select hash from answer_link") == fingerprint(token)


def test_a_retry_sends_the_same_link(house):
    house.contact()
    house.ask()
    broken = house.settings.maildir
    broken.parent.mkdir(exist_ok=True)
    broken.write_text("in the way")
    house.send()
    assert house.rows("state", "last_error") == [("queued", "maildir-unwritable")]
    (first,) = house.links()
    broken.unlink()
    house.pass_time("2 minutes")
    house.send()
    assert house.links() == [first]
    assert fingerprint(read(LINK, house.mails()[0])) == first


def test_a_kill_between_send_and_record_sends_the_same_mail_once_more(house):
    class Killed(BaseException):
        pass

    house.contact()
    house.ask()
    send = house.worker()._send

    def die_after_sending(delivery):
        send(delivery)
        raise Killed

    with pytest.raises(Killed):
        house.worker(send=die_after_sending).deliver_due()
    house.pass_time("10 minutes")
    house.send()
    first, second = house.mails()
    assert first["Message-ID"] == second["Message-ID"]
    assert read(LINK, first) == read(LINK, second)
    assert house.rows("state") == ["delivered"]
    assert house.attempts() == [(1, "unknown", "cut-off"), (2, "delivered", "maildir")]


def test_a_mail_that_may_have_been_sent_is_not_sent_again_after_a_cancellation(house):
    class Killed(BaseException):
        pass

    house.contact()
    event = house.ask()
    send = house.worker()._send

    def die_after_sending(delivery):
        send(delivery)
        raise Killed

    with pytest.raises(Killed):
        house.worker(send=die_after_sending).deliver_due()
    house.happens(after(event, ReferralCancelled, reason="other"))
    house.pass_time("10 minutes")
    house.send()
    assert house.rows("kind", "state") == [
        ("request", "unknown"),
        ("no-longer-needed", "delivered"),
    ]


def test_the_mail_holds_no_personal_data(house, asked, client, session):
    identified(client, house, session)
    client.post("/notifications/answer", headers=session, json={"decision": "accept"})
    house.happens(after(asked, ReferralCancelled, reason="other"))
    house.send()
    mails = [mail.as_string() for mail in house.mails()]
    assert len(mails) == 3
    for mail in mails:
        for personal in ("Testina", "Fictional", "07700", "900123", "loneliness", "company"):
            assert personal not in mail


def test_the_view_is_the_anonymous_request(client, session, asked, referrals):
    answer = client.get("/notifications/answer", headers=session)
    assert answer.status_code == 200
    view = answer.json()
    assert view["task"] == str(asked.task)
    assert view["need"] == {"codes": ["loneliness"], "text": "Would like company"}
    assert view["identified"] is False
    assert view["code_possible"] is True
    assert answer.headers["cache-control"] == "no-store"
    assert [request.method for request in referrals.asked(str(asked.task))] == ["GET"]


def test_looking_never_answers(client, session, token, referrals, asked):
    for _ in range(3):
        client.get("/notifications/answer", headers=session)
        opened(client, token)
        assert client.get("/notifications/answer/identity", headers=session).status_code == 405
        assert client.get(f"/notifications/answer-links/exchange?token={token}").status_code == 405
    assert {request.method for request in referrals.requests if "requests" in request.path} == {
        "GET"
    }
    assert referrals.asked("answer") == []


@pytest.mark.parametrize(
    ("decision", "more", "status"),
    [
        ("accept", {}, "accepted"),
        ("waiting-list", {}, "received"),
        ("decline", {"reason": "full", "note": " We start again in May. "}, "rejected"),
    ],
)
def test_an_answer_reaches_referrals(client, house, session, referrals, decision, more, status):
    answer = client.post(
        "/notifications/answer", headers=session, json={"decision": decision} | more
    )
    assert answer.status_code == 200
    assert answer.json()["status"] == status
    (request,) = referrals.asked("/answer")
    assert request.json == {
        "decision": decision,
        "answered_by": {
            "contact": str(house.scalar("select id from contact")),
            "via": "answer-link",
        },
    } | {name: value.strip() for name, value in more.items()}


@pytest.mark.parametrize(
    "body",
    [
        {}, {"decision": "perhaps"}, {"decision": "decline"},
        {"decision": "accept", "reason": "full"}, {"decision": "accept", "task": "x"},
        {"decision": "decline", "reason": "Mrs Smith is rude"},
        {"decision": "accept", "note": "x" * 1001},
    ],
)  # fmt: skip
def test_an_answer_that_does_not_fit_names_the_element(client, session, referrals, body):
    answer = client.post("/notifications/answer", headers=session, json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["element"].startswith("body")
    assert "Smith" not in answer.text
    assert referrals.asked("/answer") == []


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (409, {"title": "Conflict", "detail": "Already answered."}, "Already answered."),
        (
            422,
            {"resourceType": "OperationOutcome", "issue": [{"diagnostics": "Not from here."}]},
            "Not from here.",
        ),
        (404, {"issue": []}, None),
        (409, ["unexpected"], None),
        (409, None, None),
    ],
)
def test_a_stale_answer_is_refused_in_words(client, session, referrals, status, body, words):
    referrals.refusal = (status, body)
    answer = client.post("/notifications/answer", headers=session, json={"decision": "accept"})
    assert answer.status_code == status
    assert answer.json().get("detail") == words
    assert answer.json()["title"]


@pytest.mark.parametrize("status", [500, 401, 302])
def test_trouble_at_referrals_is_a_503(client, session, referrals, status):
    referrals.refusal = (status, {})
    answer = client.get("/notifications/answer", headers=session)
    assert answer.status_code == 503
    assert "Nothing was changed" in answer.json()["detail"]


@pytest.mark.parametrize("wrong", ["", "x" * 43, "x" * 200, "../../etc", "'; drop table contact"])
def test_an_unknown_token_opens_nothing(client, asked, wrong):
    answer = client.post("/notifications/answer-links/exchange", json={"token": wrong})
    assert answer.status_code == 404
    assert answer.json()["reason"] == "unknown-link"


def test_an_expired_link_opens_nothing_nor_do_its_sessions(client, house, token, session):
    house.execute("update answer_link set expires = now() - interval '1 minute'")
    answer = client.post("/notifications/answer-links/exchange", json={"token": token})
    assert (answer.status_code, answer.json()["reason"]) == (410, "expired-link")
    answer = client.get("/notifications/answer", headers=session)
    assert (answer.status_code, answer.json()["reason"]) == (410, "expired-link")


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (ReferralCancelled, {"reason": "other"}),
        (ReferralNoResponse, {}),
    ],
)
def test_a_link_ends_when_the_task_moves_on(
    client, house, asked, token, session, referrals, kind, more
):
    house.happens(after(asked, kind, **more))
    answer = client.post("/notifications/answer-links/exchange", json={"token": token})
    assert (answer.status_code, answer.json()["reason"]) == (410, "closed-link")
    answer = client.post("/notifications/answer", headers=session, json={"decision": "accept"})
    assert (answer.status_code, answer.json()["reason"]) == (410, "closed-link")
    assert referrals.asked("/answer") == []


@pytest.mark.parametrize(
    "change", [{"address": "new@clay.example.org"}, {"active": False}], ids=["moved", "stopped"]
)
def test_a_link_ends_with_its_contact_and_does_not_say_that_the_request_has_ended(
    client, house, asked, token, session, change
):
    hub = house.verifier.add(
        "hub", roles="coordinator", scopes="notifications.write", organisation=HUB
    )
    (key,) = house.rows("contact")
    body = {"means": "email", "address": "desk@clay.example.org", "verified_by_hub": True} | change
    at = f"/notifications/contacts/{PROVIDER}/{key}"
    assert client.put(at, json=body, headers=hub).status_code == 200
    answer = client.post("/notifications/answer-links/exchange", json={"token": token})
    assert (answer.status_code, answer.json()["reason"]) == (410, "moved-link")
    answer = client.post("/notifications/answer", headers=session, json={"decision": "accept"})
    assert (answer.status_code, answer.json()["reason"]) == (410, "moved-link")
    house.happens(after(asked, ReferralCancelled, reason="other"))
    answer = client.post("/notifications/answer-links/exchange", json={"token": token})
    assert (answer.status_code, answer.json()["reason"]) == (410, "closed-link")


@pytest.mark.parametrize(
    "event",
    [
        lambda case: ReferralWithdrawn(case=case, by="person"),
        lambda case: ReferralClosed(case=case, outcome="completed"),
    ],
)
def test_a_link_ends_with_its_case(client, house, asked, token, event):
    house.happens(event(asked.case))
    answer = client.post("/notifications/answer-links/exchange", json={"token": token})
    assert answer.status_code == 410


@pytest.mark.parametrize(
    ("status", "event", "reason"),
    [
        (
            "completed",
            lambda case: ReferralClosed(case=case, outcome="completed"),
            "completed-link",
        ),
        ("rejected", lambda case: ReferralClosed(case=case, outcome="completed"), "closed-link"),
        ("completed", lambda case: ReferralWithdrawn(case=case, by="person"), "closed-link"),
    ],
)
def test_a_link_of_what_ended_well_says_so_when_its_case_closes(
    client, house, asked, token, session, referrals, status, event, reason
):
    referrals.views[str(asked.task)] = {"status": status}
    house.happens(event(asked.case))
    answer = client.post("/notifications/answer-links/exchange", json={"token": token})
    assert (answer.status_code, answer.json()["reason"]) == (410, reason)
    answer = client.get("/notifications/answer", headers=session)
    assert (answer.status_code, answer.json()["reason"]) == (410, reason)


def test_a_link_closes_also_where_nobody_can_say_how_its_request_ended(
    client, house, asked, token, referrals
):
    house.happens(ReferralClosed(case=asked.case, outcome="completed"))
    referrals.refusal = (500, {})
    answer = client.post("/notifications/answer-links/exchange", json={"token": token})
    assert (answer.status_code, answer.json()["reason"]) == (410, "closed-link")


def test_a_link_that_is_about_to_be_sent_is_not_made_once_its_case_has_ended(house):
    house.contact()
    event = house.ask()
    worker = house.worker()
    (claimed,) = worker._ledger.claim(1)
    house.happens(after(event, ReferralCancelled, reason="other"))
    worker._deliver(claimed)
    assert house.mails() == []
    assert house.links() == []
    assert house.rows("kind", "state")[0] == ("request", "superseded")


def test_a_link_that_was_closed_is_not_sent_again(house, asked):
    house.execute("update answer_link set revoked = now(), revoked_for = 'closed'")
    house.execute("update delivery set state = 'queued', due = now()")
    house.send()
    assert len(house.mails()) == 1
    assert house.rows("state", "last_error") == [("superseded", "closed")]


def test_a_session_ends_after_its_hours(client, house, session):
    house.execute("update answer_session set expires = now()")
    answer = client.get("/notifications/answer", headers=session)
    assert (answer.status_code, answer.json()["reason"]) == (401, "no-session")


def test_a_session_never_outlives_its_link(client, house, token):
    house.execute("update answer_link set expires = now() + interval '5 minutes'")
    answer = client.post("/notifications/answer-links/exchange", json={"token": token})
    ends = datetime.fromisoformat(answer.json()["expires"])
    assert ends <= datetime.now(UTC) + timedelta(minutes=5)


@pytest.mark.parametrize("secret", ["", "x" * 43])
def test_without_a_session_nothing_is_shown(client, asked, secret):
    for method, path in [
        ("GET", "/notifications/answer"),
        ("POST", "/notifications/answer"),
        ("POST", "/notifications/answer/code"),
        ("POST", "/notifications/answer/identity"),
        ("POST", "/notifications/answer/progress"),
    ]:
        body = {"decision": "accept"} if path.endswith("answer") else {}
        if path.endswith("progress"):
            body = {"action": "start", "date": "2026-03-02"}
        answer = client.request(method, path, headers={"kersey-answer-session": secret}, json=body)
        assert answer.status_code == 401, path


def test_a_session_is_good_for_its_own_task_only(client, house, session, asked, referrals):
    other = house.ask()
    house.send()
    elsewhere = opened(client, read(LINK, house.mails()[-1]))
    identified(client, house, elsewhere)
    assert client.get("/notifications/answer", headers=session).json()["task"] == str(asked.task)
    answer = client.post("/notifications/answer/identity", headers=session, json={})
    assert (answer.status_code, answer.json()["reason"]) == (403, "not-identified")
    progress = {"action": "start", "date": "2026-03-02"}
    assert (
        client.post("/notifications/answer/progress", headers=session, json=progress).status_code
        == 403
    )
    assert {request.path.split("/")[3] for request in referrals.asked("/identity")} == {
        str(other.task)
    }


def test_a_code_is_good_for_the_session_that_asked_for_it(client, house, token, session):
    client.post("/notifications/answer/code", headers=session)
    code = code_from(house)
    other = opened(client, token)
    answer = client.post("/notifications/answer/identity", headers=other, json={"code": code})
    assert (answer.status_code, answer.json()["reason"]) == (422, "no-code")


def test_a_code_shows_who_it_is_and_the_view_is_recorded(client, house, session, asked, referrals):
    answer = identified(client, house, session)
    assert answer.json() == PERSON
    assert answer.headers["cache-control"] == "no-store"
    (request,) = referrals.asked("/identity")
    assert request.json == {
        "viewer": {
            "contact": str(house.scalar("select id from contact")), "via": "one-time-code",
        }
    }  # fmt: skip
    assert client.get("/notifications/answer", headers=session).json()["identified"] is True
    again = client.post("/notifications/answer/identity", headers=session, json={})
    assert again.json() == PERSON
    assert len(referrals.asked("/identity")) == 2


def test_the_code_goes_to_the_verified_contact_only(client, house, session, asked):
    client.post("/notifications/answer/code", headers=session)
    house.send()
    mail = house.mails()[-1]
    assert mail["To"] == "desk@clay.example.org"
    assert mail["Subject"] == "Your code"
    assert f"for request {reference(asked.task)}" in body_of(mail), "which of several"
    assert "/answer/" not in body_of(mail)


def test_an_unverified_contact_is_told_that_the_link_worker_rings(client, house):
    house.contact(verified_by_hub=False)
    house.ask()
    house.send()
    session = opened(client, read(LINK, house.mails()[-1]))
    assert client.get("/notifications/answer", headers=session).json()["code_possible"] is False
    for path, body in [("code", None), ("identity", {"code": "123456"})]:
        answer = client.post(f"/notifications/answer/{path}", headers=session, json=body)
        assert (answer.status_code, answer.json()["reason"]) == (403, "not-verified")
        assert "link worker will ring" in answer.json()["title"]
    assert len(house.mails()) == 1


def test_a_contact_that_lost_the_hubs_word_gets_no_code(client, house, session):
    client.post("/notifications/answer/code", headers=session)
    house.execute("update contact set verified_by_hub = false")
    house.send()
    assert len(house.mails()) == 1
    assert house.rows("kind", "state", "last_error")[-1] == (
        "identity-code", "superseded", "expired",
    )  # fmt: skip


def test_a_code_works_once(client, house, session):
    identified(client, house, session)
    house.execute("update answer_session set identified_until = null")
    code = read(CODE, house.mails()[-1])
    answer = client.post("/notifications/answer/identity", headers=session, json={"code": code})
    assert answer.json()["reason"] == "no-code"


def test_a_code_may_be_typed_with_spaces(client, house, session):
    client.post("/notifications/answer/code", headers=session)
    code = code_from(house)
    typed = f" {code[:3]} {code[3:]}\t"
    answer = client.post("/notifications/answer/identity", headers=session, json={"code": typed})
    assert answer.status_code == 200


def test_a_code_ends_after_its_minutes(client, house, session, referrals):
    client.post("/notifications/answer/code", headers=session)
    code = code_from(house)
    house.execute("update identity_code set expires = now()")
    answer = client.post("/notifications/answer/identity", headers=session, json={"code": code})
    assert (answer.status_code, answer.json()["reason"]) == (422, "no-code")
    assert referrals.asked("/identity") == []


def test_guessing_a_code_stops(client, house, session, referrals):
    client.post("/notifications/answer/code", headers=session)
    code = code_from(house)
    wrong = "000000" if code != "000000" else "111111"
    left = []
    for _ in range(5):
        answer = client.post(
            "/notifications/answer/identity", headers=session, json={"code": wrong}
        )
        assert answer.status_code == 422
        left.append(answer.json()["tries_left"])
    assert left == [4, 3, 2, 1, 0]
    answer = client.post("/notifications/answer/identity", headers=session, json={"code": code})
    assert answer.json()["reason"] == "no-code"
    assert referrals.asked("/identity") == []


@pytest.mark.parametrize("slip", ["", " ", "12", "1234567", "12345o", "\u0661" * 6, "1.2.3.4.5.6"])
def test_what_can_be_no_code_is_refused_at_its_field_and_counts_as_no_try(
    client, house, session, slip
):
    client.post("/notifications/answer/code", headers=session)
    code = code_from(house)
    for method, path in (("POST", "identity"), ("PUT", "code")):
        answer = client.request(
            method, f"/notifications/answer/{path}", headers=session, json={"code": slip}
        )
        assert (answer.status_code, answer.json()["reason"]) == (422, "malformed-code")
        assert answer.json()["element"] == "body.code"
        assert "tries_left" not in answer.json()
    assert house.scalar("select tries from identity_code") == 0
    assert house.scalar("select wrong_codes from answer_link") == 0
    answer = client.put("/notifications/answer/code", headers=session, json={"code": code})
    assert answer.status_code == 204


def test_a_code_can_be_given_without_looking_at_a_name(client, house, session, referrals):
    client.post("/notifications/answer/code", headers=session)
    given = {"code": code_from(house)}
    answer = client.put("/notifications/answer/code", headers=session, json=given)
    assert (answer.status_code, answer.content) == (204, b"")
    assert client.get("/notifications/answer", headers=session).json()["identified"] is True
    assert referrals.asked("/identity") == []


def test_guessing_at_once_from_many_places_counts_each_guess(client, house, session):
    client.post("/notifications/answer/code", headers=session)
    wrong = "000000" if code_from(house) != "000000" else "111111"
    answers = []

    def guess():
        answers.append(
            client.post("/notifications/answer/identity", headers=session, json={"code": wrong})
        )

    threads = [threading.Thread(target=guess) for _ in range(12)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    reasons = sorted(each.json()["reason"] for each in answers)
    assert reasons == ["no-code"] * 7 + ["wrong-code"] * 5


def test_a_link_that_was_guessed_at_too_often_is_locked_for_good(client, house, session):
    client.post("/notifications/answer/code", headers=session)
    code = code_from(house)
    house.execute("update answer_link set wrong_codes = :most", most=MOST_WRONG_CODES_PER_LINK)
    for path, body in [("identity", {"code": code}), ("code", None)]:
        answer = client.post(f"/notifications/answer/{path}", headers=session, json=body)
        assert (answer.status_code, answer.json()["reason"]) == (403, "locked")


def test_codes_cannot_be_asked_for_without_end(client, house, session):
    statuses = [
        client.post("/notifications/answer/code", headers=session).status_code for _ in range(6)
    ]
    assert statuses == [202] * 5 + [429]
    assert house.send() == 5


def test_identity_fades_after_its_minutes(client, house, session):
    identified(client, house, session)
    house.execute("update answer_session set identified_until = now()")
    answer = client.post("/notifications/answer/identity", headers=session, json={})
    assert answer.json()["reason"] == "not-identified"


def test_identity_ends_when_the_person_no_longer_agrees(client, house, session, asked):
    identified(client, house, session)
    house.happens(AgreementWithdrawn(case=asked.case, task=asked.task, provider=asked.provider))
    answer = client.post("/notifications/answer/identity", headers=session, json={})
    assert answer.json()["reason"] == "not-identified"


@pytest.mark.parametrize("kind", [PersonDied, PersonRestricted, PersonNotToContact])
def test_identity_ends_when_something_is_said_that_hides_it(client, house, session, asked, kind):
    identified(client, house, session)
    house.happens(kind(case=asked.case, person=uuid4()))
    answer = client.post("/notifications/answer/identity", headers=session, json={})
    assert answer.json()["reason"] == "not-identified"


def test_progress_needs_an_identified_session(client, house, session, referrals):
    progress = {"action": "attend", "date": "2026-03-02", "note": "Came with a friend"}
    answer = client.post("/notifications/answer/progress", headers=session, json=progress)
    assert (answer.status_code, answer.json()["reason"]) == (403, "not-identified")
    identified(client, house, session)
    answer = client.post("/notifications/answer/progress", headers=session, json=progress)
    assert answer.status_code == 200
    (request,) = referrals.asked("/progress")
    assert {name: request.json[name] for name in progress} == progress


def test_attendance_needs_an_identified_session(client, house, session, referrals, asked):
    at, body = "/notifications/answer/attendance", {"mark": "came", "key": str(uuid4())}
    assert client.get(at, headers=session).json()["reason"] == "not-identified"
    refused = client.put(f"{at}/2026-03-02", headers=session, json=body)
    assert (refused.status_code, refused.json()["reason"]) == (403, "not-identified")
    assert referrals.marks == {}
    identified(client, house, session)
    for _ in range(2):
        told = client.put(f"{at}/2026-03-02", headers=session, json=body)
        assert told.json() == {"day": "2026-03-02", "mark": "came", "before": None}
    days = client.get(at, headers=session).json()["days"]
    assert days == [{"day": "2026-03-02", "mark": "came"}]
    sent = [each for each in referrals.asked("2026-03-02") if each.method == "PUT"]
    assert {each.json["noted_by"]["via"] for each in sent} == {"answer-link"}
    for wrong in ({"mark": "danced"}, {"key": "no"}, {"more": 1}):
        assert client.put(f"{at}/2026-03-02", headers=session, json=body | wrong).status_code == 422
    assert client.put(f"{at}/soon", headers=session, json=body).status_code == 422


@pytest.mark.parametrize("body", [{"action": "start"}, {"action": "dance", "date": "2026-03-02"}])
def test_progress_that_does_not_fit_is_refused(client, session, body):
    assert (
        client.post("/notifications/answer/progress", headers=session, json=body).status_code == 422
    )


def test_a_flood_of_wrong_links_is_braked_and_shuts_nobody_out(client, token):
    wrong = {"token": "x" * 43}
    statuses = {
        client.post("/notifications/answer-links/exchange", json=wrong).status_code
        for _ in range(65)
    }
    assert statuses == {404, 429}
    opened(client, token)


def test_no_code_is_sent_before_there_is_anything_to_show(client, house, session, asked, referrals):
    view = referrals._new(str(asked.task)) | {"identity_available": False}
    referrals.views[str(asked.task)] = view
    answer = client.post("/notifications/answer/code", headers=session)
    assert (answer.status_code, answer.json()["reason"]) == (403, "not-available")
    assert house.send() == 0
    assert house.rows("kind") == ["request"]
