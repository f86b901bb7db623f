"""The 64-bit terms by which exact values are found.

A search row holds an array of terms under one GIN index, so that any set of exact conditions is
one index scan: separate token tables took ten to a hundred times as long, because the planner
cannot link columns across tables. A term is a hash, so a collision is possible in principle (one
in 2^64 per pair); that is why the one condition which must never be wrong, who may read, is
re-checked against the reader's own row before a document leaves the store.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import blake2b


def term(*parts: str) -> int:
    """A signed 64-bit hash of the parts; their borders count, so ("ab", "c") is not ("a", "bc")."""
    digest = blake2b("\x1f".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


@lru_cache(maxsize=65536)
def known_term(*parts: str) -> int:
    """`term` for values that come again and again: parties, types, parameters. Not for data."""
    return term(*parts)


def reader(party: str) -> int:
    """The term by which the documents that a party may read are found."""
    return known_term("reader", party)


def owned_by(party: str) -> int:
    """The term by which the documents that a client organisation owns are found."""
    return known_term("owner", party)


def document_key(type_name: str, logical_id: str) -> int:
    """The key that references to ``Type/id`` and the document itself share."""
    return term("document", type_name, logical_id)


def canonical_key(url: str) -> int:
    """The key that references by canonical URL and the document that is called so share."""
    return term("canonical", url)
