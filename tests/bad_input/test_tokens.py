"""Who may not: tokens that are none, and other organisations' data."""

import base64
import json
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest
from joserfc import jwk

from tests.bad_input.door import FHIR, PLANTED, Door, outcome, problem, token
from tests.referrals.house import KEYS, SERVICE, a_bundle, wish

STRANGER = jwk.ECKey.generate_key("P-256", {"kid": "tests", "alg": "ES256"})

BAD: dict[str, str] = {
    "expired": token(exp=int(time.time()) - 1),
    "without an end": token(exp=None),
    "not yet": token(nbf=int(time.time()) + 3_600),
    "for another audience": token(aud="elsewhere"),
    "for nobody": token(aud=None),
    "of another issuer": token(iss="https://elsewhere.example"),
    "of no issuer": token(iss=None),
    "about nobody": token(sub=None),
    "of a stranger's key": token(key=STRANGER),
    "cut": token()[:-10],
    "without a signature": token().rpartition(".")[0] + ".",
    "nonsense": PLANTED,
    "long": PLANTED * 1_000,
}
BAD |= {
    f"with {name} {value}": base64.urlsafe_b64encode(
        json.dumps({"alg": "ES256", "kid": "tests", name: value}).encode()
    )
    .decode()
    .rstrip("=")
    + token()[token().index(".") :]
    for name, value in (("crit", 5), ("crit", [5]), ("kid", {}), ("alg", []), ("b64", 0))
}
KEY = "7a1e0000-0000-4000-8000-00000000000c"
ASKED = [
    ("POST", "/fhir"),
    ("GET", "/fhir/Patient"),
    ("GET", "/fhir/Task/1"),
    ("DELETE", "/fhir/Patient/1"),
    ("GET", "/fhir/nowhere/at/all"),
    ("GET", "/referrals/cases"),
    ("POST", f"/referrals/cases/{KEY}/accept"),
    ("POST", f"/referrals/requests/{KEY}/answer"),
    ("PUT", f"/directory/services/{KEY}"),
    ("GET", f"/notifications/deliveries?case={KEY}"),
    ("PUT", f"/notifications/contacts/{KEY}/{KEY}"),
]


def unauthenticated(answer: httpx.Response) -> Any:
    told = (
        outcome(answer, 401, "http.Authorization")
        if answer.request.url.path.startswith("/fhir")
        else problem(answer, 401)
    )
    assert answer.headers["www-authenticate"].startswith("Bearer")
    return told


@pytest.mark.parametrize(("method", "path"), ASKED)
def test_without_a_token_nobody_gets_in(door: Door, method: str, path: str):
    unauthenticated(door.send(method, path, by=None, json={}))
    unauthenticated(door.send(method, path, headers={"Authorization": f"Basic {PLANTED}"}))
    unauthenticated(door.send(method, f"{path}{'&' if '?' in path else '?'}access_token={token()}",
                              by=None))  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_token_that_is_not_to_be_trusted(door: Door, kind: str):
    headers = {"Authorization": f"Bearer {BAD[kind]}"}
    for method, path in (("POST", "/fhir"), ("GET", "/fhir/Patient"), ("GET", "/referrals/cases")):
        answer = door.send(method, path, headers=headers, json=a_bundle())
        told = unauthenticated(answer)
        assert "invalid_token" in answer.headers["www-authenticate"]
        if path.startswith("/fhir"):
            assert told["code"] == ("expired" if kind == "expired" else "login")


@pytest.mark.parametrize("claim", [None, "", "nobody", 7, [], {"a": 1}, "0" * 31])
def test_a_token_that_names_no_organisation(door: Door, claim: object):
    headers = {"Authorization": f"Bearer {token(organisation=claim)}"}
    for method, path in (
        ("POST", "/fhir"),
        ("GET", "/fhir/Patient"),
        ("GET", "/fhir/Subscription/x/$status"),
    ):
        answer = door.send(method, path, headers=headers | FHIR, json=a_bundle())
        assert "names no organisation" in outcome(answer, 403)["diagnostics"]
    worker = token("link-worker", organisation=claim)
    provider = token("provider", organisation=claim)
    for method, path, bearer in (
        ("GET", "/referrals/cases", worker),
        ("POST", f"/referrals/requests/{uuid4()}/answer", provider),
        ("PUT", f"/directory/services/{uuid4()}", provider),
        ("GET", f"/notifications/deliveries?case={uuid4()}", worker),
    ):
        headers = {"Authorization": f"Bearer {bearer}"}
        told = problem(door.send(method, path, headers=headers, json={}), 403)
        assert told["element"] == "organisation"


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_that_anybody_could_sign(door: Door, algorithm: str):
    head, payload, _ = token().split(".")

    header = {"alg": algorithm, "typ": "at+jwt", "kid": KEYS.signing.kid}
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
    answer = door.send(
        "GET", "/fhir/Patient", headers={"Authorization": f"Bearer {head}.{payload}."}
    )
    unauthenticated(answer)


