"""A duty lead opens one case in an emergency, on the pages; its team and hub see that."""

import re
import time
from collections.abc import Iterator

import httpx
import pyotp
import pytest
from playwright.sync_api import Browser, expect

from tests.infrastructure.running import Running
from tests.journey.pages import Watched, token_of
from tests.journey.visitor import BY_ROLE, STEP, Visitor
from tests.portal.conftest import Page, check_page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WHY = {"reason": "life-at-risk", "words": "Their sister rang <b>me</b>. The team does not answer."}


@pytest.fixture(scope="module")
def duty(running: Running) -> Iterator[Visitor]:
    """The duty lead of the Bradford hub."""
    with httpx.Client(base_url=running.url, timeout=120) as http:
        yield Visitor(http, "duty-lead")


def prove(visitor: Visitor, back: str = "/emergency/find") -> httpx.Response:
    """Sign in again with both factors; a code is good once."""
    who = BY_ROLE[visitor.role]
    page = visitor.get(f"/sign-in?back={back.replace('/', '%2F')}&prove=true")
    page = visitor.fill(page, email=who.email, password=who.password)
    page = visitor.fill(page, code=pyotp.TOTP(who.secret).now())
    while "it was used already" in page.text:
        time.sleep(STEP - time.time() % STEP)
        page = visitor.fill(page, code=pyotp.TOTP(who.secret).now())
    visitor.first = page
    return page


def number(at: str) -> str:
    return at.removeprefix("/cases/")[:8].upper()


def reading(opened: httpx.Response) -> str:
    return str(opened.url.path)


def test_one_case_is_opened_read_and_looked_at(
    duty: Visitor, lead: Visitor, coordinator: Visitor, at: str, referred: str
) -> None:
    assert "Open a case in an emergency" in duty.first.text, "their first page"
    form = prove(duty)
    assert "Which case?" in form.text
    nothing = duty.fill(form)
    assert nothing.status_code == 422
    assert "Fill in the number of the case, or" in nothing.text
    check_page(Page(nothing))
    wrong = duty.fill(duty.get("/emergency/find"), nhs_number="999 000 0000")
    assert "Check the NHS number" in wrong.text
    assert "999 000 0000" in wrong.text, "what was typed stays"
    half = duty.fill(duty.get("/emergency/find"), family="Feather")
    assert "both" in half.text
    none = duty.fill(duty.get("/emergency/find"), number="ffffffff")
    assert "No open case of your place fits" in none.text

    by_name = {"birth_date-day": "2", "birth_date-month": "3", "birth_date-year": "1951"}
    found = duty.fill(duty.get("/emergency/find"), family=referred.split()[1], **by_name)
    assert found.url.path == "/emergency/found"
    assert f"Case {number(at)}" in found.text
    assert "Pagesworth" not in found.text
    form = duty.get(f"/emergency{at}")
    assert "Pagesworth" not in form.text
    refused = duty.fill(form)
    assert "Choose why" in refused.text
    assert "Write what happened" in refused.text
    opened = duty.fill(duty.get(f"/emergency{at}"), **WHY)
    assert referred in opened.text
    assert "<title>A case, opened in an emergency" in opened.text
    assert referred not in opened.text.partition("</title>")[0]
    check_page(Page(opened))

    told = lead.get(at)
    assert "Bev Thackray of the Bradford hub opened the case in an emergency" in told.text
    assert "Their sister rang &lt;b&gt;me&lt;/b&gt;." in told.text
    assert "of the hub read who the person is" in told.text
    assert "opened in an emergency</a>" in lead.get("/cases").text
    hub = coordinator.get("/hub/emergencies")
    assert number(at) in hub.text
    assert "Their sister" not in hub.text
    check_page(Page(hub))
    assert "Their sister" not in coordinator.get(at).text
    assert "Cases opened in an emergency" in coordinator.get("/hub").text

    listed = lead.get("/cases/emergencies")
    check_page(Page(listed))
    (look,) = re.findall(r'href="(/cases/emergencies/[0-9a-f-]{36})"', listed.text)
    assert "Choose what you find" in lead.fill(lead.get(look)).text
    after = lead.fill(lead.get(look), found="question", came="We talk on Monday.")
    assert "Noted." in after.text
    assert look not in after.text
    assert number(at) in lead.get("/cases/emergencies?show=all").text
    assert "Tom Ackroyd looked at that" in lead.get(at).text

    closed = duty.send(reading(opened), f"{reading(opened)}/close")
    assert "You closed the case" in closed.text
    assert "We talk on Monday." in closed.text
    gone = duty.get(reading(opened))
    assert gone.status_code == 409
    assert "is over" in gone.text
    assert referred not in gone.text


def test_the_team_gets_a_notice_that_names_nobody(
    running: Running, duty: Visitor, lead: Visitor, at: str, referred: str
) -> None:
    prove(duty)
    opened = duty.fill(duty.get(f"/emergency{at}"), **WHY)
    assert referred in opened.text
    case = at.removeprefix("/cases/")
    headers = {"Authorization": f"Bearer {token_of(running, 'link-worker')}"}
    told: list[dict[str, str]] = []
    end = time.monotonic() + 90
    while not told:
        assert time.monotonic() < end, "nobody was told"
        time.sleep(1)
        answer = httpx.get(
            f"{running.url}/notifications/deliveries?case={case}", headers=headers, timeout=60
        )
        told = [
            each for each in answer.json()["deliveries"] if each["kind"] == "opened-in-emergency"
        ]
    assert referred.split()[1] not in str(told)
    duty.send(reading(opened), f"{reading(opened)}/close")


