"""The issuer's settings for a command: those that are set, else those of the Kersey beside it."""

from pydantic import SecretStr, ValidationError

from deploy.answering_url import answering_url
from deploy.data_folder import ISSUER_KEYS, DataFolder
from deploy.embedded_postgres import NothingRuns, running_url
from deploy.services import service
from deploy.settings import OperatorSettings
from services.identity.settings import IdentitySettings

NEEDED = {"database_url", "key_encryption_key"}
"""What `kersey run` makes itself; an operator who set either of them means their own server."""


def issuer_settings(command: str) -> IdentitySettings:
    """From the environment; where it names neither database nor key, from the data folder.

    So a command works beside `make run` as it does on an operator's server.

    Parameters:
        command: what asks, e.g. `people`.

    Raises:
        pydantic.ValidationError: what is set is wrong, or only half of what is needed.
        NothingRuns: nothing is set and no Kersey runs on the data folder.
    """
    try:
        return IdentitySettings()
    except ValidationError as error:
        if {each["loc"][:1] for each in error.errors()} != {(name,) for name in NEEDED}:
            raise
    return _beside(OperatorSettings(), command)


def _beside(settings: OperatorSettings, command: str) -> IdentitySettings:
    folder = DataFolder(settings.data_dir, command)
    try:
        url = running_url(folder, service("identity").database_name)
    except NothingRuns as error:
        names = " and ".join(f"KERSEY_{name.upper()}" for name in sorted(NEEDED))
        message = f"{error}, or set identity's {names}"
        raise NothingRuns(message) from error
    return IdentitySettings(
        public_url=answering_url(settings),
        database_url=SecretStr(url),
        key_encryption_key=SecretStr(folder.encryption_key(ISSUER_KEYS)),
        maildir=folder.mail,
    )