@pytest.mark.parametrize(
    "scope", [None, "", "cases", "system/Observation.cruds", "system/ServiceRequest.rs",
              "patient/*.cruds", PLANTED]
)  # fmt: skip
def test_a_wrong_scope(door: Door, scope: str | None):
    headers = {"Authorization": f"Bearer {token(scope=scope)}"}
    assert outcome(door.fhir("", a_bundle(), headers=headers), 403)["code"] == "forbidden"
    body = {"resourceType": "Patient"}
    outcome(door.fhir("/Patient", body, headers=headers), 403)
    outcome(door.send("GET", "/fhir/Patient", headers=headers), 403)
    outcome(door.send("DELETE", "/fhir/Patient/1", headers=headers), 403)


def test_a_wrong_scope_elsewhere(door: Door):
    problem(door.send("GET", "/referrals/cases"), 403)
    problem(door.send("POST", f"/referrals/requests/{uuid4()}/answer", json={}), 403)
    problem(door.send("PUT", f"/directory/services/{uuid4()}", json={}), 403)
    problem(door.send("GET", "/notifications/calls"), 403)


def test_another_organisations_data_are_not_there(door: Door):
    sent = door.fhir("", a_bundle())
    assert sent.status_code == 200, sent.text
    door.stored_now()
    own = [entry["response"]["location"].split("/fhir/")[1] for entry in sent.json()["entry"]]
    for located in own:
        record = located.partition("/_history")[0]
        kind, _, key = record.partition("/")
        assert door.send("GET", f"/fhir/{record}").status_code == 200
        for other in ("ehr-2", "fhir-client", "provider"):
            outcome(door.send("GET", f"/fhir/{record}", by=other), 404)
            outcome(door.send("GET", f"/fhir/{located}", by=other), 404)
            outcome(door.send("GET", f"/fhir/{record}/_history", by=other), 404)
            found = door.send("GET", f"/fhir/{kind}?_id={key}", by=other)
            assert found.json()["total"] == 0
        body = {"resourceType": kind, "id": key, "status": "active", "intent": "order",
                "subject": {"reference": "Patient/1"}}  # fmt: skip
        if kind != "ServiceRequest":
            body = {"resourceType": kind, "id": key}
        answer = door.fhir(f"/{record}", body, method="PUT", by="ehr-2")
        assert answer.status_code in (403, 404, 405, 422), answer.text
        outcome(door.send("DELETE", f"/fhir/{record}", by="ehr-2"), 404)
        patch = [{"op": "add", "path": "/language", "value": "en"}]
        kind_of = {"Content-Type": "application/json-patch+json"}
        outcome(door.fhir(f"/{record}", patch, method="PATCH", by="ehr-2", headers=kind_of), 404)


def test_another_teams_case_is_not_there(door: Door):
    assert door.fhir("", a_bundle()).status_code == 200
    (case, *_) = [
        row["case"] for row in door.send("GET", "/referrals/cases", by="link-worker").json()
    ]
    door.stored_now()
    for other in ("link-worker-2", "provider"):
        problem(door.send("GET", f"/referrals/cases/{case}", by=other), 404)
        problem(door.send("POST", f"/referrals/cases/{case}/accept", by=other), 403, 404)
        asked = door.send("POST", f"/referrals/cases/{case}/requests", by=other, json=wish(SERVICE))
        problem(asked, 403, 404)


def test_a_stale_if_match(door: Door):
    made = door.fhir("/Patient", {"resourceType": "Patient", "gender": "other"})
    assert made.status_code == 201
    body = made.json() | {"gender": "female"}
    at = f"/Patient/{body['id']}"
    assert door.fhir(at, body, method="PUT", headers={"If-Match": 'W/"1"'}).status_code == 200
    door.stored_now()
    body["gender"] = "male"
    stale = {"If-Match": 'W/"1"'}
    outcome(door.fhir(at, body, method="PUT", headers=stale), 412)
    outcome(door.fhir(at, body, method="PUT", headers={"If-Match": 'W/"99"'}), 412)
    patch = [{"op": "replace", "path": "/gender", "value": "male"}]
    kind = {"Content-Type": "application/json-patch+json"}
    outcome(door.fhir(at, patch, method="PATCH", headers=kind | stale), 412)
    outcome(door.send("DELETE", f"/fhir{at}", headers=stale), 412)


@pytest.mark.parametrize("tag", ["1", "W/1", '"x"', PLANTED, '"1", "2"', '"99999999999"'])
def test_an_if_match_that_is_none(door: Door, tag: str):
    body = {"resourceType": "Patient", "id": "x"}
    answer = door.fhir("/Patient/x", body, method="PUT", headers={"If-Match": tag})
    outcome(answer, 400, "http.If-Match")
