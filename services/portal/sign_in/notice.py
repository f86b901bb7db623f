"""How long before the end of a sign-in somebody is told."""

from datetime import timedelta

NOTICE_MINUTES = 5
"""Before the end; a session of less than twice that is told of half-way."""


def seconds_until_last_notice(left: timedelta | None, idle_minutes: int) -> int | None:
    """Seconds on one page after which the end of the sign-in is told of.

    Args:
        left: how long the sign-in lasts at most.
        idle_minutes: after which somebody is signed out who asks for no page.

    Returns:
        None where the page will not be open for so long.
    """
    if left is None or left > timedelta(minutes=idle_minutes + NOTICE_MINUTES):
        return None
    seconds = left.total_seconds() - NOTICE_MINUTES * 60
    return max(0, int(seconds // 60) * 60)
