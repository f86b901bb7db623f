"""What messages about how a party is reached say, in plain English, declared by kind."""

from collections.abc import Mapping

from services.notifications.reach.notice import Kind, ReachNotice
from services.notifications.words import Words
from shared.short_names import reference

WORDS: Mapping[Kind, Words] = {
    Kind.ENDPOINT_OFF: Words(
        "Your system does not get our messages any more",
        """
        We tell your system about requests. It has not taken our messages for a while, or it said
        that it wants no more. So we have stopped sending to it. This is contact {reference}.

        What your system would have been told is kept for {days} days. Please ask whoever looks
        after it to put it right, and to switch our messages on again. Your hub can do that too.

        Then your system gets what it missed.
        """,
    ),
    Kind.ENDPOINT_OFF_OF_THEIRS: Words(
        "A system of one of your groups does not get our messages",
        """
        This is about {name}, contact {reference}. Their system has not taken our messages for a
        while, or it said that it wants no more. So we have stopped sending to it.

        Please make sure that they hear of new requests in another way, such as by e-mail. What
        their system misses is kept for {days} days.

        When it works again, switch it on. Then it gets what it missed.
        """,
    ),
    Kind.ADDRESS_UNUSABLE: Words(
        "We cannot reach one of your e-mail addresses",
        """
        We write to you by e-mail about requests. Our messages to one of your addresses come back,
        or somebody marked them as not wanted. So we do not write to it any more. This is contact
        {reference}.

        Please tell your hub how to reach you. They can check the address with you, or set another.
        """,
    ),
    Kind.ADDRESS_UNUSABLE_OF_THEIRS: Words(
        "We cannot reach one of your groups by e-mail",
        """
        This is about {name}, contact {reference}. Our messages to it come back, or somebody marked
        them as not wanted. So we do not write to that address any more.

        Please ring them. Check the address with them, or set another, and say that you have
        checked it. Then we write to it again.

        Please see on your list which requests did not reach them.
        """,
    ),
}


def written(notice: ReachNotice, name: str | None, *, days: float) -> tuple[str, list[str]]:
    """A message's subject and paragraphs.

    Args:
        notice: what it is about.
        name: what the party is called in public.
        days: for how long messages wait for a webhook that is switched off.
    """
    words = WORDS[notice.kind]
    filled = words.paragraphs(
        reference=reference(notice.about), name=name or "one of your groups", days=f"{days:g}"
    )
    return words.subject, filled
