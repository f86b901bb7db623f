"""What messages about listings say, in plain English, declared by kind.

Reading age 9 to 11 (care 16). They name the listing, which is public, and no person.
"""

from collections.abc import Mapping

from services.notifications.listings.notice import ListingNotice
from services.notifications.listings.rules import Kind
from services.notifications.words import Words

UNNAMED = "a listing that is not public yet"
"""What a listing is called of which no name is known here yet."""

WORDS: Mapping[Kind, Words] = {
    Kind.SUBMITTED: Words(
        "A listing waits for you to look at it",
        """
        A group or service wrote or changed its listing: {name}. It waits for your yes.

        Please sign in and look at it. You can agree, or send it back and say what should change.
        Until then people see what was there before.
        """,
    ),
    Kind.SENT_BACK: Words(
        "Your hub asks for a change in your listing",
        """
        This is about {name}. Your hub has read what you wrote and asks for a change.

        Please look at what they say, change it, and send it again. Until then people see what was
        there before.
        """,
    ),
    Kind.APPROVED: Words(
        "Your hub has said yes to your listing",
        """
        This is about {name}. Your hub has said yes to what you wrote. It is on the list now, or
        from the day that was agreed.

        Thank you for keeping it up to date.
        """,
    ),
    Kind.CLAIMED: Words(
        "Somebody asks to keep a listing",
        """
        This is about {name}. Somebody says that they work there and asks to keep its listing up to
        date.

        Please find out if that is so: a call to the number on the list is best. Then say yes or
        no, and why.
        """,
    ),
    Kind.CLAIMED_OF_YOURS: Words(
        "Somebody asks to keep your listing",
        """
        This is about {name}. Somebody says that they work with you and asks to keep your listing
        up to date.

        If that is one of you, you need do nothing. If you do not know of it, please tell your hub
        soon.
        """,
    ),
    Kind.CLAIM_ACCEPTED: Words(
        "You can keep a listing up to date now",
        """
        This is about {name}. You asked to keep its listing up to date, and its hub has said yes.

        Please sign in and look at it. Change what is wrong. The hub looks at what you write before
        people see it.
        """,
    ),
    Kind.CLAIM_REFUSED: Words(
        "Your hub has said no about a listing",
        """
        This is about {name}. You asked to keep its listing up to date, and its hub has said no.

        Please sign in to read why. If you think that this is wrong, ring the hub.
        """,
    ),
    Kind.KEEPING_ENDED: Words(
        "You do not keep a listing any more",
        """
        This is about {name}. You kept its listing up to date. Its hub has ended that.

        Please sign in to read why. If you think that this is wrong, ring the hub.
        """,
    ),
    Kind.LOOK: Words(
        "Is your listing still right?",
        """
        This is about {name}. Nobody has checked for a while if what the list says is still right:
        the days, the place, the price, how to get in touch.

        Please look at it, change what is wrong, and tell us that it is right. You can also ring
        your hub and tell them.
        {what_then}
        """,
    ),
    Kind.LOOK_FOR_THEM: Words(
        "A group has not said if its listing is still right",
        """
        This is about {name}. We asked the group and have not heard. Small groups do not read
        e-mail every day: a phone call or a visit may help.

        Please find out if the listing is still right, and say so on the list.
        {what_then}
        """,
    ),
    Kind.CAPACITY: Words(
        "Do you have room for new people?",
        """
        Once a week we ask if you have room, so that nobody is sent to a full group.

        Please choose one link for each group or service. It opens a page where you press one
        button. You need no password. If nothing has changed, please tell us that too.
        """,
    ),
    Kind.TIER_ENDING: Words(
        "Papers for a listing run out soon",
        """
        This is about {name}. Some of the papers that we have seen for it run out in {days} days.
        After that it can take fewer kinds of referral.

        Please show the hub new ones before that day.
        """,
    ),
    Kind.TIER_CHANGED: Words(
        "What a listing can be used for has changed",
        """
        This is about {name}. Papers for it have run out, or new ones count from today. So the
        kinds of referral that it can take have changed.

        Please look at the listing. If something is missing, show it to the hub.
        """,
    ),
}

GOES = """
If nobody says that it is right, it may go off the list after {days} days. You can bring it back at
any time.
"""


def written(notice: ListingNotice, name: str | None) -> tuple[str, list[str]]:
    """A message's subject and paragraphs.

    Args:
        notice: what it is about.
        name: what the listing is called in public.
    """
    words = WORDS[notice.kind]
    goes = f"\n\n{GOES.format(days=notice.days)}" if notice.days else ""
    text = words.text.replace("{what_then}", goes)
    filled = Words(words.subject, text).paragraphs(name=name or UNNAMED, days=notice.days)
    return words.subject, [each for each in filled if each]
