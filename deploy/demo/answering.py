"""How the provider of the journey answers: by the link in its e-mail, or with its account."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from deploy.demo.journey import Journey


class Answering(Protocol):
    """A provider's side of one referral."""

    words: str

    def accept(self) -> None:
        """Accept the request."""
        ...

    def identity(self) -> str:
        """See who the person is; returns the name, or nothing where none is shown."""
        ...

    def progress(self, action: str) -> None:
        """Record what came of it."""
        ...


class ByAccount:
    """A provider with an account or a system of its own."""

    words = "The provider accepts with its account"

    def __init__(self, journey: "Journey") -> None:
        self._journey = journey

    @property
    def _at(self) -> str:
        return f"/referrals/requests/{self._journey.task}"

    def accept(self) -> None:
        """See `Answering`."""
        shown = f"Task/{self._journey.task}"
        self._journey.provider.call(
            "POST", f"{self._at}/answer", json={"decision": "accept"}, changes=shown
        )

    def identity(self) -> str:
        """See `Answering`."""
        told = self._journey.provider.call("POST", f"{self._at}/identity", json={})
        return str(told["name"])

    def progress(self, action: str) -> None:
        """See `Answering`."""
        shown = f"Task/{self._journey.task}"
        self._journey.provider.call(
            "POST", f"{self._at}/progress", json={"action": action}, changes=shown
        )
