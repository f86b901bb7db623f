"""Settings of the web pages."""

from urllib.parse import urlsplit

from cryptography.fernet import Fernet, MultiFernet
from pydantic import Field, SecretStr, field_validator

from shared.rate_limits import rates
from shared.settings import ServiceSettings


class PortalSettings(ServiceSettings):
    """What the pages must know beside what every service knows.

    Raises:
        pydantic.ValidationError: as `ServiceSettings`, and on a session key that is none.
    """

    brand: str = Field(
        default="Kersey",
        max_length=60,
        description="The name on the pages. No logo: the NHS's is for NHS services only.",
    )
    languages: str = Field(
        default="en-GB",
        description="In which languages staff and the front door can be read; several with commas,"
        " the first for whoever asks for none of them. Each has a catalogue in"
        " `services/portal/locale`.",
    )
    notifications_url: str = Field(
        default="", description="The notifications service; public_url if none."
    )
    referrals_url: str = Field(default="", description="The referrals service; public_url if none.")
    directory_url: str = Field(default="", description="The directory; public_url if none.")
    identity_url: str = Field(
        default="", description="Kersey's issuer, for the names of colleagues; public_url if none."
    )
    sign_in_client_id: str = Field(
        default="kersey-portal-sign-in",
        description="The OAuth client with which people sign in; its redirect address is"
        " {public_url}/signed-in.",
    )
    sign_in_client_secret: SecretStr = Field(default=SecretStr(""), description="Its secret.")
    session_key: SecretStr = Field(
        default=SecretStr(""),
        description="Protects people's tokens in the database: 32 url-safe base64 bytes. Several "
        "with commas: the first encrypts, all decrypt. Empty: nobody can sign in.",
    )
    session_idle_minutes: int = Field(
        default=30, ge=5, le=240, description="After so long without a page somebody signs in anew."
    )
    session_hours: int = Field(
        default=10, ge=1, le=24, description="So long a sign-in lasts at most."
    )
    front_door_rate: str = Field(
        default="10/minute;60/hour",
        description="Front-door forms that one address may send to one process.",
    )
    front_door_seconds: int = Field(
        default=4,
        ge=0,
        description="Seconds that filling in a front-door form takes at least; less is a program.",
    )
    map_tiles: str = Field(
        default="",
        description="Where maps get their pictures, such as"
        " `https://tiles.example/{z}/{x}/{y}.png`. Empty: maps show places and no streets, and"
        " nobody else is asked for anything.",
    )
    map_attribution: str = Field(
        default="", max_length=200, description="Who made these pictures, as they want it said."
    )
    demo_sign_ins: dict[str, str] = Field(
        default_factory=dict,
        description="Demo clients and whom they stand for, shown on the start page; never in "
        "production.",
    )
    demo_people: tuple[dict[str, str], ...] = Field(
        default=(),
        description="Demo people to sign in as, shown on the start page with their passwords and "
        "codes; never in production.",
    )

    @field_validator("session_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            try:
                session_cipher(value)
            except ValueError as error:
                raise ValueError(
                    "not a key: make one with `python -c 'from cryptography.fernet import Fernet; "
                    "print(Fernet.generate_key().decode())'`"
                ) from error
        return value

    @field_validator("map_tiles")
    @classmethod
    def _is_an_address_of_tiles(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and not (parts.scheme == "https" and parts.netloc and "{z}" in value):
            raise ValueError("an https address with {z}, {x} and {y} in it, or nothing")
        return value

    @field_validator("front_door_rate")
    @classmethod
    def _is_a_front_door_rate(cls, value: str) -> str:
        rates(value)
        return value


def session_cipher(session_key: SecretStr) -> MultiFernet:
    """The cipher of what the portal keeps of a sign-in.

    Raises:
        ValueError: one of the comma-separated keys is not 32 url-safe base64 bytes.
    """
    keys = session_key.get_secret_value().split(",")
    return MultiFernet([Fernet(key.strip()) for key in keys])
