"""Every channel there is: a new one is a file beside this and a line here."""

from collections.abc import Collection, Mapping

from sqlalchemy import Engine

from services.notifications.channels import Channel
from services.notifications.channels.declaring import Declaration, Format
from services.notifications.channels.email import EMAIL
from services.notifications.channels.inbox import INBOX
from services.notifications.channels.letter import POST
from services.notifications.channels.paper import PAPER
from services.notifications.channels.phone import PHONE
from services.notifications.channels.sms import SMS
from services.notifications.channels.webhook import WEBHOOK
from services.notifications.settings import NotificationsSettings
from shared.delivery import Schedule

CHANNELS: tuple[Declaration, ...] = (
    EMAIL,
    WEBHOOK,
    SMS,
    POST,
    PHONE,
    PAPER,
    INBOX,
)
"""In this order: where two can carry out the same word of the directory, the earlier one does."""

BY_MEANS: Mapping[str, Declaration] = {each.means: each for each in CHANNELS}

BY_A_PERSON = frozenset(each.means for each in CHANNELS if each.make is None)
"""Means that no program uses: a member of staff sees the task and does it."""

IN_WORDS = frozenset(each.means for each in CHANNELS if each.format is Format.WORDS)
"""Means whose messages are words, so that several can go as one."""

SYSTEMS = frozenset(each.means for each in CHANNELS if each.system)
"""Means by which a party's own system is told."""


def asking(usable: Collection[str]) -> Mapping[str, Declaration]:
    """How the directory's words for being asked (care 24) are carried out.

    Args:
        usable: means of programs that the settings say how to use; people need none.
    """
    there = [each for each in CHANNELS if each.means in BY_A_PERSON or each.means in usable]
    return {word: each for each in reversed(there) for word in each.asked_by}


def made(settings: NotificationsSettings, engine: Engine) -> Mapping[str, Channel]:
    """The channels that the settings say how to use, by means.

    Args:
        settings: the service's.
        engine: of its database.
    """
    of_programs = [(each.means, each.make) for each in CHANNELS if each.make is not None]
    channels = {means: make(settings, engine) for means, make in of_programs}
    return {means: channel for means, channel in channels.items() if channel is not None}


def schedule(means: str) -> Schedule:
    """When a channel tries again; what has nobody to go to is looked at as a mail is."""
    return BY_MEANS.get(means, EMAIL).schedule
