"""How often one client, or one address without a token, may ask: 429 beyond. Pure ASGI, for speed.

Counted in this process's memory (docs/decisions/0020-rate-limits-in-memory.md).
"""

import math
import time
from contextvars import ContextVar
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from limits import RateLimitItem, parse_many
from limits.strategies import FixedWindowRateLimiter
from prometheus_client import Counter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.auth import Principal, TokenVerifier, Unauthenticated, bearer_of
from shared.problems import Problem
from shared.rate_counts import Counts
from shared.refusals import Refusals
from shared.settings import ServiceSettings

Networks = tuple[IPv4Network | IPv6Network, ...]

EXEMPT = ("/health/live", "/health/ready", "/metrics")
"""What watches the service must hear from it when it is busiest."""

THROTTLED = Counter(
    "kersey_http_throttled_total",
    "Requests answered 429 by a rate limit, by service and whether a client or an address asked.",
    ["service", "by"],
)

_caller: ContextVar[str] = ContextVar("caller", default="")


def caller() -> str:
    """The address of whoever makes the request being answered; empty outside one.

    For a service that asks another on somebody's behalf without a token: it passes the address on
    in `X-Forwarded-For`, or all whom it serves would count as one. It is personal data: not for
    logs.
    """
    return _caller.get()


class RateLimit:
    """Refuses what comes more often than the settings allow.

    A request with a good token counts for its client, every other one for the address that it
    comes from. A client is known by a token that was verified, never by what a token merely says:
    nobody can use up another's requests, and rubbish in place of a token counts for its address.

    Args:
        app: what comes after.
        service: named in the metrics.
        settings: hold the rates and the proxies to be trusted.
        verifier: of bearer tokens.
        refusals: words what is refused.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        service: str,
        settings: ServiceSettings,
        verifier: TokenVerifier,
        refusals: Refusals,
    ) -> None:
        self._app = app
        self._service = service
        self._proxies = settings.proxies
        self._rates = {
            "client": rates(settings.client_rate),
            "address": rates(settings.address_rate),
        }
        self._counted = FixedWindowRateLimiter(Counts())
        self._verifier = verifier
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http" or scope["path"] in EXEMPT:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        address = address_of(scope, self._proxies)
        holder = await self._holder_of(bearer_of(headers))
        if holder is not None:
            scope.setdefault("state", {})["verified"] = holder
        by, who = ("client", _holder(holder)) if holder else ("address", _counted_as(address))
        wait = self._wait(by, who)
        if wait:
            THROTTLED.labels(self._service, by).inc()
            refusal = self._refusals.answer(scope["path"], _too_many(by, wait))
            await refusal(scope, receive, send)
            return
        _caller.set(address)
        await self._app(scope, receive, send)

    async def _holder_of(self, token: str | None) -> Principal | None:
        """Whom a token was issued to; None without a good one."""
        if token is None:
            return None
        if self._verifier.verified_recently(token):
            return self._principal_of(token)
        return await run_in_threadpool(self._principal_of, token)

    def _principal_of(self, token: str) -> Principal | None:
        try:
            return self._verifier.verify(token)
        except (Unauthenticated, Problem):  # the route says so, in its own words
            return None

    def _wait(self, by: str, who: str) -> int:
        """Count a request; the seconds to wait where it is one too many, else 0."""
        spent = [rate for rate in self._rates[by] if not self._counted.hit(rate, by, who)]
        if not spent:
            return 0
        again = max(self._counted.get_window_stats(rate, by, who).reset_time for rate in spent)
        return max(1, math.ceil(again - time.time()))


class CallerLimit:
    """How often the caller of the request being answered may do one thing (`caller`).

    For what is dearer than a request: beside `RateLimit`, and counted alike in this process's
    memory.

    Args:
        rate: as in the settings; empty for no limit.
    """

    def __init__(self, rate: str) -> None:
        self._rates = rates(rate)
        self._counted = FixedWindowRateLimiter(Counts())

    def wait(self) -> int:
        """Count once; the seconds to wait where it is once too many, else 0."""
        who = _counted_as(caller())
        spent = [rate for rate in self._rates if not self._counted.hit(rate, who)]
        if not spent:
            return 0
        again = max(self._counted.get_window_stats(rate, who).reset_time for rate in spent)
        return max(1, math.ceil(again - time.time()))


def rates(text: str) -> tuple[RateLimitItem, ...]:
    """The rates of a setting, such as `100/second;3000/minute`; none where it is empty.

    Raises:
        ValueError: it is not written so.
    """
    return tuple(parse_many(text)) if text.strip() else ()


def address_of(scope: Scope, proxies: Networks) -> str:
    """Where a request comes from: the peer, or whom trusted proxies name in `X-Forwarded-For`.

    The header is read from its end, where the nearest proxy wrote: the first address that is no
    trusted proxy is believed, and nothing before it, which the client may have written itself.
    """
    peer = scope.get("client")
    found = str(peer[0]) if peer else ""
    if not _within(found, proxies):
        return found
    header = ",".join(Headers(scope=scope).getlist("x-forwarded-for"))
    for named in reversed([part.strip() for part in header.split(",")]):
        try:
            ip_address(named)
        except ValueError:
            break
        found = named
        if not _within(named, proxies):
            break
    return found


@lru_cache(maxsize=64)  # the same few proxies stand before every request
def _within(address: str, networks: Networks) -> bool:
    try:
        return any(ip_address(address) in network for network in networks)
    except ValueError:  # a socket of this machine, or a test's client
        return False


def _too_many(by: str, wait: int) -> Problem:
    return Problem(
        429,
        "Too many requests",
        f"This {by} asks more often than is allowed here. Try again in {wait} seconds.",
        element="Authorization" if by == "client" else None,
        headers={"Retry-After": str(wait)},
    )


def _holder(principal: Principal) -> str:
    """Who is counted: a client, and each person who is signed in to one for themselves."""
    if principal.subject == principal.client_id:
        return principal.client_id
    return f"{principal.client_id} {principal.subject}"


def _counted_as(address: str) -> str:
    """One household or building has a whole /64 of IPv6 addresses, and is one caller."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, 64), strict=False))
    return address
