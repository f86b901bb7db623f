"""A statement read word by word: what its plain words are, and where a clause ends."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from services.providers.taxonomies.phrases import folded

LETTERS = 2
"""By so many of its first letters a pattern is put away."""

_SIGN = re.compile(r"[.,;:!?()\n–—]")


@dataclass(frozen=True)
class Reading:
    """A statement as it is compared with phrases.

    Attributes:
        typed: its words as they were typed, without the signs between clauses.
        plain: its plain words; one that was typed may be several ("self-conscious").
        typed_as: for each plain word, which of the typed ones it is of.
        clause: for each plain word, the number of its clause.
    """

    typed: Sequence[str]
    plain: Sequence[str]
    typed_as: Sequence[int]
    clause: Sequence[int]

    @cached_property
    def text(self) -> str:
        """The plain words in a row, in which patterns are looked for."""
        return f" {' '.join(self.plain)} "

    @cached_property
    def _at(self) -> dict[int, int]:
        """Each plain word by where the space before it stands in the text."""
        found, place = {}, 0
        for number, word in enumerate(self.plain):
            found[place] = number
            place += len(word) + 1
        return found

    @cached_property
    def beginnings(self) -> frozenset[str]:
        """How its words begin, as `beginning` says of patterns; one may have a single letter."""
        return frozenset(
            self.text[at : at + 1 + letters] for at in self._at for letters in range(1, LETTERS + 1)
        )

    def phrases(self, patterns: Iterable[str]) -> list[range]:
        """Where patterns of phrases stand, each as the plain words that it covers.

        Args:
            patterns: see `phrases.pattern`. There are many, and few are there: each is looked for
                before anything is made of it.
        """
        found = [pattern for pattern in patterns if pattern in self.text]
        return [place for pattern in found for place in self._places(pattern)]

    def _places(self, pattern: str) -> Iterator[range]:
        length = len(pattern.split())
        found = self.text.find(pattern)
        while found >= 0:
            first = self._at[found]
            yield range(first, first + length)
            found = self.text.find(pattern, found + 1)

    def follows(self, place: int, words: Sequence[str]) -> bool:
        """Whether words stand from a place on, in one clause."""
        here = slice(place, place + len(words))
        return (
            tuple(self.plain[here]) == tuple(words)
            and place >= 0
            and len(set(self.clause[here])) == 1
        )

    def begins(self, place: int) -> bool:
        """Whether a clause begins with the word at a place."""
        return place == 0 or self.clause[place] != self.clause[place - 1]


def beginning(pattern: str) -> str:
    """How a pattern begins: only in words that begin so can it stand."""
    return pattern[: 1 + LETTERS]


def read(words: str) -> Reading:
    """Read a statement."""
    typed: list[str] = []
    plain: list[str] = []
    typed_as: list[int] = []
    clause: list[int] = []
    number = 0
    for each in _SIGN.sub(r" \g<0> ", words).split():
        several = folded(each).split()
        if not several:
            number += 1
            continue
        typed.append(each)
        plain += several
        typed_as += [len(typed) - 1] * len(several)
        clause += [number] * len(several)
    return Reading(typed, plain, typed_as, clause)
