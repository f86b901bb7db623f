"""The interfaces beside FHIR: whatever is sent, the answer is a problem that names the element."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.bad_input.door import PLANTED, Door, Json, problem
from tests.referrals.house import SERVICE, WITHDRAWN, a_bundle, wish

KEY = "7a1e0000-0000-4000-8000-00000000000b"
JSON = {"Content-Type": "application/json"}

TAKES: dict[tuple[str, str], tuple[str, Json]] = {
    ("POST", f"/referrals/cases/{KEY}/route"): ("coordinator", {"team": KEY}),
    ("POST", f"/referrals/cases/{KEY}/return"): ("link-worker", {"reason": "x"}),
    ("POST", f"/referrals/cases/{KEY}/contacts"): (
        "link-worker", {"reached": True, "how": "phone"},
    ),
    ("POST", f"/referrals/cases/{KEY}/requests"): ("link-worker", wish(SERVICE)),
    ("POST", f"/referrals/cases/{KEY}/close"): ("link-worker", {"outcome": "completed"}),
    ("POST", f"/referrals/requests/{KEY}/answer"): ("provider", {"decision": "accept"}),
    ("POST", f"/referrals/requests/{KEY}/progress"): ("provider", {"action": "start"}),
    ("POST", f"/referrals/requests/{KEY}/identity"): ("provider", {"viewer": None}),
    ("POST", f"/referrals/requests/{KEY}/cancel"): ("link-worker", {"reason": "x"}),
    ("PUT", f"/directory/services/{KEY}/capacity"): ("provider", {"state": "open"}),
    ("POST", f"/directory/services/{KEY}/withdraw"): ("provider", {"reason": "x"}),
    ("POST", "/directory/services"): ("provider", {"name": "x", "status": "active"}),
    ("PUT", f"/directory/services/{KEY}"): ("provider", {"name": "x", "status": "active"}),
    ("POST", "/directory/organizations"): ("provider", {"name": "x", "description": "x"}),
    ("PUT", f"/directory/organizations/{KEY}"): ("provider", {"name": "x", "description": "x"}),
    ("PUT", f"/notifications/contacts/{KEY}/{KEY}"): (
        "coordinator",
        {"means": "email", "address": "desk@hub.example", "label": "Desk",
         "preferences": {"digest": "daily"}},
    ),
    ("POST", "/notifications/answer-links/exchange"): ("provider", {"token": "x"}),
}  # fmt: skip
REFUSED = (400, 401, 403, 404, 409, 413, 415, 422)

each_taker = pytest.mark.parametrize(("method", "path"), TAKES)


def send(door: Door, method: str, path: str, body: Any, **arguments: Any) -> Json:
    who, _ = TAKES[method, path]
    sent = {"content": body} if isinstance(body, bytes) else {"json": body}
    headers = JSON | arguments.pop("headers", {})
    answer = door.send(method, path, by=who, headers=headers, **sent, **arguments)
    return problem(answer, *REFUSED)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a value could be replaced."""
    yield path
    if isinstance(value, dict):
        for key, member in value.items():
            yield from places(member, (*path, key))
    if isinstance(value, list):
        for n, member in enumerate(value):
            yield from places(member, (*path, n))


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    first, *rest = path
    if isinstance(value, dict):
        return value | {first: replaced(value[first], tuple(rest), new)}
    return [replaced(e, tuple(rest), new) if n == first else e for n, e in enumerate(value)]


@each_taker
def test_malformed_json(door: Door, method: str, path: str):
    for body in (b"{", b"", b"nonsense", b"\xff\xfe{", b"[" * 200_000, b'{"a":' * 50_000,
                 b"9" * 10_000, f"'{PLANTED}'".encode()):  # fmt: skip
        send(door, method, path, body)


@each_taker
def test_another_kind_of_json(door: Door, method: str, path: str):
    for body in (None, 1, [], [1], PLANTED, True, {PLANTED: 1}, {"": PLANTED}):
        if body is None and path.endswith("/identity"):
            continue  # its body may be left out
        send(door, method, path, body)


@each_taker
def test_a_huge_body(door: Door, method: str, path: str):
    told = send(door, method, path, b" " * 1_100_000)
    assert told["status"] == 413
    _, good = TAKES[method, path]
    assert send(door, method, path, good | {"x": "x" * 1_100_000})["status"] == 413


@each_taker
def test_a_wrong_media_type(door: Door, method: str, path: str):
    for kind in ("text/plain", "application/xml", "multipart/form-data", "x", ""):
        send(door, method, path, f"<x>{PLANTED}</x>".encode(), headers={"Content-Type": kind})


