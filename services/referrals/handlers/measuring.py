"""How a person is: measures are noted, never required, and taken back if they were a mistake."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel import col, select

from services.referrals.casefile import refuse_unless
from services.referrals.desk import Desk
from services.referrals.domain import Refused
from services.referrals.plan.documents import observation
from services.referrals.plan.instruments import INSTRUMENTS, faults
from services.referrals.standing import by_link_worker
from services.referrals.tables import Measure, Review
from shared.auth import Principal
from shared.repeating import repeating


@dataclass(frozen=True)
class Asked:
    """One measure, as it was asked.

    Attributes:
        instrument: its code.
        answers: by item; some may be missing.
        not_asked: why nobody asked; one of `plan.instruments.NOT_ASKED`.
    """

    instrument: str
    answers: Mapping[str, int] = field(default_factory=dict)
    not_asked: str | None = None


@dataclass(frozen=True)
class Said:
    """One time that a person was asked.

    Attributes:
        measures: that were asked, or why not.
        day: on which; by default today.
        filled_in: by whom.
        how: in which way.
        language: in which.
        wanted: what they want, in their own words.
        changed: what changed.
        harm: what got worse.
    """

    measures: Sequence[Asked]
    day: date | None = None
    filled_in: str = "together"
    how: str = "phone"
    language: str = ""
    wanted: str = ""
    changed: str = ""
    harm: str = ""


@repeating
def note_review(desk: Desk, principal: Principal, case: UUID, said: Said) -> UUID:
    """Note how a person is; the id of the review.

    Args:
        desk: what every use case works with.
        principal: a link worker of the team.
        case: the case.
        said: what was asked and answered.

    Raises:
        NoSuchCase: see `by_link_worker`.
        Refused: see `by_link_worker`; or an answer is out of its range, or nothing was said.
    """
    _check(said)
    with by_link_worker(desk, principal, case) as file:
        today = file.now.astimezone(ZoneInfo(desk.settings.timezone)).date()
        day = said.day or today
        refuse_unless(day <= today, "business-rule", "This day is in the future.", "day")
        review = Review(
            case=case,
            day=day,
            filled_in=said.filled_in,
            how=said.how,
            language=said.language,
            wanted=said.wanted,
            changed=said.changed,
            harm=said.harm,
            recorded_by=principal.subject,
            recorded=file.now,
        )
        session = file.uow.session
        session.add(review)
        session.flush()
        measures = [
            Measure(
                review=review.id,
                instrument=each.instrument,
                case=case,
                answers=dict(each.answers),
                not_asked=each.not_asked,
            )
            for each in said.measures
        ]
        session.add_all(measures)
        if file.case.patient:
            for each in measures:
                file.add_document(observation(review, each, file.case))
        file.audit("measure", f"case/{case}")
        return review.id


def _check(said: Said) -> None:
    """Refuse what cannot be, naming the element.

    Raises:
        Refused: see `note_review`.
    """
    for n, each in enumerate(said.measures):
        at = f"measures[{n}]"
        for item, words in faults(INSTRUMENTS[each.instrument], each.answers):
            raise Refused("business-rule", words, f"{at}.answers.{item}")
        refuse_unless(
            bool(each.answers) != bool(each.not_asked),
            "business-rule",
            "Give at least one answer, or say why nobody asked; not both.",
            at,
        )
    named = [each.instrument for each in said.measures]
    refuse_unless(
        len(set(named)) == len(named),
        "business-rule",
        "Each measure is asked once at a time.",
        "measures",
    )
    refuse_unless(
        bool(named or said.wanted or said.changed or said.harm),
        "business-rule",
        "Nothing was said: give a measure, or words.",
        "measures",
    )


@repeating
def strike_review(desk: Desk, principal: Principal, case: UUID, review: UUID) -> None:
    """Take a review back that was noted by mistake: it counts for nothing from now on.

    Raises:
        NoSuchCase: see `by_link_worker`.
        Refused: see `by_link_worker`; or the case has no such review.
    """
    with by_link_worker(desk, principal, case) as file:
        wanted = select(Review).where(Review.id == review, Review.case == case)
        row = file.uow.session.exec(wanted.where(col(Review.struck).is_(None))).one_or_none()
        refuse_unless(row is not None, "conflict", "The case has no such review now.", "review")
        assert row is not None
        row.struck, row.struck_by = file.now, principal.subject
        file.uow.session.add(row)
        if file.case.patient:
            measures = file.uow.session.exec(select(Measure).where(Measure.review == review))
            for each in measures.all():
                file.rewrite(observation(row, each, file.case))
        file.audit("measure-struck", f"case/{case}")
