"""The answer pages: everything works without scripts, and looking changes nothing."""

import re
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from services.portal.app import create_app
from services.portal.settings import PortalSettings
from shared.messaging.events import ReferralCancelled, ReferralClosed
from tests.notifications.serving import serving
from tests.notifications.test_cases import after
from tests.portal.conftest import Browser, Page, check_page, path_in

STAGES = {
    "asked": {},
    "waiting": {"status": "received", "business_status": "waiting-list"},
    "yes": {
        "status": "accepted", "business_status": "selected", "answerable": False,
        "possible": ["attend", "not-attended", "start"],
    },
    "going": {
        "status": "in-progress", "business_status": "started", "answerable": False,
        "possible": ["attend", "complete", "end-early"],
    },
    "done": {"status": "completed", "answerable": False},
    "no": {"status": "rejected", "answerable": False},
    "over": {"status": "cancelled", "answerable": False},
    "needless": {"status": "requested", "answerable": False},
    "needless too": {"status": "received", "answerable": False},
}  # fmt: skip


@pytest.fixture
def asked(house):
    house.contact(verified_by_hub=True)
    event = house.ask()
    house.send()
    return event


@pytest.fixture
def link(house, asked):
    return path_in(house.mails()[-1])


def standing(referrals, task, stage):
    """Let the request stand as in one of the stages."""
    referrals.views[str(task)] = referrals._new(str(task)) | STAGES[stage]


def code_in(house):
    house.send()
    body = house.mails()[-1].get_body(("plain",)).get_content()
    found = re.search(r"\b\d{6}\b", body)
    assert found, "the mail holds no code"
    return found[0]


def wrong_code(right):
    return "000000" if right != "000000" else "111111"


def identify(browser, house, page):
    code_page = browser.send(page.form("/answer/code"))
    return browser.send(code_page.form("/answer/who"), code=code_in(house))


def test_a_link_leads_to_a_clean_address_with_a_cookie_of_its_own(browser, link):
    answer = browser.http.get(link, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/answer")
    cookie = answer.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=lax", "Path=/answer"):
        assert part in cookie
    assert "Secure" not in cookie
    assert link.rpartition("/")[2] not in cookie


def test_over_https_the_cookie_is_secure(house, link):
    with serving(house.app) as notifications:
        settings = PortalSettings(
            environment="test",
            database_url="postgresql://not-used",
            public_url="https://kersey.example.org",
        )
        app = create_app(settings, http=httpx.AsyncClient(base_url=notifications, timeout=60))
        with serving(app) as url:
            answer = httpx.get(url + link, timeout=60)
    assert "Secure" in answer.headers["set-cookie"]


def test_the_request_is_shown_without_a_name(browser, link, referrals):
    page = browser.get(link)
    assert page.status == 200
    assert page.heading == "Someone would like to come to you"
    for shown in ("Clay on Canal Street", "Tuesday afternoons", "Sowerby Bridge", "Feeling lonely",
                  "step-free entrance", "Would like company"):  # fmt: skip
        assert shown in page.words
    assert "Testina" not in page.words
    assert referrals.asked("/answer") == []


@pytest.mark.parametrize(
    ("values", "heading", "sent"),
    [
        ({"decision": "accept"}, "You said yes", {"decision": "accept"}),
        (
            {"decision": "waiting-list"},
            "You put this person on your waiting list",
            {"decision": "waiting-list"},
        ),
        (
            {"decision": "decline", "reason": "full", "note": "Back in May"},
            "You said no",
            {"decision": "decline", "reason": "full", "note": "Back in May"},
        ),
        ({"decision": "accept", "reason": "full"}, "You said yes", {"decision": "accept"}),
    ],
)
def test_an_answer_is_given_by_a_form(browser, link, referrals, values, heading, sent):
    page = browser.send(browser.get(link).form("/answer"), **values)
    assert page.heading == heading
    (request,) = referrals.asked("/answer")
    request.json.pop("answered_by")
    told = {name: value for name, value in request.json.items() if name != "answered_by"}
    assert told == sent


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({}, "Choose yes, waiting list or no"),
        ({"decision": "perhaps"}, "Choose yes, waiting list or no"),
        ({"decision": "decline"}, "Choose why you cannot help this time"),
        ({"decision": "decline", "reason": "rude"}, "Choose why you cannot help this time"),
        ({"decision": "accept", "note": "x" * 1001}, "Your note has 1,001 letters. Write 1,000"),
        ({"decision": "accept", "note": "Back\x0bin\x00 May"}, "Your note had a character"),
    ],
)
def test_an_answer_with_something_missing_says_what_and_keeps_the_rest(
    browser, link, referrals, values, fault
):
    form = browser.get(link).form("/answer")
    form.choices.clear()
    page = browser.send(form, **values)
    assert page.status == 422
    assert page.title.startswith("Error: ")
    assert page.words.count(fault) == 2, "in the summary, and at the question"
    kept = page.form("/answer").fields
    assert kept.get("decision", "") == (
        values.get("decision", "") if values.get("decision") != "perhaps" else ""
    )
    note = values.get("note", "")
    assert note.replace("\x0b", "").replace("\x00", "") in page.words
    assert "\x0b" not in page.answer.text
    assert referrals.asked("/answer") == []


