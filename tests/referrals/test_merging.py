"""Two records that are one person: both sides agree, nobody is shown more, and it can be undone."""

from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest

from services.referrals.casefile import NoSuchCase
from services.referrals.handlers.merging import accept
from services.referrals.persons import records_of
from shared.auth import Principal
from shared.fhir.bundle import WriteEntry
from shared.messaging.events import PersonMerged, PersonUnmerged
from tests.referrals.house import SERVICE_2, TEAM, Caller, House, a_bundle, a_person, wish
from tests.referrals.prying import documents
from tests.referrals.racing import at_once
from tests.referrals.records import (
    BRADFORD,
    KIRKLEES,
    contact,
    other_coordinator,
    two_records,
    whose,
)
from tests.referrals.test_interleaving import about, meanwhile

pytestmark = pytest.mark.slow

Call = Callable[[], httpx.Response]


def test_a_proposal_is_shown_to_those_whose_cases_it_concerns_and_nobody_else(house: House):
    two = two_records(house)
    for who, case in (
        (two.we, two.ours), (house.by("coordinator"), two.ours),
        (two.they, two.theirs), (other_coordinator(house), two.theirs),
    ):  # fmt: skip
        (shown,) = who.get("/referrals/proposals")
        assert [each for side in shown["sides"] for each in side["cases"]] == [case.case]
        assert [each for side in shown["sides"] for each in side["patients"]] == [case.patient]
    provider = house.by("provider", scopes=("cases",))
    sender = house.by("ehr", scopes=("cases",))
    for stranger in (provider, sender, house.by("link-worker", organisation=str(SERVICE_2))):
        assert stranger.get("/referrals/proposals") == []
        with house.unchanged():
            for step in ("accept", "reject"):
                stranger.post(f"{two.proposal}/{step}", status=404)


def test_it_says_which_signs_agree_and_not_what_the_other_record_says(house: House):
    two = two_records(house, family="Quarmby-Elsewhere")
    answer = two.we.send("GET", "/referrals/proposals")
    assert answer.json()[0]["same"] == {
        "nhs-number": "same", "family": "different", "birth-date": "same",
    }  # fmt: skip
    number = house.scalar("select distinct nhs_number from person")
    for secret in ("quarmby", number, two.theirs.case, two.theirs.patient):
        assert secret not in answer.text.casefold()


def test_both_sides_must_agree_before_anything_is_moved(house: House):
    two = two_records(house)
    before = whose(house)
    waiting = two.we.post(f"{two.proposal}/accept")
    assert waiting["decision"] is None
    assert sorted((side["agreed"], bool(side["cases"])) for side in waiting["sides"]) == [
        (False, False), (True, True),
    ]  # fmt: skip
    assert whose(house) == before
    assert two.they.post(f"{two.proposal}/accept")["decision"] == "accepted"
    assert two.person(two.ours) == two.person(two.theirs)
    assert house.rows("select distinct person from patient_link") == [(two.person(two.ours),)]
    assert two.we.get("/referrals/proposals") == []


def test_who_stands_for_both_sides_decides_at_once(house: House):
    two = two_records(house, place="ZZK02")
    assert two.we.post(f"{two.proposal}/accept")["decision"] == "accepted"


def test_a_record_that_nobody_cares_for_needs_nobodys_agreement(house: House):
    house.refer(a_bundle(person=a_person(1, BRADFORD, verified=True)))
    patient = a_bundle(person=a_person(1, KIRKLEES, verified=False))["entry"][0]["resource"]
    house.by("ehr-2").post("/fhir/Patient", patient)
    (shown,) = house.worker.get("/referrals/proposals")
    assert house.worker.post(f"/referrals/proposals/{shown['id']}/accept")["decision"] == "accepted"


