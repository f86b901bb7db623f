"""Passwords: how they are kept, and which are too easily guessed."""

import threading
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from shared.languages import _

SHORTEST = 12
LONGEST = 200
AT_ONCE = 4
"""Hashes made at one time: each takes 19 MiB, and anybody who tries to sign in has one made."""

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""Argon2id with the least parameters that OWASP's Password Storage Cheat Sheet asks for."""
_PLACES = threading.BoundedSemaphore(AT_ONCE)
_FEW_LETTERS = 5


class TooWeak(ValueError):
    """A password that is too easily guessed; the message tells its person what to do."""


def hash_password(password: str) -> str:
    """What is kept of a password."""
    with _PLACES:
        return _HASHER.hash(password)


@cache
def _nobodys() -> str:
    return hash_password("nobody has this password, and it opens nothing")


def is_right(password: str, kept: str | None) -> bool:
    """Whether a password is the one that was kept; takes as long where none was.

    Args:
        password: what somebody typed.
        kept: the hash, or None for an account that is not there.
    """
    against = kept or _nobodys()
    with _PLACES:
        try:
            _HASHER.verify(against, password[:LONGEST])
        except (Argon2Error, InvalidHashError):
            return False
    return kept is not None


def check_strength(password: str, *, of: tuple[str, ...]) -> None:
    """Refuse what is guessed first (NIST SP 800-63B-4, section 3.1.1.2: length, and a blocklist).

    Args:
        password: what somebody chose.
        of: what is known of them and of the place, such as name and e-mail address.

    Raises:
        TooWeak: it is short, long, of few different signs, or made of what everybody knows.
    """
    if len(password) < SHORTEST:
        message = _("Your password must have {shortest} characters or more. Three words are good")
        raise TooWeak(message.format(shortest=SHORTEST))
    if len(password) > LONGEST:
        message = _("Your password must have {longest} characters or fewer")
        raise TooWeak(message.format(longest=LONGEST))
    if len(set(password.casefold())) < _FEW_LETTERS:
        raise TooWeak(_("Your password has too few different letters. Three words are good"))
    left = password.casefold()
    known = [part for each in of for part in each.casefold().replace("@", " ").split()]
    for part in sorted({*known, *_COMMON}, key=len, reverse=True):
        if len(part) > 2:
            left = left.replace(part, "")
    if len(left.strip("0123456789!?.-_ ")) < _FEW_LETTERS:
        message = _("Your password is easy to guess. Use three words that do not go together")
        raise TooWeak(message)


_COMMON = (
    "password",
    "passwort",
    "letmein",
    "welcome",
    "qwertyuiop",
    "qwerty",
    "asdfghjkl",
    "abcdefgh",
    "abcdef",
    "iloveyou",
    "administrator",
    "admin",
    "changeme",
    "kersey",
    "football",
    "liverpool",
    "arsenal",
    "monkey",
    "dragon",
    "sunshine",
    "princess",
)
