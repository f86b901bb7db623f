"""What comes in at a hub's front door lands in triage, once, and tells its sender nothing."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from tests.referrals.house import HUB, TEAM, a_person
from tests.referrals.letters import document, send, text_of
from tests.referrals.test_erasure import found_in, wiped

DOOR = "/referrals/front-door"


def said(**changes):
    """A self-referral as the front door's page sends it."""
    return {
        "key": uuid4().hex,
        "hub": "bradford",
        "source": "self",
        "person": {"given": "Kath", "family": "Feather", "birth_date": "1951-03-04"},
        "words": "The evenings are long since Alf died.",
        "needs": [{"code": "bereavement", "display": "Bereavement"}],
        "contacts": [
            {
                "channel": "phone",
                "value": "07700 900111",
                "safe": "yes",
                "times": "mornings",
                "voicemail": False,
                "words": "say you are from the library",
                "keep_from": "my son",
            },
            {"channel": "email", "value": "kath@example.org", "safe": "no"},
        ],
        "access_needs": [{"code": "large-print", "detail": ""}],
        "agreed": True,
        "agreed_how": "wrote-it",
    } | changes


FAMILY = {
    "source": "family",
    "relation": "daughter",
    "referrer": {"name": "Jo Feather", "phone": "07700 900222"},
    "agreed_how": "in-person",
}


@pytest.fixture
def door(house):
    return house.by("front-door")


def the_case(house):
    (row,) = house.worker.get("/referrals/cases")
    return row, f"/referrals/cases/{row['case']}"


def test_it_lands_in_triage_with_its_source_and_a_reference_that_names_nobody(house, door):
    receipt = door.post(DOOR, said(), status=201)

    row, at = the_case(house)
    assert (row["source"], row["state"], row["unrouted"]) == ("self", "new", False)
    case = house.worker.get(at)
    assert (case["source"], case["team"], case["hub"]) == ("self", str(TEAM), "bradford")
    assert case["front_door"]["reference"] == receipt["reference"]
    assert set(receipt) == {"reference"}
    assert not any(part in receipt["reference"].lower() for part in ("kath", "feather", "1951"))
    assert "referral.received" in house.told()


def test_the_link_worker_reads_it_as_fhir_and_nobody_else_does(house, door):
    door.post(DOOR, said(), status=201)
    row, _ = the_case(house)

    request = house.worker.get(f"/fhir/ServiceRequest/{row['service_request']}")
    assert request["note"][0]["text"] == "The evenings are long since Alf died."
    assert request["reasonCode"][0]["text"] == "Bereavement"
    assert "coding" not in request["code"]
    patient = house.worker.get(f"/fhir/{request['subject']['reference']}")
    assert patient["name"] == [{"given": ["Kath"], "family": "Feather"}]
    assert "telecom" not in patient
    for other in ("link-worker-2", "coordinator", "provider", "ehr", "fhir-client"):
        house.by(other).get(f"/fhir/ServiceRequest/{row['service_request']}", status=404)
    for path in ("/fhir/ServiceRequest", "/referrals/cases"):
        assert door.send("GET", path).status_code == 403


def test_safe_contact_and_access_needs_are_kept_where_link_workers_keep_them(house, door):
    door.post(DOOR, said(), status=201)
    _, at = the_case(house)

    record = house.worker.get(f"{at}/person")
    ways = {each["channel"]: each for each in record["contacts"]}
    assert (ways["phone"]["safe"], ways["email"]["safe"]) == ("yes", "no")
    phone = ways["phone"]["said"][0]
    assert (phone["times"], phone["keep_from"]) == ("mornings", "my son")
    assert [each["code"] for each in record["access_needs"]] == ["large-print"]
    assert house.worker.get(f"{at}/person/changes")


def test_the_national_code_still_counts_when_the_person_accepts(house, door):
    door.post(DOOR, said(), status=201)
    _, at = the_case(house)
    house.worker.post(f"{at}/accept")
    case = house.worker.post(f"{at}/person-accepts")
    assert [each["already_coded"] for each in case["codes_returned"]] == [False]


