"""Whoever asks too often is told to wait, and nobody else."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Depends
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.auth import Principal, TokenVerifier, Unauthenticated, requires
from shared.fhir.http import refused
from shared.rate_limits import address_of, caller
from shared.service import service_app
from shared.settings import ServiceSettings
from tests.infrastructure.serving import serving

ORGANISATION = "51000000-0000-4000-8000-000000000009"
HERE = "127.0.0.1"


class Names(TokenVerifier):
    """A token is `client`, `client.anything` or `client+person`; `forged...` is no token."""

    def __init__(self) -> None:
        pass

    def verified_recently(self, token: str) -> bool:
        return False

    def verify(self, token: str) -> Principal:
        client, _, person = token.partition(".")[0].partition("+")
        if client == "forged":
            raise Unauthenticated("invalid")
        return Principal(person or client, client, ORGANISATION, frozenset(), frozenset(["read"]))


def routes() -> APIRouter:
    router = APIRouter()

    @router.get("/things")
    @router.get("/fhir/Task")
    def things(who: Annotated[Principal, Depends(requires("read"))]) -> dict[str, str]:
        return {"client": who.client_id}

    @router.get("/open")
    def everybody() -> dict[str, str]:
        return {"caller": caller()}

    return router


Ask = Callable[..., httpx.Response]


@pytest.fixture
def service() -> Iterator[Callable[..., Ask]]:
    """`service(client_rate=...)` serves one and answers a way to ask it."""
    with ExitStack() as stack:

        def start(**settings: Any) -> Ask:
            settled = ServiceSettings(
                database_url="postgresql://unused/unused", environment="test", **settings
            )
            app = service_app(
                settled,
                name="probe",
                title="Probe",
                routers=[routes()],
                verifier=Names(),
                words_refusals={"/fhir": refused},
            )
            url = stack.enter_context(serving(app))
            http = stack.enter_context(httpx.Client(base_url=url, timeout=60))

            def ask(path: str, *, token: str = "", forwarded: str = "") -> httpx.Response:
                headers = {"Authorization": f"Bearer {token}"} if token else {}
                if forwarded:
                    headers["X-Forwarded-For"] = forwarded
                return http.get(path, headers=headers)

            return ask

        yield start


def check_told_to_wait(answer: httpx.Response) -> None:
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 86_400
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"]


def test_one_client_waits_and_another_does_not(service):
    ask = service(client_rate="2/day")

    assert [ask("/things", token="one").status_code for _ in range(2)] == [200, 200]
    answer = ask("/things", token="one")

    check_told_to_wait(answer)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "Too many requests"
    assert ask("/things", token="two").json() == {"client": "two"}


def test_people_who_signed_in_to_one_client_are_counted_each(service):
    ask = service(client_rate="1/day")

    assert ask("/things", token="pages+amina").status_code == 200
    assert ask("/things", token="pages+tom").status_code == 200
    check_told_to_wait(ask("/things", token="pages+amina"))


def test_a_new_token_gives_a_client_no_new_allowance(service):
    ask = service(client_rate="2/day")

    statuses = [ask("/things", token=f"one.{number}").status_code for number in range(3)]

    assert statuses == [200, 200, 429]


def test_fhir_hears_it_as_an_operation_outcome(service):
    ask = service(client_rate="1/day")
    ask("/fhir/Task", token="one")

    answer = ask("/fhir/Task", token="one")

    check_told_to_wait(answer)
    assert answer.headers["content-type"].startswith("application/fhir+json")
    (issue,) = answer.json()["issue"]
    assert issue["code"] == "throttled"
    assert issue["expression"] == ["Authorization"]


def test_a_public_route_counts_addresses_and_spares_clients(service):
    ask = service(address_rate="1/day")
    ask("/open")

    check_told_to_wait(ask("/open"))
    assert ask("/open", token="one").status_code == 200


def test_rubbish_in_place_of_a_token_counts_for_its_address(service):
    """Else whoever makes up tokens asks as often as it likes, or uses up what is a client's."""
    ask = service(address_rate="2/day", client_rate="1/day")

    statuses = [ask("/open", token=f"forged.{number}").status_code for number in range(3)]

    assert statuses == [200, 200, 429]
    assert ask("/things", token="one").status_code == 200


