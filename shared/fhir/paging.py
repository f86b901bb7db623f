"""Page tokens: where the next page begins, readable by this server alone.

A ``next`` link must not carry a search by name in an address that others log, so the token holds
the whole request, encrypted and authenticated (JWE, direct AES-GCM). It is bound to who asked; and
the request in it is authorised again when it is used, because access may have ended meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from shared.fhir.outcome import refusal
from shared.fhir.search.request import Position

#: The query parameter that carries a token.
PAGE = "_page"

_HEADER = {"alg": "dir", "enc": "A256GCM"}


@dataclass(frozen=True, slots=True)
class Page:
    """A request to go on with.

    Attributes:
        kind: ``search`` or ``history``.
        type: the type asked for, "" for all.
        id: the document asked for, "" for all.
        pairs: the request's parameters.
        after: where the page before ended.
    """

    kind: str
    type: str
    id: str
    pairs: tuple[tuple[str, str], ...]
    after: Position


class PageTokens:
    """Issues and opens page tokens.

    Args:
        secret: shared by all replicas; a token made under another one is refused.
    """

    def __init__(self, secret: bytes) -> None:
        self._key = OctKey.import_key(sha256(b"kersey page token " + secret).digest())

    def issue(self, page: Page, asker: str) -> str:
        """A token for ``asker``, who alone may use it."""
        content = {
            "k": page.kind,
            "t": page.type,
            "i": page.id,
            "q": page.pairs,
            "v": page.after.values,
            "p": page.after.pk,
            "w": asker,
        }
        return jwe.encrypt_compact(_HEADER, orjson.dumps(content), self._key)

    def open(self, token: str, asker: str) -> Page:
        """The request in a token.

        Raises:
            FhirError: 400 where it is not of this server or not for ``asker``.
        """
        try:
            opened = jwe.decrypt_compact(token, self._key, algorithms=["dir", "A256GCM"])
            content: dict[str, Any] = orjson.loads(opened.plaintext or b"")
        except (JoseError, ValueError) as error:
            raise _not_ours() from error
        if content.get("w") != asker:
            raise _not_ours()
        return Page(
            kind=content["k"],
            type=content["t"],
            id=content["i"],
            pairs=tuple((name, value) for name, value in content["q"]),
            after=Position(tuple(content["v"]), content["p"]),
        )


def _not_ours() -> Exception:
    return refusal(
        400,
        "This page link was not made here for you: search again from the start.",
        f"http.{PAGE}",
        code="value",
    )
