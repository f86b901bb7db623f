"""Silence and failure are noticed: nudges, a help call, one thing to do for whoever can do it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.notifications.app import all_of, escalating
from services.notifications.domain import Role
from services.notifications.escalation import limits_of
from services.notifications.handlers.not_arrived import NotArrived
from services.notifications.handlers.telling import Teller
from shared.messaging.events import ReferralAccepted, ReferralCancelled, ReferralNoResponse
from shared.messaging.outbox import Outbox
from shared.worker import Wake
from shared.working_days import WorkingDays
from tests.notifications.conftest import PROVIDER, SERVICE, TEAM, House

WORKING = WorkingDays(ZoneInfo("Europe/London"))


class Hub:
    """A hub with a coordinator, a team, and a provider that is asked."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.desk = house.contact()
        house.contact(party="calder", role=Role.COORDINATOR.value, address="hub@calder.example.org")
        house.contact(party=str(TEAM), role=Role.TEAM.value, address="team@calder.example.org")
        teller = Teller(Outbox("kersey/notifications", Wake()), NotArrived(Wake()))
        after = all_of(house.endpoints.delivered, escalating(house.settings).delivered)
        self.worker = house.worker(on_delivered=teller.and_then(after), on_failed=teller.failed)

    def send(self) -> None:
        self.worker.deliver_due()

    def rows(self) -> list[tuple[str, str, str]]:
        return self.house.rows("kind", "state", "address")

    def let_all_be_due(self) -> None:
        self.house.execute("update delivery set due = now() where due is not null")


@pytest.fixture
def hub(house: House) -> Hub:
    return Hub(house)


def about(event):
    ids = {"case": event.case, "task": event.task, "team": TEAM}
    return ids | {"service": SERVICE, "provider": PROVIDER}


DESK, COORDINATOR = "desk@clay.example.org", "hub@calder.example.org"


def test_silence_is_nudged_twice_and_then_the_hub_is_asked_to_ring(hub: Hub):
    hub.house.ask()
    hub.send()
    assert hub.rows() == [
        ("request", "delivered", DESK),
        ("nudge", "queued", DESK),
        ("second-nudge", "queued", DESK),
        ("help-call", "queued", COORDINATOR),
    ]
    dues = hub.house.rows("due")[1:]
    for due, days in zip(dues, (3, 6, 8), strict=True):
        expected = WORKING.after(datetime.now(UTC), days)
        assert abs((due - expected).total_seconds()) < 60
        assert WORKING.is_one(due.astimezone(WORKING.zone).date())
    hub.let_all_be_due()
    hub.send()
    assert [state for _, state, _ in hub.rows()] == ["delivered"] * 4
    nudged = [each for each in hub.house.mails() if "still waits" in each["Subject"]]
    assert "/answer/" in nudged[0].as_string()
    assert len(set(hub.house.links())) == 3  # each with a link of its own


def test_an_urgent_referral_runs_on_a_shorter_clock(hub: Hub):
    hub.house.ask(priority="urgent")
    hub.send()
    due = hub.house.rows("due", kind="help-call")[0]
    expected = WORKING.after(datetime.now(UTC), 3)
    assert abs((due - expected).total_seconds()) < 60


@pytest.mark.parametrize("end", [ReferralAccepted, ReferralCancelled, ReferralNoResponse])
def test_an_answer_or_an_end_ends_them(hub: Hub, end):
    event = hub.house.ask()
    hub.send()
    more = {"reason": "other"} if end is ReferralCancelled else {}
    hub.house.happens(end(**about(event), **more), sequence=2)
    states = {kind: state for kind, state, _ in hub.rows()}
    for kind in ("nudge", "second-nudge", "help-call"):
        assert states[kind] == "superseded"


def test_what_was_answered_before_the_mail_arrived_is_not_nudged(hub: Hub):
    event = hub.house.ask()
    hub.house.execute("insert into answered (task) values (:task)", task=event.task)
    hub.send()
    assert hub.rows() == [("request", "delivered", DESK)]


def test_a_contact_that_is_gone_is_not_nudged_and_that_is_no_failure(hub: Hub):
    hub.house.ask()
    hub.send()
    hub.house.execute("update contact set active = false where id = :id", id=hub.desk)
    hub.let_all_be_due()
    hub.send()
    assert hub.house.rows("state", "last_error", kind="nudge") == [
        ("superseded", "contact-inactive")
    ]


def test_another_address_is_asked_anew_though_nudges_had_links(hub: Hub, client):
    hub.house.ask()
    hub.send()
    hub.let_all_be_due()
    hub.send()
    own = hub.house.verifier.add(
        "own", roles="provider", scopes="notifications.write", organisation=PROVIDER
    )
    body = {"means": "email", "address": "new@clay.example.org"}
    at = f"/notifications/contacts/{PROVIDER}/{hub.desk}"
    assert client.put(at, headers=own, json=body).status_code == 200
    again = [row for row in hub.rows() if row[2] == "new@clay.example.org"]
    assert again == [("request", "queued", "new@clay.example.org")]


@pytest.mark.parametrize("text", ["", "3", "3,6", "6,3,8", "3,3,8", "0,1,2", "a,b,c"])
def test_limits_that_are_none_are_refused(text: str):
    with pytest.raises(ValueError, match=r".+"):
        limits_of(text)


# --- what has failed for good --------------------------------------------------------------------


def test_what_fails_for_good_is_one_thing_to_do_for_the_team_and_one_for_the_hub(hub: Hub):
    hub.house.execute("update contact set address = 'nothing' where id = :id", id=hub.desk)
    hub.house.ask()
    hub.send()
    assert hub.rows() == [
        ("request", "failed", "nothing"),
        ("not-arrived", "delivered", "team@calder.example.org"),
        ("not-arrived-there", "delivered", COORDINATOR),
    ]
    # However often it is tried again they are told once.
    hub.house.execute("update delivery set state = 'queued', due = now() where kind = 'request'")
    hub.send()
    assert len(hub.rows()) == 3


def test_about_what_they_hear_themselves_no_more_is_made(hub: Hub):
    hub.house.execute("update contact set address = 'nothing'")
    hub.house.ask()
    hub.send()
    assert [(kind, state) for kind, state, _ in hub.rows()] == [
        ("request", "failed"),
        ("not-arrived", "failed"),
        ("not-arrived-there", "failed"),
    ]


def test_a_team_that_is_not_reached_is_told_to_its_hub(hub: Hub):
    team = str(TEAM)
    hub.house.execute("update contact set address = 'nothing' where party = :party", party=team)
    event = hub.house.ask()
    hub.house.happens(ReferralNoResponse(**about(event)), sequence=2)
    hub.send()
    assert hub.house.rows("kind", party="calder") == ["not-arrived-there"]
