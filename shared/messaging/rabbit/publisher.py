"""The publisher of a relay: a window of confirms on a connection that lasts."""

from collections.abc import Callable, Sequence

from shared.messaging.broker import BrokerAway, Message, Published
from shared.messaging.rabbit.confirms import ConfirmingChannel, Parcel
from shared.messaging.rabbit.link import Link
from shared.messaging.rabbit.message import properties
from shared.messaging.rabbit.topology import Topology


class RabbitPublisher:
    """Publishes from one thread; connects when there is something to publish.

    Args:
        connect: opens a connection.
        topology: the names.
        ensure: declares the exchanges, or sees that they are declared.
        window: messages in flight at most.
    """

    def __init__(
        self,
        connect: Callable[[], Link],
        topology: Topology,
        ensure: Callable[[], None],
        *,
        window: int,
    ) -> None:
        self._connect = connect
        self._topology = topology
        self._ensure = ensure
        self._window = window
        self._link: Link | None = None
        self._channel: ConfirmingChannel | None = None

    def publish(self, messages: Sequence[Message]) -> Published:
        """See `Publisher.publish`. After an interruption the connection is given up."""
        if not messages:
            return Published(frozenset())
        try:
            channel = self._channel or self._opened()
        except BrokerAway as error:
            self.close()
            return Published(frozenset(), interrupted=str(error))
        fates = channel.send([self._parcel(message) for message in messages])
        if fates.interrupted:
            self.close()
        return Published(
            frozenset(messages[index].id for index in fates.confirmed),
            {messages[index].id: why for index, why in fates.refused.items()},
            fates.interrupted,
        )

    def idle(self) -> None:
        """Let heartbeats through, and notice a connection that is gone."""
        if self._link:
            self._link.serve()
            if self._link.fault:
                self.close()

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._link:
            self._link.close()
        self._link = self._channel = None

    def _opened(self) -> ConfirmingChannel:
        self._ensure()
        self._link = self._connect()
        self._channel = ConfirmingChannel(self._link, self._window)
        return self._channel

    def _parcel(self, message: Message) -> Parcel:
        carried = properties(str(message.id), message.type)
        body = message.body.encode()
        if message.recipient:
            queue = self._topology.queue(message.recipient)
            return Parcel(self._topology.recipients, queue, body, carried)
        return Parcel(self._topology.events, message.type, body, carried)
