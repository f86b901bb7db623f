"""Where a message leads whose reader signs in; what a text message has no room for."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from services.notifications.domain import Kind, Role
from services.notifications.notice import Notice
from services.notifications.wishes.rules import Wishes
from services.notifications.wording import worded
from shared.messaging.events import ReferralDeclined, ReferralUnrouted
from tests.notifications.conftest import PROVIDER, SERVICE, TEAM, House

PORTAL = "https://kersey.example.org"


def declined(house: House) -> ReferralDeclined:
    event = ReferralDeclined(
        case=uuid4(), task=uuid4(), service=SERVICE, provider=PROVIDER, team=TEAM, reason="full"
    )
    house.happens(event)
    return event


def plain(mail: Any) -> str:
    return str(mail.get_body(("plain",)).get_content()).replace("\r\n", "\n")


def test_a_teams_message_leads_to_the_case(house: House):
    house.contact(party=str(TEAM), role=Role.TEAM.value, address="team@team.example.org")
    event = declined(house)
    house.send()
    (mail,) = house.mails()
    assert f"Sign in and open it:\n{PORTAL}/cases/{event.case}\n" in plain(mail)


def test_a_hubs_message_leads_to_its_desk(house: House):
    house.contact(party="calder", role=Role.COORDINATOR.value, address="hub@hub.example.org")
    unrouted = {"service_request": uuid4(), "hub": "calder", "reason": "no-team"}
    house.happens(ReferralUnrouted(case=uuid4(), **unrouted))
    house.send()
    (mail,) = house.mails()
    assert f"{PORTAL}/hub\n" in plain(mail)


def test_a_text_message_has_no_address_that_only_shows_something_after_signing_in():
    about = {"event": uuid4(), "type": "", "time": datetime.now(UTC), "case": uuid4()}
    how: Any = {"code": "", "minutes": 0, "mute": ""}
    for kind, there in ((Kind.DECLINED, False), (Kind.REQUEST, True)):
        written = worded(Notice(kind=kind, **about), Wishes(), url=PORTAL, **how)
        assert (PORTAL in written.brief) is there
        assert written.url == PORTAL
