"""Whether a client knows the current version: conditional requests (RFC 9110, section 13).

R4 (http.html) has If-None-Match and If-Modified-Since for reads and If-Match for writes, which the
writer compares once the document is locked. A write that says If-None-Match or If-Unmodified-Since
means it as well: passing it over would overwrite what the client asked not to be overwritten.
"""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime

from fastapi import Request

from shared.fhir.outcome import FhirError, refusal
from shared.fhir.store import Stored

_FOR_WRITES = ("if-none-match", "if-unmodified-since")


def unchanged_since(request: Request, stored: Stored) -> bool:
    """Whether the client has this version already (If-None-Match before If-Modified-Since)."""
    headers = request.headers
    return is_known(stored, headers.get("if-none-match"), _date(headers.get("if-modified-since")))


def is_known(stored: Stored, tags: str | None, since: datetime | None) -> bool:
    """Whether a version is among entity tags, or without tags no newer than an instant.

    Args:
        stored: the version.
        tags: as If-None-Match has them: ``*``, or a list.
        since: compared in whole seconds, which is all that HTTP dates have.
    """
    if tags is not None:
        known = {tag.strip().removeprefix("W/").strip('"') for tag in tags.split(",")}
        return "*" in known or str(stored.version) in known
    return since is not None and stored.last_updated.replace(microsecond=0) <= since


def has_preconditions(request: Request) -> bool:
    """Whether a write says more than If-Match of what it may overwrite."""
    return any(name in request.headers for name in _FOR_WRITES)


def refuse_overwriting(request: Request, stored: Stored) -> None:
    """Refuse a write for which the document must not be as it is.

    Raises:
        FhirError: 412.
    """
    tags = request.headers.get("if-none-match")
    if tags is not None and is_known(stored, tags, None):
        raise _overwriting("There is such a version already.", "http.If-None-Match")
    since = _date(request.headers.get("if-unmodified-since"))
    if since is not None and not is_known(stored, None, since):
        raise _overwriting("It was changed since.", "http.If-Unmodified-Since")


def _overwriting(words: str, place: str) -> FhirError:
    return refusal(412, words, place, code="conflict")


def _date(text: str | None) -> datetime | None:
    """An HTTP date; one that is none says nothing (RFC 9110, section 13.1.3)."""
    try:
        found = parsedate_to_datetime(text or "")
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else None
