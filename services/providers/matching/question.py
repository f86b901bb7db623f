"""What is asked of the engine: one question, whether it came as a query string or as a body."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time

from services.providers.matching.vocabulary import TermIds
from services.providers.points import Point


@dataclass(frozen=True)
class Question:
    """What a service should be or have. What is empty or None is not asked.

    Attributes:
        needs: the term ids of each need; one that is met is enough.
        activities: the same of what somebody wants to do.
        search: words that a service's text must hold.
        point: where the person sets out.
        within: metres that are not too far.
        days: iCal codes of days; one of them is enough.
        start: minutes after midnight before which a session should not begin.
        end: minutes after midnight by which it should be over.
        free_places: whether what is known to be full is left out.
        cost_max: pounds a session.
        languages: all codes of the languages; one of them is enough.
        access: the term ids of each access need; all of them are wanted.
        formats: the term ids of each way of meeting; one of them is enough.
        company: the code of whom the group should be for, such as `women`.
        company_terms: its term ids.
        other_company: those of groups that may by law be closed to whoever asks for it.
        unlike_company: those of groups that are for others, too, or for fewer.
        age: years.
        of_one_person: whether a person is to go there; then limits of area and of checks hold.
    """

    needs: Mapping[str, TermIds] = field(default_factory=dict)
    activities: Mapping[str, TermIds] = field(default_factory=dict)
    search: str | None = None
    point: Point | None = None
    within: float | None = None
    days: tuple[str, ...] = ()
    start: int | None = None
    end: int | None = None
    free_places: bool = False
    cost_max: float | None = None
    languages: tuple[str, ...] = ()
    access: Mapping[str, TermIds] = field(default_factory=dict)
    formats: Mapping[str, TermIds] = field(default_factory=dict)
    company: str | None = None
    company_terms: TermIds = ()
    other_company: TermIds = ()
    unlike_company: TermIds = ()
    age: float | None = None
    of_one_person: bool = False

    @property
    def wanted(self) -> TermIds:
        """Every term of a need or an activity that is asked for."""
        several = (*self.needs.values(), *self.activities.values())
        return tuple(dict.fromkeys(key for keys in several for key in keys))


def minutes(value: time | None) -> int | None:
    """A time of day in minutes after midnight."""
    return None if value is None else value.hour * 60 + value.minute
