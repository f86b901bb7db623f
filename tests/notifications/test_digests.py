"""One message a day: nothing in it is lost, and nothing urgent waits for it."""

import json
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.notifications.channels import Letter
from services.notifications.channels.registry import made as channels
from services.notifications.domain import Role
from services.notifications.languages.reading import translations
from services.notifications.wishes.rules import Kept, digest_after
from services.notifications.words import DIGEST
from shared.delivery import InDoubt, Receipt, Temporary, Undelivered
from shared.messaging.events import (
    NotificationDelivered,
    NotificationFailed,
    ReferralClosed,
    ReferralDeclined,
    ReferralNoResponse,
)
from shared.short_names import reference
from tests.notifications.conftest import HUB, PROVIDER, SERVICE, TEAM, House
from tests.notifications.reports import bounce


def team(house: House, **wishes: Any) -> UUID:
    once = {"gathered": ["declined", "no-response"], "gathered_at": 9, "zone": "Europe/London"}
    return house.contact(
        party=str(TEAM), role=Role.TEAM.value, address="team@team.example.org", wishes=once | wishes
    )


def declined(house: House) -> ReferralDeclined:
    event = ReferralDeclined(**_about(), reason="full")
    house.happens(event)
    return event


def silent(house: House) -> None:
    house.happens(ReferralNoResponse(**_about()))


def _about() -> dict[str, Any]:
    return {
        "case": uuid4(), "task": uuid4(),
        "service": SERVICE, "provider": PROVIDER, "team": TEAM,
    }  # fmt: skip


def its_hour(house: House) -> int:
    """Let the hour of the message come, and send what is due."""
    house.execute("update digest_delivery set due = now() where due > now()")
    return house.send_digests()


def coordinator(house: House) -> dict[str, str]:
    return house.verifier.add(
        "c", roles="coordinator", scopes="notifications.write", organisation=HUB
    )


