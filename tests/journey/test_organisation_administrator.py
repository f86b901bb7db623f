"""The administrator of one organisation keeps its people on the pages, and meets nobody else's."""

import re
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser, expect

from deploy.demo.accounts import HUB, PEOPLE, TEAM
from tests.infrastructure.running import Running
from tests.journey.naughty import NAUGHTY, is_shown
from tests.journey.pages import Watched
from tests.journey.visitor import Visitor
from tests.portal.conftest import Page, check_page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

WORKER, COORDINATOR, DUTY_LEAD, OWN, ABOVE = (
    next(each for each in PEOPLE if each.role == role)
    for role in (
        "link-worker", "hub-coordinator", "duty-lead", "organisation-administrator", "administrator"
    )
)  # fmt: skip


def typed(**more: str) -> dict[str, str]:
    """Somebody who is to be invited."""
    return {
        "name": "Bo Li",
        "email": f"{uuid4().hex[:10]}@hub.example",
        "roles": "hub-coordinator",
    } | more


@pytest.fixture
def invited(chief: Visitor) -> str:
    """The address of somebody's account who was just invited to the hub."""
    page = chief.fill(chief.get("/people/invite"), **typed())
    assert "Invited. A mail with a link is on its way" in page.text, page.text
    check_page(Page(page))
    return str(page.url.path)


def roles_in(form: httpx.Response) -> set[str]:
    """The roles that a form offers."""
    return set(re.findall(r'name="roles" type="checkbox" value="([a-z-]+)"', form.text))


def test_the_list_has_their_own_people_alone(chief: Visitor, invited: str) -> None:
    page = chief.get("/people")
    assert "<h1>People of Bradford hub</h1>" in page.text
    for own in (COORDINATOR, DUTY_LEAD, OWN):
        assert own.email in page.text
    for other in PEOPLE:
        if other.place != HUB:
            assert f">{other.email}<" not in page.text
            assert str(other.id) not in page.text
            assert other.place.name not in page.text
    check_page(Page(page))
    assert f'href="{invited}"' in chief.get("/people?state=invited").text
    chief.get(f"/people?organisation={TEAM.organisation}")
    for words in ("Nadia", WORKER.email, "demo.kersey"):
        found = chief.fill(chief.get("/people/find"), words=words)
        assert WORKER.name not in found.text
        assert ABOVE.name not in found.text


def test_they_invite_to_their_own_organisation_and_give_what_is_theirs_to_give(
    chief: Visitor, invited: str
) -> None:
    form = chief.get("/people/invite")
    assert 'name="organisation"' not in form.text
    assert 'name="other"' not in form.text
    # Who administers all accounts may have made somebody of the hub a link worker meanwhile.
    of_a_team = {"link-worker", "team-lead"}
    own = {"hub-coordinator", "organisation-administrator"}
    assert roles_in(form) - of_a_team == own
    page = chief.get(invited)
    assert "Bradford hub" in page.text
    assert "Hub coordinator" in page.text
    assert f"by {OWN.name}" in page.text
    assert "Add another organisation" not in page.text
    assert chief.get(f"{invited}/roles").status_code == 404
    form = chief.get(f"{invited}/roles?organisation={HUB.organisation}")
    check_page(Page(form))
    changed = chief.fill(form, roles="organisation-administrator")
    assert "Administrator of an organisation" in changed.text


@pytest.mark.parametrize(
    "role", ["administrator", "duty-lead", "researcher", "provider-manager", "commissioner"]
)
def test_a_role_that_shows_more_is_not_theirs_to_give(
    chief: Visitor, invited: str, role: str
) -> None:
    """Also where the form is forged: what is not offered is refused."""
    forged = chief.fill(chief.get("/people/invite"), **typed(roles=role))
    assert forged.status_code == 422
    form = chief.get(f"{invited}/roles?organisation={HUB.organisation}")
    assert chief.fill(form, roles=role).status_code == 422
    assert "Hub coordinator" in chief.get(invited).text


def test_another_organisation_in_a_forged_form_is_none(
    chief: Visitor, invited: str, administrator: Visitor
) -> None:
    team = {"organisation": str(TEAM.organisation), "organisation_name": TEAM.name}
    page = chief.fill(chief.get("/people/invite"), **typed(**team))
    told = administrator.get(page.url.path).text
    assert "Bradford hub" in told
    assert TEAM.name not in told
    form = chief.get(f"{invited}/roles?organisation={HUB.organisation}")
    other = chief.fill(form, at=str(TEAM.organisation), roles="link-worker")
    assert other.status_code == 404
    assert TEAM.name not in administrator.get(invited).text


