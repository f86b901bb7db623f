"""A form's stamp: when its page was made, and the key by which it makes one case only.

Signed, so that it can stand in the page: the portal keeps nothing. A page that is sent again, by a
second click or after the back button, carries the same key.
"""

import hmac
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

_FORM = re.compile(r"(\d{1,12})\.([A-Za-z0-9_-]{22})\.([0-9a-f]{64})")


@dataclass(frozen=True)
class Stamp:
    """What a genuine stamp says.

    Attributes:
        key: of the form.
        age: seconds since its page was made.
    """

    key: str
    age: float


class Stamps:
    """Makes stamps and reads them.

    Args:
        secret: the same on every replica.
        clock: seconds since the epoch.
    """

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._secret = hmac.new(secret.encode(), b"kersey-front-door", "sha256").digest()
        self._clock = clock

    def new(self) -> str:
        """The stamp of a page that is made now."""
        said = f"{int(self._clock())}.{secrets.token_urlsafe(16)}"
        return f"{said}.{self._sign(said)}"

    def read(self, text: str) -> Stamp | None:
        """What a stamp says; None where it was not made here."""
        found = _FORM.fullmatch(text)
        if found is None:
            return None
        made, key, sign = found.groups()
        if not hmac.compare_digest(sign, self._sign(f"{made}.{key}")):
            return None
        return Stamp(key, self._clock() - int(made))

    def _sign(self, said: str) -> str:
        return hmac.new(self._secret, said.encode(), "sha256").hexdigest()
