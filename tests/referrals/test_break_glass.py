"""Opening one case in an emergency: who may, what it opens and what not, who hears of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from services.referrals.break_glass import MOST_LOOK_UPS, REASONS
from services.referrals.handlers.break_glass import note_expired
from services.referrals.subject.erasing import erase
from shared.fhir.model import validate
from shared.messaging.events import ReferralOpenedInEmergency
from tests.referrals.house import HUB, TEAM, Caller, House, Json, Referral, a_bundle, a_person
from tests.referrals.test_audit_events import entities, events
from tests.referrals.test_walk_ins import came
from tests.referrals.test_worries import closed as close_worry
from tests.referrals.test_worries import worry

AT = "/referrals/break-glass"
WORDS = "Their sister rang: they spoke of ending it. I rang the team three times."


@pytest.fixture
def duty(house: House) -> Caller:
    """Somebody of the Bradford hub who signed in just now, to do this."""
    return house.by("duty-lead")


@pytest.fixture
def lead(house: House) -> Caller:
    worker = house.worker.who
    roles = (*worker.roles, "team-lead")
    return house.by("link-worker", roles=roles, account=str(uuid4()), called="Tom Ackroyd")


def opened(duty: Caller, referral: Referral, *, status: int = 201, **more: Any) -> Json:
    body = {"case": referral.case, "reason": "life-at-risk", "words": WORDS} | more
    found: Json = duty.post(AT, body, status=status)
    return found


def read(duty: Caller, opening: Json, **how: Any) -> Json:
    found: Json = duty.get(f"{AT}/{opening['id']}", **how)
    return found


def pass_minutes(house: House, minutes: int) -> None:
    with house.engine.begin() as connection:
        connection.execute(
            text("update break_glass set opened = opened - :d, until = until - :d"),
            {"d": timedelta(minutes=minutes)},
        )


def test_one_case_is_opened_read_and_closed(house: House, duty: Caller):
    referral, _ = house.accepted()
    house.worker.put(
        f"{referral.at}/person/contacts/phone",
        {"value": "07700 900123", "safe": "yes", "keep_from": "Her son"},
    )
    other = house.taken_on(number=2)
    opening = opened(duty, referral)
    assert opening["opened_by_name"] == "Bev Thackray"
    assert opening["words"] == WORDS
    assert opening["readable"] is True

    shown = read(duty, opening)
    sent = house.worker.get(f"/fhir/Patient/{referral.patient}")
    assert shown["patient"]["name"] == sent["name"]
    assert shown["patient"]["birthDate"] == sent["birthDate"]
    (phone,) = shown["contacts"]
    assert phone["said"][0]["keep_from"] == "Her son"
    (service,) = shown["services"]
    assert service["service_name"] == "Sunday stitching"
    assert service["provider_name"] == "Saltaire Slow Stitch"
    assert shown["team"]["name"]

    again = read(duty, opening)
    assert len(again["opening"]["reads"]) == 2
    duty.post(f"{AT}/{opening['id']}/close", status=204)
    duty.post(f"{AT}/{opening['id']}/close", status=204)
    problem = read(duty, opening, status=409)
    assert problem["element"] == "opening"
    opened(duty, other)


def test_only_what_keeps_somebody_safe_is_shown(house: House, duty: Caller):
    referral = house.taken_on()
    house.worker.put(f"{referral.at}/person/equality/gender", {"value": "Hidden-1"})
    house.worker.post(f"{referral.at}/goals", {"words": "Hidden-2"}, status=201)
    house.worker.put(f"{referral.at}/supervision", {"because": "Hidden-3"}, status=204)
    house.worker.put(
        f"{referral.at}/visiting", {"at_home": True, "alone": False, "because": "A dog."}
    )
    shown = read(duty, opened(duty, referral))
    assert "Hidden" not in str(shown)
    assert shown["visiting"] == {"at_home": True, "alone": False, "because": "A dog."}
    assert shown["stops"] == []


def test_what_somebody_worries_about_is_shown_until_it_is_closed(house: House, duty: Caller):
    referral, task = house.accepted()
    first = worry(house, referral, words="No food in the house.")
    at = f"{referral.at}/worries/{first['id']}"
    house.worker.put(f"{at}/lead", {"lead": "first"}, status=204)
    house.worker.post(f"{at}/decision", {"words": "Ring her sister."}, status=204)
    close_worry(house, referral, worry(house, referral, words="It is over."))
    raised = {"key": str(uuid4()), "words": "She did not come."}
    house.provider.post(f"/referrals/requests/{task}/worries", raised, status=204)
    team, provider = read(duty, opened(duty, referral))["worries"]
    assert team["words"] == "No food in the house."
    assert (team["by_provider"], team["looked_at"]) == (False, True)
    assert [each["words"] for each in team["decisions"]] == ["Ring her sister."]
    assert provider["words"] == "She did not come."
    assert (provider["by_provider"], provider["looked_at"]) == (True, False)


def test_it_ends_by_itself(house: House, duty: Caller):
    referral = house.taken_on()
    opening = opened(duty, referral)
    pass_minutes(house, 59)
    read(duty, opening)
    pass_minutes(house, 1)
    problem = read(duty, opening, status=409)
    assert "is over" in problem["detail"]
    (told,) = house.worker.get(referral.at)["emergencies"]
    assert told["readable"] is False
    refused = events(house, "subtype=case-read&outcome=4")
    assert {referral.case} <= {each for event in refused for each in entities(event)}
    assert opened(duty, referral)["id"] != opening["id"], "it can be opened again, with a reason"


def test_that_its_time_is_over_is_noted_once_by_nobody(house: House, duty: Caller):
    """The clock notes all that ended by now at once; and so does whoever comes before it."""
    first, second = house.taken_on(), house.taken_on(number=2)
    opening = opened(duty, first)
    pass_minutes(house, 59)
    note_expired(house.desk)
    assert events(house, "subtype=break-glass-expired") == []
    pass_minutes(house, 1)
    for _ in range(2):
        note_expired(house.desk)
    duty.post(f"{AT}/{opening['id']}/close", status=204)
    (expired,) = events(house, "subtype=break-glass-expired")
    validate(expired, expected_type="AuditEvent")
    assert [each["code"] for each in expired["subtype"]] == ["110138", "break-glass-expired"]
    assert expired["agent"][0]["altId"] == "clock"
    assert entities(expired) == {first.case, f"Patient/{first.patient}"}
    assert events(house, "subtype=break-glass-closed") == []
    (told,) = house.worker.get(first.at)["emergencies"]
    assert (told["ended"], told["ended_by_time"]) == (told["until"], True)

    opened(duty, second)
    pass_minutes(house, 60)
    third = opened(duty, first)
    assert len(events(house, "subtype=break-glass-expired")) == 2, "no clock came by"
    duty.post(f"{AT}/{third['id']}/close", status=204)
    told = house.worker.get(first.at)["emergencies"][-1]
    assert told["ended"] == told["closed"]
    assert told["ended_by_time"] is False


def test_the_length_is_a_setting(house: House, duty: Caller):
    opening = opened(duty, house.taken_on())
    told = house.row("select until - opened from break_glass where id = :id", id=opening["id"])
    assert told == (timedelta(minutes=house.settings.break_glass_minutes),)


def test_nothing_else_widens(house: House, duty: Caller):
    """No reader row, so that nothing that the store answers knows of it; and no other case."""
    referral, task = house.accepted()
    other = house.taken_on(number=2)
    before = house.rows("select * from document_reader order by 1, 2, 3")
    hub = house.by("coordinator")
    totals = {
        kind: hub.get(f"/fhir/{kind}?_total=accurate&_count=1").get("total")
        for kind in ("Patient", "ServiceRequest", "Task")
    }
    opening = opened(duty, referral)
    read(duty, opening)
    assert house.rows("select * from document_reader order by 1, 2, 3") == before
    wide = house.by("duty-lead", scopes=("cases.break-glass", "cases", "user/*.rs", "user/*.cud"))
    for path in (
        f"/fhir/Patient/{referral.patient}",
        f"/fhir/Patient/{referral.patient}/_history",
        f"/fhir/Patient/{referral.patient}/$everything",
        f"/fhir/ServiceRequest/{referral.request}",
        f"/fhir/Task/{task}",
        referral.at,
        f"{referral.at}/person",
        f"{referral.at}/plan",
        f"{AT}/{uuid4()}",
    ):
        assert wide.send("GET", path).status_code in (403, 404), path
    for kind in ("Patient", "ServiceRequest", "Task"):
        assert wide.get(f"/fhir/{kind}?_total=accurate")["total"] == 0
        assert hub.get(f"/fhir/{kind}?_total=accurate&_count=1").get("total") == totals[kind], (
            "nor for the hub's other people"
        )
    hub.get(f"/fhir/Patient/{referral.patient}", status=404)
    hub.get(f"{AT}/{opening['id']}", status=403)
    assert wide.get("/referrals/cases") == []
    with house.unchanged():
        for path in ("contacts", "close", "accept", "person-accepts", "hold", "hand-over"):
            body = {"reached": True, "how": "phone", "outcome": "completed", "reason": "cover"}
            answer = wide.send("POST", f"{referral.at}/{path}", json=body)
            assert answer.status_code in (403, 404, 422), path
        for method in ("PUT", "PATCH", "DELETE"):
            answer = wide.send(method, f"{AT}/{opening['id']}", json={})
            assert answer.status_code == 405
    problem = opened(duty, other, status=409)
    assert "another case open" in problem["detail"]


def test_a_second_press_opens_nothing_twice(house: House, duty: Caller):
    referral = house.taken_on()
    first, second = opened(duty, referral), opened(duty, referral)
    assert first["id"] == second["id"]
    assert house.told().count("referral.opened-in-emergency") == 1


@pytest.mark.parametrize(
    "who",
    [
        {"name": "coordinator"},
        {"name": "link-worker"},
        {"name": "provider"},
        {"name": "ehr"},
        {"name": "commissioner"},
        {"name": "analyst"},
        {"name": "administrator"},
        {"name": "fhir-client"},
        # With all that can be granted, but not as a person with the role.
        {"name": "coordinator", "scopes": ("cases", "cases.break-glass")},
        {"name": "coordinator", "scopes": ("cases", "cases.break-glass"), "account": "a-person"},
        {"name": "provider", "scopes": ("cases", "cases.break-glass"), "account": "a-person"},
        {"name": "commissioner", "scopes": ("cases.break-glass",), "account": "a-person"},
        {"name": "analyst", "scopes": ("cases.break-glass",), "account": "a-person"},
        # A system whose token says the role, which the issuer gives to none.
        {"name": "duty-lead", "account": ""},
        {"name": "duty-lead", "account": "", "client_id": "system"},
    ],
)
def test_nobody_else_can(house: House, duty: Caller, who: Json):
    referral = house.taken_on()
    theirs = opened(duty, referral)
    name = who.pop("name")
    caller = house.by(name, **who)
    for method, path, body in (
        ("POST", f"{AT}/look-up", {"number": referral.case}),
        ("POST", AT, {"case": referral.case, "reason": "life-at-risk", "words": "x"}),
        ("GET", f"{AT}/{theirs['id']}", None),
        ("POST", f"{AT}/{theirs['id']}/close", None),
    ):
        with house.unchanged():
            answer = caller.send(method, path, json=body)
        assert answer.status_code == 403, (method, path)
        assert "Feather" not in answer.text


@pytest.mark.parametrize(
    "who",
    [
        {"proved": 11},
        {"methods": ("pwd",)},
        {"methods": ()},
        {"scopes": ()},
        {"scopes": ("cases",)},
        {"proved": -5},
    ],
)
def test_whoever_opens_signed_in_just_now_with_both_factors(house: House, who: Json):
    """RFC 9470, section 3: the challenge says what is missing, so that a page can ask for it."""
    referral = house.taken_on()
    caller = house.by("duty-lead", **who)
    with house.unchanged():
        answer = caller.send(
            "POST", AT, json={"case": referral.case, "reason": "life-at-risk", "words": "x"}
        )
        found = caller.send("POST", f"{AT}/look-up", json={"number": referral.case})
    assert answer.status_code == found.status_code == 401
    challenge = answer.headers["www-authenticate"]
    assert 'error="insufficient_user_authentication"' in challenge
    assert 'max_age="600"' in challenge
    assert 'scope="cases.break-glass"' in challenge
    assert answer.json()["reason"] == "step-up"


def test_another_duty_lead_does_not_read_by_it(house: House, duty: Caller):
    opening = opened(duty, house.taken_on())
    other = house.by("duty-lead", account=str(uuid4()), called="Jo Else")
    read(other, opening, status=404)
    other.post(f"{AT}/{opening['id']}/close", status=404)
    moved = house.by("duty-lead", organisation=str(uuid4()))
    read(moved, opening, status=404)
    lost = house.by("duty-lead", roles=("coordinator",))
    read(lost, opening, status=403)


def test_cases_of_other_hubs_are_not_there(house: House, duty: Caller):
    elsewhere = house.refer(by="ehr-2", practice="ZZK05", number=3)
    unrouted = house.refer(a_bundle("4", number=4, code="183452005"))
    ended = house.taken_on(number=5)
    house.worker.post(f"{ended.at}/close", {"outcome": "completed"})
    for referral in (elsewhere, unrouted, ended):
        with house.unchanged():
            opened(duty, referral, status=404)
        assert duty.post(f"{AT}/look-up", {"number": referral.case}) == []
    opened(duty, Referral("", "", {}, str(uuid4()), ""), status=404)
    assert duty.post(f"{AT}/look-up", {"family": "Nobody", "birth_date": "1950-01-01"}) == []


def test_a_case_that_goes_to_another_place_or_ends_is_shut(house: House, duty: Caller):
    gone, ended = house.taken_on(), house.taken_on(number=2)
    opening = opened(duty, gone)
    team = str(house.by("link-worker-2").who.organisation)
    house.worker.post(f"{gone.at}/hand-over", {"team": team, "reason": "cover"}, status=204)
    read(duty, opening, status=404)
    duty.post(f"{AT}/{opening['id']}/close", status=204)
    opening = opened(duty, ended)
    house.worker.post(f"{ended.at}/close", {"outcome": "completed"})
    read(duty, opening, status=404)


def test_a_case_is_found_exactly_and_without_its_person(house: House, duty: Caller):
    person = a_person(1)
    referral = house.taken_on(person=person)
    house.taken_on(number=2)
    family, number = person.family, person.nhs_number
    ways = [
        {"number": referral.case},
        {"number": referral.case[:8].upper()},
        {"number": f"{referral.case[:4]} {referral.case[4:8]}"},
        {"nhs_number": number},
        {"nhs_number": f"{number[:3]} {number[3:6]} {number[6:]}"},
        {"family": family.upper(), "birth_date": person.birth_date.isoformat()},
    ]
    for way in ways:
        (found,) = duty.post(f"{AT}/look-up", way)
        assert found["case"] == referral.case, way
        assert set(found) == {
            "case", "number", "team", "team_name", "team_phone", "practice_name", "created",
        }  # fmt: skip
        assert family not in str(found)
    for near in (
        {"number": referral.case[:7]},
        {"family": family[:-1], "birth_date": person.birth_date.isoformat()},
        {"family": family, "birth_date": "1900-01-01"},
    ):
        assert duty.post(f"{AT}/look-up", near) == [], near


@pytest.mark.parametrize(
    ("path", "body", "element"),
    [
        ("/look-up", {}, ""),
        ("/look-up", {"number": "1", "nhs_number": "9990000018"}, ""),
        ("/look-up", {"family": "Feather"}, ""),
        ("/look-up", {"birth_date": "1950-01-01"}, ""),
        ("/look-up", {"nhs_number": "1234567890"}, "nhs_number"),
        ("/look-up", {"number": "x" * 201}, "number"),
        ("/look-up", {"number": "a\x00"}, "number"),
        ("/look-up", {"family": "F", "birth_date": "31/12/1950"}, "birth_date"),
        ("/look-up", {"number": "1", "more": "x"}, "more"),
        ("", {"reason": "life-at-risk", "words": "x"}, "case"),
        ("", {"case": "1", "reason": "life-at-risk", "words": "x"}, "case"),
        ("", {"case": str(uuid4()), "reason": "because", "words": "x"}, "reason"),
        ("", {"case": str(uuid4()), "reason": "life-at-risk", "words": "  "}, "words"),
        ("", {"case": str(uuid4()), "reason": "life-at-risk", "words": "x\x00"}, "words"),
        ("", {"case": str(uuid4()), "reason": "life-at-risk", "words": "x" * 1001}, "words"),
    ],
)
def test_bad_input_is_refused_by_its_element(house: House, duty: Caller, path, body, element):
    with house.unchanged():
        problem = duty.post(f"{AT}{path}", body, status=422)
    assert element in problem["element"]
    assert "1234567890" not in str(problem)


def test_nobody_finds_out_who_of_many_is_known(house: House, duty: Caller):
    for _ in range(MOST_LOOK_UPS):
        duty.post(f"{AT}/look-up", {"number": "ffffffff"})
    answer = duty.send("POST", f"{AT}/look-up", json={"number": "ffffffff"})
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "3600"
    other = house.by("duty-lead", account=str(uuid4()))
    assert other.post(f"{AT}/look-up", {"number": "ffffffff"}) == []


def test_each_of_it_is_in_the_trail_and_says_that_the_glass_was_broken(house: House, duty: Caller):
    referral = house.taken_on()
    duty.post(f"{AT}/look-up", {"number": referral.case})
    opening = opened(duty, referral)
    read(duty, opening)
    duty.post(f"{AT}/{opening['id']}/close", status=204)
    kinds: dict[str, list[Json]] = {}
    for event in events(house, "outcome=0"):
        purposes = [each["coding"][0]["code"] for each in event.get("purposeOfEvent", [])]
        if purposes:
            validate(event, expected_type="AuditEvent")
            assert purposes == ["BTG"]
            assert event["agent"][0]["purposeOfUse"] == event["purposeOfEvent"]
            assert event["agent"][0]["who"]["identifier"]["value"] == duty.who.account
            assert event["agent"][1]["who"]["reference"] == f"Organization/{HUB}"
            kinds.setdefault(event["subtype"][-1]["code"], []).append(event)
    assert {kind: len(found) for kind, found in kinds.items()} == {
        "break-glass-look-up": 1, "break-glass-opened": 1, "break-glass-read": 3,
        "break-glass-closed": 1,
    }  # fmt: skip
    started, stopped = kinds["break-glass-opened"][0], kinds["break-glass-closed"][0]
    assert (started["type"]["code"], started["subtype"][0]["code"]) == ("110113", "110127")
    assert (stopped["type"]["code"], stopped["subtype"][0]["code"]) == ("110113", "110138")
    assert events(house, "subtype=110127") == [started], "it can be asked for"
    patient = f"Patient/{referral.patient}"
    of_person = events(house, f"patient={patient}&subtype=break-glass-read")
    assert {patient, f"ServiceRequest/{referral.request}", referral.case} <= {
        each for event in of_person for each in entities(event)
    }
    trail = str(house.rows("select a::text from audit_entry a"))
    assert "sister" not in trail


def test_a_read_that_cannot_be_noted_shows_nothing(house: House, duty: Caller):
    opening = opened(duty, house.taken_on())
    house.execute(
        "create function refuse() returns trigger language plpgsql as"
        " $$ begin raise exception 'full'; end $$"
    )
    house.execute(
        "create trigger refuse before insert on audit_entry for each row execute function refuse()"
    )
    answer = duty.send("GET", f"{AT}/{opening['id']}")
    assert answer.status_code == 500
    assert "patient" not in answer.text
    assert house.scalar("select cardinality(reads) from break_glass") == 0


def test_the_team_is_told_at_once_and_sees_who_read_what(house: House, duty: Caller):
    referral = house.taken_on()
    before = len(house.events())
    opening = opened(duty, referral)
    (event,) = house.events(before)
    assert isinstance(event, ReferralOpenedInEmergency)
    assert str(event.case) == referral.case
    assert event.team == TEAM
    assert "sister" not in event.model_dump_json()
    assert duty.who.account not in event.model_dump_json()
    read(duty, opening)
    (told,) = house.worker.get(referral.at)["emergencies"]
    assert (told["opened_by_name"], told["reason"]) == ("Bev Thackray", "life-at-risk")
    assert told["words"] == WORDS
    assert len(told["reads"]) == 1
    (of_hub,) = house.by("coordinator").get(referral.at)["emergencies"]
    assert "words" not in of_hub, "they may tell of the person"
    assert "came" not in of_hub


def test_a_team_lead_looks_at_it_and_the_hub_counts(house: House, duty: Caller, lead: Caller):
    referral = house.taken_on()
    opening = opened(duty, referral)
    hub, foreign = house.by("coordinator"), house.by("coordinator-2")
    for caller, count in ((hub, 1), (lead, 1), (house.worker, 1), (foreign, 0)):
        assert caller.get("/referrals/caseload")["emergencies"] == count
        assert len(caller.get(AT, params={"to_look_at": True})) == count
    (row,) = hub.get(AT)
    assert "words" not in row
    assert row["team_name"]
    assert lead.get(AT)[0]["words"] == WORDS
    assert duty.get(AT)[0]["words"] == WORDS
    assert house.provider.get(AT) == []

    look = f"{AT}/{opening['id']}/look"
    found = {"found": "question", "came": "We talk on Monday."}
    for caller, status in (
        (house.worker, 403),
        (hub, 404),
        (house.by("link-worker-2", roles=("link-worker", "team-lead")), 404),
        (house.provider, 404),
        (duty, 403),
        # Who opened it, acting as a lead of the team in another of their roles.
        (house.by("link-worker", roles=lead.who.roles, account=duty.who.account), 403),
    ):
        with house.unchanged():
            caller.post(look, found, status=status)
    lead.post(look, {"found": "fine"}, status=422)
    lead.post(f"{AT}/{uuid4()}/look", found, status=404)
    lead.post(look, found, status=204)
    lead.post(look, found, status=409)
    assert lead.get(AT, params={"to_look_at": True}) == []
    assert hub.get("/referrals/caseload")["emergencies"] == 0
    (told,) = duty.get(AT)
    assert (told["found"], told["looked_by_name"]) == ("question", "Tom Ackroyd")
    assert told["came"] == "We talk on Monday."


def test_the_list_goes_on_where_it_stopped(house: House, duty: Caller, lead: Caller):
    made = []
    for number in (1, 2, 3):
        made.append(opened(duty, house.taken_on(number=number))["id"])
        duty.post(f"{AT}/{made[-1]}/close", status=204)
    first = lead.get(AT, params={"count": 2})
    rest = lead.get(AT, params={"count": 2, "after": first[-1]["id"]})
    assert [each["id"] for each in [*first, *rest]] == made[::-1]
    assert lead.get(AT, params={"after": str(uuid4())}, status=422)["element"] == "after"


def test_what_its_sender_keeps_from_the_team_is_kept_here_too(house: House, duty: Caller):
    bundle = a_bundle()
    referral = house.refer(bundle)
    house.worker.post(f"{referral.at}/accept")
    label = [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]
    house.ehr.patch(
        f"/fhir/Patient/{referral.patient}",
        {"op": "add", "path": "/meta/security", "value": label},
    )
    assert read(duty, opened(duty, referral))["patient"]["name"]
    house.execute(
        "delete from document_reader r using document d where d.pk = r.pk"
        " and d.type = 'Patient' and d.id = :id and r.party = :team",
        id=referral.patient,
        team=str(TEAM),
    )
    (opening,) = duty.get(AT)
    assert read(duty, opening)["patient"] is None


def test_a_provider_has_no_part_in_it(house: House, duty: Caller):
    referral, _ = house.accepted()
    opened(duty, referral)
    assert house.provider.get(AT) == []


def test_every_reason_can_be_said(house: House, duty: Caller):
    referral = house.taken_on()
    for reason in REASONS:
        opening = opened(duty, referral, reason=reason)
        assert opening["reason"] == reason
        duty.post(f"{AT}/{opening['id']}/close", status=204)


def test_whoever_wants_no_team_to_hear_of_them_is_not_found(house: House, duty: Caller):
    """Who came to a provider by themselves, and said so (care 22): nobody else reads that."""
    house.by("provider").post("/referrals/walk-ins", came(tell_team=False), status=201)
    case = house.scalar("select id from referral_case")
    house.execute("update person set birth_date = '1950-01-01'")
    assert duty.post(f"{AT}/look-up", {"number": str(case)}) == []
    by_name = {"family": "Feather", "birth_date": "1950-01-01"}
    assert duty.post(f"{AT}/look-up", by_name) == []
    opened(duty, Referral("", "", {}, str(case), ""), status=404)


def test_a_restricted_record_is_read_as_its_team_reads_it_with_the_stop_first(
    house: House, duty: Caller
):
    """It is for emergencies of those who hide that somebody must see where they are (care 12)."""
    referral = house.taken_on()
    house.worker.put(f"{referral.at}/person/stops/restricted", {"stands": True})
    shown = read(duty, opened(duty, referral))
    assert shown["stops"] == ["restricted"]
    assert shown["patient"]["name"]


def test_of_two_at_once_one_opens(house: House, duty: Caller):
    first, second = house.taken_on(), house.taken_on(number=2)

    def open_one(referral: Referral) -> int:
        body = {"case": referral.case, "reason": "life-at-risk", "words": WORDS}
        return duty.send("POST", AT, json=body).status_code

    with ThreadPoolExecutor(2) as pool:
        answers = sorted(pool.map(open_one, (first, second)))
    assert answers == [201, 409]
    assert house.scalar("select count(*) from break_glass") == 1


def test_an_erasure_leaves_who_read_it_and_no_words(house: House, duty: Caller, lead: Caller):
    referral = house.taken_on()
    opening = opened(duty, referral)
    read(duty, opening)
    lead.post(f"{AT}/{opening['id']}/look", {"found": "right", "came": "Kath is well."}, status=204)
    person = house.scalar("select person from referral_case")
    erase(house.desk, person, by="test", reason="person-asked", even_if_open=True)
    kept = house.row("select words, came, account, cardinality(reads) from break_glass")
    assert kept == ("", "", duty.who.account, 1)
    read(duty, opening, status=404)


def test_of_whoever_was_erased_a_lead_says_what_they_find_and_no_words(
    house: House, duty: Caller, lead: Caller
):
    opening = opened(duty, house.taken_on())
    person = house.scalar("select person from referral_case")
    erase(house.desk, person, by="test", reason="person-asked", even_if_open=True)
    at = f"{AT}/{opening['id']}/look"
    problem = lead.post(at, {"found": "right", "came": "Kath is well."}, status=409)
    assert problem["element"] == "came"
    assert house.row("select came, looked from break_glass") == ("", None)
    lead.post(at, {"found": "right"}, status=204)
    assert house.row("select came, found from break_glass") == ("", "right")
