"""How long the directory keeps what. It is public, and knows no patients (care 9)."""

from collections.abc import Mapping

from dateutil.relativedelta import relativedelta
from sqlalchemy import Engine, case, func

from services.providers.claims.domain import ClaimState
from services.providers.settings import ProvidersSettings
from services.providers.tables import metadata
from shared.database import LEASES
from shared.messaging import outbox as messages
from shared.retention import (
    NO_PATIENT,
    Expiry,
    HeldCases,
    OldRows,
    RecordClass,
    Retention,
    no_holds,
)

_PLACES = "place_taken"
_HISTORY = ("listing_version", "listing_act")
_REPLIES = "reply"
_GAPS = ("gap", "gap_action")
_CONSORTIUM = ("member", "relation", "asset")
_CLAIMS = "listing_claim"
_ONBOARDINGS = ("onboarding", "onboarding_act")
_OTHERS = (_PLACES, _REPLIES, _CLAIMS, *_ONBOARDINGS, *_GAPS, *_HISTORY, *_CONSORTIUM)

LISTINGS = RecordClass(
    name="listings",
    holds="organisations, services and all that is said of them in public",
    tables=tuple(table.name for table in metadata.sorted_tables if table.name not in _OTHERS),
    basis="the directory itself; whoever is listed can change or withdraw it",
    start="its publication",
    length=None,
    review="the provider and its hub, who keep it fresh",
)
HISTORY = RecordClass(
    name="listing-history",
    holds="versions of listings, published or not; who wrote, decided and verified, by account",
    tables=_HISTORY,
    basis="accountability for what people are sent to: who said so, when and why",
    start="the writing",
    length=None,
    review="the hub, when a listing has been withdrawn for long",
)
PLACES = RecordClass(
    name="places-taken",
    holds="ids of Tasks that hold or held a place; the directory never learns who came",
    tables=(_PLACES,),
    basis="operation: no place is taken or given back twice",
    start="the acceptance",
    length=None,
    review="none: no personal data",
)
REPLIES = RecordClass(
    name="replies",
    holds="ids of Tasks with when a service was asked and first answered, and whether with yes",
    tables=(_REPLIES,),
    basis="workers are shown how soon a service usually answers; figures are of one year",
    start="the answer, or the request where none came",
    length=relativedelta(years=1),
    review="none: no personal data",
    despite_hold="the case says when it was asked and answered",
)
GAPS = RecordClass(
    name="gaps",
    holds="what nobody offered in which postcode district, and what hubs did about it; no people",
    tables=_GAPS,
    basis="provision is planned by what was missing over years",
    start="when it was noted",
    length=None,
    review="the hubs, when they plan",
)

CONSORTIUM = RecordClass(
    name="consortium",
    holds="organisations and freelance practitioners, who works with whom, venues, skills and kit",
    tables=_CONSORTIUM,
    basis="whoever runs provision must know who runs it; practitioners are there for their work",
    start="joining",
    length=None,
    review="the hubs, yearly; a practitioner who asks is removed at once",
)

CLAIMS = RecordClass(
    name="claims",
    holds="who asked to keep a listing, by name and role at work, by what evidence; the decision",
    tables=(_CLAIMS,),
    basis="who may write a listing, and how the hub knows them; the history keeps the accounts",
    start="the refusal, or the end of the keeping; one that waits or stands is kept",
    length=relativedelta(years=2),
    review="the hub; a keeper who leaves gives it up or is ended",
    despite_hold=NO_PATIENT,
)

ONBOARDINGS = RecordClass(
    name="onboardings",
    holds="providers that a hub brings in: how far it is, who did what; while it goes on an address"
    " and a number to ask them by",
    tables=_ONBOARDINGS,
    basis="who is sent to a provider must be able to see how it was taken on, and by whom",
    start="its end; one that goes on is kept",
    length=relativedelta(years=2),
    review="the hub; addresses and numbers go when it ends",
    despite_hold=NO_PATIENT,
)

RECORDS = (
    LISTINGS, HISTORY, PLACES, REPLIES, GAPS, CONSORTIUM, CLAIMS, ONBOARDINGS, LEASES,
    *messages.RECORDS,
)  # fmt: skip

NOBODY: Mapping[str, str] = {
    **dict.fromkeys(LISTINGS.tables, "a public listing"),
    "asset": "venues, skills and kit",
    "listing_act": "what staff did with a public listing",
    "listing_claim": "staff who ask to keep a listing, by their work",
    "listing_version": "what a listing says or would say",
    "place_taken": "ids of Tasks",
    "reply": "ids of Tasks",
    "gap": "needs, postcode districts and reasons, by code",
    "gap_action": "plans of hubs",
    "inbox": "ids of events that were acted on",
    "lease": "which process leads",
    "member": "organisations, and practitioners by the name they work under",
    "onboarding": "groups that a hub brings in, and how to ask them by their work",
    "onboarding_act": "what staff did to bring a group in",
    "outbox": "events about listings",
    "relation": "who works with whom",
}
"""Tables that concern no patient, and what is in them: all."""


def expiries(
    _settings: ProvidersSettings,
    engine: Engine,
    _held: HeldCases = no_holds,
) -> Mapping[str, Expiry]:
    """What ends each class.

    Args:
        engine: of the service.
    """
    reply = metadata.tables[_REPLIES]
    answered = func.coalesce(reply.c.answered, reply.c.asked)
    claim = metadata.tables[_CLAIMS]
    onboarding = metadata.tables[_ONBOARDINGS[0]]
    refused = case((claim.c.state == ClaimState.REFUSED, claim.c.decided))
    return {
        REPLIES.name: OldRows(engine, reply, answered),
        ONBOARDINGS.name: OldRows(engine, onboarding, onboarding.c.ended),
        CLAIMS.name: OldRows(engine, claim, func.coalesce(claim.c.ended, refused)),
        **messages.expiries(engine),
    }


RETENTION = Retention(RECORDS, expiries)
