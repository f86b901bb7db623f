"""Introspection and revocation: whether a token still holds, and its end (RFC 7662, RFC 7009)."""

import base64
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwk, jwt
from sqlalchemy import func, insert, select

from services.identity.tables import revoked_token
from tests.identity.conftest import ORGANISATION, Assertion, Issuer, Written, public_set
from tests.identity.test_token_secret import refused

Pair = tuple[str, str]
INACTIVE = {"active": False}


@pytest.fixture(scope="module")
def client(issuer: Issuer) -> Pair:
    return issuer.register()


@pytest.fixture(scope="module")
def server(issuer: Issuer) -> Pair:
    """A resource server: it may ask about everybody's tokens."""
    return issuer.register(scopes=("tokens.introspect",))


def introspect(issuer: Issuer, who: Pair, token: str, **form: str) -> dict[str, Any]:
    answer = issuer.http.post("/identity/introspect", auth=who, data={"token": token} | form)
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    told: dict[str, Any] = answer.json()
    return told


def revoke(issuer: Issuer, who: Pair, token: str, **form: str) -> httpx.Response:
    return issuer.http.post("/identity/revoke", auth=who, data={"token": token} | form)


def test_a_token_is_told_as_it_was_issued(issuer: Issuer, client: Pair, server: Pair):
    token = issuer.token(client, scope="system/Task.rs")
    told = introspect(issuer, server, token)
    jti = told.pop("jti")
    assert told.pop("exp") - told.pop("iat") == 300
    assert told == {
        "active": True,
        "token_type": "bearer",
        "iss": issuer.settings.issuer,
        "sub": client[0],
        "client_id": client[0],
        "aud": "kersey",
        "scope": "system/Task.rs",
        "organisation": str(ORGANISATION),
        "roles": ["referral-sender"],
    }
    assert jti


def test_a_client_may_ask_about_its_own_tokens_and_hears_nothing_of_others(
    issuer: Issuer, client: Pair
):
    token = issuer.token(client)
    assert introspect(issuer, client, token)["active"]
    assert introspect(issuer, issuer.register(), token) == INACTIVE


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "surprise"])
def test_a_hint_may_be_anything(issuer: Issuer, client: Pair, hint: str):
    token = issuer.token(client)
    assert introspect(issuer, client, token, token_type_hint=hint)["active"]
    assert revoke(issuer, client, token, token_type_hint=hint).status_code == 200
    assert introspect(issuer, client, token, token_type_hint=hint) == INACTIVE


def test_a_client_with_keys_may_ask_too(issuer: Issuer, ec_key: jwk.ECKey, assertion: Assertion):
    name, _ = issuer.register(jwks=public_set(ec_key))
    token = issuer.post(data=assertion(ec_key, name)).json()["access_token"]
    for path, answered in (("introspect", True), ("revoke", None), ("introspect", False)):
        form = assertion(ec_key, name, token=token)
        answer = issuer.http.post(f"/identity/{path}", data=form)
        assert answer.status_code == 200, answer.text
        assert answer.json().get("active") is answered
        again = issuer.http.post(f"/identity/{path}", data=form)
        assert "jti" in refused(again, "invalid_client", 401), "an assertion is good once"


def test_a_revoked_token_is_inactive_at_once_and_the_others_are_not(issuer: Issuer, client: Pair):
    ended, kept = issuer.token(client), issuer.token(client)
    answer = revoke(issuer, client, ended)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert introspect(issuer, client, ended) == INACTIVE
    assert introspect(issuer, client, kept)["active"]
    assert revoke(issuer, client, ended).status_code == 200, "twice is as good as once"


def test_nobody_ends_anothers_token(issuer: Issuer, client: Pair, server: Pair):
    token = issuer.token(client)
    for stranger in (issuer.register(), server):
        words = refused(revoke(issuer, stranger, token), "invalid_grant")
        assert words == "The token was issued to another client."
    assert introspect(issuer, client, token)["active"]


@pytest.fixture
def forge(issuer: Issuer, client: Pair) -> Callable[..., str]:
    """Signs with the issuer's own key what the issuer did not sign."""

    def make(key: jwk.Key | None = None, *, typ: str = "at+jwt", **claims: Any) -> str:
        now = int(time.time())
        good = {
            "iss": issuer.settings.issuer,
            "aud": "kersey",
            "sub": client[0],
            "client_id": client[0],
            "iat": now,
            "exp": now + 300,
            "jti": str(uuid4()),
            "generation": 0,
        } | claims
        signer = key or issuer.keys.current()
        heads = {"alg": "RS256", "typ": typ, "kid": signer.kid}
        return jwt.encode(heads, {k: v for k, v in good.items() if v is not None}, signer)

    return make


