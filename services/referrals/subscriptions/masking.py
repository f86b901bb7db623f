"""What a Subscription keeps secret: written, never read back, not even by whoever wrote it.

Headers are there to "meet security requirements" of the receiver (R4, Subscription.channel.header,
comments), so they hold its credentials; where a receiver wants none it often has a key in the query
of its address instead. Whoever may read a Subscription, its history or a Bundle with it sees that a
header or a query parameter is there, and no value. Sent as it was read, a value is the one that was
stored.
"""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from services.referrals.masks import (
    MASK,
    Kept,
    masked_address,
    masked_lines,
    unmasked_address,
    unmasked_lines,
)
from services.referrals.subscriptions.channels import SECRET, extensions
from services.referrals.tables.subscription import SubscriptionState
from shared.fhir.outcome import rule_broken

_ENDPOINT = "Subscription.channel.endpoint"
_HEADER = "Subscription.channel.header"

Json = dict[str, Any]


def masked(resource: Mapping[str, Any]) -> Json:
    """A Subscription as it is stored as a document and shown.

    Args:
        resource: valid, with or without masks.
    """
    shown = deepcopy(dict(resource))
    channel = shown.get("channel", {})
    if "endpoint" in channel:
        channel["endpoint"] = masked_address(str(channel["endpoint"]))
    if "header" in channel:
        channel["header"] = masked_lines(channel["header"])
    for each in extensions(channel, SECRET):
        each["valueString"] = MASK
    return shown


def unmasked(resource: Mapping[str, Any], known: SubscriptionState | None) -> Json:
    """A Subscription as it was sent, with what is kept in place of each mask.

    Args:
        resource: as sent, valid by FHIR.
        known: how it stands; None if it is new.

    Raises:
        FhirError: 422 where nothing is kept in that place, or where a value would go to another
            endpoint than the one that it was given for: whoever may change a Subscription would
            have the secret sent to himself.
    """
    whole = deepcopy(dict(resource))
    channel = whole.get("channel", {})
    kept = Kept(known.endpoint, known.headers) if known is not None else None
    if "endpoint" in channel:
        channel["endpoint"] = unmasked_address(str(channel["endpoint"]), kept, _ENDPOINT)
    if "header" in channel:
        same = kept is not None and kept.address == channel.get("endpoint")
        lines = kept.headers if kept is not None and same else ()
        channel["header"] = list(unmasked_lines(channel["header"], lines, _HEADER))
    for each in extensions(channel, SECRET):
        if each.get("valueString") == MASK:
            if known is None or known.secret is None:
                words = f"{MASK} stands for a secret that is kept, and none is: send it."
                raise rule_broken(words, "Subscription.channel.extension")
            each["valueString"] = known.secret
    return whole