def test_a_note_has_as_many_letters_as_were_typed_and_ends_of_lines_count_once(
    browser, link, referrals
):
    note = "\r\n".join(["x" * 99] * 10)
    page = browser.send(browser.get(link).form("/answer"), decision="accept", note=note + "y")
    assert page.heading == "You said yes"
    (request,) = referrals.asked("/answer")
    assert request.json["note"] == "\n".join(["x" * 99] * 10) + "y"


@pytest.mark.parametrize("declared", [True, False])
def test_a_form_that_is_much_too_long_is_answered_by_a_page(browser, link, referrals, declared):
    form = browser.get(link).form("/answer")
    body = urlencode(form.fields | {"decision": "accept", "note": "x" * 1_100_000}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    content = body if declared else iter([body[:500_000], body[500_000:]])
    page = Page(browser.http.post("/answer", content=content, headers=headers))
    check_page(page)
    assert (page.status, page.heading) == (413, "That was too long")
    assert "1,000 letters or fewer" in page.words
    assert referrals.asked("/answer") == []


def test_a_form_that_is_none_is_answered_by_a_page(browser, link):
    browser.get(link)
    page = Page(browser.http.post("/answer", data={f"f{n}": "x" for n in range(30)}))
    check_page(page)
    assert (page.status, page.heading) == (400, "We could not read that")


def test_what_a_service_behind_finds_wrong_with_a_field_is_told_at_that_field(
    browser, link, referrals
):
    form = browser.get(link).form("/answer")
    view = dict(referrals.views)
    said = {"detail": "This note will not do.", "element": "note"}
    answered = referrals.answer
    referrals.answer = lambda asked: (422, said) if asked.method == "POST" else answered(asked)
    page = browser.send(form, decision="accept", note="as typed")
    assert page.status == 422
    assert page.words.count("This note will not do") == 2
    assert "as typed" in page.words
    assert referrals.views == view


@pytest.mark.parametrize("values", [{}, {"decision": "accept", "note": "x" * 1001}])
def test_a_form_that_is_not_there_any_more_has_nothing_to_correct(
    browser, link, referrals, asked, values
):
    form = browser.get(link).form("/answer")
    form.choices.clear()
    standing(referrals, asked.task, "no")
    page = browser.send(form, **values)
    assert (page.status, page.heading) == (409, "That is not possible now")


@pytest.mark.parametrize("stage", list(STAGES))
def test_every_stage_has_a_page(browser, link, referrals, asked, stage):
    standing(referrals, asked.task, stage)
    page = browser.get(link)
    assert page.status == 200
    actions = {form.action for form in page.forms}
    assert ("/answer" in actions) == (stage in ("asked", "waiting"))
    assert ("/answer/code" in actions) == (stage in ("yes", "going"))
    assert "/answer/progress" not in actions
    assert ("call 999" in page.words.replace("In an emergency call 999", "")) == (
        stage in ("yes", "going")
    )


def test_until_when_an_answer_is_waited_for_is_said(browser, link, referrals, asked):
    standing(referrals, asked.task, "asked")
    assert "If you have not answered" not in browser.get(link).words, "where nobody says a day"
    referrals.views[str(asked.task)] |= {"closes": "2026-12-07T17:10:00Z"}
    said = "If you have not answered by Monday 7 December 2026, the link worker looks for something"
    assert said in browser.get(link).words


def test_an_accepted_request_whose_person_still_chooses_offers_no_code(
    browser, link, referrals, asked
):
    standing(referrals, asked.task, "yes")
    referrals.views[str(asked.task)] |= {"identity_available": False, "business_status": "offered"}
    page = browser.get(link)
    assert page.forms == []
    assert "may be choosing" in page.words


def test_a_no_with_its_reason_takes_two_presses_from_the_mail(browser, referrals, link):
    form = browser.get(link).form("/answer/no")
    assert form.fields.keys() == {"key"}
    page = browser.send(form, reason="full")
    assert page.heading == "You said no"
    (request,) = referrals.asked("/answer")
    assert {name: request.json[name] for name in ("decision", "reason")} == {
        "decision": "decline", "reason": "full",
    }  # fmt: skip
    assert "note" not in request.json
    again = browser.send(form, reason="full")
    assert again.heading == "You said no", "a second press is no fault"


def test_a_no_without_a_reason_that_we_know_is_asked_again(browser, referrals, link):
    page = browser.send(browser.get(link).form("/answer/no"), reason="rude")
    assert (page.status, "Choose why you cannot help this time" in page.words) == (422, True)
    assert page.form("/answer").fields["decision"] == "decline"
    assert referrals.asked("/answer") == []


def test_the_name_needs_a_code(browser, house, link, referrals, asked):
    standing(referrals, asked.task, "yes")
    page = browser.get(link)
    code_page = browser.send(page.form("/answer/code"))
    assert code_page.heading == "Type the code"
    right = code_in(house)
    page = browser.send(code_page.form("/answer/who"), code=wrong_code(right))
    assert (page.status, "You have 4 more tries" in page.words) == (422, True)
    for slip in (" ", "12", "1234567", "12345o", "\u0661\u0662\u0663\u0664\u0665\u0666"):
        page = browser.send(page.form("/answer/who"), code=slip)
        assert (page.status, "It has 6 numbers" in page.words) == (422, True), slip
    assert house.scalar("select tries from identity_code") == 1, "slips are no tries"
    shown = browser.send(page.form("/answer/who"), code=right)
    assert shown.heading == "Testina Fictional"
    for part in ("07700 900123", "after 2 pm", "name, phone", "can see that you looked"):
        assert part in shown.words
    assert len(referrals.asked("/identity")) == 1
    assert browser.get("/answer").form("/answer/who").fields.keys() == {"key"}
    again = browser.send(browser.get("/answer").form("/answer/who"))
    assert again.heading == "Testina Fictional"
    assert len(referrals.asked("/identity")) == 2


def test_a_name_that_may_no_longer_be_shown(browser, house, link, referrals, asked):
    standing(referrals, asked.task, "yes")
    form = browser.send(browser.get(link).form("/answer/code")).form("/answer/who")
    code = code_in(house)
    referrals.refusal = (409, {"detail": "internal words"})
    page = browser.send(form, code=code)
    assert (page.status, page.heading) == (409, "That is not possible now")


def test_wrong_codes_run_out_and_a_new_one_can_be_had(browser, house, link, referrals, asked):
    standing(referrals, asked.task, "yes")
    page = browser.send(browser.get(link).form("/answer/code"))
    wrong = wrong_code(code_in(house))
    said = []
    for _ in range(6):
        page = browser.send(page.form("/answer/who"), code=wrong)
        said.append(page.words)
    assert "1 more try." not in said[0]
    assert "You have 1 more try" in said[3]
    assert "Ask for a new one" in said[4]
    assert "too old" in said[5]
    shown = identify(browser, house, page)
    assert shown.heading == "Testina Fictional"


def test_a_contact_that_nobody_verified_hears_that_the_link_worker_rings(
    browser, house, link, referrals, asked
):
    house.execute("update contact set verified_by_hub = false")
    standing(referrals, asked.task, "yes")
    page = browser.get(link)
    assert [form.action for form in page.forms] == ["/answer/meeting"]
    assert "The link worker will ring you" in page.words


def test_verification_that_is_lost_meanwhile(browser, house, link, referrals, asked):
    standing(referrals, asked.task, "yes")
    form = browser.get(link).form("/answer/code")
    house.execute("update contact set verified_by_hub = false")
    page = browser.send(form)
    assert (page.status, page.heading) == (403, "The link worker will ring you")


def test_progress_is_told_by_an_identified_reader(browser, house, link, referrals, asked):
    standing(referrals, asked.task, "yes")
    shown = identify(browser, house, browser.get(link))
    form = shown.form("/answer/progress")
    assert form.choices["action"] == ["start", "not-attended"], "who came is noted day by day"
    page = browser.send(form, action="start", day="2", month="3", year="2026")
    assert "We have noted that" in page.words
    assert page.answer.request.method == "GET", "loading it anew sends nothing"
    (request,) = referrals.asked("/progress")
    assert (request.json["action"], request.json["date"]) == ("start", "2026-03-02")


def days_noted(referrals, task):
    return {day: [each["mark"] for each in made] for day, made in referrals.marks[task].items()}


def test_who_came_is_noted_day_by_day_and_put_right(browser, house, link, referrals, asked):
    standing(referrals, asked.task, "yes")
    assert "/answer/attendance" not in {form.action for form in browser.get(link).forms}
    shown = identify(browser, house, browser.get(link))
    assert "No day is noted yet" in shown.words
    form = shown.form("/answer/attendance")
    assert form.choices["mark"] == ["came", "did-not-come", "told-us"]
    day = {"marked_day": "2", "marked_month": "3", "marked_year": "2026"}
    page = browser.send(form, mark="came", **day)
    assert "We have noted that" in page.words
    assert "2 March 2026: Came" in page.words
    (sent,) = [each for each in referrals.asked("2026-03-02") if each.method == "PUT"]
    assert sent.json["noted_by"]["via"] == "answer-link"
    again = browser.send(form, mark="came", **day)
    assert days_noted(referrals, str(asked.task)) == {"2026-03-02": ["came"]}, "sent twice"
    correct, another = [each for each in again.forms if each.action == "/answer/attendance"]
    page = browser.send(correct)
    assert "takes the place of what was noted for this day before" in page.words
    assert "2 March 2026: Did not come" in page.words
    assert page.words.count("2 March 2026:") == 1
    browser.send(form, mark="came", **day)
    assert days_noted(referrals, str(asked.task)) == {"2026-03-02": ["came", "did-not-come"]}, (
        "the first form from the browser's history undoes nothing"
    )
    browser.send(another, mark="told-us", marked_day="9", marked_month="3", marked_year="2026")
    words = browser.get("/answer").words
    assert words.index("2 March 2026: Did not come") < words.index("9 March 2026: Told us")


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"mark": ""}, "Choose if they came"),
        ({"mark": "danced"}, "Choose if they came"),
        ({"marked_day": "31", "marked_month": "2"}, "There is no such day"),
        ({"marked_year": "2999"}, "This day is in the future"),
    ],
)
def test_a_day_that_cannot_be_noted_is_said_at_its_field(
    browser, house, link, referrals, asked, values, fault
):
    standing(referrals, asked.task, "yes")
    form = identify(browser, house, browser.get(link)).form("/answer/attendance")
    sent = {"mark": "came", "marked_day": "2", "marked_month": "3", "marked_year": "2026"} | values
    form.choices.clear()
    page = browser.send(form, **sent)
    assert (page.status, page.words.count(fault)) == (422, 2)
    kept = page.form("/answer/attendance").fields
    assert kept["marked_day"] == sent["marked_day"]
    assert referrals.marks.get(str(asked.task), {}) == {}
    house.execute("update answer_session set identified_until = now()")
    for mark in ("came", "danced"):
        late = browser.send(form, **(sent | {"mark": mark, "marked_year": "2026"}))
        assert (late.status, late.heading) == (403, "Please ask for a new code")


