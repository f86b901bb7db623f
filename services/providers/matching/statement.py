"""What matters to the person, in their own words: understood for one answer, and forgotten.

The words are neither stored nor logged; the answer repeats only the terms that they came to mean.
Two things are made of them, both without leaving this machine: the terms whose everyday phrases
they hold ("nobody to talk to" is loneliness), and a full-text question to what services say of
themselves.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Float, String, case, cast, func, literal, select
from sqlalchemy.dialects.postgresql import REAL, REGCONFIG, TSQUERY

from services.providers.matching.arrays import overlaps
from services.providers.matching.denials import denials
from services.providers.matching.reading import Reading, read
from services.providers.matching.vocabulary import TermIds, Vocabulary
from services.providers.matching.weights import Weights
from services.providers.taxonomies.phrases import folded

MEANT = ("need", "activity")
"""The taxonomies that a statement can speak of; access and format are asked for by name."""

NOT_SAID: ColumnElement[Any] = cast(literal(0.0), REAL)
"""The rank of a text that holds none of the words."""


@dataclass(frozen=True)
class Statement:
    """What a statement came to mean.

    Attributes:
        terms: by taxonomy, the codes it speaks of and the term ids of each.
        denied: by taxonomy, the codes that it speaks of only to say that it is not so.
        telling: the words of it that say something; None where nothing was said.
    """

    terms: Mapping[str, Mapping[str, TermIds]]
    telling: str | None
    denied: Mapping[str, Collection[str]] = field(default_factory=dict)

    @property
    def worded(self) -> bool:
        """Whether anything was said."""
        return self.telling is not None

    @cached_property
    def query(self) -> ColumnElement[Any]:
        """The full-text question made of it: any of the words."""
        every = func.plainto_tsquery(cast("english", REGCONFIG), self.telling)
        any_word = cast(func.replace(cast(every, String), "&", "|"), TSQUERY)
        # Worked out once, not for each service, and not wherever it is asked.
        words = select(any_word.label("query")).cte("words")
        return select(words.c.query).scalar_subquery()

    @property
    def meant(self) -> TermIds:
        """Every term that was meant, with those below it."""
        several = (keys for codes in self.terms.values() for keys in codes.values())
        return tuple(key for keys in several for key in keys)

    def says(self, flat: Any) -> ColumnElement[bool]:
        """Whether a service's own text holds any of the words.

        Args:
            flat: the columns of a flat row.
        """
        found: ColumnElement[bool] = flat.search.op("@@", is_comparison=True)(self.query)
        return found

    def rank(self, flat: Any) -> ColumnElement[Any]:
        """How much of what was said stands in a service's own text.

        Args:
            flat: the columns of a flat row.
        """
        if not self.worded:
            return NOT_SAID
        # Ranking looks at every word; whether any is there is found sooner, and none ranks 0.
        rank = func.ts_rank_cd(flat.search, self.query)
        return case((self.says(flat), rank), else_=NOT_SAID)

    def text(self, rank: ColumnElement[Any], weights: Weights) -> ColumnElement[Any]:
        """What a service's own text adds to how well it fits the statement.

        Args:
            rank: see `rank`.
            weights: the declared table.
        """
        share = cast(rank / (rank + weights.words["rank_half"]), Float)
        return share * weights.words["text"]

    def meant_by(self, flat: Any, weights: Weights) -> ColumnElement[Any]:
        """What a service's terms add to how well it fits the statement.

        Args:
            flat: the columns of a flat row.
            weights: the declared table.
        """
        several = [
            (weights.words[taxonomy], keys)
            for taxonomy in MEANT
            for keys in self.terms.get(taxonomy, {}).values()
        ]
        if not several:
            return literal(0.0)
        meant: ColumnElement[Any] = sum(
            (case((overlaps(flat.terms, keys), weight), else_=0.0) for weight, keys in several),
            start=literal(0.0),
        ) / sum(weight for weight, _ in several)
        return meant * (1 - weights.words["text"])


SILENT = Statement({}, None)


def understood(
    words: str | None,
    vocabulary: Vocabulary,
    weights: Weights,
    without: Mapping[str, Collection[str]] = MappingProxyType({}),
) -> Statement:
    """Make sense of a statement.

    Words of a term that is denied or taken away are not looked for in the services' texts either,
    unless they speak of another term, too.

    Args:
        words: the person's own; None for none.
        vocabulary: the directory's taxonomies.
        weights: the declared table, for the words that say nothing.
        without: by taxonomy, codes that the words were not meant to speak of.
    """
    if words is None or not words.strip():
        return SILENT
    reading = read(words)
    meant: set[int] = set()
    not_so: set[int] = set()
    left_out: set[int] = set()
    terms: dict[str, Mapping[str, TermIds]] = {}
    denied: dict[str, Collection[str]] = {}
    perhaps = vocabulary.patterns_beginning(reading.beginnings)
    for taxonomy in MEANT:
        rules, struck = denials()[taxonomy], without.get(taxonomy, ())
        reached = rules.reach(reading)
        ids = vocabulary.of(taxonomy).ids
        said, unsaid = {}, set()
        for code, phrases in _spoken_of(reading, perhaps, taxonomy):
            # An activity is denied with the need whose words it shares ("no debts"), too.
            kept = [
                each
                for each in phrases
                if not (rules.deny(reading, each, reached) or not_so.issuperset(each))
            ]
            left_out.update(*phrases)
            if code in struck:
                continue
            not_so.update(*(each for each in phrases if each not in kept))
            meant.update(*kept)
            if kept:
                said[code] = ids[code]
            else:
                unsaid.add(code)
        if said:
            terms[taxonomy] = said
        if unsaid:
            denied[taxonomy] = unsaid
        left_out |= rules.unwanted(reading, reached)
    return Statement(terms, _telling(reading, left_out - meant, weights), denied)


def _spoken_of(
    reading: Reading, perhaps: Mapping[tuple[str, str], Sequence[str]], taxonomy: str
) -> Iterator[tuple[str, list[range]]]:
    """The terms of a taxonomy whose phrases a statement holds, and where.

    Args:
        reading: of the statement.
        perhaps: by taxonomy and code, the patterns that may stand in it.
        taxonomy: which.
    """
    for (whole, code), patterns in perhaps.items():
        if whole == taxonomy:
            phrases = reading.phrases(patterns)
            if phrases:
                yield code, phrases


def _telling(reading: Reading, silent: Collection[int], weights: Weights) -> str:
    """The words that say something of what somebody wants, as they were typed."""
    unsaid = {reading.typed_as[place] for place in silent}
    return " ".join(
        each
        for number, each in enumerate(reading.typed)
        if number not in unsaid and folded(each).strip() not in weights.passed_over
    )
