"""Registration of clients by an administrator over HTTP (RFC 7591, RFC 7592)."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jwk
from sqlalchemy import text

from services.identity import registry
from services.identity.clients import ClientSpec, load_clients
from shared.database import UnitOfWork
from tests.identity.conftest import (
    ORGANISATION,
    Issuer,
    Written,
    assertions_for,
    issuer_at,
    prepare,
    public_set,
)
from tests.identity.test_token_secret import GRANT, refused
from tests.infrastructure.postgres import NewDatabase

PATH = "/identity/clients"
SAID = "said-by-the-client"
Json = dict[str, Any]


class Administrator:
    """Calls with a token of its own."""

    def __init__(self, issuer: Issuer, *scopes: str) -> None:
        self.issuer = issuer
        self.client = issuer.register(scopes=scopes or ("clients.write",), roles=())
        self.token = issuer.token(self.client)

    def send(self, method: str, path: str = "", **arguments: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.issuer.http.request(method, f"{PATH}{path}", headers=headers, **arguments)

    def register(self, **more: Any) -> Json:
        answer = self.send("POST", json=metadata(**more))
        assert answer.status_code == 201, answer.text
        told: Json = answer.json()
        return told


def metadata(**more: Any) -> Json:
    said = {
        "client_name": "Airedale's record system",
        "organisation": str(ORGANISATION),
        "roles": ["referral-sender"],
        "scope": "system/ServiceRequest.cruds system/Task.rs",
    } | more
    return {name: value for name, value in said.items() if value is not None}


@pytest.fixture(scope="module")
def admin(issuer: Issuer) -> Administrator:
    return Administrator(issuer)


def test_a_client_is_registered_and_its_secret_told_once(issuer: Issuer, admin: Administrator):
    answer = admin.send("POST", json=metadata(client_id="airedale"))
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    secret = told.pop("client_secret")
    assert told.pop("client_secret_expires_at") == 0
    assert told == metadata(
        client_id="airedale",
        client_id_issued_at=told["client_id_issued_at"],
        grant_types=["client_credentials"],
        response_types=[],
        token_endpoint_auth_method="client_secret_basic",
        active=True,
    )
    assert admin.send("GET", "/airedale").json() == told
    assert issuer.post(auth=("airedale", secret), data=GRANT).status_code == 200


def test_a_client_id_is_made_where_none_is_chosen(admin: Administrator):
    assert admin.register()["client_id"] != admin.register()["client_id"]


def test_keys_are_registered_inline_and_by_address(
    issuer: Issuer, admin: Administrator, ec_key: jwk.ECKey
):
    inline = admin.register(jwks=public_set(ec_key), token_endpoint_auth_method="private_key_jwt")
    assert "client_secret" not in inline
    assert inline["jwks"] == public_set(ec_key)
    assert inline["token_endpoint_auth_method"] == "private_key_jwt"
    form = assertions_for(issuer)(ec_key, inline["client_id"])
    assert issuer.post(data=form).status_code == 200
    address = "https://ehr.example/jwks.json"
    assert admin.register(jwks_uri=address)["jwks_uri"] == address


def test_clients_are_listed_in_pages(own_issuer: Issuer):
    admin = Administrator(own_issuer, "clients.read", "clients.write")
    made = {admin.register()["client_id"] for _ in range(5)} | {admin.client[0]}
    seen: list[str] = []
    while True:
        after = {"after": seen[-1]} if seen else {}
        page = admin.send("GET", params={"count": 2} | after).json()["clients"]
        if not page:
            break
        assert len(page) <= 2
        assert not any("client_secret" in each for each in page)
        seen += [each["client_id"] for each in page]
    assert seen == sorted(made)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"client_name": None}, "client_name: "),
        ({"client_name": 7}, "client_name: "),
        ({"organisation": "Airedale"}, "organisation: "),
        ({"organisation": None}, "organisation: "),
        ({"scope": None}, "scope: "),
        ({"scope": " "}, "scope: "),
        ({"scope": "system/Task.sr"}, "scope: "),
        ({"scope": "banana"}, "there is no scope 'banana'"),
        ({"scope": "patient/Patient.rs"}, "scope"),
        ({"scope": "system/Banana.rs"}, "R4 has no such type of resource: system/Banana.rs"),
        ({"scope": "system/Task.rs clients.write"}, "is for a client without roles"),
        ({"scope": "clients.read", "roles": ["link-worker"]}, "is for a client without roles"),
        ({"roles": ["king"]}, "there is no role"),
        ({"roles": "service"}, "roles: "),
        ({"client_id": "two words"}, "client_id: "),
        ({"client_id": "x" * 101}, "client_id: "),
        ({"client_id": "\x00"}, "client_id: "),
        ({"grant_types": ["authorization_code"]}, "needs redirect_uris"),
        ({"grant_types": ["implicit"]}, "grant_types.0: "),
        ({"redirect_uris": ["http://ehr.example/"]}, "redirect_uris: "),
        ({"redirect_uris": ["https://ehr.example/#part"]}, "redirect_uris: "),
        ({"response_types": ["code"]}, "response_types"),
        ({"token_endpoint_auth_method": "none"}, "token_endpoint_auth_method: "),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "needs jwks or jwks_uri"),
        ({"jwks": {"keys": []}}, "jwks: "),
        ({"jwks": []}, "jwks: "),
        ({"jwks": public_set(jwk.ECKey.generate_key("P-256", {"kid": "small"}))}, "jwks: "),
        ({"jwks_uri": "http://ehr.example/"}, "jwks_uri: "),
        ({"jwks_uri": "https://ehr.example/", "jwks": {"keys": []}}, "jwks"),
        (
            {
                "jwks_uri": "https://ehr.example/",
                "token_endpoint_auth_method": "client_secret_post",
            },
            "needs jwks or jwks_uri",
        ),
    ],
)
def test_metadata_that_is_refused_says_where_and_repeats_no_value(
    admin: Administrator, wrong: Json, words: str
):
    answer = admin.send("POST", json=metadata(**wrong))
    told = refused(answer, "invalid_client_metadata")
    assert words in told
    assert "Sutcliffe" not in told


def test_in_production_keys_are_fetched_from_no_address_inside(database: NewDatabase):
    """Said at once, to whoever registers it, and not by a client that gets no token."""
    settings = {"environment": "production", "issuer": "https://kersey.example/identity"}
    with issuer_at(database("identity", prepare), **settings) as issuer:
        admin = Administrator(issuer)
        for inside in ("https://10.0.0.1/jwks.json", "http://localhost/jwks.json"):
            answer = admin.send("POST", json=metadata(jwks_uri=inside))
            assert "jwks_uri: " in refused(answer, "invalid_client_metadata")
        told = admin.register(jwks_uri="https://ehr.example/jwks.json")
        answer = admin.send("PUT", f"/{told['client_id']}", json=metadata(jwks_uri=inside))
        assert "jwks_uri: " in refused(answer, "invalid_client_metadata")


def test_a_private_key_is_refused_and_not_repeated(admin: Administrator, ec_key: jwk.ECKey):
    private = {"keys": [ec_key.as_dict(private=True)]}
    answer = admin.send("POST", json=metadata(jwks=private))
    assert "a private key" in refused(answer, "invalid_client_metadata")
    assert str(ec_key.as_dict(private=True)["d"]) not in answer.text


def test_keys_that_cannot_be_stored_are_refused(admin: Administrator, ec_key: jwk.ECKey):
    for odd in ('"a\\u0000b"', "1e999", "[" * 3000 + "]" * 3000):
        keys = json.dumps(public_set(ec_key)).replace('"keys"', f'"odd": {odd}, "keys"')
        body = json.dumps(metadata(jwks=0)).replace('"jwks": 0', f'"jwks": {keys}')
        refused(admin.send("POST", content=body.encode()), "invalid_client_metadata")


def test_an_id_is_given_once(admin: Administrator):
    told = admin.register()
    again = admin.send("POST", json=metadata(client_id=told["client_id"]))
    assert "registered already" in refused(again, "invalid_client_metadata")


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"null", b"7", b"[" * 9000, b"\xff", b'{"a":'])
def test_what_is_no_metadata_is_refused(admin: Administrator, body: bytes):
    refused(admin.send("POST", content=body), "invalid_client_metadata")


def test_too_much_is_refused(admin: Administrator):
    assert admin.send("POST", content=b" " * 70_000).status_code == 413


def test_what_rfc_7591_has_and_we_do_not_is_passed_over(admin: Administrator):
    told = admin.register(logo_uri="https://ehr.example/logo.png", client_secret=SAID)
    assert "logo_uri" not in told
    assert told["client_secret"] != SAID


def test_a_change_replaces_and_ends_the_tokens_that_there_are(issuer: Issuer, admin: Administrator):
    told = admin.register(scope="system/*.cruds")
    pair = (told["client_id"], told["client_secret"])
    old = issuer.token(pair)
    assert holds(issuer, pair, old)

    changed = admin.send("PUT", f"/{pair[0]}", json=metadata(scope="system/Task.rs"))
    assert changed.status_code == 200
    assert changed.json()["scope"] == "system/Task.rs"
    assert "client_secret" not in changed.json(), "it keeps the one that it has"
    assert not holds(issuer, pair, old)
    new = issuer.token(pair)
    assert holds(issuer, pair, new)
    answer = issuer.post(auth=pair, data=GRANT | {"scope": "system/*.cruds"})
    refused(answer, "invalid_scope")


def test_a_client_changes_its_keys_without_a_request_refused(
    issuer: Issuer, admin: Administrator, ec_key: jwk.ECKey, rsa_key: jwk.RSAKey
):
    name = admin.register(jwks=public_set(ec_key))["client_id"]
    make = assertions_for(issuer)

    def publish(*keys: jwk.Key) -> None:
        answer = admin.send("PUT", f"/{name}", json=metadata(jwks=public_set(*keys)))
        assert answer.status_code == 200

    def accepted(key: jwk.Key) -> bool:
        return issuer.post(data=make(key, name)).status_code == 200

    assert (accepted(ec_key), accepted(rsa_key)) == (True, False)
    publish(ec_key, rsa_key)
    assert (accepted(ec_key), accepted(rsa_key)) == (True, True)
    publish(rsa_key)
    assert (accepted(ec_key), accepted(rsa_key)) == (False, True)


def test_a_client_goes_from_a_secret_to_keys_and_back(
    issuer: Issuer, admin: Administrator, ec_key: jwk.ECKey
):
    told = admin.register()
    pair = (told["client_id"], told["client_secret"])
    path = f"/{pair[0]}"
    assert admin.send("PUT", path, json=metadata(jwks=public_set(ec_key))).status_code == 200
    refused(issuer.post(auth=pair, data=GRANT), "invalid_client", 401)
    assert "no secret" in refused(admin.send("POST", f"{path}/secret"), "invalid_client_metadata")
    back = admin.send("PUT", path, json=metadata()).json()
    assert issuer.post(auth=(pair[0], back["client_secret"]), data=GRANT).status_code == 200


def test_a_secret_is_renewed(issuer: Issuer, admin: Administrator):
    told = admin.register()
    pair = (told["client_id"], told["client_secret"])
    old = issuer.token(pair)
    new = admin.send("POST", f"/{pair[0]}/secret").json()["client_secret"]
    refused(issuer.post(auth=pair, data=GRANT), "invalid_client", 401)
    pair = (pair[0], new)
    assert issuer.token(pair)
    assert not holds(issuer, pair, old)


def test_a_secret_is_renewed_without_a_request_refused(issuer: Issuer, admin: Administrator):
    told = admin.register()
    name, old = told["client_id"], told["client_secret"]
    asking = issuer.register(scopes=("tokens.introspect",))
    token = issuer.token((name, old))

    def renewed(hours: int) -> str:
        answer = admin.send("POST", f"/{name}/secret", params={"overlap_hours": hours})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["client_secret"])

    def accepted(secret: str) -> bool:
        return issuer.post(auth=(name, secret), data=GRANT).status_code == 200

    new = renewed(1)
    assert accepted(old)
    assert accepted(new)
    assert holds(issuer, asking, token)
    with issuer.engine.begin() as connection:
        over = "update oauth_client set former_secret_until = now() where client_id = :name"
        connection.execute(text(over), {"name": name})
    assert (accepted(old), accepted(new)) == (False, True)

    newer = renewed(1)
    newest = renewed(0)
    assert [accepted(each) for each in (new, newer, newest)] == [False, False, True]
    assert not holds(issuer, asking, token), "after a theft nothing is left"

    last = renewed(1)
    assert admin.send("DELETE", f"/{name}").status_code == 204
    with UnitOfWork(issuer.engine) as uow:
        registry.set_active(uow, name, active=True)
        uow.commit()
    assert (accepted(newest), accepted(last)) == (False, True)
    too_long = admin.send("POST", f"/{name}/secret", params={"overlap_hours": 169})
    assert too_long.status_code in {400, 422}


def test_a_deactivated_client_gets_nothing_and_keeps_its_id(issuer: Issuer, admin: Administrator):
    told = admin.register()
    pair = (told["client_id"], told["client_secret"])
    asking = issuer.register(scopes=("tokens.introspect",))
    token = issuer.token(pair)
    assert holds(issuer, asking, token)
    for _ in range(2):
        assert admin.send("DELETE", f"/{pair[0]}").status_code == 204
    assert not holds(issuer, asking, token)
    refused(issuer.post(auth=pair, data=GRANT), "invalid_client", 401)
    assert admin.send("GET", f"/{pair[0]}").json()["active"] is False
    taken = admin.send("POST", json=metadata(client_id=pair[0]))
    assert "registered already" in refused(taken, "invalid_client_metadata")

    kept = admin.send("PUT", f"/{pair[0]}", json=metadata())
    assert kept.json()["active"] is False, "a change of its name does not open it again"
    admin.send("PUT", f"/{pair[0]}", json=metadata(active=True))
    assert issuer.token(pair)
    assert not holds(issuer, asking, token), "what had ended does not come back"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/secret")]
)
@pytest.mark.parametrize("name", ["nobody", "%00", "a%2Fb", "x" * 300])
def test_an_unknown_client_is_told(admin: Administrator, method: str, path: str, name: str):
    body = {"json": metadata()} if method == "PUT" else {}
    answer = admin.send(method, f"/{name}{path}", **body)
    assert answer.status_code in ({404, 400} if method == "PUT" else {404})


def test_a_client_id_is_not_changed(admin: Administrator):
    name = admin.register()["client_id"]
    answer = admin.send("PUT", f"/{name}", json=metadata(client_id="another"))
    assert "cannot be changed" in refused(answer, "invalid_client_metadata")


def test_a_demo_client_can_only_be_deactivated(issuer: Issuer, admin: Administrator):
    name = f"demo-{uuid4()}"
    load_clients(
        issuer.engine,
        [
            ClientSpec(
                client_id=name,
                name="Demo",
                organisation=ORGANISATION,
                scopes=("system/*.rs",),
                secret=f"demo-{SAID}",
                demo=True,
            )
        ],
    )
    assert admin.send("GET", f"/{name}").json()["demo"] is True
    for method, path, body in (("PUT", "", metadata()), ("POST", "/secret", None)):
        answer = admin.send(method, f"/{name}{path}", json=body)
        assert "secret is public" in refused(answer, "invalid_client_metadata")
    assert admin.send("DELETE", f"/{name}").status_code == 204


ROUTES = [
    ("GET", ""),
    ("POST", ""),
    ("GET", "/nobody"),
    ("PUT", "/nobody"),
    ("DELETE", "/nobody"),
    ("POST", "/nobody/secret"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_only_administrators_get_in(issuer: Issuer, admin: Administrator, method: str, path: str):
    def ask(authorization: str | None) -> httpx.Response:
        headers = {"Authorization": authorization} if authorization else {}
        return issuer.http.request(method, f"{PATH}{path}", headers=headers, json=metadata())

    refused(ask(None), "invalid_token", 401)
    assert ask(None).headers["www-authenticate"] == "Bearer"
    bad = ask("Bearer nonsense")
    refused(bad, "invalid_token", 401)
    assert bad.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    refused(issuer.http.request(method, f"{PATH}{path}", auth=admin.client), "invalid_token", 401)

    everything = issuer.register(scopes=("system/*.cruds", "cases", "tokens.introspect"))
    narrow = ask(f"Bearer {issuer.token(everything)}")
    body = narrow.json()
    assert (narrow.status_code, body["error"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in narrow.headers["www-authenticate"]

    reader = issuer.register(scopes=("clients.read",))
    status = ask(f"Bearer {issuer.token(reader)}").status_code
    assert (status == 403) == (method != "GET")


def test_an_administrators_token_that_ended_opens_nothing_from_that_moment(issuer: Issuer):
    revoked = Administrator(issuer)
    assert revoked.send("GET").status_code == 200
    issuer.http.post("/identity/revoke", auth=revoked.client, data={"token": revoked.token})
    refused(revoked.send("GET"), "invalid_token", 401)

    dismissed, other = Administrator(issuer), Administrator(issuer)
    assert dismissed.send("GET").status_code == 200
    assert other.send("DELETE", f"/{dismissed.client[0]}").status_code == 204
    refused(dismissed.send("GET"), "invalid_token", 401)

    robbed = Administrator(issuer)
    other.send("POST", f"/{robbed.client[0]}/secret")
    refused(robbed.send("GET"), "invalid_token", 401)


def test_too_many_requests_are_refused(database: NewDatabase):
    with issuer_at(database("identity", prepare), client_rate="3/minute") as narrow:
        admin = Administrator(narrow)
        answers = [admin.send("GET").status_code for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        st.sampled_from(
            ["client_id", "client_name", "organisation", "roles", "scope", "jwks", "jwks_uri",
             "grant_types", "response_types", "token_endpoint_auth_method", "active"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e9)
            | st.text(max_size=8)
            | st.sampled_from(["https://[", "//", "https://a@b/", "client_credentials"]),
            lambda inner: st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["keys", "kty", "kid", "n", "e"]), inner, max_size=3),
            max_leaves=5,
        ),
    )
)  # fmt: skip
def test_no_metadata_breaks_it(admin: Administrator, said: Json):
    answer = admin.send("POST", json=metadata(**said))
    assert answer.status_code in (201, 400), answer.text
    if answer.status_code == 400:
        refused(answer, "invalid_client_metadata")


def test_who_registered_whom_is_logged_and_no_secret(
    issuer: Issuer, admin: Administrator, written: Written
):
    told = admin.register()
    new = admin.send("POST", f"/{told['client_id']}/secret").json()["client_secret"]
    admin.send("DELETE", f"/{told['client_id']}")
    log = written()
    for event in ("client.registered", "client.secret_renewed", "client.deactivated"):
        (line,) = [each for each in log.splitlines() if event in each and told["client_id"] in each]
        assert admin.client[0] in line
    for secret in (told["client_secret"], new, admin.token, admin.client[1]):
        assert secret not in log


def holds(issuer: Issuer, asking: tuple[str, str], token: str) -> bool:
    answer = issuer.http.post("/identity/introspect", auth=asking, data={"token": token})
    return bool(answer.json()["active"])