def test_the_same_form_makes_one_case_however_often_it_is_sent(house, door):
    body = said()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: door.send("POST", DOOR, json=body), range(4)))
    assert sorted(each.status_code for each in answers) == [200, 200, 200, 201]
    assert len({each.json()["reference"] for each in answers}) == 1
    assert house.scalar("select count(*) from referral_case") == 1


def test_other_words_under_the_same_key_change_nothing_and_say_so(house, door):
    body = said()
    receipt = door.post(DOOR, body, status=201)
    with house.unchanged():
        problem = door.post(DOOR, body | {"words": "Something else"}, status=409)
    assert (problem["element"], problem["reference"]) == ("key", receipt["reference"])


def test_the_sender_never_learns_whether_the_person_is_known(house, door):
    known = a_person()
    house.refer(person=known)
    person = {
        "given": known.given, "family": known.family, "birth_date": known.birth_date.isoformat(),
        "nhs_number": known.nhs_number,
    }  # fmt: skip
    first = door.post(DOOR, said(person=person), status=201)
    second = door.post(DOOR, said(), status=201)
    assert first.keys() == second.keys()
    assert house.scalar("select count(distinct person) from referral_case") == 3
    assert house.scalar("select count(*) from link_proposal") == 1


def test_a_relative_is_kept_beside_the_request_and_not_shown_to_providers(house, door):
    door.post(DOOR, said(**FAMILY, tell_referrer=True), status=201)
    row, at = the_case(house)
    shown = house.worker.get(at)["front_door"]
    assert (shown["relation"], shown["referrer"]["name"]) == ("daughter", "Jo Feather")
    assert (shown["agreed_how"], shown["tell_referrer"]) == ("in-person", True)
    request = house.worker.get(f"/fhir/ServiceRequest/{row['service_request']}")
    assert request["requester"] == {"reference": "#referrer"}
    assert request["contained"][0]["resourceType"] == "RelatedPerson"


def test_a_professional_is_named_with_role_and_organisation(house, door):
    referrer = {
        "name": "Sam Iqbal", "role": "Discharge team", "organisation": "Moor Hospital",
        "email": "sam@example.org",
    }  # fmt: skip
    door.post(DOOR, said(source="hospital", referrer=referrer, agreed_how="in-person"), status=201)
    row, _ = the_case(house)
    request = house.worker.get(f"/fhir/ServiceRequest/{row['service_request']}")
    assert request["contained"][0]["organization"]["display"] == "Moor Hospital"


def test_without_the_person_s_word_the_practice_hears_nothing(house, door):
    for tell in (False, True):
        door.post(DOOR, said(practice="ZZK01", tell_gp=tell), status=201)
    found = house.rows("select items, withdrawn is null from gp_sharing order by 2")
    assert found == [([], False), ([], True)]
    assert house.rows("select distinct practice from referral_case") == [("ZZK01",)]


@pytest.mark.parametrize("source", ["self", "practice"])
def test_a_receipts_number_is_no_reference_of_the_practice(house, door, source):
    referrer = {"name": "Sam Iqbal", "phone": "01632 960555"}
    more = {} if source == "self" else {"referrer": referrer, "source": source}
    receipt = door.post(DOOR, said(practice="ZZK01", tell_gp=True, **more), status=201)
    _, at = the_case(house)
    house.worker.post(f"{at}/accept")
    house.worker.post(f"{at}/person-accepts")

    assert send(house) == 1

    (told,) = house.worker.get(at)["gp_messages"]
    shown = text_of(document(house, told["id"]))
    assert "Kath Feather" in shown
    assert (receipt["reference"] in shown) is (source == "practice")


