"""The directory's settings."""

from pydantic import Field

from shared.settings import ServiceSettings


class ProvidersSettings(ServiceSettings):
    """What the directory adds to the settings of every service."""

    profile_url: str = Field(
        default="https://docs.openreferraluk.org/",
        description="Where the Open Referral UK profile is described; published at /directory/.",
    )
    openapi_url: str = Field(
        default="https://openreferraluk.org/specifications/3.0/openapi.json",
        description="The OpenAPI document that the Open Referral UK endpoints follow.",
    )
    capacity_days: int = Field(
        default=28,
        ge=1,
        le=366,
        description="Days after which a capacity that nobody renewed counts as unknown.",
    )
    public_seconds: int = Field(
        default=60, ge=0, le=86400, description="How long others may keep a public answer."
    )
