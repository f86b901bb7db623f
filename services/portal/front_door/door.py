"""What the front door asks of referrals, with the token of its own client: it can only hand in."""

from typing import Any, Protocol

import httpx

from shared.problems import Problem

Json = dict[str, Any]

SCOPE = "referrals.front-door"
"""All that the portal's own token allows."""

AT = "/referrals/front-door"


class Asks(Protocol):
    """Calls the referrals service; see `shared.http.ServiceClient`."""

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """One call."""
        ...


class NotThere(Exception):
    """There is no such hub or practice."""


class NotNow(Exception):
    """Referrals cannot be asked at this moment; nothing was handed in, as far as is known."""


class SentBefore(Exception):
    """This form was handed in before with other words.

    Args:
        reference: of what was handed in then.
    """

    def __init__(self, reference: str) -> None:
        super().__init__(reference)
        self.reference = reference


class NotTaken(Exception):
    """Referrals refuses what was said.

    Args:
        element: at fault.
        detail: in words.
    """

    def __init__(self, element: str, detail: str) -> None:
        super().__init__(element)
        self.element = element
        self.detail = detail


class Door:
    """The front door of referrals.

    Args:
        asks: calls it.
    """

    def __init__(self, asks: Asks) -> None:
        self._asks = asks

    def hubs(self) -> list[Json]:
        """Every hub, by name.

        Raises:
            NotNow: they cannot be had.
        """
        found = self._ask("GET", "/hubs")
        return found if isinstance(found, list) else []

    def hub(self, code: str) -> Json:
        """One hub with the practices that may be named there.

        Raises:
            NotThere: there is no such hub.
            NotNow: it cannot be had.
        """
        return self._one(f"/hubs/{code}")

    def practice(self, ods_code: str) -> Json:
        """A practice and its hub; it raises as `hub` does."""
        return self._one(f"/practices/{ods_code}")

    def hand_in(self, body: Json) -> str:
        """Hand in a referral; its reference.

        Raises:
            SentBefore: its key came before with other words.
            NotTaken: it is refused.
            NotNow: it could not be handed in.
        """
        return str(self._ask("POST", "", json=body)["reference"])

    def _one(self, path: str) -> Json:
        found = self._ask("GET", path)
        return found if isinstance(found, dict) else {}

    def _ask(self, method: str, path: str, **arguments: Any) -> Any:
        try:
            answer = self._asks.request(method, AT + path, **arguments)
            told = answer.json()
        except (Problem, ValueError) as error:
            raise NotNow from error
        if answer.is_success:
            return told
        said = told if isinstance(told, dict) else {}
        if answer.status_code == httpx.codes.CONFLICT and said.get("reference"):
            raise SentBefore(str(said["reference"]))
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise NotThere
        if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
            raise NotTaken(str(said.get("element", "")), str(said.get("detail", "")))
        raise NotNow
