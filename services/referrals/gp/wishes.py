"""What each practice wants to hear, and by which route."""

from dataclasses import dataclass

from sqlmodel import Session

from services.referrals.gp.standing import Kind, Route
from services.referrals.tables import PracticeWish


@dataclass(frozen=True)
class Wish:
    """What a practice wants; the defaults are care 21's.

    Attributes:
        first_outcome: one coded line when the person said yes or no.
        closure: one summary when the case is closed.
        safety: a worry about the person, at once.
        delay: that the person still waits for the link workers.
        route: how it is told.
    """

    first_outcome: bool = True
    closure: bool = True
    safety: bool = True
    delay: bool = True
    route: Route = Route.FHIR

    def wants(self, kind: Kind) -> bool:
        """Whether it wants messages of this kind."""
        return bool(getattr(self, kind.value.replace("-", "_")))


def wish_of(session: Session, practice: str) -> Wish:
    """What a practice wants, or what every practice gets that said nothing."""
    row = session.get(PracticeWish, practice)
    if row is None:
        return Wish()
    return Wish(row.first_outcome, row.closure, row.safety, row.delay, Route(row.route))
