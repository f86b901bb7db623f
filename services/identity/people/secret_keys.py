"""What the issuer keeps secret about people, from the one key that the operator gives it."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence

from cryptography.fernet import InvalidToken, MultiFernet

from services.identity.keys import KeysUnreadable
from services.identity.settings import IdentitySettings, cipher_of


class SecretKeys:
    """Encrypts second factors, and makes what only the issuer can make again.

    Args:
        settings: hold the key-encryption key; several while it is being changed.
    """

    def __init__(self, settings: IdentitySettings) -> None:
        given = settings.key_encryption_key
        self._cipher: MultiFernet = cipher_of(given)
        self._keys: Sequence[bytes] = [
            each.strip().encode() for each in given.get_secret_value().split(",")
        ]

    def encrypted(self, text: str) -> str:
        """A text as it is kept."""
        return self._cipher.encrypt(text.encode()).decode()

    def decrypted(self, kept: str) -> str:
        """A text that was kept.

        Raises:
            KeysUnreadable: it was encrypted with another key-encryption key.
        """
        try:
            return self._cipher.decrypt(kept.encode()).decode()
        except InvalidToken as error:
            raise KeysUnreadable from error

    def fingerprint(self, purpose: str, text: str) -> str:
        """A keyed hash, by which nobody without the key can find the text again."""
        return self._made(self._keys[0], purpose, text)

    def is_fingerprint(self, given: str, purpose: str, text: str) -> bool:
        """Whether a keyed hash is of that text, with any key that is held."""
        made = [self._made(key, purpose, text).encode() for key in self._keys]
        return any(hmac.compare_digest(given.encode(), each) for each in made)

    @staticmethod
    def _made(key: bytes, purpose: str, text: str) -> str:
        return hmac.new(key, f"{purpose}\x00{text}".encode(), "sha256").hexdigest()


def new_token() -> str:
    """A token of 256 random bits, for a cookie, a link or a code."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What is kept of such a token: random as it is, a plain hash protects it."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
