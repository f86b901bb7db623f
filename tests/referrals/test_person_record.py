"""What a link worker records of a person: for who cares only, with its history, heeded at once."""

import ast
from pathlib import Path

import pytest
from pydantic import ValidationError

import services.referrals
from services.referrals.record import safest
from tests.infrastructure.postgres import NewDatabase
from tests.referrals.house import (
    SERVICE_2,
    House,
    Json,
    Referral,
    a_bundle,
    a_person,
    house_at,
    prepare,
    settings_for,
    wish,
)
from tests.referrals.records import contact


def record(house: House, referral: Referral) -> Json:
    found: Json = house.worker.get(f"{referral.at}/person")
    return found


def test_a_new_record_says_what_the_gp_sent_and_nothing_else(house: House):
    referral = house.refer(a_bundle(person=a_person(1, ethnic_category="J", gender="female")))
    found = record(house, referral)
    assert (found["stops"], found["contacts"], found["access_needs"]) == ([], [], [])
    assert [
        (each["characteristic"], each["value"], each["source"]) for each in found["equality"]
    ] == [("ethnic-category", "J", "gp-record"), ("gender", "female", "gp-record")]
    assert found["consents"] == {"lawful_basis": {}, "sharing": [], "wider": []}


def test_safe_contact_is_kept_per_channel_and_in_every_version(house: House):
    referral = house.refer()
    path = f"{referral.at}/person/contacts"
    first = contact(times="after 4", words="say it is the library", keep_from="whoever answers")
    house.worker.put(f"{path}/phone", first)
    house.worker.put(f"{path}/email", {"safe": "no"})
    found = house.worker.put(f"{path}/phone", contact(value="07700 900333"))
    assert [(each["channel"], each["safe"]) for each in found["contacts"]] == [
        ("email", "no"), ("phone", "yes"),
    ]  # fmt: skip
    assert found["contacts"][1]["said"][0]["value"] == "07700 900333"
    assert house.rows("select version from safe_contact where channel = 'phone'") == [(1,), (2,)]
    newest, _, oldest = house.worker.get(f"{referral.at}/person/changes")
    assert (newest["about"], newest["version"]) == ("contact/phone", 4)
    assert oldest["content"] == {"voicemail": False} | first
    assert oldest["recorded_by"] == "demo-link-worker"
    page = house.worker.get(f"{referral.at}/person/changes?before={newest['number']}&count=1")
    assert [each["about"] for each in page] == ["contact/email"]


def test_what_nobody_said_of_a_channel_is_unknown(house: House):
    referral = house.refer()
    found = house.worker.put(f"{referral.at}/person/contacts/text", {"value": "07700 900222"})
    assert found["contacts"][0]["safe"] == "unknown"
    assert [safest(each) for each in (["yes", "unknown"], ["yes", "no"], [])] == [
        "unknown", "no", "unknown",
    ]  # fmt: skip


def test_what_an_ehr_sends_never_overwrites_a_safe_contact(house: House):
    referral = house.refer()
    house.worker.put(f"{referral.at}/person/contacts/phone", contact())
    before = record(house, referral)
    sent = house.ehr.get(f"/fhir/Patient/{referral.patient}")
    telecom = [{"system": "phone", "value": "01632 960000"}]
    house.ehr.put(f"/fhir/Patient/{referral.patient}", sent | {"telecom": telecom})
    house.refer(a_bundle())
    assert record(house, referral) == before
    now = house.ehr.get(f"/fhir/Patient/{referral.patient}")
    assert now["telecom"] == telecom, "nor does what is recorded overwrite what an EHR sent"


def test_not_asked_is_not_prefers_not_to_say_and_neither_hides_the_gps(house: House):
    referral = house.refer(a_bundle(person=a_person(1, ethnic_category="J", gender="female")))
    path = f"{referral.at}/person/equality"
    for characteristic, value in (
        ("ethnic-category", "prefers-not-to-say"), ("religion", None), ("disability", "none"),
    ):  # fmt: skip
        house.worker.put(f"{path}/{characteristic}", {"value": value})
    equality = record(house, referral)["equality"]
    said = {(each["characteristic"], each["source"]): each["value"] for each in equality}
    assert said == {
        ("disability", "self-stated"): "none",
        ("ethnic-category", "gp-record"): "J",
        ("ethnic-category", "self-stated"): "prefers-not-to-say",
        ("gender", "gp-record"): "female",
        ("religion", "self-stated"): None,
    }
    house.worker.put(f"{path}/ethnic-category", {"value": "M"})
    changes = house.worker.get(f"{referral.at}/person/changes")
    assert [each["content"]["value"] for each in changes if "ethnic" in each["about"]] == [
        "M", "prefers-not-to-say",
    ]  # fmt: skip


