"""A group's own quiet hours, on the page of how it is asked."""

from typing import Any

import pytest
from fastapi import APIRouter, Request

from tests.portal.signing_in import (  # noqa: F401 - fixtures
    Pages,
    at_the_right_time,
    with_pages,
)

AT = "/how-we-are-asked/quiet-hours"
notifications = APIRouter()
"""In the place of that service; of this module alone, as others answer the same addresses."""
KEPT: dict[str, Any] = {}


CONTACTS: dict[str, Any] = {}


@notifications.get("/notifications/contacts/own")
def own() -> dict[str, Any]:
    """Those that were kept."""
    return {"contacts": list(CONTACTS.values())}


@notifications.put("/notifications/contacts/own/{contact}")
async def keep_contact(contact: str, request: Request) -> dict[str, Any]:
    """Keep one."""
    said = {"id": contact, "role": "requests", "verified_by_hub": False, "unusable_since": None}
    kept: dict[str, Any] = said | await request.json()
    CONTACTS[contact] = kept
    return kept


@notifications.api_route("/notifications/quiet-hours/own", methods=["GET", "PUT", "DELETE"])
async def quiet_hours(request: Request) -> dict[str, Any]:
    """Those that were kept."""
    if request.method != "GET":
        KEPT.clear()
    if request.method == "PUT":
        KEPT.update(await request.json())
    return {"quiet_hours": KEPT or None}


@pytest.fixture(scope="module")
def asked(pages: Pages) -> Pages:
    pages.answer_first(notifications)
    return pages


@pytest.fixture
def manager(asked: Pages) -> Any:
    KEPT.clear()
    CONTACTS.clear()
    http = asked.browser()
    asked.come(http, asked.person("provider-manager"))
    return http


def sent(manager: Any, path: str, **form: str) -> Any:
    key = manager.get("/trial/who").json()["key"]
    return manager.post(path, data={"key": key, **form})


def test_they_are_said_shown_and_ended(manager: Any) -> None:
    assert (
        "You have none. We may write to you at any hour." in manager.get("/how-we-are-asked").text
    )
    kept = sent(manager, AT, starts="20:00", ends="08:00")
    assert kept.headers["location"] == "/how-we-are-asked?done=kept"
    assert KEPT == {"starts": "20:00", "ends": "08:00"}
    assert "From 20:00 to 08:00 we send you nothing" in manager.get("/how-we-are-asked").text
    page = manager.get(AT).text
    assert '<option value="20:00" selected>8 pm</option>' in page
    assert "Have no quiet hours" in page
    sent(manager, f"{AT}/end")
    assert KEPT == {}
    assert "Have no quiet hours" not in manager.get(AT).text


def test_what_the_hub_set_within_an_hour_can_be_kept(manager: Any) -> None:
    KEPT.update({"starts": "20:30", "ends": "08:00"})
    assert '<option value="20:30" selected>20:30</option>' in manager.get(AT).text
    sent(manager, AT, starts="20:30", ends="09:00")
    assert KEPT == {"starts": "20:30", "ends": "09:00"}


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"starts": "20:00", "ends": "20:00"}, "They end when they begin"),
        ({"starts": "", "ends": "08:00"}, "Choose when it begins"),
        ({"starts": "20:00", "ends": "25:00"}, "Choose when it ends"),
    ],
)
def test_odd_hours_are_said_at_their_field(manager: Any, form: dict[str, str], words: str) -> None:
    page = sent(manager, AT, **form)
    assert page.status_code == 422
    assert words in page.text
    assert KEPT == {}


HERE = "/how-we-are-asked/9f0b1c52-7d1b-4a51-9f6f-0d8a3f1f7a10"
MAIL = {
    "means": "email", "address": "desk@clay.example.org", "active": "yes",
    "language": "en", "look": "usual", "gathered_at": "9",
    "when-chosen": "at-once", "when-announcement": "daily",
}  # fmt: skip


def test_one_way_has_quiet_hours_of_its_own_or_none(manager: Any) -> None:
    assert "As for all of us" in manager.get(HERE).text
    kept = sent(manager, HERE, **MAIL, quiet="own", starts="16:00", ends="10:00")
    assert kept.headers["location"] == "/how-we-are-asked?done=kept"
    (contact,) = CONTACTS.values()
    assert contact["wishes"]["quiet"] == {"starts": "16:00", "ends": "10:00"}
    assert "Only here: from 16:00 to 10:00" in manager.get("/how-we-are-asked").text
    assert '<option value="16:00" selected>4 pm</option>' in manager.get(HERE).text
    sent(manager, HERE, **MAIL, quiet="none", starts="16:00", ends="10:00")
    (contact,) = CONTACTS.values()
    assert (contact["wishes"]["quiet"], contact["wishes"]["any_hour"]) == (None, True)
    assert "None: at any hour" in manager.get("/how-we-are-asked").text
    sent(manager, HERE, **MAIL, quiet="as-all", starts="", ends="")
    (contact,) = CONTACTS.values()
    assert (contact["wishes"]["quiet"], contact["wishes"]["any_hour"]) == (None, False)


@pytest.mark.parametrize(
    ("starts", "ends", "words"),
    [
        ("", "08:00", "Choose when it begins"),
        ("20:00", "", "Choose when it ends"),
        ("20:00", "20:00", "They end when they begin"),
    ],
)
def test_odd_hours_of_one_way_are_said_at_their_field(
    manager: Any, starts: str, ends: str, words: str
) -> None:
    page = sent(manager, HERE, **MAIL, quiet="own", starts=starts, ends=ends)
    assert page.status_code == 422
    assert words in page.text
    assert CONTACTS == {}
