"""What matters to the person, in their own words: understood for one answer, and forgotten.

The words are neither stored nor logged; the answer repeats only the terms that they came to mean.
Two things are made of them, both without leaving this machine: the terms whose everyday phrases
they hold ("nobody to talk to" is loneliness), and a full-text question to what services say of
themselves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Float, String, case, cast, func, literal, select
from sqlalchemy.dialects.postgresql import REAL, REGCONFIG, TSQUERY

from services.providers.matching.arrays import overlaps
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
        telling: the words of it that say something; None where nothing was said.
    """

    terms: Mapping[str, Mapping[str, TermIds]]
    telling: str | None

    @property
    def worded(self) -> bool:
        """Whether anything was said."""
        return self.telling is not None

    @cached_property
    def query(self) -> ColumnElement[Any]:
        """The full-text question made of it: any of the words."""
        every = func.plainto_tsquery(cast("english", REGCONFIG), self.telling)
        any_word = cast(func.replace(cast(every, String), "&", "|"), TSQUERY)
        # A subquery is worked out once, not for each service.
        return select(any_word).scalar_subquery()

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

    def fit(self, flat: Any, rank: ColumnElement[Any], weights: Weights) -> ColumnElement[float]:
        """How well a service fits the statement, from 0 to 1.

        Args:
            flat: the columns of a flat row.
            rank: see `rank`.
            weights: the declared table.
        """
        if not self.worded:
            return literal(0.0)
        text = cast(rank / (rank + weights.words["rank_half"]), Float)
        several = [
            (weights.words[taxonomy], keys)
            for taxonomy in MEANT
            for keys in self.terms.get(taxonomy, {}).values()
        ]
        if not several:
            return text * weights.words["text"]
        meant: ColumnElement[Any] = sum(
            (case((overlaps(flat.terms, keys), weight), else_=0.0) for weight, keys in several),
            start=literal(0.0),
        ) / sum(weight for weight, _ in several)
        return text * weights.words["text"] + meant * (1 - weights.words["text"])


SILENT = Statement({}, None)


def understood(words: str | None, vocabulary: Vocabulary, weights: Weights) -> Statement:
    """Make sense of a statement.

    Args:
        words: the person's own; None for none.
        vocabulary: the directory's taxonomies.
        weights: the declared table, for the words that say nothing.
    """
    if words is None or not words.strip():
        return SILENT
    plain = folded(words)
    terms: dict[str, dict[str, TermIds]] = {}
    for (taxonomy, code), patterns in vocabulary.patterns.items():
        if taxonomy in MEANT and any(each in plain for each in patterns):
            terms.setdefault(taxonomy, {})[code] = vocabulary.of(taxonomy).ids[code]
    telling = [each for each in words.split() if folded(each).strip() not in weights.passed_over]
    return Statement(terms, " ".join(telling))
