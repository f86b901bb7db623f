"""Contacts over HTTP: a coordinator reads and sets those of the hub's parties, others their own."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints

from services.notifications.api.answers import ONE_LINE, PLAIN
from services.notifications.channels.registry import BY_A_PERSON, BY_MEANS, CHANNELS
from services.notifications.channels.webhook import WEBHOOK
from services.notifications.domain import Role
from services.notifications.handlers import contacts, hubs
from services.notifications.reach import endpoints
from services.notifications.reach.unusable import unusable_of
from services.notifications.tables import Contact, UnusableAddress
from services.notifications.wishes.keeping import Unasked, Unheard
from services.notifications.wishes.rules import Kept, Wishes
from shared.auth import Principal, requires
from shared.database import UnitOfWork
from shared.problems import Problem

router = APIRouter(prefix="/notifications/contacts", tags=["contacts"])

Party = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,64}$")]
OWN = "own"
"""Whoever asks, without having to know by which id they are known here."""
Reads = Annotated[Principal, Depends(requires("notifications.read", "notifications.write"))]
Writes = Annotated[Principal, Depends(requires("notifications.write"))]

Preference = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,40}$")]
Preferred = (
    bool
    | Annotated[int, Field(ge=-1_000_000, le=1_000_000)]
    | Annotated[str, StringConstraints(max_length=200, pattern=PLAIN)]
)


Means = StrEnum("Means", {each.means: each.means for each in CHANNELS})  # type: ignore[misc]
"""Those of the channels that there are."""


class ContactBody(BaseModel):
    """A contact. The label names a place or a desk, never a person."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    means: Means
    address: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=PLAIN),
    ]
    role: Role = Role.REQUESTS
    service: UUID | None = None
    label: Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=100, pattern=ONE_LINE)
    ] = ""
    verified_by_hub: StrictBool = False
    active: StrictBool = True
    preferences: dict[Preference, Preferred] = Field(default_factory=dict, max_length=20)
    wishes: Wishes = Field(default_factory=Wishes)
    new_secret: StrictBool = Field(
        default=False, description="Give a webhook a new signing secret."
    )
    secret_overlap_hours: int = Field(
        default=24,
        ge=0,
        le=7 * 24,
        description="For so long messages are signed with the secret before the new one too; 0 for"
        " one that became known to others.",
    )


@router.get("/{party}")
def list_contacts(party: Party, principal: Reads, request: Request) -> dict[str, Any]:
    """How a party is reached; `own` for the caller's."""
    party = _meant(party, principal)
    with UnitOfWork(request.app.state.engine) as uow:
        coordinates(uow, principal, party)
        unusable = unusable_of(uow, party)
        theirs = contacts.of_party(uow, party)
        return {"contacts": [_shown(each, unusable.get(each.id)) for each in theirs]}


@router.get("/{party}/{contact}")
def read_contact(party: Party, contact: UUID, principal: Reads, request: Request) -> dict[str, Any]:
    """One way in which a party is reached."""
    party = _meant(party, principal)
    with UnitOfWork(request.app.state.engine) as uow:
        coordinates(uow, principal, party)
        found = uow.session.get(Contact, contact)
        if found is None or found.party != party:
            raise Problem(404, "Not found", "The party has no such contact.", element="contact")
        return _shown(found, unusable_of(uow, party).get(contact))


@router.put("/{party}/{contact}")
def put_contact(
    party: Party, contact: UUID, body: ContactBody, principal: Writes, request: Request
) -> dict[str, Any]:
    """Create or change a contact. A webhook's secret is in the answer once: when it is new."""
    party = _meant(party, principal)
    with UnitOfWork(request.app.state.engine) as uow:
        by_hub = coordinates(uow, principal, party)
    if body.verified_by_hub and not by_hub:
        raise Problem(
            403,
            "Not allowed",
            "Only the party's own hub can verify a contact.",
            element="verified_by_hub",
        )
    channel = request.app.state.channels.get(body.means)
    if channel is None and body.means.value not in BY_A_PERSON:
        why = "We cannot send anything this way here yet. Choose another way."
        raise Problem(422, "Not set up here", why, element="means")
    declared = BY_MEANS[body.means]
    finds = channel.fault if channel else declared.fault
    fault = finds(body.address) if finds else None
    if fault:
        why = declared.faults[fault]
        raise Problem(422, "The address cannot be used", why, element="address", code=fault)
    wanted = contacts.Wanted(
        id=contact,
        party=party,
        secret_overlap=timedelta(hours=body.secret_overlap_hours),
        **body.model_dump(exclude={"secret_overlap_hours", "means", "wishes"}),
        means=body.means.value,
        wishes=Kept(**body.wishes.model_dump(), zone=request.app.state.timezone),
    )
    with UnitOfWork(request.app.state.engine) as uow:
        try:
            kept = contacts.put(
                uow,
                request.app.state.keys,
                wanted,
                by_hub=by_hub,
                by_party=party == principal.organisation,
            )
        except contacts.BelongsToAnother as error:
            raise Problem(
                409, "This id is taken", "It is that of another contact.", element="contact"
            ) from error
        except contacts.There as there:
            words = f"The party has this address already: change that contact, {there.contact}."
            raise Problem(409, "There already", words, element="address") from there
        except Unheard as unheard:
            kinds = ", ".join(unheard.kinds)
            words = f"Somebody must hear this: {kinds}. Name another contact for it first."
            raise Problem(409, "Nobody would hear", words, element="wishes.muted") from unheard
        except Unasked as unasked:
            words = "You would not be asked any more. Name another way first, or ask your hub."
            element = "role" if body.active else "active"
            raise Problem(409, "Nobody would hear", words, element=element) from unasked
        uow.on_commit(request.app.state.delivery_wake.set)
        uow.commit()
        shown = _shown(kept.contact)
    if kept.moved and kept.contact.means == WEBHOOK.means:
        # Another receiver: what the one before could not take goes to it.
        endpoints.enable(request.app.state.engine, contact)
    return shown | ({"secret": kept.secret} if kept.secret else {})


def _meant(party: str, principal: Principal) -> str:
    return principal.organisation if party == OWN else party


def coordinates(uow: UnitOfWork, principal: Principal, party: str) -> bool:
    """Whether this is a coordinator of the party's hub.

    Raises:
        Problem: 404, it is not the party either.
    """
    by_hub = hubs.coordinates(uow, principal, party)
    if not by_hub and principal.organisation != party:
        # The same for one that there is and one that there is not: nobody learns which.
        raise Problem(404, "Not found", "You look after no such party's contacts.", element="party")
    return by_hub


_INSIDE = {
    "sealed_secret", "former_sealed_secret", "former_secret_until", "changed", "revision",
}  # fmt: skip


def _shown(contact: Contact, unusable: UnusableAddress | None = None) -> dict[str, Any]:
    shown = contact.model_dump(mode="json", exclude=_INSIDE)
    shown["wishes"] = {name: value for name, value in contact.wishes.items() if name != "zone"}
    shown["has_secret"] = contact.sealed_secret is not None
    if unusable is not None and unusable.since is not None:
        shown |= {"unusable_since": unusable.since.isoformat(), "unusable_for": unusable.code}
    if contact.former_secret_until is not None:
        shown["former_secret_until"] = contact.former_secret_until.isoformat()
    return shown
