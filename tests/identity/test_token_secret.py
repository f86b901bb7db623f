"""Client credentials with a secret: what is issued, and every refusal of RFC 6749 section 5.2."""

import base64
import time
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwk, jwt

from services.identity.body import MAX_BODY
from tests.identity.conftest import ASSERTION_TYPE, ORGANISATION, Issuer, Written

GRANT = {"grant_type": "client_credentials"}


@pytest.fixture(scope="module")
def client(issuer: Issuer) -> tuple[str, str]:
    return issuer.register()


def basic(client_id: str, secret: str) -> dict[str, str]:
    pair = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


def refused(answer: httpx.Response, error: str, status: int = 400) -> str:
    """Check a refusal's form and answer its description."""
    body = answer.json()
    assert (answer.status_code, body["error"]) == (status, error), answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert ("www-authenticate" in answer.headers) == (status == 401)
    description: str = body["error_description"]
    assert all(0x20 <= ord(c) <= 0x7E and c not in '"\\' for c in description)
    return description


def test_a_token_says_who_acts_for_whom_and_may_do_what(issuer: Issuer, client: tuple[str, str]):
    answer = issuer.post(auth=client, data=GRANT | {"scope": "system/Task.rs"})

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"
    body = answer.json()
    assert body.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == 300
    assert body["scope"] == "system/Task.rs"

    published = issuer.http.get("/identity/jwks.json").json()
    token = jwt.decode(body["access_token"], jwk.KeySet.import_key_set(published))
    assert token.header["typ"] == "at+jwt"
    assert token.header["alg"] == "RS256"
    assert token.header["kid"] == issuer.keys.current().kid
    claims = token.claims
    assert claims["iss"] == issuer.settings.issuer
    assert claims["sub"] == claims["client_id"] == client[0]
    assert claims["aud"] == "kersey"
    assert claims["exp"] - claims["iat"] == 300
    assert abs(claims["iat"] - time.time()) < 10
    assert claims["scope"] == "system/Task.rs"
    assert claims["organisation"] == str(ORGANISATION)
    assert claims["roles"] == ["referral-sender"]
    assert claims["jti"]


def test_every_token_has_a_name_of_its_own(issuer: Issuer, client: tuple[str, str]):
    keys = jwk.KeySet.import_key_set(issuer.http.get("/identity/jwks.json").json())
    names = {jwt.decode(issuer.token(client), keys).claims["jti"] for _ in range(3)}
    assert len(names) == 3


def test_without_scope_all_registered_scopes_are_granted(issuer: Issuer, client: tuple[str, str]):
    answer = issuer.post(auth=client, data=GRANT)
    assert answer.json()["scope"] == "system/ServiceRequest.cruds system/Task.rs"


def test_an_empty_scope_counts_as_none(issuer: Issuer, client: tuple[str, str]):
    answer = issuer.post(auth=client, data=GRANT | {"scope": ""})
    assert answer.json()["scope"] == "system/ServiceRequest.cruds system/Task.rs"


def test_the_secret_may_come_in_the_body(issuer: Issuer, client: tuple[str, str]):
    form = GRANT | {"client_id": client[0], "client_secret": client[1]}
    assert issuer.post(data=form).status_code == 200


def test_basic_credentials_are_form_encoded(issuer: Issuer):
    client_id, secret = issuer.register(client_id="a.b~c_d-e")
    encoded = {"Authorization": basic(client_id.replace("~", "%7E"), secret)["Authorization"]}
    assert issuer.post(headers=encoded, data=GRANT).status_code == 200


def test_client_id_may_stand_beside_basic_credentials(issuer: Issuer, client: tuple[str, str]):
    assert issuer.post(auth=client, data=GRANT | {"client_id": client[0]}).status_code == 200
    refused(issuer.post(auth=client, data=GRANT | {"client_id": "other"}), "invalid_client", 401)


def test_unknown_client_and_wrong_secret_get_the_same_answer(
    issuer: Issuer, client: tuple[str, str]
):
    inactive = issuer.register(active=False)
    answers = [
        issuer.post(auth=pair, data=GRANT)
        for pair in [
            ("nobody", "x"),
            ("nobody", client[1]),
            (client[0], "x"),
            (client[0], client[1] + "x"),
            inactive,
            ("", ""),
            ("not\x00an id", "x"),
            ("x" * 500, "x"),
        ]
    ]
    for answer in answers:
        refused(answer, "invalid_client", 401)
    assert len({answer.text for answer in answers}) == 1
    assert {answer.headers["www-authenticate"] for answer in answers} == {
        'Basic realm="kersey", charset="UTF-8"'
    }


@pytest.mark.parametrize(
    "header",
    [
        "Bearer abc",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
    ],
)
def test_a_malformed_authorization_header_is_no_authentication(issuer: Issuer, header: str):
    refused(issuer.post(headers={"Authorization": header}, data=GRANT), "invalid_client", 401)


