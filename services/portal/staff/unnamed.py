"""What referrals found in words that a service reads before it may know who the person is.

The answer says where something was found and of what kind; the words themselves stand in the form.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.datastructures import FormData

from services.portal.answer_links import Refusal
from services.portal.staff.fields import Field, Typed
from shared.languages import _

FIELD = "may_stay"
"""The words of which a link worker says that they may stay."""

_MOST = 20
_LONGEST = 200
_OFFERED = "may_stay_offered"

THEIRS: Mapping[str, str] = {
    "name": _("“{words}” is their name."),
    "name-of-somebody-close": _("“{words}” is the name of somebody close to them."),
    "address": _("“{words}” is where they live."),
    "postcode": _("“{words}” is their postcode."),
    "phone": _("“{words}” is their phone number."),
    "email": _("“{words}” is their e-mail address."),
    "birth-date": _("“{words}” is their date of birth."),
    "nhs-number": _("“{words}” is their NHS number."),
}
"""What is certainly the person's, by kind."""

PERHAPS: Mapping[str, str] = {
    "name": _("“{words}” may be their name."),
    "name-of-somebody-close": _("“{words}” may be the name of somebody close to them."),
    "address": _("“{words}” may be where they live."),
    "postcode": _("“{words}” looks like a postcode."),
    "phone": _("“{words}” looks like a phone number."),
    "email": _("“{words}” looks like an e-mail address."),
    "birth-date": _("“{words}” looks like a date of birth."),
    "nhs-number": _("“{words}” looks like an NHS number."),
    "health": _("“{words}” says something about health. Does the person agree?"),
}
"""What only looks so, by kind."""

OTHERWISE = _("“{words}” may tell who they are.")


def ticked(form: FormData) -> list[str]:
    """The words that may stay, as they were ticked."""
    said = [each for each in form.getlist(FIELD) if isinstance(each, str)]
    return [each for each in said if each.strip() and len(each) <= _LONGEST][:_MOST]


def field(typed: Mapping[str, Any]) -> list[Field]:
    """The question which words may stay, where there are any to ask about.

    Args:
        typed: into the form.
    """
    words = dict.fromkeys([*(typed.get(_OFFERED) or ()), *(typed.get(FIELD) or ())])
    asked = Field(
        FIELD,
        _("May these words stay?"),
        "checkboxes",
        {each: f"“{each}”" for each in words},
        _("Tick them if they do not tell who the person is and the person agrees."),
    )
    return [asked] if words else []


def told(refusal: Refusal, typed: Typed) -> tuple[dict[str, str], Typed]:
    """What was found, at its fields, and the form with the question which words may stay.

    Args:
        refusal: of words.
        typed: into the form, as it was sent.
    """
    at: dict[str, list[Mapping[str, Any]]] = {}
    for each in refusal.found:
        at.setdefault(str(each["element"]).partition(".")[0], []).append(each)
    offered = [_words(each, typed) for these in at.values() for each in these if each["may_stay"]]
    faults = {name: _fault(these, typed) for name, these in at.items()}
    return faults, typed | {_OFFERED: [each for each in offered if each]}


def _fault(found: Sequence[Mapping[str, Any]], typed: Typed) -> str:
    """What is wrong with one field, in words."""
    said = [
        (PERHAPS if each["may_stay"] else THEIRS)
        .get(each["kind"], OTHERWISE)
        .format(words=_words(each, typed))
        for each in found
    ]
    listed = " ".join(str(each) for each in dict.fromkeys(said))
    if all(each["may_stay"] for each in found):
        return _(
            "{found} The service reads this before it may know who the person is. Change it, or"
            " tick at the end that it may stay"
        ).format(found=listed)
    return _(
        "{found} The service reads this before it may know who the person is. Change it"
    ).format(found=listed)


def _words(found: Mapping[str, Any], typed: Typed) -> str:
    """The words themselves, out of the form."""
    text = typed.get(str(found["element"]), "")
    return text[found["start"] : found["end"]] if isinstance(text, str) else ""
