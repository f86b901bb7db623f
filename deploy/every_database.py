"""All services' databases at once, for what an operator does over the whole house."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from pydantic import SecretStr
from sqlalchemy import Engine

from deploy.data_folder import DataFolder
from deploy.embedded_postgres import running_url
from deploy.engines import opened
from deploy.operator_databases import url_of
from deploy.services import SERVICES
from deploy.settings import OperatorSettings
from services.referrals.settings import ReferralsSettings


@contextmanager
def every_database(settings: OperatorSettings, command: str) -> Iterator[Mapping[str, Engine]]:
    """An engine on each service's database, by the service's name, until the block ends.

    On the operator's server where `KERSEY_ADMIN_DATABASE_URL` and the passwords say where it is,
    else on that of the Kersey which runs on the data folder.

    Parameters:
        settings: the operator's.
        command: shown to the database's operator.

    Raises:
        SettingMissing: a password is not set.
        NothingRuns: there is neither a server nor a Kersey on the data folder.
    """
    folder = DataFolder(settings.data_dir, command)
    with ExitStack() as stack:
        yield {
            each.name: stack.enter_context(
                opened(
                    url_of(each, settings)
                    if settings.admin_database_url
                    else running_url(folder, each.database_name),
                    2,
                    command,
                )
            )
            for each in SERVICES
        }


def referrals_settings(settings: OperatorSettings) -> ReferralsSettings:
    """Settings with which a command works on the referrals service's database.

    Parameters:
        settings: the operator's.
    """
    return ReferralsSettings(
        public_url=settings.public_url,
        database_url=SecretStr("opened already"),
        paging_key=SecretStr("a command reads no pages"),
    )
