"""What notifications asks of the referrals service, as itself, for whoever holds an answer link."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import httpx

from shared.http import ServiceClient
from shared.problems import Problem

Json = dict[str, Any]

SCOPE = "referrals.requests"
"""What this service's token must allow at referrals."""

_KIND = {
    403: "That is not possible with this link",
    404: "This request is not there any more",
    409: "This request has moved on",
    410: "This request is not there any more",
    422: "That answer does not fit",
}


class Requests:
    """One Task's request at referrals.

    A refusal there is passed on in words; what the other side says in detail is passed on too,
    because it names the element and holds no personal data (the rule of the house).
    """

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def view(self, task: UUID) -> Json:
        """The anonymous request: what is needed, when, where, which access needs."""
        return self._ask("GET", f"/referrals/requests/{task}")

    def answer(
        self, task: UUID, contact: UUID, decision: str, reason: str | None, note: str | None
    ) -> Json:
        """Accept, put on the waiting list, or decline; the view afterwards."""
        body = {
            "decision": decision,
            "reason": reason,
            "note": note,
            "answered_by": {"contact": str(contact), "via": "answer-link"},
        }
        return self._ask("POST", f"/referrals/requests/{task}/answer", body)

    def identity(self, task: UUID, contact: UUID) -> Json:
        """Who the person is and how to reach them; referrals records the view."""
        viewer = {"contact": str(contact), "via": "one-time-code"}
        return self._ask("POST", f"/referrals/requests/{task}/identity", {"viewer": viewer})

    def progress(self, task: UUID, contact: UUID, action: str, day: str, note: str | None) -> Json:
        """Start, attendance, completion, or that the person did not come; the view afterwards."""
        body = {
            "action": action,
            "date": day,
            "note": note,
            "reported_by": {"contact": str(contact), "via": "answer-link"},
        }
        return self._ask("POST", f"/referrals/requests/{task}/progress", body)

    def attendance(self, task: UUID) -> Json:
        """On which days somebody came or did not."""
        return self._ask("GET", f"/referrals/requests/{task}/attendance")

    def mark(self, task: UUID, contact: UUID, day: date, mark: str, key: UUID) -> Json:
        """Mark in the register whether somebody came; the mark in whose place it came."""
        body = {
            "mark": mark,
            "key": str(key),
            "noted_by": {"contact": str(contact), "via": "answer-link"},
        }
        return self._ask("PUT", f"/referrals/requests/{task}/attendance/{day}", body)

    def messages(self, task: UUID) -> Json:
        """What the provider and the link worker wrote to each other about it."""
        return self._ask("GET", f"/referrals/requests/{task}/messages")

    def write(self, task: UUID, contact: UUID, text: str, key: UUID) -> Json:
        """Write to the link worker; all that was written afterwards."""
        body = {
            "text": text,
            "key": str(key),
            "written_by": {"contact": str(contact), "via": "answer-link"},
        }
        return self._ask("POST", f"/referrals/requests/{task}/messages", body)

    def first_visit(self, task: UUID, contact: UUID, starts: datetime) -> Json:
        """Say when the person is expected first; the view afterwards."""
        body = {
            "starts": starts.isoformat(),
            "said_by": {"contact": str(contact), "via": "answer-link"},
        }
        return self._ask("PUT", f"/referrals/requests/{task}/first-visit", body)

    def _ask(self, method: str, path: str, body: Json | None = None) -> Json:
        filled = {name: value for name, value in (body or {}).items() if value is not None}
        answer = self._client.request(method, path, **({"json": filled} if body else {}))
        if answer.is_success:
            told: Json = answer.json()
            return told
        raise refusal_of(answer)


def refusal_of(answer: httpx.Response) -> Problem:
    """What the other side refused, in words for whoever holds a link; 503 for anything else."""
    if answer.status_code in _KIND:
        words, element = _said(answer)
        return Problem(answer.status_code, _KIND[answer.status_code], words, element=element)
    return Problem(
        503,
        "A part of Kersey cannot be reached just now",
        "Nothing was changed. Try again in a moment.",
        headers={"Retry-After": "5"},
    )


def _said(answer: httpx.Response) -> tuple[str, str | None]:
    """What the other side said, and of which element, from a problem (RFC 9457) or an
    OperationOutcome."""
    try:
        said = answer.json()
    except ValueError:
        return "", None
    if not isinstance(said, dict):
        return "", None
    issues = said.get("issue") or [{}]
    element = said.get("element")
    words = str(said.get("detail") or issues[0].get("diagnostics") or "")
    return words, str(element) if element else None
