"""Browsers in which somebody signed in before: what is tried there is counted by itself.

Wrong tries make an account wait, so whoever goes on guessing could keep its person out. A browser
in which both factors were right bears a mark of the account; strangers' tries do not make it wait
(OWASP, Slow Down Online Guessing Attacks with Device Cookies). A mark signs nobody in.
"""

import secrets
from datetime import timedelta

from services.identity.people.secret_keys import SecretKeys
from shared.mail import mail_address

LASTS = timedelta(days=400)
"""As long as browsers keep a cookie at most (RFC 6265bis, section 5.5)."""

MOST = 5
"""Accounts of one browser: a computer at a reception desk is many people's."""

_BETWEEN = "~"
_NONCE = 16


def same_address(email: str) -> str:
    """One spelling for all that lead to one account: capitals, and signs that a domain drops."""
    return (mail_address(email) or email.strip()).casefold()


class KnownBrowsers:
    """Makes marks and knows them again.

    Args:
        keys: make the fingerprints.
    """

    def __init__(self, keys: SecretKeys) -> None:
        self._keys = keys

    def mark(self, marks: str, email: str) -> str:
        """The browser's mark of an account, empty where it has none.

        Args:
            marks: the cookie's value; it may hold anything.
            email: the account's, or what was typed.
        """
        for each in marks.split(_BETWEEN)[:MOST]:
            nonce, _, sign = each.partition(".")
            if sign and self._keys.is_fingerprint(sign, "known browser", self._said(nonce, email)):
                return each
        return ""

    def marked(self, marks: str, email: str) -> str:
        """The cookie's value after somebody signed in: their mark first, others' as before."""
        known = self.mark(marks, email)
        nonce = secrets.token_urlsafe(_NONCE)
        sign = self._keys.fingerprint("known browser", self._said(nonce, email))
        others = [each for each in marks.split(_BETWEEN) if each and each != known]
        return _BETWEEN.join([known or f"{nonce}.{sign}", *others][:MOST])

    @staticmethod
    def _said(nonce: str, email: str) -> str:
        return f"{nonce}\x00{same_address(email)}"