@each_taker
def test_wrong_types_everywhere(door: Door, method: str, path: str):
    who, good = TAKES[method, path]
    for where in places(good):
        for new in (None, 1, -1, 1.5, True, [], {}, [[PLANTED]], {"x": PLANTED}, PLANTED,
                    "", "x" * 5_000, 10**400):  # fmt: skip
            answer = door.send(method, path, by=who, json=replaced(good, where, new))
            if answer.is_success:  # it was right after all, and is answered as it is stored
                door.answers.pop()
                door.stored_now()
            else:
                problem(answer, *REFUSED)


ODD = {
    "a NUL": "Pl\x00x",
    "half a surrogate": "Pl\ud800x",
    "a control character": "Pl\x07x",
}


@each_taker
@pytest.mark.parametrize("kind", ODD)
def test_characters_that_are_no_text_everywhere(door: Door, method: str, path: str, kind: str):
    who, good = TAKES[method, path]
    for where in places(good):
        body = json.dumps(replaced(good, where, ODD[kind])).encode()
        answer = door.send(method, path, by=who, content=body, headers=JSON)
        if not answer.is_success:
            problem(answer, *REFUSED)
        else:
            door.stored_now()


@pytest.mark.parametrize("key", ["1", PLANTED, "%00", "%ff", "x" * 3_000, "..%2f..", "null", "-"])
def test_an_id_that_is_no_uuid(door: Door, key: str):
    for (method, path), (who, good) in TAKES.items():
        if KEY not in path:
            continue
        answer = door.send(method, path.replace(KEY, key), by=who, json=good)
        problem(answer, 404, 405, 422)
    for path, who in (
        ("/referrals/cases/{}", "link-worker"),
        ("/referrals/requests/{}", "provider"),
        ("/directory/services/{}", "provider"),
        ("/directory/organizations/{}", "provider"),
        ("/directory/listings/{}", "provider"),
        ("/directory/taxonomy_terms/{}", "provider"),
        ("/notifications/contacts/{}", "link-worker"),
        ("/notifications/deliveries?case={}", "coordinator"),
        ("/notifications/calls?party={}", "coordinator"),
    ):
        answer = door.send("GET", path.format(key), by=who)
        if not answer.is_success:
            problem(answer, 403, 404, 405, 422)


@pytest.mark.parametrize(
    "query",
    ["state=%00", f"state={PLANTED}%20x", "count=-1", "count=0", f"count={'9' * 500}", "count=NaN",
     "after=1", "unrouted=maybe", "open=", "after=%00", "state=" + "x" * 5_000],
)  # fmt: skip
def test_a_worklist_that_cannot_be_meant(door: Door, query: str):
    problem(door.send("GET", f"/referrals/cases?{query}", by="link-worker"), 422)


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=-1", f"page={'9' * 500}", "per_page=100000", f"{PLANTED}=1", "search=%00",
     f"postcode={PLANTED}", "proximity=NaN&postcode=BD1", "proximity=5", "day=someday",
     "start_time=25:00", "minimum_age=-1", "taxonomy_id=x", "modified_after=yesterday",
     "search=a&search=b", "search=" + "x" * 5_000, "full=perhaps", "modified_after=0001-01-01"],
)  # fmt: skip
def test_a_directory_list_that_cannot_be_meant(door: Door, query: str):
    problem(door.send("GET", f"/directory/services?{query}", by=None), 400)


@pytest.mark.parametrize(
    "query",
    ["near=1,2,3", "near=NaN,1", "near=91,0", f"near={PLANTED}", "within=5", "within=-1&near=BD1",
     "cost_max=Infinity", "language=%00", "need=%00", "search=%00", "age=1e999", "day=x",
     "need=" + ",".join(["x"] * 50), "free_places=2x"],
)  # fmt: skip
def test_a_need_that_cannot_be_meant(door: Door, query: str):
    problem(door.send("GET", f"/directory/search?{query}", by=None), 400)


@pytest.mark.parametrize(
    "query",
    ["search=' or 1=1 --", "search=%25%5F%5C", "search=" + "(" * 200, "search=!%26|:*<->",
     "search=%F0%9F%A7%B5", "postcode=BD1%201AA", "page=1000000", "search=%20",
     "modified_after=9999-12-31T23:59:59Z", "modified_after=0001-01-01T00:00:00%2B14:00"],
)  # fmt: skip
def test_what_is_only_odd_finds_nothing_and_breaks_nothing(door: Door, query: str):
    for path in ("services", "service_at_locations"):
        answer = door.send("GET", f"/directory/{path}?{query}", by=None)
        assert answer.status_code in (200, 400), answer.text