def test_proposals_are_paged_from_ones_own_only(house: House):
    two = two_records(house)
    own = two.proposal.rpartition("/")[2]
    assert two.we.get("/referrals/proposals", params={"after": own}) == []
    two.we.post(f"{two.proposal}/reject", status=204)
    assert two.we.get("/referrals/proposals", params={"after": own}) == []
    said = [
        house.by(name).get("/referrals/proposals", params={"after": each}, status=422)
        for name in ("link-worker-2", "coordinator-2")
        for each in (own, str(uuid4()))
    ]
    assert all(each == said[0] for each in said), "nobody learns of another's"
    assert said[0]["element"] == "after"


def test_one_side_alone_can_find_that_they_are_two(house: House):
    two = two_records(house)
    two.we.post(f"{two.proposal}/accept")
    two.they.post(f"{two.proposal}/reject", status=204)
    with house.unchanged():
        two.we.post(f"{two.proposal}/accept", status=409)
        two.we.post(f"{two.proposal}/reject", status=409)
    assert two.person(two.ours) != two.person(two.theirs)
    assert two.we.get("/referrals/proposals") == []


def test_a_restricted_record_is_proposed_to_those_who_care_for_both_only(house: House):
    # Else a name and a date of birth would tell that somebody lives elsewhere now (care 12).
    two = two_records(house)
    two.they.put(f"{two.theirs.at}/person/stops/restricted", {"stands": True})
    for each in (two.we, two.they, house.by("coordinator")):
        assert each.get("/referrals/proposals") == []
        each.post(f"{two.proposal}/accept", status=404)


def test_two_verified_numbers_are_not_merged(house: House):
    two = two_records(house, verified=True, nhs_number=a_person(2).nhs_number)
    with house.unchanged():
        problem = two.we.post(f"{two.proposal}/accept", status=422)
    assert "traced" in problem["detail"]


def test_the_verified_record_survives_with_all_that_is_the_persons(house: House):
    first = house.refer(a_bundle(person=a_person(1, BRADFORD, verified=False)))
    second = house.refer(a_bundle(person=a_person(1, "ZZK02", verified=True)))
    survivor = house.scalar("select id from person where nhs_verified")
    (shown,) = house.worker.get("/referrals/proposals")
    house.worker.post(f"/referrals/proposals/{shown['id']}/accept")
    for table in ("referral_case", "patient_link"):
        assert house.rows(f"select distinct person from {table}") == [(survivor,)]
    for table in ("document", "document_version"):
        found = f"select distinct person from {table} where person is not null"
        assert house.rows(found) == [(survivor,)]
    merged = house.scalar("select id from person where merged_into is not null")
    with house.desk.work() as uow:
        assert set(records_of(uow.session, [survivor])) == {survivor, merged}
    assert first.case != second.case, "cases stay two: each is one sender's referral"


def test_it_is_an_event_for_each_record_and_is_in_the_trail(house: House):
    two = two_records(house)
    told = len(house.told())
    two.become_one()
    survivor = two.person(two.ours)
    events = house.events(told)
    assert all(isinstance(each, PersonMerged) and each.to_person == survivor for each in events)
    assert {each.subject for each in events} == {
        f"person/{key}" for (key,) in house.rows("select id from person")
    }
    two.they.post(f"{two.merge}/undo", status=204)
    events = house.events(told + 2)
    assert [type(each) for each in events] == [PersonUnmerged] * 2
    trail = house.rows(
        "select action, subject from audit_entry where record ~ '^(merge|proposal)/'"
        " order by position"
    )
    assert trail == [
        ("merge-agreed", "demo-link-worker"), ("merge-agreed", "worker-3"),
        ("merged", "worker-3"), ("merged", "worker-3"),
        ("unmerged", "worker-3"), ("unmerged", "worker-3"),
    ]  # fmt: skip


def test_a_merge_shows_nobody_a_document_that_they_did_not_read_before(house: House):
    two = two_records(house)
    two.we.post(f"{two.ours.at}/accept")
    two.we.post(f"{two.ours.at}/requests", wish())
    everything = ("system/*.cruds", "cases")
    curious = [
        house.by(name, scopes=everything)
        for name in ("ehr", "ehr-2", "provider", "provider-2", "link-worker")
    ]
    readers = whose(house)["readers"]
    before = [seen(house, who) for who in curious]
    two.become_one()
    assert whose(house)["readers"] == readers
    assert [seen(house, who) for who in curious] == before
    for who in curious[:4]:
        for path in (two.ours.at, f"{two.ours.at}/person", f"{two.theirs.at}/person/changes"):
            assert who.send("GET", path).status_code == 404
        assert who.get("/referrals/proposals") == []


