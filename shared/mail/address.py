"""E-mail addresses in the form in which every mail server takes them."""

import re

MOST_ADDRESS = 254
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*", re.IGNORECASE)


def mail_address(text: str) -> str | None:
    """An address in the form in which every mail server takes it; None where there is none.

    A domain may be written in any script; it is encoded (RFC 5891). A local part that is not
    ASCII needs SMTPUTF8 all the way to the reader, so it is refused rather than lost underway.
    """
    local, at, domain = text.strip().rpartition("@")
    try:
        encoded = domain.encode("idna").decode() if domain else ""
    except UnicodeError:
        return None
    address = f"{local}@{encoded.lower()}"
    fits = at and _LOCAL.fullmatch(local) and len(local) <= 64 and _DOMAIN.fullmatch(encoded)
    return address if fits and len(address) <= MOST_ADDRESS else None
