"""Sends invitations."""

from email.policy import SMTP as SMTP_POLICY
from uuid import uuid4

import structlog

from services.identity.people.accounts import Invited
from services.identity.settings import IdentitySettings
from shared.delivery import Undelivered
from shared.mail import Composer, Post, Written, post_of

log = structlog.get_logger(__name__)


class NotSent(RuntimeError):
    """The mail server did not take the invitation; the message says so. Invite again later."""


class Inviter:
    """Writes invitations and posts them, outside any transaction.

    Args:
        settings: say how mails go, and where the issuer is.
        post: where mails go; by default as the settings say.
    """

    def __init__(self, settings: IdentitySettings, post: Post | None = None) -> None:
        self._settings = settings
        self._post = post or post_of(settings)
        self._composer = Composer(sender=settings.mail_from, brand=settings.brand)

    def send(self, invited: Invited) -> None:
        """Send an invitation.

        Raises:
            NotSent: it did not go.
        """
        settings = self._settings
        if settings.environment == "production" and not settings.smtp_host:
            raise NotSent("no mail server is set, so nobody would get it: set KERSEY_SMTP_HOST")
        written = Written(
            subject=f"Your account with {settings.brand}",
            paragraphs=(
                (
                    "You can set your password now. You need a phone or a computer with an app that"
                    " makes sign-in codes."
                ),
                (
                    f"The link works once and for {settings.invitation_hours} hours. If you did not"
                    " expect this message, you need not do anything."
                ),
            ),
            link="Set your password",
            url=f"{settings.issuer}/invitation/{invited.token}",
        )
        message = self._composer.composed(uuid4(), written, invited.email)
        try:
            self._post.post(settings.mail_from, invited.email, message.as_bytes(policy=SMTP_POLICY))
        except Undelivered as error:
            log.warning("invitation.not_sent", account=str(invited.account), why=str(error))
            message_words = f"the invitation did not go out ({error}): invite again"
            raise NotSent(message_words) from error
        finally:
            self._post.rest()
        log.info("invitation.sent", account=str(invited.account))
