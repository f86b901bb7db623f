"""What the referrals service can be told from outside."""

from pydantic import Field, SecretStr

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
    subscription_poll_seconds: float = Field(
        default=0.2, gt=0, description="How often committed events are looked at for Subscriptions."
    )
    allow_private_endpoints: bool = Field(
        default=False,
        description="Subscription endpoints on loopback or private addresses; never in production.",
    )
