"""What RabbitMQ and pika can do by themselves: one quorum queue, both of its ends at once."""

import threading
import time

from pika.channel import Channel
from pika.spec import Basic, BasicProperties

from shared.messaging.rabbit import RabbitBroker
from shared.messaging.rabbit.confirms import ConfirmingChannel, Parcel
from shared.messaging.rabbit.message import properties

PREFETCH = 50
WINDOW = 100


def passed_through(url: str, body: bytes, count: int) -> float:
    """Messages per second that one thread publishes, each confirmed, and another one takes.

    Parameters:
        url: of a virtual host of its own.
        body: of each message.
        count: how many.
    """
    broker = RabbitBroker(url, name="bench")
    with broker.connect() as link:
        durable = {"x-queue-type": "quorum"}
        link.ask(link.channel().queue_declare, "limit", durable=True, arguments=durable)
    time.sleep(3)  # a new queue elects its leader
    taking = threading.Thread(target=_take, args=(broker, count))
    began = time.perf_counter()
    taking.start()
    with broker.connect() as link:
        parcel = Parcel("", "limit", body, properties("bench", "bench"))
        fates = ConfirmingChannel(link, WINDOW).send([parcel] * count)
    assert len(fates.confirmed) == count, fates.interrupted
    taking.join()
    return count / (time.perf_counter() - began)


def _take(broker: RabbitBroker, count: int) -> None:
    taken = 0

    def take(at: Channel, method: Basic.Deliver, _: BasicProperties, __: bytes) -> None:
        nonlocal taken
        taken += 1
        if taken % (PREFETCH // 2) == 0 or taken == count:
            at.basic_ack(method.delivery_tag or 0, multiple=True)

    with broker.connect() as link:
        channel = link.channel()
        link.ask(channel.basic_qos, prefetch_count=PREFETCH)
        link.ask(channel.basic_consume, "limit", take)
        link.wait(lambda: taken >= count, 600)
