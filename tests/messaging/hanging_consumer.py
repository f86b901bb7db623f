"""A process that consumes one message and never ends with it, so that a test can kill it.

Arguments: the broker's kind, its URL, and for RabbitMQ the prefix of the names.
"""

import sys
import threading
import time

from shared.database import create_engine
from shared.messaging.broker import Broker
from shared.messaging.embedded import EmbeddedBroker
from shared.messaging.events import Envelope
from shared.messaging.rabbit import RabbitBroker, Topology
from tests.messaging.samples import FIRST


def hang(_: Envelope) -> None:
    print("handling", flush=True)  # noqa: T201 - the test waits for this line
    time.sleep(60)


def main(kind: str, url: str, prefix: str) -> None:
    broker: Broker
    if kind == "rabbit":
        broker = RabbitBroker(url, topology=Topology(prefix))
    else:
        broker = EmbeddedBroker(create_engine(url, pool_size=4, application_name="tests"))
    broker.consumer(FIRST, hang).run(threading.Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
