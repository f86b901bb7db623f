"""How an organisation wishes to be told: quiet hours, a rota, what a contact need not hear."""

import json
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest

from services.notifications.channels.webhook import new_secret
from services.notifications.domain import Kind, Role
from services.notifications.hours import Hours
from services.notifications.reach import endpoints
from services.notifications.wishes.rules import MANDATORY, OPTIONAL, Wishes, on_duty
from shared.messaging.events import ReferralDeclined, ReferralUrgent
from tests.notifications.conftest import HUB, OTHER_HUB, PROVIDER, SERVICE, TEAM, House

LONDON = ZoneInfo("Europe/London")
DAY = Hours(time(20), time(8), LONDON).others


@pytest.mark.parametrize(
    ("at", "then"),
    [
        ("2026-11-29T12:00Z", "2026-11-29T12:00Z"),
        ("2026-11-29T20:00Z", "2026-11-30T08:00Z"),
        ("2026-11-30T03:00Z", "2026-11-30T08:00Z"),
        ("2026-11-30T08:00Z", "2026-11-30T08:00Z"),
        ("2026-07-01T19:30Z", "2026-07-02T07:00Z"),  # summer: clocks are an hour ahead
    ],
)
def test_quiet_hours_go_over_midnight_by_the_clocks_of_the_place(at: str, then: str):
    assert DAY.next(datetime.fromisoformat(at)) == datetime.fromisoformat(then)


def test_quiet_hours_may_be_within_a_day():
    noon = Hours(time(12), time(14), LONDON).others
    assert noon.next(datetime(2026, 11, 29, 13, tzinfo=UTC)).hour == 14
    late = datetime(2026, 11, 29, 15, tzinfo=UTC)
    assert noon.next(late) == late


def test_each_kind_is_mandatory_or_not():
    assert set(Kind) == MANDATORY | OPTIONAL
    assert Kind.REQUEST in MANDATORY


def quiet_now(house: House, party: str) -> None:
    now = datetime.now(LONDON)
    house.execute(
        "insert into party_quiet_hours (party, starts, ends, zone)"
        " values (:party, :starts, :ends, 'Europe/London')",
        party=party,
        starts=(now - timedelta(hours=1)).time(),
        ends=(now + timedelta(hours=2)).time(),
    )


def test_what_can_wait_waits_until_quiet_hours_end(house: House):
    house.contact()
    quiet_now(house, str(PROVIDER))
    house.ask()
    assert house.send() == 0
    assert house.rows("state") == ["queued"]
    due = house.scalar("select due from delivery")
    assert timedelta(hours=1) < due - datetime.now(UTC) <= timedelta(hours=2)
    house.execute("delete from party_quiet_hours")
    house.pass_time("3 hours")
    house.send()
    assert house.rows("state") == ["delivered"]


def test_quiet_hours_that_are_new_hold_what_was_queued(house: House):
    house.contact()
    house.ask()
    quiet_now(house, str(PROVIDER))
    house.send()
    assert house.rows("state", "last_error", "failures") == [("queued", "out-of-hours", 0)]
    assert house.mails() == []


def around_now() -> dict[str, str]:
    """Hours of a contact's own that hold now."""
    now = datetime.now(LONDON)
    starts, ends = now - timedelta(hours=1), now + timedelta(hours=3)
    return {"starts": f"{starts:%H:%M}", "ends": f"{ends:%H:%M}"}


OF_LONDON = {"zone": "Europe/London"}


def test_a_contacts_own_quiet_hours_take_the_place_of_its_organisations(house: House):
    house.contact(address="own@clay.example.org", wishes=OF_LONDON | {"quiet": around_now()})
    house.contact(address="any@clay.example.org", wishes=OF_LONDON | {"any_hour": True})
    house.contact(address="theirs@clay.example.org")
    quiet_now(house, str(PROVIDER))
    house.ask()
    house.send()
    assert [each["To"] for each in house.mails()] == ["any@clay.example.org"]
    due = {
        address: house.rows("due", address=address)[0]
        for address in ("own@clay.example.org", "theirs@clay.example.org")
    }
    now = datetime.now(UTC)
    assert timedelta(hours=2) < due["own@clay.example.org"] - now <= timedelta(hours=3)
    assert due["theirs@clay.example.org"] - now <= timedelta(hours=2)


def test_a_contact_that_becomes_quiet_holds_what_was_queued_and_the_others_hear(house: House):
    quiet, other = house.contact(), house.contact(address="other@clay.example.org")
    house.ask()
    house.execute(
        "update contact set wishes = cast(:wishes as jsonb) where id = :key",
        wishes=json.dumps(OF_LONDON | {"quiet": around_now()}),
        key=quiet,
    )
    house.send()
    assert house.rows("state", "last_error", contact=quiet) == [("queued", "out-of-hours")]
    assert house.rows("state", contact=other) == ["delivered"]


