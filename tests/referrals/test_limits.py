"""How long things may wait is a hub's to say; what it says holds for what is open (care 2, 4)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from deploy.demo.clients import PROVIDER
from services.referrals.clock import Clock
from services.referrals.republishing import STATE
from services.referrals.triage_clock import notice
from shared.fhir.model import validate
from shared.limits import Limits, defaults
from shared.messaging.events import (
    HubLimitsChanged,
    ProviderChanged,
    TriageOverdue,
    TriageWaits,
)
from shared.working_days import WorkingDays
from tests.referrals.house import SERVICE, TEAM_2, House, Referral, hear
from tests.referrals.letters import document, entries, html_of, messages, send, text_of, wish

WORKING = WorkingDays(ZoneInfo("Europe/London"))
AT = "/referrals/limits"


def said(house: House, *, after: int = 0, why: str = "Small groups here", **days: int) -> Any:
    """The limits with some of the routine ones changed, as a coordinator would send them."""
    limits = defaults().model_dump()
    limits["routine"] |= days
    return {"limits": limits, "why": why, "after": after}


def moments(house: House, task: str) -> tuple[datetime, datetime, datetime]:
    row = house.row(
        "select created, silent_from, closes from case_task where id = :task", task=task
    )
    asked, silent, closes = row
    return asked, silent, closes


def closed(*times: tuple[str, str]) -> dict[str, Any]:
    days = [{"starts": starts, "ends": ends, "why": "x"} for starts, ends in times]
    return {"name": "Clay Shed", "kersey": {"closed": days}}


def test_a_coordinator_says_others_and_the_history_says_who_and_why(house: House):
    hub = house.by("coordinator")
    before = hub.get(AT)
    assert (before["limits"], before["history"]) == (defaults().model_dump(), [])
    now = hub.put(AT, said(house, nudge=4))
    assert now["limits"]["routine"]["nudge"] == 4
    (change,) = now["history"]
    assert (change["number"], change["why"], change["said_by"]) == (
        1, "Small groups here", "demo-coordinator",
    )  # fmt: skip
    back = hub.put(AT, {"limits": None, "why": "It was too long", "after": 1})
    assert back["limits"] == defaults().model_dump()
    assert [each["number"] for each in back["history"]] == [2, 1]
    told = [each for each in house.events() if isinstance(each, HubLimitsChanged)]
    assert [(each.hub, each.routine["nudge"]) for each in told] == [
        ("bradford", 4),
        ("bradford", 3),
    ]


def test_another_place_keeps_its_own(house: House):
    house.by("coordinator").put(AT, said(house, nudge=4))
    other = house.by("coordinator-2").get(AT)
    assert (other["hub"], other["history"]) == ("calderdale", [])
    for nobody in ("link-worker", "provider", "ehr"):
        house.by(nobody).get(AT, status=403)
        house.by(nobody).put(AT, said(house, nudge=4), status=403)


@pytest.mark.parametrize(
    ("body", "element"),
    [
        ({"nudge": 0}, "nudge"),
        ({"nudge": 61}, "nudge"),
        ({"nudge": "3"}, "nudge"),
        ({"nudge": 6}, "second_nudge"),
        ({"close": 8}, "close"),
        ({"unseen": 10}, "lead"),
        ({"tries": 11}, "tries"),
        ({"why": ""}, "why"),
        ({"sooner": 3}, "sooner"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(house: House, body: Any, element: str):
    why = {"why": body.pop("why")} if "why" in body else {}
    with house.unchanged():
        refused = house.by("coordinator").put(AT, said(house, **body) | why, status=422)
    assert element in str(refused.get("element")) + refused["detail"]


def test_an_urgent_referral_never_waits_longer():
    limits = defaults().model_dump()
    limits["urgent"]["close"] = 11
    with pytest.raises(ValidationError, match="close"):
        Limits.model_validate(limits)


def test_who_did_not_see_the_last_change_changes_nothing(house: House):
    hub = house.by("coordinator")
    hub.put(AT, said(house, nudge=4))
    with house.unchanged():
        refused = hub.put(AT, said(house, nudge=5), status=409)
        assert refused["element"] == "after"
        hub.put(AT, said(house, after=1, nudge=4), status=422)


def test_a_change_holds_for_what_is_open_from_when_it_was_asked(house: House):
    _, task = house.asked()
    asked, silent, closes = moments(house, task)
    assert (silent, closes) == (WORKING.after(asked, 3), WORKING.after(asked, 10))
    house.by("coordinator").put(AT, said(house, nudge=1, close=12))
    assert moments(house, task)[1:] == (WORKING.after(asked, 1), WORKING.after(asked, 12))
    shown = house.by("coordinator").get("/referrals/requests/silent")
    assert shown == []


def test_a_shorter_limit_ends_nothing_within_a_working_day(house: House):
    _, task = house.asked()
    house.pass_days(9)
    house.by("coordinator").put(AT, said(house, nudge=1, second_nudge=2, help_call=4, close=5))
    assert moments(house, task)[2] == pytest.approx(
        WORKING.after(datetime.now(UTC), 1), abs=timedelta(minutes=1)
    )
    assert Clock(house.desk).close_unanswered() == 0
    shown = house.by("coordinator").get("/referrals/requests/silent")
    assert datetime.fromisoformat(shown[0]["closes"]) > datetime.now(UTC)


def test_an_urgent_request_runs_on_the_shorter_clock(house: House):
    task = house.ask(house.taken_on(priority="urgent"))
    asked, silent, closes = moments(house, task)
    assert (silent, closes) == (WORKING.after(asked, 1), WORKING.after(asked, 5))


def test_closing_days_of_the_provider_stop_the_clock(house: House):
    _, task = house.asked()
    asked, *_ = moments(house, task)
    start = asked.astimezone(WORKING.zone).date()
    ends = start + timedelta(days=20)
    listing = closed((start.isoformat(), ends.isoformat()))
    hear(house.desk, ProviderChanged(provider=PROVIDER, listing=listing), sequence=5)
    open_again = WORKING.without([start + timedelta(days=each) for each in range(21)])
    silent, closes = open_again.after(asked, 3), open_again.after(asked, 10)
    assert moments(house, task)[1:] == (silent, closes)
    house.execute("update case_task set closes = null, silent_from = null")
    house.pass_days(0)
    assert moments(house, task)[1:] == (silent, closes), "as it is filled in, too"
    hear(house.desk, ProviderChanged(provider=PROVIDER, listing={"name": "x"}), sequence=6)
    assert moments(house, task)[2] == WORKING.after(asked, 10)


def test_a_service_that_is_asked_in_its_holiday_has_its_time_after_it(house: House):
    today = datetime.now(WORKING.zone).date()
    listing = closed((today.isoformat(), (today + timedelta(days=13)).isoformat()))
    hear(house.desk, ProviderChanged(provider=PROVIDER, listing=listing), sequence=5)
    (away,) = house.ehr.get(f"/fhir/HealthcareService/{SERVICE}")["notAvailable"]
    assert away["description"] == "x"
    assert away["during"]["start"] == today.isoformat()
    _, task = house.asked()
    assert moments(house, task)[1].date() > today + timedelta(days=14)
    view = house.provider.get(f"/referrals/requests/{task}")
    assert view["service"]["closed"] == [
        {"starts": listing["kersey"]["closed"][0]["starts"],
         "ends": listing["kersey"]["closed"][0]["ends"], "why": "x"}
    ]  # fmt: skip


def test_a_team_that_does_not_look_is_told_and_then_its_hub_once_each(house: House):
    referral = house.refer()
    assert notice(house.desk) == 0
    house.pass_days(6)
    assert [notice(house.desk), notice(house.desk)] == [1, 0]
    (waits,) = [each for each in house.events() if isinstance(each, TriageWaits)]
    assert (str(waits.case), waits.waits_for) == (referral.case, "unseen")
    house.pass_days(20)
    assert [notice(house.desk), notice(house.desk)] == [1, 0]
    (overdue,) = [each for each in house.events() if isinstance(each, TriageOverdue)]
    assert (overdue.waits_for, overdue.hub) == ("unseen", "bradford")


def test_a_person_whom_nobody_tried_to_reach_is_noticed(house: House):
    referral = house.refer()
    house.worker.post(f"{referral.at}/accept")
    house.pass_days(9)
    assert notice(house.desk) == 1
    (waits,) = [each for each in house.events() if isinstance(each, TriageWaits)]
    assert waits.waits_for == "first-contact"
    other = house.refer(number=2)
    house.worker.post(f"{other.at}/accept")
    house.worker.post(f"{other.at}/contacts", {"reached": False, "how": "phone"})
    house.pass_days(60)
    assert notice(house.desk) == 1, "the first one's hub; of the other somebody tried"
    house.worker.post(f"{referral.at}/close", {"outcome": "not-reached"})
    assert notice(house.desk) == 0


def test_after_several_tries_the_team_is_asked_what_to_do(house: House):
    referral = house.refer()
    house.worker.post(f"{referral.at}/accept")
    for told in (0, 0, 1):
        house.worker.post(f"{referral.at}/contacts", {"reached": False, "how": "phone"})
        assert notice(house.desk) == told
    (waits,) = [each for each in house.events() if isinstance(each, TriageWaits)]
    assert waits.waits_for == "not-reached"
    other = house.refer(number=2)
    house.worker.post(f"{other.at}/accept")
    for reached in (False, False, True, False):
        house.worker.post(f"{other.at}/contacts", {"reached": reached, "how": "phone"})
    assert notice(house.desk) == 0


def told_practice(house: House, referral: Referral) -> list[tuple[str, str]]:
    return [(each["kind"], each["state"]) for each in messages(house, referral)]


@pytest.mark.parametrize(
    ("waits_for", "words"),
    [
        ("unseen", "have not looked at this referral yet"),
        ("first-contact", "Nobody has tried to reach the person yet"),
        ("not-reached", "have not reached the person"),
    ],
)
def test_after_its_hub_the_practice_that_sent_the_person_is_told_once(
    house: House, waits_for: str, words: str
):
    referral = house.refer()
    if waits_for != "unseen":
        house.worker.post(f"{referral.at}/accept")
    for _ in range(3 if waits_for == "not-reached" else 0):
        house.worker.post(f"{referral.at}/contacts", {"reached": False, "how": "phone"})
    house.by("coordinator").put(AT, said(house, lead=40))
    for told, days in ((TriageWaits, 21), (TriageOverdue, 90)):
        house.pass_days(days)
        assert notice(house.desk) == 1
        assert isinstance(house.events()[-1], told)
    assert told_practice(house, referral) == []
    house.pass_days(21)
    assert [notice(house.desk), notice(house.desk)] == [1, 0]
    assert told_practice(house, referral) == [("delay", "waiting")]
    send(house)
    (body,) = entries(house.ehr.get(f"/fhir/Communication?based-on={referral.request}"))
    validate(body)
    assert words in body["payload"][0]["contentString"]
    assert body["recipient"][0]["identifier"]["value"] == "ZZK01"
    assert words in html_of(document(house, body["id"]))
    assert words in text_of(document(house, body["id"]))
    assert [each["state"] for each in messages(house, referral)] == ["sent"]
    for other in ("ehr-2", "provider", "fhir-client"):
        house.by(other).call("GET", f"/fhir/Communication/{body['id']}", status=404)


def overdue(house: House, **referral: Any) -> Referral:
    """A referral of which the hub was told a month ago that nobody looked at it."""
    sent = house.refer(**referral)
    house.pass_days(30)
    assert notice(house.desk) == 2, "the team and the hub"
    house.pass_days(30)
    return sent


def test_a_practice_hears_nothing_of_a_person_who_waits_no_more(house: House):
    wish(house, route="print")
    referral = overdue(house)
    assert notice(house.desk) == 1
    send(house)
    assert told_practice(house, referral) == [("delay", "to-print")]
    house.worker.post(f"{referral.at}/accept")
    (letter,) = messages(house, referral)
    assert (letter["state"], letter["reason"]) == ("stopped", "waits-no-more")


def test_a_practice_that_does_not_want_it_is_not_told_and_a_hub_says_how_long_it_waits(
    house: House,
):
    house.by("coordinator").put(AT, said(house, practice=40))
    referral = overdue(house)
    assert notice(house.desk) == 0, "forty working days are not over"
    house.pass_days(60)
    wish(house, delay=False)
    assert notice(house.desk) == 0
    wish(house)
    assert notice(house.desk) == 0, "nor when it would hear of others"
    assert told_practice(house, referral) == []


def test_whoever_is_no_practice_is_not_told_that_somebody_waits(house: House):
    referral = overdue(house)
    house.execute("update referral_case set source = 'self'")
    assert notice(house.desk) == 0
    assert told_practice(house, referral) == []


def test_another_team_has_its_own_time(house: House):
    referral = house.refer()
    house.pass_days(6)
    assert notice(house.desk) == 1
    body = {"team": str(TEAM_2), "reason": "cover"}
    house.worker.post(f"{referral.at}/hand-over", body)
    assert notice(house.desk) == 0
    house.pass_days(6)
    assert notice(house.desk) == 1


def test_limits_are_told_again(house: House):
    house.by("coordinator").put(AT, said(house, nudge=4))
    (state,) = [each for each in STATE if each.kind == "limits"]
    with house.desk.work() as uow:
        keys = state.keys(uow)
        state.raise_versions(uow, keys, 10)
        ((event, place),) = state.told(uow, keys)
    assert isinstance(event, HubLimitsChanged)
    assert (event.routine["nudge"], place.version) == (4, 11)
