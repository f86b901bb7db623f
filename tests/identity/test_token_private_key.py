"""Client credentials with a signed assertion (SMART Backend Services, RFC 7523)."""

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from joserfc import jwk, jwt
from sqlalchemy import func, insert, select

from services.identity.tables import used_assertion
from tests.identity.conftest import Assertion, Issuer, Written, public_set
from tests.identity.test_token_secret import refused

GENERIC = (
    "Client authentication failed. Check the client id, and its secret or key; whoever registered"
    " the client can give it a new one."
)


@pytest.fixture(scope="module")
def client(issuer: Issuer, ec_key: jwk.ECKey, rsa_key: jwk.RSAKey) -> str:
    return issuer.register(jwks=public_set(ec_key, rsa_key))[0]


def turned_down(answer: httpx.Response) -> str:
    return refused(answer, "invalid_client", 401)


@pytest.mark.parametrize("name", ["ec_key", "rsa_key"])
def test_a_signed_assertion_gets_a_token(
    issuer: Issuer, client: str, assertion: Assertion, name: str, request: pytest.FixtureRequest
):
    key = request.getfixturevalue(name)
    answer = issuer.post(data=assertion(key, client, scope="system/Task.rs"))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["token_type"], body["scope"]) == ("bearer", "system/Task.rs")
    keys = jwk.KeySet.import_key_set(issuer.http.get("/identity/jwks.json").json())
    assert jwt.decode(body["access_token"], keys).claims["client_id"] == client


def test_an_assertion_is_good_once(
    issuer: Issuer, client: str, ec_key: jwk.ECKey, assertion: Assertion
):
    form = assertion(ec_key, client)
    assert issuer.post(data=form).status_code == 200
    assert "jti" in turned_down(issuer.post(data=form))


def test_of_twenty_equal_assertions_at_once_one_is_accepted(
    issuer: Issuer, client: str, ec_key: jwk.ECKey, assertion: Assertion
):
    form = assertion(ec_key, client)
    with ThreadPoolExecutor(20) as pool:
        statuses = list(pool.map(lambda _: issuer.post(data=form).status_code, range(20)))
    assert sorted(statuses) == [200] + [401] * 19


def test_two_clients_may_use_one_jti(
    issuer: Issuer, client: str, ec_key: jwk.ECKey, assertion: Assertion
):
    other, _ = issuer.register(jwks=public_set(ec_key))
    same = {"jti": "one \U0001f511 \ud800 " + "x" * 3000}
    assert issuer.post(data=assertion(ec_key, client, claims=same)).status_code == 200
    assert issuer.post(data=assertion(ec_key, other, claims=same)).status_code == 200


