"""Bounces and complaints as mail servers write them; the texts are our own."""

from textwrap import dedent
from uuid import UUID

DOMAIN = "hub.example.org"


def bounce(
    mail: UUID | str,
    *,
    status: str = "5.1.1",
    action: str = "failed",
    domain: str = DOMAIN,
    header_only: bool = False,
) -> bytes:
    """A delivery status notification (RFC 3464) of a mail of ours."""
    original = dedent(f"""\
        From: Kersey <kersey@{DOMAIN}>
        To: desk@clay.example.org
        Subject: A new referral waits for you
        Message-ID: <{mail}@{domain}>
        """)
    kind = "text/rfc822-headers" if header_only else "message/rfc822"
    body = "" if header_only else "\nSomeone would like to come to your group.\n"
    text = dedent(f"""\
        Return-Path: <>
        From: Mail Delivery System <MAILER-DAEMON@mx.clay.example.org>
        To: bounces@{DOMAIN}
        Subject: Undelivered Mail Returned to Sender
        Auto-Submitted: auto-replied
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status; boundary="here"

        --here
        Content-Type: text/plain; charset=us-ascii

        Your message could not be delivered.

        --here
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mx.clay.example.org
        Arrival-Date: Mon, 2 Mar 2026 09:30:00 +0000

        Final-Recipient: rfc822; desk@clay.example.org
        Action: {action}
        Status: {status}
        Remote-MTA: dns; mx.clay.example.org
        Diagnostic-Code: smtp; 550 5.1.1 <desk@clay.example.org>: no such mailbox

        --here
        Content-Type: {kind}

        """)
    return (text + original + body + "\n--here--\n").replace("\n", "\r\n").encode()


def complaint(mail: UUID | str, kind: str = "abuse") -> bytes:
    """A complaint in the Abuse Reporting Format (RFC 5965)."""
    text = dedent(f"""\
        From: Feedback <fbl@mail.example.net>
        To: bounces@{DOMAIN}
        Subject: FW: A new referral waits for you
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=feedback-report; boundary="here"

        --here
        Content-Type: text/plain

        A reader marked this mail as unwanted.

        --here
        Content-Type: message/feedback-report

        Feedback-Type: {kind}
        User-Agent: Sorter/1.0
        Version: 1

        --here
        Content-Type: message/rfc822

        From: Kersey <kersey@{DOMAIN}>
        Subject: A new referral waits for you
        Message-ID: <{mail}@{DOMAIN}>

        Someone would like to come to your group.

        --here--
        """)
    return text.replace("\n", "\r\n").encode()