def seen(house: House, who: Caller) -> list[object]:
    """What a client can read of every document, and how many it is told that there are."""
    kinds = {kind for kind, _ in documents(house)}
    totals = [who.get(f"/fhir/{kind}?_total=accurate")["total"] for kind in sorted(kinds)]
    paths = [f"/fhir/{kind}/{key}" for kind, key in documents(house)]
    return [*totals, *(who.send("GET", path).text for path in paths)]


def test_undoing_restores_every_link_key_and_reader(house: House):
    two = two_records(house)
    two.we.post(f"{two.ours.at}/accept")
    task = two.we.post(f"{two.ours.at}/requests", wish())["task"]
    house.answer(task, "accept")
    before = whose(house)
    two.become_one()
    assert whose(house) != before
    two.we.post(f"{two.merge}/undo", status=204)
    assert whose(house) == before
    with house.unchanged():
        two.we.post(f"{two.merge}/undo", status=409)
        two.we.post(f"{two.proposal}/accept", status=409)


def test_what_came_since_about_a_patient_goes_back_with_the_patient(house: House):
    two = two_records(house)
    own = two.person(two.theirs)
    two.become_one()
    one = two.person(two.ours)
    merged = house.scalar("select merged from person_merge")
    referral = two.theirs if own == merged else two.ours
    team, ehr = (two.they, "ehr-2") if own == merged else (two.we, "ehr")
    practice = KIRKLEES if own == merged else BRADFORD
    bundle = a_bundle(practice=practice)
    again = bundle["entry"][4]["resource"] | {
        "subject": {"reference": f"Patient/{referral.patient}"},
        "requester": {
            "identifier": {
                "system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": practice,
            }
        },
    }  # fmt: skip
    request = house.by(ehr).post("/fhir/ServiceRequest", again)["id"]
    case = house.scalar("select id from referral_case where service_request = :r", r=request)
    observation = {
        "resourceType": "Observation", "status": "final", "code": {"text": "x"},
        "subject": {"reference": f"Patient/{referral.patient}"},
    }  # fmt: skip
    observed = house.by(ehr).post("/fhir/Observation", observation)["id"]
    team.post(f"/referrals/cases/{case}/accept")
    asked = team.post(f"/referrals/cases/{case}/requests", wish())["task"]
    assert house.scalar("select person from referral_case where id = :c", c=case) == one
    team.post(f"{two.merge}/undo", status=204)
    assert house.scalar("select person from referral_case where id = :c", c=case) == merged
    assert house.scalar("select person from agreement where task = :t", t=asked) == merged
    for key in (request, observed, asked):
        for table in ("document", "document_version"):
            found = f"select distinct t.person from {table} t join document d on d.pk = t.pk"
            assert house.rows(f"{found} where d.id = :id", id=key) == [(merged,)], (table, key)
    wrong = house.rows(
        "select c.id from referral_case c join patient_link l on l.patient = c.patient"
        " where l.person != c.person"
    )
    assert wrong == []


def test_merges_are_undone_last_first(house: House):
    two = two_records(house, place="ZZK02")
    house.refer(a_bundle(person=a_person(1, "ZZK02", verified=False, family="Quarmby")))
    before = whose(house)
    for _ in range(3):
        for shown in two.we.get("/referrals/proposals"):
            if shown["decision"] is None:
                two.we.send("POST", f"/referrals/proposals/{shown['id']}/accept")
    assert house.scalar("select count(distinct person) from patient_link") == 1
    assert two.we.get("/referrals/proposals") == [], "settled by another way"
    merges = house.rows("select id from person_merge order by made desc")
    assert len(merges) == 2
    for (merge,) in merges:
        two.we.post(f"/referrals/merges/{merge}/undo", status=204)
    assert whose(house) == before


