"""The documents that a transaction has locked: until it ends nobody else changes them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from shared.fhir.store.stored import Stored

Held = dict[tuple[str, str], Stored]
"""Documents by type and id, as they are for the transaction now."""

_HELD = "shared.fhir.store.held"


def held_in(session: Session) -> Held:
    """What a session's transaction holds, whichever of its stores locked it.

    A document is often locked to be looked at, and then to be written; what stood there the first
    time stands there the second time, unless the transaction itself wrote it.

    Args:
        session: a transaction that was begun in it; with the next one all is forgotten.
    """
    transaction = session.get_transaction()
    known: tuple[object, Held] | None = session.info.get(_HELD)
    if known is None or known[0] is not transaction:
        known = session.info[_HELD] = (transaction, {})
    return known[1]
