"""One service calling another, as itself."""

import threading
import time
from typing import Any

import httpx
import structlog

from shared import tracing
from shared.problems import Problem
from shared.settings import ServiceSettings
from shared.trust import system_authorities


class ServiceClient:
    """Calls another service over HTTP with this service's own token (client credentials).

    Args:
        settings: has `client_id`, `client_secret` and `token_url`.
        base_url: where the other service is.
        scope: what to ask for.
        timeout: seconds for one call; no transaction may be open while calling.
    """

    def __init__(
        self, settings: ServiceSettings, base_url: str, *, scope: str, timeout: float = 10.0
    ) -> None:
        self._settings = settings
        self._scope = scope
        self._http = httpx.Client(base_url=base_url, timeout=timeout, verify=system_authorities())
        self._lock = threading.Lock()
        self._token = ""
        self._renew_at = 0.0

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Make one call; a token that is refused is renewed once.

        Raises:
            Problem: 503 when the other service cannot be reached.
        """
        try:
            answer = self._send(method, path, **arguments)
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                self._renew_at = 0.0
                answer = self._send(method, path, **arguments)
            return answer
        except (httpx.HTTPError, _NoToken) as error:
            raise Problem(
                503,
                "A part of Kersey cannot be reached just now",
                "Nothing was changed. Try again in a moment.",
                headers={"Retry-After": "5"},
            ) from error

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        headers = tracing.header() | dict(arguments.pop("headers", None) or {})
        headers["Authorization"] = f"Bearer {self._bearer()}"
        request_id = structlog.contextvars.get_contextvars().get("request_id")
        if request_id:
            headers["X-Request-Id"] = str(request_id)
        return self._http.request(method, path, headers=headers, **arguments)

    def _bearer(self) -> str:
        with self._lock:
            if time.monotonic() >= self._renew_at:
                answer = self._http.post(
                    self._settings.token_url,
                    data={"grant_type": "client_credentials", "scope": self._scope},
                    auth=(
                        self._settings.client_id,
                        self._settings.client_secret.get_secret_value(),
                    ),
                )
                answer.raise_for_status()
                self._token, lifetime = _granted(answer)
                self._renew_at = time.monotonic() + lifetime * 0.8
            return self._token


class _NoToken(Exception):
    """Whoever answered at the issuer's address gave no token."""


def _granted(answer: httpx.Response) -> tuple[str, float]:
    """The token and for how many seconds it lasts (RFC 6749, section 5.1)."""
    try:
        granted = answer.json()
        return str(granted["access_token"]), float(granted["expires_in"])
    except (ValueError, LookupError, TypeError) as error:
        raise _NoToken from error
