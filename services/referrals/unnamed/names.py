"""Names in a text: whole ones, parts of them, and what people called so are called for short."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache

from services.referrals.unnamed.found import Found, Kind
from services.referrals.unnamed.words import Word, folded, listed, words_of

_TITLES = frozenset("mr mrs ms miss mx dr prof professor rev sir dame lady lord master".split())
_SHORT = 2
"""Letters of a name that is no more than a syllable: of, Li, Jo, van."""


def parts_of(name: str) -> frozenset[str]:
    """The words of a name as they are compared; no titles, and no single letters."""
    return frozenset(each for each in folded(name) if len(each) > 1) - _TITLES


def find_names(text: str, names: Mapping[str, Kind], ordinary: Collection[str]) -> Iterator[Found]:
    """Where names stand in a text.

    A word that is no name only (Rose, Green, Will) counts where it has a capital letter, and may
    stay; so does a short form, of which nobody said that it is theirs. Two parts of names beside
    each other are certain.

    Args:
        text: as typed.
        names: parts of names, as they are compared, with whose they are.
        ordinary: words beside those of the list that are no names only, such as those of the
            place that is asked.
    """
    common = everyday() | set(ordinary)
    known = dict.fromkeys(_short_forms(names), Kind.NAME) | dict(names)
    taken = [
        (word, word.folded in names and not _is_ordinary(word.folded, common))
        for word in words_of(text)
        if word.folded in known
    ]
    heard = [(word, sure) for word, sure in taken if sure or word.capital]
    for group in _beside_each_other(text, heard):
        parts = [word for word, _ in group]
        first, sure = parts[0], any(sure for _, sure in group)
        whole = len({word.folded for word in parts if word.folded in names}) > 1
        yield Found(known[first.folded], first.start, parts[-1].end, sure or whole)


def _is_ordinary(name: str, common: Collection[str]) -> bool:
    return name in common or len(name) <= _SHORT


def _beside_each_other(
    text: str, found: Iterable[tuple[Word, bool]]
) -> Iterator[list[tuple[Word, bool]]]:
    group: list[tuple[Word, bool]] = []
    for each in found:
        if group and set(text[group[-1][0].end : each[0].start]) - set(" \t\n\xa0,.-"):
            yield group
            group = []
        group.append(each)
    if group:
        yield group


@cache
def everyday() -> frozenset[str]:
    """Words that are names too."""
    return frozenset(entry for line in listed("everyday") for entry in line)


def _short_forms(names: Mapping[str, Kind]) -> frozenset[str]:
    """What people of these names are called too."""
    own = {name for name, kind in names.items() if kind is Kind.NAME}
    forms = (set(line) for line in listed("short_names") if own & set(line))
    return frozenset(set[str]().union(*forms) - own)
