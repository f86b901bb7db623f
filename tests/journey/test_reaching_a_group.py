"""A hub's coordinator adds how a group is reached, and puts it right for it."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect

from deploy.demo.clients import PROVIDER
from tests.infrastructure.running import Running
from tests.journey.naughty import NAUGHTY, is_shown
from tests.journey.pages import Watched
from tests.journey.test_coordinator import by
from tests.journey.visitor import Visitor
from tests.portal.conftest import Page, check_page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

AT = f"/hub/reached/{PROVIDER}"
KEPT = f"/notifications/contacts/{PROVIDER}"


def new(coordinator: Visitor) -> str:
    """The address of the form for another way, as the list links to it."""
    page = coordinator.get(AT)
    found = re.search(rf'href="({AT}/[0-9a-f-]{{36}})">Add another way', page.text)
    assert found, page.text
    return found[1]


def test_a_way_is_added_and_what_the_group_wishes_stays_when_it_is_mended(
    running: Running, coordinator: Visitor
) -> None:
    at = new(coordinator)
    address = f"{uuid4().hex[:10]}@slow-stitch.example"
    said = {"means": "email", "address": address, "label": "the hall", "active": "yes"}
    unsaid = coordinator.fill(coordinator.get(at), **said)
    assert unsaid.status_code == 422
    assert "Choose yes or no" in unsaid.text
    check_page(Page(unsaid))
    kept = coordinator.fill(coordinator.get(at), **said, verified="no")
    assert "Noted how they want to be asked" in kept.text
    assert address in kept.text
    check_page(Page(kept))
    api = f"{KEPT}/{at.rpartition('/')[2]}"
    contact = by(running, "coordinator", "GET", api)
    assert contact["verified_by_hub"] is False
    wishes = contact["wishes"] | {"look": "large"}
    by(running, "coordinator", "PUT", api, {"means": "email", "address": address, "wishes": wishes})
    mended = f"{uuid4().hex[:10]}@slow-stitch.example"
    page = coordinator.fill(
        coordinator.get(at), means="email", address=mended, label="", active="no", verified="yes"
    )
    assert mended in page.text
    assert address not in page.text
    contact = by(running, "coordinator", "GET", api)
    assert (contact["address"], contact["verified_by_hub"], contact["active"]) == (
        mended, True, False
    )  # fmt: skip
    assert contact["wishes"]["look"] == "large", "is the group's own to say"


def test_putting_right_an_address_leaves_what_the_group_wishes(
    running: Running, coordinator: Visitor
) -> None:
    key, address = uuid4(), f"{uuid4().hex[:10]}@slow-stitch.example"
    body = {
        "means": "email", "address": address, "active": False, "wishes": {"look": "large"}
    }  # fmt: skip
    by(running, "coordinator", "PUT", f"{KEPT}/{key}", body)
    form = coordinator.get(f"/hub/addresses/{PROVIDER}/{key}")
    coordinator.fill(form, address=f"right-{address}", verified="no")
    contact = by(running, "coordinator", "GET", f"{KEPT}/{key}")
    assert contact["address"] == f"right-{address}"
    assert (contact["wishes"]["look"], contact["active"]) == ("large", False)


def test_what_is_wrong_is_said_at_its_field(coordinator: Visitor) -> None:
    at = new(coordinator)
    right = {"means": "email", "active": "no", "verified": "no"}
    for address in ("", "nobody", *NAUGHTY[:4]):
        page = coordinator.fill(coordinator.get(at), **right, address=address)
        assert page.status_code == 422, address
        assert not address or is_shown(address, page.text)
    assert "no-such-way" not in coordinator.fill(coordinator.get(at), means="no-such-way").text


def test_it_is_for_coordinators_and_groups_of_their_place(
    coordinator: Visitor, manager: Visitor, chief: Visitor
) -> None:
    for visitor in (manager, chief):
        assert visitor.get(AT).status_code == 403
        assert visitor.force(f"{AT}/{uuid4()}", means="inbox").status_code == 403
    assert coordinator.get(f"/hub/reached/{uuid4()}").status_code == 404
    assert coordinator.force(f"/hub/reached/{uuid4()}/{uuid4()}").status_code == 404


def test_it_works_on_the_smallest_phone_with_scripts_and_without(
    running: Running, browser: Browser, coordinator: Visitor
) -> None:
    for scripts in (True, False):
        context = browser.new_context(
            viewport={"width": 320, "height": 640}, java_script_enabled=scripts
        )
        context.add_cookies(coordinator.cookies)
        tab = Watched(context.new_page(), 320, scripts=scripts)
        tab.page.goto(running.url + AT)
        tab.judged()
        tab.page.get_by_role("link", name="Add another way").click()
        tab.judged()
        tab.click("button", "Save")
        expect(tab.page).to_have_title(re.compile("^Error: "))
        address = f"{uuid4().hex[:10]}@slow-stitch.example"
        tab.page.get_by_label("By e-mail").check()
        tab.page.get_by_label("The e-mail address or the telephone number").fill(address)
        tab.page.get_by_label("No, not yet").check()
        tab.page.get_by_label("No, not for now").check()
        tab.click("button", "Save")
        expect(tab.page.get_by_text(address).first).to_be_visible()
        context.close()
        assert tab.found == []
