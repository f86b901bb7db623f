"""What notifications asks of the directory, as itself, for whoever holds a capacity link."""

from uuid import UUID

from shared.http import ServiceClient
from shared.problems import Problem

SCOPE = "directory.capacity"
"""What this service's token must allow at the directory."""


class Directory:
    """Takes what a provider says by a link."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def say(self, service: UUID, provider: UUID, state: str, contact: UUID) -> None:
        """Pass on an answer.

        Args:
            service: of which service.
            provider: whose it was when its contact was asked.
            state: one of the four answers.
            contact: to whom the link was sent.

        Raises:
            Problem: 404 or 410 where the service is not listed any more; 503 for anything else.
        """
        body = {"provider": str(provider), "state": state, "contact": str(contact)}
        answer = self._client.request(
            "POST", f"/directory/services/{service}/capacity-answers", json=body
        )
        if answer.is_success:
            return
        if answer.status_code in (404, 410):
            raise Problem(answer.status_code, "Gone", "This service is not listed any more.")
        raise Problem(
            503,
            "A part of Kersey cannot be reached just now",
            "Nothing was changed. Try again in a moment.",
            headers={"Retry-After": "5"},
        )