def test_every_rate_of_a_setting_holds(service):
    ask = service(client_rate="5/day;2/hour")

    statuses = [ask("/things", token="one").status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


def test_health_and_metrics_always_answer_and_say_how_many_were_refused(service):
    ask = service(address_rate="1/day")
    for path in ("/open", "/open", "/health/live", "/health/ready", "/metrics"):
        ask(path)

    assert ask("/health/live").status_code == 200
    assert ask("/health/ready").status_code == 200
    counted = ask("/metrics").text
    assert 'kersey_http_throttled_total{by="address",service="probe"}' in counted
    assert HERE not in counted


def test_without_a_rate_nobody_waits(service):
    ask = service(address_rate="", client_rate="")

    assert {ask("/open").status_code for _ in range(20)} == {200}


def test_a_header_of_the_client_s_own_gives_no_other_address(service):
    ask = service(address_rate="2/day")

    statuses = [ask("/open", forwarded=f"198.51.100.{number}").status_code for number in range(3)]

    assert statuses == [200, 200, 429]


def test_behind_a_trusted_proxy_each_address_has_its_own_allowance(service):
    ask = service(address_rate="1/day", trusted_proxies=HERE)

    assert ask("/open", forwarded="198.51.100.1").json() == {"caller": "198.51.100.1"}
    check_told_to_wait(ask("/open", forwarded="198.51.100.1"))
    assert ask("/open", forwarded="198.51.100.2").status_code == 200


def test_a_building_s_network_is_one_caller(service):
    ask = service(address_rate="1/day", trusted_proxies=HERE)
    ask("/open", forwarded="2001:db8:1:2::1")

    check_told_to_wait(ask("/open", forwarded="2001:db8:1:2:ffff::9"))
    assert ask("/open", forwarded="2001:db8:1:3::1").status_code == 200


PROXIES = ServiceSettings(
    database_url="postgresql://unused/unused", trusted_proxies="10.0.0.0/8, 2001:db8::1"
).proxies


@pytest.mark.parametrize(
    ("peer", "header", "found"),
    [
        ("198.51.100.7", ["203.0.113.1"], "198.51.100.7"),
        ("10.0.0.1", ["203.0.113.1"], "203.0.113.1"),
        ("10.0.0.1", ["192.0.2.66, 203.0.113.1, 10.0.0.2"], "203.0.113.1"),
        ("10.0.0.1", ["192.0.2.66", "203.0.113.1"], "203.0.113.1"),
        ("2001:db8::1", ["2001:db8:9::9"], "2001:db8:9::9"),
        ("10.0.0.1", ["203.0.113.1, rubbish"], "10.0.0.1"),
        ("10.0.0.1", ["rubbish, 10.0.0.2"], "10.0.0.2"),
        ("10.0.0.1", [], "10.0.0.1"),
        ("a-socket", ["203.0.113.1"], "a-socket"),
    ],
)
def test_only_what_trusted_proxies_wrote_is_believed(peer, header, found):
    assert address_of(scope(peer, header), PROXIES) == found


def test_a_request_without_an_address_is_counted_all_the_same():
    assert address_of(scope("", []) | {"client": None}, PROXIES) == ""


@given(st.lists(st.text(max_size=30), max_size=4))
def test_any_header_gives_an_address(header):
    found = address_of(
        scope("10.0.0.1", [part.encode().decode("latin-1") for part in header]), PROXIES
    )

    assert found == "10.0.0.1" or any(found in part for part in header)


def scope(peer: str, header: list[str]) -> dict[str, Any]:
    headers = [(b"x-forwarded-for", part.encode("latin-1")) for part in header]
    return {"type": "http", "client": (peer, 1), "headers": headers}


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_rate": "many"},
        {"address_rate": "5 per fortnight"},
        {"trusted_proxies": "10.0.0.1/8"},
        {"trusted_proxies": "the-proxy"},
    ],
)
def test_a_wrong_setting_is_refused_at_the_start(wrong: Mapping[str, Any]):
    with pytest.raises(ValidationError):
        ServiceSettings(database_url="postgresql://unused/unused", **wrong)
