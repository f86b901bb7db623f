"""The page behind 'no more messages of this kind': one button, no account, no script."""

import pytest

from tests.notifications.test_mutes import declined, muted, team, token  # noqa: F401 - fixtures


@pytest.fixture
def path(token):  # noqa: F811
    return f"/no-more/{token}"


def test_one_button_ends_it(house, browser, path):
    page = browser.get(path)
    assert page.heading == "No more messages of this kind?"
    assert "A provider said no to one of your requests" in page.words
    assert muted(house) is None
    (form,) = page.forms
    assert browser.send(form).heading == "We will not send these any more"
    assert muted(house) == ["declined"]
    assert browser.get(path).heading == "We will not send these any more"


def test_a_mail_program_ends_it_by_one_click(house, browser, path):
    """RFC 8058, section 3.2: this body, no cookie, and no redirect."""
    body = {"List-Unsubscribe": "One-Click"}
    answer = browser.http.post(path, data=body, follow_redirects=False)
    assert answer.status_code == 200
    assert muted(house) == ["declined"]


def test_scanners_that_open_the_link_change_nothing(house, browser, path):
    for method in ("GET", "HEAD", "OPTIONS"):
        browser.http.request(method, path)
    assert muted(house) is None


def test_a_link_that_does_not_work_is_met_kindly(house, browser, path):
    for wrong in (path[:-3], "/no-more/x", f"/no-more/{'x' * 300}"):
        page = browser.get(wrong)
        assert (page.status, page.heading) == (404, "This link does not work")
    house.execute("update contact set active = false")
    page = browser.get(path)
    assert (page.status, page.heading) == (410, "This link is closed")
