"""Whose a form is: a mark of the account goes with each.

So what somebody typed is given back to them after their sign-in has ended, and shown to nobody else
who uses the browser meanwhile.
"""

import hmac
import json
from datetime import timedelta

from cryptography.fernet import InvalidToken
from pydantic import SecretStr

from services.portal.settings import session_cipher

LASTS = timedelta(hours=24)
"""For which what was typed can be read again; a session lasts no longer."""

Fields = list[tuple[str, str]]


class Whose:
    """Marks forms, and seals what was typed into them.

    Args:
        session_key: of the settings; of several with commas the first makes, all know again.
    """

    def __init__(self, session_key: SecretStr) -> None:
        self._keys = [each.strip().encode() for each in session_key.get_secret_value().split(",")]
        self._cipher = session_cipher(session_key)

    def mark(self, account: str) -> str:
        """The mark of an account, which nobody can make who has not the key."""
        return _made(self._keys[0], account)

    def is_mark(self, mark: str, account: str) -> bool:
        """Whether a mark is of an account."""
        made = [_made(key, account).encode() for key in self._keys]
        return any(hmac.compare_digest(mark.encode(), each) for each in made)

    def sealed(self, typed: Fields) -> str:
        """What was typed, to stand in a page where nobody can read it."""
        return self._cipher.encrypt(json.dumps(typed).encode()).decode()

    def opened(self, sealed: str) -> Fields | None:
        """What was sealed; None where it was not, or too long ago."""
        try:
            text = self._cipher.decrypt(sealed.encode(), ttl=int(LASTS.total_seconds()))
        except InvalidToken:
            return None
        return [(name, value) for name, value in json.loads(text)]


def marked(key: object) -> str:
    """The mark in the key of a form; empty where it has none."""
    return key.partition(".")[2] if isinstance(key, str) else ""


def _made(key: bytes, account: str) -> str:
    return hmac.new(key, f"form of\x00{account}".encode(), "sha256").hexdigest()