def test_no_credentials_at_all(issuer: Issuer, client: tuple[str, str]):
    refused(issuer.post(data=GRANT), "invalid_client", 401)
    refused(issuer.post(data=GRANT | {"client_id": client[0]}), "invalid_client", 401)
    refused(issuer.post(data=GRANT | {"client_secret": client[1]}), "invalid_client", 401)


def test_a_client_with_keys_has_no_secret(issuer: Issuer, ec_key: jwk.ECKey):
    client_id, _ = issuer.register(jwks={"keys": [ec_key.as_dict(private=False)]})
    for secret in ("", "None", "null", "x"):
        refused(issuer.post(headers=basic(client_id, secret), data=GRANT), "invalid_client", 401)


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": 'évil" \\'}, "unsupported_grant_type"),
        (GRANT | {"scope": "system/Patient.rs"}, "invalid_scope"),
        (GRANT | {"scope": "system/Task.sr"}, "invalid_scope"),
        (GRANT | {"scope": "patient/Task.rs"}, "invalid_scope"),
        (GRANT | {"scope": 'évil" \\'}, "invalid_scope"),
        (GRANT | {"scope": "x" * 5000}, "invalid_scope"),
        (GRANT | {"scope": "   "}, "invalid_scope"),
        (GRANT | {"client_secret": "x"}, "invalid_request"),
        (
            GRANT | {"client_assertion": "x", "client_assertion_type": ASSERTION_TYPE},
            "invalid_request",
        ),
    ],
)
def test_refusals_with_right_credentials(
    issuer: Issuer, client: tuple[str, str], form: dict[str, str], error: str
):
    assert len(refused(issuer.post(auth=client, data=form), error)) < 200


@pytest.mark.parametrize(
    "form",
    [
        GRANT | {"client_assertion": "x"},
        GRANT | {"client_assertion_type": ASSERTION_TYPE},
        GRANT | {"client_assertion": "x", "client_assertion_type": "saml2-bearer"},
    ],
)
def test_half_an_assertion_is_an_invalid_request(issuer: Issuer, form: dict[str, str]):
    refused(issuer.post(data=form), "invalid_request")


@pytest.mark.parametrize(
    "sent",
    [
        {"json": GRANT},
        {"content": b"grant_type=client_credentials"},
        {"content": b"grant_type=client_credentials&grant_type=client_credentials"},
        {"content": b"grant_type=client_credentials&x=%FF"},
        {"content": b"grant_type=client_credentials&x=\xff"},
        {"content": b"&".join(b"x%d=1" % n for n in range(1000))},
        {"data": GRANT, "params": {"scope": "system/Task.rs"}},
    ],
)
def test_what_is_not_a_form_is_an_invalid_request(
    issuer: Issuer, client: tuple[str, str], sent: dict[str, Any]
):
    form = "application/x-www-form-urlencoded"
    content = sent.get("content", b"")
    headers = {"content-type": form} if b"x" in content or content.count(b"&") else {}
    refused(issuer.post(auth=client, headers=headers, **sent), "invalid_request")


def test_a_body_that_is_too_large_is_not_read_to_its_end(issuer: Issuer):
    answer = issuer.post(content=b"x" * (MAX_BODY + 1))
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    body=st.binary(max_size=200)
    | st.dictionaries(
        st.sampled_from(
            [
                "grant_type",
                "scope",
                "client_id",
                "client_secret",
                "client_assertion_type",
                "client_assertion",
            ]
        ),
        st.text(max_size=20)
        | st.sampled_from(["client_credentials", ASSERTION_TYPE, "e30.e30.", "eyJhbGciOjF9.e30."]),
    ).map(lambda form: urlencode(form, errors="surrogatepass").encode()),
    authorization=st.none()
    | st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)
    | st.binary(min_size=1, max_size=20).map(
        lambda pair: f"Basic {base64.b64encode(pair).decode()}"
    ),
)
def test_nothing_that_is_sent_gets_a_token_or_breaks_the_endpoint(
    issuer: Issuer, body: bytes, authorization: str | None
):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    if authorization is not None:
        headers["authorization"] = authorization
    answer = issuer.post(content=body, headers=headers)
    assert answer.status_code in (400, 401)
    refused(answer, answer.json()["error"], answer.status_code)


def test_other_methods_are_not_allowed(issuer: Issuer):
    assert issuer.http.get("/identity/token").status_code == 405


def test_no_secret_or_token_is_logged(issuer: Issuer, client: tuple[str, str], written: Written):
    token = issuer.token(client)
    issuer.post(auth=(client[1], "wrong-secret"), data=GRANT)
    log = written()
    assert client[0] in log
    for secret in (client[1], "wrong-secret", token, token.split(".")[2]):
        assert secret not in log
    assert issuer.settings.key_encryption_key.get_secret_value() not in log