@pytest.mark.parametrize("path", ["referrals", "directory", "notifications", "identity", "health"])
def test_an_address_at_which_there_is_nothing(door: Door, path: str):
    for rest in ("nothing", PLANTED, "%00", "..%2f..", "x" * 5_000, "a/b/c/d"):
        problem(door.send("GET", f"/{path}/{rest}"), 404, 405)
        problem(door.send("POST", f"/{path}/{rest}", json={}), 404, 405)


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "X", "DELETE"])
def test_a_method_that_means_nothing(door: Door, method: str):
    for path in ("/referrals/cases", "/directory/services", "/identity/token", "/health/live"):
        problem(door.send(method, path), 405)


# --- services that nobody may ask -------------------------------------------------------------


@pytest.fixture
def case(door: Door) -> str:
    """A case whose person said yes."""
    sent = door.fhir("", a_bundle())
    assert sent.status_code == 200, sent.text
    rows = door.send("GET", "/referrals/cases?count=200", by="link-worker").json()
    untouched = [row["case"] for row in rows if row["state"].startswith("requested")]
    found = str((untouched or [rows[-1]["case"]])[-1])
    for step in ("accept", "person-accepts"):
        door.send("POST", f"/referrals/cases/{found}/{step}", by="link-worker")
    door.stored_now()
    return found


@pytest.mark.parametrize(("service", "status"), [(KEY, 422), (str(WITHDRAWN), 409)])
def test_an_unknown_and_a_closed_service(door: Door, case: str, service: str, status: int):
    body = wish(SERVICE) | {"service": service, "text": PLANTED}
    answer = door.send("POST", f"/referrals/cases/{case}/requests", by="link-worker", json=body)
    assert problem(answer, status)["element"] == "service"


def test_characters_that_are_no_text_in_a_real_request(door: Door, case: str):
    for odd in ODD.values():
        for field, value in (
            ("text", odd), ("when", odd), ("access_needs", [odd]), ("share", {"name": odd}),
            ("share", {odd: "x"}), ("several_because", odd), ("how", odd),
            ("needs", [{"code": "x", "display": odd}]), ("needs", [{"code": "x", "system": odd}]),
        ):  # fmt: skip
            body = json.dumps(wish(SERVICE) | {field: value}).encode()
            path = f"/referrals/cases/{case}/requests"
            answer = door.send("POST", path, by="link-worker", content=body, headers=JSON)
            assert problem(answer, 422)["element"].startswith(("body", "share", "how"))


# --- the issuer -------------------------------------------------------------------------------

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.mark.parametrize(
    "body",
    [b"", b"x", b"{", b"grant_type=password", b"grant_type=client_credentials",
     b"grant_type=client_credentials&grant_type=client_credentials",
     b"grant_type=client_credentials&scope=%00", b"grant_type=%ff%fe", b"grant_type=\xff",
     b"=" * 5_000, b"&".join([b"a=b"] * 10_000),
     b"grant_type=client_credentials&client_id=%00&client_secret=x",
     b"grant_type=client_credentials&client_assertion=a.b.c&client_assertion_type=x",
     b"grant_type=client_credentials&client_assertion=" + b"A" * 20_000 + b"&client_assertion_type="
     b"urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
     b"grant_type=client_credentials&client_id=" + PLANTED.encode() + b"&client_secret=x"],
)  # fmt: skip
def test_a_token_request_that_is_none(door: Door, body: bytes):
    answer = door.send("POST", "/identity/token", by=None, content=body, headers=FORM)
    assert answer.status_code in (400, 401), answer.text
    assert answer.json()["error"]


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic AP8=", "Basic OjA=", "Bearer x"])
def test_client_credentials_that_are_none(door: Door, header: str):
    headers = FORM | {"Authorization": header}
    body = b"grant_type=client_credentials"
    answer = door.send("POST", "/identity/token", by=None, content=body, headers=headers)
    assert answer.status_code in (400, 401), answer.text
    assert answer.json()["error"]


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "", "multipart/form-data"])
def test_a_token_request_of_another_kind(door: Door, kind: str):
    body = f'{{"grant_type":"{PLANTED}"}}'.encode()
    answer = door.send(
        "POST", "/identity/token", by=None, content=body, headers={"Content-Type": kind}
    )
    assert answer.status_code in (400, 401, 415), answer.text


def test_a_huge_token_request(door: Door):
    for size in (100_000, 2_000_000):
        body = b"grant_type=" + b"x" * size
        answer = door.send("POST", "/identity/token", by=None, content=body, headers=FORM)
        problem(answer, 413)