def words(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return " ".join(part.get_content().split())


def told(house: House, what: type) -> int:
    return sum(isinstance(each, what) for each in house.told())


def test_what_is_wished_once_a_day_waits_and_goes_as_one_message(house: House):
    team(house)
    first, second = declined(house), declined(house)
    silent(house)
    assert house.send() == 0
    assert house.rows("state", "due", "last_error") == [("queued", None, "gathered")] * 3
    due = house.scalar("select due from digest_delivery")
    assert timedelta() < due - datetime.now(UTC) <= timedelta(days=1, hours=1)
    assert house.send_digests() == 0, "it is not its hour"
    its_hour(house)
    (mail,) = house.mails()
    text = words(mail)
    both = f"{reference(first.task)}, {reference(second.task)}"
    assert f"A provider said no to one of your requests: {both}" in text
    assert "A provider has not answered one of your requests: " in text
    assert house.rows("state", "last_error") == [("delivered", None)] * 3
    assert told(house, NotificationDelivered) == 3


def test_it_says_in_which_language_each_part_is_read_aloud(house: House):
    team(house, language="pl")
    declined(house)
    its_hour(house)
    (mail,) = house.mails()
    part = mail.get_body(("html",))
    assert part is not None
    html = part.get_content()
    assert '<html lang="pl">' in html
    below = html.index(DIGEST.paragraphs()[0])
    assert html[:below].endswith('<p lang="en-GB" dir="ltr">')
    polish = translations()["pl"].digest
    assert polish is not None
    assert html[:below].count('<p dir="auto">') == len(polish.text) + len(["what was declined"])


def test_what_is_not_wished_so_is_told_at_once(house: House):
    team(house, gathered=["no-response"])
    declined(house)
    assert house.send() == 1
    assert house.rows("state") == ["delivered"]


def test_a_kind_that_must_be_heard_never_waits_whatever_was_stored(house: House):
    house.contact(wishes={"gathered": ["request"], "zone": "UTC"})
    house.ask()
    assert house.send() == 1
    assert house.rows("kind", "state") == [("request", "delivered")]


def test_what_is_superseded_leaves_the_message(house: House):
    team(house)
    gone, stays = declined(house), declined(house)
    house.happens(ReferralClosed(case=gone.case, outcome="closed"))
    its_hour(house)
    (mail,) = house.mails()
    text = words(mail)
    assert reference(gone.task) not in text
    assert reference(stays.task) in text
    assert house.rows("state", "last_error") == [("superseded", "closed"), ("delivered", None)]


def test_a_message_in_which_nothing_is_left_is_not_sent(house: House):
    team(house)
    gone = declined(house)
    house.happens(ReferralClosed(case=gone.case, outcome="closed"))
    its_hour(house)
    assert house.mails() == []
    assert house.scalar("select state || ' ' || last_error from digest_delivery") == (
        "superseded nothing-left"
    )


def test_what_comes_once_the_message_was_taken_up_goes_with_the_next(house: House):
    team(house)
    declined(house)
    house.maildir.parent.mkdir(exist_ok=True)
    house.maildir.touch()  # no folder: the mail cannot be put there
    its_hour(house)
    assert house.rows("state", "last_error") == [("queued", "gathered")]
    declined(house)
    assert house.scalar("select count(*) from digest_delivery") == 2
    house.maildir.unlink()
    its_hour(house)
    its_hour(house)
    assert len(house.mails()) == 2
    assert house.rows("state") == ["delivered"] * 2


def test_one_that_will_not_arrive_is_a_failure_of_all_that_it_held(house: House):
    key = team(house)
    declined(house)
    silent(house)
    house.execute("update contact set active = false where id = :key", key=key)
    its_hour(house)
    assert (
        house.rows("state", "last_error", party=str(TEAM)) == [("failed", "contact-inactive")] * 2
    )
    assert told(house, NotificationFailed) == 2


class Meanwhile:
    """A channel during whose attempt something happens, and which then fares as it is told."""

    def __init__(self, house: House, gone: ReferralDeclined, met: Undelivered) -> None:
        self.house, self.gone, self.met = house, gone, met
        self.real = channels(house.settings, house.engine)["email"]

    def send(self, letter: Letter) -> Receipt:
        self.house.happens(ReferralClosed(case=self.gone.case, outcome="closed"))
        if isinstance(self.met, InDoubt):
            self.real.send(letter)
        raise self.met

    def rest(self) -> None:
        self.real.rest()

    def fault(self, address: str) -> str | None:
        return self.real.fault(address)


def its_hour_while(house: House, gone: ReferralDeclined, met: Undelivered) -> None:
    house.execute("update digest_delivery set due = now()")
    house.send_digests(send=house.of_the_day({"email": Meanwhile(house, gone, met)}))


def test_what_may_have_been_read_is_not_said_to_have_been_taken_back(house: House):
    team(house)
    gone, stays = declined(house), declined(house)
    its_hour_while(house, gone, InDoubt("smtp-cut-off"))
    assert house.rows("state", "last_error") == [("sending", "closed"), ("sending", "gathered")]
    its_hour(house)
    assert house.rows("state", "last_error") == [("unknown", "closed"), ("delivered", None)]
    first, again = house.mails()
    assert first["Message-ID"] == again["Message-ID"]
    assert reference(gone.task) not in words(again)
    assert reference(stays.task) in words(again)


def test_what_was_taken_back_while_an_attempt_failed_is_superseded(house: House):
    team(house)
    gone = declined(house)
    declined(house)
    its_hour_while(house, gone, Temporary("smtp-421"))
    assert house.rows("state", "last_error") == [("superseded", "closed"), ("queued", "gathered")]
    its_hour(house)
    assert house.rows("state", "last_error") == [("superseded", "closed"), ("delivered", None)]


def test_a_message_that_came_back_is_a_failure_of_all_that_it_held(house: House, client: Any):
    team(house)
    declined(house)
    silent(house)
    its_hour(house)
    key = house.scalar("select id from digest_delivery")
    house.app.state.bounces.take(bounce(key))
    assert house.rows("state", party=str(TEAM)) == ["bounced"] * 2
    assert told(house, NotificationFailed) == 2
    assert house.scalar("select state from digest_delivery") == "bounced"


def test_quiet_hours_hold_the_message(house: House):
    team(house)
    declined(house)
    now = datetime.now(UTC)
    house.execute(
        "insert into party_quiet_hours values (:party, :starts, :ends, 'UTC')",
        party=str(TEAM),
        starts=(now - timedelta(hours=1)).time(),
        ends=(now + timedelta(hours=1)).time(),
    )
    its_hour(house)
    assert house.mails() == []
    assert house.rows("state") == ["queued"]
    house.execute("delete from party_quiet_hours")
    its_hour(house)
    assert house.rows("state") == ["delivered"]


def test_a_contacts_own_quiet_hours_hold_the_message(house: House):
    key = team(house)
    declined(house)
    now = datetime.now(UTC)
    quiet = {
        "starts": f"{now - timedelta(hours=1):%H:%M}",
        "ends": f"{now + timedelta(hours=1):%H:%M}",
    }
    change = "update contact set wishes = wishes || cast(:more as jsonb) where id = :key"
    house.execute(change, more=json.dumps({"quiet": quiet, "zone": "UTC"}), key=key)
    its_hour(house)
    assert house.rows("state") == ["queued"]
    house.execute(change, more=json.dumps({"quiet": None}), key=key)
    its_hour(house)
    assert house.rows("state") == ["delivered"]


def test_one_that_failed_is_sent_by_itself_when_it_is_tried_again(house: House, client: Any):
    key = team(house)
    declined(house)
    house.execute("update contact set active = false where id = :key", key=key)
    its_hour(house)
    house.execute("update contact set active = true where id = :key", key=key)
    who = house.verifier.add(
        "c", roles="coordinator", scopes="notifications.write", organisation=HUB
    )
    failed = house.scalar("select id from delivery where state = 'failed'")
    answer = client.post(f"/notifications/deliveries/{failed}/retry", headers=who)
    assert answer.status_code == 202, answer.text
    house.send()
    (mail,) = house.mails()
    assert mail["Subject"] == "A provider said no to one of your requests"


@pytest.mark.parametrize(
    ("at", "weekdays", "then"),
    [
        ("2026-11-30T08:59Z", (), "2026-11-30T09:00Z"),
        ("2026-11-30T09:00Z", (), "2026-12-01T09:00Z"),
        ("2026-07-01T07:59Z", (), "2026-07-01T08:00Z"),  # summer: clocks are an hour ahead
        ("2026-11-30T10:00Z", (1,), "2026-12-07T09:00Z"),  # a Monday, after its hour
        ("2026-11-29T10:00Z", (1, 3), "2026-11-30T09:00Z"),
    ],
)
def test_the_hour_is_that_of_the_place_on_a_day_on_which_somebody_is_asked(
    at: str, weekdays: tuple[int, ...], then: str
):
    wishes = Kept(weekdays=weekdays, gathered_at=9, zone="Europe/London")
    assert digest_after(wishes, datetime.fromisoformat(at)) == datetime.fromisoformat(then)


def test_over_http_only_what_need_not_be_heard_can_wait(house: House, client: Any):
    who = house.verifier.add(
        "c", roles="coordinator", scopes="notifications.write", organisation=HUB
    )
    at = f"/notifications/contacts/{PROVIDER}/{uuid4()}"
    body = {"means": "email", "address": "desk@clay.example.org"}
    wishes = {"gathered": ["chosen"], "gathered_at": 16}
    answer = client.put(at, json=body | {"wishes": wishes}, headers=who)
    assert answer.status_code == 200, answer.text
    assert answer.json()["wishes"]["gathered"] == ["chosen"]
    assert answer.json()["wishes"]["gathered_at"] == 16
    refused = client.put(at, json=body | {"wishes": {"gathered": ["request"]}}, headers=who)
    assert refused.status_code == 422
    assert "wishes.gathered" in refused.text
    assert "request cannot wait a day" in refused.text
