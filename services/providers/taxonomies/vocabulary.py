"""The taxonomies told in full: terms, everyday phrases, and the crosswalk to other code systems."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, Table, select
from sqlmodel import Session

from services.providers.nested import Json, picked
from services.providers.rows import table


def terms_in_full(session: Session) -> list[Json]:
    """Every taxonomy with its terms, in a lasting order.

    A mapping says whether it is `verified`: whether somebody read the code in the source it names.
    """
    terms, synonyms, mappings = (
        _grouped(session, table(name), column)
        for name, column in (
            ("taxonomy_term", "taxonomy_id"),
            ("term_synonym", "term_id"),
            ("term_mapping", "term_id"),
        )
    )
    whole = table("taxonomy")
    rows = session.connection().execute(select(whole).order_by(whole.c.code)).mappings()

    def term(row: RowMapping) -> Json:
        said: dict[str, Any] = {
            "synonyms": [each["phrase"] for each in synonyms[row["id"]]],
            "mappings": [
                picked(each, "system code display verified source") for each in mappings[row["id"]]
            ],
        }
        told = picked(row, "id code name description parent_id term_uri")
        return told | {name: value for name, value in said.items() if value}

    return [
        picked(row, "id code name description uri version")
        | {"terms": [term(each) for each in sorted(terms[row["id"]], key=lambda one: one["code"])]}
        for row in rows
    ]


def _grouped(session: Session, source: Table, column: str) -> dict[UUID, list[RowMapping]]:
    grouped: dict[UUID, list[RowMapping]] = defaultdict(list)
    wanted = select(source).order_by(*source.primary_key)
    for row in session.connection().execute(wanted).mappings():
        grouped[row[column]].append(row)
    return grouped
