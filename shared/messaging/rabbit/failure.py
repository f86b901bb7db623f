"""What goes wrong with RabbitMQ, in words for the person who has to act on it."""

import re

from pika.adapters.utils.connection_workflow import AMQPConnectorException
from pika.exceptions import AMQPError, ChannelClosedByBroker

from shared.messaging.broker import BrokerAway, TopologyFault

FAILURES = (AMQPError, AMQPConnectorException, OSError)
"""What pika raises when a broker is away, hangs or refuses; not all are AMQPErrors."""

_INEQUIVALENT = re.compile(
    r"inequivalent arg '(?P<argument>[^']+)' for (?P<kind>exchange|queue) '(?P<name>[^']+)'"
    r".*?: received (?P<wanted>.*?) but current is (?P<existing>.*)"
)


def in_words(error: BaseException) -> BrokerAway:
    """The error to raise in place of pika's; ours stays as it is."""
    if isinstance(error, BrokerAway):
        return error
    if not isinstance(error, ChannelClosedByBroker):
        # pika wraps one error in another and may leave the outer one without a word
        words = str(error) or str(error.__cause__ or "") or repr(error)
        return BrokerAway(f"{type(error).__name__}: {words}")
    text = str(error.reply_text)
    found = _INEQUIVALENT.search(text)
    if found:
        return TopologyFault(
            f"the {found['kind']} {found['name']} exists with another {found['argument']}:"
            f" wanted {_value(found['wanted'])}, found {_value(found['existing'])}."
            f" Empty and delete it, then run `kersey broker setup`"
        )
    if error.reply_code == 404:
        return TopologyFault(f"missing at the broker: {text}. Run `kersey broker setup`")
    return TopologyFault(f"the broker refuses ({error.reply_code}): {text}")


def _value(text: str) -> str:
    """`50` out of RabbitMQ's "the value '50' of type 'signedint'"."""
    quoted = re.search(r"'([^']*)'", text)
    return quoted[1] if quoted else text
