"""Signing in with a real browser: by keyboard without scripts, and every page under axe."""

import mailbox
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pyotp
import pytest
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, sync_playwright
from sqlalchemy import Engine

from services.identity.app import create_app
from services.identity.people import accounts
from services.identity.people.accounts import Newcomer, Place
from services.identity.settings import IdentitySettings
from services.portal.assets import STATIC
from shared.database import UnitOfWork
from tests.identity.conftest import engine_for, listening, prepare, serving, settings_for
from tests.identity.people import HUB, Person, Visit, add_person, add_portal
from tests.infrastructure.axe import violations
from tests.infrastructure.chromium import FLAGS
from tests.infrastructure.postgres import NewDatabase
from tests.markup.html_validate import faults

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

SMALLEST = {"width": 320, "height": 640}


@dataclass
class Served:
    """An issuer and a client's page, each on its own origin."""

    settings: IdentitySettings
    engine: Engine
    callback: str
    client: tuple[str, str]

    def address(self, visit: Visit) -> str:
        asked = visit.request(redirect_uri=self.callback)
        return f"{self.settings.issuer}/authorize?{urlencode(asked)}"


@pytest.fixture(scope="module")
def served(
    module_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    url = module_database("identity", prepare)
    client_app = FastAPI(openapi_url=None)

    @client_app.get("/callback")
    def callback() -> dict[str, str]:
        return {"you are": "back"}

    with listening() as at, listening() as there, engine_for(url) as engine:
        address = f"http://127.0.0.1:{at.getsockname()[1]}"
        back = f"http://localhost:{there.getsockname()[1]}/callback"
        settings = settings_for(
            url, public_url=address, maildir=tmp_path_factory.mktemp("mail") / "box"
        )
        client = add_portal(engine, redirect_uris=(back,))
        app = create_app(settings, engine=engine, static=STATIC)
        with serving(app, at), serving(client_app, there):
            yield Served(settings, engine, back, client)


@pytest.fixture(scope="module")
def browser(chromium_path: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
        yield started
        started.close()


def test_somebody_signs_in_by_keyboard_without_scripts(served: Served, browser: Browser):
    person = add_person(served.engine, served.settings, "link-worker")
    context = browser.new_context(viewport=SMALLEST, java_script_enabled=False)  # type: ignore[arg-type]
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(f"{said.location['url']}: {said.text}"))
    with httpx.Client(base_url=served.settings.public_url, timeout=60) as http:
        visit = Visit(http, served.client)
        page.goto(served.address(visit))
        to(page, "email")
        page.keyboard.type(person.email)
        page.keyboard.press("Tab")
        page.keyboard.type(person.password)
        page.keyboard.press("Enter")
        page.wait_for_url("**/sign-in/code")
        to(page, "code")
        page.keyboard.type(person.code())
        page.keyboard.press("Enter")
        # The answer to a form leads to another origin, which `form-action` must name.
        page.wait_for_url(f"{served.callback}?**")
        code = re.search(r"[?&]code=([^&]+)", page.url)
        assert code is not None
        told = visit.exchange(code[1], redirect_uri=served.callback).json()
        assert visit.active(told["access_token"])
    assert [each for each in complaints if each.startswith(served.settings.public_url)] == []
    context.close()


def to(page: Page, field: str) -> None:
    """Reach a field by the tabulator alone."""
    for _ in range(12):
        page.keyboard.press("Tab")
        if page.locator(f"#{field}:focus").count():
            return
    raise AssertionError(f"{field} is not reached by keyboard")


def judged(page: Page, name: str) -> None:
    """A page is whole at 320 px, in British English, and axe and html-validate find nothing."""
    assert page.locator("html").get_attribute("lang") == "en-GB"
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= SMALLEST["width"], f"{name} is {wide} px wide"
    assert violations(page) == [], name
    assert faults(page.content()) == [], name


def submit(page: Page, **given: str) -> None:
    for field, value in given.items():
        page.locator(f"#{field}").fill(value)
    page.locator("form button").first.click()


def test_provider_staff_sign_in_by_a_link_without_scripts(served: Served, browser: Browser):
    place = (HUB, "Slow Stitch", ("provider-staff",))
    person = add_person(served.engine, served.settings, places=[place])
    context = browser.new_context(viewport=SMALLEST, java_script_enabled=False)  # type: ignore[arg-type]
    page = context.new_page()
    with httpx.Client(base_url=served.settings.public_url, timeout=60) as http:
        visit = Visit(http, served.client)
        page.goto(served.address(visit))
        page.locator("#email").fill(person.email)
        page.get_by_role("button", name="Send me a link").click()
        page.wait_for_url("**/sign-in/link")
        looked = browser.new_context(viewport=SMALLEST)  # type: ignore[arg-type]
        look = looked.new_page()
        look.goto(page.url)
        judged(look, "a link was sent")
        look.goto(link_of(served))
        judged(look, "a link was opened")
        page.goto(link_of(served))
        page.get_by_role("button", name="Go on").click()
        page.wait_for_url("**/sign-in/code")
        submit(page, code=person.code())
        page.wait_for_url(f"{served.callback}?**")
        look.goto(link_of(served))
        judged(look, "a link that was used")
    looked.close()
    context.close()


def link_of(served: Served) -> str:
    """The address in the only mail."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        for mail in mailbox.Maildir(served.settings.maildir, create=True):
            for part in mail.walk():
                if part.get_content_type() == "text/plain":
                    text = str(part.get_payload(decode=True), "utf-8")  # type: ignore[arg-type]
                    return text[text.index("http") :].split(maxsplit=1)[0]
        time.sleep(0.02)
    raise AssertionError("no mail came")


def test_axe_finds_nothing_on_any_page(served: Served, browser: Browser):
    context = browser.new_context(viewport=SMALLEST)  # type: ignore[arg-type]
    page, issuer = context.new_page(), served.settings.issuer
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))

    page.goto(f"{issuer}/invitation/nothing")
    judged(page, "invitation over")
    page.goto(f"{issuer}/authorize")
    judged(page, "unanswerable")

    email = f"{uuid4().hex}@team.example"
    with UnitOfWork(served.engine) as uow:
        newcomer = Newcomer(email, "Bo Li", Place(HUB, "Bradford hub"), ("link-worker",))
        invited = accounts.invite(uow, newcomer, by="test", hours=1)
        place = Place(uuid4(), "Slow Stitch")
        accounts.change_roles(uow, invited.account, place, ("provider-staff",), by="test")
        uow.commit()
    page.goto(f"{issuer}/invitation/{invited.token}")
    judged(page, "choose a password")
    submit(page, password="short", again="short")
    judged(page, "a weak password")
    submit(page, password="violin kettle marmalade", again="violin kettle marmalade")
    judged(page, "set up the app")
    submit(page, code="000")
    judged(page, "a wrong first code")
    secret = page.locator(".kersey-key code").inner_text().replace(" ", "")
    submit(page, code=pyotp.TOTP(secret).now())
    judged(page, "recovery codes")
    submit(page)
    page.goto(f"{issuer}/account")
    judged(page, "sign-ins")
    page.get_by_role("link", name="recovery codes").click()
    judged(page, "recovery codes that are left")
    submit(page, code="000000")
    judged(page, "a wrong code for new recovery codes")
    page.goto(f"{issuer}/end-session")
    judged(page, "sign out?")
    submit(page)
    judged(page, "signed out")

    with httpx.Client(base_url=served.settings.public_url, timeout=60) as http:
        visit = Visit(http, served.client)
        page.goto(served.address(visit))
    judged(page, "password")
    submit(page, email=email, password="not it")
    judged(page, "a wrong password")
    submit(page, email=email, password="violin kettle marmalade")
    judged(page, "code")
    submit(page, code="000000")
    judged(page, "a wrong code")
    person = Person(invited.account, email, secret, steps=2)
    submit(page, code=person.code())
    judged(page, "which organisation")
    submit(page)
    judged(page, "no organisation chosen")
    page.locator("input[type=radio]").first.check()
    submit(page)
    page.wait_for_url(f"{served.callback}?**")
    assert complaints == []
    context.close()
