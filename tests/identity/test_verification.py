"""The contract between the issuer and every service: shared.auth verifies what identity signs.

All over real HTTP: the verifier knows nothing but the issuer's address.
"""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from fastapi import APIRouter, Depends
from httpx import Client
from joserfc import jwk, jws, jwt

from shared.auth import Principal, RemoteKeys, TokenVerifier, Unauthenticated, requires
from shared.problems import Problem
from shared.scopes import may
from shared.service import service_app
from shared.settings import ServiceSettings
from tests.identity.conftest import ORGANISATION, Issuer, issuer_at, listening, prepare, serving
from tests.infrastructure.postgres import NewDatabase


def consumer(at: Issuer, /, **more: str) -> ServiceSettings:
    """Settings of a service that trusts the issuer."""
    values = {
        "database_url": "postgresql://unused/unused",
        "environment": "test",
        "public_url": at.settings.public_url,
    }
    return ServiceSettings(**(values | more))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def verifier(issuer: Issuer) -> TokenVerifier:
    return TokenVerifier(consumer(issuer))


@pytest.fixture(scope="module")
def client(issuer: Issuer) -> tuple[str, str]:
    return issuer.register(roles=("referral-sender", "fhir-client"))


@pytest.fixture
def forge(issuer: Issuer) -> Callable[..., str]:
    """Signs whatever claims with the issuer's own key, or another."""

    def make(
        key: jwk.Key | None = None, *, header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        now = int(time.time())
        good = {
            "iss": issuer.settings.issuer,
            "aud": "kersey",
            "sub": "c",
            "client_id": "c",
            "iat": now,
            "exp": now + 300,
            "jti": str(uuid4()),
            "scope": "system/Task.rs",
            "organisation": str(ORGANISATION),
            "roles": [],
        } | claims
        signer = key or issuer.keys.current()
        heads = {"alg": "RS256", "typ": "at+jwt", "kid": signer.kid} | (header or {})
        return jwt.encode(heads, good, signer, algorithms=[heads["alg"]])

    return make


def reason(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(Unauthenticated) as refused:
        verifier.verify(token)
    return refused.value.reason


def test_a_token_becomes_the_principal_that_was_registered(
    issuer: Issuer, verifier: TokenVerifier, client: tuple[str, str]
):
    principal = verifier.verify(issuer.token(client))
    assert principal == Principal(
        subject=client[0],
        client_id=client[0],
        organisation=str(ORGANISATION),
        roles=frozenset({"referral-sender", "fhir-client"}),
        scopes=frozenset({"system/ServiceRequest.cruds", "system/Task.rs"}),
    )
    assert may(principal, "ServiceRequest", "c")
    assert may(principal, "Task", "s")
    assert not may(principal, "Task", "u")
    assert not may(principal, "Patient", "r")


def test_a_narrower_scope_makes_a_narrower_principal(
    issuer: Issuer, verifier: TokenVerifier, client: tuple[str, str]
):
    principal = verifier.verify(issuer.token(client, scope="system/ServiceRequest.read"))
    assert may(principal, "ServiceRequest", "r")
    assert not may(principal, "ServiceRequest", "c")
    assert not may(principal, "Task", "r")


def test_what_the_forger_makes_is_good_unless_something_is_wrong(
    verifier: TokenVerifier, forge: Callable[..., str]
):
    assert verifier.verify(forge()).client_id == "c"


@pytest.mark.parametrize(
    ("claims", "because"),
    [
        ({"exp": 1}, "expired"),
        ({"exp": "later"}, "invalid"),
        ({"exp": None}, "invalid"),
        ({"aud": "another"}, "audience"),
        ({"aud": ["another", "third"]}, "audience"),
        ({"aud": None}, "audience"),
        ({"iss": "https://issuer.example"}, "issuer"),
        ({"iss": None}, "issuer"),
    ],
)
def test_claims_that_are_refused(
    verifier: TokenVerifier, forge: Callable[..., str], claims: dict[str, Any], because: str
):
    assert reason(verifier, forge(**claims)) == because


def test_a_token_expires(module_database: NewDatabase):
    with issuer_at(module_database("identity", prepare), token_lifetime=4) as brief:
        verifier = TokenVerifier(consumer(brief))
        token = brief.token(brief.register())
        assert verifier.verify(token).scopes
        time.sleep(4.1)
        assert reason(verifier, token) == "expired"


def test_a_service_with_another_audience_refuses(issuer: Issuer, client: tuple[str, str]):
    elsewhere = TokenVerifier(consumer(issuer, audience="another"))
    assert reason(elsewhere, issuer.token(client)) == "audience"


def test_a_service_that_trusts_another_issuer_refuses(issuer: Issuer, client: tuple[str, str]):
    elsewhere = TokenVerifier(
        consumer(issuer, issuer="https://other.example", jwks_url=issuer.settings.jwks_url)
    )
    assert reason(elsewhere, issuer.token(client)) == "issuer"


def test_a_tampered_token_is_refused(
    issuer: Issuer, verifier: TokenVerifier, client: tuple[str, str], forge: Callable[..., str]
):
    head, payload, signature = issuer.token(client).split(".")
    _, other, other_signature = forge(scope="system/*.cruds").split(".")
    assert reason(verifier, f"{head}.{other}.{signature}") == "invalid"
    assert reason(verifier, f"{head}.{payload}.{other_signature}") == "invalid"
    assert reason(verifier, f"{head}.{payload}.") == "invalid"
    assert reason(verifier, f"{head}.{payload}") == "invalid"
    assert reason(verifier, "nonsense") == "invalid"


def test_alg_none_and_a_shared_secret_made_of_the_public_key_are_refused(
    issuer: Issuer, verifier: TokenVerifier, client: tuple[str, str]
):
    _, payload, signature = issuer.token(client).split(".")
    kid = issuer.keys.current().kid
    for algorithm in ("none", "None", "HS256", "ES384"):
        head = jws.serialize_compact(
            {"alg": "HS256", "kid": kid}, b"", jwk.OctKey.import_key("s" * 32)
        ).split(".")[0]
        assert reason(verifier, f"{head}.{payload}.{signature}") == "invalid"
        encoded = jwt_head({"alg": algorithm, "kid": kid, "typ": "at+jwt"})
        assert reason(verifier, f"{encoded}.{payload}.") == "invalid"
        assert reason(verifier, f"{encoded}.{payload}.{signature}") == "invalid"


def test_a_strangers_key_is_refused_whatever_it_calls_itself(
    issuer: Issuer, verifier: TokenVerifier, forge: Callable[..., str]
):
    stranger = jwk.RSAKey.generate_key(2048, {"kid": "stranger"})
    assert reason(verifier, forge(stranger)) == "invalid"
    kid = issuer.keys.current().kid
    assert reason(verifier, forge(stranger, header={"kid": kid})) == "invalid"


def test_the_next_key_is_known_before_it_signs(own_issuer: Issuer):
    keys = RemoteKeys(own_issuer.settings.jwks_url, pause=3600)
    verifier = TokenVerifier(consumer(own_issuer), keys)
    client = own_issuer.register()
    old = own_issuer.token(client)
    assert verifier.verify(old).scopes
    own_issuer.keys.rotate()
    new = own_issuer.token(client)
    assert header(new)["kid"] != header(old)["kid"]
    assert verifier.verify(new).scopes, "from the key set that was fetched before the rotation"
    assert verifier.verify(old).scopes


def test_an_unknown_key_is_fetched_without_a_restart(own_issuer: Issuer):
    keys = RemoteKeys(own_issuer.settings.jwks_url, pause=0)
    verifier = TokenVerifier(consumer(own_issuer), keys)
    client = own_issuer.register()
    old = own_issuer.token(client)
    assert verifier.verify(old).scopes
    for _ in range(2):  # the second new key was not in the set that the verifier holds
        own_issuer.keys.rotate()
    new = own_issuer.token(client)
    assert verifier.verify(new).scopes
    assert verifier.verify(old).scopes, "its token lives on"


def test_while_keys_rotate_no_request_is_refused(own_issuer: Issuer):
    verifiers = [TokenVerifier(consumer(own_issuer)) for _ in range(2)]
    client = own_issuer.register()
    old = own_issuer.token(client)
    stop = threading.Event()
    signed: set[str] = set()

    def work(verifier: TokenVerifier) -> int:
        done = 0
        while not stop.is_set() or done == 0:
            token = own_issuer.token(client)
            assert verifier.verify(token).scopes
            assert verifier.verify(old).scopes, "a rotation ends no token"
            signed.add(header(token)["kid"])
            done += 1
        return done

    with ThreadPoolExecutor(2) as pool:
        works = [pool.submit(work, each) for each in verifiers]
        try:
            for _ in range(3):
                time.sleep(2.5)  # a verifier asks again for keys every two seconds at most
                own_issuer.keys.rotate()
            time.sleep(0.5)
        finally:
            stop.set()
        assert all(each.result() for each in works)
    assert len(signed) == 4


def test_after_a_theft_old_tokens_die(own_issuer: Issuer):
    client = own_issuer.register()
    old = own_issuer.token(client)
    own_issuer.keys.revoke_all()
    verifier = TokenVerifier(consumer(own_issuer))
    assert reason(verifier, old) == "invalid"
    assert verifier.verify(own_issuer.token(client)).scopes


def test_a_token_that_was_good_is_refused_once_its_key_is_gone(own_issuer: Issuer):
    client = own_issuer.register()
    source = RemoteKeys(own_issuer.settings.jwks_url, keep=0, pause=0)
    verifier = TokenVerifier(consumer(own_issuer), source)
    old = own_issuer.token(client)
    assert verifier.verify(old).scopes
    own_issuer.keys.revoke_all()
    deadline = time.monotonic() + 60
    while verifier.verified_recently(old) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert reason(verifier, old) == "invalid"


def test_a_token_that_was_good_expires_all_the_same(
    monkeypatch: pytest.MonkeyPatch, verifier: TokenVerifier, forge: Callable[..., str]
):
    token = forge()
    assert verifier.verify(token).scopes
    assert verifier.verified_recently(token)
    later = time.time() + 301
    monkeypatch.setattr("shared.auth.time.time", lambda: later)
    assert reason(verifier, token) == "expired"


def test_what_was_refused_is_not_remembered_as_good(
    verifier: TokenVerifier, forge: Callable[..., str]
):
    stranger = jwk.RSAKey.generate_key(2048, {"kid": "stranger"})
    token = forge(stranger)
    assert reason(verifier, token) == "invalid"
    assert not verifier.verified_recently(token)


def test_without_any_keys_the_service_says_try_again(issuer: Issuer, client: tuple[str, str]):
    away = TokenVerifier(consumer(issuer, jwks_url="http://127.0.0.1:1/jwks.json"))
    with pytest.raises(Problem) as told:
        away.verify(issuer.token(client))
    assert told.value.status == 503


@pytest.fixture(scope="module")
def service(issuer: Issuer) -> Iterator[Client]:
    """A service of its own process's kind, which trusts the issuer."""
    router = APIRouter()

    @router.get("/echo/whoami")
    def whoami(
        principal: Principal = Depends(requires("system/Task.rs", role="link-worker")),
    ) -> dict[str, str]:
        return {"client": principal.client_id, "organisation": principal.organisation}

    settings = consumer(issuer)
    app = service_app(settings, name="echo", title="Echo", routers=[router])
    with listening() as at:
        address = f"http://127.0.0.1:{at.getsockname()[1]}"
        with serving(app, at), Client(base_url=address) as http:
            yield http


def test_a_service_answers_those_whom_the_issuer_vouches_for(
    issuer: Issuer, service: Client, forge: Callable[..., str]
):
    worker = issuer.register(roles=("link-worker",), scopes=("system/Task.rs",))
    sender = issuer.register(roles=("referral-sender",), scopes=("system/Task.rs",))
    reader = issuer.register(roles=("link-worker",), scopes=("system/Patient.rs",))

    def ask(authorization: str | None) -> tuple[int, str]:
        headers = {"Authorization": authorization} if authorization else {}
        answer = service.get("/echo/whoami", headers=headers)
        return answer.status_code, answer.headers.get("www-authenticate", "")

    assert ask(f"Bearer {issuer.token(worker)}")[0] == 200
    assert ask(f"bearer {issuer.token(worker)}")[0] == 200
    assert ask(f"Bearer {issuer.token(sender)}")[0] == 403
    assert ask(f"Bearer {issuer.token(reader)}") == (
        403,
        'Bearer error="insufficient_scope", scope="system/Task.rs"',
    )
    assert ask(None) == (401, "Bearer")
    assert ask("Basic abc") == (401, "Bearer")
    assert ask("Bearer nonsense") == (401, 'Bearer error="invalid_token"')
    assert ask(f"Bearer {forge(exp=1)}") == (401, 'Bearer error="invalid_token"')


def header(token: str) -> dict[str, Any]:
    return dict(jws.extract_compact(token.encode()).headers())


def jwt_head(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
