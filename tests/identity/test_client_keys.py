"""Keys of clients: which sets are usable, and fetching them from a client's own address."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from joserfc import jwk

from services.identity import client_keys
from services.identity.client_keys import KEEP, KEEP_AT_MOST, PAUSE, ClientKeys, KeysRefused
from shared.strangers import GuardedHttp
from tests.delivery.test_outgoing import speaking
from tests.identity.conftest import (
    Issuer,
    Written,
    assertions_for,
    issuer_at,
    prepare,
    public_set,
)
from tests.identity.test_token_secret import refused
from tests.infrastructure.postgres import NewDatabase


@dataclass
class Site:
    """A client's own web server, which publishes its keys."""

    url: str
    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drip: float = 0
    asked: list[dict[str, str]] = field(default_factory=list)

    def publish(self, *keys: jwk.Key) -> None:
        self.body = json.dumps(public_set(*keys)).encode()


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(found.status)
            for name, value in found.headers.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                if not found.drip:
                    self.wfile.write(found.body)
                    return
                for byte in found.body:
                    self.wfile.write(bytes([byte]))
                    time.sleep(found.drip)
            except ConnectionError:
                return

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Site(f"http://127.0.0.1:{server.server_port}/jwks.json")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def remote(clock: Clock) -> Iterator[ClientKeys]:
    http = GuardedHttp(allow_private=True)
    yield ClientKeys(http, clock=clock)
    http.close()


def test_keys_are_fetched_once_and_kept(remote: ClientKeys, site: Site, ec_key: jwk.ECKey):
    site.publish(ec_key)
    for _ in range(3):
        key = remote.key(site.url, "ec", "EC")
        assert key is not None
        assert not key.is_private
    assert len(site.asked) == 1
    assert remote.key(site.url, "ec", "RSA") is None


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        (None, KEEP),
        ("public, max-age=60", 60),
        ("Max-Age=60", 60),
        ("max-age=0", PAUSE),
        ("no-cache", PAUSE),
        ("no-store, max-age=500", PAUSE),
        ("max-age=999999999", KEEP_AT_MOST),
        ("nonsense", KEEP),
    ],
)
def test_keys_are_kept_as_long_as_cache_control_says_within_limits(
    remote: ClientKeys,
    site: Site,
    clock: Clock,
    ec_key: jwk.ECKey,
    cache_control: str | None,
    seconds: float,
):
    site.publish(ec_key)
    site.headers = {"Cache-Control": cache_control} if cache_control else {}
    remote.key(site.url, "ec", "EC")
    clock.now += seconds - 0.5
    remote.key(site.url, "ec", "EC")
    assert len(site.asked) == 1
    clock.now += 1
    assert remote.key(site.url, "ec", "EC") is not None
    assert len(site.asked) == 2


def test_a_new_key_is_found_at_once_and_unknown_ones_cause_no_storm(
    remote: ClientKeys, site: Site, clock: Clock, ec_key: jwk.ECKey
):
    new = jwk.ECKey.generate_key("P-384", {"kid": "new"})
    site.publish(ec_key)
    remote.key(site.url, "ec", "EC")
    clock.now += PAUSE
    site.publish(ec_key, new)
    assert remote.key(site.url, "new", "EC") is not None
    for n in range(50):
        assert remote.key(site.url, f"unknown-{n}", "EC") is None
    assert len(site.asked) == 2


def test_a_withdrawn_key_stops_to_work_once_the_set_is_stale(
    remote: ClientKeys, site: Site, clock: Clock, ec_key: jwk.ECKey, rsa_key: jwk.RSAKey
):
    site.publish(ec_key)
    assert remote.key(site.url, "ec", "EC") is not None
    site.publish(rsa_key)
    clock.now += KEEP
    assert remote.key(site.url, "ec", "EC") is None