def test_equality_data_is_read_by_its_own_page_alone():
    """Never in linking, matching or a decision about one person (care 8)."""
    root = Path(services.referrals.__file__).parents[1]
    users = {
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Name | ast.Attribute)
        and getattr(node, "id", getattr(node, "attr", "")) == "EqualityCharacteristic"
    }
    assert users == {
        "referrals/handlers/people.py",  # writes down what the GP's record says
        "referrals/handlers/recording.py",  # writes down what the person says
        "referrals/record_views.py",  # shows it to who cares
        "referrals/subject/holdings.py",  # exports it to the person, and erases it
    }
    people = (root / "referrals/handlers/people.py").read_text("utf-8")
    assert "select(EqualityCharacteristic" not in people


def test_access_needs_are_kept_until_they_end(house: House):
    referral = house.refer()
    path = f"{referral.at}/person/access-needs"
    need = {"code": "interpreter", "detail": "Urdu", "source": "carer"}
    (kept,) = house.worker.post(path, need, status=201)["access_needs"]
    assert {name: kept[name] for name in need} == need
    assert house.worker.post(f"{path}/{kept['id']}/end")["access_needs"] == []
    assert house.scalar("select ended_by from access_need") == "demo-link-worker"
    with house.unchanged():
        house.worker.post(f"{path}/{kept['id']}/end", status=409)


def test_refusing_a_wider_consent_changes_nothing_in_care(house: House):
    referral = house.taken_on()
    path = f"{referral.at}/person/consents"
    for given in (True, False):
        body = {"purpose": "research", "given": given, "how": "on the phone"}
        house.worker.post(path, body, status=201)
    found = record(house, referral)["consents"]["wider"]
    assert [(each["purpose"], each["given"]) for each in found] == [("research", False)]
    assert house.scalar("select count(*) from wider_consent") == 2
    task = house.ask(referral)
    house.answer(task, "accept")
    patient = house.scalar("select patient from onward_request where task = :t", t=task)
    assert house.provider.get(f"/fhir/Patient/{patient}")["name"]
    (sharing,) = record(house, referral)["consents"]["sharing"]
    assert (sharing["items"], sharing["withdrawn"]) == (["name", "phone"], None)
    assert "Feather" not in str(sharing), "the kinds of consent are kept apart; no values here"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("contacts/pigeon", {"safe": "yes"}),
        ("contacts/phone", {"safe": "perhaps"}),
        ("contacts/phone", {"safe": "yes", "shoe_size": 5}),
        ("contacts/phone", {"value": "x" * 201}),
        ("equality/star-sign", {"value": "leo"}),
        ("equality/religion", {}),
        ("equality/religion", {"value": "what the person said, at length"}),
        ("stops/asleep", {"stands": True}),
        ("stops/died", {}),
        ("stops/died", {"stands": "no"}),
        ("stops/died", {"stands": 1}),
        ("contacts/phone", {"voicemail": "on"}),
    ],
)
def test_what_is_not_declared_is_refused_and_nothing_kept(house: House, path: str, body: Json):
    referral = house.refer()
    with house.unchanged():
        problem = house.worker.put(f"{referral.at}/person/{path}", body, status=422)
    assert problem["element"].split(".")[0] in {"body", "path"}
    assert house.scalar("select count(*) from person_change") == 0


def test_it_is_for_the_team_that_cares_and_for_nobody_else(house: House):
    referral, task = house.accepted()
    assert record(house, referral)
    strangers = [
        house.by(name, scopes=("cases", "system/*.cruds"))
        for name in ("link-worker-2", "coordinator", "provider", "ehr", "ehr-2", "fhir-client")
    ]
    strangers.append(house.by("coordinator", organisation=house.worker.who.organisation))
    with house.unchanged():
        for who in strangers:
            at = f"{referral.at}/person"
            for path in (at, f"{at}/changes"):
                who.get(path, status=404)
            who.put(f"{at}/contacts/phone", contact(), status=404)
            who.put(f"{at}/equality/religion", {"value": None}, status=404)
            who.put(f"{at}/stops/died", {"stands": True}, status=404)
            who.post(f"{at}/access-needs", {"code": "x"}, status=404)
            who.post(f"{at}/consents", {"purpose": "research", "given": True}, status=404)
    house.by("link-worker", scopes=("system/*.cruds",)).get(f"{referral.at}/person", status=403)
    assert house.http.get(f"{referral.at}/person").status_code == 401
    assert task


