"""Values as they are compared: what does not count in a comparison is taken away on both sides."""

from __future__ import annotations

import re
import unicodedata

_SPACE = re.compile(r"\s+")


def fold(text: str) -> str:
    """Text as it is compared: without case, accents or extra spaces (R4 search.html, string)."""
    bare = "".join(
        c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c)
    )
    return _SPACE.sub(" ", bare).strip()


def contact(text: str) -> str:
    """A phone number or e-mail address as it is compared: spaces and brackets do not count."""
    return re.sub(r"[\s()]", "", text).casefold()


def fold_system(system: str) -> str:
    """A system as it is compared.

    Without case: senders write ``https://fhir.nhs.uk/Id/...`` and ``.../id/...`` for one system.
    """
    return system.casefold()
