"""What a provider can learn of a person: nothing before it accepted, then what was agreed (care 5).

Every word of the Bundle that the record system sends is a marker that stands nowhere else.
"""

from collections.abc import Iterable

import pytest

from tests.referrals.house import TEAM, Caller, House, Json, wish
from tests.referrals.prying import Marked, documents, marked_bundle, pry
from tests.referrals.subscribing import subscription

pytestmark = pytest.mark.slow

EVERYTHING = ("system/*.cruds", "cases")


def found(marked: Marked, texts: Iterable[str]) -> dict[str, str]:
    """Which markers came to light, and where they stand in what was sent."""
    text = "\n".join(texts)
    return {mark: path for mark, path in marked.markers.items() if mark in text}


def asked(house: House, marked: Marked, share: Json) -> tuple[str, str, Caller]:
    """A provider with every scope, asked for a place; the case and the Task."""
    referral = house.refer(marked.bundle)
    house.worker.post(f"{referral.at}/accept")
    task = house.worker.post(f"{referral.at}/requests", wish(share=share))["task"]
    return referral.case, task, house.by("provider", scopes=EVERYTHING)


def test_the_sender_and_the_link_worker_do_see_every_marker(house: House):
    # Or the tests below would prove nothing.
    marked = marked_bundle()
    assert len(marked.markers) > 30
    case, task, _ = asked(house, marked, {"name": "x"})
    for name in ("ehr", "link-worker"):
        who = house.by(name, scopes=EVERYTHING)
        assert found(marked, pry(house, who, case, task)) == marked.markers


def test_before_acceptance_a_provider_finds_nothing_by_any_question(house: House):
    marked = marked_bundle()
    agreed = {"name": marked.at("name[0].family"), "phone": marked.at("Patient.telecom[0].value")}
    case, task, provider = asked(house, marked, agreed)
    assert found(marked, pry(house, provider, case, task)) == {}
    house.answer(task, "waiting-list")
    assert found(marked, pry(house, provider, case, task)) == {}
    assert found(marked, [provider.send("POST", f"/referrals/requests/{task}/identity").text]) == {}


def test_after_acceptance_a_provider_finds_what_was_agreed_and_no_more(house: House):
    marked = marked_bundle()
    agreed = {"name": marked.at("name[0].family"), "phone": marked.at("Patient.telecom[0].value")}
    case, task, provider = asked(house, marked, agreed)
    house.answer(task, "accept")
    house.progress(task, "start")
    assert set(found(marked, pry(house, provider, case, task))) == set(agreed.values())


@pytest.mark.parametrize("ending", ["cancel", "withdraw", "decline"])
def test_after_the_end_it_finds_nothing_again(house: House, ending: str):
    marked = marked_bundle()
    agreed = {"name": marked.at("name[0].family")}
    case, task, provider = asked(house, marked, agreed)
    if ending == "decline":
        house.answer(task, "decline", reason="full")
    else:
        house.answer(task, "accept")
        if ending == "cancel":
            reason = {"reason": "person-changed-mind"}
            house.worker.post(f"/referrals/requests/{task}/cancel", reason)
        else:
            request = house.scalar("select service_request from referral_case")
            patch = {"op": "replace", "path": "/status", "value": "revoked"}
            house.ehr.patch(f"/fhir/ServiceRequest/{request}", patch)
    assert found(marked, pry(house, provider, case, task)) == {}


def test_events_name_nobody(house: House):
    marked = marked_bundle()
    agreed = {"name": marked.at("name[0].family"), "phone": marked.at("Patient.telecom[0].value")}
    _, task, _ = asked(house, marked, agreed)
    house.answer(task, "accept", note=marked.at("name[0].family"))
    house.progress(task, "start", note="zq")
    texts = [row[0] for row in house.rows("select envelope from outbox")]
    assert len(texts) > 4
    assert found(marked, texts) == {}
    assert "zq" not in "".join(texts)


def test_errors_name_nobody(house: House):
    marked = marked_bundle()
    marked.bundle["entry"][-1]["resource"]["status"] = "actve"
    answer = house.ehr.send("POST", "/fhir", json=marked.bundle)
    assert answer.status_code == 422
    assert found(marked, [answer.text]) == {}
    assert house.scalar("select count(*) from referral_case") == 0


def test_a_provider_reads_only_its_own_four_documents_and_what_is_public(house: House):
    marked = marked_bundle()
    _, task, provider = asked(house, marked, {"name": "x"})
    seen = {
        (kind, key)
        for kind, key in documents(house)
        if provider.send("GET", f"/fhir/{kind}/{key}").status_code == 200
    }
    request, patient = house.row(
        "select t.service_request, o.patient from case_task t join onward_request o on o.task=t.id"
    )
    public = {
        (kind, key)
        for kind, key in house.rows(
            "select d.type, d.id from document d join document_reader r on r.pk = d.pk"
            " where r.party = 'everyone'"
        )
    }
    assert seen - public == {("Task", task), ("ServiceRequest", request), ("Patient", patient)}
    assert {kind for kind, _ in public} == {"Organization", "HealthcareService"}