def test_an_urgent_referral_is_told_in_quiet_hours(house: House):
    wishes = OF_LONDON | {"quiet": around_now()}
    house.contact(party="calder", role=Role.COORDINATOR.value, wishes=wishes)
    quiet_now(house, "calder")
    event = house.ask()
    house.happens(
        ReferralUrgent(case=event.case, service_request=event.case, hub="calder", priority="stat")
    )
    house.send()
    assert house.rows("state", kind="urgent") == ["delivered"]


class Contact:
    def __init__(self, name: str, *weekdays: int, means: str = "email") -> None:
        self.name, self.means = name, means
        self.wishes: dict[str, Any] = {"weekdays": weekdays, "zone": "Europe/London"}


SUNDAY = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_a_rota_names_who_is_asked_on_a_day():
    anna, ben, desk = Contact("anna", 1, 2, 3), Contact("ben", 6, 7), Contact("desk")
    hook = Contact("hook", 3, means="webhook")
    told = on_duty([anna, ben, desk, hook], SUNDAY, systems={"webhook"})
    assert [each.name for each in told] == ["ben", "desk", "hook"]
    midnight = datetime(2026, 7, 5, 23, 30, tzinfo=UTC)  # Monday there, by summer time
    assert [each.name for each in on_duty([anna, ben], midnight, systems=())] == ["anna"]


def test_on_a_day_on_which_nobody_is_on_the_rota_all_are_asked():
    both = [Contact("anna", 1), Contact("ben", 2)]
    assert on_duty(both, SUNDAY, systems=()) == both


def test_a_rota_decides_who_gets_a_request(house: House):
    today = datetime.now(LONDON).isoweekday()
    wishes = {"zone": "Europe/London"}
    house.contact(address="today@clay.example.org", wishes=wishes | {"weekdays": [today]})
    house.contact(
        address="tomorrow@clay.example.org", wishes=wishes | {"weekdays": [today % 7 + 1]}
    )
    house.ask()
    assert house.rows("address") == ["today@clay.example.org"]


def declined(house: House) -> None:
    event = house.ask()
    house.happens(
        ReferralDeclined(
            case=event.case, task=event.task, team=TEAM, service=SERVICE, provider=PROVIDER,
            reason="full",
        ),
        sequence=2,
    )  # fmt: skip


def test_what_a_contact_need_not_hear_is_not_sent_and_can_be_seen(house: House):
    house.contact()
    muting = {"muted": ["declined"], "zone": "UTC"}
    house.contact(party=str(TEAM), role="team", address="a@hub.example.org", wishes=muting)
    house.contact(party=str(TEAM), role="team", address="b@hub.example.org")
    declined(house)
    assert house.rows("address", "state", "last_error", kind="declined") == [
        ("a@hub.example.org", "superseded", "muted"), ("b@hub.example.org", "queued", None),
    ] or house.rows("address", "state", "last_error", kind="declined") == [
        ("b@hub.example.org", "queued", None), ("a@hub.example.org", "superseded", "muted"),
    ]  # fmt: skip


def test_what_is_mandatory_reaches_somebody_whatever_was_wished(house: House):
    # The other contact was stopped after this one silenced it.
    house.contact(wishes={"muted": ["request"], "zone": "UTC"})
    house.ask()
    assert house.rows("state", "last_error") == [("queued", None)]


def test_it_reaches_a_person_while_the_webhook_that_should_hear_it_is_off(house: House):
    house.contact(wishes={"muted": ["request"], "zone": "UTC"})
    hook = house.webhook("https://clay.example.org/hook", new_secret())
    house.ask()
    assert sorted(house.rows("channel", "state")) == [
        ("email", "superseded"), ("webhook", "queued"),
    ]  # fmt: skip
    endpoints.disable(house.engine, hook, by="somebody")
    house.ask(case=uuid4(), task=uuid4())
    assert [state for channel, state in house.rows("channel", "state") if channel == "email"] == [
        "superseded", "queued",
    ]  # fmt: skip


# --- over HTTP -----------------------------------------------------------------------------------


@pytest.fixture
def coordinator(house: House) -> dict[str, str]:
    return house.verifier.add(
        "coordinator", roles="coordinator", scopes="notifications.write", organisation=HUB
    )


def put(client: httpx.Client, who: dict[str, str], key: str, **body: Any) -> httpx.Response:
    said = {"means": "email", "address": f"{key[:2]}@clay.example.org"} | body
    return client.put(f"/notifications/contacts/{PROVIDER}/{key}", headers=who, json=said)


FIRST, SECOND = "11111111-1111-4111-8111-0000000000aa", "22111111-1111-4111-8111-0000000000bb"


