"""An administrator of accounts invites people, changes what they are, and ends their access."""

import re
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, expect

from deploy.demo.accounts import HUB
from tests.infrastructure.running import Running
from tests.journey.naughty import NAUGHTY, is_shown
from tests.journey.pages import Watched
from tests.journey.visitor import Visitor
from tests.portal.conftest import Page, check_page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def typed(**more: str) -> dict[str, str]:
    """Somebody who is to be invited to the Bradford hub."""
    return {
        "name": "Bo Li",
        "email": f"{uuid4().hex[:10]}@hub.example",
        "organisation": str(HUB.organisation),
        "roles": "hub-coordinator",
    } | more


@pytest.fixture
def invited(administrator: Visitor) -> tuple[str, str]:
    """The address of somebody's account who was just invited, and their e-mail address."""
    said = typed()
    page = administrator.fill(administrator.get("/people/invite"), **said)
    assert "Invited. A mail with a link is on its way" in page.text, page.text
    check_page(Page(page))
    return page.url.path, said["email"]


def acts(page: httpx.Response) -> str:
    """What was done with an account."""
    return page.text.partition("What was done with this account")[2].partition("</ul>")[0]


def test_whoever_has_not_accepted_is_on_a_list_with_who_invited_them(
    administrator: Visitor, invited: tuple[str, str]
) -> None:
    at, email = invited
    waiting = administrator.get("/people?state=invited")
    assert f'href="{at}"' in waiting.text
    assert "Nadia Hussain" not in waiting.text, "who has accepted"
    check_page(Page(waiting))
    page = administrator.get(at)
    assert email in page.text
    assert "Hub coordinator" in page.text
    assert "by Sam Holroyd" in acts(page)
    assert "Their link works until" in page.text
    again = administrator.send(at, f"{at}/invitation")
    assert "A new link is on its way" in again.text
    assert "A new link was sent" in acts(again)


def test_somebody_is_locked_and_unlocked_and_signed_out(
    administrator: Visitor, invited: tuple[str, str]
) -> None:
    at, _ = invited
    locked = administrator.send(at, f"{at}/disable")
    assert "Locked. They are signed out everywhere" in locked.text
    assert f'action="{at}/invitation"' not in locked.text
    unlocked = administrator.send(at, f"{at}/enable")
    assert "Unlocked." in unlocked.text
    out = administrator.send(at, f"{at}/sign-out")
    assert "Signed out everywhere." in out.text
    for words in ("Locked", "Unlocked", "Signed out everywhere"):
        assert words in acts(out)


def test_what_somebody_is_changes_and_another_organisation_comes_to_it(
    administrator: Visitor, invited: tuple[str, str]
) -> None:
    at, _ = invited
    form = administrator.get(f"{at}/roles?organisation={HUB.organisation}")
    assert re.search(r'value="hub-coordinator"\s+checked', form.text)
    check_page(Page(form))
    changed = administrator.fill(form, roles="duty-lead")
    assert "Duty lead of a hub" in changed.text
    other = administrator.get(f"{at}/roles")
    both = administrator.fill(other, organisation=str(HUB.organisation), other=str(uuid4()))
    assert "not both" in both.text
    assert administrator.fill(other, roles="researcher").status_code == 422
    given = {"other": str(uuid4()), "organisation_name": "Weavers", "roles": "researcher"}
    more = administrator.fill(administrator.get(f"{at}/roles"), **given)
    assert "Weavers" in more.text
    refused = administrator.fill(
        administrator.get(f"{at}/roles?organisation={HUB.organisation}"), roles="administrator"
    )
    assert refused.status_code == 422
    assert "no other role" in refused.text
    none = administrator.fill(administrator.get(f"{at}/roles?organisation={HUB.organisation}"))
    assert "Bradford hub" not in none.text.partition("What you can do")[0]
    assert administrator.get(f"{at}/roles?organisation={uuid4()}").status_code == 404


