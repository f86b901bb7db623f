"""The page of messages behind an answer link: no script, no account."""

# ruff: noqa: F811 - fixtures

import pytest

from tests.portal.conftest import check_page
from tests.portal.test_answer_pages import asked, code_in, link  # noqa: F401 - fixtures

AT = "/answer/messages"


@pytest.fixture
def waiting(referrals, asked):
    view = referrals._new(str(asked.task)) | {"identity_available": False}
    referrals.views[str(asked.task)] = view
    return view


def test_a_group_without_an_account_asks_and_reads_the_answer(
    browser,
    link,
    waiting,
    referrals,
):
    page = browser.get(link)
    assert AT in page.links
    page = browser.get(AT)
    check_page(page)
    assert "Nobody has written yet" in page.words
    assert "Nobody watches this page day and night" in page.words
    assert "call 999" in page.words
    empty = browser.send(page.form(AT), text=" ")
    assert empty.status == 422
    check_page(empty)
    assert "Write your message first" in empty.words
    form = page.form(AT)
    sent = browser.send(form, text="Is there <b>a lift</b>?")
    assert "Sent." in sent.words
    assert "Is there <b>a lift</b>?" in sent.words
    check_page(sent)
    key = [each.json["key"] for each in referrals.asked("/messages") if each.method == "POST"]
    browser.send(form, text="Is there <b>a lift</b>?")
    again = [each.json["key"] for each in referrals.asked("/messages") if each.method == "POST"]
    assert again == key * 2, "the same form is the same message"
    referrals.talks[waiting["task"]] = [
        {"from": "team", "text": "Yes.", "written": "2026-03-02T10:00:00Z"}
    ]
    assert "The link worker" in browser.get(AT).words


def test_after_a_yes_the_page_asks_for_the_code(browser, house, link, waiting, referrals):
    browser.get(link)
    waiting |= {
        "status": "accepted",
        "business_status": "selected",
        "answerable": False,
        "identity_available": True,
    }
    referrals.talks[waiting["task"]] = [
        {"from": "team", "text": "She comes on Monday.", "written": "2026-03-02T10:00:00Z"}
    ]
    page = browser.get(AT)
    assert page.status == 403
    check_page(page)
    assert "Monday" not in page.words
    code_page = browser.send(page.form(f"{AT}/code"))
    assert AT in code_page.links
    slip = browser.send(code_page.form(f"{AT}/read"), code="no")
    assert (slip.status, "It has 6 numbers" in slip.words) == (422, True)
    read = browser.send(slip.form(f"{AT}/read"), code=code_in(house))
    assert (read.answer.url.path, read.heading) == (AT, "Messages")
    assert "She comes on Monday." in read.words
    assert referrals.asked("/identity") == [], "nobody's name was looked at"
    for step in ("code", "read"):
        assert browser.get(f"{AT}/{step}").answer.url.path == AT


def test_whoever_gets_no_code_is_told_whom_to_ring(browser, house, link, waiting, referrals):
    browser.get(link)
    house.execute("update contact set verified_by_hub = false")
    waiting |= {
        "status": "accepted",
        "business_status": "selected",
        "answerable": False,
        "identity_available": True,
    }
    page = browser.get(AT)
    assert (page.status, page.forms) == (403, [])
    assert "The link worker will ring you" in page.words
    waiting["link_worker"] = {"name": "Beckside link workers", "phone": "01632 960101"}
    assert "01632 960101" in browser.get(AT).words


def test_without_a_session_there_is_no_page(browser):
    assert browser.get(AT).status == 401


def test_a_form_of_another_page_sends_nothing(browser, link, waiting, referrals):
    browser.get(link)
    form = browser.get(AT).form(AT)
    form.fields["key"] = "made up"
    assert browser.send(form, text="Hello").status == 403
    assert not [each for each in referrals.asked("/messages") if each.method == "POST"]


def test_what_is_no_longer_shown_is_said_and_not_why(browser, link, waiting, referrals):
    browser.get(link)
    referrals.kept_back[waiting["task"]] = 1
    words = browser.get(AT).words
    assert "Some of what the link worker wrote is no longer shown. Ring them" in words
    assert "Nobody has written yet" not in words
