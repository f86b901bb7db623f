"""What a message to the person is told just before it is sent, and what the person says by it."""

import pytest

from services.referrals.person_views import language_of
from services.referrals.ways import Instead, Way, way_to
from shared.messaging.events import PersonSaid
from tests.referrals.house import House, Json, Referral
from tests.referrals.records import contact

ALL = "?by=text&by=email&by=post"
MOBILE = "07700 900111"


def told(house: House, task: str, query: str = ALL) -> Json:
    found: Json = house.by("person-messages").get(f"/referrals/requests/{task}/person{query}")
    return found


def say(house: House, task: str, said: str, status: int = 204) -> Json | None:
    by = house.by("person-messages")
    answer: Json | None = by.post(
        f"/referrals/requests/{task}/person", {"said": said}, status=status
    )
    return answer


def safe(house: House, referral: Referral, channel: str, **said: object) -> None:
    house.worker.put(f"{referral.at}/person/contacts/{channel}", contact(**said))


def test_the_least_that_is_needed_is_told(house: House):
    referral, task = house.accepted()
    safe(house, referral, "text", value=MOBILE)
    safe(house, referral, "email", value="kath@mail.example")
    found = told(house, task)
    assert found["way"] == {"channel": "text", "address": MOBILE}
    assert (found["instead"], found["stops"], found["ended"]) == (None, [], False)
    assert found["sharing"] == ["name", "phone"]
    assert found["may"] == ["cancel", "not-this-time", "stop-sharing"]
    text = str(found).lower()
    for untold in ("loneliness", "friendly face", "kath@mail.example", "feather", "saltaire"):
        assert untold not in text
    auditor = house.by("ehr", scopes=("system/AuditEvent.rs", "audit.read"))
    seen = auditor.get("/fhir/AuditEvent?_count=200")["entry"]
    assert "notifications" in {each["resource"]["agent"][0]["altId"] for each in seen}


def test_no_address_is_told_to_whoever_asks_for_none(house: House):
    referral, task = house.accepted()
    safe(house, referral, "text", value=MOBILE)
    found = told(house, task, "")
    assert found["way"] is None
    assert MOBILE not in str(found)


@pytest.mark.parametrize("name", ["link-worker", "provider", "coordinator", "ehr", "notifications"])
def test_nobody_else_is_told(house: House, name: str):
    referral, task = house.accepted()
    safe(house, referral, "text", value=MOBILE)
    with house.unchanged():
        house.by(name).get(f"/referrals/requests/{task}/person{ALL}", status=403)
        house.by(name).post(f"/referrals/requests/{task}/person", {"said": "cancel"}, status=403)


@pytest.mark.parametrize("stop", ["died", "restricted", "do-not-contact"])
def test_after_a_stop_nothing_of_the_person_is_told(house: House, stop: str):
    referral, task = house.accepted()
    safe(house, referral, "text", value=MOBILE)
    house.worker.put(f"{referral.at}/person/stops/{stop}", {"stands": True})
    found = told(house, task)
    assert (found["stops"], found["way"], found["given"]) == ([stop], None, "")


def test_what_a_human_must_heed_leaves_it_to_the_team(house: House):
    referral, task = house.accepted()
    for note in ({"times": "after 4"}, {"words": "the library"}, {"keep_from": "her brother"}):
        safe(house, referral, "text", value=MOBILE, **note)
        found = told(house, task)
        assert (found["way"], found["instead"]) == (None, "by-team"), note


NOTED: Json = {"safe": "yes", "said": [{"value": "a", "times": "", "words": "", "keep_from": ""}]}


def noted(**channels: str) -> list[Json]:
    return [NOTED | {"channel": name, "safe": safe} for name, safe in channels.items()]


@pytest.mark.parametrize(
    ("contacts", "formats", "by", "way"),
    [
        ([], (), ("text",), Instead.ASK_FIRST),
        (noted(text="unknown"), (), ("text",), Instead.ASK_FIRST),
        (noted(text="no"), (), ("text",), Instead.ASK_FIRST),
        (noted(text="no", email="no", post="no", phone="no"), (), ("text",), Instead.NOTHING),
        (noted(text="no", email="no", post="no", phone="yes"), (), ("text",), Instead.BY_TEAM),
        (noted(email="yes", text="yes"), (), ("text", "email"), Way("text", "a")),
        (noted(email="yes", text="no"), (), ("text", "email"), Way("email", "a")),
        (noted(post="yes"), (), ("text", "email"), Instead.BY_TEAM),
        (noted(post="yes"), ("large-print",), ("post",), Instead.BY_TEAM),
        (noted(text="yes"), ("large-print",), ("text",), Way("text", "a")),
        (noted(text="yes"), ("braille",), ("text",), Instead.BY_TEAM),
    ],
)
def test_a_program_uses_only_what_is_known_to_be_safe(contacts, formats, by, way):
    assert way_to(contacts, formats, by) == way


