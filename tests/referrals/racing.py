"""Two or more at once on the same case, many cases at a time."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import httpx

from services.referrals.domain import Refused
from services.referrals.handlers import answers, onward, triage
from services.referrals.handlers.answers import expire
from services.referrals.handlers.onward import Ask
from shared.auth import Principal
from tests.referrals.house import (
    SERVICE,
    SHARED,
    WHO,
    House,
    Json,
    Referral,
    a_bundle,
    house_at,
    prepare,
)

RACES = 200
RUNNERS = 8
Call = Callable[[], httpx.Response]
Asked = tuple[Referral, str]
"""A referral and the Task of the provider that is being asked."""

ODS = "https://fhir.nhs.uk/Id/ods-organization-code"


def at_once(races: Sequence[tuple[Call, ...]]) -> list[tuple[int, ...]]:
    """Make all calls of all races, those of one race side by side; their statuses.

    No call may be answered with more than a refusal: no 500, and no deadlock or failed
    serialization that a client would have to know of.
    """
    order = [(n, m) for n, calls in enumerate(races) for m in range(len(calls))]
    random.Random(1858).shuffle(order)
    order.sort(key=lambda each: each[0])
    start = threading.Barrier(RUNNERS)
    statuses: dict[tuple[int, int], int] = {}

    def run(share: list[tuple[int, int]]) -> None:
        start.wait()
        for n, m in share:
            statuses[n, m] = races[n][m]().status_code

    with ThreadPoolExecutor(RUNNERS) as pool:
        list(pool.map(run, [order[k::RUNNERS] for k in range(RUNNERS)]))
    found = [tuple(statuses[n, m] for m in range(len(calls))) for n, calls in enumerate(races)]
    fine = {200, 201, 204, 409, 412}
    assert {status for each in found for status in each} <= fine, Counter(found)
    return found


# --- what is called -----------------------------------------------------------------------------


def post(house: House, name: str, path: str, body: Any = None) -> Call:
    caller = house.by(name)
    return lambda: caller.send("POST", path, json=body)


def answer(house: House, task: str, decision: str = "accept", **more: str) -> Call:
    body = {"decision": decision} | more
    return post(house, "provider", f"/referrals/requests/{task}/answer", body)


def patch_status(house: House, request: str, status: str) -> Call:
    headers = {"Content-Type": "application/json-patch+json"}
    patch = [{"op": "replace", "path": "/status", "value": status}]
    path = f"/fhir/ServiceRequest/{request}"
    return lambda: house.ehr.send("PATCH", path, json=patch, headers=headers)


def let_time_pass(house: House, task: str) -> Call:
    """The clock's own step on one request, answered as the API would."""

    def call() -> httpx.Response:
        try:
            expire(house.desk, task)
        except Refused:
            return httpx.Response(409)
        return httpx.Response(200)

    return call


def transaction(*entries: Json) -> Json:
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}


def put(resource: Json, **changes: Any) -> Json:
    url = f"{resource['resourceType']}/{resource['id']}"
    return {"resource": resource | changes, "request": {"method": "PUT", "url": url}}


# --- many cases, made once ------------------------------------------------------------------------


def principal(name: str) -> Principal:
    who = WHO[name]
    return Principal(
        who.client_id, who.client_id, who.organisation, frozenset(who.roles), frozenset(who.scopes)
    )


def prepare_crowd(database_url: str) -> None:
    """`RACES` cases in which a provider is being asked; a database is cloned from this in no time.

    The referrals are small and come in by the API; what follows them is done by the handlers, each
    in its transaction as always, without HTTP around it.
    """
    prepare(database_url)
    worker = principal("link-worker")
    wanted = Ask(SERVICE, [{"code": "loneliness"}], share=SHARED)
    with house_at(database_url) as house:
        for _ in range(RACES):
            case = UUID(house.refer(_small_bundle()).case)
            triage.do(house.desk, worker, case, "accept")
            onward.ask(house.desk, worker, case, wanted)


def _small_bundle() -> Json:
    """A referral of a Patient and a request, which says by an ODS code whose it is."""
    bundle = a_bundle(str(uuid4()))
    kept = [
        each
        for each in bundle["entry"]
        if each["resource"]["resourceType"] in {"Patient", "ServiceRequest"}
    ]
    patient, request = (each["resource"] for each in kept)
    for element in ("generalPractitioner", "managingOrganization"):
        patient.pop(element, None)
    for element in ("performer", "supportingInfo", "reasonReference"):
        request.pop(element, None)
    request["requester"] = {"identifier": {"system": ODS, "value": "ZZK01"}}
    return bundle | {"entry": kept}


def crowd_of(house: House) -> list[Asked]:
    """The cases that `prepare_crowd` made."""
    rows = house.rows(
        "select c.service_request, c.patient, c.id::text, t.id, p.id from referral_case c"
        " join case_task t on t.case = c.id and t.kind = 'triage'"
        " join case_task p on p.case = c.id and p.kind = 'provider' order by c.key"
    )
    return [(Referral(row[0], row[1], {}, row[2], row[3]), row[4]) for row in rows]


