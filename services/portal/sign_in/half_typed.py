"""What staff typed into forms that take more than one page, and how an erasure reaches it.

A session keeps each form encrypted, under the address of its page. The address holds ids and no
word, so that what is about a person's cases can be taken out without the key.
"""

import re
from collections.abc import Collection
from uuid import UUID

import orjson
from sqlalchemy import Connection, select, update

from services.portal.tables import web_session

_CASE = re.compile(r"/cases/([0-9a-f-]{36})(?:/|$)")

Forms = dict[str, str]
"""Encrypted, by the address of the page; the one that was kept last is the last."""


def forms_in(kept: str | None) -> Forms:
    """The forms of a session; none where they were kept in a way that is not used any more."""
    try:
        found: Forms = orjson.loads(kept or "{}")
    except orjson.JSONDecodeError:
        return {}
    return found


def as_kept(forms: Forms) -> str | None:
    """The same, to be stored."""
    return orjson.dumps(forms).decode() if forms else None


def forget(connection: Connection, cases: Collection[UUID]) -> int:
    """Take out of all sessions what was typed about the cases of somebody who is erased.

    What is about no case goes as well: names are typed where a person is looked for, and nobody
    can tell whose they are.

    Args:
        connection: with an open transaction.
        cases: all of the person's.

    Returns:
        How many forms went.
    """
    theirs, gone = {str(each) for each in cases}, 0
    sessions = (
        select(web_session.c.fingerprint, web_session.c.kept)
        .where(web_session.c.kept.is_not(None))
        .order_by(web_session.c.fingerprint)
        .with_for_update()
    )
    for fingerprint, kept in connection.execute(sessions).all():
        forms = forms_in(kept)
        left = {page: sealed for page, sealed in forms.items() if _of_others(page, theirs)}
        gone += len(forms) - len(left)
        this = web_session.c.fingerprint == fingerprint
        connection.execute(update(web_session).where(this).values(kept=as_kept(left)))
    return gone


def _of_others(page: str, cases: Collection[str]) -> bool:
    """Whether a page is about a case, and about none of these."""
    found = _CASE.search(page)
    return found is not None and found[1] not in cases