def test_while_the_address_is_down_its_last_keys_are_used_for_an_hour(
    remote: ClientKeys, site: Site, clock: Clock, ec_key: jwk.ECKey
):
    site.publish(ec_key)
    remote.key(site.url, "ec", "EC")
    site.status = 503
    clock.now += KEEP_AT_MOST - 1
    assert remote.key(site.url, "ec", "EC") is not None
    assert len(site.asked) == 2
    clock.now += 2
    assert remote.key(site.url, "ec", "EC") is None
    site.status = 200
    clock.now += PAUSE
    assert remote.key(site.url, "ec", "EC") is not None


def test_what_is_not_a_small_key_set_is_refused(
    remote: ClientKeys, site: Site, clock: Clock, ec_key: jwk.ECKey
):
    site.publish(ec_key)
    good = site.body
    attempts: list[dict[str, Any]] = [
        {"body": b"not json"},
        {"body": b"[" * 200_000},
        {"body": b"[]"},
        {"body": b'{"keys": {}}'},
        {"body": b'{"keys": [7, {"kty": "OKP"}]}'},
        {"body": good + b" " * client_keys.MAX_BYTES},
        {"body": good, "status": 404},
        {"body": good, "status": 302, "headers": {"Location": site.url}},
    ]
    for attempt in attempts:
        site.status, site.headers = 200, {}
        for name, value in attempt.items():
            setattr(site, name, value)
        assert remote.key(site.url, "ec", "EC") is None, attempt
        clock.now += PAUSE
    assert len(site.asked) == len(attempts), "no redirect was followed"
    site.status, site.headers, site.body = 200, {}, good
    assert remote.key(site.url, "ec", "EC") is not None
    assert site.asked[-1]["accept-encoding"] == "identity"


def test_a_slow_answer_is_given_up(
    remote: ClientKeys, site: Site, ec_key: jwk.ECKey, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(client_keys, "TIMEOUT", 0.2)
    site.publish(ec_key)
    site.drip = 0.05
    started = time.monotonic()
    assert remote.key(site.url, "ec", "EC") is None
    assert time.monotonic() - started < 2


def test_a_known_key_waits_for_no_slow_answer(
    remote: ClientKeys, site: Site, clock: Clock, ec_key: jwk.ECKey
):
    site.publish(ec_key)
    assert remote.key(site.url, "ec", "EC")
    clock.now += PAUSE
    site.drip = 0.05
    asking = threading.Thread(target=remote.key, args=(site.url, "of a stranger", "EC"))
    asking.start()
    while len(site.asked) < 2:
        time.sleep(0.01)
    started = time.monotonic()
    assert remote.key(site.url, "ec", "EC")
    assert time.monotonic() - started < 1
    assert asking.is_alive(), "it is still being answered"
    asking.join()


def test_no_client_publishes_keys_for_another_on_the_same_host(
    remote: ClientKeys, ec_key: jwk.ECKey
):
    """Whoever answers more than was asked of its own address must not be heard for another."""
    strange = jwk.ECKey.generate_key("P-384", {"kid": "ec"})
    own, other = (json.dumps(public_set(each)).encode() for each in (ec_key, strange))
    begins = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b"
    with speaking(begins % (len(own), own), begins % (len(other), other)) as (url, _):
        for name in ("one", "another"):
            found = remote.key(f"{url}{name}.json", "ec", "EC")
            assert found is not None
            assert found.as_dict()["x"] == ec_key.as_dict(private=False)["x"]


def test_an_address_where_nobody_listens(remote: ClientKeys):
    assert remote.key("http://127.0.0.1:1/jwks.json", "ec", "EC") is None
    assert remote.key("http://[broken", "ec", "EC") is None


@pytest.fixture
def guarded() -> Iterator[ClientKeys]:
    """As production fetches."""
    http = GuardedHttp(allow_private=False)
    yield ClientKeys(http)
    http.close()


def test_production_fetches_over_https_only(guarded: ClientKeys, site: Site, ec_key: jwk.ECKey):
    site.publish(ec_key)
    assert guarded.key(site.url, "ec", "EC") is None
    assert site.asked == []


def test_production_fetches_from_no_address_inside_whatever_its_name(
    guarded: ClientKeys, written: Written, monkeypatch: pytest.MonkeyPatch
):
    with socket.create_server(("127.0.0.1", 0)) as inside:
        inside.settimeout(0.2)
        port = inside.getsockname()[1]
        found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        assert guarded.key(f"https://ehr.example:{port}/jwks.json", "ec", "EC") is None
        with pytest.raises(TimeoutError):
            inside.accept()
    assert "address-private" in written()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kid": None}, "no kid"),
        ({"kid": 7}, "no kid"),
        ({"d": "AAAA"}, "private key"),
        ({"x": "AAAA"}, "cannot be read"),
        ({"crv": "P-999"}, "no key for RS384"),
        ({"crv": ["P-384"]}, "no key for RS384"),
        ({"x": None}, "cannot be read"),
        ({"x": 7}, "cannot be read"),
        ({"use": "enc"}, "no key for RS384"),
        ({"alg": "ES512"}, "no key for RS384"),
    ],
)
def test_sets_with_unusable_keys_are_refused(ec_key: jwk.ECKey, change: dict[str, Any], words: str):
    data = {k: v for k, v in (ec_key.as_dict(private=False) | change).items() if v is not None}
    with pytest.raises(KeysRefused, match=words):
        client_keys.public_keys({"keys": [data]})


