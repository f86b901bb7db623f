"""Forms of the staff's pages: forged, sent twice, of somebody before, or while a part is away."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.portal.sign_in.issuer import IssuerUnreachable
from tests.portal.signing_in import (  # noqa: F401 - fixtures
    BROKEN,
    CASE,
    DONE,
    NOTED,
    ROW,
    Pages,
    at_the_right_time,
    led,
    send,
    with_pages,
)


def test_what_was_typed_is_kept_when_the_sign_in_ended_meanwhile(pages: Pages):
    http, person = pages.browser(), pages.person()
    key = pages.come(http, person).json()["key"]
    pages.ahead = timedelta(hours=13)
    page = http.post("/trial/note", data={"key": key, "words": "rang <b>twice</b>"})
    assert page.status_code == 401
    assert "rang" not in page.text, "who is not signed in cannot read it"
    assert key not in page.text
    page = send(http, page)
    assert page.status_code == 401, "and it is kept for as long as nobody has signed in"
    pages.ahead = timedelta()
    led(http, http.get("/sign-in?back=/trial/who"))
    again = send(http, page)
    assert again.status_code == 409, "a form of another session is shown before it is sent"
    assert "Look at it once more" in again.text
    assert "rang &lt;b&gt;twice&lt;/b&gt;" in again.text
    sent = send(http, again)
    assert (sent.status_code, sent.json()) == (200, {"words": "rang <b>twice</b>"})


def test_what_somebody_typed_is_not_shown_to_another_who_signs_in_in_that_browser(pages: Pages):
    http, first, second = pages.browser(), pages.person(), pages.person()
    key = pages.come(http, first).json()["key"]
    typed = {"key": key, "words": "not for everybody"}
    pages.ahead = timedelta(hours=13)
    ended = http.post("/trial/note", data=typed)
    pages.ahead = timedelta()
    http.cookies.clear()
    pages.come(http, second)
    for page in (send(http, ended), http.post("/trial/note", data=typed)):
        assert page.status_code == 403
        assert "This was not sent" in page.text
        assert "not for everybody" not in page.text


@pytest.mark.parametrize("key", ["", "made up", "made.up", "." + "0" * 64])
def test_a_form_of_another_site_is_neither_sent_nor_shown(pages: Pages, key: str):
    forged = {"key": key, "words": "not mine"} if key else {"words": "not mine"}
    stranger = pages.browser().post("/trial/note", data=forged)
    assert "not mine" not in stranger.text
    http = pages.browser()
    pages.come(http, pages.person())
    page = http.post("/trial/note", data=forged)
    assert page.status_code == 403
    assert "not mine" not in page.text


def test_what_was_sealed_is_not_opened_when_it_was_changed(pages: Pages):
    http = pages.browser()
    key = pages.come(http, pages.person()).json()["key"]
    changed = {"key": "." + key.partition(".")[2], "sealed": "gAAAAAB-made-up"}
    assert http.post("/trial/note", data=changed).status_code == 403


def test_a_button_that_is_pressed_twice_does_it_once(pages: Pages):
    http = pages.browser()
    key = pages.come(http, pages.person()).json()["key"]
    form = {"key": key, "form_number": "one", "words": "twice"}
    with ThreadPoolExecutor(3) as several:
        answers = list(several.map(lambda _: http.post("/trial/deed", data=form), range(3)))
    assert {each.headers["location"] for each in answers} == {"/trial/who?done=1"}
    assert DONE.count("twice") == 1
    later = http.post("/trial/deed", data=form)
    assert later.headers["location"] == "/trial/who?done=1", "nor is it by going back"
    for other in ({"form_number": "two"}, {"words": "twice, and more"}):
        assert http.post("/trial/deed", data=form | other).status_code == 303
    assert DONE.count("twice") == 2, "a new form, or other words, are another sending"
    assert DONE.count("twice, and more") == 1


def test_what_failed_may_be_sent_again(pages: Pages):
    http = pages.browser()
    key = pages.come(http, pages.person()).json()["key"]
    form = {"key": key, "form_number": "three", "words": "broken"}
    assert http.post("/trial/deed", data=form).status_code == 503
    assert http.post("/trial/deed", data=form).status_code == 303


@pytest.mark.parametrize("charset", ["unicode_escape", "undefined", "utf-16"])
def test_a_form_in_a_charset_that_is_none_of_ours_is_not_read(pages: Pages, charset: str):
    http = pages.browser()
    pages.come(http, pages.person())
    body = b'--a\r\nContent-Disposition: form-data; name="key"\r\n\r\n\\ud800\r\n--a--\r\n'
    kind = f"multipart/form-data; boundary=a; charset={charset}"
    page = http.post("/trial/note", content=body, headers={"content-type": kind})
    assert page.status_code == 400
    assert "We could not read that" in page.text


def test_no_page_takes_a_file_whatever_it_says_it_is(pages: Pages):
    http = pages.browser()
    key = pages.come(http, pages.person()).json()["key"]
    for name, kind in (("a.png", "image/png"), ("a.txt", "text/plain"), ("..", "text/html")):
        page = http.post(
            "/trial/note", data={"key": key}, files={"words": (name, b"<script>", kind)}
        )
        assert page.status_code == 400
        assert "We could not read that" in page.text
        assert "Nothing was changed" in page.text
        assert "script>" not in page.text


def test_a_part_that_is_away_leaves_the_rest_of_a_page(pages: Pages):
    http = pages.browser()
    BROKEN.add("fhir")
    page = pages.come(http, pages.person(), "/cases")
    assert page.status_code == 200
    assert "Names cannot be shown just now" in page.text
    assert f'href="/cases/{CASE}"' in page.text
    assert "You are signed out after 30 minutes without a click" in page.text
    assert "First contact due" in page.text


def test_whoever_was_reached_is_not_due_to_be(pages: Pages, monkeypatch: pytest.MonkeyPatch):
    http, person = pages.browser(), pages.person()
    monkeypatch.setitem(ROW, "reached", True)
    page = pages.come(http, person, "/cases")
    assert "Reached, has not said yes" in page.text
    assert "First contact due" not in page.text


def test_a_case_says_what_of_it_is_away_and_shows_the_rest(pages: Pages):
    http = pages.browser()
    whole = pages.come(http, pages.person(), f"/cases/{CASE}")
    assert whole.status_code == 200
    assert "Kath Feather" in whole.text
    assert "cannot be shown just now" not in whole.text
    BROKEN.add("notifications")
    page = http.get(f"/cases/{CASE}")
    assert page.status_code == 200
    assert "What services and the person were told cannot be shown just now" in page.text
    assert "Kath Feather" in page.text
    BROKEN.add("referrals")
    page = http.get(f"/cases/{CASE}")
    assert page.status_code == 503
    assert "What keeps the referrals cannot be reached just now" in page.text


def test_a_page_says_which_part_is_away_and_how_to_go_on(pages: Pages):
    http = pages.browser()
    pages.come(http, pages.person())
    BROKEN.add("referrals")
    page = http.get("/cases?show=new")
    assert page.status_code == 503
    assert "What keeps the referrals cannot be reached just now" in page.text
    assert '<a href="/cases?show=new">Try again</a>' in page.text
    assert "Sign out" in page.text


def test_what_could_not_be_sent_is_kept_and_sent_with_the_next_press(pages: Pages):
    http = pages.browser()
    key = pages.come(http, pages.person()).json()["key"]
    form = {"key": key, "form_number": "1", "reached": "yes", "how": "phone", "minutes": "12"}
    BROKEN.add("referrals")
    page = http.post(f"/cases/{CASE}/contacts", data=form)
    assert page.status_code == 503
    assert "What you sent was not taken, as far as we know" in page.text
    BROKEN.clear()
    sent = send(http, page)
    assert sent.headers["location"] == f"/cases/{CASE}?done=contacts"
    assert NOTED == [{"how": "phone", "reached": True, "next_step": "", "minutes": 12}]


def test_who_was_second_reads_so_in_words_and_keeps_what_they_typed(pages: Pages):
    http = pages.browser()
    key = pages.come(http, pages.person()).json()["key"]
    form = {"key": key, "form_number": "2", "concern": "not <eating>", "because": ""}
    BROKEN.add("quicker")
    page = http.post(f"/cases/{CASE}/gp-worries", data=form)
    assert page.status_code == 409
    assert "Somebody did something here after you opened the page" in page.text
    assert "Task" not in page.text
    assert "not &lt;eating&gt;" in page.text
    assert f'<a href="/cases/{CASE}">Look at where it stands now</a>' in page.text


def test_while_the_sign_in_is_away_what_was_typed_is_kept_sealed(pages: Pages):
    http = pages.browser()
    key = pages.come(http, pages.person()).json()["key"]
    pages.ahead = timedelta(minutes=6)
    with pytest.MonkeyPatch.context() as away:
        away.setattr(pages.portal.state.issuer, "_post", _unreachable)
        page = http.post("/trial/note", data={"key": key, "words": "rang once"})
    assert page.status_code == 503
    assert "The sign-in cannot be reached" in page.text
    assert "rang once" not in page.text
    again = send(http, page)
    assert again.status_code == 409
    assert "rang once" in again.text


def _unreachable(*_: object) -> None:
    raise IssuerUnreachable
