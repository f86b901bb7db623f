"""Words in every field that is kept of a person, so that they can be looked for afterwards."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, insert, select
from sqlmodel import col

from services.referrals.tables import (
    AccessNeed,
    Case,
    EqualityCharacteristic,
    PersonAround,
    PersonChange,
    PersonDecision,
    SafeContact,
    WiderConsent,
)
from tests.referrals.house import Json
from tests.referrals.prying import Marked

STAFF = ("Organization", "Practitioner", "PractitionerRole")
"""What of a Bundle is about those who refer, and stays."""

PLANTED = tuple(f"zx{n}mark" for n in range(4))


def alone_in(marked: Marked, *others: Json) -> list[str]:
    """The markers about the person; not the date that the Bundle has in common with others."""
    also = json.dumps(others)
    marks = [mark for mark, path in marked.markers.items() if not path.startswith(STAFF)]
    alone = [mark for mark in marks if mark not in also]
    assert len(marks) - len(alone) <= 1
    return alone


def plant(engine: Engine, person: UUID, marks: Sequence[str] = PLANTED) -> None:
    """Write words into what link workers record of a person, past any API."""
    one, two, three, four = marks
    rows: list[tuple[Any, dict[str, Any]]] = [
        (
            SafeContact,
            {
                "channel": "phone",
                "value": one,
                "times": two,
                "words": three,
                "keep_from": four,
                "safe": "safe",
                "voicemail": False,
                "version": 1,
                "recorded_by": "worker",
            },
        ),
        (AccessNeed, {"code": "bsl", "detail": one, "source": two}),
        (
            PersonAround,
            {"name": one, "relation": "friend", "evidence": two, "may_hear": three, "phone": four},
        ),
        (
            PersonDecision,
            {"decision": one, "able": False, "seen": two, "decided_by": "deputy", "who": three},
        ),
        (EqualityCharacteristic, {"characteristic": "religion", "source": "self", "value": three}),
        (
            WiderConsent,
            {
                "purpose": "stories",
                "given": True,
                "how": one,
                "recorded_by": "worker",
                "evidence": {"said": four},
            },
        ),
    ]
    with engine.begin() as connection:
        case = (
            connection.execute(select(col(Case.id)).where(col(Case.person) == person))
            .scalars()
            .first()
        )
        change = {"version": 1, "about": "contact/phone", "content": {"told_by": two}, "case": case}
        rows.append((PersonChange, change | {"recorded_by": "worker"}))
        for table, values in rows:
            made = table(person=person, recorded=datetime.now(UTC), **values)
            connection.execute(insert(table).values(made.model_dump(exclude_none=True)))
