"""Silence and failure are noticed: nudges, a help call, one thing to do for whoever can do it."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from services.notifications.app import all_of, escalating
from services.notifications.domain import Role
from services.notifications.handlers.not_arrived import NotArrived
from services.notifications.handlers.telling import Teller
from shared.limits import defaults
from shared.messaging.events import (
    HubLimitsChanged,
    ProviderChanged,
    ReferralAccepted,
    ReferralCancelled,
    ReferralNoResponse,
    TriageOverdue,
    TriageStarted,
    TriageWaits,
)
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


def limits(**days: int) -> HubLimitsChanged:
    usual = defaults()
    return HubLimitsChanged(
        hub="bradford",
        routine=usual.routine.model_dump() | days,
        urgent=usual.urgent.model_dump() | {"newer_than_we_are": 3},
    )


def days_until(hub: Hub, *days: int, working: WorkingDays = WORKING) -> None:
    dues = hub.house.rows("due")[1:]
    for due, wanted in zip(dues, days, strict=True):
        expected = working.after(datetime.now(UTC), wanted)
        assert abs((due - expected).total_seconds()) < 60


def placed(hub: Hub) -> None:
    hub.house.execute("update case_order set hub = 'bradford'")


def test_the_limits_of_the_cases_hub_hold_for_what_comes(hub: Hub):
    hub.house.happens(limits(nudge=5, second_nudge=7, help_call=9))
    hub.house.ask()
    placed(hub)
    hub.send()
    days_until(hub, 5, 7, 9)


def test_a_change_of_limits_holds_for_what_was_put_by_from_when_it_arrived(hub: Hub):
    hub.house.ask()
    placed(hub)
    hub.send()
    days_until(hub, 3, 6, 8)
    hub.house.happens(limits(nudge=1, second_nudge=2, help_call=9), sequence=2)
    days_until(hub, 1, 2, 9)
    hub.house.happens(limits(nudge=4), sequence=1)
    days_until(hub, 1, 2, 9)


def test_what_would_be_over_by_a_shorter_limit_goes_now(hub: Hub):
    hub.house.ask()
    placed(hub)
    hub.send()
    long_ago = (datetime.now(UTC) - timedelta(days=30)).isoformat()
    hub.house.execute(
        "update delivery set payload = jsonb_set(payload::jsonb, '{since}',"
        " to_jsonb(cast(:at as text)))::text where kind <> 'request'",
        at=long_ago,
    )
    hub.house.happens(limits(nudge=2))
    hub.send()
    assert [state for _, state, _ in hub.rows()] == ["delivered"] * 4


def test_nobody_is_chased_on_the_closing_days_of_a_provider(hub: Hub):
    hub.house.ask()
    hub.send()
    today = datetime.now(WORKING.zone).date()
    ends = today + timedelta(days=20)
    closed = [{"starts": today.isoformat(), "ends": ends.isoformat(), "why": "Holiday"}]
    listing = {"name": "Clay Shed", "kersey": {"closed": closed}}
    hub.house.happens(ProviderChanged(provider=PROVIDER, listing=listing))
    away = WORKING.without([today + timedelta(days=each) for each in range(21)])
    days_until(hub, 3, 6, 8, working=away)
    listing = {"name": "Clay Shed", "email": "new@clay.example.org"}
    hub.house.happens(ProviderChanged(provider=PROVIDER, listing=listing), sequence=2)
    days_until(hub, 3, 6, 8)
    kept = "select address from contact where source = 'listing'"
    assert hub.house.scalar(kept) == "new@clay.example.org", "the rest of the listing is kept too"


def test_a_team_that_lets_a_person_wait_is_told_and_then_its_hub(hub: Hub):
    about = {"case": uuid4(), "task": uuid4(), "team": TEAM, "waits_for": "unseen"}
    hub.house.happens(TriageWaits(**about))
    hub.house.happens(TriageOverdue(**about, hub="calder"), sequence=2)
    hub.send()
    assert hub.rows() == [
        ("triage-waits", "delivered", "team@calder.example.org"),
        ("triage-overdue", "delivered", COORDINATOR),
    ]


def test_a_team_that_took_it_on_is_not_told_any_more(hub: Hub):
    about = {"case": uuid4(), "task": uuid4(), "team": TEAM}
    hub.house.happens(TriageWaits(**about, waits_for="unseen"))
    hub.house.happens(TriageStarted(**about), sequence=2)
    hub.send()
    assert hub.house.rows("state", "last_error") == [("superseded", "taken-on")]


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
