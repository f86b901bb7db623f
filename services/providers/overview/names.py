"""Services by what somebody calls them on the phone: a part of a name, spelt as one hears it."""

import unicodedata
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, literal_column

LONGEST = 100
"""Letters of a name that is looked for."""

_FORM: Final = "NFKD"
"""Takes an accent off its letter (Unicode, UAX 15); what is no letter or digit is then left out."""


def called(named: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether every word of a name stands in one of some columns.

    Capitals, accents, apostrophes and hyphens make no difference.

    Args:
        named: what was typed.
        columns: where names are.
    """
    stands = func.lower(func.concat_ws(" ", *columns))
    plain = func.regexp_replace(
        func.normalize(stands, literal_column(_FORM)), "[^[:alnum:]]+", "", "g"
    )
    return and_(True, *(plain.contains(each, autoescape=True) for each in _words(named)))


def _words(named: str) -> list[str]:
    found = (
        "".join(sign for sign in unicodedata.normalize(_FORM, each.lower()) if sign.isalnum())
        for each in named[:LONGEST].split()
    )
    return [each for each in found if each]