def test_an_erasure_takes_what_was_said_and_the_form_does_not_bring_it_back(house, door):
    body = said(**FAMILY, person={"given": "Zquark", "family": "Zfeather"}, words="Zwords") | {
        "relation": "zdaughter",
        "referrer": {"name": "Zreferrer", "email": "zmail@example.org"},
    }
    door.post(DOOR, body, status=201)
    _, at = the_case(house)
    marks = ["Zquark", "Zfeather", "zfeather", "Zwords", "zdaughter", "Zreferrer", "zmail",
             "my son", "the library"]  # fmt: skip
    assert {mark for mark, _ in found_in(house, marks)} == set(marks)
    house.worker.post(f"{at}/accept")
    house.worker.post(f"{at}/close", {"outcome": "not-reached"})

    wiped(house, house.scalar("select person from referral_case"))

    assert found_in(house, marks) == set()
    door.post(DOOR, body, status=409)
    assert found_in(house, marks) == set()


def test_where_no_team_takes_everything_it_goes_to_the_hubs_list(house, door):
    house.execute(
        "insert into link_worker_service (organisation, name, hub, phone)"
        " values (:id, 'Another', 'bradford', '')",
        id=uuid4(),
    )
    door.post(DOOR, said(), status=201)
    (row,) = house.by("coordinator").get("/referrals/cases?unrouted=true")
    assert (row["source"], row["unrouted"]) == ("self", True)
    owner = house.scalar("select owner from case_task where kind = 'triage'")
    assert owner == HUB
    assert "referral.unrouted" in house.told()


@pytest.mark.parametrize(
    ("change", "element", "words"),
    [
        ({"hub": "nowhere"}, "hub", "no such hub"),
        ({"practice": "XXX99"}, "practice", "not registered"),
        ({"practice": "ZZK03"}, "practice", "Calderdale place hub"),
        ({"agreed": False}, "body.agreed", ""),
        ({"words": "", "needs": []}, "body", "what the person would like help with"),
        ({"contacts": []}, "body", "can be reached"),
        ({"source": "family"}, "body", "who refers"),
        ({"source": "neighbour"}, "body.source", ""),
        ({**FAMILY, "relation": ""}, "body", "what a relative is"),
        ({**FAMILY, "referrer": {"name": "Jo"}}, "body.referrer", "phone number or an e-mail"),
        ({"person": {"given": " "}}, "body.person", "called"),
        ({"person": {"given": "K", "birth_date": "2999-01-01"}}, "body.person.birth_date", "born"),
        ({"person": {"given": "K", "nhs_number": "1"}}, "body.person.nhs_number", "ten digits"),
        ({"words": "x" * 2001}, "body.words", ""),
        ({"key": "short"}, "body.key", ""),
        ({"case": "mine"}, "body.case", ""),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_element(house, door, change, element, words):
    with house.unchanged():
        problem = door.post(DOOR, said(**change), status=422)
    assert problem["element"] == element
    assert words in problem["detail"]


def test_only_the_front_doors_own_scope_opens_it(house):
    for other in ("ehr", "link-worker", "coordinator", "notifications"):
        house.by(other).post(DOOR, said(), status=403)
        house.by(other).get(f"{DOOR}/practices/ZZK01", status=403)
    assert house.http.post(DOOR, json=said()).status_code == 401


def test_the_page_of_a_hub_is_data(house, door):
    hubs = door.get(f"{DOOR}/hubs")
    assert [each["code"] for each in hubs] == [
        "bradford", "calderdale", "kirklees", "leeds", "wakefield",
    ]  # fmt: skip
    bradford = door.get(f"{DOOR}/hubs/bradford")
    assert {each["ods_code"] for each in bradford["practices"]} == {"ZZK01", "ZZK02"}
    assert bradford["crisis"][0]["number"]
    assert door.get(f"{DOOR}/practices/ZZK01")["hub"] == "bradford"
    door.get(f"{DOOR}/hubs/nowhere", status=404)
    door.get(f"{DOOR}/practices/XXX99", status=404)
