"""What a statement denies: "I'm not lonely", "no money problems", "I don't like singing".

Only what is said plainly is taken for a denial. One that is missed is shown among what was
understood, where it can be taken away; one that is seen where there is none hides a need.
"""

import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

from services.providers.matching.reading import Reading

BEGINS = "^"
"""Stands in a negator for the beginning of a clause."""
AFTER = 4
"""So many words after a phrase may take its denial back."""
NOT = "not"
"""Stands in a phrase that is no denial: "not eating"."""

Words = tuple[str, ...]


class Negator(NamedTuple):
    """Words that deny what comes after them; some only where they begin a clause."""

    words: Words
    begins: bool


Negators = Mapping[str, Sequence[Negator]]
"""By their first word."""


@dataclass(frozen=True)
class Denials:
    """How terms of one taxonomy are denied: see `denials.toml`."""

    most: int
    before: Negators
    between: frozenset[str]
    joins: frozenset[str]
    after: Sequence[Words]
    unless: Sequence[Words]
    lacking: Negators
    ills: frozenset[str]
    troubles: frozenset[str]
    unlisted: bool

    def reach(self, reading: Reading) -> frozenset[int]:
        """The places of plain words to which a negator reaches."""
        return frozenset(
            place for _, end in _spans(reading, self.before) for place in self._from(reading, end)
        )

    def _from(self, reading: Reading, end: int) -> list[int]:
        found: list[int] = []
        clause, place, small = reading.clause[end - 1], end, 0
        while place < len(reading.plain) and reading.clause[place] == clause:
            found.append(place)
            if reading.plain[place] in self.between:
                small += 1
                if small > self.most:
                    break
                place += 1
            elif place + 2 < len(reading.plain) and reading.plain[place + 1] in self.joins:
                place += 2
            else:
                break
        return found

    def unwanted(self, reading: Reading, reached: Collection[int]) -> set[int]:
        """The places of what a negator reaches that is neither a small word nor any term's phrase,
        such as a game that no taxonomy has; none where that says nothing of what somebody wants.
        """
        if not self.unlisted:
            return set()
        return {place for place in reached if reading.plain[place] not in self.between}

    def deny(self, reading: Reading, phrase: range, reached: Collection[int]) -> bool:
        """Whether a phrase is denied.

        Args:
            reading: of the statement.
            phrase: the plain words that it covers.
            reached: see `reach`.
        """
        end = phrase.stop
        if any(reading.follows(end, words) for words in self.after):
            return True
        if phrase.start in reached or self._cuts(reading, phrase):
            return not any(
                reading.follows(place, words)
                for words in self.unless
                for place in range(phrase.start, end + AFTER)
            )
        ill = reading.plain[phrase.start] in self.ills or any(
            reading.follows(end, (word,)) for word in self.troubles
        )
        return ill and any(phrase.start == end for _, end in _spans(reading, self.lacking))

    def _cuts(self, reading: Reading, phrase: range) -> bool:
        """Whether a negator ends within a phrase: "don't feel" of "feel low". A phrase that holds
        the no itself says what it says: "don't see anyone", "not eating".
        """
        return any(
            start < phrase.start < end < phrase.stop
            and NOT not in reading.plain[phrase.start : end]
            for start, end in _spans(reading, self.before)
        )


def _spans(reading: Reading, negators: Negators) -> set[tuple[int, int]]:
    """Where each negator begins, and the place right after it, in its clause."""
    found = set()
    for place, word in enumerate(reading.plain):
        for negator in negators.get(word, ()):
            end = place + len(negator.words)
            if (
                reading.follows(place, negator.words)
                and end < len(reading.plain)
                and reading.clause[end] == reading.clause[place]
                and (reading.begins(place) or not negator.begins)
            ):
                found.add((place, end))
    return found


def _negators(said: Sequence[str]) -> Negators:
    found: dict[str, list[Negator]] = {}
    for each in said:
        words = tuple(each.removeprefix(BEGINS).split())
        found.setdefault(words[0], []).append(Negator(words, each.startswith(BEGINS)))
    return found


@lru_cache(maxsize=1)
def denials() -> Mapping[str, Denials]:
    """By taxonomy, as they come with this version of Kersey."""
    said = tomllib.loads(files(__package__).joinpath("denials.toml").read_text("utf-8"))
    most = said.pop("most")
    return {taxonomy: _denials(most, each) for taxonomy, each in said.items()}


def _denials(most: int, said: Mapping[str, Any]) -> Denials:
    return Denials(
        most=most,
        before=_negators(said["before"]),
        between=frozenset(said["between"].split()),
        joins=frozenset(said["joins"].split()),
        after=tuple(tuple(each.split()) for each in said["after"]),
        unless=tuple(tuple(each.split()) for each in said["unless"]),
        lacking=_negators(said["lacking"]),
        ills=frozenset(said["ills"].split()),
        troubles=frozenset(said["troubles"].split()),
        unlisted=said["unlisted"],
    )
