"""Settings of the web pages."""

from pydantic import Field, SecretStr, field_validator

from shared.rate_limits import rates
from shared.settings import ServiceSettings


class PortalSettings(ServiceSettings):
    """What the pages must know beside what every service knows."""

    database_url: SecretStr = Field(
        default=SecretStr(""), description="Not used: the pages keep nothing."
    )
    brand: str = Field(
        default="Kersey",
        max_length=60,
        description="The name on the pages. No logo: the NHS's is for NHS services only.",
    )
    notifications_url: str = Field(
        default="", description="The notifications service; public_url if none."
    )
    referrals_url: str = Field(
        default="",
        description="The referrals service, where the front door hands in; public_url if none.",
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
    demo_sign_ins: dict[str, str] = Field(
        default_factory=dict,
        description="Demo clients and whom they stand for, shown on the start page; never in "
        "production.",
    )

    @field_validator("front_door_rate")
    @classmethod
    def _is_a_front_door_rate(cls, value: str) -> str:
        rates(value)
        return value
