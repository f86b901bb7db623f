"""The other services' APIs, asked with the token of whoever is signed in.

What they refuse to the person, the portal cannot show: it decides nothing and keeps nothing.
"""

from typing import Any

import httpx

from services.portal.answer_links import Refusal
from services.portal.sign_in.sessions import SignedIn
from shared import tracing
from shared.rate_limits import caller

Json = dict[str, Any]


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

    async def _ask(self, who: SignedIn, method: str, path: str, **content: Any) -> Any:
        answer = await self._answered(who, method, path, **content)
        try:
            told = answer.json() if answer.content else None
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
        headers = tracing.header() | {"Authorization": f"Bearer {who.granted.access}"}
        if caller():
            headers["X-Forwarded-For"] = caller()
        http = self._by_path[_part(path)]
        try:
            return await http.request(method, path, headers=headers, **content)
        except httpx.HTTPError as error:
            raise Refusal(503, reason=_part(path)) from error


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
    )
