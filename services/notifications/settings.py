"""Settings of the notifications service."""

from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from services.notifications.hours import Hours, SheetDays, hours_of
from shared.mail import MailSettings

Weekday = Annotated[int, Field(ge=1, le=7)]


class NotificationsSettings(MailSettings):
    """What notifications must know beside what every service knows.

    Raises:
        pydantic.ValidationError: as `ServiceSettings`; on a link key that is too short; in
            production without a mail server, because a sink would be a silent end.
    """

    model_config = SettingsConfigDict(hide_input_in_errors=True)

    link_key: SecretStr = Field(
        description="Answer links and one-time codes are derived from it, webhook secrets are "
        "sealed with it: at least 32 random characters. Several with commas: the first is used, "
        "all are understood, so that it can be changed without an outage."
    )
    referrals_url: str = Field(default="", description="The referrals service; public_url if none.")
    providers_url: str = Field(default="", description="The directory; public_url if none.")
    capacity_link_days: int = Field(
        default=14, ge=1, le=366, description="Days for which a link of the weekly message works."
    )
    bounce_address: str = Field(
        default="",
        description="Where mail servers send what they could not deliver; `mail_from` if none.",
    )
    bounce_maildir: Path | None = Field(
        default=None, description="A maildir with what came to that address, to be read."
    )
    bounce_imap_host: str = Field(
        default="", description="An IMAP server with a mailbox to which that came; none: none."
    )
    bounce_imap_port: int = Field(default=993, ge=1, le=65535)
    bounce_imap_security: Literal["tls", "starttls", "none"] = "tls"
    bounce_imap_user: str = ""
    bounce_imap_password: SecretStr = SecretStr("")
    bounce_imap_folder: str = Field(default="INBOX", description="The folder that is read.")
    bounce_token: SecretStr = Field(
        default=SecretStr(""),
        description="Token of whoever hands such messages over by HTTP; none: nobody does.",
    )
    bounce_limit: int = Field(
        default=3,
        ge=1,
        description="Mails that do not arrive within 30 days, after which an address is not used.",
    )
    notify_key: SecretStr = Field(
        default=SecretStr(""), description="API key of GOV.UK Notify, for texts and letters."
    )
    notify_url: str = Field(
        default="https://api.notifications.service.gov.uk", description="Where Notify answers."
    )
    notify_sms_template: str = Field(
        default="", description="Id of a text template with the field ((message)); none: no texts."
    )
    notify_letter_template: str = Field(
        default="",
        description="Id of a letter template with ((subject)) and ((body)); none: no letters.",
    )
    notify_receipt_token: SecretStr = Field(
        default=SecretStr(""), description="Token with which Notify sends its receipts."
    )
    delivery_threads: int = Field(default=96, ge=1, le=200, description="Messages sent at once.")
    delivery_lease_seconds: float = Field(
        default=300,
        ge=5,
        description="A worker that has not reported a message after so long counts as lost, and "
        "another takes it up: longer than a mail server may take.",
    )
    no_contact_minutes: int = Field(
        default=10,
        ge=0,
        description="Minutes for which a message waits for its party's contact before it fails.",
    )
    endpoint_failures: int = Field(
        default=5,
        ge=1,
        description="A webhook is switched off after so many failures in a row, if they span"
        " `endpoint_failing_hours` too. One that answers 410 is switched off at once.",
    )
    endpoint_failing_hours: float = Field(
        default=12, ge=0, description="Hours for which a webhook must have failed, likewise."
    )
    endpoint_hold_days: float = Field(
        default=5,
        gt=0,
        description="Days for which a message waits for a webhook that is switched off; then it"
        " has failed, and that is told.",
    )
    person_hours: str = Field(
        default="09:00-20:00",
        description="Hours, local, in which persons are written to; what is due outside waits. A"
        " reminder goes the day before, an hour after they begin.",
    )
    sheets_weekday: Weekday = Field(
        default=1,
        description="On which day of the week sheets for those who are asked on paper are to be"
        " printed: 1 is Monday.",
    )
    sheets_weekdays: dict[str, Weekday] = Field(
        default={}, description="The day of each hub that has another one, by its code."
    )
    sheets_hour: int = Field(
        default=7, ge=0, le=23, description="From which hour of that day on, local."
    )
    answer_link_days: int = Field(default=90, ge=1, description="Days for which a link works.")
    answer_session_hours: int = Field(default=12, ge=1, description="Hours after opening a link.")
    code_minutes: int = Field(default=10, ge=1, description="Minutes for which a code works.")
    identified_minutes: int = Field(
        default=30, ge=1, description="Minutes for which a code lets its reader see who it is."
    )

    @field_validator("link_key")
    @classmethod
    def _long_enough(cls, value: SecretStr) -> SecretStr:
        if any(len(key) < 32 for key in value.get_secret_value().split(",")):
            raise ValueError("a link key has at least 32 characters")
        return value

    @field_validator("person_hours")
    @classmethod
    def _are_hours(cls, value: str) -> str:
        hours_of(value, "UTC")
        return value

    @property
    def hours(self) -> Hours:
        """The hours of `person_hours`."""
        return hours_of(self.person_hours, self.timezone)

    @property
    def sheet_days(self) -> SheetDays:
        """When sheets are printed."""
        zone = ZoneInfo(self.timezone)
        return SheetDays(zone, self.sheets_weekday, self.sheets_weekdays, self.sheets_hour)

    @model_validator(mode="after")
    def _no_sink_in_production(self) -> Self:
        if self.environment == "production" and not self.smtp_host:
            raise ValueError("smtp_host is needed in production: without it nobody gets a mail")
        return self
