"""The page behind the link in a message to a person: no account, no name, no script."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.notifications.app import persons_client
from services.notifications.person.asking import Persons
from services.portal.answer import HEARS
from services.portal.first_meeting import FIELDS, starts, time_of
from services.portal.tongues import tongues
from services.portal.typed import Mistyped
from shared.messaging.events import PersonDied, ReferralAccepted, ReferralVisitSet
from tests.notifications.conftest import PROVIDER, SERVICE, TEAM
from tests.portal.conftest import path_in

LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def settings(settings):
    return settings.model_copy(update={"person_hours": "00:00-23:59"})


@pytest.fixture
def asked(house):
    """A place that was agreed, and its person told."""
    event = house.ask()
    about = {"case": event.case, "task": event.task, "team": TEAM}
    house.happens(ReferralAccepted(**about, service=SERVICE, provider=PROVIDER), sequence=2)
    return event


@pytest.fixture
def visit(house, asked):
    """The path of the link in the person's mail."""
    client = persons_client(house.settings)
    house.send_to_persons(Persons(client))
    client.close()
    (mail,) = house.mails()
    body = mail.get_body(("plain",)).get_content()
    (line,) = [line for line in body.splitlines() if "/visit/" in line]
    return "/visit/" + line.rpartition("/")[2]


def test_the_page_says_what_was_agreed_and_no_name(house, asked, browser, visit):
    when = datetime.now(UTC) + timedelta(days=5)
    about = {"case": asked.case, "task": asked.task, "team": TEAM}
    about |= {"service": SERVICE, "provider": PROVIDER}
    house.happens(ReferralVisitSet(**about, starts=when), sequence=3)
    page = browser.get(visit)
    assert (page.status, page.heading) == (200, "Your first visit")
    assert str(page.answer.url).endswith("/visit")  # the token is in no address any more
    local = when.astimezone(LONDON)
    for said in ("Clay on Canal Street", f"{local:%A} {local.day}", "Sowerby Bridge", "your name"):
        assert said in page.words
    assert "Testina" not in page.answer.text
    assert "mail.example" not in page.answer.text
    assert {form.action for form in page.forms} == {
        "/visit/call-me", "/visit/cancel", "/visit/change-sharing", "/visit/stop-sharing",
    }  # fmt: skip


def test_before_a_day_is_known_the_page_says_so(browser, visit):
    page = browser.get(visit)
    assert page.heading == "You have a place"
    assert "Nobody has told us the day yet" in page.words


def test_it_says_who_goes_along_and_where_they_meet(browser, visit, referrals):
    assert "Who goes with you" not in browser.get(visit).words
    referrals.person |= {"company": "volunteer", "meet": "1:45pm, <at> the library"}
    page = browser.get("/visit")
    assert "Who goes with you a volunteer" in page.words
    assert "When and where you meet 1:45pm, <at> the library" in page.words
    referrals.person |= {"company": "nobody", "meet": ""}
    assert "Who goes with you" not in browser.get("/visit").words


def test_scanners_that_open_every_link_say_nothing(browser, visit, referrals):
    for path in (visit, "/visit", "/visit/cancel", "/visit/call-me"):
        for method in ("GET", "HEAD", "OPTIONS", "GET"):
            browser.http.request(method, path)
    assert referrals.said == []


@pytest.mark.parametrize("said", ["call-me", "change-sharing"])
def test_a_wish_is_said_at_once(browser, visit, referrals, said):
    page = browser.send(browser.get(visit).form(f"/visit/{said}"))
    assert page.heading == "Thank you"
    assert "will call you" in page.words
    assert referrals.said == [said]


@pytest.mark.parametrize("said", ["cancel", "stop-sharing"])
def test_what_ends_something_is_asked_twice(browser, visit, referrals, said):
    sure = browser.send(browser.get(visit).form(f"/visit/{said}"))
    assert referrals.said == []
    assert "Clay on Canal Street" in sure.words
    assert "/visit" in sure.links  # a way back
    page = browser.send(sure.form(f"/visit/{said}"))
    assert page.heading == "Thank you"
    assert referrals.said == [said]


