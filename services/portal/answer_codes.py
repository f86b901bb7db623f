"""The second step behind an answer link: a code is sent, typed, and leads to what it was for."""

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import Request, Response
from starlette.datastructures import FormData

from services.portal.answer_links import Refusal
from services.portal.form_key import form_key
from services.portal.link_forms import pages_of, text_of
from shared.languages import _, ngettext

MOST = 40
"""Signs of which a code is looked at."""

FAULTS: Mapping[str, str] = {
    "malformed-code": _("Type the code. It has 6 numbers"),
    "no-code": _("That code is too old. Ask for a new one"),
}
"""What is wrong with a code that was not even tried."""


@dataclass(frozen=True)
class CodeFor:
    """What a code is asked for.

    Attributes:
        ask: where another code is asked for.
        give: where it is given.
        button: what giving it is called.
        back: where somebody goes without one.
    """

    ask: str
    give: str
    button: str
    back: str


def code_page(request: Request, session: str, wanted: CodeFor, fault: str = "") -> Response:
    """The page on which a code is typed.

    Args:
        request: what was asked.
        session: of the cookie.
        wanted: what the code is for.
        fault: what is wrong with the one that was typed.
    """
    status = 422 if fault else 200
    key = form_key(session)
    return pages_of(request).page("answer/code", status, key=key, wanted=wanted, fault=fault)


def code_in(form: FormData) -> str:
    """The code that was typed.

    Raises:
        Refusal: there is none.
    """
    code = text_of(form, "code")[:MOST]
    if not code:
        raise Refusal(422, reason="malformed-code")
    return code


def code_fault(refusal: Refusal) -> str:
    """What is wrong with a code, to be said at its field.

    Raises:
        Refusal: something else is.
    """
    if refusal.reason == "wrong-code":
        return _wrong(refusal)
    if refusal.reason not in FAULTS:
        raise refusal
    return FAULTS[refusal.reason]


def _wrong(refusal: Refusal) -> str:
    if not refusal.tries_left:
        return _("That is not the code. Ask for a new one")
    return ngettext(
        "That is not the code. You have {count} more try",
        "That is not the code. You have {count} more tries",
        refusal.tries_left,
    ).format(count=refusal.tries_left)
