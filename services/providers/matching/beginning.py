"""What is asked of the database before a question can be: by one statement, as a statement takes
Python longer than these take the database.
"""

from functools import cache
from typing import NamedTuple

from sqlmodel import Session

from services.providers.gazetteer import BadPostcode, parse
from services.providers.matching.vocabulary import STATE, Vocabulary, as_of
from services.providers.points import Centroids, Planning, centroids


class Beginning(NamedTuple):
    """What a question begins with.

    Attributes:
        known: the taxonomies.
        centroids: what the gazetteer has of the postcode that was given.
    """

    known: Vocabulary
    centroids: Centroids


def begin(session: Session, near: object, planning: Planning) -> Beginning:
    """Begin a question.

    Args:
        session: where; nothing was asked in its transaction yet.
        near: where the person sets out; of a postcode, what the gazetteer has is read.
        planning: how what is asked in this transaction is planned.
    """
    run = session.connection().exec_driver_sql
    row = run(_beginning(planning), {"codes": _lookups(near)}).one()
    return Beginning(as_of(session, row.state), centroids(row.places or ()))


def _lookups(near: object) -> list[str]:
    try:
        return parse(near).lookups if isinstance(near, str) else []
    except BadPostcode:  # told where the point is looked up
        return []


@cache
def _beginning(planning: Planning) -> str:
    planned = "".join(f", set_config('{name}', '{value}', true)" for name, value in planning)
    return f"""
SELECT ({STATE}) AS state, (
    SELECT json_agg(json_build_array(code, latitude, longitude, hub, with_units))
    FROM place WHERE code = ANY(%(codes)s)
) AS places{planned}
"""  # noqa: S608 - of constants