def test_a_sign_in_of_this_morning_is_not_enough_and_what_was_typed_stays(
    running: Running, at: str, referred: str
) -> None:
    with httpx.Client(base_url=running.url, timeout=120) as http:
        visitor = Visitor(http, "duty-lead")
        asked = visitor.fill(visitor.get(f"/emergency{at}"), **WHY)
        assert asked.status_code == 401
        assert "Prove that it is you" in asked.text
        assert "Their sister" not in asked.text, "it is sealed"
        check_page(Page(asked))
        prove(visitor, "/emergency")
        once_more = visitor.fill(asked)
        assert "Look at it once more" in once_more.text
        opened = visitor.fill(once_more)
        assert referred in opened.text
        visitor.send(reading(opened), f"{reading(opened)}/close")


@pytest.mark.parametrize("role", ["commissioner", "researcher", "administrator", "care-navigator"])
def test_others_have_none_of_these_pages(running: Running, role: str) -> None:
    with httpx.Client(base_url=running.url, timeout=120) as http:
        _refused(Visitor(http, role))


def test_neither_providers_nor_teams_nor_the_hubs_coordinators(
    manager: Visitor, coordinator: Visitor, lead: Visitor, duty: Visitor, at: str
) -> None:
    for visitor in (manager, coordinator, lead):
        _refused(visitor)
        assert visitor.force(f"/emergency{at}", **WHY).status_code == 403
    for visitor in (manager, duty):
        assert visitor.get("/hub/emergencies").status_code == 403
        assert visitor.get("/cases/emergencies").status_code == 403
    assert "In an emergency" not in coordinator.get("/hub").text


def _refused(visitor: Visitor) -> None:
    nowhere = "11111111-1111-4111-8111-111111111111"
    for path in ("", "/find", "/found", f"/cases/{nowhere}", f"/{nowhere}"):
        assert visitor.get(f"/emergency{path}").status_code == 403, path
    for path in ("/find", f"/cases/{nowhere}", f"/{nowhere}/close"):
        assert visitor.force(f"/emergency{path}", number="1", **WHY).status_code == 403, path


def test_what_is_not_there_is_not_there(duty: Visitor, lead: Visitor) -> None:
    prove(duty)
    nowhere = "11111111-1111-4111-8111-111111111111"
    assert duty.fill(duty.get(f"/emergency/cases/{nowhere}"), **WHY).status_code == 404
    assert duty.get(f"/emergency/{nowhere}").status_code == 404
    assert duty.force(f"/emergency/{nowhere}/close").status_code == 404
    assert duty.get("/emergency/nothing").status_code == 404
    assert lead.get(f"/cases/emergencies/{nowhere}").status_code == 404
    assert lead.force(f"/cases/emergencies/{nowhere}", found="right").status_code == 404
    assert lead.get("/cases/emergencies?show=nothing").status_code == 200
    assert lead.get(f"/cases/emergencies?after={nowhere}").status_code == 200


@pytest.mark.parametrize("scripts", [True, False])
def test_axe_finds_nothing_on_these_pages(
    running: Running, browser: Browser, duty: Visitor, lead: Visitor, at: str, scripts: bool
) -> None:
    prove(duty)
    context = browser.new_context(
        viewport={"width": 320, "height": 640}, java_script_enabled=scripts
    )
    context.add_cookies(duty.cookies)
    tab = Watched(context.new_page(), 320, scripts=scripts)
    page = tab.page
    page.goto(f"{running.url}/emergency")
    tab.judged()
    page.goto(f"{running.url}/emergency/find")
    tab.judged()
    tab.click("button", "Find the case")
    expect(page.get_by_role("alert")).to_contain_text("Fill in the number of the case")
    page.get_by_label("Number of the case").fill("ffff ffff")
    tab.click("button", "Find the case")
    expect(page.get_by_text("No open case of your place fits")).to_be_visible()
    page.goto(f"{running.url}/emergency/find")
    page.get_by_label("Number of the case").fill(number(at))
    tab.click("button", "Find the case")
    tab.click("button", f"Nobody answers: open case {number(at)}")
    tab.click("button", "Open the case")
    expect(page.get_by_role("alert")).to_contain_text("Choose why")
    page.get_by_label("The person may die or be hurt badly").check()
    page.get_by_label("What happened?").fill("W" * 80)
    tab.click("button", "Open the case")
    expect(page.get_by_text("You can only read it.")).to_be_visible()
    tab.click("button", "I am done: close it")
    expect(page.get_by_role("status")).to_contain_text("You closed the case")
    context.close()

    context = browser.new_context(
        viewport={"width": 320, "height": 640}, java_script_enabled=scripts
    )
    context.add_cookies(lead.cookies)
    team = Watched(context.new_page(), 320, scripts=scripts)
    for path in ("/cases", "/cases/emergencies", at):
        team.page.goto(running.url + path)
        team.judged()
    team.page.goto(f"{running.url}/cases/emergencies")
    team.click("link", f"Look at case {number(at)}")
    team.click("button", "I have looked at it")
    expect(team.page.get_by_role("alert")).to_contain_text("Choose what you find")
    team.page.get_by_label("It was right to open it").check()
    team.click("button", "I have looked at it")
    context.close()
    assert tab.found == []
    assert team.found == []