@pytest.mark.parametrize(
    ("decision", "stage", "heading"),
    [
        ({"decision": "accept"}, "yes", "You said yes"),
        ({"decision": "decline", "reason": "full"}, "no", "You said no"),
    ],
)
def test_an_answer_that_was_sent_twice_shows_the_one_answer(
    browser, link, referrals, asked, decision, stage, heading
):
    form = browser.get(link).form("/answer")
    standing(referrals, asked.task, stage)
    answered = referrals.answer
    referrals.answer = lambda it: (409, {}) if it.path.endswith("/answer") else answered(it)
    page = browser.send(form, **decision)
    assert (page.status, page.heading) == (200, heading)


def test_a_step_that_was_sent_twice_is_noted_once(browser, house, link, referrals, asked):
    standing(referrals, asked.task, "yes")
    form = identify(browser, house, browser.get(link)).form("/answer/progress")
    standing(referrals, asked.task, "going")
    answered = referrals.answer
    referrals.answer = lambda it: (409, {}) if it.path.endswith("/progress") else answered(it)
    told = {"day": "2", "month": "3", "year": "2026"}
    page = browser.send(form, action="start", **told)
    assert (page.status, "We have noted that" in page.words) == (200, True)
    other = browser.send(form, action="not-attended", **told)
    assert (other.status, other.heading) == (409, "That is not possible now")


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ({"action": ""}, "Choose what happened"),
        ({"day": "31", "month": "2"}, "There is no such day"),
        ({"day": "0"}, "There is no such day"),
        ({"month": "March"}, "in numbers, such as 27 3 2026"),
        ({"year": "2999"}, "This day is in the future"),
        ({"year": "9" * 20}, "Type the year with 4 numbers"),
        ({"year": "26"}, "Type the year with 4 numbers, such as 2026, from 2000 on"),
        ({"year": "1999"}, "Type the year with 4 numbers, such as 2026, from 2000 on"),
        ({"day": "", "year": " "}, "Type the day and the year too"),
    ],
)
def test_progress_with_something_wrong_says_what_and_keeps_the_rest(
    browser, house, link, referrals, asked, values, fault
):
    standing(referrals, asked.task, "yes")
    form = identify(browser, house, browser.get(link)).form("/answer/progress")
    form.choices.clear()
    sent = {"action": "start", "day": "2", "month": "3", "year": "2026"} | values
    page = browser.send(form, **sent)
    assert page.status == 422
    assert page.words.count(fault) == 2, "in the summary, and at the question"
    kept = page.form("/answer/progress").fields
    assert [kept.get(each, "") for each in sent] == [each.strip() for each in sent.values()]
    assert referrals.asked("/progress") == []


