"""Settings of the web pages."""

from pydantic import Field, SecretStr

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