def test_somebody_is_found_and_no_name_stands_in_an_address(
    administrator: Visitor, invited: tuple[str, str]
) -> None:
    at, email = invited
    found = administrator.fill(administrator.get("/people/find"), words=email.partition("@")[0])
    assert f'href="{at}"' in found.text
    assert found.url.query == b""
    nobody = administrator.fill(administrator.get("/people/find"), words="nobody-by-that-name")
    assert "Nobody was found" in nobody.text
    assert administrator.fill(administrator.get("/people/find"), words="x").status_code == 422


def test_what_is_wrong_is_said_at_its_field(administrator: Visitor) -> None:
    empty = administrator.fill(administrator.get("/people/invite"))
    assert empty.status_code == 422
    for words in ("Type their name", "Type their e-mail", "Choose the organisation", "at least"):
        assert words in empty.text
    check_page(Page(empty))
    taken = typed(email="link-worker@demo.kersey.example")
    for said, words in (
        (typed(email="nobody"), "no e-mail address"),
        (taken, "an account with this address already"),
        (typed(organisation="", other="51", organisation_name="A"), "This is no id"),
    ):
        wrong = administrator.fill(administrator.get("/people/invite"), **said)
        assert wrong.status_code == 422
        assert words in wrong.text
    for text in NAUGHTY[:8]:
        shown = administrator.fill(administrator.get("/people/invite"), name=text)
        assert shown.status_code == 422
        assert is_shown(text, shown.text)


def test_nobody_shuts_themselves_out(administrator: Visitor) -> None:
    found = administrator.fill(administrator.get("/people/find"), words="Sam Holroyd")
    own = re.search(r'href="(/people/[0-9a-f-]{36})"', found.text)
    assert own, found.text
    page = administrator.get(own[1])
    assert "This is your own account" in page.text
    assert "Lock" not in page.text.partition("What was done")[0].partition("<main")[2]
    assert administrator.force(f"{own[1]}/disable").status_code == 422
    assert administrator.get(own[1]).status_code == 200, "still signed in"


def test_what_is_not_there_is_not_there(administrator: Visitor, invited: tuple[str, str]) -> None:
    at, _ = invited
    nobody = f"/people/{uuid4()}"
    for path in (nobody, f"{nobody}/roles"):
        assert administrator.get(path).status_code == 404, path
    for path in (f"{nobody}/disable", f"{nobody}/roles", f"{at}/delete"):
        assert administrator.force(path).status_code == 404, path
    for query in ("state=dead", f"organisation={uuid4()}", "organisation=x", "behind=x"):
        assert administrator.get(f"/people?{query}").url.path == "/people"
    for other in ("/cases", "/requests", "/hub", "/our-referrals", "/emergency"):
        assert administrator.get(other).status_code == 403, other


def test_what_a_hub_announces_to_everybody_is_for_administrators_too(
    administrator: Visitor,
) -> None:
    assert administrator.get("/announcements").status_code == 200


def test_it_works_on_the_smallest_phone_with_scripts_and_without(
    running: Running, browser: Browser, administrator: Visitor, invited: tuple[str, str]
) -> None:
    at, _ = invited
    for scripts in (True, False):
        context = browser.new_context(
            viewport={"width": 320, "height": 640}, java_script_enabled=scripts
        )
        context.add_cookies(administrator.cookies)
        tab = Watched(context.new_page(), 320, scripts=scripts)
        for path in ("/people", "/people/find", "/people/invite", at, f"{at}/roles"):
            tab.page.goto(running.url + path)
            tab.judged()
        tab.page.goto(running.url + "/people/invite")
        tab.click("button", "Send the invitation")
        expect(tab.page).to_have_title(re.compile("^Error: "))
        tab.page.get_by_label("Name", exact=True).fill("Ada Lee")
        tab.page.get_by_label("E-mail address").fill(f"{uuid4().hex[:10]}@hub.example")
        tab.page.get_by_label("Organisation", exact=True).select_option("Bradford hub")
        tab.page.get_by_label("Team lead").check()
        tab.click("button", "Send the invitation")
        expect(tab.heading).to_have_text("Ada Lee")
        context.close()
        assert tab.found == []
