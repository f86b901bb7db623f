"""A person's page in Chromium, in every language: axe, 320 px, from the right, without scripts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from services.notifications.app import persons_client
from services.notifications.person.asking import Persons
from services.portal import assets
from services.portal.app import create_app
from services.portal.settings import PortalSettings
from services.portal.tongues import tongues
from shared.messaging.events import ReferralAccepted, ReferralVisitSet
from tests.infrastructure.axe import violations
from tests.infrastructure.chromium import FLAGS
from tests.infrastructure.serving import serving
from tests.notifications.conftest import PROVIDER, SERVICE, TEAM

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PHONE: ViewportSize = {"width": 320, "height": 640}


@pytest.fixture(scope="module")
def chromium(chromium_path: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
        yield started
        started.close()


@pytest.fixture
def settings(settings: Any) -> Any:
    return settings.model_copy(update={"person_hours": "00:00-23:59"})


@pytest.fixture
def link(house: Any, referrals: Any) -> Iterator[str]:
    """The link in the mail of somebody who is expected in five days."""
    made = (assets.STATIC / "portal.css").is_file()
    assert made, "the style sheet is not made: make services/portal/static/.made"
    event = house.ask()
    about = {"case": event.case, "task": event.task, "team": TEAM}
    about |= {"service": SERVICE, "provider": PROVIDER}
    house.happens(ReferralAccepted(**about), sequence=2)
    starts = datetime.now(UTC) + timedelta(days=5)
    house.happens(ReferralVisitSet(**about, starts=starts), sequence=3)
    client = persons_client(house.settings)
    house.send_to_persons(Persons(client))
    client.close()
    body = house.mails()[0].get_body(("plain",)).get_content()
    token = next(each for each in body.splitlines() if "/visit/" in each).rpartition("/")[2]
    settings = PortalSettings(environment="test", database_url="postgresql://not-used")
    with serving(house.app) as notifications:
        http = httpx.AsyncClient(base_url=notifications, timeout=30)
        with serving(create_app(settings, http=http)) as url:
            yield f"{url}/visit/{token}"


def looked_at(page: Page, *, scripts: bool) -> None:
    """What must hold of every page of it."""
    wide = page.evaluate("document.documentElement.scrollWidth") if scripts else 0
    assert wide <= PHONE["width"], f"{page.url} is {wide} wide"
    if scripts:
        assert violations(page) == []


SAMARITANS = """() => {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode() && !texts.currentNode.data.includes("116 123")) {}
  const at_place = part => {
    const range = document.createRange(), at = texts.currentNode.data.indexOf(part);
    range.setStart(texts.currentNode, at);
    range.setEnd(texts.currentNode, at + part.length);
    const { top, left } = range.getBoundingClientRect();
    return [top, left];
  };
  return [at_place("116"), at_place("123")];
}"""
"""Where the two groups of the number stand on the screen, the line first."""


@pytest.mark.parametrize("scripts", [True, False], ids=["axe", "no script"])
def test_in_every_language_it_reads_well_and_is_answered(
    chromium: Browser, link: str, referrals: Any, scripts: bool
):
    context = chromium.new_context(viewport=PHONE, java_script_enabled=scripts)
    complaints: list[str] = []
    for code, tongue in tongues().items():
        words = tongue.words
        referrals.person = {"language": tongue.language, "easy_read": tongue.easy_read}
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.goto(link)
        heading = page.get_by_role("heading", level=1)
        assert heading.inner_text() == words["title_visit"], code
        looked_at(page, scripts=scripts)
        if scripts:
            first, second = page.evaluate(SAMARITANS)
            assert first < second, f"{code} shows another number to who is in danger"
        box, screen = heading.bounding_box(), PHONE["width"]
        assert box is not None
        right = page.locator("h1").evaluate("e => getComputedStyle(e).direction") == "rtl"
        assert right is (tongue.direction == "rtl"), code
        # Keys of the list stand at the side from which one reads.
        key = page.locator("dt").first
        at = key.evaluate(
            "e => { const r = document.createRange(); r.selectNodeContents(e);"
            " const b = r.getBoundingClientRect(); return [b.left, b.right]; }"
        )
        assert (at[1] > screen / 2) if right else (at[0] < screen / 2), code
        page.keyboard.press("Tab")
        expect(page.get_by_text(words["skip"]), code).to_be_visible()
        page.get_by_role("button", name=words["cannot_button"], exact=True).click()
        expect(page.get_by_text(words["sure_cancel"])).to_be_visible()
        looked_at(page, scripts=scripts)
        page.get_by_role("link", name=words["go_back"]).click()
        page.get_by_role("button", name=words["call_me"], exact=True).click()
        expect(page.get_by_text(words["said_call_me"])).to_be_visible()
        looked_at(page, scripts=scripts)
        page.close()
    context.close()
    assert complaints == []
    assert referrals.said == ["call-me"] * len(tongues())
