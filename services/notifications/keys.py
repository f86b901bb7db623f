"""What is derived from, and sealed with, the link key.

An answer link's token must be the same at every attempt to send it, or a mail that arrives twice
would hold a dead link; and whoever reads the database, or a backup of it, must not be able to
open a link. Both hold when the token is a keyed hash of the delivery's random id (HMAC-SHA-256,
RFC 2104): without the key it cannot be told from random, and the database keeps only its SHA-256.
One-time codes are derived from random row ids likewise, so that no code is ever stored.
"""

import base64
import hashlib
import hmac
from uuid import UUID

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from services.notifications.domain import CODE_DIGITS


class Keys:
    """The link key, put to its separate uses.

    Args:
        link_key: at least 32 random characters; several with commas, the first is used to make.
    """

    def __init__(self, link_key: SecretStr) -> None:
        self._keys = [key.encode() for key in link_key.get_secret_value().split(",")]
        self._seal = MultiFernet(
            [
                Fernet(base64.urlsafe_b64encode(_derived(key, "webhook-secret")))
                for key in self._keys
            ]
        )

    def answer_token(self, delivery: UUID) -> str:
        """The token in the link of one delivery."""
        token = _derived(_derived(self._keys[0], "answer-link"), delivery.bytes)
        return base64.urlsafe_b64encode(token).rstrip(b"=").decode()

    def person_token(self, delivery: UUID) -> str:
        """The token in the link of one message to a person."""
        token = _derived(_derived(self._keys[0], "person-link"), delivery.bytes)
        return base64.urlsafe_b64encode(token).rstrip(b"=").decode()

    def capacity_token(self, delivery: UUID, number: int, answer: int) -> str:
        """The token in a link that says one thing about one service.

        Args:
            delivery: of the mail that holds it.
            number: the service's place in the mail.
            answer: the answer's place among the answers.
        """
        said = delivery.bytes + number.to_bytes(2) + answer.to_bytes(1)
        return _signed(self._keys[0], "capacity-link", said)

    def read_capacity(self, token: str) -> tuple[UUID, int, int] | None:
        """What a link says; None where no key of ours made it."""
        said = self._said(token, "capacity-link", 19)
        if said is None:
            return None
        return UUID(bytes=said[:16]), int.from_bytes(said[16:18]), said[18]

    def mute_token(self, message: UUID) -> str:
        """The token in the link by which a message's kind is ended."""
        return _signed(self._keys[0], "mute-link", message.bytes)

    def read_mute(self, token: str) -> UUID | None:
        """Of which message a link is; None where no key of ours made it."""
        said = self._said(token, "mute-link", 16)
        return UUID(bytes=said) if said is not None else None

    def code(self, row: UUID) -> str:
        """The one-time code that belongs to a row."""
        number = int.from_bytes(_derived(_derived(self._keys[0], "identity-code"), row.bytes))
        return f"{number % 10**CODE_DIGITS:0{CODE_DIGITS}d}"

    def _said(self, token: str, use: str, length: int) -> bytes | None:
        """What a signed token says, in so many bytes; None where no key of ours signed it."""
        try:
            whole = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
        except ValueError:
            return None
        said, seal = whole[:length], whole[length:]
        made = (_derived(_derived(key, use), said) for key in self._keys)
        return said if any(hmac.compare_digest(each, seal) for each in made) else None

    def seal(self, secret: str) -> str:
        """A secret in the form in which it may be stored."""
        return self._seal.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str | None:
        """A stored secret; None when no key of ours opens it."""
        try:
            return self._seal.decrypt(sealed.encode()).decode()
        except InvalidToken:
            return None


class MuteLinks:
    """Where the reader of a message says that they want no more of its kind.

    Args:
        keys: sign the link.
        public_url: where it leads.
    """

    def __init__(self, keys: Keys, public_url: str) -> None:
        self._keys = keys
        self._at = f"{public_url}/no-more"

    def of(self, message: UUID) -> str:
        """Of one message: the delivery's id, or the digest's."""
        return f"{self._at}/{self._keys.mute_token(message)}"


def _signed(key: bytes, use: str, said: bytes) -> str:
    """What is said with its seal; its length divides by three, so that base64 needs no `=`."""
    return base64.urlsafe_b64encode(said + _derived(_derived(key, use), said)).decode()


def fingerprint(secret: str) -> str:
    """The form in which a random secret is stored and looked up: SHA-256, in hex.

    A plain hash is right here and would be wrong for a password: there are 2^256 such secrets.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def _derived(key: bytes, use: str | bytes) -> bytes:
    return hmac.digest(key, use.encode() if isinstance(use, str) else use, "sha256")
