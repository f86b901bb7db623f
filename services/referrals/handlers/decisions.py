"""A link worker writes down a decision of which it was asked whether the person could make it."""

from typing import Any
from uuid import UUID

from services.referrals.casefile import refuse_unless
from services.referrals.desk import Desk
from services.referrals.handlers.recording import recording
from services.referrals.record import FROM_18, THE_PERSON, DecidedBy
from services.referrals.tables import PersonDecision
from shared.auth import Principal
from shared.repeating import repeating


@repeating
def write_down(
    desk: Desk,
    principal: Principal,
    case_id: UUID,
    *,
    decision: str,
    under_16: bool,
    able: bool,
    seen: str,
    decided_by: DecidedBy,
    who: str,
) -> None:
    """Write down one decision; what stands already stays as it is.

    Args:
        desk: what every use case works with.
        principal: a link worker of the team.
        case_id: the case.
        decision: what was decided.
        under_16: whether it is competence that was looked at, and not mental capacity.
        able: whether the person could decide it.
        seen: what showed that.
        decided_by: who decided.
        who: their name, where it was not the person.

    Raises:
        NoSuchCase: see `recording`.
        Refused: see `recording`; or somebody decided who may not, or whom nobody named.
    """
    theirs = decided_by == THE_PERSON
    refuse_unless(
        theirs or not able,
        "business-rule",
        "Who can decide, decides. If the person could not decide this, say so above.",
        "decided_by",
    )
    refuse_unless(
        able or not theirs,
        "business-rule",
        "The person could not decide this: say who did.",
        "decided_by",
    )
    refuse_unless(
        not (under_16 and decided_by in FROM_18),
        "business-rule",
        "Nobody under 16 has given a power of attorney: say who decided.",
        "decided_by",
    )
    refuse_unless(theirs or bool(who), "business-rule", "Say who decided, by name.", "who")
    told: dict[str, Any] = {
        "decision": decision,
        "under_16": under_16,
        "able": able,
        "seen": seen,
        "decided_by": decided_by,
        "who": "" if theirs else who,
    }
    with recording(desk, principal, case_id) as record:
        entry = PersonDecision(
            person=record.home, recorded_by=principal.subject, recorded=record.now, **told
        )
        record.session.add(entry)
        record.keep(f"decisions/{entry.id}", **told)
