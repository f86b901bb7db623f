"""The public keys of clients: checked when registered, fetched where only an address is known."""

import json
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog
from joserfc import jwk
from joserfc.errors import JoseError
from joserfc.util import base64_to_int

from shared.strangers import GuardedHttp, StrangerFault

log = structlog.get_logger(__name__)

MAX_BYTES = 256 * 1024
"""Of a fetched key set; thousands of keys fit."""
TIMEOUT = 5.0
"""Seconds for a whole fetch."""
PAUSE = 10.0
"""Seconds at least between two fetches from one address, whatever clients send."""
KEEP = 300.0
KEEP_AT_MOST = 3600.0
"""Seconds for which a set is used: without, and at most with, a Cache-Control of its own."""

_RSA_BITS = 2048
_PRIVATE_MEMBERS = frozenset(["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
_MAX_AGE = re.compile(r"\bmax-age=(\d{1,9})")


class KeysRefused(ValueError):
    """A key set that cannot be used; the message says why and quotes nothing of it."""


def public_keys(jwks: Any) -> dict[tuple[str, str], jwk.RSAKey | jwk.ECKey]:
    """The signature keys of a client's JWKS, by (`kid`, `kty`).

    What can sign neither RS384 nor ES384, the algorithms of SMART Backend Services, is passed over
    (RFC 7517, section 5): other key types, other curves than P-384 (RFC 7518, section 3.4), keys
    that say another `alg` or `use`.

    Raises:
        KeysRefused: not a key set; no usable key; a key without `kid`; two with one `kid` and
            `kty`, between which nobody could choose; private parts, which nobody but the client
            may have; an RSA key under 2048 bits.
    """
    keys = jwks.get("keys") if isinstance(jwks, dict) else None
    if not isinstance(keys, list):
        raise KeysRefused("not a JWK Set: it has no list of keys")
    found: dict[tuple[str, str], jwk.RSAKey | jwk.ECKey] = {}
    for data in keys:
        if not isinstance(data, dict) or not _signs(data):
            continue
        key = _public_key(data)
        name = (str(key.kid), key.key_type)
        if name in found:
            raise KeysRefused("two keys have one kid")
        found[name] = key
    if not found:
        raise KeysRefused("no key for RS384 (RSA) or ES384 (EC, P-384) signatures")
    return found


def _signs(data: dict[str, Any]) -> bool:
    kind, curve = data.get("kty"), data.get("crv")
    if kind != "RSA" and (kind, curve) != ("EC", "P-384"):
        return False
    algorithm = "RS384" if kind == "RSA" else "ES384"
    return (data.get("alg", algorithm), data.get("use", "sig")) == (algorithm, "sig")


def _public_key(data: dict[str, Any]) -> jwk.RSAKey | jwk.ECKey:
    if not isinstance(data.get("kid"), str):
        raise KeysRefused("a key has no kid")
    if _PRIVATE_MEMBERS.intersection(data):
        raise KeysRefused("a private key: register the public one and change this one")
    try:
        bits = base64_to_int(data["n"]).bit_length() if data["kty"] == "RSA" else _RSA_BITS
        key = jwk.import_key(data) if bits >= _RSA_BITS else None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise KeysRefused("a key cannot be read") from error
    if key is None:  # the library itself would only warn
        raise KeysRefused(f"an RSA key has fewer than {_RSA_BITS} bits")
    assert isinstance(key, jwk.RSAKey | jwk.ECKey)
    return key


@dataclass
class _Held:
    keys: dict[tuple[str, str], jwk.RSAKey | jwk.ECKey]
    tried: float = float("-inf")
    fresh_until: float = float("-inf")
    good_until: float = float("-inf")


class ClientKeys:
    """Key sets at clients' addresses, kept as their Cache-Control says.

    While an address does not answer, the keys it gave last are used for up to an hour: an EHR's
    web server that is down for a moment must not stop its referrals. No redirect is followed,
    because only the registered address was agreed on.

    Args:
        http: fetches from addresses that clients registered.
        clock: seconds, only rising.
    """

    def __init__(
        self,
        http: GuardedHttp,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http = http
        self._clock = clock
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._held: dict[str, _Held] = {}

    def key(self, url: str, kid: str, kty: str) -> jwk.RSAKey | jwk.ECKey | None:
        """One key, or None if the address does not publish it.

        An unknown `kid` causes a fetch, so that a client may change keys at any time. While one
        goes on, a known key is given at once: an address that is slow, or a stranger who asks for
        a `kid` that is not there, must not hold up every request of that client.

        Args:
            url: a registered client's `jwks_url`.
            kid: the key's id.
            kty: `RSA` or `EC`.
        """
        with self._lock:
            lock = self._locks.setdefault(url, threading.Lock())
            held = self._held.setdefault(url, _Held({}))
        if not lock.acquire(blocking=False):
            known = self._good(held, kid, kty)
            if known is not None:
                return known
            lock.acquire()
        try:
            now = self._clock()
            due = now >= held.fresh_until or (kid, kty) not in held.keys
            if due and now - held.tried >= PAUSE:
                held.tried = now
                self._refresh(url, held)
            return self._good(held, kid, kty)
        finally:
            lock.release()

    def _good(self, held: _Held, kid: str, kty: str) -> jwk.RSAKey | jwk.ECKey | None:
        return held.keys.get((kid, kty)) if self._clock() < held.good_until else None

    def _refresh(self, url: str, held: _Held) -> None:
        try:
            held.keys, keep = self._fetch(url)
        except (StrangerFault, KeysRefused) as error:
            log.warning("client_keys.not_fetched", url=url, why=str(error))
            return
        now = self._clock()
        held.fresh_until = now + keep
        held.good_until = now + KEEP_AT_MOST

    def _fetch(self, url: str) -> tuple[dict[tuple[str, str], jwk.RSAKey | jwk.ECKey], float]:
        body = bytearray()
        # Uncompressed, so that a small answer cannot become a large one while it is unpacked.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        with self._http.exchange("GET", url, headers=headers, within=TIMEOUT) as answer:
            if answer.status != HTTPStatus.OK:
                raise KeysRefused(f"status {answer.status}")
            for chunk in answer.pieces():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise KeysRefused("too large")
        try:
            keys = public_keys(json.loads(body))
        except (ValueError, RecursionError) as error:
            raise KeysRefused("not a usable JWK Set") from error
        return keys, _keep(answer.header("cache-control"))


def _keep(cache_control: str) -> float:
    directives = cache_control.lower()
    if "no-store" in directives or "no-cache" in directives:
        return PAUSE
    age = _MAX_AGE.search(directives)
    return min(max(float(age[1]) if age else KEEP, PAUSE), KEEP_AT_MOST)
