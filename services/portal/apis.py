"""The other services' APIs, asked with the token of whoever is signed in.

What they refuse to the person, the portal cannot show: it decides nothing and keeps nothing.
"""

from typing import Any

import httpx
import orjson

from services.portal.answer_links import Refusal
from services.portal.sign_in.sessions import SignedIn
from shared import tracing
from shared.rate_limits import caller

Json = dict[str, Any]

FOLLOWING = httpx.Timeout(20.0, read=40.0)
"""Of a stream: it says something at least every 15 seconds, if only that it is still there."""


class Apis:
    """Referrals, the directory, notifications and the issuer.

    Args:
        referrals: has the address of referrals as its base; FHIR is there too.
        directory: that of the directory.
        notifications: that of notifications.
        identity: that of Kersey's issuer.
    """

    def __init__(
        self,
        referrals: httpx.AsyncClient,
        directory: httpx.AsyncClient,
        notifications: httpx.AsyncClient,
        identity: httpx.AsyncClient,
    ) -> None:
        self._by_path = {
            "referrals": referrals,
            "fhir": referrals,
            "directory": directory,
            "notifications": notifications,
            "identity": identity,
        }

    async def get(self, who: SignedIn, path: str, **params: Any) -> Any:
        """What stands at a path.

        Args:
            who: asks.
            path: from the service's prefix on, such as `/referrals/cases`.
            params: of the query; None is left out.

        Raises:
            Refusal: the service said no, or cannot be reached.
        """
        asked = {name: value for name, value in params.items() if value is not None}
        return await self._ask(who, "GET", path, params=asked)

    async def search(self, who: SignedIn, path: str, **params: Any) -> Any:
        """A FHIR search by POST, so that what is looked for stands in no address.

        Raises:
            Refusal: as `get`.
        """
        asked = {name: value for name, value in params.items() if value is not None}
        return await self._ask(who, "POST", f"{path}/_search", data=asked)

    async def send(self, who: SignedIn, method: str, path: str, body: object = None) -> Any:
        """Have something done.

        Raises:
            Refusal: as `get`; nothing was changed then.
        """
        return await self._ask(who, method, path, **({} if body is None else {"json": body}))

    async def file(self, who: SignedIn, path: str) -> bytes:
        """A file that stands at a path.

        Raises:
            Refusal: as `get`.
        """
        answer = await self._answered(who, "GET", path)
        if answer.is_success:
            return answer.content
        raise _refusal(answer.status_code, None)

    async def follow(self, who: SignedIn, path: str, seen: str) -> httpx.Response:
        """A stream of server-sent events at a path, open; whoever takes it closes it.

        Args:
            who: asks.
            path: as `get`.
            seen: the id of the event that was seen last; empty for none.

        Raises:
            Refusal: as `get`.
        """
        http = self._by_path[_part(path)]
        headers = self._headers(who) | {"Accept": "text/event-stream"}
        headers |= {"Last-Event-ID": seen} if seen else {}
        asked = http.build_request("GET", path, headers=headers, timeout=FOLLOWING)
        try:
            answer = await http.send(asked, stream=True)
        except httpx.HTTPError as error:
            raise Refusal(503, reason=_part(path)) from error
        if not answer.is_success:
            await answer.aclose()
            raise _refusal(answer.status_code, None)
        return answer

    async def _ask(self, who: SignedIn, method: str, path: str, **content: Any) -> Any:
        answer = await self._answered(who, method, path, **content)
        try:
            told = orjson.loads(answer.content) if answer.content else None
        except ValueError as error:
            raise Refusal(503, reason=_part(path)) from error
        if answer.is_success:
            return told
        if answer.is_server_error:
            raise Refusal(answer.status_code, reason=_part(path))
        raise _refusal(answer.status_code, told)

    async def _answered(
        self, who: SignedIn, method: str, path: str, **content: Any
    ) -> httpx.Response:
        http = self._by_path[_part(path)]
        try:
            return await http.request(method, path, headers=self._headers(who), **content)
        except httpx.HTTPError as error:
            raise Refusal(503, reason=_part(path)) from error

    @staticmethod
    def _headers(who: SignedIn) -> dict[str, str]:
        headers = tracing.header() | {"Authorization": f"Bearer {who.granted.access}"}
        if caller():
            headers["X-Forwarded-For"] = caller()
        return headers


def _part(path: str) -> str:
    """The part of Kersey that answers at a path."""
    return path.split("/")[1]


def _refusal(status: int, told: object) -> Refusal:
    """A refusal in the service's own words: a problem (RFC 9457) or an OperationOutcome."""
    said = told if isinstance(told, dict) else {}
    issue = next(iter(said.get("issue") or ()), None)
    if isinstance(issue, dict):
        details = issue.get("details") or {}
        return Refusal(
            status,
            reason=str(issue.get("code", "")),
            title=str(details.get("text", "")),
            detail=str(issue.get("diagnostics", "")),
            element=str(next(iter(issue.get("expression") or ()), "")),
        )
    return Refusal(
        status if status >= 400 else 503,
        reason=str(said.get("reason", "")),
        title=str(said.get("title", "")),
        detail=str(said.get("detail", "")),
        element=str(said.get("element", "")),
        found=said.get("found") or (),
    )
