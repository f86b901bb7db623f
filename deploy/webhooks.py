"""Providers' own systems, for the operator: the database of notifications, and its link key."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import Engine

from deploy.data_folder import LINKS, DataFolder
from deploy.every_database import every_database
from deploy.refusal import Refusal
from deploy.settings import OperatorSettings
from services.notifications.handlers import contacts
from services.notifications.keys import Keys
from services.notifications.reach import endpoints
from services.notifications.reach.endpoints import Standing
from shared.database import UnitOfWork


class NoSuchWebhook(Refusal):
    """No contact of that id is a webhook."""


class NoLinkKey(Refusal):
    """A secret cannot be sealed without the key that the service opens it with."""


def standing(command: str, *, party: str | None = None) -> list[Standing]:
    """Webhooks and how they stand.

    Args:
        command: shown to the database's operator.
        party: only this one's.
    """
    with _database(command) as engine, UnitOfWork(engine) as uow:
        return endpoints.standing(uow, party=party)


def one(command: str, webhook: UUID) -> Standing:
    """One webhook.

    Raises:
        NoSuchWebhook: there is none.
    """
    with _database(command) as engine:
        return _one(engine, webhook)


def disabled(webhook: UUID, by: str) -> bool:
    """Send it nothing more; False where it is off already.

    Raises:
        NoSuchWebhook: there is none.
    """
    with _database("disable") as engine:
        _one(engine, webhook)
        return endpoints.disable(engine, webhook, by=by)


def enabled(webhook: UUID) -> int:
    """Switch it on; how many messages go out now.

    Raises:
        NoSuchWebhook: there is none.
    """
    with _database("enable") as engine:
        _one(engine, webhook)
        return endpoints.enable(engine, webhook)


def rotated(webhook: UUID, overlap_hours: int) -> str:
    """Its new secret.

    Raises:
        NoSuchWebhook: there is none.
        NoLinkKey: neither the environment nor a data folder has the key.
    """
    keys = Keys(_link_key(OperatorSettings()))
    with _database("rotate") as engine, UnitOfWork(engine) as uow:
        secret = contacts.rotate(uow, keys, webhook, overlap=timedelta(hours=overlap_hours))
        uow.commit()
    if secret is None:
        raise _none(webhook)
    return secret


def _link_key(settings: OperatorSettings) -> SecretStr:
    if settings.link_key is not None:
        return settings.link_key
    if settings.admin_database_url is not None:
        message = "KERSEY_LINK_KEY is not set: notifications could not open the new secret"
        raise NoLinkKey(message)
    return SecretStr(DataFolder(settings.data_dir, "webhooks rotate").password(LINKS))


def _one(engine: Engine, webhook: UUID) -> Standing:
    with UnitOfWork(engine) as uow:
        for each in endpoints.standing(uow, contact=webhook):
            return each
    raise _none(webhook)


def _none(webhook: UUID) -> NoSuchWebhook:
    return NoSuchWebhook(f"there is no webhook {webhook}; see `kersey webhooks list`")


@contextmanager
def _database(command: str) -> Iterator[Engine]:
    with every_database(OperatorSettings(), f"webhooks {command}") as engines:
        yield engines["notifications"]
