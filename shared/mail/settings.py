"""Settings of a service that sends mails."""

from collections.abc import Collection
from pathlib import Path
from typing import Literal
from uuid import UUID

from pydantic import Field, SecretStr

from shared.mail.posting import MaildirPost, Post
from shared.mail.smtp import SmtpPost
from shared.settings import ServiceSettings


class MailSettings(ServiceSettings):
    """What whoever sends mails must know."""

    brand: str = Field(default="Kersey", max_length=60, description="The name in messages.")
    smtp_host: str = Field(default="", description="The mail server; none: mails go to `maildir`.")
    smtp_port: int = Field(default=587, ge=1, le=65535)
    smtp_security: Literal["starttls", "tls", "none"] = "starttls"
    smtp_user: str = ""
    smtp_password: SecretStr = SecretStr("")
    smtp_mails_per_connection: int = Field(
        default=100, ge=1, description="Mails in one conversation with the mail server."
    )
    smtp_connections: int = Field(
        default=8, ge=1, description="Conversations with the mail server at once."
    )
    mail_from: str = Field(
        default="kersey@localhost.invalid", description="The sender's address, without a name."
    )
    maildir: Path = Field(
        default=Path("data/mail"), description="Where mails go when there is no mail server."
    )


def post_of(settings: MailSettings) -> Post:
    """Where the settings have mails go."""
    if not settings.smtp_host:
        return MaildirPost(settings.maildir)
    return SmtpPost(
        settings.smtp_host,
        settings.smtp_port,
        security=settings.smtp_security,
        user=settings.smtp_user,
        password=settings.smtp_password.get_secret_value(),
        mails_per_connection=settings.smtp_mails_per_connection,
        connections=settings.smtp_connections,
    )


def forget_mails(settings: MailSettings, keys: Collection[UUID]) -> None:
    """Delete mails that lie in the settings' maildir. What a mail server took is out of reach.

    Args:
        settings: where mails go.
        keys: those of which they were composed.
    """
    if not settings.smtp_host:
        MaildirPost(settings.maildir).forget(keys)
