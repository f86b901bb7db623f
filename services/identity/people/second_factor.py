"""The second factor: codes of an authenticator app (RFC 6238), and recovery codes in its place."""

import base64
import hashlib
import secrets
import time
from collections.abc import Sequence

import pyotp

STEP = 30
"""Seconds for which a code stands (RFC 6238 section 5.2 recommends it)."""
RECOVERY_CODES = 10
_RECOVERY_BYTES = 10
"""80 random bits, so that a plain hash protects them."""


def new_secret() -> str:
    """A secret to share with an authenticator app: 160 random bits in Base32 (RFC 4226)."""
    return pyotp.random_base32()


def address(secret: str, *, account: str, brand: str) -> str:
    """What an authenticator app reads from the QR code.

    Args:
        secret: the shared secret.
        account: how the app names it; an e-mail address.
        brand: who it is for.
    """
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=brand)


def step_of(secret: str, code: str, *, after: int | None, now: float | None = None) -> int | None:
    """The step of time whose code this is, or None where it is none that may be used.

    A phone's clock may be one step apart (RFC 6238 section 5.2). No code is good twice: its step
    must be later than the one used before.

    Args:
        secret: the shared secret.
        code: what was typed.
        after: the step that was used last.
        now: seconds since 1970; by default the clock's.
    """
    typed = "".join(code.split())
    current = int((time.time() if now is None else now) // STEP)
    codes = pyotp.TOTP(secret)
    found = None
    for step in (current - 1, current, current + 1):
        right = secrets.compare_digest(codes.at(step * STEP).encode(), typed.encode())
        if right and (after is None or step > after):
            found = step
    return found


def new_recovery_codes() -> Sequence[str]:
    """Codes to keep on paper: four groups of four letters and digits each."""
    made = [base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]
    return ["-".join(code[i : i + 4] for i in (0, 4, 8, 12)) for code in map(bytes.decode, made)]


def hash_recovery_code(code: str) -> str:
    """What is kept of a recovery code, however it was typed."""
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()
