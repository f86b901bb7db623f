"""What the referrals service can be told from outside."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from services.referrals.gp.mesh.settings import MeshSettings
from services.referrals.record import Flow
from shared.settings import ServiceSettings


class ReferralsSettings(ServiceSettings):
    """Settings of the referrals service."""

    model_config = SettingsConfigDict(env_nested_delimiter="__")

    paging_key: SecretStr = Field(
        min_length=16,
        description="Seals the `next` links of searches; the same on every replica.",
    )
    lawful_basis: dict[Flow, str] = Field(
        default_factory=dict,
        description="By flow of personal data, its lawful basis and controller, in your words.",
    )
    browser_origins: str = Field(
        default="",
        description="Origins whose pages may use the FHIR API in a browser, such as"
        " https://app.example; several with commas. None by default but for what is public.",
    )
    subscription_poll_seconds: float = Field(
        default=0.2, gt=0, description="How often committed events are looked at for Subscriptions."
    )
    break_glass_minutes: int = Field(
        default=60,
        ge=5,
        le=480,
        description="For how long a case that was opened in an emergency can be read.",
    )
    break_glass_sign_in_minutes: int = Field(
        default=10,
        ge=1,
        le=60,
        description="How long ago whoever opens a case in an emergency may have signed in with both"
        " factors.",
    )
    mesh: MeshSettings | None = Field(
        default=None,
        description="The MESH mailbox by which letters go into practices' record systems:"
        " KERSEY_MESH__URL, KERSEY_MESH__MAILBOX and so on; all or none.",
    )
    bars_services: str = Field(
        default="",
        description="Services for which BaRS messages are taken, each system|value as in"
        " NHSD-Target-Identifier; several with commas. By default any.",
    )

    @property
    def message_services(self) -> frozenset[str]:
        """The services of `bars_services`."""
        return frozenset(each.strip() for each in self.bars_services.split(",") if each.strip())

    @property
    def has_mesh(self) -> bool:
        """Whether messages can go to practices by MESH."""
        return self.mesh is not None

    @model_validator(mode="after")
    def _mesh_is_fit_for_production(self) -> Self:
        fault = self.mesh.fault_in_production() if self.mesh else None
        if fault and self.environment == "production":
            raise ValueError(f"mesh: {fault}")
        return self

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins of `browser_origins`."""
        return tuple(each.strip() for each in self.browser_origins.split(",") if each.strip())

    @field_validator("bars_services")
    @classmethod
    def _are_identifiers(cls, value: str) -> str:
        for each in filter(None, (part.strip() for part in value.split(","))):
            system, bar, code = each.partition("|")
            if not (system and bar and code):
                raise ValueError("a service is its identifier, system and value: system|value")
        return value

    @field_validator("browser_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        for each in filter(None, (part.strip() for part in value.split(","))):
            address = urlsplit(each)
            if f"{address.scheme}://{address.netloc}" != each or not address.hostname:
                raise ValueError("an origin is scheme, host and port alone: https://app.example")
        return value