def test_after_its_case_a_team_may_say_that_the_person_died_and_read_nothing(house: House):
    referral = house.taken_on()
    house.worker.post(f"{referral.at}/close", {"outcome": "nothing-fits"})
    for path in ("", "/changes"):
        house.worker.get(f"{referral.at}/person{path}", status=404)
    house.worker.put(f"{referral.at}/person/contacts/phone", contact(), status=404)
    path = f"{referral.at}/person/stops/died"
    assert house.worker.put(path, {"stands": True}) == {"stops": ["died"]}
    house.worker.put(path, {"stands": False}, status=404)


def test_whoever_was_sent_without_a_patient_has_a_record_to_be_filled(house: House):
    bundle = a_bundle(practice="ZZK01")
    request = bundle["entry"][4]["resource"] | {
        "subject": {"display": "somebody"},
        "requester": {
            "identifier": {
                "system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "ZZK01",
            }
        },
    }  # fmt: skip
    house.ehr.post("/fhir/ServiceRequest", request)
    case = house.scalar("select id from referral_case")
    team = house.worker.who.organisation
    house.by("coordinator").post(f"/referrals/cases/{case}/route", {"team": team})
    at = f"/referrals/cases/{case}/person"
    assert house.worker.get(at)["contacts"] == []
    house.worker.put(f"{at}/contacts/phone", {"value": "07700 900123", "safe": "yes"})
    (phone,) = house.worker.get(at)["contacts"]
    assert phone["channel"] == "phone"


# --- what stops everything ----------------------------------------------------------------------


def provider_texts(house: House, task: str) -> str:
    """All that the second provider reads of one request."""
    provider = house.by("provider-2")
    request, patient = house.row(
        "select t.service_request, o.patient from case_task t"
        " join onward_request o on o.task = t.id where t.id = :task",
        task=task,
    )
    paths = [f"/referrals/requests/{task}"]
    for at in (f"/fhir/Patient/{patient}", f"/fhir/ServiceRequest/{request}", f"/fhir/Task/{task}"):
        paths += [at, f"{at}/_history", f"{at}/_history/1", f"{at}/_history/2"]
    answers = [provider.send("GET", path).text for path in paths]
    answers.append(provider.send("POST", f"/referrals/requests/{task}/identity").text)
    return "\n".join(answers)


ALL_SHARED = {
    "name": "Kath Feather", "phone": "07700 900111", "email": "kath@home.example",
    "address": "3 Tenter Croft", "carer": "Brian",
}  # fmt: skip
HIDDEN = {
    "died": {"Kath", "07700", "kath@", "Tenter", "Brian"},
    "restricted": {"Kath", "07700", "kath@", "Tenter", "Brian", "Saltaire"},
    "do-not-contact": {"07700", "kath@", "Tenter", "Saltaire"},
}
"""What a provider no longer finds; the listing's own name has no 'Saltaire' in it here."""


@pytest.mark.parametrize("stop", sorted(HIDDEN))
def test_a_stop_takes_out_at_once_what_a_provider_was_shown(house: House, stop: str):
    referral, task = house.asked(SERVICE_2, share=ALL_SHARED)
    house.answer(task, "accept", by="provider-2")
    words = set.union(*HIDDEN.values())
    before = provider_texts(house, task)
    assert {each for each in words if each in before} == words
    house.worker.put(f"{referral.at}/person/stops/{stop}", {"stands": True, "told_by": "her GP"})
    after = provider_texts(house, task)
    assert {each for each in words if each in after} == words - HIDDEN[stop]
    assert house.worker.get(referral.at)["stops"] == [stop]
    house.worker.put(f"{referral.at}/person/stops/{stop}", {"stands": False})
    again = provider_texts(house, task)
    assert {each for each in words if each in again} == words
    said, lifted = reversed(house.worker.get(f"{referral.at}/person/changes"))
    assert said["content"] == {"stands": True, "told_by": "her GP"}
    assert lifted["content"]["stands"] is False


@pytest.mark.parametrize("stop", ["died", "restricted", "do-not-contact"])
def test_a_stop_said_before_asking_hides_from_the_first_version_on(house: House, stop: str):
    referral = house.taken_on()
    house.worker.put(f"{referral.at}/person/stops/{stop}", {"stands": True})
    if stop == "died":
        with house.unchanged():
            problem = house.worker.post(f"{referral.at}/requests", wish(), status=409)
        assert "died" in problem["detail"]
        return
    task = house.ask(referral, SERVICE_2, share=ALL_SHARED)
    house.answer(task, "accept", by="provider-2")
    text = provider_texts(house, task)
    assert [each for each in HIDDEN[stop] if each in text] == []


