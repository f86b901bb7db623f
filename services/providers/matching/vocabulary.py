"""The directory's taxonomies as questions need them: read once, and again when they changed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, select
from sqlmodel import Session

from services.providers.matching.reading import beginning
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
    """Every taxonomy by its code.

    Attributes:
        taxonomies: their terms.
        patterns: by taxonomy and code, what a statement is searched for (see `phrases`).
    """

    taxonomies: Mapping[str, Terms]
    patterns: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)

    def of(self, taxonomy: str) -> Terms:
        """The terms of a taxonomy; none where this directory does not have it."""
        return self.taxonomies.get(taxonomy, NONE)

    def patterns_beginning(
        self, beginnings: Collection[str]
    ) -> dict[tuple[str, str], Sequence[str]]:
        """Of `patterns`, in their order, those that can stand in words that begin so: there are
        two thousand, and in a few sentences some dozens.

        Args:
            beginnings: see `Reading.beginnings`.
        """
        found: dict[tuple[str, str], list[str]] = {}
        for each in beginnings:
            for key, pattern in self._by_beginning.get(each, ()):
                found.setdefault(key, []).append(pattern)
        return {key: found[key] for key in self.patterns if key in found}

    @cached_property
    def _by_beginning(self) -> Mapping[str, Sequence[tuple[tuple[str, str], str]]]:
        found: dict[str, list[tuple[tuple[str, str], str]]] = {}
        for key, patterns in self.patterns.items():
            for pattern in patterns:
                found.setdefault(beginning(pattern), []).append((key, pattern))
        return found


_kept: WeakKeyDictionary[Engine, tuple[Any, Vocabulary]] = WeakKeyDictionary()

STATE = """
SELECT concat_ws(' ', count(*), sum(term.xmin::text::bigint), sum(whole.xmin::text::bigint))
FROM taxonomy_term AS term JOIN taxonomy AS whole ON whole.id = term.taxonomy_id
"""
"""Which transactions wrote the terms that are there. Whoever writes a term's phrases writes the
term (`store_taxonomies`)."""


def vocabulary(session: Session) -> Vocabulary:
    """The taxonomies of this directory, as the transaction sees them.

    Reading and ordering some hundred terms took Python longer than most of a question; whether they
    are what they were is one small statement.
    """
    return as_of(session, session.connection().exec_driver_sql(STATE).scalar_one())


def as_of(session: Session, state: str) -> Vocabulary:
    """The taxonomies as the transaction sees them, which are read where others are kept.

    Args:
        session: where.
        state: what `STATE` says there.
    """
    engine = session.get_bind()
    assert isinstance(engine, Engine)
    known = _kept.get(engine)
    if known is None or known[0] != state:
        known = _kept[engine] = (state, _read(session))
    return known[1]


def _read(session: Session) -> Vocabulary:
    term, whole = table("taxonomy_term").c, table("taxonomy").c
    synonym = table("term_synonym").c
    run = session.connection().execute
    rows: Sequence[Any] = run(
        select(whole.code.label("taxonomy"), term.id, term.code, term.name, term.parent_id)
        .join(table("taxonomy"), whole.id == term.taxonomy_id)
        .order_by(whole.code, term.code)
    ).all()
    said: dict[UUID, list[str]] = {}
    for row in run(select(synonym.term_id, synonym.pattern)):
        said.setdefault(row.term_id, []).append(row.pattern)
    return Vocabulary(
        {code: Terms(*parts) for code, parts in _by_taxonomy(rows).items()},
        {(row.taxonomy, row.code): said[row.id] for row in rows if row.id in said},
    )


def _by_taxonomy(rows: Sequence[Any]) -> dict[str, tuple[dict[str, TermIds], dict[str, str]]]:
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
    return found
