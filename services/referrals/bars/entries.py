"""What a message asks for, as the entries that a transaction Bundle or a PUT would have."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from services.referrals.bars.message import Entry, Message
from shared.fhir.bundle import WriteEntry
from shared.fhir.json import parse
from shared.fhir.search.parameters import Types
from shared.fhir.store import Stored

Json = dict[str, Any]

_RELATIVE = re.compile(r"(?P<type>[A-Z][A-Za-z]{1,63})/(?P<id>[A-Za-z0-9.-]{1,64})")


def wanted(
    message: Message,
    types: Types,
    known: Mapping[str, str],
    condition: Callable[[Entry], str | None],
) -> list[WriteEntry]:
    """Every resource of a message: a new version of what is here already, the rest created.

    Args:
        message: new, or an update.
        types: the served types.
        known: by fullUrl, the `Type/id` under which a resource is here.
        condition: on what one that is not known is created; None for in any case.
    """
    found = []
    for each in message.entries:
        entry = _write(each, types, known.get(each.full_url))
        if entry.method == "POST":
            entry.if_none_exist = condition(each)
        found.append(entry)
    return found


def taken_back(message: Message, current: Stored) -> list[WriteEntry]:
    """The cancellation of a referral: its status alone.

    A cancellation holds only what is needed to find the referral (BaRS Core, Cancellation): what it
    leaves out is not taken out of the record.

    Args:
        message: the cancellation.
        current: the ServiceRequest as it is here.
    """
    request = parse(current.body.encode()) | {"status": message.focus.resource["status"]}
    return [
        WriteEntry(
            index=message.focus.index,
            method="PUT",
            type="ServiceRequest",
            id=current.id,
            resource=request,
            if_match=current.version,
            full_url=message.focus.full_url,
            path=message.focus.path,
        )
    ]


def documents(entries: Sequence[WriteEntry], stored: Sequence[Stored | None]) -> dict[str, str]:
    """By fullUrl, the `Type/id` that each entry has here."""
    return {
        str(entry.full_url): found.reference
        for entry, found in zip(entries, stored, strict=True)
        if found is not None
    }


def _write(entry: Entry, types: Types, here: str | None) -> WriteEntry:
    kind, _, key = (here or "").partition("/")
    resource = _logical(entry.resource, types)
    again = kind == entry.type
    return WriteEntry(
        index=entry.index,
        method="PUT" if again else "POST",
        type=entry.type,
        id=key if again else None,
        resource=resource | ({"id": key} if again else {}),
        full_url=entry.full_url,
        path=entry.path,
        placed=True,
    )


def _logical(value: Any, types: Types) -> Any:
    """A copy in which what cannot be here is referred to by its identifier.

    BaRS demands `Encounter.episodeOfCare` as the id of a journey that spans services (BaRS FHIR
    usage, Journey id), which no server serves: `EpisodeOfCare/<id>` becomes a logical reference.
    """
    if isinstance(value, dict):
        found = {key: _logical(member, types) for key, member in value.items()}
        literal = found.get("reference")
        match = _RELATIVE.fullmatch(literal) if isinstance(literal, str) else None
        if match is None or match["type"] in types or "identifier" in found:
            return found
        rest = {key: member for key, member in found.items() if key != "reference"}
        return rest | {"type": match["type"], "identifier": {"value": match["id"]}}
    if isinstance(value, list):
        return [_logical(member, types) for member in value]
    return value


def identifiers(request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The business identifiers of a request, each system and value."""
    for each in request.get("identifier", []):
        if each.get("system") and each.get("value"):
            yield each["system"], each["value"]