def test_what_the_forger_makes_is_good_unless_something_is_wrong(
    issuer: Issuer, client: Pair, forge: Callable[..., str]
):
    assert introspect(issuer, client, forge())["active"]
    before = forge(generation=None)
    assert introspect(issuer, client, before)["active"], "made by the release before this"


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"exp": None},
        {"exp": "later"},
        {"exp": True},
        {"iss": "https://issuer.example"},
        {"aud": "another"},
        {"aud": ["kersey", "another"]},
        {"jti": None},
        {"jti": "no uuid"},
        {"jti": ["a"]},
        {"client_id": None},
        {"client_id": "nobody"},
        {"client_id": "not\x00an id"},
        {"generation": 1},
        {"generation": "0"},
        {"typ": "JWT"},
        {"typ": "client-authentication+jwt"},
    ],
)
def test_what_does_not_hold_is_inactive_and_no_more_is_said(
    issuer: Issuer, client: Pair, forge: Callable[..., str], claims: dict[str, Any]
):
    token = forge(**claims)
    assert introspect(issuer, client, token) == INACTIVE
    assert revoke(issuer, client, token).status_code == 200


def test_a_strangers_or_an_altered_token_is_inactive(
    issuer: Issuer, client: Pair, forge: Callable[..., str]
):
    kid = issuer.keys.current().kid
    stranger = jwk.RSAKey.generate_key(2048, {"kid": str(kid)})
    head, payload, signature = issuer.token(client).split(".")
    _, other, _ = forge(scope="system/*.cruds").split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "at+jwt"}).encode())
    for token in (
        forge(stranger),
        f"{head}.{other}.{signature}",
        f"{head}.{payload}.",
        f"{none.rstrip(b'=').decode()}.{payload}.",
        "x" * 30_000,
    ):
        assert introspect(issuer, client, token) == INACTIVE


@pytest.mark.parametrize("path", ["introspect", "revoke"])
def test_whoever_does_not_prove_himself_hears_nothing(issuer: Issuer, client: Pair, path: str):
    token = issuer.token(client)

    def ask(**arguments: Any) -> httpx.Response:
        return issuer.http.post(f"/identity/{path}", **arguments)

    form = {"token": token}
    refused(ask(data=form), "invalid_client", 401)
    refused(ask(data=form, auth=(client[0], "wrong")), "invalid_client", 401)
    bearer = {"Authorization": f"Bearer {token}"}
    refused(ask(data=form, headers=bearer), "invalid_client", 401)
    assert refused(ask(auth=client, data={}), "invalid_request")
    assert refused(ask(auth=client, data={"token": ""}), "invalid_request") == "token is missing."
    refused(ask(auth=client, json=form), "invalid_request")
    refused(ask(auth=client, params=form), "invalid_request")
    refused(ask(auth=client, data={"token": [token, token]}), "invalid_request")
    twice = form | {"client_secret": client[1], "client_id": client[0]}
    refused(ask(auth=client, data=twice), "invalid_request")
    assert issuer.http.get(f"/identity/{path}").status_code == 405
    assert introspect(issuer, client, token)["active"]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    token=st.text(min_size=1, max_size=60)
    | st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=2)
                | st.dictionaries(st.sampled_from(["alg", "kid", "typ", "b64", "crit"]), inner)
            ),
            max_leaves=6,
        ).map(lambda v: base64.urlsafe_b64encode(json.dumps(v).encode()).rstrip(b"=").decode()),
        min_size=3,
        max_size=3,
    ).map(".".join)
)
def test_no_text_breaks_it(issuer: Issuer, client: Pair, token: str):
    assert introspect(issuer, client, token) == INACTIVE


def test_a_token_is_forgotten_once_it_would_have_expired(issuer: Issuer, client: Pair):
    now = datetime.now(UTC)
    rows = [
        {"jti": uuid4(), "client_id": client[0], "expires": now - timedelta(hours=1)}
        for _ in range(20)
    ]
    with issuer.engine.begin() as connection:
        connection.execute(insert(revoked_token), rows)
    token = issuer.token(client)
    revoke(issuer, client, token)
    with issuer.engine.connect() as connection:
        old = select(func.count()).where(revoked_token.c.expires < now)
        assert connection.execute(old).scalar_one() == 0
    assert introspect(issuer, client, token) == INACTIVE


def test_after_a_rotation_tokens_hold_and_after_a_theft_none_does(own_issuer: Issuer):
    client = own_issuer.register()
    token = own_issuer.token(client)
    own_issuer.keys.rotate()
    assert introspect(own_issuer, client, token)["active"]
    own_issuer.keys.revoke_all()
    assert introspect(own_issuer, client, token) == INACTIVE


def test_no_token_is_logged(issuer: Issuer, client: Pair, written: Written):
    token = issuer.token(client)
    introspect(issuer, client, token)
    revoke(issuer, client, token)
    revoke(issuer, issuer.register(), issuer.token(client))
    log = written()
    assert "token.revoked" in log
    for secret in (client[1], token, token.split(".")[1], token.split(".")[2]):
        assert secret not in log
