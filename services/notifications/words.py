"""What messages say, in plain English, declared by kind. No message names a person.

Reading age 9 to 11 (care 16): short sentences, everyday words, what to do next.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from services.notifications.domain import Kind
from shared.tongues import IN_ENGLISH


@dataclass(frozen=True)
class Words:
    """One message.

    Attributes:
        subject: its subject line; the same for everyone, so that it can tell nothing.
        text: paragraphs between empty lines. `{reference}`, `{code}`, `{minutes}` and `{said}` are
            filled in, for `{hoped}` what `Hoped` says, and for `{day}` a day in the language.
        link: what the link to the answer page is called, where the message has one.
        lang: its language, as a page names it.
        english: how many of the last paragraphs are in English, where the others are not.
    """

    subject: str
    text: str
    link: str | None = None
    lang: str = IN_ENGLISH
    english: int = 0

    def paragraphs(self, **values: object) -> list[str]:
        """The text's paragraphs with `values` filled in, each on one line."""
        lines = [" ".join(each.format(**values).split()) for each in self.text.split("\n\n")]
        return [each for each in lines if each]

    def hoping(self, sentence: str) -> "Words":
        """The same with what is hoped for in its place."""
        return replace(self, text=self.text.replace("{hoped}", sentence))

    def of(self, day: str) -> "Words":
        """The same with the day in its place that it is about."""
        return replace(self, text=self.text.replace("{day}", day))


@dataclass(frozen=True)
class Hoped:
    """How urgent a request is, and by which day its answer is hoped for: `{by}` is filled in.

    Attributes:
        usual: of most requests.
        urgent: of one that its sender marked as urgent.
        usual_brief: as a text message says it.
        urgent_brief: likewise.
    """

    usual: str
    urgent: str
    usual_brief: str
    urgent_brief: str


HOPED = Hoped(
    usual="This request is not urgent. We hope to hear from you by {by}.",
    urgent="This request is urgent. Please answer by {by} if you can.",
    usual_brief="Please answer by {by}.",
    urgent_brief="Urgent: please answer by {by}.",
)


