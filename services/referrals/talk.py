"""Words between a provider and a link worker on one request, and what each thinks of it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select
from sqlalchemy import select as columns
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import Session, col, select

from services.referrals.resources import instant
from services.referrals.tables import RequestFeedback, RequestMessage

View = dict[str, Any]


class Side(StrEnum):
    """Who writes."""

    TEAM = "team"
    PROVIDER = "provider"


GOOD = ("yes", "partly", "no")

POINTS: dict[Side, tuple[str, ...]] = {
    Side.PROVIDER: (
        "told-enough",
        "told-too-little",
        "not-for-us",
        "person-did-not-know",
        "could-not-reach",
        "access-needs-missing",
        "well-timed",
    ),
    Side.TEAM: (
        "answered-fast",
        "answered-late",
        "welcoming",
        "not-as-listed",
        "access-needs-not-met",
        "kept-us-posted",
        "no-word-since",
    ),
}
"""What each side may say of the other's part: of the referral, or of the place."""


def last_written(which: ColumnElement[bool]) -> "Select[str, str, datetime]":
    """Who wrote last about each of some requests, as a statement.

    Args:
        which: the `RequestMessage`s of these.
    """
    return (
        columns(col(RequestMessage.task), col(RequestMessage.side), col(RequestMessage.written))
        .where(which)
        .ext(distinct_on(col(RequestMessage.task)))
        .order_by(col(RequestMessage.task), col(RequestMessage.position).desc())
    )


def last_words(rows: Iterable[Mapping[Any, Any]]) -> dict[str, View]:
    """Who wrote last about each of some requests, and when; nothing of those without a word.

    Args:
        rows: of `last_written`.
    """
    return {row["task"]: {"from": row["side"], "written": instant(row["written"])} for row in rows}


def talk_of(session: Session, task: str, side: Side, *, kept_back: datetime | None = None) -> View:
    """All that was written about a request, and what each side thinks of it.

    Args:
        session: the caller's.
        task: the provider's Task.
        side: who reads.
        kept_back: until when the other side's messages are not shown.
    """
    messages = session.exec(
        select(RequestMessage)
        .where(RequestMessage.task == task)
        .order_by(col(RequestMessage.position))
    ).all()
    shown = [
        each
        for each in messages
        if kept_back is None or each.side == side or each.written > kept_back
    ]
    feedback = session.exec(select(RequestFeedback).where(RequestFeedback.task == task)).all()
    return {
        "task": task,
        "you": side.value,
        "messages": [
            {"from": each.side, "text": each.text, "written": instant(each.written)}
            for each in shown
        ],
        "kept_back": len(messages) - len(shown),
        "feedback": {
            each.side: {"good": each.good, "points": each.points, "given": instant(each.given)}
            for each in feedback
        },
        "points": list(POINTS[side]),
    }
