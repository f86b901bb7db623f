"""E-mail: addresses, what a mail says in its two forms, and handing it over."""

from shared.mail.address import mail_address
from shared.mail.composing import Choices, Composer, Look, Written
from shared.mail.posting import MaildirPost, Post
from shared.mail.settings import MailSettings, forget_mails, post_of
from shared.mail.smtp import SmtpPost

__all__ = [
    "Choices",
    "Composer",
    "Look",
    "MailSettings",
    "MaildirPost",
    "Post",
    "SmtpPost",
    "Written",
    "forget_mails",
    "mail_address",
    "post_of",
]
