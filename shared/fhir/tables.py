"""The tables of the FHIR store, on a metadata of their own: a service's migrations create them.

A document is a resource's current JSON text, exactly as it is served; ``document_version`` keeps
every version of it. ``document_reader`` says who may read it. The other tables are derived from the
text and can be rebuilt from it: one narrow row per current document (``document_search``), whose
arrays hold hashes of exact values and of readers under one GIN index, and typed rows for what has
an order (dates, strings, quantities) and for references (links).

The derived tables have no foreign keys and no unique keys: a check per row would cost more than
the row, and an update replaces rows in one statement, in which a deleted and an inserted equal key
would collide.
"""

from sqlalchemy import (
    ARRAY,
    DDL,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    Uuid,
    event,
)

from shared.database import NAMING

metadata = MetaData(naming_convention=NAMING)

#: Compared byte by byte, so that a range of a B-tree is a prefix of a string.
_BYTEWISE = String(collation="C")
_INSTANT = DateTime(timezone=True)

document = Table(
    "document",
    metadata,
    Column("pk", BigInteger, Identity(always=True), primary_key=True),
    Column("type", Text, nullable=False),
    Column("id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("last_updated", _INSTANT, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("body", Text, nullable=False, comment="JSON as served; empty once deleted"),
    Column("person", Uuid, nullable=True, comment="whom it concerns; for export and erasure"),
    Column("owner", Text, nullable=False, comment="the client organisation that sent it"),
    Index("uq_document_type_id", "type", "id", unique=True),
    Index("ix_document_person", "person", postgresql_where="person IS NOT NULL"),
)

document_version = Table(
    "document_version",
    metadata,
    Column("pk", BigInteger, ForeignKey(document.c.pk), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("type", Text, nullable=False),
    Column("last_updated", _INSTANT, nullable=False),
    Column("method", Text, nullable=False, comment="POST, PUT, PATCH or DELETE"),
    Column("body", Text, nullable=True, comment="null for a deletion"),
    Column("person", Uuid, nullable=True),
    Index("ix_document_version_type_last_updated", "type", "last_updated", "pk"),
    Index("ix_document_version_person", "person", postgresql_where="person IS NOT NULL"),
)

document_reader = Table(
    "document_reader",
    metadata,
    Column("pk", BigInteger, ForeignKey(document.c.pk), primary_key=True),
    Column("party", Text, primary_key=True),
    Column("basis", Text, primary_key=True, comment="why: sender, team, provider..."),
    Column("since_version", Integer, nullable=False, comment="earlier versions stay hidden"),
)

document_search = Table(
    "document_search",
    metadata,
    Column("pk", BigInteger, primary_key=True, autoincrement=False),
    Column("key", BigInteger, nullable=False, comment="hash of Type/id; links lead to it"),
    Column("type", Text, nullable=False),
    Column("last_updated", _INSTANT, nullable=False),
    Column("sorted_at", _INSTANT, nullable=False, comment="begin of the main date, or -infinity"),
    Column("sorted_until", _INSTANT, nullable=False, comment="its end, or -infinity for no date"),
    Column("terms", ARRAY(BigInteger), nullable=False),
    Column("readers", ARRAY(BigInteger), nullable=False),
    Index("ix_document_search_key", "key"),
    # Without the pending list every search is as quick as the one before; a create costs a tenth
    # more, which is less than what it spends in Python anyway.
    Index(
        "ix_document_search_terms_readers",
        "terms",
        "readers",
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    ),
    Index("ix_document_search_type_pk", "type", "pk"),
    Index("ix_document_search_type_sorted_at", "type", "sorted_at", "pk"),
    Index("ix_document_search_type_sorted_until", "type", "sorted_until"),
    Index("ix_document_search_type_last_updated", "type", "last_updated", "pk"),
)

document_date = Table(
    "document_date",
    metadata,
    Column("pk", BigInteger, nullable=False),
    Column("param", BigInteger, nullable=False),
    Column("low", _INSTANT, nullable=False),
    Column("high", _INSTANT, nullable=False),
    Index("ix_document_date_pk_param", "pk", "param"),
    Index("ix_document_date_param_low", "param", "low"),
    Index("ix_document_date_param_high", "param", "high"),
)

document_string = Table(
    "document_string",
    metadata,
    Column("pk", BigInteger, nullable=False),
    Column("param", BigInteger, nullable=False),
    Column("value", _BYTEWISE, nullable=False, comment="without case and accents"),
    Index("ix_document_string_pk_param", "pk", "param"),
    Index("ix_document_string_param_value", "param", "value"),
    Index(
        "ix_document_string_value_trigrams",
        "value",
        postgresql_using="gin",
        postgresql_ops={"value": "gin_trgm_ops"},
    ),
)

document_quantity = Table(
    "document_quantity",
    metadata,
    Column("pk", BigInteger, nullable=False),
    Column("param", BigInteger, nullable=False),
    Column("low", Numeric, nullable=False),
    Column("high", Numeric, nullable=False),
    Column("system", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Index("ix_document_quantity_pk_param", "pk", "param"),
    Index("ix_document_quantity_param_low", "param", "low", "high"),
)

document_link = Table(
    "document_link",
    metadata,
    Column("pk", BigInteger, nullable=False),
    Column("link", BigInteger, nullable=False, comment="which element refers"),
    Column("target", BigInteger, nullable=False, comment="document_search.key"),
    Index("ix_document_link_pk_link", "pk", "link", postgresql_include=["target"]),
    Index("ix_document_link_target_link", "target", "link", postgresql_include=["pk"]),
)

#: How closely PostgreSQL looks at the arrays. By default it takes every value outside the hundred
#: most common ones for one in two hundred, and then prefers reading the table to using the index.
STATISTICS = (
    "ALTER TABLE document_search ALTER COLUMN terms SET STATISTICS 500, "
    "ALTER COLUMN readers SET STATISTICS 500"
)
event.listen(document_search, "after_create", DDL(STATISTICS))  # type: ignore[no-untyped-call]

DERIVED = (document_search, document_date, document_string, document_quantity, document_link)
