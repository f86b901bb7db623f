"""What an Endpoint keeps secret: sent with the messages that go there, and never read back.

Its headers are "usage dependent" (R4, Endpoint.header), which is to say that they hold what the
receiver wants to see before it lets anybody in; its address may have a key in it. Whoever may read
the Endpoint, its history or a Bundle with it sees masks.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from sqlmodel import Session

from services.referrals.masks import (
    Kept,
    masked_address,
    masked_lines,
    unmasked_address,
    unmasked_lines,
)
from services.referrals.subscriptions import masking
from services.referrals.tables import EndpointSecret

Json = dict[str, Any]


def masked(resource: Mapping[str, Any]) -> Json:
    """An Endpoint as it is stored as a document and shown.

    Args:
        resource: valid, with or without masks.
    """
    shown = deepcopy(dict(resource))
    if "address" in shown:
        shown["address"] = masked_address(str(shown["address"]))
    if "header" in shown:
        shown["header"] = masked_lines(shown["header"])
    return shown


def unmasked(resource: Mapping[str, Any], kept: Kept | None) -> Json:
    """An Endpoint as it was sent, with what is kept in place of each mask.

    Args:
        resource: as sent, valid by FHIR.
        kept: how it stands; None if nothing is kept.

    Raises:
        FhirError: 422 where nothing is kept in that place, or where a value would go to another
            address than the one that it was given for.
    """
    whole = dict(resource)
    if "address" in whole:
        whole["address"] = unmasked_address(str(whole["address"]), kept, "Endpoint.address")
    if "header" in whole:
        same = kept is not None and kept.address == whole.get("address")
        lines = kept.headers if kept is not None and same else ()
        whole["header"] = list(unmasked_lines(whole["header"], lines, "Endpoint.header"))
    return whole


def keep(session: Session, key: str, resource: Mapping[str, Any]) -> Json:
    """Keep what is secret of a new Endpoint or version apart; the document that is shown.

    Args:
        session: of the transaction that stores the document.
        key: the Endpoint's id.
        resource: as sent, valid by FHIR.

    Raises:
        FhirError: 422 for a mask with nothing behind it.
    """
    row = session.get(EndpointSecret, key)
    whole = unmasked(resource, Kept(row.address, row.headers) if row is not None else None)
    shown = masked(whole)
    if shown == whole:
        forget(session, key)
        return shown
    row = row or EndpointSecret(id=key, address="", headers=[])
    row.address = str(whole.get("address", ""))
    row.headers = [str(line) for line in whole.get("header", ()) if line is not None]
    session.add(row)
    return shown


def forget(session: Session, key: str) -> None:
    """Nothing secret is kept of an Endpoint any more."""
    row = session.get(EndpointSecret, key)
    if row is not None:
        session.delete(row)


def reached(session: Session, key: str, document: Mapping[str, Any]) -> Kept:
    """Where a message to an Endpoint goes, and with which headers.

    Args:
        session: of this service's database.
        key: the Endpoint's id.
        document: as it is stored.
    """
    row = session.get(EndpointSecret, key)
    if row is not None:
        return Kept(row.address, row.headers)
    return Kept(str(document.get("address", "")), ())


def without_secrets_inside(resource: Json) -> Json:
    """A resource whose contained Endpoints and Subscriptions have masks.

    Nothing is ever sent to those, so that nothing is kept of them.
    """
    contained = resource.get("contained")
    if not contained:
        return resource
    masks = {"Endpoint": masked, "Subscription": masking.masked}
    shown = [masks.get(each.get("resourceType"), dict)(each) for each in contained]
    return resource | {"contained": shown}
