"""What a Subscription keeps secret: written, never read back, not even by whoever wrote it.

Headers are there to "meet security requirements" of the receiver (R4, Subscription.channel.header,
comments), so they hold its credentials; where a receiver wants none it often has a key in the query
of its address instead. Whoever may read a Subscription, its history or a Bundle with it sees that a
header or a query parameter is there, and no value. Sent as it was read, a value is the one that was
stored.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from services.referrals.subscriptions.channels import SECRET, extensions
from services.referrals.tables.subscription import SubscriptionState
from shared.fhir.outcome import rule_broken

MASK = "********"

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
        channel["endpoint"] = _masked_address(str(channel["endpoint"]))
    if "header" in channel:
        channel["header"] = [_masked_line(str(line)) for line in channel["header"]]
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
    if "endpoint" in channel:
        channel["endpoint"] = _unmasked_address(str(channel["endpoint"]), known)
    if "header" in channel:
        same = known is not None and known.endpoint == channel.get("endpoint")
        kept = known.headers if known is not None and same else ()
        channel["header"] = list(_unmasked_lines(channel["header"], kept))
    for each in extensions(channel, SECRET):
        if each.get("valueString") == MASK:
            if known is None or known.secret is None:
                words = f"{MASK} stands for a secret that is kept, and none is: send it."
                raise rule_broken(words, "Subscription.channel.extension")
            each["valueString"] = known.secret
    return whole


def _masked_address(address: str) -> str:
    """An address whose query says which parameters it has; one without a name is all value."""
    base, mark, query = address.partition("?")
    if not query:
        return address
    names = (part.partition("=")[:2] for part in query.split("&"))
    return base + mark + "&".join(f"{name}={MASK}" if sign else MASK for name, sign in names)


def _unmasked_address(sent: str, known: SubscriptionState | None) -> str:
    if MASK not in sent.partition("?")[2]:
        return sent
    if known is not None and _masked_address(known.endpoint) == sent:
        return known.endpoint
    words = f"{MASK} stands for what is kept of this address, and nothing is: send it whole."
    raise rule_broken(words, _ENDPOINT)


def _masked_line(line: str) -> str:
    return f"{line.partition(':')[0]}: {MASK}"


def _unmasked_lines(lines: list[Any], kept: Any) -> Iterator[Any]:
    """Of several headers of one name, each mask is the one in its turn."""
    left = list(kept)
    for line in lines:
        name, _, value = str(line).partition(":")
        of_name = [each for each in left if each.partition(":")[0].lower() == name.lower()]
        if of_name:
            left.remove(of_name[0])
        if value.strip() != MASK:
            yield line
        elif of_name:
            yield of_name[0]
        else:
            words = (
                f"{MASK} stands for a value that is kept for this endpoint, and none is: send it."
            )
            raise rule_broken(words, _HEADER)
