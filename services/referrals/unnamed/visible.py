"""A text as it is seen: without signs that show nothing, with the places of what is left."""

import unicodedata
from dataclasses import dataclass, replace

from services.referrals.unnamed.found import Found


@dataclass(frozen=True)
class Visible:
    """What is left of a text without soft hyphens, joiners and marks of direction.

    Pasted text has them within words, where they part for a program what is one word to a reader.

    Attributes:
        text: what is seen.
        places: of each of its characters in the whole text.
    """

    text: str
    places: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> "Visible":
        """What is seen of a text."""
        seen = [(at, each) for at, each in enumerate(text) if unicodedata.category(each) != "Cf"]
        return cls("".join(each for _, each in seen), tuple(at for at, _ in seen))

    def placed(self, found: Found) -> Found:
        """What was found in what is seen, by its places in the whole text."""
        start, last = self.places[found.start], self.places[found.end - 1]
        return replace(found, start=start, end=last + 1)