def test_a_forged_assertion_does_not_use_up_the_jti(
    issuer: Issuer, client: str, ec_key: jwk.ECKey, assertion: Assertion
):
    stranger = jwk.ECKey.generate_key("P-384", {"kid": "ec", "alg": "ES384"})
    chosen = {"jti": "chosen"}
    assert turned_down(issuer.post(data=assertion(stranger, client, claims=chosen))) == GENERIC
    assert issuer.post(data=assertion(ec_key, client, claims=chosen)).status_code == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": None},
        {"aud": "https://elsewhere.example/token"},
        {"aud": ["https://elsewhere.example/token"]},
        {"aud": {"a": 1}},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"exp": float("nan")},
        {"exp": float("inf")},
        {"exp": 10**300},
        {"exp": -1},
        {"exp": lambda now: now - 31},
        {"exp": lambda now: now + 400},
        {"nbf": lambda now: now + 60},
        {"iat": lambda now: now + 60},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"iss": None},
        {"iss": "somebody-else"},
        {"sub": None},
        {"sub": "somebody-else"},
        {"iss": 7, "sub": 7},
        {"iss": ["a"], "sub": ["a"]},
        {"iss": "nobody", "sub": "nobody"},
        {"iss": "not\x00an id", "sub": "not\x00an id"},
    ],
)
def test_claims_that_are_refused(
    issuer: Issuer, client: str, ec_key: jwk.ECKey, assertion: Assertion, claims: dict[str, Any]
):
    now = int(time.time())
    chosen = {name: value(now) if callable(value) else value for name, value in claims.items()}
    turned_down(issuer.post(data=assertion(ec_key, client, claims=chosen)))


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"exp": None}, "for its exp: missing claim"),
        ({"jti": None}, "for its jti: missing claim"),
        ({"aud": "https://elsewhere.example/token"}, "for its aud: invalid claim"),
        ({"exp": 1}, "for its exp: expired token"),
    ],
)
def test_the_claim_that_is_wrong_is_named(
    issuer: Issuer,
    client: str,
    ec_key: jwk.ECKey,
    assertion: Assertion,
    claims: dict[str, Any],
    said: str,
):
    answer = issuer.post(data=assertion(ec_key, client, claims=claims))
    assert answer.status_code == 401
    assert said in answer.json()["error_description"]


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": lambda now: now + 300},
        {"exp": lambda now: now - 10},
        {"exp": lambda now: now + 60.5},
        {"aud": lambda issuer: ["https://elsewhere.example", issuer.token_endpoint]},
    ],
)
def test_claims_that_are_accepted(
    issuer: Issuer, client: str, ec_key: jwk.ECKey, assertion: Assertion, claims: dict[str, Any]
):
    chosen = {
        name: value(issuer if name == "aud" else int(time.time())) for name, value in claims.items()
    }
    answer = issuer.post(data=assertion(ec_key, client, claims=chosen))
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    "header",
    [
        {"kid": None},
        {"kid": "another"},
        {"typ": "at+jwt"},
        {"typ": "dpop+jwt"},
        {"jku": "https://elsewhere.example/jwks.json"},
        {"crit": ["exp"]},
        {"surprise": "1"},
    ],
)
def test_headers_that_are_refused(
    issuer: Issuer, client: str, ec_key: jwk.ECKey, assertion: Assertion, header: dict[str, Any]
):
    try:
        form = assertion(ec_key, client, header=header)
    except Exception:  # noqa: BLE001 - joserfc itself will not sign it
        form = assertion(ec_key, client)
        _, payload, signature = form["client_assertion"].split(".")
        head = {"alg": "ES384", "kid": "ec", "typ": "JWT"} | header
        form["client_assertion"] = f"{encoded(head)}.{payload}.{signature}"
    turned_down(issuer.post(data=form))


@pytest.mark.parametrize("typ", [None, "jwt", "client-authentication+jwt"])
def test_types_of_an_assertion_that_are_accepted(
    issuer: Issuer, client: str, ec_key: jwk.ECKey, assertion: Assertion, typ: str | None
):
    answer = issuer.post(data=assertion(ec_key, client, header={"typ": typ}))
    assert answer.status_code == 200, answer.text


def test_only_the_algorithms_of_smart_are_accepted(
    issuer: Issuer, client: str, rsa_key: jwk.RSAKey, assertion: Assertion
):
    words = set()
    for algorithm in ("RS256", "PS384"):
        same = jwk.RSAKey.import_key(rsa_key.as_pem(private=True), {"kid": "rsa"})
        form = assertion(same, client, header={"alg": algorithm})
        words.add(turned_down(issuer.post(data=form)))
    shared = jwk.OctKey.import_key("shared" * 10, {"kid": "rsa"})
    words.add(turned_down(issuer.post(data=assertion(shared, client, header={"alg": "HS384"}))))
    assert words == {"alg must be one of RS384, ES384."}


def test_an_unsigned_assertion_is_refused(
    issuer: Issuer, client: str, ec_key: jwk.ECKey, assertion: Assertion
):
    form = assertion(ec_key, client)
    _, payload, _ = form["client_assertion"].split(".")
    for algorithm in ("none", "None", "ES384"):
        head = encoded({"alg": algorithm, "kid": "ec", "typ": "JWT"})
        turned_down(issuer.post(data=form | {"client_assertion": f"{head}.{payload}."}))


