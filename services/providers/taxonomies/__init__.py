"""The taxonomies that come with Kersey: needs, activities, formats, access, company.

They are data in the files beside this one, in HSDS's shape once they are read: a council that
classifies otherwise loads its own beside them. Every term has the same id on every machine, so that
listings of one directory mean the same in another.
"""

import tomllib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Engine

from services.providers import hsds
from services.providers.taxonomies.storing import store_taxonomies
from shared.database import UnitOfWork

NAMESPACE = UUID("6f0c1f6e-6a0b-5f0d-9a53-0d2c6f7b5e11")
"""Of every term's id."""

BASE = "https://kersey.example/taxonomy"
VERSION = "2"
CODES = ("access", "activity", "company", "format", "need")

Mappings = Mapping[str, Sequence[hsds.TermMapping]]


def term_id(taxonomy: str, code: str) -> UUID:
    """The id of a term."""
    return uuid5(NAMESPACE, f"term/{taxonomy}/{code}")


@lru_cache(maxsize=1)
def shipped() -> tuple[hsds.Taxonomy, ...]:
    """The taxonomies with their terms, everyday phrases and codes elsewhere."""
    mappings = _mappings(_read("crosswalk"))
    return tuple(_taxonomy(_read(code), mappings) for code in CODES)


def declare_taxonomies(engine: Engine) -> None:
    """Bring the taxonomies of this version into a directory; committed, and safe to repeat."""
    with UnitOfWork(engine) as uow:
        store_taxonomies(uow.session, shipped())
        uow.commit()


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath(f"{name}.toml").read_text("utf-8"))


def _taxonomy(said: Mapping[str, Any], mappings: Mappings) -> hsds.Taxonomy:
    code = said["code"]
    return hsds.Taxonomy(
        id=uuid5(NAMESPACE, f"taxonomy/{code}"),
        code=code,
        name=said["name"],
        description=said["description"],
        uri=f"{BASE}/{code}",
        version=VERSION,
        taxonomy_terms=tuple(_term(code, each, mappings) for each in said["term"]),
    )


def _term(taxonomy: str, said: Mapping[str, Any], mappings: Mappings) -> hsds.TaxonomyTerm:
    code = said["code"]
    return hsds.TaxonomyTerm(
        id=term_id(taxonomy, code),
        code=code,
        name=said["name"],
        description=said["about"],
        parent_id=term_id(taxonomy, said["under"]) if "under" in said else None,
        term_uri=f"{BASE}/{taxonomy}/{code}",
        kersey=hsds.TermOwn(
            synonyms=tuple(said.get("says", ())),
            mappings=tuple(mappings.get(f"{taxonomy}/{code}", ())),
        ),
    )


def _mappings(said: Mapping[str, Any]) -> Mappings:
    found: dict[str, list[hsds.TermMapping]] = defaultdict(list)
    for each in said["mapping"]:
        found[each["term"]].append(
            hsds.TermMapping(**{name: value for name, value in each.items() if name != "term"})
        )
    gravity = said["gravity"]
    for term, codes in gravity["terms"].items():
        found[term] += [
            hsds.TermMapping(
                system=gravity["system"],
                code=code,
                display=code.replace("-", " ").capitalize(),
                verified=True,
                source=gravity["source"],
            )
            for code in codes
        ]
    return found
