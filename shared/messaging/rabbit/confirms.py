"""Publishing with a window of confirms."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from pika.channel import Channel
from pika.frame import Method
from pika.spec import Basic, BasicProperties

from shared.messaging.broker import BrokerAway, TopologyFault
from shared.messaging.rabbit.link import Link


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message with its address."""

    exchange: str
    key: str
    body: bytes
    properties: BasicProperties


@dataclass(frozen=True, slots=True)
class Fates:
    """What became of parcels, by their index.

    Attributes:
        confirmed: durable at the broker.
        refused: returned or refused, with the reason.
        interrupted: why the fate of the others is unknown.
    """

    confirmed: frozenset[int]
    refused: dict[int, str]
    interrupted: str | None


class ConfirmingChannel:
    """A channel on which the broker confirms each message, and returns what it cannot route.

    Args:
        link: its connection.
        window: messages in flight at most.
    """

    def __init__(self, link: Link, window: int = 100) -> None:
        self._link = link
        self._window = window
        self._sent = 0
        self._in_flight: dict[int, tuple[int, Parcel]] = {}
        self._returned: dict[str, str] = {}
        self._confirmed: set[int] = set()
        self._refused: dict[int, str] = {}
        self._channel: Channel = link.channel()
        self._channel.add_on_return_callback(self._on_return)
        link.ask(self._channel.confirm_delivery, self._on_confirm)

    def send(self, parcels: Sequence[Parcel]) -> Fates:
        """Send parcels in this order and wait for all confirms, as long as any arrive in time.

        After an interruption the channel is of no more use.
        """
        self._confirmed, self._refused, interrupted = set(), {}, None
        waiting = deque(enumerate(parcels))
        while (waiting or self._in_flight) and not interrupted:
            try:
                self._fill(waiting)
            except BrokerAway as error:
                interrupted = str(error)
                break
            some_settled = partial(self._fewer_in_flight, len(self._in_flight))
            if not self._link.wait(some_settled, self._link.timeout):
                late = f"no confirm within {self._link.timeout:g} s"
                interrupted = str(self._link.fault or late)
        return Fates(frozenset(self._confirmed), self._refused, interrupted)

    def hand_over(self, parcel: Parcel) -> None:
        """Send one parcel that must arrive before anything else may happen.

        Raises:
            BrokerAway: it is not known to have arrived.
            TopologyFault: it cannot arrive; its queue is missing or full.
        """
        fates = self.send([parcel])
        if fates.refused:
            raise TopologyFault(f"{fates.refused[0]} ({parcel.key}): run `kersey broker setup`")
        if fates.interrupted:
            raise self._link.fault or BrokerAway(fates.interrupted)

    def _fill(self, waiting: deque[tuple[int, Parcel]]) -> None:
        while waiting and len(self._in_flight) < self._window:
            index, parcel = waiting.popleft()
            self._sent += 1
            self._in_flight[self._sent] = index, parcel
            self._link.tell(
                self._channel.basic_publish,
                parcel.exchange,
                parcel.key,
                parcel.body,
                parcel.properties,
                mandatory=True,
            )

    def _fewer_in_flight(self, than: int) -> bool:
        return len(self._in_flight) < than

    def _on_return(
        self, _: Channel, method: Basic.Return, carried: BasicProperties, __: bytes
    ) -> None:
        """Remember what went nowhere; the broker confirms it as well, afterwards."""
        self._returned[str(carried.message_id)] = str(method.reply_text)

    def _on_confirm(self, frame: Method[Basic.Ack | Basic.Nack]) -> None:
        confirm = frame.method
        tags = [confirm.delivery_tag]
        if confirm.multiple:
            tags = [tag for tag in self._in_flight if tag <= confirm.delivery_tag]
        for tag in tags:
            index, parcel = self._in_flight.pop(tag)
            returned = self._returned.pop(str(parcel.properties.message_id), None)
            if isinstance(confirm, Basic.Nack):
                self._refused[index] = "refused: a queue is full or without a leader"
            elif returned:
                self._refused[index] = f"returned: {returned}"
            else:
                self._confirmed.add(index)
