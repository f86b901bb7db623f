"""An issuer's keys over HTTP, and tokens of issuers that say things differently from ours."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Response
from joserfc import jwk, jwt

from shared.auth import Principal, RemoteKeys, TokenVerifier, Unauthenticated
from shared.problems import Problem
from shared.settings import ServiceSettings
from tests.infrastructure.serving import serving

ISSUER = "https://id.example"
KEYS = {
    name: jwk.ECKey.generate_key("P-384", {"kid": name, "alg": "ES384", "use": "sig"})
    for name in ("one", "two", "three")
}


class Issuer:
    """Serves keys, as the test says, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.answer: Any = published("one")
        self.status = 200
        self.pause = 0.0

    def app(self) -> FastAPI:
        app = FastAPI(openapi_url=None)

        @app.get("/jwks.json")
        def jwks(response: Response) -> Any:
            self.asked += 1
            time.sleep(self.pause)
            response.status_code = self.status
            return self.answer

        return app


def published(*names: str) -> dict[str, Any]:
    return {"keys": [KEYS[name].as_dict(private=False) for name in names]}


def token(key: str = "one", **claims: Any) -> str:
    now = int(time.time())
    body = {"iss": ISSUER, "aud": "kersey", "sub": "client", "exp": now + 300} | claims
    header = {"alg": "ES384", "kid": key}
    return jwt.encode(header, body, KEYS[key], algorithms=["ES384"])


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def url(issuer: Issuer) -> Iterator[str]:
    with serving(issuer.app()) as address:
        yield f"{address}/jwks.json"


Verifier = Callable[..., TokenVerifier]


@pytest.fixture
def verifier(url: str) -> Verifier:
    def make(**timing: float) -> TokenVerifier:
        settings = ServiceSettings(
            database_url="postgresql://unused/unused",
            issuer=ISSUER,
            jwks_url=url,
        )
        return TokenVerifier(settings, RemoteKeys(url, **timing))

    return make


def reason(verifier: TokenVerifier, presented: str) -> str:
    with pytest.raises(Unauthenticated) as refused:
        verifier.verify(presented)
    return refused.value.reason


# --- fetching keys ----------------------------------------------------------------------------


def test_keys_are_fetched_once_and_kept(verifier: Verifier, issuer: Issuer):
    verify = verifier()
    for _ in range(5):
        assert verify.verify(token()).subject == "client"
    assert issuer.asked == 1


def test_kept_keys_are_fetched_again_after_a_while(verifier: Verifier, issuer: Issuer):
    verify = verifier(keep=0.1)
    verify.verify(token())
    time.sleep(0.15)
    verify.verify(token())
    assert issuer.asked == 2


def test_a_key_that_was_withdrawn_no_longer_counts(verifier: Verifier, issuer: Issuer):
    verify = verifier(keep=0.1)
    verify.verify(token())
    issuer.answer = published("two")
    time.sleep(0.15)
    assert reason(verify, token()) == "invalid"


def test_an_unknown_key_makes_it_ask_at_once(verifier: Verifier, issuer: Issuer):
    verify = verifier(pause=0.0)
    verify.verify(token())
    issuer.answer = published("one", "two")
    assert verify.verify(token("two")).subject == "client"
    assert issuer.asked == 2


def test_bad_tokens_cause_no_storm_at_the_issuer(verifier: Verifier, issuer: Issuer):
    verify = verifier(pause=60.0)
    verify.verify(token())
    for _ in range(20):
        assert reason(verify, token("three")) == "invalid"
        assert reason(verify, "nonsense") == "invalid"
    assert issuer.asked == 1


def test_many_at_once_fetch_once(verifier: Verifier, issuer: Issuer):
    issuer.pause = 0.2
    verify, done = verifier(), []
    threads = [
        threading.Thread(target=lambda: done.append(verify.verify(token()))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 8
    assert issuer.asked == 1


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (500, {"keys": []}),
        (404, None),
        (200, {"keys": []}),
        (200, {"keys": None}),
        (200, {"keys": [None]}),
        (200, {"keys": [{"kty": "EC"}]}),
        (200, {"no": "keys"}),
        (200, ["keys"]),
        (200, "keys"),
        (200, None),
    ],
)
def test_without_keys_the_answer_is_try_again(
    verifier: Verifier, issuer: Issuer, status: int, answer: Any
):
    issuer.status, issuer.answer = status, answer
    with pytest.raises(Problem) as told:
        verifier().verify(token())
    assert told.value.status == 503
    assert told.value.headers["Retry-After"]


def test_an_issuer_that_comes_back_is_found(verifier: Verifier, issuer: Issuer):
    issuer.status = 500
    verify = verifier(pause=0.0)
    with pytest.raises(Problem):
        verify.verify(token())
    issuer.status = 200
    assert verify.verify(token()).subject == "client"


def test_while_the_issuer_is_away_keys_that_are_held_go_on(verifier: Verifier, issuer: Issuer):
    verify = verifier(keep=0.0, pause=0.0)
    verify.verify(token())
    issuer.status = 500
    assert verify.verify(token()).subject == "client"
    assert issuer.asked > 1


# --- claims -----------------------------------------------------------------------------------


def test_claims_that_an_issuer_left_out_give_nothing(verifier: Verifier):
    assert verifier().verify(token()) == Principal("client", "client", "", frozenset(), frozenset())


def test_the_client_may_be_named_as_the_authorised_party(verifier: Verifier):
    assert verifier().verify(token(azp="portal", sub="a person")).client_id == "portal"


@pytest.mark.parametrize("roles", [None, "coordinator", 7, {"realm": ["coordinator"]}])
def test_roles_that_are_no_list_are_none(verifier: Verifier, roles: Any):
    assert verifier().verify(token(roles=roles)).roles == frozenset()


def test_scope_and_organisation_may_be_null(verifier: Verifier):
    principal = verifier().verify(token(scope=None, organisation=None))
    assert (principal.scopes, principal.organisation) == (frozenset(), "")


def test_several_audiences_are_fine(verifier: Verifier):
    assert verifier().verify(token(aud=["account", "kersey"])).subject == "client"


@pytest.mark.parametrize(
    "begins", [time.time() + 3_600, "later", None], ids=["in an hour", "a word", "null"]
)
def test_a_token_that_does_not_hold_yet_is_refused(verifier: Verifier, begins: Any):
    assert reason(verifier(), token(nbf=begins)) == "invalid"


def test_an_issuers_clock_may_be_a_little_ahead(verifier: Verifier):
    assert verifier().verify(token(nbf=time.time() + 5)).subject == "client"


@pytest.mark.parametrize("claims", [{"sub": None}, {"sub": ""}, {"exp": True}])
def test_a_token_without_a_subject_or_an_end_is_refused(verifier: Verifier, claims: dict[str, Any]):
    assert reason(verifier(), token(**claims)) in ("invalid", "expired")


def test_an_address_without_an_issuer_is_a_503(port: int):
    keys = RemoteKeys(f"http://127.0.0.1:{port}/jwks.json")
    with pytest.raises(Problem) as told:
        keys.keys(fresh=False)
    assert told.value.status == httpx.codes.SERVICE_UNAVAILABLE