def test_a_key_of_another_curve_is_refused(
    issuer: Issuer, rsa_key: jwk.RSAKey, assertion: Assertion
):
    key = jwk.ECKey.generate_key("P-256", {"kid": "ec", "alg": "ES256"})
    wrong = {**key.as_dict(private=False), "alg": "ES384"}
    client_id, _ = issuer.register(jwks={"keys": [wrong, rsa_key.as_dict(private=False)]})
    form = assertion(key, client_id)
    _, payload, signature = form["client_assertion"].split(".")
    head = encoded({"alg": "ES384", "kid": "ec", "typ": "JWT"})
    form["client_assertion"] = f"{head}.{payload}.{signature}"
    assert turned_down(issuer.post(data=form)) == GENERIC


def test_unknown_client_unknown_key_and_wrong_signature_get_the_same_answer(
    issuer: Issuer, client: str, ec_key: jwk.ECKey, assertion: Assertion
):
    with_secret, _ = issuer.register()
    inactive, _ = issuer.register(jwks=public_set(ec_key), active=False)
    other = jwk.ECKey.generate_key("P-384", {"kid": "ec", "alg": "ES384"})
    unknown_kid = jwk.ECKey.generate_key("P-384", {"kid": "new", "alg": "ES384"})
    words = {
        turned_down(issuer.post(data=form))
        for form in (
            assertion(ec_key, "nobody"),
            assertion(ec_key, with_secret),
            assertion(ec_key, inactive),
            assertion(other, client),
            assertion(unknown_kid, client),
        )
    }
    assert words == {GENERIC}


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "a.b.c",
        "a.b.c.d.e",
        "..",
        "é.é.é",
        "x" * 20_000,
    ],
)
def test_what_is_no_jwt_is_refused(issuer: Issuer, client: str, assertion: Assertion, text: str):
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": text,
    }
    assert turned_down(issuer.post(data=form)) == "The assertion is not a signed JWT."


@pytest.mark.parametrize(
    ("head", "payload"),
    [
        (["alg"], {}),
        ({"alg": ["ES384"]}, {}),
        ({"alg": "ES384", "kid": 7}, {}),
        ({"alg": "ES384", "kid": "ec", "typ": 7}, {}),
        ({"alg": "ES384", "kid": "ec"}, []),
        ({"alg": "ES384", "kid": "ec"}, None),
        ({"alg": "ES384", "kid": "ec"}, "[" * 9000),
        ({"alg": "ES384", "kid": "ec"}, "1" * 9000),
    ],
)
def test_json_of_the_wrong_shape_is_refused(issuer: Issuer, head: Any, payload: Any):
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": f"{encoded(head)}.{encoded(payload)}.AAAA",
    }
    turned_down(issuer.post(data=form))


def test_client_id_must_agree_with_the_assertion(
    issuer: Issuer, client: str, ec_key: jwk.ECKey, assertion: Assertion
):
    answer = issuer.post(data=assertion(ec_key, client, client_id=client))
    assert answer.status_code == 200
    turned_down(issuer.post(data=assertion(ec_key, client, client_id="another")))


def test_used_assertions_are_forgotten_once_they_could_not_be_used_again(
    issuer: Issuer, client: str, ec_key: jwk.ECKey, assertion: Assertion
):
    now = datetime.now(UTC)
    rows = [
        {"client_id": client, "jti": str(n), "expires": now - timedelta(hours=1)} for n in range(70)
    ]
    live = {"client_id": client, "jti": "live", "expires": now + timedelta(hours=1)}
    with issuer.engine.begin() as connection:
        connection.execute(insert(used_assertion), [*rows, live])
    assert issuer.post(data=assertion(ec_key, client)).status_code == 200
    with issuer.engine.connect() as connection:
        old = connection.execute(
            select(func.count()).where(used_assertion.c.expires < now)
        ).scalar_one()
        kept = connection.execute(
            select(func.count()).where(used_assertion.c.jti == "live")
        ).scalar_one()
    assert (old, kept) == (0, 1)


def test_no_assertion_is_logged(
    issuer: Issuer, client: str, ec_key: jwk.ECKey, assertion: Assertion, written: Written
):
    form = assertion(ec_key, client)
    issuer.post(data=form)
    issuer.post(data=form)
    log = written()
    assert "used before" in log
    for part in form["client_assertion"].split(".")[1:]:
        assert part not in log


def encoded(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