def test_a_mandatory_kind_is_silenced_only_where_another_hears_it(client, coordinator):
    wishes = {"wishes": {"muted": ["request"]}}
    refused = put(client, coordinator, FIRST, **wishes)
    assert (refused.status_code, refused.json()["element"]) == (409, "wishes.muted")
    assert "request" in refused.json()["detail"]
    assert put(client, coordinator, SECOND).status_code == 200
    kept = put(client, coordinator, FIRST, **wishes)
    assert kept.json()["wishes"]["muted"] == ["request"]
    both = put(client, coordinator, SECOND, **wishes)
    assert both.status_code == 409


def test_a_provider_does_not_stop_the_last_way_that_it_is_asked_by(client, house: House):
    own = house.verifier.add(
        "p", roles="provider", scopes="notifications.write", organisation=PROVIDER
    )
    hub = house.verifier.add(
        "coordinator", roles="coordinator", scopes="notifications.write", organisation=HUB
    )
    assert put(client, own, FIRST).status_code == 200
    for stopped, element in (({"active": False}, "active"), ({"role": "duty"}, "role")):
        refused = put(client, own, FIRST, **stopped)
        assert (refused.status_code, refused.json()["element"]) == (409, element)
    house.contact(address="gone@clay.example.org", active=False)
    assert put(client, own, FIRST, active=False).status_code == 409, "it is off itself"
    assert put(client, own, SECOND).status_code == 200
    assert put(client, own, FIRST, active=False).status_code == 200
    assert put(client, own, SECOND, active=False).status_code == 409
    assert put(client, hub, SECOND, active=False).status_code == 200, "a hub sees what then fails"


@pytest.mark.parametrize(
    "wishes",
    [{"weekdays": [0]}, {"weekdays": [8]}, {"muted": ["gossip"]}, {"mood": "good"}, []],
)
def test_odd_wishes_are_refused_and_named(client, coordinator, wishes):
    refused = put(client, coordinator, FIRST, wishes=wishes)
    assert refused.status_code == 422
    assert "wishes" in refused.json()["element"]


def test_a_contacts_own_quiet_hours_are_kept_and_shown(client, coordinator):
    wishes = {"quiet": {"starts": "16:00", "ends": "10:00"}}
    kept = put(client, coordinator, FIRST, wishes=wishes).json()["wishes"]
    assert (kept["quiet"], kept.get("any_hour")) == (wishes["quiet"], None)
    kept = put(client, coordinator, FIRST, wishes={"any_hour": True}).json()["wishes"]
    assert (kept.get("quiet"), kept["any_hour"]) == (None, True)


def test_quiet_hours_are_kept_shown_and_ended(house: House, client, coordinator):
    at = f"/notifications/quiet-hours/{PROVIDER}"
    assert client.get(at, headers=coordinator).json() == {"quiet_hours": None}
    hours = {"starts": "20:00", "ends": "08:00"}
    assert client.put(at, headers=coordinator, json=hours).status_code == 200
    shown = client.get(at, headers=coordinator).json()["quiet_hours"]
    assert shown == hours | {"zone": "Europe/London"}
    other = house.verifier.add(
        "other", roles="coordinator", scopes="notifications.write", organisation=OTHER_HUB
    )
    for method in ("GET", "PUT", "DELETE"):
        body = {"json": hours} if method == "PUT" else {}
        assert client.request(method, at, headers=other, **body).status_code == 404
    assert client.delete(at, headers=coordinator).status_code == 204
    assert client.get(at, headers=coordinator).json() == {"quiet_hours": None}


def test_an_organisation_keeps_its_own_quiet_hours_by_a_word_for_itself(house: House, client):
    manager = house.verifier.add(
        "manager", roles="provider-manager", scopes="notifications.write", organisation=PROVIDER
    )
    own = "/notifications/quiet-hours/own"
    hours = {"starts": "20:00", "ends": "08:00"}
    assert client.put(own, headers=manager, json=hours).status_code == 200
    assert house.scalar("select party from party_quiet_hours") == str(PROVIDER)
    assert client.get(own, headers=manager).json()["quiet_hours"]["starts"] == "20:00"
    assert client.delete(own, headers=manager).status_code == 204
    assert client.get(own, headers=manager).json() == {"quiet_hours": None}


@pytest.mark.parametrize(
    ("hours", "element"),
    [
        ({"starts": "20:00", "ends": "20:00"}, "ends"),
        ({"starts": "8pm", "ends": "08:00"}, "starts"),
        ({"starts": "20:00"}, "ends"),
        ({"starts": "24:00", "ends": "08:00"}, "starts"),
    ],
)
def test_odd_quiet_hours_are_refused_and_named(client, coordinator, hours, element):
    at = f"/notifications/quiet-hours/{PROVIDER}"
    refused = client.put(at, headers=coordinator, json=hours)
    assert refused.status_code == 422
    assert element in refused.json()["element"]


def test_a_kind_that_is_no_more_is_forgotten():
    assert Wishes(muted=("declined",)).muted == (Kind.DECLINED,)