def test_one_day_is_called_off_and_the_place_stays(house, asked, browser, visit, referrals):
    referrals.person = {"may": ["not-this-time"]}
    when = datetime.now(UTC) + timedelta(days=5)
    about = {"case": asked.case, "task": asked.task, "team": TEAM}
    about |= {"service": SERVICE, "provider": PROVIDER}
    house.happens(ReferralVisitSet(**about, starts=when), sequence=3)
    which = browser.send(browser.get(visit).form("/visit/not-this-time"))
    assert which.heading == "You cannot come one time?"
    local = when.astimezone(LONDON)
    form = which.form("/visit/not-this-time")
    assert [form.fields[each] for each in ("day", "month", "year")] == [
        str(local.day), str(local.month), str(local.year),
    ]  # fmt: skip
    wrong = browser.send(form, day="31", month="2")
    assert wrong.status == 422
    assert "Type the day, the month and the year" in wrong.words
    assert referrals.said == []
    page = browser.send(form)
    assert page.heading == "Thank you"
    assert "You keep your place" in page.words
    assert "/visit" in page.links
    assert referrals.said == ["not-this-time"]
    assert referrals.requests[-1].json["day"] == local.date().isoformat()


def test_what_cannot_be_done_is_not_offered(browser, visit, referrals):
    referrals.person = {"may": [], "sharing": []}
    page = browser.get(visit)
    assert {form.action for form in page.forms} == {"/visit/call-me", "/visit/change-sharing"}
    assert "They know nothing about you from us" in page.words


def test_another_page_cannot_speak_for_the_person(browser, visit, referrals):
    form = browser.get(visit).form("/visit/call-me")
    page = browser.send(form, key="x" * 64)
    assert (page.status, page.heading) == (403, "Please open the link again")
    browser.http.cookies.clear()
    assert browser.send(form).status == 401
    assert referrals.said == []


def test_what_has_moved_on_is_met_kindly(browser, visit, referrals):
    sure = browser.send(browser.get(visit).form("/visit/cancel"))
    referrals.refusal = (409, {"title": "Not possible", "detail": "It has ended."})
    page = browser.send(sure.form("/visit/cancel"))
    assert (page.status, page.heading) == (409, "That is not possible now")
    referrals.refusal = (500, {})
    assert browser.get("/visit").heading == "Please try again in a moment"


def test_a_closed_an_old_and_a_broken_link_are_met_kindly(house, asked, browser, visit):
    for path in (visit[:-3], "/visit/x", f"/visit/{'x' * 300}"):
        assert browser.get(path).heading == "This link does not work"
    house.execute("update person_link set expires = now() - interval '1 second'")
    page = browser.get(visit)
    assert (page.status, page.heading) == (410, "This link is too old")
    house.happens(PersonDied(case=asked.case, person=asked.case), sequence=9)
    page = browser.get(visit)
    assert (page.status, page.heading) == (410, "This page is closed")
    assert browser.get("/visit").heading == "Please open the link again"


# --- in the person's language ---------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ur", "pa", "pl"])
def test_a_person_reads_and_answers_in_their_language(house, referrals, browser, visit, language):
    referrals.person = {"language": language}
    words = tongues()[language].words
    page = browser.get(visit)
    assert page.heading == words["title_place"]
    html = dict(page.elements[0][1])
    assert html["lang"] == language
    assert html.get("dir") == ("rtl" if language == "ur" else None)
    for said in ("call_me", "cannot", "danger", "foot"):
        assert words[said] in page.words
    assert tongues()[language].items["phone"] in page.words
    assert "No speaker has checked these words yet" in page.words
    sure = browser.send(page.form("/visit/cancel"))
    assert words["sure_cancel"] in sure.words
    done = browser.send(sure.form("/visit/cancel"))
    assert words["said_cancel"] in done.words
    assert referrals.said == ["cancel"]


def test_whoever_reads_both_may_read_english_and_stays_there(house, referrals, browser, visit):
    referrals.person = {"language": "pl"}
    page = browser.get(visit)
    assert "/visit?in=en" in page.links
    page = browser.get("/visit?in=en")
    assert page.heading == "You have a place"
    sure = browser.send(page.form("/visit/cancel?in=en"))
    assert "They may give your place to somebody else" in sure.words
    assert "Polski" in sure.words


def test_easy_read_is_a_format_of_english(house, referrals, browser, visit):
    referrals.person = {"easy_read": True}
    page = browser.get(visit)
    assert tongues()["en-easy"].words["talk_more"] in page.words
    assert "No reader of Easy Read has checked these words yet" in page.words


# --- the provider says when ----------------------------------------------------------------------