def test_the_accounts_of_others_are_not_there(chief: Visitor) -> None:
    for account in (WORKER.id, ABOVE.id, uuid4()):
        at = f"/people/{account}"
        for path in (at, f"{at}/roles", f"{at}/roles?organisation={TEAM.organisation}"):
            assert chief.get(path).status_code == 404, path
        for deed in ("invitation", "disable", "enable", "sign-out", "roles"):
            assert chief.force(f"{at}/{deed}").status_code == 404, deed
        assert chief.get(f"/people?behind={account}").url.query == b""
    for path in ("/cases", "/requests", "/hub", "/emergency", "/figures", "/hub/announcements"):
        assert chief.get(path).status_code == 403, path


def test_what_another_gave_may_be_left_and_is_not_given_anew(chief: Visitor) -> None:
    form = chief.get(f"/people/{DUTY_LEAD.id}/roles?organisation={HUB.organisation}")
    assert re.search(r'value="duty-lead"\s+checked', form.text)
    other = chief.get(f"/people/{COORDINATOR.id}/roles?organisation={HUB.organisation}")
    assert "duty-lead" not in roles_in(other)


def test_they_lock_and_unlock_and_whoever_keeps_all_accounts_sees_it(
    chief: Visitor, administrator: Visitor, invited: str
) -> None:
    locked = chief.send(invited, f"{invited}/disable")
    assert "cannot come in for your organisation" in locked.text
    check_page(Page(locked))
    assert "Locked" in chief.get("/people?state=disabled").text
    assert f'href="{invited}"' not in chief.get("/people?state=invited").text
    above = administrator.get(invited)
    assert "locked by this organisation" in above.text
    assert "Locked for one organisation" in above.text
    check_page(Page(above))
    unlocked = chief.send(invited, f"{invited}/enable")
    assert "Unlocked. They can come in" in unlocked.text
    assert "Signed out everywhere." in chief.send(invited, f"{invited}/sign-out").text


def test_what_was_locked_for_everybody_is_not_theirs_to_unlock(
    chief: Visitor, administrator: Visitor, invited: str
) -> None:
    administrator.send(invited, f"{invited}/disable")
    page = chief.get(invited)
    assert "Only they can unlock it" in page.text
    assert f'action="{invited}/enable"' not in page.text
    assert chief.force(f"{invited}/enable").status_code == 422
    assert "Only they can unlock it" in chief.get(invited).text


def test_whoever_is_nothing_to_it_any_more_is_not_on_its_pages(
    chief: Visitor, invited: str
) -> None:
    gone = chief.fill(chief.get(f"{invited}/roles?organisation={HUB.organisation}"))
    assert "They act for your organisation no more" in gone.text
    assert gone.url.path == "/people"
    assert chief.get(invited).status_code == 404


def test_they_do_not_shut_themselves_out(chief: Visitor) -> None:
    own = f"/people/{OWN.id}"
    assert "This is your own account" in chief.get(own).text
    assert chief.force(f"{own}/disable").status_code == 422
    assert chief.get(own).status_code == 200


def test_what_is_wrong_is_said_at_its_field(chief: Visitor) -> None:
    empty = chief.fill(chief.get("/people/invite"))
    assert empty.status_code == 422
    for words in ("Type their name", "Type their e-mail", "Choose at least one"):
        assert words in empty.text
    check_page(Page(empty))
    taken = chief.fill(chief.get("/people/invite"), **typed(email=WORKER.email))
    assert taken.status_code == 422
    assert "cannot be invited here" in taken.text
    assert WORKER.name not in taken.text
    for text in NAUGHTY[:8]:
        shown = chief.fill(chief.get("/people/invite"), name=text)
        assert is_shown(text, shown.text)


def test_it_works_on_the_smallest_phone_with_scripts_and_without(
    running: Running, browser: Browser, chief: Visitor, invited: str
) -> None:
    for scripts in (True, False):
        context = browser.new_context(
            viewport={"width": 320, "height": 640}, java_script_enabled=scripts
        )
        context.add_cookies(chief.cookies)
        tab = Watched(context.new_page(), 320, scripts=scripts)
        at = f"{invited}/roles?organisation={HUB.organisation}"
        for path in ("/people", "/people/find", "/people/invite", invited, at):
            tab.page.goto(running.url + path)
            tab.judged()
        tab.page.goto(running.url + "/people/invite")
        tab.click("button", "Send the invitation")
        expect(tab.page).to_have_title(re.compile("^Error: "))
        tab.page.get_by_label("Name", exact=True).fill("Ada Lee")
        tab.page.get_by_label("E-mail address").fill(f"{uuid4().hex[:10]}@hub.example")
        tab.page.get_by_label("Hub coordinator").check()
        tab.click("button", "Send the invitation")
        expect(tab.heading).to_have_text("Ada Lee")
        tab.click("button", "Lock")
        expect(tab.page.get_by_text("cannot come in for your organisation")).to_be_visible()
        tab.judged()
        context.close()
        assert tab.found == []
