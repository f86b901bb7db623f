"""Taxonomies into the tables: terms in place, their phrases and codes elsewhere anew."""

from collections.abc import Iterable

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from services.providers import hsds, rows
from services.providers.rows import table
from services.providers.taxonomies.phrases import pattern


def store_taxonomies(session: Session, taxonomies: Iterable[hsds.Taxonomy]) -> None:
    """Write taxonomies; what was there under the same ids is replaced, other terms stay.

    Args:
        session: where to write.
        taxonomies: with their terms.
    """
    run = session.connection().execute
    for taxonomy in sorted(taxonomies, key=lambda each: each.id):  # as whoever lists locks them
        rows.store(session, rows.of_taxonomy(taxonomy))
        terms = taxonomy.taxonomy_terms
        synonyms = [
            {"term_id": term.id, "phrase": phrase, "pattern": pattern(phrase)}
            for term in terms
            for phrase in term.kersey.synonyms
        ]
        mappings = [
            {"term_id": term.id, **mapping.model_dump()}
            for term in terms
            for mapping in term.kersey.mappings
        ]
        for name, written in (("term_synonym", synonyms), ("term_mapping", mappings)):
            source = table(name)
            run(delete(source).where(source.c.term_id.in_([term.id for term in terms])))
            if written:
                run(insert(source).on_conflict_do_nothing(), written)
