"""The services' databases on an operator's server, from the operator's settings."""

from deploy.databases import ServiceDatabase, as_role
from deploy.refusal import Refusal
from deploy.services import SERVICES, Service
from deploy.settings import OperatorSettings


class SettingMissing(Refusal):
    """A command needs a setting that is not there; the message names it."""


def administrator(settings: OperatorSettings) -> str:
    """URL of the role that may create roles and databases.

    Raises:
        SettingMissing: it is not set.
    """
    if settings.admin_database_url is None:
        message = "KERSEY_ADMIN_DATABASE_URL is not set: postgresql://role:password@host/postgres"
        raise SettingMissing(message)
    return settings.admin_database_url.get_secret_value()


def service_databases(settings: OperatorSettings) -> list[ServiceDatabase]:
    """Each service's database with the password that the operator chose.

    Raises:
        SettingMissing: naming every password that is not set.
    """
    missing = [each.name for each in SERVICES if each.name not in settings.database_password]
    if missing:
        names = ", ".join(f"KERSEY_DATABASE_PASSWORD__{name.upper()}" for name in missing)
        message = f"not set: {names}"
        raise SettingMissing(message)
    return [_database(each, settings) for each in SERVICES]


def url_of(service: Service, settings: OperatorSettings) -> str:
    """Under which a service's own role opens its database.

    Raises:
        SettingMissing: the administrator's address or the password is not set.
    """
    by_name = {each.name: each for each in service_databases(settings)}
    return as_role(administrator(settings), by_name[service.database_name])


def _database(service: Service, settings: OperatorSettings) -> ServiceDatabase:
    password = settings.database_password[service.name].get_secret_value()
    return ServiceDatabase(service.database_name, password)