@pytest.mark.parametrize(
    "query",
    [
        "Task?focus:ServiceRequest.based-on:ServiceRequest.status=active",
        "Task?based-on:ServiceRequest.based-on:ServiceRequest.code=871731000000106",
        "Task?part-of:Task.status=in-progress,accepted",
        "ServiceRequest?based-on:ServiceRequest.requester:PractitionerRole.active:missing=true",
        "Patient?_has:Condition:patient:_lastUpdated=gt2000-01-01",
        "Patient?_has:ServiceRequest:subject:code=871731000000106",
        "Patient?_has:Observation:patient:_has:Task:focus:status=requested",
        "ServiceRequest?_has:ServiceRequest:based-on:status=active",
        "Task?_has:Task:part-of:status=requested",
        "Condition?_total=accurate",
        "Observation?_count=1&_total=accurate",
        "Patient/{own}/Condition?_total=accurate",
        "Patient/{own}/Observation",
        "Patient/{own}/*?_type=Condition,Observation,DocumentReference",
        "Patient/{own}/$everything?_type=Practitioner,PractitionerRole,Condition",
    ],
)
def test_no_chain_tells_a_provider_of_what_it_cannot_read(house: House, query: str):
    _, _, provider = asked(house, marked_bundle(), {"name": "x"})
    own = house.scalar("select patient from onward_request")
    answer = provider.get(f"/fhir/{query.format(own=own)}")
    assert answer.get("entry", []) == []
    assert answer["total"] == 0


def test_another_persons_compartment_is_refused_like_one_of_nobody(house: House):
    _, _, provider = asked(house, marked_bundle(), {"name": "x"})
    sent = house.scalar("select id from case_document where type = 'Patient'")
    for inner in ("Condition", "ServiceRequest", "Patient", "*", "$everything"):
        told = [
            provider.send("GET", f"/fhir/Patient/{key}/{inner}?_count=1")
            for key in (sent, "00000000-0000-4000-8000-000000000000")
        ]
        assert [each.status_code for each in told] == [404, 404]
        assert told[0].text == told[1].text


def test_everything_of_a_person_is_a_view_that_is_recorded(house: House):
    referral, _ = house.accepted()
    provider = house.by("provider", scopes=EVERYTHING)
    own = house.scalar("select patient from onward_request")
    for views, name in ((1, "$everything"), (2, "$everything?_type=Patient"), (2, "*")):
        assert provider.get(f"/fhir/Patient/{own}/{name}")["entry"]
        assert len(house.worker.get(referral.at)["identity_views"]) == views


GUESSES = [
    "Patient?name=Feather",
    "Patient?name=Feather&_summary=count",
    "Patient?name=Feather&_count=0",
    "Patient?name:missing=false",
    "Patient?phonetic=Fether&_total=accurate",
    "Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018",
    "Task?status=accepted&patient.name=Feather",
    "Task?patient:Patient.phone=07700900111",
    "Task?focus:ServiceRequest.subject:Patient.family=Feather",
    "ServiceRequest?subject.name=Feather",
    "ServiceRequest?subject:Patient.birthdate=gt1900-01-01",
    "Task?_has:Task:part-of:patient.name=Feather",
    "Patient?_has:Task:patient:patient.name=Feather",
    "Organization?_has:Patient:organization:name=Feather",
    "Patient?_sort=family",
    "Patient?_sort=-birthdate",
    "Patient?_sort=gender",
]


@pytest.mark.parametrize("query", GUESSES)
def test_no_search_lets_a_provider_guess_who_it_is(house: House, query: str):
    # It may read this Patient, and that is recorded; a guess that comes true would not be.
    house.accepted()
    provider = house.by("provider", scopes=EVERYTHING)
    kind, _, question = query.partition("?")
    named = question.split("&")[-1 if "status" in question else 0].partition("=")[0]
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    posted = provider.send("POST", f"/fhir/{kind}/_search", content=question, headers=form)
    for answer in (provider.send("GET", f"/fhir/{query}"), posted):
        assert answer.status_code == 403, answer.text
        (issue,) = answer.json()["issue"]
        assert (issue["code"], issue["expression"]) == ("forbidden", [f"http.{named}"])
    batch = {"resourceType": "Bundle", "type": "batch"}
    batch["entry"] = [{"request": {"method": "GET", "url": query}}]  # type: ignore[assignment]
    (entry,) = provider.post("/fhir", batch)["entry"]
    assert entry["response"]["status"].startswith("403")
    if "Organization" not in query:
        house.worker.get(f"/fhir/{query}")