def test_progress_after_the_identity_faded_asks_for_a_new_code(
    browser, house, link, referrals, asked
):
    standing(referrals, asked.task, "yes")
    form = identify(browser, house, browser.get(link)).form("/answer/progress")
    house.execute("update answer_session set identified_until = now()")
    for day in ("1", "99"):
        page = browser.send(form, action="start", day=day)
        assert (page.status, page.heading) == (403, "Please ask for a new code")


@pytest.mark.parametrize(
    "path", ["/answer", "/answer/code", "/answer/who", "/answer/progress", "/answer/attendance"]
)
def test_a_form_of_another_page_is_refused(browser, link, referrals, path):
    browser.get(link)
    for key in ("", "0" * 64):
        answer = browser.http.post(path, data={"decision": "accept", "key": key})
        assert answer.status_code == 403
    assert {each.method for each in referrals.requests if "requests" in each.path} == {"GET"}


@pytest.mark.parametrize(
    "path", ["/answer", "/answer/code", "/answer/who", "/answer/progress", "/answer/attendance"]
)
def test_without_a_session_the_reader_is_sent_to_the_link(browser, path):
    answer = browser.http.post(path, data={"decision": "accept"})
    assert answer.status_code == 401
    page = browser.get("/answer")
    assert (page.status, page.heading) == (401, "Please open the link again")


