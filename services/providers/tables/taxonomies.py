"""Taxonomies, their terms, and what they are said of."""

from uuid import UUID

from sqlalchemy import Index, Text
from sqlmodel import Field

from services.providers.tables.base import Base, parent


class Taxonomy(Base, table=True):
    """A list of terms by which services are classified."""

    __tablename__ = "taxonomy"
    id: UUID = Field(primary_key=True)
    code: str = Field(unique=True, max_length=60)
    name: str = Field(max_length=200)
    description: str = Field(sa_type=Text)
    uri: str | None = Field(default=None, max_length=2000)
    version: str | None = Field(default=None, max_length=60)


class TaxonomyTerm(Base, table=True):
    """One term: a need, an activity, a way of access."""

    __tablename__ = "taxonomy_term"
    __table_args__ = (Index("ix_taxonomy_term_taxonomy_code", "taxonomy_id", "code", unique=True),)
    id: UUID = Field(primary_key=True)
    taxonomy_id: UUID = Field(foreign_key="taxonomy.id")
    code: str = Field(max_length=100)
    name: str = Field(max_length=200)
    description: str = Field(sa_type=Text)
    parent_id: UUID | None = parent("taxonomy_term.id")
    term_uri: str | None = Field(default=None, max_length=2000)


class TermSynonym(Base, table=True):
    """An everyday phrase that means a term: "nobody to talk to" is loneliness.

    `pattern` is the phrase as a statement is searched for it.
    """

    __tablename__ = "term_synonym"
    term_id: UUID = Field(primary_key=True, foreign_key="taxonomy_term.id")
    phrase: str = Field(primary_key=True, max_length=200)
    pattern: str = Field(max_length=200)


class TermMapping(Base, table=True):
    """A term's code in another system. What nobody has looked up there is marked so."""

    __tablename__ = "term_mapping"
    term_id: UUID = Field(primary_key=True, foreign_key="taxonomy_term.id")
    system: str = Field(primary_key=True, max_length=200)
    code: str = Field(primary_key=True, max_length=60)
    display: str = Field(max_length=200)
    verified: bool = False
    source: str = Field(sa_type=Text)


class Attribute(Base, table=True):
    """A link from any entity to a term. `value` is "no" where the answer is known to be no."""

    __tablename__ = "attribute"
    __table_args__ = (Index("ix_attribute_term_link", "taxonomy_term_id", "link_id"),)
    id: UUID = Field(primary_key=True)
    link_id: UUID = Field(index=True)
    link_entity: str = Field(max_length=40)
    link_type: str | None = Field(default=None, max_length=60)
    taxonomy_term_id: UUID = Field(foreign_key="taxonomy_term.id")
    value: str | None = Field(default=None, max_length=200)
