"""Where somebody lives, in a text: the lines of an address, with and without the number."""

from collections.abc import Collection, Iterator

from services.referrals.unnamed.found import Found, Kind
from services.referrals.unnamed.words import Word, folded, sequences, words_of

Line = tuple[str, ...]

_LONG = {
    "ave": "avenue",
    "av": "avenue",
    "cl": "close",
    "cres": "crescent",
    "ct": "court",
    "dr": "drive",
    "gdns": "gardens",
    "gr": "grove",
    "ln": "lane",
    "pl": "place",
    "rd": "road",
    "sq": "square",
    "st": "street",
    "ter": "terrace",
    "terr": "terrace",
}
"""What ends a street's name, by its short form."""
_STREETS = frozenset(_LONG.values())


def line_of(text: str) -> Line:
    """The words of one line as they are compared."""
    return tuple(_LONG.get(each, each) for each in folded(text))


def find_addresses(text: str, lines: Collection[Line]) -> Iterator[Found]:
    """Where lines of an address stand.

    With its number a line is certain. A street is others' too, and so is the name of a house; one
    that is no name of a street by its words counts where it has a capital letter.

    Args:
        text: as typed.
        lines: see `line_of`.
    """
    words = [
        Word(_LONG.get(each.folded, each.folded), each.start, each.end, each.capital)
        for each in words_of(text)
    ]
    for line in lines:
        street = tuple(each for each in line if not _numbers(each))
        for wanted in dict.fromkeys((line, street)):
            theirs = wanted != street and len(street) > 1
            for here in sequences(words, wanted):
                named = len(wanted) > 1 and wanted[-1] in _STREETS
                if theirs or named or any(each.capital for each in here):
                    yield Found(Kind.ADDRESS, here[0].start, here[-1].end, theirs)


def _numbers(word: str) -> bool:
    return word == "flat" or any(letter.isdigit() for letter in word)
