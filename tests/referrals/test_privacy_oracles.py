"""What can be guessed without being shown: order, number, presence, refusals, side effects.

Each test asks every question twice, with something different behind it that the asker may not know,
and wants the very same answers.
"""

import copy
import re
from collections.abc import Iterator
from typing import Any

import pytest

from services.referrals.disclosure import IMPERSONAL
from services.referrals.served import SERVED
from shared.fhir.json import parse
from tests.referrals.house import Caller, House, Json, a_bundle, a_person, wish
from tests.referrals.prying import marked_bundle
from tests.referrals.test_privacy import EVERYTHING, found

NHS = "https://fhir.nhs.uk/Id/nhs-number"
NOBODY = "00000000-0000-4000-8000-000000000000"
ASKED_FOR = ("Task", "ServiceRequest", "Patient")
"""Types of which a provider may read something."""
OTHERS = ("Patient", "ServiceRequest", "Condition", "Observation")
"""Types of which another practice group keeps some of its own."""

Answer = tuple[str, int, Any]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
]  # thousands of questions, where other work goes on


def asked_twice(house: House) -> tuple[list[str], list[str], Caller]:
    """A provider that is asked for two people by one sender: cases, Tasks, and the provider."""
    referrals = [house.refer(number=number) for number in (1, 2)]
    for referral in referrals:
        house.worker.post(f"{referral.at}/accept")
    tasks = [house.ask(referral) for referral in referrals]
    return [each.case for each in referrals], tasks, house.by("provider", scopes=EVERYTHING)


# --- every question that a search can be --------------------------------------------------------


def questions(kinds: tuple[str, ...]) -> Iterator[str]:
    """Sort by each parameter, ask whether each is there, come from and go to every type."""
    for kind in kinds:
        yield f"{kind}?_count=1&_total=accurate"
        for code in SERVED[kind].params:
            yield f"{kind}?_sort={code}"
            yield f"{kind}?_sort=-{code}&_count=1"
            yield f"{kind}?{code}:missing=true&_total=accurate"
        for source, code in referring(kind):
            yield f"{kind}?_has:{source}:{code}:_lastUpdated=gt2000-01-01"
            yield f"{kind}?_revinclude={source}:{code}"
    for source, code in chained():
        yield f"{source}?{code}._lastUpdated=gt2000-01-01&_total=accurate"
        yield f"{source}?_include={source}:{code}&_include:iterate=*"


def referring(kind: str) -> Iterator[tuple[str, str]]:
    """The parameters of all types that may refer to one."""
    for source, declared in SERVED.items():
        if source == "AuditEvent":
            continue  # the asker's own questions are told there
        for code, param in declared.params.items():
            if param.type == "reference" and param.may_refer_to(kind):
                yield source, code


def chained() -> Iterator[tuple[str, str]]:
    """The reference parameters of what a provider may read."""
    for source in ASKED_FOR:
        for code, param in SERVED[source].params.items():
            if param.type == "reference":
                yield source, code


def answers(who: Caller, kinds: tuple[str, ...]) -> list[Answer]:
    """What somebody is answered to all of them, but for addresses and times of the answer."""
    asked = list(questions(kinds))
    told: list[Answer] = []
    for start in range(0, len(asked), 100):
        some = asked[start : start + 100]
        batch: Json = {"resourceType": "Bundle", "type": "batch"}
        batch["entry"] = [{"request": {"method": "GET", "url": query}} for query in some]
        found = who.post("/fhir", batch)["entry"]
        told += [_answer(query, entry) for query, entry in zip(some, found, strict=True)]
    return told


def _answer(query: str, entry: Json) -> Answer:
    status, body = int(entry["response"]["status"][:3]), entry.get("resource", {})
    assert status in {200, 400, 403}, (query, entry)
    if status != 200:
        (issue,) = entry["response"]["outcome"]["issue"]
        return query, status, issue["diagnostics"]
    links = sorted(each["relation"] for each in body["link"])
    entries = [each["fullUrl"] for each in body.get("entry", [])]
    return query, body.get("total", -1), [links, entries]


