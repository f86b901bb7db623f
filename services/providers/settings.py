"""The directory's settings."""

from pathlib import Path

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
    capacity_ask_days: int = Field(
        default=7,
        ge=0,
        le=366,
        description="Days after which a provider is asked again how much room it has; 0: never.",
    )
    import_bytes: int = Field(
        default=300 * 1024 * 1024,
        ge=1024,
        description="Bytes of a file that is sent for import, and of one document of a feed.",
    )
    import_seconds: float = Field(
        default=60.0, gt=0, description="Seconds that a feed has for one document."
    )
    import_answer_seconds: float = Field(
        default=20.0,
        gt=0,
        description="Seconds after which an import is answered 202 and goes on by itself.",
    )
    import_shrinking: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="Share of a source's services that may vanish at once; more is for a person"
        " to accept.",
    )
    public_seconds: int = Field(
        default=60, ge=0, le=86400, description="How long others may keep a public answer."
    )
    review_days: tuple[int, int, int] = Field(
        default=(365, 182, 91),
        description="Days after which somebody is to look at a listing again, by tier 1, 2, 3.",
    )
    review_hub_after_days: int = Field(
        default=14, ge=1, description="Days after asking a provider to look when its hub is asked."
    )
    unlist_after_days: int = Field(
        default=28,
        ge=0,
        description="Days after asking the hub when a listing nobody looked at is unlisted, if its "
        "provider was told as long ago; 0: never.",
    )
    rounds_seconds: float = Field(
        default=3600, ge=1, description="Seconds between two looks at what is due in the directory."
    )
    changed_freely: tuple[str, ...] = Field(
        default=("alert", "status", "schedules", "kersey.ask_by"),
        description="Members of a listing that its provider changes without its hub's approval.",
    )
    snapshot_dir: Path | None = Field(
        default=None, description="Where a file of the whole directory is kept for each day."
    )
    snapshot_hour: int = Field(
        default=2, ge=0, le=23, description="The hour of `timezone` from which it is written."
    )
    snapshot_days: int = Field(
        default=14, ge=1, le=3660, description="For how many days such a file is kept."
    )