@pytest.mark.parametrize("decision", ["accept", "waiting-list"])
def test_who_was_asked_before_is_not_invited_after_a_death(house: House, decision: str):
    referral, task = house.asked()
    house.worker.put(f"{referral.at}/person/stops/died", {"stands": True})
    view = house.provider.get(f"/referrals/requests/{task}")
    assert view["answerable"] is False
    assert {"accept", "waiting-list"}.isdisjoint(view["possible"])
    with house.unchanged():
        problem = house.answer(task, decision, status=409)
    assert "No place is needed" in problem["detail"]
    assert "died" not in problem["detail"], "the provider never knew who it was"
    house.worker.put(f"{referral.at}/person/stops/died", {"stands": False})
    assert house.provider.get(f"/referrals/requests/{task}")["answerable"] is True
    house.answer(task, decision)


def test_a_place_that_nobody_needs_any_more_may_still_be_declined(house: House):
    referral, task = house.asked()
    house.worker.put(f"{referral.at}/person/stops/died", {"stands": True})
    house.answer(task, "decline", reason="full")
    assert house.state(task) == "rejected/provider-declined"


def test_every_case_of_the_person_heeds_it_and_each_is_told_once(house: House):
    mine, task = house.accepted()
    theirs = house.refer(a_bundle(person=a_person(1, "ZZK05", verified=True)), by="ehr-2")
    again = house.refer(a_bundle(person=a_person(1, "ZZK03", verified=True)))
    assert house.scalar("select count(distinct person) from referral_case") == 1
    told = len(house.told())
    other = house.by("link-worker-2")
    other.put(f"{again.at}/person/stops/restricted", {"stands": True})
    with house.unchanged():
        other.put(f"{again.at}/person/stops/restricted", {"stands": True})
    events = house.events(told)
    assert [each.type for each in events] == ["kersey.person.restricted.v1"] * 3
    assert {each.subject for each in events} == {
        f"case/{each.case}" for each in (mine, theirs, again)
    }
    house.provider.post(f"/referrals/requests/{task}/identity", status=409)
    versions = house.rows("select subject, count(distinct envelope::json->>'sequence') = count(*)"
                          " from outbox group by 1")  # fmt: skip
    assert all(distinct for _, distinct in versions)


def test_a_case_that_comes_later_hears_of_what_stands(house: House):
    referral = house.refer(a_bundle(person=a_person(1, verified=True)))
    house.worker.put(f"{referral.at}/person/stops/do-not-contact", {"stands": True})
    told = len(house.told())
    later = house.refer(a_bundle(person=a_person(1, "ZZK05", verified=True)), by="ehr-2")
    assert "person.do-not-contact" in house.told(told)
    events = [each for each in house.events(told) if "person" in each.type]
    assert [each.subject for each in events] == [f"case/{later.case}"]


def test_no_word_of_a_record_is_in_an_event_or_in_the_trail(house: House):
    referral, _ = house.accepted()
    path = f"{referral.at}/person"
    house.worker.put(f"{path}/contacts/phone", contact(value="zq1", words="zq2", keep_from="zq3"))
    house.worker.put(f"{path}/equality/religion", {"value": "zq4"})
    house.worker.post(f"{path}/access-needs", {"code": "zq5", "detail": "zq6"})
    house.worker.post(f"{path}/consents", {"purpose": "stories", "given": True, "how": "zq7"})
    house.worker.put(f"{path}/stops/died", {"stands": True, "told_by": "zq8"})
    texts = [row for (row,) in house.rows("select envelope from outbox")]
    texts += [row for (row,) in house.rows("select audit_entry::text from audit_entry")]
    texts += [row for (row,) in house.rows("select body from document_version")]
    assert [text for text in texts if "zq" in text] == []
    trail = house.rows("select action from audit_entry where record ~ '^person/' order by position")
    assert [action for (action,) in trail] == [
        "record-contact", "record-equality", "record-access-need", "record-consent", "died-said",
    ]  # fmt: skip


def test_the_lawful_basis_is_the_deployments_and_shown(database: NewDatabase):
    basis = {"referral": "public task; the practice is controller"}
    with house_at(database("referrals", prepare), lawful_basis=basis) as house:
        assert record(house, house.refer())["consents"]["lawful_basis"] == basis
    with pytest.raises(ValidationError):
        settings_for("postgresql://unused/unused", lawful_basis={"gossip": "none"})
