"""Tokens: the codes, identifiers and contacts of a resource (FHIR R4 search.html, token)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from shared.fhir.search.folding import contact, fold_system
from shared.fhir.search.parameters import Path

#: One way in which a value is asked for: what way it is, and the parts that are compared.
Form = tuple[str, ...]


class Token(NamedTuple):
    """One token value; ``code`` is folded unless it is a key such as an identifier's value."""

    system: str
    code: str
    of_type: tuple[str, str] | None = None


def token_code(text: str, datatype: str) -> str:
    """A code as it is compared.

    R4 (search.html, token): when in doubt, without regard to case. An identifier's value is not
    in doubt: it is a key, and two keys that differ in case are two things.
    """
    if datatype == "Identifier":
        return text
    if datatype == "ContactPoint":
        return contact(text)
    return text.casefold()


def tokens(value: Any, path: Path) -> Iterator[Token]:
    """The tokens of one element's value, by its FHIR datatype."""
    datatype = path.datatype
    if isinstance(value, bool):
        yield Token("", "true" if value or datatype == "present" else "false")
    elif isinstance(value, str):
        yield Token("", "true" if datatype == "present" else token_code(value, datatype))
    elif isinstance(value, dict):
        yield from _complex_tokens(value, datatype)


def forms(token: Token) -> Iterator[Form]:
    """The ways to ask for a token: by its code, with its system or with none, by its system."""
    if token.code:
        yield "code", token.code
        if token.system:
            yield "system|code", token.system, token.code
        else:
            yield "|code", token.code
    if token.system:
        yield "system|", token.system


def texts(value: Any, datatype: str) -> Iterator[str]:
    """The words beside a code (R4 search.html, token, ``:text``)."""
    if not isinstance(value, dict):
        return
    if datatype == "CodeableConcept":
        yield from _words(value, "text")
        for coding in value.get("coding") or ():
            yield from _words(coding, "display")
    elif datatype == "Coding":
        yield from _words(value, "display")
    elif datatype == "Identifier":
        yield from _words(value.get("type"), "text")


def text(value: dict[str, Any], name: str) -> str:
    """The text of an object's member; empty where it has none."""
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _words(value: Any, name: str) -> Iterator[str]:
    words = text(value, name) if isinstance(value, dict) else ""
    if words.strip():
        yield words


def _complex_tokens(value: dict[str, Any], datatype: str) -> Iterator[Token]:
    if datatype == "CodeableConcept":
        for coding in value.get("coding") or ():
            if isinstance(coding, dict):
                yield _coding(coding)
    elif datatype == "Coding":
        yield _coding(value)
    elif datatype == "Identifier":
        yield from _identifier(value)
    elif datatype == "ContactPoint" and isinstance(value.get("value"), str):
        yield Token(_system(value), contact(value["value"]))


def _coding(value: dict[str, Any]) -> Token:
    return Token(_system(value), text(value, "code").casefold())


def _identifier(value: dict[str, Any]) -> Iterator[Token]:
    system, code = _system(value), text(value, "value")
    yield Token(system, code)
    kind = value.get("type")
    for coding in (kind.get("coding") or ()) if isinstance(kind, dict) else ():
        if isinstance(coding, dict):
            of_type = (_system(coding), text(coding, "code").casefold())
            yield Token(system, code, of_type)


def _system(value: dict[str, Any]) -> str:
    return fold_system(text(value, "system"))