def test_nothing_that_the_sender_changes_changes_an_answer_to_the_provider(house: House):
    _, tasks, provider = asked_twice(house)
    before = answers(provider, ASKED_FOR)
    assert len(before) > 150
    kept = [provider.get(f"/fhir/Task/{task}") for task in tasks]
    patients = house.rows(
        "select d.body from document d join referral_case c on c.patient = d.id order by c.key"
    )
    one, other = (parse(body.encode()) for (body,) in patients)
    for patient, model in ((one, other), (other, one)):
        changed = copy.deepcopy(model) | {"id": patient["id"], "active": False}
        changed["identifier"] = patient["identifier"]
        house.ehr.put(f"/fhir/Patient/{patient['id']}", changed)
    for key, body in house.rows(
        "select d.id, d.body from document d join referral_case c on c.service_request = d.id"
    ):
        request = parse(body.encode()) | {"note": [{"text": "More."}], "authoredOn": "2001-02-03"}
        house.ehr.put(f"/fhir/ServiceRequest/{key}", request)
        condition = {"resourceType": "Condition", "code": {"text": "Low mood"}}
        house.ehr.post("/fhir/Condition", condition | {"subject": request["subject"]})
    assert answers(provider, ASKED_FOR) == before
    assert [provider.get(f"/fhir/Task/{task}") for task in tasks] == kept