def test_two_records_that_differ_are_for_a_human():
    twice = [{"channel": "text", "safe": "yes", "said": [*NOTED["said"], *NOTED["said"]]}]
    assert way_to(twice, (), ("text",)) == Instead.BY_TEAM


@pytest.mark.parametrize(
    ("code", "detail", "tongue"),
    [
        ("interpreter-urdu", "", "ur"),
        ("language", "Punjabi", "pa"),
        ("interpreter", "Polish, spoken and written", "pl"),
        ("language", "Tigrinya", "en"),
        ("step-free", "Urdu Road entrance", "en"),
    ],
)
def test_the_language_is_taken_from_what_was_noted(code, detail, tongue):
    assert language_of([{"code": code, "detail": detail}]) == tongue


def test_a_person_who_does_not_come_gives_the_place_back_and_the_team_hears(house: House):
    referral, task = house.accepted()
    say(house, task, "cancel")
    assert house.state(task) == "cancelled/cancelled"
    assert house.state(referral.triage) == "in-progress/person-accepted"
    assert house.told()[-2:] == ["referral.cancelled", "person.said"]
    assert isinstance(house.events()[-1], PersonSaid)
    assert house.provider.get(f"/referrals/requests/{task}")["identity_available"] is False
    with house.unchanged():
        say(house, task, "cancel", status=409)
    assert told(house, task)["may"] == []


def test_once_the_visits_have_begun_they_are_talked_about(house: House):
    _, task = house.accepted()
    house.progress(task, "start")
    assert told(house, task)["may"] == ["not-this-time", "stop-sharing"]
    with house.unchanged():
        say(house, task, "cancel", status=409)


def test_a_person_ends_what_is_shared(house: House):
    _, task = house.accepted()
    say(house, task, "stop-sharing")
    assert house.told()[-2:] == ["agreement.withdrawn", "person.said"]
    house.provider.post(f"/referrals/requests/{task}/identity", status=409)
    found = told(house, task)
    assert (found["sharing"], found["may"]) == ([], ["cancel", "not-this-time"])


@pytest.mark.parametrize("said", ["call-me", "change-sharing"])
def test_a_wish_to_talk_changes_nothing_but_is_told_to_the_team(house: House, said: str):
    referral, task = house.accepted()
    before = house.state(task)
    say(house, task, said)
    event = house.events()[-1]
    assert isinstance(event, PersonSaid)
    assert (event.said, str(event.task), str(event.case)) == (said, task, referral.case)
    assert house.state(task) == before
    assert ("person-said-" + said,) in house.rows("select action from audit_entry")


def test_what_is_no_request_is_not_found(house: House):
    referral = house.taken_on()
    by = house.by("person-messages")
    by.get(f"/referrals/requests/{referral.triage}/person", status=404)
    by.get("/referrals/requests/00000000-0000-4000-8000-000000000000/person", status=404)
    say(house, referral.triage, "cancel", status=404)


# --- who tells them ------------------------------------------------------------------------------


def hears(house: House, task: str, query: str = ALL) -> Json:
    found: Json = house.by("person-messages").get(f"/referrals/requests/{task}/person/hears{query}")
    return found


def test_it_is_told_who_tells_the_person_and_nothing_else(house: House):
    referral, task = house.accepted()
    assert hears(house, task) == {"hears": "team"}, "nothing is known to be safe: the team asks"
    safe(house, referral, "text", value=MOBILE)
    assert hears(house, task) == {"hears": "message"}
    assert hears(house, task, "?by=email") == {"hears": "team"}, "by no channel that is there"
    safe(house, referral, "text", value=MOBILE, keep_from="their brother")
    assert hears(house, task) == {"hears": "team"}
    for channel in ("text", "email", "post", "phone"):
        safe(house, referral, channel, value="", safe="no")
    assert hears(house, task) == {"hears": "nobody"}


@pytest.mark.parametrize("stop", ["do-not-contact", "restricted"])
def test_where_every_message_is_stopped_nobody_tells_them(house: House, stop: str):
    referral, task = house.accepted()
    safe(house, referral, "text", value=MOBILE)
    house.worker.put(f"{referral.at}/person/stops/{stop}", {"stands": True})
    assert hears(house, task) == {"hears": "nobody"}


@pytest.mark.parametrize("name", ["link-worker", "provider", "coordinator", "ehr", "notifications"])
def test_nobody_else_learns_who_tells_them(house: House, name: str):
    _, task = house.accepted()
    house.by(name).get(f"/referrals/requests/{task}/person/hears{ALL}", status=403)
