"""The terms by which a source classifies: its own taxonomies, so that links to them hold.

What a source calls "Loneliness" is not Kersey's term of that name: a crosswalk may say that it is.
Terms that are known here already, by their id, are linked to as they are.
"""

import re
from collections.abc import Collection, Iterable
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from services.providers.importing.mending.given_ids import all_below, given_id, key_of
from services.providers.importing.mending.listings import Repair
from services.providers.importing.mending.rules import any_of
from services.providers.importing.reading.records import Said
from services.providers.rows import among, table


def link(
    session: Session, source: UUID, listings: Collection[tuple[str, Said]]
) -> list[list[Repair]]:
    """Take in the terms that listings describe, and link every attribute to a term that is there.

    Args:
        session: the caller's transaction.
        source: whose terms they are.
        listings: (organization or service, the record); changed in place.

    Returns:
        For each listing, its links that lead nowhere and were left out.
    """
    described: dict[UUID, Said] = {}
    wanted: set[UUID] = set()
    for entity, said in listings:
        for attribute in _attributes(entity, said):
            said_of = attribute.get("taxonomy_term")
            term = {"name": said_of} if isinstance(said_of, str) else said_of
            term = term if isinstance(term, dict) else {}
            by = term.get("id", term.get("name"))  # some feeds know their terms by name alone
            given = given_id({"id": attribute.get("taxonomy_term_id", by)})
            if given is None:
                attribute.pop("taxonomy_term_id", None)
                continue
            key = key_of(source, "taxonomy_term", given)
            attribute["taxonomy_term_id"] = str(key)
            wanted.add(key)
            if isinstance(term.get("name"), str):
                described.setdefault(key, term)
    known = _known(session, wanted)
    missing = {key: term for key, term in described.items() if key not in known}
    if missing:
        known |= keep(session, source, missing)
    there = {str(key) for key in known}
    return [_left(said, entity, there) for entity, said in listings]


def keep(session: Session, source: UUID, terms: dict[UUID, Said]) -> set[UUID]:
    """Store terms that are new, with their taxonomies; a term is not changed once it is there.

    Args:
        session: the caller's transaction.
        source: whose they are.
        terms: as described, by their id here.

    Returns:
        Those that are there now.
    """
    run = session.connection().execute
    taxonomies = {}
    rows = []
    for key, term in terms.items():
        taxonomy = _taxonomy(source, term)
        taxonomies[taxonomy["id"]] = taxonomy
        name = any_of(term.get("name") or key)[:200]
        given = given_id({"id": term.get("code")}) or given_id(term) or str(key)
        rows.append(
            {
                "id": key,
                "taxonomy_id": taxonomy["id"],
                "code": given[:100],
                "name": name,
                "description": str(term.get("description") or name),
                "term_uri": _web(term.get("term_uri")),
            }
        )
    run(insert(table("taxonomy")).on_conflict_do_nothing(), list(taxonomies.values()))
    there = table("taxonomy").c
    stored = set(run(select(there.id).where(there.id.in_(taxonomies))).scalars())
    rows = [row for row in rows if row["taxonomy_id"] in stored]
    if rows:
        run(insert(table("taxonomy_term")).on_conflict_do_nothing(), rows)
    return _known(session, terms.keys())


def _taxonomy(source: UUID, term: Said) -> dict[str, Any]:
    """The taxonomy that a term is of: by its id, by its name, or the one of all that name none."""
    detail = term.get("taxonomy_detail")
    detail = detail if isinstance(detail, dict) else {}
    given = given_id({"id": term.get("taxonomy_id", detail.get("id"))})
    said = term.get("taxonomy")
    name = said if isinstance(said, str) else str(detail.get("name") or "Other terms")
    if given is not None:
        key = key_of(source, "taxonomy", given)
    else:
        key = uuid5(source, f"taxonomy of name {name}")
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:45]
    return {
        "id": key,
        "code": f"{slug}-{str(key)[:8]}",
        "name": any_of(name),
        "description": any_of(detail.get("description") or name),
    }


def _web(value: Any) -> str | None:
    fits = isinstance(value, str) and value.lower().startswith(("http://", "https://"))
    return value if fits and len(value) <= 2000 else None


def _known(session: Session, keys: Collection[UUID]) -> set[UUID]:
    term = table("taxonomy_term").c
    return set(session.scalars(select(term.id).where(among(term.id, keys)))) if keys else set()


def _attributes(entity: str, said: Said) -> Iterable[Said]:
    return (each for child, each in all_below(entity, said) if child == "attribute")


def _left(said: Said, entity: str, known: set[str]) -> list[Repair]:
    """Drop the links that lead nowhere, wherever in a listing they stand."""
    dropped = []
    owners = [said, *(each for _, each in all_below(entity, said))]
    for owner in owners:
        links = owner.get("attributes")
        if not isinstance(links, list):
            continue
        held = [
            each
            for each in links
            if isinstance(each, dict) and each.get("taxonomy_term_id") in known
        ]
        dropped += [each for each in links if each not in held]
        owner["attributes"] = held
    return [Repair("unknown-term", "attributes", f"was '{any_of(each)}'") for each in dropped]