def test_of_the_codes_that_the_sender_gave_a_provider_reads_how_urgent_it_is_and_no_other(
    house: House,
):
    # No word fits into them, so that no marker of `marked_bundle` is in them.
    referral, task = house.asked()
    onward = house.scalar("select service_request from case_task where id = :t", t=task)
    read = (f"/fhir/Task/{task}", f"/fhir/ServiceRequest/{onward}", f"/referrals/requests/{task}")
    before = [house.provider.get(at) for at in read]
    patient = house.ehr.get(f"/fhir/Patient/{referral.patient}")
    changed = {"female": "other", "other": "female"}.get(patient["gender"], "female")
    house.ehr.put(f"/fhir/Patient/{referral.patient}", patient | {"gender": changed})
    request = house.ehr.get(f"/fhir/ServiceRequest/{referral.request}")
    asked = {"priority": "urgent", "code": {"text": "Another"}, "doNotPerform": False}
    house.ehr.put(f"/fhir/ServiceRequest/{referral.request}", request | asked)
    after = [house.provider.get(at) for at in read]
    told = [
        {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
        for old, new in zip(before, after, strict=True)
    ]
    assert told == [{"priority", "lastModified", "meta"}, {"priority", "meta"}, {"priority"}]


def test_another_practice_group_is_answered_as_if_the_referral_were_not_there(house: House):
    stranger = house.by("ehr-2", scopes=EVERYTHING)
    own = stranger.post("/fhir/Patient", a_bundle()["entry"][0]["resource"])
    before = answers(stranger, OTHERS)
    trail = {"AuditEvent"}  # whose own looks grow
    histories = [history(stranger, kind) for kind in SERVED if kind not in trail]
    for number in (1, 2):
        house.refer(number=number)
    house.ehr.post("/fhir/Patient", a_bundle()["entry"][0]["resource"])
    assert answers(stranger, OTHERS) == before
    assert [history(stranger, kind) for kind in SERVED if kind not in trail] == histories
    page = stranger.get("/fhir/Patient?_count=1&_sort=family")
    assert [link["relation"] for link in page["link"]] == ["self"]
    assert page["entry"][0]["resource"]["id"] == own["id"]


def history(who: Caller, kind: str) -> tuple[Any, list[str]]:
    """Number and addresses of the versions of a type that somebody sees."""
    body = who.get(f"/fhir/{kind}/_history?_count=2")
    links = [each["relation"] for each in body["link"]]
    return body.get("total"), links + [each["fullUrl"] for each in body.get("entry", [])]


def test_nobody_sorts_through_a_chain(house: House):
    house.asked()
    for who in (house.by("provider", scopes=EVERYTHING), house.worker):
        for rule in ("patient.name", "patient:Patient.name", "-subject.birthdate"):
            assert who.send("GET", f"/fhir/Task?_sort={rule}").status_code == 400


def test_a_provider_sorts_patients_by_nothing_that_they_say(house: House):
    _, tasks, provider = asked_twice(house)
    for task in tasks:
        house.answer(task, "accept")
    for rule in SERVED["Patient"].params:
        answer = provider.send("GET", f"/fhir/Patient?_sort={rule}&_count=1")
        assert answer.status_code in {400, 403} or rule in IMPERSONAL, rule


# --- conditions: what is made, changed or deleted only if something is there ----------------------


def conditions(house: House) -> list[tuple[str, str, str]]:
    """Types, conditions that are true of what the sender sent, and the like that are not."""
    number = house.scalar("select nhs_number from person limit 1")
    patient = house.scalar("select patient from referral_case limit 1")
    request = house.scalar("select service_request from referral_case limit 1")
    return [
        ("Patient", f"identifier={NHS}|{number}", f"identifier={NHS}|9999999999"),
        ("Patient", f"family={a_person(1).family}", "family=Nobody"),
        ("Patient", f"_id={patient}", f"_id={NOBODY}"),
        ("ServiceRequest", f"_id={request}", f"_id={NOBODY}"),
        ("ServiceRequest", f"subject=Patient/{patient}", f"subject=Patient/{NOBODY}"),
        ("ServiceRequest", f"subject:Patient.identifier={NHS}|{number}", "subject:Patient._id=x"),
        ("Condition", f"subject:Patient.family={a_person(1).family}", "subject:Patient.family=No"),
        ("Observation", f"patient={patient}", f"patient={NOBODY}"),
    ]  # fmt: skip


MADE: dict[str, Json] = {
    "Patient": {"resourceType": "Patient"},
    "ServiceRequest": {
        "resourceType": "ServiceRequest", "status": "draft", "intent": "order",
        "subject": {"display": "x"},
    },
    "Condition": {"resourceType": "Condition", "subject": {"display": "x"}},
    "Observation": {"resourceType": "Observation", "status": "final", "code": {"text": "x"}},
}  # fmt: skip


@pytest.mark.parametrize("name", ["provider", "ehr-2", "fhir-client"])
def test_no_condition_tells_what_another_organisation_has(house: House, name: str):
    house.accepted()
    for kind, true, false in conditions(house):
        for verb in ("create", "update", "patch", "delete"):
            who = house.by(name, scopes=EVERYTHING)
            outcomes = [conditional(who, verb, kind, query) for query in (true, false)]
            assert outcomes[0] == outcomes[1], (verb, kind, true)


def conditional(who: Caller, verb: str, kind: str, query: str) -> tuple[int, str]:
    """The status and, but for ids and times, the answer; what was made goes again."""
    patch_type = {"Content-Type": "application/json-patch+json"}
    patch = [{"op": "test", "path": "/resourceType", "value": kind}]
    if verb == "create":
        headers = {"If-None-Exist": query}
        answer = who.send("POST", f"/fhir/{kind}", json=MADE[kind], headers=headers)
    elif verb == "update":
        answer = who.send("PUT", f"/fhir/{kind}?{query}", json=MADE[kind])
    elif verb == "patch":
        answer = who.send("PATCH", f"/fhir/{kind}?{query}", json=patch, headers=patch_type)
    else:
        answer = who.send("DELETE", f"/fhir/{kind}?{query}")
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|20\d\d-[0-9T:.-]+Z?", "*", answer.text)
    if answer.status_code == 201:
        who.send("DELETE", answer.headers["location"].split("kersey.test")[1].split("/_his")[0])
    return answer.status_code, text


@pytest.mark.parametrize("name", ["provider", "ehr-2"])
def test_no_reference_in_a_bundle_tells_what_another_organisation_has(house: House, name: str):
    referral, _ = house.accepted()
    number = house.scalar("select nhs_number from person limit 1")
    who = house.by(name, scopes=EVERYTHING)
    pairs = [
        (f"Patient/{referral.patient}", f"Patient/{NOBODY}"),
        (f"http://kersey.test/fhir/Patient/{referral.patient}",
         f"http://kersey.test/fhir/Patient/{NOBODY}"),
        (f"Patient/{referral.patient}/_history/1", f"Patient/{NOBODY}/_history/1"),
        (f"Patient?identifier={NHS}|{number}", f"Patient?identifier={NHS}|9999999999"),
    ]  # fmt: skip
    for kind in ("transaction", "batch"):
        for true, false in pairs:
            told = []
            for literal in (true, false):
                resource = MADE["Condition"] | {"subject": {"reference": literal}}
                request = {"method": "POST", "url": "Condition"}
                bundle = {"resourceType": "Bundle", "type": kind}
                bundle["entry"] = [{"resource": resource, "request": request}]  # type: ignore[assignment]
                answer = who.send("POST", "/fhir", json=bundle)
                told.append((answer.status_code, answer.text))
            assert told[0] == told[1], (kind, true)
    assert house.scalar("select count(*) from document where type = 'Condition'") == 0


@pytest.mark.parametrize("name", ["provider", "ehr-2", "link-worker-2"])
def test_what_is_anothers_is_answered_like_what_is_not_there(house: House, name: str):
    referral = house.refer(marked_bundle().bundle)
    task = _asked(house, referral.at)
    hidden = house.rows(
        "select d.type, d.id from document d join case_document c on c.type = d.type"
        " and c.id = d.id where d.type <> 'Organization'"
    )
    hidden += [("Task", referral.triage)]
    if name != "provider":
        hidden += [("Task", task)]
    who = house.by(name, scopes=EVERYTHING)
    for kind, key in hidden:
        for method, path, how in attempts(kind):
            told = []
            for each in (key, NOBODY):
                sent = how | {"json": how["json"] | {"id": each}} if method == "PUT" else how
                answer = who.send(method, f"/fhir/{path.format(each)}", **sent)
                told.append((answer.status_code, answer.text.replace(each, "*")))
            assert told[0] == told[1], (method, path, kind)
            assert told[0][0] >= 400 or "$validate" in path


def _asked(house: House, at: str) -> str:
    house.worker.post(f"{at}/accept")
    return str(house.worker.post(f"{at}/requests", wish())["task"])


def attempts(kind: str) -> Iterator[tuple[str, str, Json]]:
    """Everything that names one document in an address."""
    patch: Json = {"json": [{"op": "test", "path": "/id", "value": "x"}]}
    as_patch = {"Content-Type": "application/json-patch+json"}
    whole: Json = {"json": MADE.get(kind, {"resourceType": kind})}
    for path in ("{}", "{}/_history", "{}/_history/1", "{}/_history?_count=1"):
        yield "GET", f"{kind}/{path}", {}
        yield "HEAD", f"{kind}/{path}", {}
    yield "GET", f"{kind}/{{}}", {"headers": {"If-None-Match": 'W/"1"'}}
    yield "PATCH", f"{kind}/{{}}", patch | {"headers": as_patch}
    yield "PATCH", f"{kind}/{{}}", patch | {"headers": as_patch | {"If-Match": 'W/"9"'}}
    yield "PUT", f"{kind}/{{}}", whole
    yield "PUT", f"{kind}/{{}}", whole | {"headers": {"If-Match": 'W/"9"'}}
    yield "DELETE", f"{kind}/{{}}", {}
    for operation in ("$everything", "$status", "$meta", "$validate"):
        yield "GET", f"{kind}/{{}}/{operation}", {}
        yield "POST", f"{kind}/{{}}/{operation}", whole


def test_anothers_case_is_no_place_to_page_from(house: House):
    first = house.taken_on()
    house.refer()
    other = house.by("link-worker-2")

    def refused(who: Caller) -> None:
        theirs, nobodys = (
            who.get(f"/referrals/cases?after={each}", status=422) for each in (first.case, NOBODY)
        )
        assert theirs == nobodys
        assert theirs["element"] == "after"

    refused(other)
    house.worker.post(f"{first.at}/hand-over", {"team": other.who.organisation, "reason": "cover"})
    assert other.get(f"/referrals/cases?after={first.case}") == []
    refused(house.worker)


# --- errors ---------------------------------------------------------------------------------------


def test_no_error_repeats_a_word_of_what_was_sent(house: House):
    marked = marked_bundle()
    spoilt = 0
    for entry in marked.bundle["entry"]:
        for holder, name in list(places(entry["resource"], set(marked.markers))):
            kept = holder[name]
            for wrong in ([kept], {kept: kept}, f"{kept} \x07", {"nested": {"reference": kept}}):
                holder[name] = wrong
                answer = house.ehr.send("POST", "/fhir", json=marked.bundle)
                if answer.status_code >= 400:
                    spoilt += 1
                    assert found(marked, [answer.text]) == {}, (name, wrong)
            holder[name] = kept
    assert spoilt > 100


def places(value: Any, markers: set[str]) -> Iterator[tuple[Any, Any]]:
    """Where a marker stands: the object or list that holds it, and its key."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, each in pairs:
        if isinstance(each, dict | list):
            yield from places(each, markers)
        elif each in markers:
            yield value, key


def test_no_scope_lets_a_provider_guess_who_it_is(house: House):
    _, task = house.accepted()
    own = house.provider.get(f"/fhir/Task/{task}")["for"]["reference"]
    for query in ("name=Feather", "name=Nobody", "phone=07700900111"):
        scopes = ("system/Task.rs", f"system/Patient.rs?{query}")
        narrowed = house.by("provider", scopes=scopes)
        for path in (own, "Patient", f"{own}/$everything", "Task?_include=Task:patient"):
            narrowed.get(f"/fhir/{path}", status=403)