def test_only_who_stands_for_a_case_of_the_person_undoes_it(house: House):
    two = two_records(house)
    two.become_one()
    with house.unchanged():
        for name in ("provider", "ehr", "ehr-2", "fhir-client"):
            house.by(name, scopes=("cases",)).post(f"{two.merge}/undo", status=404)
    other_coordinator(house).post(f"{two.merge}/undo", status=204)


@pytest.mark.parametrize("stop", ["died", "restricted", "do-not-contact"])
def test_a_stop_of_either_record_holds_in_every_case_and_goes_with_its_record(
    house: House, stop: str
):
    two = two_records(house, place="ZZK02")
    two.we.post(f"{two.ours.at}/accept")
    task = two.we.post(f"{two.ours.at}/requests", wish())["task"]
    house.answer(task, "accept")
    patient = house.scalar("select patient from onward_request where task = :t", t=task)
    two.we.put(f"{two.theirs.at}/person/stops/{stop}", {"stands": True})
    assert "07700" in house.provider.send("GET", f"/fhir/Patient/{patient}").text
    before, told = whose(house)["persons"], len(house.told())
    two.we.post(f"{two.proposal}/accept")
    assert two.we.get(two.ours.at)["stops"] == [stop]
    assert "07700" not in house.provider.send("GET", f"/fhir/Patient/{patient}").text
    assert house.told(told)[0] == f"person.{stop}", "the case that did not know hears of it"
    two.we.post(f"{two.merge}/undo", status=204)
    assert whose(house)["persons"] == before
    assert "07700" in house.provider.send("GET", f"/fhir/Patient/{patient}").text
    assert "person.stop-lifted" in house.told(told)


def test_what_was_said_while_they_were_one_stays_with_both(house: House):
    two = two_records(house)
    house.execute("update person set legal_hold = true where not nhs_verified")
    two.become_one()
    assert house.scalar("select bool_and(legal_hold) from person")
    two.we.put(f"{two.ours.at}/person/stops/died", {"stands": True})
    two.we.post(f"{two.merge}/undo", status=204)
    assert house.rows("select died, legal_hold from person order by nhs_verified") == [
        (True, True), (True, False),
    ]  # fmt: skip
    assert two.they.get(two.theirs.at)["stops"] == ["died"]


def test_lifting_a_stop_while_they_were_one_does_not_reach_back(house: House):
    two = two_records(house)
    two.they.put(f"{two.theirs.at}/person/stops/do-not-contact", {"stands": True})
    two.become_one()
    two.we.put(f"{two.ours.at}/person/stops/do-not-contact", {"stands": False})
    assert two.they.get(two.theirs.at)["stops"] == []
    two.we.post(f"{two.merge}/undo", status=204)
    assert two.they.get(two.theirs.at)["stops"] == ["do-not-contact"]
    assert two.we.get(two.ours.at)["stops"] == []


def test_the_safest_contact_counts_until_somebody_asks_again(house: House):
    two = two_records(house)
    two.we.put(f"{two.ours.at}/person/contacts/phone", contact(voicemail=True))
    two.they.put(f"{two.theirs.at}/person/contacts/phone", contact(value="01422 960000", safe="no"))
    two.become_one()
    (phone,) = two.we.get(f"{two.ours.at}/person")["contacts"]
    assert (phone["safe"], phone["voicemail"]) == ("no", False)
    assert sorted(each["value"] for each in phone["said"]) == ["01422 960000", "07700 900222"]
    two.we.put(f"{two.ours.at}/person/contacts/phone", contact(value="07700 900333"))
    (phone,) = two.they.get(f"{two.theirs.at}/person")["contacts"]
    assert (phone["safe"], [each["value"] for each in phone["said"]]) == ("yes", ["07700 900333"])


