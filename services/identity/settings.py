"""Settings of the issuer."""

from cryptography.fernet import Fernet, MultiFernet
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from shared.mail import MailSettings


class IdentitySettings(MailSettings):
    """What the issuer must know beside what every service knows.

    Raises:
        pydantic.ValidationError: as `ServiceSettings`, and on a key-encryption key that is none.
            The message never repeats a value, because it ends up in a start-up log.
    """

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    key_encryption_key: SecretStr = Field(
        description="Protects signing keys in the database: 32 url-safe base64 bytes. Several with "
        "commas: the first encrypts, all decrypt, so that it can be changed without an outage."
    )
    token_lifetime: int = Field(
        default=300,
        ge=1,
        le=300,
        description="Seconds for which an access token is good (SMART Backend Services: 300).",
    )

    session_idle_minutes: int = Field(
        default=30, ge=1, le=720, description="Minutes after which a browser left alone signs out."
    )
    session_hours: int = Field(
        default=10,
        ge=1,
        le=72,
        description="Hours after which a person signs in again in any case; also the longest life "
        "of refresh tokens.",
    )
    invitation_hours: int = Field(
        default=72, ge=1, le=336, description="Hours for which an invitation can be taken up."
    )

    languages: str = Field(
        default="en-GB",
        description="In which languages the pages of signing in can be read; several with commas,"
        " the first for whoever asks for none of them. Each has a catalogue in"
        " `services/identity/locale`.",
    )

    @field_validator("key_encryption_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        try:
            cipher_of(value)
        except ValueError as error:
            raise ValueError(
                "not a key: make one with `python -c 'from cryptography.fernet import Fernet; "
                "print(Fernet.generate_key().decode())'`"
            ) from error
        return value

    @property
    def token_endpoint(self) -> str:
        """The token endpoint's public address: the `aud` of a client's assertion."""
        return f"{self.issuer}/token"


def cipher_of(key_encryption_key: SecretStr) -> MultiFernet:
    """The cipher for signing keys at rest.

    Raises:
        ValueError: one of the comma-separated keys is not 32 url-safe base64 bytes.
    """
    keys = key_encryption_key.get_secret_value().split(",")
    return MultiFernet([Fernet(key.strip()) for key in keys])
