"""The broker as an operator's command asks it: for dead letters, and to give them back."""

from collections.abc import Iterator
from contextlib import contextmanager

from deploy.data_folder import DataFolder
from deploy.embedded_postgres import running_url
from deploy.engines import opened
from deploy.refusal import Refusal
from deploy.services import BROKER_DATABASE
from deploy.settings import OperatorSettings
from shared.messaging.broker import Broker, BrokerAway
from shared.messaging.embedded import EmbeddedBroker
from shared.messaging.rabbit import RabbitBroker


@contextmanager
def asked_broker(settings: OperatorSettings, command: str) -> Iterator[Broker]:
    """RabbitMQ where its address is set, else the broker of the Kersey on the data folder.

    The administrator's address comes first: services may not put a message into a single queue,
    which is what giving it back to one consumer means.

    Parameters:
        settings: the operator's.
        command: shown to the broker's operator after `kersey`.

    Raises:
        NothingRuns: there is neither.
        Refusal: within the block, it is away.
    """
    address = settings.amqp_admin_url or settings.amqp_url
    try:
        if address is not None:
            yield RabbitBroker(address.get_secret_value(), name=f"kersey {command}", declares=False)
            return
        url = running_url(DataFolder(settings.data_dir, command), BROKER_DATABASE)
        with opened(url, 2, command) as engine:
            yield EmbeddedBroker(engine)
    except BrokerAway as away:
        raise Refusal(str(away)) from away
