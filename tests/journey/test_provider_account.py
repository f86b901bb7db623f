"""A provider with an account, on the smallest phone: its requests, its answer, who it is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyotp
import pytest
from playwright.sync_api import Browser, expect

from deploy.demo.accounts import PEOPLE
from deploy.demo.clients import PROVIDER
from tests.infrastructure.running import Running
from tests.journey.pages import Watched, token_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

STAFF = next(each for each in PEOPLE if each.role == "provider-staff")


@pytest.fixture
def asked(running: Running, referred: str) -> str:
    """A request to the provider about that person, who agreed to share the name; their name."""
    headers = {"Authorization": f"Bearer {token_of(running, 'link-worker')}"}
    with httpx.Client(base_url=running.url, headers=headers, timeout=60) as http:
        rows: list[dict[str, Any]] = http.get(
            "/referrals/cases", params={"state": "new", "count": 200}
        ).json()
        case = rows[-1]["case"]
        http.post(f"/referrals/cases/{case}/accept").raise_for_status()
        services = http.get(f"/directory/organizations/{PROVIDER}").json()["services"]
        service = services[0]["id"]
        body = {
            "service": service,
            "needs": [{"code": "loneliness", "display": "Loneliness"}],
            "text": "A friendly face at the door",
            "share": {"name": referred},
        }
        http.post(f"/referrals/cases/{case}/requests", json=body).raise_for_status()
    return referred


def test_a_provider_answers_and_says_how_it_goes(
    running: Running,
    browser: Browser,
    asked: str,
) -> None:
    context = browser.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=True)
    tab = Watched(context.new_page(), 320, scripts=True)
    page = tab.page
    page.goto(f"{running.url}/sign-in")
    page.get_by_label("E-mail address").fill(STAFF.email)
    page.get_by_label("Password").fill(STAFF.password)
    page.locator("main button").first.click()
    page.locator("input[name=code]").fill(pyotp.TOTP(STAFF.secret).now())
    page.locator("main button").first.click()
    expect(tab.heading).to_have_text("Requests")
    assert asked not in page.content()
    asks = page.get_by_role("listitem").filter(has_text="A friendly face at the door").last
    with page.expect_navigation():
        asks.get_by_role("link").click()
    tab.judged()
    assert asked not in page.content()
    tab.click("button", "Send my answer")
    expect(page.get_by_role("alert")).to_be_visible()
    page.get_by_label("Yes, they can come").check()
    tab.click("button", "Send my answer")
    expect(tab.heading).to_have_text("You said yes")
    tab.click("button", "See who it is")
    expect(page.get_by_text(asked)).to_be_visible()
    tab.click("button", "Save the day")
    expect(page.get_by_role("alert")).to_contain_text("Type the time too")
    when = datetime.now(UTC) + timedelta(days=9)
    for name, value in {"Day": when.day, "Month": when.month, "Year": when.year}.items():
        page.get_by_role("textbox", name=name).first.fill(str(value))
    page.get_by_label("At what time?").fill("2:30pm")
    tab.click("button", "Save the day")
    expect(page.get_by_role("status")).to_contain_text("We have noted the day")
    expect(page.get_by_text(f"You said: {when.day} {when:%B %Y}, 14:30")).to_be_visible()
    page.get_by_label("They have started").check()
    tab.click("button", "Save")
    expect(page.get_by_role("status")).to_contain_text("Thank you")
    page.goto(f"{running.url}/requests?folder=going")
    tab.judged()
    page.goto(f"{running.url}/cases")
    expect(page.get_by_text("These pages are for link workers")).to_be_visible()
    context.close()
    assert tab.found == []
