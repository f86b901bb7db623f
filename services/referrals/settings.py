"""What the referrals service can be told from outside."""

from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from services.referrals.record import Flow
from shared.settings import ServiceSettings


class ReferralsSettings(ServiceSettings):
    """Settings of the referrals service."""

    answer_days: int = Field(
        default=10, ge=1, description="Days after which a request that got no answer is closed."
    )
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
    allow_private_endpoints: bool = Field(
        default=False,
        description="Subscription endpoints on loopback or private addresses; never in production.",
    )

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins of `browser_origins`."""
        return tuple(each.strip() for each in self.browser_origins.split(",") if each.strip())

    @field_validator("browser_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        for each in filter(None, (part.strip() for part in value.split(","))):
            address = urlsplit(each)
            if f"{address.scheme}://{address.netloc}" != each or not address.hostname:
                raise ValueError("an origin is scheme, host and port alone: https://app.example")
        return value