def test_a_provider_says_when_on_its_answer_page(house, browser, referrals):
    house.contact()
    event = house.ask()
    house.send()
    page = browser.get(path_in(house.mails()[-1]))
    browser.send(page.forms[0], decision="accept")
    about = {"case": event.case, "task": event.task, "team": TEAM}
    house.happens(ReferralAccepted(**about, service=SERVICE, provider=PROVIDER), sequence=2)
    form = browser.get("/answer").form("/answer/meeting")
    again = browser.send(form, first_day="31", first_month="2", first_year="", first_time="noon")
    assert again.status == 422
    assert "Type the year too" in again.words
    assert "Type the time, such as 2:30pm" in again.words
    assert again.form("/answer/meeting").fields["first_day"] == "31"
    when = datetime.now(LONDON) + timedelta(days=6)
    parts = {"first_day": when.day, "first_month": when.month, "first_year": when.year}
    said = {name: str(value) for name, value in parts.items()}
    page = browser.send(again.form("/answer/meeting"), **said, first_time="2.30pm")
    assert "We have noted the day" in page.words
    assert f"You said: {when.day} {when:%B %Y}, 14:30" in page.words
    assert "Where: Sowerby Bridge" in page.words
    form = browser.get("/answer").form("/answer/meeting")
    assert {name: form.fields[name] for name in FIELDS} == said | {"first_time": "14:30"}
    (sent,) = referrals.asked("first-visit")
    kept = datetime.fromisoformat(sent.json["starts"])
    assert kept.astimezone(LONDON).replace(tzinfo=None) == datetime.combine(
        when.date(), time(14, 30)
    )


@pytest.mark.parametrize(
    ("person", "words"),
    [
        ({}, "We send the person a message"),
        ({"way": None, "instead": "by-team"}, "We ask the link worker to tell the person"),
        ({"way": None, "instead": "ask-first"}, "We ask the link worker to tell the person"),
        ({"way": None, "instead": "nothing"}, "Nobody tells the person of it yet"),
        ({"stops": ["do-not-contact"]}, "Nobody tells the person of it yet"),
        ({"stops": ["restricted"]}, "Nobody tells the person of it yet"),
    ],
)
def test_the_page_promises_what_will_be_done_and_says_no_more(
    house, browser, referrals, person, words
):
    house.contact()
    house.ask()
    house.send()
    referrals.person = person
    page = browser.get(path_in(house.mails()[-1]))
    assert words not in page.words, "before a yes nothing is said of it"
    page = browser.send(page.forms[0], decision="accept")
    said = [each for each in HEARS.values() if str(each) in page.words]
    assert len(said) == 1
    assert words in page.words
    for untold in ("restricted", "do-not-contact", "testina@mail.example", "by-team", "ask-first"):
        assert untold not in page.answer.text
    (asked, *_) = [each for each in referrals.requests if "/person" in each.path]
    assert asked.path.partition("?")[0].endswith("/hears"), "no address is asked for"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("14:30", (14, 30)), ("2pm", (14, 0)), ("2.30 PM", (14, 30)), ("12am", (0, 0)), ("9", (9, 0))],
)
def test_a_time_is_read_as_people_write_it(typed: str, meant: tuple[int, int]):
    assert time_of(typed) == time(*meant)


@pytest.mark.parametrize("typed", ["", "noon", "25:00", "13pm", "0am", "14:75", "1430", "٢"])
def test_what_is_no_time_is_told_in_words(typed: str):
    with pytest.raises(Mistyped):
        time_of(typed)


@pytest.mark.parametrize(
    ("day", "fault"),
    [("1 1 2026", "first_day"), ("29 11 2026", "first_time"), ("1 12 2029", "first_day")],
)
def test_a_day_that_has_passed_or_is_far_away_is_told(day: str, fault: str):
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    typed = dict(zip(FIELDS, [*day.split(), "9am"], strict=True))
    when, faults = starts(typed, LONDON, now)
    assert when is None
    assert list(faults) == [fault]


def test_the_clocks_of_the_place_are_meant():
    now = datetime(2026, 11, 29, 12, tzinfo=UTC)
    typed = dict(zip(FIELDS, ["1", "7", "2027", "9am"], strict=True))
    when, _ = starts(typed, LONDON, now)
    assert when is not None
    assert when.astimezone(UTC) == datetime(2027, 7, 1, 8, tzinfo=UTC)
