"""Whoever does this acts at the operator's command, not over HTTP; the audit trail says who."""

from shared.auth import Principal

CLIENT = "kersey-subject"
"""The client of an operator's acts, in the audit trail."""


def operator(by: str) -> Principal:
    """The operator as the one who moves a case.

    Args:
        by: their name or role.
    """
    return Principal(
        subject=by, client_id=CLIENT, organisation="", roles=frozenset(), scopes=frozenset()
    )