def test_a_key_that_signs_otherwise_is_passed_over_and_alone_refused(ec_key: jwk.ECKey):
    small = jwk.ECKey.generate_key("P-256", {"kid": "small"})
    found = client_keys.public_keys(public_set(small, ec_key))
    assert found.keys() == {("ec", "EC")}
    with pytest.raises(KeysRefused, match="P-384"):
        client_keys.public_keys(public_set(small))


def test_two_keys_with_one_kid_are_refused_unless_their_types_tell_them_apart(
    ec_key: jwk.ECKey, rsa_key: jwk.RSAKey
):
    with pytest.raises(KeysRefused, match="one kid"):
        client_keys.public_keys(public_set(ec_key, ec_key))
    named = {**rsa_key.as_dict(private=False), "kid": "ec"}
    found = client_keys.public_keys({"keys": [ec_key.as_dict(private=False), named]})
    assert found.keys() == {("ec", "EC"), ("ec", "RSA")}


@pytest.mark.parametrize(
    ("modulus", "words"),
    [("v" * 172, "2048 bits"), (None, "cannot be read"), (7, "cannot be read"), ("é", "be read")],
)
def test_short_or_broken_rsa_keys_are_refused(modulus: Any, words: str):
    with pytest.raises(KeysRefused, match=words):
        client_keys.public_keys(
            {"keys": [{"kty": "RSA", "kid": "weak", "e": "AQAB", "n": modulus}]}
        )


@pytest.fixture(scope="module")
def issuer(module_database: NewDatabase) -> Iterator[Issuer]:
    with issuer_at(module_database("identity", prepare)) as running:
        yield running


def test_a_client_registers_by_the_address_of_its_keys(
    issuer: Issuer, site: Site, ec_key: jwk.ECKey, rsa_key: jwk.RSAKey
):
    site.publish(ec_key)
    client, _ = issuer.register(jwks_url=site.url)
    make = assertions_for(issuer)
    assert issuer.post(data=make(ec_key, client)).status_code == 200
    assert issuer.post(data=make(ec_key, client, header={"jku": site.url})).status_code == 200
    elsewhere = make(ec_key, client, header={"jku": "https://elsewhere.example/jwks.json"})
    refused(issuer.post(data=elsewhere), "invalid_client", 401)
    refused(issuer.post(data=make(rsa_key, client)), "invalid_client", 401)