@pytest.mark.parametrize(
    "path", ["/answer/code", "/answer/who", "/answer/progress", "/answer/attendance"]
)
def test_the_address_of_a_form_leads_back_to_the_request(browser, link, path):
    browser.get(link)
    assert browser.get(path).heading == "Someone would like to come to you"


@pytest.mark.parametrize("token", ["x" * 43, "x" * 201, "%00", "a b", "%ED%A0%80", "x.", "<x>"])
def test_a_link_that_is_unknown(browser, token):
    page = browser.get(f"/answer/{token}")
    assert (page.status, page.heading) == (404, "This link does not work")


def test_a_link_that_is_too_old(browser, house, link):
    house.execute("update answer_link set expires = now()")
    page = browser.get(link)
    assert (page.status, page.heading) == (410, "This link is too old")


def test_a_request_that_was_taken_back(browser, house, link, asked):
    form = browser.get(link).form("/answer")
    house.happens(after(asked, ReferralCancelled, reason="other"))
    page = browser.send(form, decision="accept")
    assert (page.status, page.heading) == (410, "This request is no longer needed")
    assert browser.get(link).status == 410


def test_a_link_of_a_contact_that_changed_does_not_say_that_the_request_has_ended(
    browser, house, link
):
    house.execute("update answer_link set revoked = now(), revoked_for = 'contact-changed'")
    page = browser.get(link)
    assert (page.status, page.heading) == (410, "This link has stopped working")
    assert "The request may still be open." in page.words
    assert "do not get in touch with the person" not in page.words


