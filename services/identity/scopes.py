"""Scopes: their grammar, and what of a request a client's registration covers."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from shared.fhir.bindings import bindings

_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")
_FHIR = re.compile(
    r"(?P<context>system|user|patient)/(?P<type>\*|[A-Z][A-Za-z]+)"
    r"\.(?P<may>read|write|\*|(?=[cruds])c?r?u?d?s?)(?:\?(?P<query>.+))?"
)
_LOOKS_LIKE_FHIR = re.compile(r"(?:system|user|patient)/")
_VERSION_1 = {"read": "rs", "write": "cud", "*": "cruds"}
_NARROWING = frozenset("rs")
_SHOWN = 80
"""Characters of a refused scope that an error repeats at most."""


class ScopeRefused(ValueError):
    """A scope that is malformed or not covered; the words fit an `error_description`."""


@dataclass(frozen=True)
class FhirScope:
    """A SMART scope such as `system/Task.rs`.

    Attributes:
        context: `system`, `user` or `patient`.
        type: a FHIR type, or `*` for every type.
        letters: of `c r u d s`; version 1's `read`, `write` and `*` are `rs`, `cud` and `cruds`.
        query: the search that narrows it; empty for none.
    """

    context: str
    type: str
    letters: frozenset[str]
    query: str = ""


def parse(token: str) -> FhirScope | None:
    """Read one scope; None when it is a plain one, which means only itself.

    The letters must stand in the order `cruds`. A search (`...rs?status=active`) narrows reading
    and searching alone, so with other letters it is refused, and so is `patient/`: no client here
    has a patient in context.

    Raises:
        ScopeRefused: not a scope by RFC 6749 section 3.3, or by SMART App Launch 2.2, Scopes for
            requesting FHIR resources; of a type that R4 does not have.
    """
    if not _TOKEN.fullmatch(token):
        raise ScopeRefused("A scope holds characters that RFC 6749 section 3.3 does not allow.")
    if not _LOOKS_LIKE_FHIR.match(token):
        return None
    match = _FHIR.fullmatch(token)
    if not match:
        raise ScopeRefused(
            f"Not a SMART scope, whose letters are in the order cruds: {_named(token)}"
        )
    if match["type"] not in ("*", *bindings().resource_types):
        raise ScopeRefused(f"R4 has no such type of resource: {_named(token)}")
    if match["context"] == "patient":
        raise ScopeRefused("A scope of patient/ needs a launch, which is not offered here.")
    letters = frozenset(_VERSION_1.get(match["may"], match["may"]))
    if match["query"] and letters - _NARROWING:
        raise ScopeRefused("A search narrows only the letters r and s of a scope.")
    return FhirScope(match["context"], match["type"], letters, match["query"] or "")


def negotiate(requested: str | None, registered: Sequence[str]) -> str:
    """The scopes of a token, as the `scope` of its answer.

    Args:
        requested: the request's `scope`, or None, which asks for all that is registered.
        registered: what the client may have at most.

    Raises:
        ScopeRefused: a requested scope is malformed or exceeds the registration. Nothing is
            granted then: a client that got less than it asked for would find out much later.
    """
    if requested is None:
        return " ".join(registered)
    tokens = list(dict.fromkeys(token for token in requested.split(" ") if token))
    if not tokens:
        raise ScopeRefused("The scope is empty.")
    for token in tokens:
        if not _covered(token, registered):
            raise ScopeRefused(f"The client is not registered for the scope {_named(token)}")
    return " ".join(tokens)


def narrow(requested: Iterable[str], held: Iterable[str]) -> tuple[str, ...]:
    """What of the requested scopes is held: whole, in part, or not at all.

    A person's role may allow less than a client asks for on everybody's behalf, so that what is not
    held is left out and not refused (RFC 6749 section 3.3 lets an issuer do either, and the answer
    names what was given).

    Args:
        requested: well-formed scopes.
        held: all that may be given.
    """
    given: list[str] = []
    having = list(held)
    for token in requested:
        asked = parse(token)
        if asked is None:
            given += [token] if token in having else []
            continue
        for scope in having:
            found = _held(scope)
            common = _common(asked, found) if found else None
            given += [common] if common else []
    left = list(dict.fromkeys(given))
    for token in list(left):
        if _covered(token, [each for each in left if each != token]):
            left.remove(token)
    return tuple(left)


def _common(one: FhirScope, other: FhirScope) -> str | None:
    """The scope that both allow, as it is written."""
    types = {one.type, other.type} - {"*"}
    queries = {one.query, other.query} - {""}
    letters = one.letters & other.letters
    if one.context != other.context or len(types) > 1 or len(queries) > 1 or not letters:
        return None
    if queries and letters - _NARROWING:
        letters &= _NARROWING
    written = "".join(letter for letter in "cruds" if letter in letters)
    query = f"?{queries.pop()}" if queries else ""
    return f"{one.context}/{types.pop() if types else '*'}.{written}{query}" if written else None


def _covered(token: str, registered: Iterable[str]) -> bool:
    asked = parse(token)
    if asked is None:
        return token in registered
    held: set[str] = set()
    for scope in registered:
        given = _held(scope)
        same = given and given.context == asked.context and given.type in ("*", asked.type)
        if given and same and given.query in ("", asked.query):
            held |= given.letters
    return asked.letters <= held


def _held(scope: str) -> FhirScope | None:
    """A registered scope; one that is given no more, since the client was registered, is none."""
    try:
        return parse(scope)
    except ScopeRefused:
        return None


def _named(token: str) -> str:
    """A scope as an error repeats it: without its search, which may name a person."""
    return token.partition("?")[0][:_SHOWN]
