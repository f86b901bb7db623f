"""What is asked of the engine: one question, whether it came as a query string or as a body."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from uuid import UUID

from sqlalchemy import select
from sqlmodel import Session

from services.providers.points import Point
from services.providers.queries import refused
from services.providers.rows import table

TermIds = tuple[UUID, ...]
"""A term that was asked for and every term below it."""


@dataclass(frozen=True)
class Terms:
    """Terms of one taxonomy by code."""

    ids: Mapping[str, TermIds]
    names: Mapping[str, str]

    def asked(self, element: str, codes: Sequence[str]) -> dict[str, TermIds]:
        """The ids that each code stands for, narrower terms included.

        Raises:
            Problem: 400 that names the first unknown code and the known ones.
        """
        for code in codes:
            if code not in self.ids:
                known = ", ".join(sorted(self.ids))
                raise refused(element, f"There is no such code. There are: {known}.")
        return {code: self.ids[code] for code in codes}


NONE = Terms({}, {})


@dataclass(frozen=True)
class Vocabulary:
    """Every taxonomy by its code."""

    taxonomies: Mapping[str, Terms]

    def of(self, taxonomy: str) -> Terms:
        """The terms of a taxonomy; none where this directory does not have it."""
        return self.taxonomies.get(taxonomy, NONE)


def vocabulary(session: Session) -> Vocabulary:
    """The taxonomies of this directory."""
    term, whole = table("taxonomy_term").c, table("taxonomy").c
    rows = (
        session.connection()
        .execute(
            select(whole.code.label("taxonomy"), term.id, term.code, term.name, term.parent_id)
            .join(table("taxonomy"), whole.id == term.taxonomy_id)
            .order_by(whole.code, term.code)
        )
        .all()
    )
    below: dict[UUID, list[UUID]] = {}
    for row in rows:
        if row.parent_id is not None:
            below.setdefault(row.parent_id, []).append(row.id)

    def narrower(key: UUID) -> list[UUID]:
        return [key, *(each for child in below.get(key, ()) for each in narrower(child))]

    found: dict[str, tuple[dict[str, TermIds], dict[str, str]]] = {}
    for row in rows:
        ids, names = found.setdefault(row.taxonomy, ({}, {}))
        ids[row.code] = tuple(narrower(row.id))
        names[row.code] = row.name
    return Vocabulary({code: Terms(*parts) for code, parts in found.items()})


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
        languages: primary language codes; one of them is enough.
        access: the term ids of each access need; all of them are wanted.
        formats: the term ids of each way of meeting; one of them is enough.
        company: the term ids of the group that is asked for, such as women only.
        other_company: those of groups that exclude whoever is asked for.
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