def test_a_request_that_ended_well_drops_nobody(browser, house, link, referrals, asked):
    standing(referrals, asked.task, "done")
    house.happens(ReferralClosed(case=asked.case, outcome="completed"))
    page = browser.get(link)
    assert (page.status, page.heading) == (410, "This request has ended well")
    assert "do not get in touch" not in page.words
    assert "Keep their details only as you keep those of your own members" in page.words


def test_a_second_answer_is_refused_kindly(browser, link, referrals):
    form = browser.get(link).form("/answer")
    referrals.refusal = (409, {"detail": "internal words"})
    page = browser.send(form, decision="accept")
    assert (page.status, page.heading) == (409, "That is not possible now")
    assert "Somebody may have answered it already" in page.words


def test_too_many_codes(browser, link, referrals, asked):
    standing(referrals, asked.task, "yes")
    page = browser.get(link)
    for _ in range(6):
        page = browser.send(page.form("/answer/code"))
    assert (page.status, page.heading) == (429, "Please wait an hour")


def test_trouble_on_our_side_is_said_so(browser, link, referrals):
    referrals.refusal = (500, {})
    page = browser.get(link)
    assert (page.status, page.heading) == (503, "Please try again in a moment")


@pytest.mark.parametrize("answer", [None, (200, ["no view"]), (302, {}), (200, None)])
def test_notifications_that_are_away_or_strange(answer, receiver):
    if answer is None:
        receiver.close()
    else:
        receiver.answers["POST", "/notifications/answer-links/exchange"] = answer
    settings = PortalSettings(
        environment="test", database_url="postgresql://not-used", notifications_url=receiver.url
    )
    with serving(create_app(settings)) as portal:
        browser = Browser(portal)
        page = browser.get(f"/answer/{'x' * 43}")
        browser.http.close()
    assert (page.status, page.heading) == (503, "Please try again in a moment")


