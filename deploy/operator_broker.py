"""Kersey's exchanges, queues, limits and rights on an operator's RabbitMQ."""

from urllib.parse import quote, unquote, urlsplit

import httpx

from deploy.operator_databases import SettingMissing
from deploy.refusal import Refusal
from deploy.services import SERVICES
from deploy.settings import OperatorSettings
from shared.messaging.broker import BrokerAway, Subscription
from shared.messaging.rabbit import RabbitBroker, Topology

POLICY = "kersey-length"


class BrokerSetupError(Refusal):
    """RabbitMQ cannot be set up; the message says why."""


class NoSuchConsumer(Refusal):
    """No service consumes under that name; the message lists those there are."""


def subscriptions() -> list[Subscription]:
    """What all services consume."""
    return [each for service in SERVICES for each in service.compose().subscriptions]


def consumers() -> list[str]:
    """The names of all that consume, each with its service's."""
    return [each.consumer for each in subscriptions()]


def known(consumer: str) -> str:
    """The consumer itself.

    Raises:
        NoSuchConsumer: no service has one of that name; the message lists those there are.
    """
    there = consumers()
    if consumer not in there:
        message = f"there is no consumer {consumer!r}; there are: {', '.join(there)}"
        raise NoSuchConsumer(message)
    return consumer


def declare_all(settings: OperatorSettings) -> list[str]:
    """Declare exchanges and queues.

    Returns: the consumers.

    Raises:
        SettingMissing: no administrator's address.
        BrokerSetupError: the broker is away, or has a queue that is declared otherwise.
    """
    wanted = subscriptions()
    try:
        RabbitBroker(administrator(settings), name="kersey broker setup").declare(wanted)
    except BrokerAway as error:
        raise BrokerSetupError(str(error)) from error
    return consumers()


def check_all(settings: OperatorSettings) -> list[str]:
    """See that all is there, with the rights that a service has; and, where an administrator's
    address is set, that it is declared as it is to be, which a service may not ask.

    Raises:
        SettingMissing: neither a service's nor an administrator's address.
        BrokerSetupError: what is missing or declared otherwise.
    """
    url = settings.amqp_url or settings.amqp_admin_url
    if url is None:
        message = "KERSEY_AMQP_URL is not set: amqp://user:password@host/vhost"
        raise SettingMissing(message)
    broker = RabbitBroker(url.get_secret_value(), name="kersey broker check", declares=False)
    wanted = subscriptions()
    try:
        for each in wanted:
            broker.ensure(each)
        if settings.amqp_admin_url is not None:
            RabbitBroker(administrator(settings), name="kersey broker check").compare(wanted)
    except BrokerAway as error:
        raise BrokerSetupError(str(error)) from error
    return consumers()


def limit_lengths(settings: OperatorSettings) -> str:
    """Limit the length of the work queues, by a policy: what does not fit stays in the outboxes.

    Dead letters are never limited.

    Returns: what was done, in words.

    Raises:
        BrokerSetupError: the management API refuses.
    """
    if settings.amqp_management_url is None:
        return "no limits set: KERSEY_AMQP_MANAGEMENT_URL is not set"
    prefix = Topology().prefix
    policy = {
        "pattern": rf"^{prefix}\.[a-z0-9-]+\.[a-z0-9-]+$",
        "definition": {"max-length": settings.amqp_queue_length, "overflow": "reject-publish"},
        "apply-to": "queues",
    }
    _put(settings, f"/api/policies/{_vhost(settings)}/{POLICY}", policy)
    return f"queues take {settings.amqp_queue_length} messages at most"


def narrow_rights(settings: OperatorSettings) -> str:
    """Make the services' user, which may read and write what is Kersey's and declare nothing.

    Returns: what was done, in words.

    Raises:
        BrokerSetupError: the management API refuses.
    """
    if settings.amqp_management_url is None or settings.amqp_url is None:
        return "no rights changed: KERSEY_AMQP_URL or KERSEY_AMQP_MANAGEMENT_URL is not set"
    account = urlsplit(settings.amqp_url.get_secret_value())
    user = account.username or "guest"
    if user == urlsplit(administrator(settings)).username:
        return "no rights changed: the services use the administrator's account"
    password = unquote(account.password or "")
    _put(settings, f"/api/users/{user}", {"password": password, "tags": ""})
    own = rf"^{Topology().prefix}\."
    rights = {"configure": "^$", "write": own, "read": own}
    _put(settings, f"/api/permissions/{_vhost(settings)}/{user}", rights)
    return f"{user} may read and write what is Kersey's, and declare nothing"


def administrator(settings: OperatorSettings) -> str:
    """AMQP URL of a user that may declare.

    Raises:
        SettingMissing: it is not set.
    """
    if settings.amqp_admin_url is None:
        message = "KERSEY_AMQP_ADMIN_URL is not set: amqp://user:password@host/vhost"
        raise SettingMissing(message)
    return settings.amqp_admin_url.get_secret_value()


def _vhost(settings: OperatorSettings) -> str:
    path = urlsplit(administrator(settings)).path
    return quote(unquote(path[1:]) or "/", safe="")


def _put(settings: OperatorSettings, path: str, body: object) -> None:
    assert settings.amqp_management_url is not None
    base = settings.amqp_management_url.get_secret_value().rstrip("/")
    try:
        httpx.put(f"{base}{path}", json=body, timeout=20).raise_for_status()
    except httpx.HTTPStatusError as error:
        message = f"RabbitMQ's management API answers {error.response.status_code} for {path}"
        raise BrokerSetupError(message) from error
    except httpx.HTTPError as error:
        message = f"RabbitMQ's management API cannot be reached ({type(error).__name__})"
        raise BrokerSetupError(message) from error
