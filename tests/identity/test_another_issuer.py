"""Another issuer takes identity's place by settings alone: nothing of identity runs here."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Depends
from fastapi.testclient import TestClient
from joserfc import jwk, jwt

from deploy.demo.clients import CLIENTS
from services.referrals.app import create_app
from services.referrals.settings import ReferralsSettings
from shared import smart
from shared.auth import Principal, requires
from shared.database import create_engine
from shared.http import ServiceClient
from shared.service import service_app
from shared.settings import ServiceSettings
from shared.smart import SmartDiscovery, smart_configuration, smart_routes
from tests.identity.realm import Realm, realm_at_work
from tests.infrastructure.postgres import NewDatabase
from tests.infrastructure.serving import serving
from tests.referrals.house import WHO, a_bundle, prepare
from tests.referrals.house import token as token_of_identity

EHR = CLIENTS["ehr"]
CLAIMS = {"organisation": str(EHR.organisation), "roles": list(EHR.roles)}


@dataclass
class Changed:
    """The referrals service as an operator has changed it, and the issuer it trusts now."""

    realm: Realm
    http: TestClient

    def send(
        self, token: str, method: str = "GET", path: str = "/fhir/Task", **more: Any
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"}
        answer: httpx.Response = self.http.request(method, path, headers=headers, **more)
        return answer

    def reason(self, token: str) -> str:
        """Why a token is refused."""
        answer = self.send(token)
        assert answer.status_code == 401
        return str(answer.json()["issue"][0]["diagnostics"])


def set_issuer(environment: pytest.MonkeyPatch, realm: Realm) -> None:
    """The settings that an operator changes: all of them."""
    keys = f"{realm.issuer}/protocol/openid-connect/certs"
    environment.setenv("KERSEY_ISSUER", realm.issuer)
    environment.setenv("KERSEY_JWKS_URL", keys)
    environment.setenv("KERSEY_TOKEN_URL", f"{realm.issuer}/protocol/openid-connect/token")


@pytest.fixture(params=["RS256", "ES256", "PS256"])
def changed(
    request: pytest.FixtureRequest, database: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Changed]:
    with realm_at_work(request.param) as realm:
        realm.clients["ehr"] = ("its-secret", CLAIMS)
        monkeypatch.setenv("KERSEY_DATABASE_URL", database("referrals", prepare))
        monkeypatch.setenv("KERSEY_PAGING_KEY", "k" * 32)
        set_issuer(monkeypatch, realm)
        settings = ReferralsSettings()
        engine = create_engine(
            settings.database_url.get_secret_value(), pool_size=4, application_name="tests"
        )
        try:
            with TestClient(create_app(settings, engine=engine)) as http:
                yield Changed(realm, http)
        finally:
            engine.dispose()


def test_a_referral_is_sent_with_its_token_and_answered(changed: Changed):
    token = changed.realm.granted("ehr", "system/*.cruds")
    sent = changed.send(token, "POST", "/fhir", json=a_bundle())
    assert sent.status_code == 200, sent.text
    (task,) = changed.send(token).json()["entry"]
    assert task["resource"]["status"] == "requested"

    reading = changed.realm.granted("ehr", "system/Task.rs")
    assert changed.send(reading).json()["total"] == 1
    refused = changed.send(reading, "POST", "/fhir", json=a_bundle())
    assert refused.status_code == 403, "its scopes are enforced"
    stranger = {"organisation": str(CLIENTS["ehr-2"].organisation)}
    changed.realm.clients["other"] = ("", CLAIMS | stranger)
    other = changed.realm.granted("other", "system/*.cruds")
    assert changed.send(other).json()["total"] == 0, "its organisation is who it says"


def test_its_keys_change_without_a_restart(changed: Changed):
    old = changed.realm.granted("ehr", "system/Task.rs")
    assert changed.send(old).status_code == 200
    changed.realm.rotate()
    time.sleep(2.1)  # keys are asked for again after two seconds at the earliest
    assert changed.send(changed.realm.granted("ehr", "system/Task.rs")).status_code == 200
    assert changed.send(old).status_code == 200


def test_an_issuer_may_end_its_name_with_a_slash(changed: Changed):
    good = {"sub": "a", "azp": "ehr", "scope": "system/Task.rs", "aud": "kersey"} | CLAIMS
    name = changed.realm.issuer
    assert changed.send(changed.realm.sign(**good | {"iss": f"{name}/"})).status_code == 200
    for other in (f"{name}//", f"{name}/x", f"{name}?", f"/{name}", name.upper(), [name], None):
        assert "not trusted" in changed.reason(changed.realm.sign(**good | {"iss": other}))


def test_what_identity_signed_opens_nothing_any_more(changed: Changed):
    assert "could not be verified" in changed.reason(token_of_identity(WHO["ehr"]))


def test_only_its_access_tokens_for_kersey_are_taken(changed: Changed):
    good = {"sub": "a", "azp": "ehr", "scope": "system/Task.rs", "aud": "kersey"} | CLAIMS
    sign = changed.realm.sign
    assert changed.send(sign(**good)).status_code == 200
    assert "another audience" in changed.reason(sign(**good | {"aud": "ehr"})), "an ID token"
    assert "another audience" in changed.reason(sign(**good | {"aud": ["account"]}))
    elsewhere = changed.realm.issuer.replace("health", "other")
    assert "not trusted" in changed.reason(sign(**good | {"iss": elsewhere})), "another realm"
    assert "expired" in changed.reason(sign(**good | {"exp": 1}))
    refresh = jwt.encode({"alg": "HS256"}, good, jwk.OctKey.import_key("s" * 64))
    assert "could not be verified" in changed.reason(refresh), "a refresh token"


@pytest.mark.parametrize("missing", [{}, {"organisation": "RCF"}, {"organisation": None}])
def test_a_claim_that_it_was_not_taught_is_told(changed: Changed, missing: dict[str, str | None]):
    token = changed.realm.sign(sub="a", azp="ehr", scope="system/Task.rs", aud="kersey", **missing)
    answer = changed.send(token)
    assert answer.status_code == 403
    assert "`organisation` must be a UUID" in answer.json()["issue"][0]["diagnostics"]


def test_one_service_asks_another_with_its_token(monkeypatch: pytest.MonkeyPatch):
    router = APIRouter()

    @router.get("/echo")
    def echo(
        by: Principal = Depends(requires("referrals.requests", role="service")),
    ) -> dict[str, str]:
        return {"client": by.client_id}

    with realm_at_work() as realm:
        realm.clients["notifications"] = ("s", CLAIMS | {"roles": ["service"]})
        set_issuer(monkeypatch, realm)
        monkeypatch.setenv("KERSEY_DATABASE_URL", "postgresql://unused/unused")
        monkeypatch.setenv("KERSEY_CLIENT_ID", "notifications")
        monkeypatch.setenv("KERSEY_CLIENT_SECRET", "s")
        settings = ServiceSettings()
        app = service_app(settings, name="echo", title="Echo", routers=[router])
        with serving(app) as address:
            client = ServiceClient(settings, address, scope="referrals.requests")
            answer = client.request("GET", "/echo")
            client.close()
    assert (answer.status_code, answer.json()) == (200, {"client": "notifications"})


# --- discovery at the FHIR base -------------------------------------------------------------------


@pytest.fixture
def realm() -> Iterator[Realm]:
    with realm_at_work() as found:
        yield found


@pytest.fixture
def fhir(realm: Realm, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """A FHIR server that trusts the realm."""
    set_issuer(monkeypatch, realm)
    monkeypatch.setenv("KERSEY_DATABASE_URL", "postgresql://unused/unused")
    settings = ServiceSettings()
    routers = [smart_routes(SmartDiscovery(settings), "/fhir")]
    return TestClient(service_app(settings, name="fhir", title="FHIR", routers=routers))


def document(fhir: TestClient) -> httpx.Response:
    headers = {"Accept": "application/fhir+xml"}
    answer: httpx.Response = fhir.get("/fhir/.well-known/smart-configuration", headers=headers)
    return answer


def test_the_smart_document_tells_of_that_issuer_and_of_no_sign_in(realm: Realm, fhir: TestClient):
    answer = document(fhir)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    paths = f"{realm.issuer}/protocol/openid-connect"
    assert answer.json() == {
        "issuer": realm.issuer,
        "token_endpoint": f"{paths}/token",
        "introspection_endpoint": f"{paths}/introspect",
        "jwks_uri": f"{paths}/certs",
        "grant_types_supported": ["client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt", "client_secret_basic"],
        "token_endpoint_auth_signing_alg_values_supported": ["PS256", "ES384"],
        "capabilities": [
            "client-confidential-asymmetric",
            "client-confidential-symmetric",
            "permission-v1",
            "permission-v2",
        ],
    }


def test_the_document_of_an_issuer_that_ends_with_a_slash_is_told(realm: Realm, fhir: TestClient):
    realm.metadata = {"issuer": f"{realm.issuer}/"}
    assert document(fhir).json()["issuer"] == f"{realm.issuer}/"


def test_clients_are_not_sent_to_another_issuer(realm: Realm, fhir: TestClient):
    realm.metadata = {"issuer": "https://elsewhere.example"}
    answer = document(fhir)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_while_the_issuer_is_away_the_last_document_is_told(
    realm: Realm, fhir: TestClient, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(smart, "_PAUSE", 0.0)
    realm.away = True
    assert document(fhir).status_code == 503
    realm.away = False
    assert document(fhir).status_code == 200
    monkeypatch.setattr(smart, "_KEEP", 0.0)
    realm.away = True
    assert document(fhir).status_code == 200


def test_clients_of_the_older_way_are_told_the_same_token_endpoint(realm: Realm, fhir: TestClient):
    """SMART App Launch 1.0: an extension of the CapabilityStatement, which is told all the same."""
    discovery = SmartDiscovery(ServiceSettings())
    paths = f"{realm.issuer}/protocol/openid-connect"
    assert discovery.oauth_uris() == {
        "token": f"{paths}/token",
        "introspect": f"{paths}/introspect",
    }
    realm.away = True
    assert SmartDiscovery(ServiceSettings()).oauth_uris() == {}


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"token_endpoint_auth_methods_supported": "private_key_jwt"},
        {"token_endpoint_auth_methods_supported": [["private_key_jwt"], 7]},
        {
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
        },
    ],
)
def test_nothing_is_claimed_that_the_issuer_does_not_say(metadata: dict[str, object]):
    told = smart_configuration(metadata)
    assert told["capabilities"] == ["permission-v1", "permission-v2"]
    assert told["grant_types_supported"] == []
