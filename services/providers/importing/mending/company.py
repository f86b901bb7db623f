"""For whom a group is, where a source says no more of who may come than that it is for one sex.

Versions 1 and 2 have `female` and `male` among their values of `eligibility`; by then they stand in
`eligibility_description`. As words alone nobody is shown that a group is for women only, and nobody
who asks for one finds it. Words that say anything beside it ('female; adult', 'women and children')
are for a person to read: they stay as they are, and so do these.
"""

import re

from services.providers.importing.mending.listings import Repair
from services.providers.importing.mending.outpost import dicts
from services.providers.importing.mending.rules import any_of
from services.providers.importing.reading.records import Said
from services.providers.publishing import ONE_OF
from services.providers.taxonomies import term_id

WHOM = "for-whom"
_ONE = {
    "women": re.compile(r"(?:for )?(?:females?|wom[ae]n|ladies)(?: only)?", re.IGNORECASE),
    "men": re.compile(r"(?:for )?(?:males?|m[ae]n)(?: only)?", re.IGNORECASE),
}


def classify(said: Said) -> list[Repair]:
    """Give a service in version 3's shape the term of whom it is for; changed in place.

    Returns:
        What was done, if anything.
    """
    words = said.get("eligibility_description")
    links = dicts(said.get("attributes"))
    if not isinstance(words, str) or _TERMS & {str(each.get("taxonomy_term_id")) for each in links}:
        return []
    whom = {_whom(part.strip(" .")) for part in words.split(";") if part.strip()}
    if not whom or None in whom:
        return []
    code = "mixed" if len(whom) > 1 else str(whom.pop())
    term = str(term_id("company", code))
    said["attributes"] = [*links, {"taxonomy_term_id": term}]
    return [Repair(WHOM, "attributes", f"said to be for '{any_of(words)}'")]


_TERMS = {str(each) for each in ONE_OF}


def _whom(part: str) -> str | None:
    return next((code for code, form in _ONE.items() if form.fullmatch(part)), None)
