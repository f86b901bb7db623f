"""Values as they are compared: what does not count in a comparison is taken away on both sides."""

from __future__ import annotations

import re
import unicodedata

_SPACE = re.compile(r"\s+")
_NUMBER = re.compile(r"\+?\d[\d./-]*")


def fold(text: str) -> str:
    """Text as it is compared: without case, accents or extra spaces (R4 search.html, string)."""
    bare = "".join(
        c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c)
    )
    return _SPACE.sub(" ", bare).strip()


def contact(text: str) -> str:
    """A phone number or e-mail address as it is compared: spaces and brackets do not count.

    In a number, nor do its plus, which a query turns into a space, and what parts its digits.
    """
    bare = re.sub(r"[\s()]", "", text).casefold()
    return re.sub(r"\D", "", bare) if _NUMBER.fullmatch(bare) else bare


def fold_system(system: str) -> str:
    """A system as it is compared.

    Without case: senders write ``https://fhir.nhs.uk/Id/...`` and ``.../id/...`` for one system.
    """
    return system.casefold()
