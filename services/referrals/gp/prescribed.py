"""The social prescribing record of a case: what was needed, and what was offered and attended.

It is the second of the three models of the Social Prescribing Information Standard (PRSB, v1.1).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlmodel import Session, col, select

from services.referrals.gp.days import in_words
from services.referrals.register import CAME, marks_of_task
from services.referrals.tables import Activity, CaseTask, ListedService, OnwardRequest

_CAME_OF_IT = {
    "awaiting-answer": "asked, no answer yet",
    "waiting-list": "on the waiting list",
    "offered": "a place was offered",
    "selected": "a place was taken",
    "started": "started",
    "attended": "attended",
    "completed": "completed",
    "did-not-come": "did not come",
    "person-ended-early": "ended early by the person",
    "provider-declined": "had no place",
    "provider-silent": "did not answer",
}
"""What came of asking a service, by businessStatus; what was only taken back is not told."""

_NOT_BEGUN = "answered, and no start was noted"
"""Of a service that had answered, where the request ended with its case."""


@dataclass(frozen=True)
class Offer:
    """One service that was offered."""

    service: str
    came_of_it: str
    days: str = ""


def needs(session: Session, tasks: Sequence[CaseTask], request: Mapping[str, Any]) -> Iterable[str]:
    """What the person wanted help with, in words, each once.

    As the link worker asked providers for it; where nobody was asked, as the practice wrote it.

    Args:
        session: the caller's.
        tasks: the case's requests to providers.
        request: the sender's ServiceRequest.
    """
    asked = session.exec(
        select(OnwardRequest).where(col(OnwardRequest.task).in_([task.id for task in tasks]))
    ).all()
    named = [need.get("display") or need["code"] for each in asked for need in each.needs]
    named = named or [_said(each) for each in request.get("reasonCode", ())]
    return dict.fromkeys(filter(None, named))


def _said(concept: Mapping[str, Any]) -> str:
    """A CodeableConcept in words; its code where it has none."""
    codings = concept.get("coding", ())
    words = (each.get(name) for name in ("display", "code") for each in codings)
    return str(concept.get("text") or next(filter(None, words), ""))


def offers(session: Session, tasks: Sequence[CaseTask]) -> Iterable[Offer]:
    """What was offered and what came of it, in the order in which it was asked for.

    Args:
        session: the caller's.
        tasks: the case's requests to providers.
    """
    services = [task.service for task in tasks if task.service]
    names = dict(
        session.exec(
            select(ListedService.id, ListedService.name).where(col(ListedService.id).in_(services))
        ).all()
    )
    days: dict[str, list[date]] = {}
    activities = select(Activity).where(col(Activity.task).in_([task.id for task in tasks]))
    for each in session.exec(activities):
        days.setdefault(each.task, []).append(each.day)
    for task in tasks:
        words = _came_of(task)
        if not words or task.service is None:
            continue
        came = [
            date.fromisoformat(each["day"])
            for each in marks_of_task(session, task.id)
            if each["mark"] == CAME
        ]
        count = len(came)
        if count and task.business != "attended":
            words += f", came {count} {'time' if count == 1 else 'times'}"
        elif count:
            words = f"came {count} {'time' if count == 1 else 'times'}"
        yield Offer(names.get(task.service, ""), words, _span([*days.get(task.id, ()), *came]))


def _came_of(task: CaseTask) -> str:
    """What came of asking; empty where nothing is told of it."""
    if task.business == "cancelled" and task.reason == "case-closed" and task.answered:
        return _NOT_BEGUN
    return _CAME_OF_IT.get(task.business, "")


def _span(days: Sequence[date]) -> str:
    if not days:
        return ""
    first, last = in_words(min(days)), in_words(max(days))
    return first if first == last else f"{first} to {last}"
