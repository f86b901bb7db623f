"""'I am worried about this person' on the pages, and what presses on a list."""

import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from deploy.demo.clients import PROVIDER
from tests.infrastructure.running import Running
from tests.journey.pages import Watched, token_of
from tests.journey.visitor import Visitor
from tests.portal.conftest import Page, check_page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WORDS = "She has <not> eaten since Monday."


@pytest.fixture
def task(running: Running, at: str) -> str:
    """A request about that person, which waits for the answer of the demo's provider."""
    headers = {"Authorization": f"Bearer {token_of(running, 'link-worker')}"}
    with httpx.Client(base_url=running.url, headers=headers, timeout=60) as http:
        services = http.get(f"/directory/organizations/{PROVIDER}").json()["services"]
        body: dict[str, Any] = {
            "service": services[0]["id"],
            "needs": [{"code": "loneliness", "display": "Loneliness"}],
            "full_because": "She asked for this one.",
        }
        asked = http.post(f"/referrals{at}/requests", json=body)
        assert asked.status_code == 201, asked.text
        return str(asked.json()["task"])


def raised(lead: Visitor, at: str) -> str:
    """A worry of the team, which the lead looks at; the address of its pages."""
    told = lead.fill(lead.get(f"{at}/worries"), words=WORDS, lead=me(lead, at))
    (found,) = set(re.findall(rf'href="({at}/worries/[0-9a-f-]{{36}})/lead"', told.text))
    return str(found)


def me(lead: Visitor, at: str) -> str:
    """The account that the form chooses for whoever is worried."""
    form = lead.get(f"{at}/worries").text
    (chosen,) = re.findall(r'name="lead"[^>]* value="([^"]+)" checked', form)
    return str(chosen)


def test_a_worry_is_raised_looked_at_decided_on_and_closed(lead: Visitor, at: str) -> None:
    assert f'href="{at}/worries"' in lead.get(at).text
    form = lead.get(f"{at}/worries")
    check_page(Page(form))
    assert form.text.index("call 999") < form.text.index("<form", form.text.index("<main"))
    assert "Write what worries you" in lead.fill(form, lead=me(lead, at)).text

    on = raised(lead, at)
    page = lead.get(at)
    check_page(Page(page))
    assert "She has &lt;not&gt; eaten since Monday." in page.text
    assert "looks at it." in page.text
    assert f"{on}/outcome" not in page.text, "nothing was decided yet"
    for where in ("/cases?show=worried", "/cases/supervision"):
        assert at in lead.get(where).text, where
    assert f"{at}/talked" not in lead.get("/cases/supervision").text

    assert "Write what was decided" in lead.fill(lead.get(f"{on}/decision"), words="").text
    lead.fill(lead.get(f"{on}/decision"), words="Ring her son.")
    told = lead.fill(lead.get(f"{on}/outcome"), words="He is with her.")
    assert "This worry is closed" in told.text
    assert "Worries that are closed" in told.text
    check_page(Page(told))
    for words in ("Ring her son.", "He is with her."):
        assert words in told.text
    for where in ("/cases?show=worried", "/cases/supervision"):
        assert at not in lead.get(where).text, where
    again = lead.fill(lead.get(f"{on}/outcome"), words="Once more.")
    assert again.status_code == 422
    assert "this worry is closed" in again.text


def test_a_case_is_not_closed_over_a_worry(lead: Visitor, at: str) -> None:
    raised(lead, at)
    refused = lead.fill(lead.get(f"{at}/close"), outcome="not-reached")
    assert "Write what came of it first" in refused.text


def test_a_provider_tells_the_team_and_hears_how_far_it_is(
    lead: Visitor, manager: Visitor, at: str, task: str
) -> None:
    request = f"/requests/{task}"
    manager.send(request, f"{request}/answer", decision="accept")
    assert f"{request}/worried" in manager.get(request).text
    form = manager.get(f"{request}/worried")
    check_page(Page(form))
    assert form.text.index("call 999") < form.text.index("<form", form.text.index("<main"))
    assert "Write what worries you" in manager.fill(form, words="").text
    told = manager.fill(manager.get(f"{request}/worried"), words=WORDS)
    assert "Nobody has looked at it yet" in told.text
    assert "eaten" not in told.text
    check_page(Page(told))

    page = lead.get(at).text
    assert "She has &lt;not&gt; eaten since Monday." in page
    assert "Nobody looks at it yet." in page
    (on,) = set(re.findall(rf'href="({at}/worries/[0-9a-f-]{{36}})/lead"', page))
    lead.fill(lead.get(f"{on}/lead"), lead=me(lead, at))
    assert "Somebody looks at it." in manager.get(request).text


def test_nobody_else_learns_of_it(
    lead: Visitor, coordinator: Visitor, manager: Visitor, at: str
) -> None:
    on = raised(lead, at)
    page = coordinator.get(at).text
    assert "eaten" not in page
    assert "Somebody is worried" not in page
    assert at not in coordinator.get("/cases?show=worried").text
    for other in (coordinator, manager):
        for path in (f"{at}/worries", f"{on}/decision"):
            sent = other.force(path, words="x", lead="x")
            assert sent.status_code in (403, 404, 422), path
    assert lead.get(f"{at}/worries/{at.rpartition('/')[2]}/lead").status_code == 404
    assert lead.get(f"{on}/nothing").status_code == 404


def test_a_list_says_how_long_a_request_has_and_whether_it_arrived(
    lead: Visitor, at: str, task: str
) -> None:
    page = lead.get("/cases?show=answer")
    while at not in page.text:
        (further,) = re.findall(r'href="(/cases\?[^"]*after=[^"]+)"', page.text)
        page = lead.get(further.replace("&amp;", "&"))
    row = page.text.partition(f'href="{at}"')[2].partition("</tr>")[0]
    assert re.search(r"\d+ working days left", row)
    assert re.search("message (has not arrived yet|arrived)", row)
    for show in ("overdue", "urgent", "agreement", "worried"):
        check_page(Page(lead.get(f"/cases?show={show}")))


@pytest.mark.parametrize("scripts", [True, False])
def test_axe_finds_nothing_on_these_pages(
    running: Running, browser: Browser, lead: Visitor, at: str, scripts: bool
) -> None:
    on = raised(lead, at)
    lead.fill(lead.get(f"{on}/decision"), words="W" * 60)
    context = browser.new_context(
        viewport={"width": 320, "height": 640}, java_script_enabled=scripts
    )
    context.add_cookies(lead.cookies)
    tab = Watched(context.new_page(), 320, scripts=scripts)
    for path in ("/cases", "/cases?show=worried", "/cases/supervision", at):
        tab.page.goto(running.url + path)
        tab.judged()
    for step in (f"{at}/worries", f"{on}/lead", f"{on}/decision", f"{on}/outcome"):
        tab.page.goto(running.url + step)
        tab.judged()
    tab.page.locator("main form button").last.click()
    expect(tab.page.get_by_role("alert")).to_be_visible()
    tab.judged()
    context.close()
    assert tab.found == []
