"""A client's authorization request: what it asks, and what is refused without asking anybody.

Read by our own code and not by Authlib's grant, whose `CodeChallenge` lets a confidential client do
without PKCE and takes `plain` (docs/decisions/0040-sign-in-needs-pkce-and-ends-in-families.md).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from services.identity import scopes
from services.identity.clients import Client, Clients
from services.identity.grants import SIGN_IN

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
"""What SHA-256 in base64url has (RFC 7636 section 4.2)."""
_PROMPTS = frozenset(["none", "login", "consent", "select_account"])
_LONGEST = 1000
_KNOWN = (
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "request",
    "request_uri",
)


class Unanswerable(Exception):
    """Nobody can be led back: the client or its address is not known. The message says which."""


class Refused(Exception):
    """The client is told by a redirect (RFC 6749 section 4.1.2.1).

    Args:
        error: its code.
        words: for a developer.
        redirect_uri: where to.
        state: as it was sent.
    """

    def __init__(self, error: str, words: str, *, redirect_uri: str, state: str | None) -> None:
        super().__init__(error)
        self.error = error
        self.words = words
        self.redirect_uri = redirect_uri
        self.state = state


@dataclass(frozen=True)
class Asked:
    """An authorization request that can be granted.

    Attributes:
        client_id: who asks.
        redirect_uri: where the code goes.
        scope: what is asked for; empty for all that there is.
        challenge: S256 (RFC 7636).
        state: sent back as it is.
        nonce: goes into the id token.
        prompt: of OpenID Connect Core 1.0 section 3.1.2.1, with spaces.
        max_age: seconds since the sign-in at most; empty for any.
    """

    client_id: str
    redirect_uri: str
    scope: str
    challenge: str
    state: str | None = None
    nonce: str | None = None
    prompt: str = ""
    max_age: str = ""

    @property
    def prompts(self) -> frozenset[str]:
        """What the client wants its person to be asked."""
        return frozenset(self.prompt.split())

    @property
    def origin(self) -> str:
        """The client's, for `form-action`."""
        parts = urlsplit(self.redirect_uri)
        return f"{parts.scheme}://{parts.netloc}"

    def kept(self) -> dict[str, str]:
        """As a session keeps it."""
        return {name: value for name, value in vars(self).items() if value}

    @classmethod
    def of(cls, kept: Mapping[str, str]) -> "Asked":
        """One that was kept."""
        return cls(**{"scope": "", **kept})

    def refused(self, error: str, words: str) -> Refused:
        """That the client does not get what it asked for."""
        return Refused(error, words, redirect_uri=self.redirect_uri, state=self.state)


def read(pairs: Sequence[tuple[str, str]], clients: Clients) -> Asked:
    """Read a request.

    Args:
        pairs: its parameters; those that are not known are passed over (RFC 6749 section 3.1).
        clients: the registered clients.

    Raises:
        Unanswerable: no client by that id has people sign in, or the address is not one of its,
            compared sign by sign (RFC 9700 section 2.1).
        Refused: anything else that is wrong.
    """
    given = {name: value for name, value in pairs if name in _KNOWN and value}
    twice = [name for name in given if sum(each == name for each, _ in pairs) > 1]
    if {"client_id", "redirect_uri"} & set(twice):
        raise Unanswerable("client_id and redirect_uri must each be sent once.")
    client = clients.find(given.get("client_id", ""))
    if client is None or not client.redirect_uris:
        raise Unanswerable("No system by this client_id has people sign in here.")
    redirect_uri = given.get("redirect_uri", "")
    if redirect_uri not in client.redirect_uris:
        raise Unanswerable("The redirect_uri is not one that is registered for this system.")
    _check(given, twice, client, redirect_uri)
    return Asked(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        scope=" ".join(dict.fromkeys(given.get("scope", "").split())),
        challenge=given["code_challenge"],
        state=given.get("state"),
        nonce=given.get("nonce"),
        prompt=given.get("prompt", ""),
        max_age=given.get("max_age", ""),
    )


def _check(given: Mapping[str, str], twice: list[str], client: Client, redirect_uri: str) -> None:
    state = given.get("state") if "state" not in twice else None

    def refused(error: str, words: str) -> Refused:
        return Refused(error, words, redirect_uri=redirect_uri, state=state)

    if twice:
        raise refused("invalid_request", "A parameter must not be sent twice.")
    if any(len(value) > _LONGEST for name, value in given.items() if name != "scope"):
        raise refused("invalid_request", f"A parameter has {_LONGEST} characters at most.")
    for name in ("request", "request_uri"):
        if name in given:
            raise refused(f"{name}_not_supported", f"{name} is not supported.")
    if given.get("response_type") != "code":
        raise refused("unsupported_response_type", "The response_type must be code.")
    if given.get("response_mode", "query") != "query":
        raise refused("invalid_request", "The response_mode must be query.")
    if given.get("code_challenge_method") != "S256":
        raise refused("invalid_request", "PKCE is needed: the code_challenge_method must be S256.")
    if not _CHALLENGE.fullmatch(given.get("code_challenge", "")):
        raise refused("invalid_request", "The code_challenge must be 43 characters of base64url.")
    prompts = set(given.get("prompt", "").split())
    if prompts - _PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise refused("invalid_request", "The prompt is not known, or none is not alone.")
    max_age = given.get("max_age", "0")
    if not (max_age.isascii() and max_age.isdigit() and len(max_age) < 10):
        raise refused("invalid_request", "The max_age is not a number of seconds.")
    _check_scope(given.get("scope", ""), refused)


def _check_scope(scope: str, refused: object) -> None:
    assert callable(refused)
    for token in scope.split():
        try:
            scopes.parse(token)
        except scopes.ScopeRefused as error:
            raise refused("invalid_scope", str(error)) from error


def granted(asked: Asked, client: Client, held: Sequence[str]) -> str:
    """The scope that somebody grants: what was asked, what the client may have, what they may do.

    Args:
        asked: the request.
        client: who asks.
        held: the scopes of the person's roles.

    Raises:
        Refused: nothing is left.
    """
    requested = asked.scope.split() or list(client.scopes)
    may = scopes.narrow(client.scopes, [*SIGN_IN, *held])
    left = scopes.narrow(requested, may)
    if not left:
        raise asked.refused("invalid_scope", "Nothing of this scope can be given to this person.")
    return " ".join(left)


def answer(redirect_uri: str, issuer: str, **parameters: str | None) -> str:
    """The client's address with an answer; `iss` tells it whose answer it is (RFC 9207)."""
    given = {name: value for name, value in parameters.items() if value is not None}
    joint = "&" if urlsplit(redirect_uri).query else "?"
    return f"{redirect_uri}{joint}{urlencode(given | {'iss': issuer})}"
