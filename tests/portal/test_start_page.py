"""The start page, files, and addresses that are not there."""

import httpx
import pyotp
import pytest

from services.portal.app import create_app
from services.portal.settings import PortalSettings
from tests.notifications.serving import serving
from tests.portal.conftest import Browser

PERSON = {
    "about": "Team lead, Bradford link workers",
    "email": "team-lead@demo.kersey.example",
    "password": "demo-team-lead-password",
    "secret": pyotp.random_base32(),
}
SIGN_INS = {"ehr": "a GP's record system", "link-worker": "a link worker"}


def settings_of(environment: str) -> PortalSettings:
    return PortalSettings(
        environment=environment,
        database_url="postgresql://not-used",
        public_url="https://kersey.example.org",
        brand="Calder Cloth",
        demo_sign_ins=SIGN_INS,
        demo_people=(PERSON,),
    )


def look(url):
    browser = Browser(url)
    page = browser.get("/")
    browser.http.close()
    return page


def test_the_start_page_says_what_runs_where_and_how_to_try_it():
    with serving(create_app(settings_of("development"))) as url:
        page = look(url)
    assert page.heading == "Calder Cloth"
    for part in ("/fhir", "/directory", "/notifications", "/identity", "kersey demo journey",
                 "kersey token --as", "a link worker"):  # fmt: skip
        assert part in page.words


def test_the_start_page_says_how_to_sign_in_as_somebody_of_the_demo():
    app = pyotp.TOTP(PERSON["secret"])
    before = app.now()
    with serving(create_app(settings_of("development"))) as url:
        page = look(url)
    for part in (PERSON["about"], PERSON["email"], PERSON["password"]):
        assert part in page.words
    assert before in page.words or app.now() in page.words
    assert PERSON["secret"] not in page.answer.text


def test_in_production_it_shows_no_demo():
    with serving(create_app(settings_of("production"))) as url:
        page = look(url)
    assert "demo" not in page.words.lower()
    assert "a link worker" not in page.words
    assert PERSON["email"] not in page.answer.text


def test_an_address_that_is_not_there(browser):
    page = browser.get("/nowhere")
    assert (page.status, page.heading) == (404, "This page is not here")
    assert browser.get("/answer/a/b").status == 404


def test_the_style_sheet_is_kept_long_because_its_address_changes(browser):
    page = browser.get("/")
    (sheet,) = [given["href"] for tag, given in page.elements if given.get("rel") == "stylesheet"]
    answer = browser.http.get(sheet)
    assert (answer.status_code, answer.text) == (200, "body{color:black}" * 100)
    assert "immutable" in answer.headers["cache-control"]


def test_what_a_page_loads_is_compressed_and_the_page_is_not(browser):
    """A page holds the key of its forms beside what somebody typed: its size would tell of it."""
    page = browser.get("/")
    (sheet,) = [given["href"] for tag, given in page.elements if given.get("rel") == "stylesheet"]
    assert "content-encoding" not in page.answer.headers
    assert browser.http.get(sheet).headers["content-encoding"] == "gzip"


def test_files_outside_the_folder_are_not_there(browser):
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/nothing.css"):
        assert browser.http.get(path).status_code == 404


def test_without_a_style_sheet_the_pages_still_work(tmp_path):
    app = create_app(settings_of("test"), static=tmp_path / "missing")
    with serving(app) as url:
        page = look(url)
        assert page.status == 200
        assert httpx.get(f"{url}/static/portal.css", timeout=60).status_code == 404
    assert not [given for _, given in page.elements if given.get("rel") == "stylesheet"]


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_the_portal_is_healthy_by_itself(browser, path):
    assert browser.http.get(path).json()["status"] == "ok"