WORDS: Mapping[Kind, Words] = {
    Kind.REQUEST: Words(
        "A new referral waits for you",
        """
        Someone would like to come to your group or service. This is request {reference}.

        {hoped}

        Open the link to see what they need, when and where. You can say yes, put them on your
        waiting list, or say no. It takes about two minutes.

        Please answer even if you cannot help, so that nobody waits for nothing.

        This message does not say who it is. That keeps people safe. You can see a name and how to
        get in touch after you have said yes.
        """,
        "See the request and answer",
    ),
    Kind.NO_LONGER_NEEDED: Words(
        "A request to you is no longer needed",
        """
        Request {reference} has ended: it was taken back, or the link worker's work with the person
        is over. You do not need to answer it or do anything more.

        If you have a name or a phone number for this request, please delete it and do not get in
        touch with the person. If they come to you already, they are welcome to go on: keep their
        details as you keep those of your own members.

        Thank you for being there.
        """,
    ),
    Kind.SHARING_ENDED: Words(
        "Please stop using the details of one request",
        """
        This is about request {reference}. The person has changed their mind about sharing their
        details with you.

        Please delete the details you have, unless the law says that you must keep them. The link
        worker will tell you what happens next.
        """,
    ),
    Kind.UNROUTED: Words(
        "A referral needs someone to look at it",
        """
        A referral came in that no team covers, or that we do not know. Somebody is waiting. This is
        case {reference}.

        Please look at the list of unrouted referrals, and pass it to the right team.
        """,
    ),
    Kind.URGENT: Words(
        "An urgent referral came in: please look now",
        """
        A referral came in that its sender marked as very urgent. This is case {reference}.

        Please look at it now. The sender was told that nobody watches this service
        day and night.
        """,
    ),
    Kind.DECLINED: Words(
        "A provider said no to one of your requests",
        """
        The provider cannot help with request {reference}. The reason is on your list.

        Please look for something else with the person.
        """,
    ),
    Kind.NO_RESPONSE: Words(
        "A provider has not answered one of your requests",
        """
        Nobody has answered request {reference} in time. A phone call may help: small groups do
        not read e-mail every day.

        Please see who was asked, and ring them or look for something else.
        """,
    ),
    Kind.WITHDRAWAL_ASKED: Words(
        "A GP has taken back a referral that has started already",
        """
        This is about case {reference}. The person may be going to a group now.

        Please talk to the person, and decide what happens. Then close the case.
        """,
    ),
    Kind.TRIAGE_WAITS: Words(
        "A person waits for your team",
        """
        This is about case {reference}. Nobody has looked at the referral yet, nobody has tried to
        reach the person, or several tries have reached nobody. Your list says which.

        Please sign in and look at your list. If your team is short of people, tell your team lead
        today, so that somebody can help out.
        """,
    ),
    Kind.TRIAGE_OVERDUE: Words(
        "A person still waits for one of your teams",
        """
        This is about case {reference}. We told the team some days ago. Nobody there has looked at
        the referral yet, or tried to reach the person, or their tries have reached nobody.

        Please ring the team lead. If the team is short of people, pass the case to another team.
        If it still waits some days from now, we tell the practice that sent it.
        """,
    ),
    Kind.HANDED_OVER: Words(
        "A case was handed over to your team",
        """
        Another team has given you one of its cases. The person should not have to wait or to
        start again.

        Please sign in, look at your list, and talk to the team that had it if you need to.
        """,
    ),
    Kind.OPENED_IN_EMERGENCY: Words(
        "One of your cases was opened in an emergency",
        """
        This is about case {reference}. Somebody at your hub has opened it, because they feared for
        somebody and could not wait. They can read it for a short time, and change nothing.

        Please sign in now. The case says who opened it and why, and what they read. Ring them if
        you know more. Your team lead then notes that they have looked at it.
        """,
    ),
    Kind.GP_MESSAGE_FAILED: Words(
        "A letter to a GP did not arrive",
        """
        A message about case {reference} did not reach the GP. The reason is on the case.

        Please sign in now: the case says why, and what to do about it.
        """,
    ),
    Kind.SERVICE_WITHDRAWN: Words(
        "A service that you asked is no longer on the list",
        """
        This is about request {reference}. The service was taken off the list, or is closed for now.
        The person may still wait for it, or go there.

        Please ring the service and the person, and decide what happens. Take the request back if
        it is no use any more.
        """,
    ),
    Kind.SOMEBODY_COUNTS_ON_YOU: Words(
        "Your service is off the list, and someone still counts on you",
        """
        This is about request {reference}. Your service is no longer on our list, or is closed for
        now. Somebody still hopes to come to you, or comes already.

        Please talk to the link worker, so that the person is not left waiting. If you have not
        answered the request yet, please open the link in our first message and say yes or no.

        If your service should be on the list, please tell your hub.
        """,
    ),
    Kind.CHOSEN: Words(
        "The person has chosen your place",
        """
        This is about request {reference}. You offered a place, and the person said yes to it.

        Open the link in our first message to see how to get in touch with them.
        """,
    ),
    Kind.NOT_THIS_TIME: Words(
        "Somebody cannot come one time",
        """
        This is about request {reference}. The person cannot come on {day}. They keep their place,
        and hope to come the next time.

        You need not answer. Your register of that day knows it already.
        """,
    ),
    Kind.PERSON_SAID: Words(
        "A person has sent you a message",
        """
        This is about request {reference}. {said}

        Please sign in and get in touch with them, in a way that is noted as safe.
        """,
    ),
    Kind.TELL_PERSON: Words(
        "Please tell a person yourself",
        """
        This is about request {reference}. There is news about their place. Our message did not
        reach them, or you have noted something that only a person can follow, such as when it is
        safe to call.

        Please sign in, look how they want to be reached, and tell them.
        """,
    ),
    Kind.ASK_PERSON: Words(
        "Please ask a person how to reach them safely",
        """
        This is about request {reference}. There is news about their place. Nobody has noted a way
        to reach them that is safe, so we have not written to them.

        Please ask them which way is safe, note it, and tell them the news.
        """,
    ),
    Kind.WORDS_FOR_PROVIDER: Words(
        "The link worker has written to you",
        """
        This is about request {reference}. The link worker has a question, or something to tell you.

        Please open the link, or sign in, to read it and to answer. If the link does not work, ring
        the link worker.
        """,
        "Read it and answer",
    ),
    Kind.WORDS_FOR_TEAM: Words(
        "A provider has written to you",
        """
        This is about request {reference}. The provider has a question, or something to tell you.

        Please sign in to read it and to answer.
        """,
    ),
    Kind.NUDGE: Words(
        "A person still waits for your answer",
        """
        Some days ago we asked you about request {reference}. Nobody has answered it yet.

        Open the link to say yes, put them on your waiting list, or say no. It takes about two
        minutes. A no is fine: it helps the person find something else.
        """,
        "See the request and answer",
    ),
    Kind.SECOND_NUDGE: Words(
        "Please tell us yes or no",
        """
        This is about request {reference}. We have asked you twice, and a person still waits for
        your answer.

        Please open the link and answer. If that is hard, your hub will ring you soon, and you can
        just tell them.
        """,
        "See the request and answer",
    ),
    Kind.HELP_CALL: Words(
        "Please ring a group that has not answered",
        """
        This is about request {reference}. We have asked the group more than once and have not
        heard. Small groups do not read e-mail every day.

        Please ring or visit them, and note their answer for them. If nobody answers, the request
        is closed soon, and the link worker looks for something else.
        """,
    ),
    Kind.NOT_ARRIVED: Words(
        "A message to a group did not arrive",
        """
        This is about request {reference}. A message to the group will not reach them.

        Please sign in and see which message it was. Ring the group and tell them, or look for
        something else with the person. Your hub knows, and checks how the group is reached.
        """,
    ),
    Kind.NOT_ARRIVED_THERE: Words(
        "We could not reach one of your groups or teams",
        """
        This is about request {reference}. A message about it will not arrive. The list of
        messages says why.

        Please check with them how they are reached, and put it right. Then send the message again
        from the list.
        """,
    ),
    Kind.RING_REFERRER: Words(
        "Please ring whoever referred somebody to us",
        """
        This is about case {reference}. Whoever referred the person may hear how it goes. It takes
        longer than it should, and we cannot write to them.

        Please ring them. It is on your list of calls to make, which says who it is, their number
        and the number on their receipt. Say that we are sorry, that it is still on our list, and
        that they do not have to send it again.

        Please say nothing about the person. If somebody is in danger, they should call 999.
        """,
    ),
    Kind.IDENTITY_CODE: Words(
        "Your code",
        """
        Your code for request {reference} is {code}. It works once, in the next {minutes} minutes.

        Type it on the page that asked for it. Never tell it to anyone, on the phone or by e-mail.
        We will never ask you for it.

        If you did not ask for a code, you can delete this message.
        """,
    ),
    Kind.ANNOUNCEMENT: Words(
        "News from your hub",
        """
        Your hub wrote something for everybody in its place.

        You can read it again when you sign in, until it is over.
        """,
        "Read it there",
    ),
}


TO_REFERRER = (
    "Thank you for thinking of us. It takes longer than it should, and we are sorry. It is still on"
    " our list. You do not have to send it again."
)
"""What is said to whoever referred somebody and is rung; their receipt's number tells of which."""


SIGN_IN = "Sign in and open it"
"""What a link is called that only shows something to whoever signs in."""

DIGEST = Words(
    "News about your requests",
    """
    You asked to hear about some things once a day. This is what came up.

    Please sign in to see each request and what to do next.
    """,
)
"""What stands around several messages in one: the first paragraph before them, the rest after."""


SAID: Mapping[str, str] = {
    "cancel": "They say that they cannot come. Their place was given back.",
    "not-this-time": "They cannot come one time. The group knows, and their place stays.",
    "call-me": "They would like you to call them.",
    "stop-sharing": "They do not want to share with this service any more. We have stopped it.",
    "change-sharing": "They want to change what this service may know about them.",
}
"""What a person said by the link in a message, by its code."""


def said_words(code: str | None) -> str:
    """What a person said, in words; what is not known here is told as no more than that."""
    return SAID.get(code or "", "They would like to hear from you.")
