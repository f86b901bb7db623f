"""The words of a text with their places, and as they are compared."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path

from services.referrals.unnamed.visible import Visible
from shared.fhir.search.folding import fold

_APOSTROPHES = "'’ʼ‘"
_LISTS = Path(__file__).parent


@dataclass(frozen=True)
class Word:
    """One word of a text.

    Attributes:
        folded: as it is compared: without case, accents, apostrophes and the genitive's s.
        start: of its first character in the text.
        end: after its last one, the genitive's s left out.
        capital: whether it begins with a capital letter.
    """

    folded: str
    start: int
    end: int
    capital: bool


def words_of(text: str) -> list[Word]:
    """The words of a text. What is joined by a hyphen is several."""
    return list(_words(text))


def _words(text: str) -> Iterator[Word]:
    for inside, letters in groupby(enumerate(text), key=lambda at: _is_of_a_word(at[1])):
        if not inside:
            continue
        places = [place for place, _ in letters]
        start, end = places[0], places[-1] + 1
        while start < end and text[start] in _APOSTROPHES:
            start += 1
        while start < end and text[end - 1] in _APOSTROPHES:
            end -= 1
        if end - start > 2 and text[end - 2] in _APOSTROPHES and text[end - 1] in "sS":
            end -= 2
        bare = fold("".join(each for each in text[start:end] if each not in _APOSTROPHES))
        if bare:
            yield Word(bare, start, end, text[start].isupper())


def _is_of_a_word(letter: str) -> bool:
    """Letters, digits, and what stands on them: in many scripts a vowel is a mark."""
    return letter.isalnum() or letter in _APOSTROPHES or unicodedata.category(letter)[0] == "M"


def folded(text: str) -> tuple[str, ...]:
    """The words of a text as they are compared."""
    return tuple(each.folded for each in words_of(Visible.of(text).text))


def sequences(words: Sequence[Word], wanted: Sequence[str]) -> Iterator[Sequence[Word]]:
    """Where words follow one another in a text, whatever parts them.

    Args:
        words: of the text.
        wanted: as they are compared.
    """
    for at in range(len(words) - len(wanted) + 1):
        here = words[at : at + len(wanted)]
        if wanted and all(word.folded == each for word, each in zip(here, wanted, strict=True)):
            yield here


@cache
def listed(name: str) -> tuple[tuple[str, ...], ...]:
    """The lines of a list that lies beside this file, each by its entries, which commas part.

    A line that begins with `#` is about the list.
    """
    lines = (_LISTS / f"{name}.txt").read_text("utf-8").splitlines()
    return tuple(
        tuple(" ".join(folded(entry)) for entry in line.split(","))
        for line in lines
        if line.strip() and not line.startswith("#")
    )