def all_accept(house: House, crowd: Iterable[Asked]) -> None:
    """Every provider accepts."""
    for _, task in crowd:
        answers.answer(house.desk, principal("provider"), task, "accept")


# --- what is so afterwards ------------------------------------------------------------------------


def events(house: House) -> dict[str, list[str]]:
    """What was told of each case, in short and in order."""
    told: dict[str, list[str]] = {}
    for subject, name in house.rows("select subject, type from outbox order by position"):
        short = name.removeprefix("kersey.referral.").removesuffix(".v1")
        told.setdefault(subject.removeprefix("case/"), []).append(short)
    return told


def states(house: House) -> dict[str, str]:
    """Every Task's status/businessStatus by id."""
    return dict(house.rows("select id, status || '/' || business from case_task"))


def versions(house: House) -> dict[str, int]:
    """Every case's version by id: it rises by one with each step that was made."""
    return dict(house.rows("select id::text, version from referral_case"))


IMPOSSIBLE = {
    "a provider's Task is open in a case that has ended":
        "select p.id from case_task p join case_task t on t.case = p.case and t.kind = 'triage'"
        " where p.kind = 'provider'"
        " and t.status in ('completed', 'rejected', 'failed', 'cancelled')"
        " and p.status not in ('completed', 'rejected', 'failed', 'cancelled')",
    "a Task's document does not say what its row says":
        "select t.id from case_task t join document d on d.type = 'Task' and d.id = t.id"
        " where d.body::json->>'status' <> t.status"
        " or d.body::json#>>'{businessStatus,coding,0,code}' <> t.business"
        " or d.body::json#>>'{owner,reference}' <> 'Organization/' || t.owner",
    "an onward request is active for a Task that has ended, or the other way round":
        "select t.id from case_task t join document d"
        " on d.type = 'ServiceRequest' and d.id = t.service_request where t.kind = 'provider'"
        " and (d.body::json->>'status' = 'active')"
        " = (t.status in ('completed', 'rejected', 'failed', 'cancelled'))",
    "a sender revoked its request and the case goes on":
        "select c.id from referral_case c join worklist w on w.case = c.id"
        " join document d on d.type = 'ServiceRequest' and d.id = c.service_request"
        " where w.open and w.state <> 'withdrawal-asked'"
        " and d.body::json->>'status' = 'revoked'",
    "a version of a document is missing or there twice":
        "select d.id from document d join document_version v on v.pk = d.pk group by d.pk"
        " having count(*) <> max(d.version) or max(v.version) <> max(d.version)",
    "two events of a case have one place in its order, or came in another order":
        "select subject from (select subject, envelope::json->>'sequence' as n,"
        " lag(envelope::json->>'sequence') over (partition by subject order by position) as before"
        " from outbox) told where n <= before",
    "the worklist shows another state, team or hub than the case has":
        "select c.id from referral_case c join worklist w on w.case = c.id"
        " join case_task t on t.case = c.id and t.kind = 'triage'"
        " where w.state <> t.business or w.team is distinct from c.team or w.hub <> c.hub"
        " or w.open = (t.status in ('completed', 'rejected', 'failed', 'cancelled'))",
    "the triage Task is read by another team than the one that has the case":
        "select t.id from case_task t join referral_case c on c.id = t.case"
        " join document d on d.type = 'Task' and d.id = t.id"
        " join document_reader r on r.pk = d.pk and r.basis = 'care'"
        " where r.party <> c.team::text",
    "a provider's Patient says who it is without a place or an agreement":
        "select t.id from case_task t join onward_request o on o.task = t.id"
        " join agreement a on a.task = t.id"
        " join document d on d.type = 'Patient' and d.id = o.patient"
        " where (d.body::json->'name' is not null) <>"
        " (t.business in ('selected', 'started', 'attended', 'completed')"
        " and a.withdrawn is null)",
    "somebody is expected where there is no place, or the Appointment says something else":
        "select t.id from case_task t join first_visit v on v.task = t.id"
        " join document d on d.type = 'Appointment' and d.id = v.appointment"
        " where d.body::json->>'status' <> v.status"
        " or (v.status = 'booked') <> (t.business = 'selected')",
}  # fmt: skip
"""What no race may leave behind, and the query that would find it."""


def nothing_is_broken(house: House) -> None:
    """Ask for everything that would be impossible."""
    found = {what: house.rows(query) for what, query in IMPOSSIBLE.items()}
    assert {what: rows for what, rows in found.items() if rows} == {}


def score(name: str, outcomes: Iterable[str]) -> str:
    """How often which of a race's outcomes came about, for the end of the run."""
    counted = Counter(outcomes)
    times = ", ".join(f"{what} {n}" for what, n in sorted(counted.items()))
    return f"{name}: {counted.total()} races: {times}"