def test_what_is_recorded_in_a_cases_care_stays_with_its_record_when_undone(house: House):
    two = two_records(house)
    two.we.put(f"{two.ours.at}/person/contacts/phone", contact())
    two.become_one()
    for who, case, value in ((two.we, two.ours, "ours"), (two.they, two.theirs, "theirs")):
        who.put(f"{case.at}/person/contacts/visit", contact(value=value))
        who.post(f"{case.at}/person/access-needs", {"code": value})
    two.they.post(f"{two.merge}/undo", status=204)
    for who, case, value in ((two.we, two.ours, "ours"), (two.they, two.theirs, "theirs")):
        record = who.get(f"{case.at}/person")
        visit = record["contacts"][-1]
        assert [each["value"] for each in visit["said"]] == [value]
        assert [each["code"] for each in record["access_needs"]] == [value]
        assert record["merges"] == []


def test_a_later_patient_of_the_merged_record_is_proposed_to_the_survivor(house: House):
    number = a_person(2).nhs_number
    two = two_records(house, nhs_number=number)
    two.become_one()
    later = a_person(3, KIRKLEES, verified=False, nhs_number=number)
    house.refer(a_bundle(person=later), by="ehr-2")
    latest = "select candidate from link_proposal order by created desc limit 1"
    assert house.scalar(latest) == two.person(two.ours)


# --- at once --------------------------------------------------------------------------------

ROUNDS = 8


def post(who: Caller, path: str) -> Call:
    return lambda: who.send("POST", path)


def many(house: House) -> list[tuple[str, str, str]]:
    """Pairs of records of as many persons: the proposal and the two cases."""
    made = []
    for number in range(1, ROUNDS + 1):
        cases = [
            house.refer(a_bundle(person=a_person(number, "ZZK01", verified=verified))).case
            for verified in (True, False)
        ]
        proposal = house.scalar("select id from link_proposal order by created desc limit 1")
        made.append((f"/referrals/proposals/{proposal}", cases[0], cases[1]))
    return made


def impossible(house: House) -> list[tuple[object, ...]]:
    """What must never be, whoever was quicker."""
    return house.rows(
        "select 'merged away, and still somebody''s', c.id::text from referral_case c"
        " join person p on p.id = c.person where p.merged_into is not null"
        " union all select 'a link to a record merged away', l.patient from patient_link l"
        " join person p on p.id = l.person where p.merged_into is not null"
        " union all select 'another person''s Patient', c.id::text from referral_case c"
        " join patient_link l on l.patient = c.patient where l.person != c.person"
        " union all select 'an agreement of another', a.id::text from agreement a"
        " join case_task t on t.id = a.task join referral_case c on c.id = t.case"
        " where a.person != c.person"
        " union all select 'a document of another', d.type || d.id from document d"
        " join person p on p.id = d.person where p.merged_into is not null"
        " union all select 'a version of another', v.pk::text from document_version v"
        " join document d on d.pk = v.pk where v.person is distinct from d.person"
    )


def test_two_who_accept_at_once_merge_once(house: House):
    pairs = many(house)
    found = at_once(
        [(post(house.worker, f"{p}/accept"), post(house.by("coordinator"), f"{p}/accept"))
         for p, *_ in pairs]
    )  # fmt: skip
    assert [sorted(each) for each in found] == [[200, 409]] * ROUNDS
    assert house.scalar("select count(*) from person_merge") == ROUNDS
    assert house.told().count("person.merged") == 2 * ROUNDS
    assert impossible(house) == []


def test_accept_and_reject_at_once_leave_one_decision(house: House):
    pairs = many(house)
    calls = [
        (
            post(house.worker, f"{p}/accept"),
            _no_content(post(house.by("coordinator"), f"{p}/reject")),
        )
        for p, *_ in pairs
    ]
    found = at_once(calls)
    assert [sorted(each) for each in found] == [[200, 409]] * ROUNDS
    accepted = sum(first == 200 for first, _ in found)
    assert house.scalar("select count(*) from person_merge") == accepted
    assert impossible(house) == []