def test_what_nobody_foresaw_is_answered_by_a_page(receiver):
    receiver.answers["POST", "/notifications/answer-links/exchange"] = (200, {})
    settings = PortalSettings(
        environment="test", database_url="postgresql://not-used", notifications_url=receiver.url
    )
    with serving(create_app(settings)) as portal, capture_logs():
        page = Page(httpx.get(f"{portal}/answer/{'x' * 43}", timeout=60))
    check_page(page)
    assert (page.status, page.heading) == (500, "Please try again in a moment")


def test_what_others_wrote_is_shown_as_text(browser, link, referrals, asked):
    standing(referrals, asked.task, "asked")
    view = referrals.views[str(asked.task)]
    view["need"]["text"] = "<script>alert(1)</script>"
    view["need"]["codes"] = [
        {"code": "1", "display": "<b>Loneliness</b>"}, {"code": "money-worries"}, {}, "work",
    ]  # fmt: skip
    view["service"]["name"] = '"><img src=x onerror=alert(1)>'
    view["possible"] = "not a list"
    page = browser.get(link)
    assert "<script>alert(1)</script>" in page.words
    assert "Money worries, Work" in page.words
    assert [tag for tag, _ in page.elements].count("img") == 0


def test_what_people_type_is_shown_as_text(browser, link):
    note = "</textarea><script>alert(1)</script>"
    page = browser.send(browser.get(link).form("/answer"), note=note)
    assert page.status == 422
    assert "<script>" in page.words


def test_a_link_that_is_someone_elses_session_is_not_mixed_up(browser, house, link, asked):
    browser.get(link)
    other = house.ask(case=uuid4())
    house.send()
    page = browser.get(path_in(house.mails()[-1]))
    assert str(other.task.hex[:4]).upper() in page.words


@pytest.mark.parametrize(
    "cookie", ["caf\u00e9".encode("latin-1"), "\u2603".encode(), b'"a\\012b"', b"x" * 500]
)
def test_a_cookie_that_is_no_session_asks_to_open_the_link_again(browser, cookie):
    answer = browser.http.get("/answer", headers={b"cookie": b"kersey_answer=" + cookie})
    assert answer.status_code == 401
    assert "Please open the link again" in answer.text


def test_what_the_pages_ask_of_notifications_belongs_to_the_trace_of_the_page(portal):
    trace = "4bf92f35" * 4
    sent = {"traceparent": f"00-{trace}-{'1' * 16}-01"}
    with capture_logs(processors=[merge_contextvars]) as lines:
        httpx.get(f"{portal}/answer/{'x' * 43}", headers=sent, timeout=60)
    (line,) = (each for each in lines if each["event"] == "request.answered")
    assert (line["service"], line["trace_id"]) == ("notifications", trace)


@pytest.mark.parametrize("stage", ["needless", "needless too"])
def test_where_no_place_is_needed_any_more_nobody_is_invited(
    browser, link, referrals, asked, stage
):
    standing(referrals, asked.task, stage)
    page = browser.get(link)
    assert page.heading == "This request has ended"
    assert page.forms == []


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (
            {"link_worker": {"name": "Beckside", "phone": "01632 960101"}, "hub": None},
            "Then ring the link worker: Beckside, 01632 960101.",
        ),
        (
            {"link_worker": None, "hub": {"name": "Bradford hub", "phone": "01632 960140"}},
            "Then ring your hub, which finds the link worker: Bradford hub, 01632 960140.",
        ),
        (
            {"link_worker": {"name": "Beckside", "phone": ""}, "hub": {"name": "B", "phone": ""}},
            "We have no number of theirs: ask your hub for it.",
        ),
        (
            {"team_hears": False, "hub": {"name": "Bradford hub", "phone": "01632 960140"}},
            "If you need help, ring your hub: Bradford hub, 01632 960140.",
        ),
        (
            {"team_hears": False},
            "No link worker knows this person. If you need help, ask your hub.",
        ),
    ],
)
def test_whoever_worries_gets_a_number_or_is_told_how_else(
    browser, link, referrals, asked, known, words
):
    standing(referrals, asked.task, "yes")
    referrals.views[str(asked.task)] |= known
    assert words in browser.get(link).words