def test_a_provider_finds_a_patient_by_its_id_and_that_is_recorded(house: House):
    referral, task = house.accepted()
    provider = house.by("provider", scopes=EVERYTHING)
    patient = provider.get(f"/fhir/Task/{task}")["for"]["reference"]
    key = patient.partition("/")[2]
    found = provider.get(f"/fhir/Patient?_id={key}&_lastUpdated=gt2000-01-01")
    assert found["total"] == 1
    assert provider.get(f"/fhir/Task?patient={patient}")["total"] == 1
    assert provider.get(f"/fhir/Task?patient._id={key}")["total"] == 1
    assert len(house.worker.get(referral.at)["identity_views"]) == 1


def test_no_subscription_lets_a_provider_guess_who_it_is(house: House):
    provider = house.by("provider", scopes=EVERYTHING)
    wanted = subscription("https://provider.example.org", "Task?patient.name=Feather")
    with house.unchanged():
        outcome = provider.post("/fhir/Subscription", wanted, status=403)
    assert outcome["issue"][0]["expression"] == ["http.patient.name"]


def test_a_patch_does_not_tell_a_provider_what_it_cannot_write(house: House):
    _, task = house.accepted()
    provider = house.by("provider", scopes=EVERYTHING)
    patient = house.scalar("select patient from onward_request where task = :task", task=task)
    for name in ("Kath Feather", "Somebody Else"):
        guess = {"op": "test", "path": "/name/0/text", "value": name}
        with house.unchanged():
            outcome = provider.patch(f"/fhir/Patient/{patient}", guess, status=403)
        assert outcome["issue"][0]["code"] == "forbidden"


def test_totals_count_what_the_reader_may_read(house: House):
    _, _, provider = asked(house, marked_bundle(), {"name": "x"})
    house.refer()
    for kind, total in (("Task", 1), ("ServiceRequest", 1), ("Patient", 1), ("Condition", 0)):
        answer = provider.get(f"/fhir/{kind}?_total=accurate&_summary=count")
        assert answer["total"] == total, kind


@pytest.mark.parametrize(
    "name", ["ehr-2", "link-worker-2", "coordinator-2", "provider-2", "fhir-client"]
)
def test_another_organisation_sees_nothing_at_all_of_it(house: House, name: str):
    marked = marked_bundle()
    case, task, _ = asked(house, marked, {"name": marked.at("name[0].family")})
    house.answer(task, "accept")
    stranger = house.by(name, scopes=EVERYTHING)
    assert found(marked, pry(house, stranger, case, task)) == {}
    public = {"Organization", "HealthcareService"}
    for kind, key in documents(house):
        answer = stranger.send("GET", f"/fhir/{kind}/{key}")
        if kind not in public:
            assert answer.status_code == 404, (kind, key)
            assert stranger.send("GET", f"/fhir/{kind}/{key}/_history").status_code == 404
            assert stranger.get(f"/fhir/{kind}?_total=accurate")["total"] == 0


def test_a_condition_looks_only_among_the_senders_own(house: House):
    # Another group's conditional create must neither find nor be given this Patient.
    marked = marked_bundle()
    referral = house.refer(marked.bundle)
    number = house.scalar("select nhs_number from person")
    patient = {
        "resourceType": "Patient",
        "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number}],
    }
    answer = house.by("ehr-2").send(
        "POST", "/fhir/Patient", json=patient,
        headers={"If-None-Exist": f"identifier=https://fhir.nhs.uk/Id/nhs-number|{number}"},
    )  # fmt: skip
    assert answer.status_code == 201
    assert referral.patient not in answer.text


def test_a_reference_to_anothers_document_is_refused_like_one_to_nothing(house: House):
    referral = house.refer(marked_bundle().bundle)
    outcomes = []
    for patient in (referral.patient, "00000000-0000-4000-8000-000000000000"):
        condition = {
            "resourceType": "Condition",
            "code": {"text": "x"},
            "subject": {"reference": f"Patient/{patient}"},
        }
        outcomes.append(house.by("ehr-2").post("/fhir/Condition", condition, status=422))
    assert outcomes[0] == outcomes[1]


def test_the_team_reads_what_belongs_to_its_case_and_nothing_else_of_the_sender(house: House):
    house.refer(marked_bundle().bundle)
    house.ehr.post("/fhir/Patient", {"resourceType": "Patient", "name": [{"family": "Elsewhere"}]})
    total = house.worker.get("/fhir/Patient?_total=accurate")["total"]
    assert total == 1
    assert (
        house.scalar("select count(*) from document_reader where party = :team", team=str(TEAM))
        == len(marked_bundle().bundle["entry"]) + 1
    )


def test_a_provider_is_given_no_id_of_what_was_sent_but_the_requests(house: House):
    marked = marked_bundle()
    case, task, provider = asked(house, marked, {"name": "x"})
    house.answer(task, "accept")
    sent = house.rows(
        "select id from case_document where case_document.case = :case"
        " and type not in ('ServiceRequest', 'Organization')",
        case=case,
    )
    assert len(sent) == 6
    searches = ("Task", "ServiceRequest", "Patient")
    text = "".join(provider.send("GET", f"/fhir/{kind}").text for kind in searches)
    assert task in text
    assert [key for (key,) in sent if key in text] == []