def test_undone_while_a_provider_is_asked_and_a_stop_is_said(house: House):
    pairs = many(house)
    for proposal, _, case in pairs:
        house.worker.post(f"{proposal}/accept")
        house.worker.post(f"/referrals/cases/{case}/accept")
    merges = dict(house.rows("select proposal::text, id from person_merge"))
    calls = []
    for proposal, first, case in pairs:
        merge = merges[proposal.rsplit("/", 1)[1]]
        calls.append((
            _no_content(post(house.worker, f"/referrals/merges/{merge}/undo")),
            lambda case=case: house.worker.send(
                "POST", f"/referrals/cases/{case}/requests", json=wish()
            ),
            lambda case=first: house.worker.send(
                "PUT", f"/referrals/cases/{case}/person/stops/restricted", json={"stands": True}
            ),
        ))  # fmt: skip
    found = at_once(calls)
    assert {each[::2] for each in found} == {(200, 200)}
    assert impossible(house) == []
    stays = "select count(*) from person p join referral_case c on c.person = p.id where restricted"
    assert house.scalar(stays) >= ROUNDS


def test_merging_while_referrals_of_the_same_number_and_patient_arrive(house: House):
    pairs = many(house)
    calls = []
    for number, (proposal, _, case) in enumerate(pairs, 1):
        bundle = a_bundle(person=a_person(number, "ZZK01", verified=True))
        patient = house.scalar("select patient from referral_case where id = :c", c=case)
        again = a_bundle(person=a_person(number, "ZZK01"))["entry"][4]["resource"] | {
            "subject": {"reference": f"Patient/{patient}"},
            "requester": {
                "identifier": {
                    "system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "ZZK01",
                }
            },
        }  # fmt: skip
        calls.append((
            post(house.worker, f"{proposal}/accept"),
            lambda bundle=bundle: house.ehr.send("POST", "/fhir", json=bundle),
            lambda again=again: house.ehr.send("POST", "/fhir/ServiceRequest", json=again),
        ))  # fmt: skip
    found = at_once(calls)
    assert set(found) == {(200, 200, 201)}
    assert impossible(house) == []
    assert house.scalar("select count(distinct person) from referral_case") == ROUNDS
    assert house.scalar("select count(*) from referral_case") == 4 * ROUNDS


def test_a_referral_before_its_commit_goes_with_its_patient_into_the_merge(house: House):
    two = two_records(house, place="ZZK02")
    request = about(house, two.theirs.patient, "ZZK02")
    arriving = WriteEntry(None, "POST", "ServiceRequest", resource=request, path="x")
    merging = post(house.worker, f"{two.proposal}/accept")
    assert meanwhile(house, arriving, merging).status_code == 200
    assert house.scalar("select count(*) from referral_case") == 3
    assert house.rows("select distinct person from referral_case") == [(two.person(two.ours),)]
    assert impossible(house) == []


def test_a_document_before_its_commit_goes_with_its_patient_into_the_merge(house: House):
    two = two_records(house, place="ZZK02")
    about_them = {"reference": f"Patient/{two.theirs.patient}"}
    observation = {
        "resourceType": "Observation", "status": "final", "code": {"text": "x"},
        "subject": about_them,
    }  # fmt: skip
    arriving = WriteEntry(None, "POST", "Observation", resource=observation, path="x")
    merging = post(house.worker, f"{two.proposal}/accept")
    assert meanwhile(house, arriving, merging).status_code == 200
    persons = house.rows("select person from document where type = 'Observation'")
    assert set(persons) == {(two.person(two.ours),)}
    assert impossible(house) == []


def _no_content(call: Call) -> Call:
    """204 counts as done, among the statuses that a race may answer."""

    def made() -> httpx.Response:
        answer = call()
        return httpx.Response(200) if answer.status_code == 204 else answer

    return made


def test_who_merges_is_a_human_with_a_role_in_it(house: House):
    two = two_records(house)
    machine = Principal("x", "x", str(TEAM), frozenset({"service"}), frozenset({"cases"}))
    with pytest.raises(NoSuchCase):
        accept(house.desk, machine, house.scalar("select id from link_proposal"))
    assert two.person(two.ours) != two.person(two.theirs)
