"""The key of a form: only a page made for the holder of a session's cookie can know it."""

import hmac


def form_key(session: str) -> str:
    """Goes with every form as a hidden field.

    Args:
        session: the secret of the cookie; it cannot be learned from the key.
    """
    return hmac.new(session.encode(), b"kersey-portal-form", "sha256").hexdigest()


def is_form_key(given: object, session: str) -> bool:
    """Whether a form that brought this was on one of the session's pages."""
    return isinstance(given, str) and hmac.compare_digest(
        given.encode(), form_key(session).encode()
    )
