"""The broker as an operator's command asks it: for dead letters, and to give them back."""

from collections.abc import Iterator
from contextlib import contextmanager

from deploy.data_folder import DataFolder
from deploy.embedded_postgres import running_url
from deploy.refusal import Refusal
from deploy.services import BROKER_DATABASE
from deploy.settings import OperatorSettings
from shared.database import create_engine
from shared.messaging.broker import Broker, BrokerAway
from shared.messaging.embedded import EmbeddedBroker
from shared.messaging.rabbit import RabbitBroker


def asked_broker(settings: OperatorSettings, command: str) -> Broker:
    """RabbitMQ where its address is set, else the broker of the Kersey on the data folder.

    The administrator's address comes first: services may not put a message into a single queue,
    which is what giving it back to one consumer means.

    Parameters:
        settings: the operator's.
        command: shown to the broker's operator after `kersey`.

    Raises:
        NothingRuns: there is neither.
    """
    address = settings.amqp_admin_url or settings.amqp_url
    if address is not None:
        return RabbitBroker(address.get_secret_value(), name=f"kersey {command}", declares=False)
    url = running_url(DataFolder(settings.data_dir, command), BROKER_DATABASE)
    return EmbeddedBroker(create_engine(url, pool_size=2, application_name=f"kersey {command}"))


@contextmanager
def in_words() -> Iterator[None]:
    """Within the block a broker that is away is told in words.

    Raises:
        Refusal: it is away.
    """
    try:
        yield
    except BrokerAway as away:
        raise Refusal(str(away)) from away
