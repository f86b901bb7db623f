"""Who floods a running Kersey is told when to come again; whoever else asks is answered.

Every service is asked over HTTP by a client of its own and, where it answers whoever comes, by an
address: each has a limit, and has it by itself.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from deploy.demo_tokens import access_token
from deploy.postgres_cluster import free_port
from deploy.services import SERVICES
from tests.infrastructure.running import Running, start, stop

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

RATE = 40
"""Requests in a day of one client, and of one address at one service: a flood is not timed."""
BEYOND = 20
"""How many more a flood has."""
FHIR = "application/fhir+json"
PROBLEM = "application/problem+json"
PAGE = "text/html"

BY_CLIENT = {
    # path: (who floods, who else asks, in what words the flood is refused)
    "/fhir/Task?_count=1": ("ehr", "ehr-2", FHIR),
    "/referrals/worklist": ("link-worker", "coordinator", PROBLEM),
    "/notifications/board": ("provider", "provider-2", PROBLEM),
    "/directory/services?per_page=1": ("commissioner", "coordinator", PROBLEM),
    "/identity/clients": ("administrator", "analyst", PROBLEM),
    "/front-door": ("fhir-client", "fhir-client-2", PAGE),
}
BY_ADDRESS = {
    "/fhir/metadata": FHIR,
    "/directory/taxonomies": PROBLEM,
    "/identity/jwks.json": PROBLEM,
    "/notifications/answer": PROBLEM,
    "/": PAGE,
}


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A running Kersey with small rates; it believes this machine where a request comes from."""
    rate = f"{RATE}/day"
    running = start(
        tmp_path_factory.mktemp("limited") / "data",
        free_port(),
        KERSEY_CLIENT_RATE=rate,
        KERSEY_ADDRESS_RATE=rate,
    )
    yield running
    stop(running)


@pytest.fixture(scope="module")
def token(limited: Running) -> Callable[[str], str]:
    """`token(name)`: a demo client's own, asked for once."""
    known: dict[str, str] = {}

    def of(name: str) -> str:
        if name not in known:
            known[name] = access_token(limited.url, name)
        return known[name]

    return of


def flood(url: str, headers: dict[str, str]) -> list[httpx.Response]:
    """More requests than are allowed, several at once."""
    with httpx.Client(headers=headers, timeout=60) as http, ThreadPoolExecutor(8) as hands:
        return list(hands.map(lambda _: http.get(url), range(RATE + BEYOND)))


def ask(url: str, headers: dict[str, str]) -> httpx.Response:
    return httpx.get(url, headers=headers, timeout=60)


def check_flooded(url: str, words: str, headers: dict[str, str]) -> None:
    """What is allowed was answered, the rest told when to come again, and nothing met a fault."""
    answers = flood(url, headers)
    refused = [each for each in answers if each.status_code == httpx.codes.TOO_MANY_REQUESTS]
    assert len(refused) == BEYOND
    assert [each.status_code for each in answers if each.is_server_error] == []
    for answer in refused:
        assert 1 <= int(answer.headers["retry-after"]) <= 24 * 60 * 60
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"].startswith(words)
        if words == FHIR:
            (issue,) = answer.json()["issue"]
            assert issue["code"] == "throttled"
        elif words == PROBLEM:
            problem = answer.json()
            assert (problem["status"], problem["title"]) == (429, "Too many requests")
        else:
            assert "Please wait a minute" in answer.text


def owner(path: str) -> str:
    """The service that answers a path."""
    owned = [each for each in SERVICES for prefix in each.prefixes if path.startswith(prefix)]
    return max(owned, key=lambda each: max(map(len, each.prefixes))).name if owned else "portal"


@pytest.mark.parametrize("paths", [BY_CLIENT, BY_ADDRESS], ids=["by client", "by address"])
def test_every_service_is_flooded(paths: Mapping[str, object]):
    assert {owner(path) for path in paths} == {each.name for each in SERVICES}


@pytest.mark.parametrize("path", BY_CLIENT)
def test_a_client_that_floods_waits_and_another_does_not(
    limited: Running, token: Callable[[str], str], path: str
):
    who, other, words = BY_CLIENT[path]
    check_flooded(limited.url + path, words, {"Authorization": f"Bearer {token(who)}"})
    answer = ask(limited.url + path, {"Authorization": f"Bearer {token(other)}"})
    assert answer.status_code != httpx.codes.TOO_MANY_REQUESTS


@pytest.mark.parametrize("path", BY_ADDRESS)
def test_an_address_that_floods_waits_and_another_does_not(limited: Running, path: str):
    check_flooded(limited.url + path, BY_ADDRESS[path], {"X-Forwarded-For": "198.51.100.1"})
    answer = ask(limited.url + path, {"X-Forwarded-For": "198.51.100.2"})
    assert answer.status_code != httpx.codes.TOO_MANY_REQUESTS


def test_a_flood_by_address_spares_whoever_has_a_token(
    limited: Running, token: Callable[[str], str]
):
    here = {"X-Forwarded-For": "198.51.100.3"}
    check_flooded(f"{limited.url}/directory/services", PROBLEM, here)
    mine = here | {"Authorization": f"Bearer {token('analyst')}"}
    assert ask(f"{limited.url}/directory/services", mine).is_success


def test_what_watches_is_answered_all_the_same(limited: Running):
    here = {"X-Forwarded-For": "198.51.100.4"}
    check_flooded(f"{limited.url}/directory/services", PROBLEM, here)
    for path in ("/health/live", "/health/ready", "/metrics"):
        assert ask(limited.url + path, here).is_success, path
    shown = ask(f"{limited.url}/metrics", here).text
    refused = 'kersey_http_throttled_total{by="address",service="providers"}'
    (line,) = [each for each in shown.splitlines() if each.startswith(refused)]
    assert float(line.split()[-1]) >= BEYOND
