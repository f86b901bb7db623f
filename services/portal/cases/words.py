"""What the link worker's pages say for the codes of the case API."""

from collections.abc import Mapping

from shared.languages import _

STATES: Mapping[str, str] = {
    "new": _("New"),
    "unrouted": _("No team yet"),
    "triage-accepted": _("First contact due"),
    "person-accepted": _("Looking for something"),
    "provider-asked": _("Waiting for an answer"),
    "place-found": _("Place found"),
    "nothing-fits": _("Nothing fits yet"),
    "withdrawal-asked": _("GP asked to withdraw"),
    "returned": _("Sent back"),
    "withdrawn": _("Withdrawn"),
    "closed": _("Closed"),
    "not-reached": _("Ended: not reached"),
    "person-declined": _("Ended: person said no"),
    "person-ended-early": _("Ended early"),
    "died-or-moved": _("Ended: died or moved"),
}
"""Where a case stands: the triage Task's businessStatus."""

COLOURS: Mapping[str, str] = {
    "new": "blue",
    "unrouted": "red",
    "triage-accepted": "yellow",
    "provider-asked": "purple",
    "place-found": "green",
    "nothing-fits": "orange",
    "withdrawal-asked": "red",
}
"""Of a state's tag; the words say it too, so that nobody needs the colour."""


def state_words(state: str, provider_state: str | None, *, reached: bool) -> str:
    """Where a case stands; who is on a waiting list has their answer, and who was reached is not
    due to be.
    """
    if state == "triage-accepted" and reached:
        return _("Reached, has not said yes")
    if state == "provider-asked" and provider_state == "waiting-list":
        return _("On a waiting list")
    return STATES.get(state, state)


WITH_THE_CASE = "case-closed"
"""Why a request ended that nobody took back: its case was closed."""
ENDED_UNUSED: Mapping[bool, str] = {
    True: _("answered, and no start was noted before the case was closed"),
    False: _("not answered when the case was closed"),
}
"""What came of such a request, by whether the service had answered."""

PROVIDER_STATES: Mapping[str, str] = {
    "awaiting-answer": _("asked, no answer yet"),
    "waiting-list": _("on the waiting list"),
    "offered": _("offers a place"),
    "selected": _("said yes"),
    "started": _("started"),
    "attended": _("going"),
    "completed": _("finished"),
    "did-not-come": _("did not come"),
    "person-ended-early": _("stopped early"),
    "provider-declined": _("said no"),
    "provider-silent": _("did not answer in time"),
    "cancelled": _("taken back"),
    "not-chosen": _("another was chosen"),
    "withdrawn": _("withdrawn by the GP"),
}
"""What a provider said: its Task's businessStatus."""


def provider_words(state: str, reason: str | None, *, answered: bool) -> str:
    """What became of a request; one that ended with its case was not taken back by anybody."""
    if state == "cancelled" and reason == WITH_THE_CASE:
        return ENDED_UNUSED[answered]
    return PROVIDER_STATES.get(state, state)


DELIVERIES: Mapping[str, str] = {
    "queued": _("message is on its way"),
    "sending": _("message is on its way"),
    "sent": _("message sent"),
    "delivered": _("message arrived"),
    "failed": _("message did not arrive"),
    "bounced": _("message came back"),
    "unknown": _("not known whether the message arrived"),
    "superseded": _("message not needed any more"),
}
"""Whether a provider's last message arrived."""

SHOWN: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "all": (_("All open"), {}),
    "mine": (_("Mine"), {"allocated_to": "me"}),
    "nobody": (_("Nobody’s"), {"allocated_to": "nobody"}),
    "worried": (_("Somebody is worried"), {"worried": "true", "open": "false"}),
    "urgent": (_("Urgent"), {"urgent": "true"}),
    "overdue": (_("Overdue"), {"overdue": "true"}),
    "due": (_("Next step due"), {"due": "true"}),
    "new": (_("New"), {"state": "new"}),
    "contact": (_("First contact due"), {"contact_due": "true"}),
    "reached": (_("Reached, has not said yes"), {"not_agreed": "true"}),
    "looking": (_("Looking"), {"state": "person-accepted"}),
    "answer": (_("Waiting for an answer"), {"state": "provider-asked"}),
    "place": (_("Place found"), {"state": "place-found"}),
    "nothing": (_("Nothing fits yet"), {"state": "nothing-fits"}),
    "withdrawal": (_("GP asked to withdraw"), {"state": "withdrawal-asked"}),
    "opened": (_("Something opened"), {"opened": "true"}),
    "agreement": (_("Agreement expiring"), {"agreement_ending": "true"}),
    "intensive": (_("Intensive"), {"complexity": "intensive"}),
    "gp": (_("Message to the GP to do"), {"gp_to_do": "true", "open": "false"}),
    "unrouted": (_("No team yet"), {"unrouted": "true"}),
    "ended": (_("Ended"), {"ended": "true"}),
}
"""The filters of the list: their words, and the question to the case API."""

COMPANY: Mapping[str, str] = {
    "women": _("Women only"),
    "men": _("Men only"),
    "mixed": _("Women and men"),
    "lgbt": _("LGBT+ people"),
}
"""Whom a group is for, by the directory's codes."""

SOME_ALONE: Mapping[str, str] = {
    "women": _("For women only: check that this suits."),
    "men": _("For men only: check that this suits."),
    "lgbt": _("For LGBT+ people: check that this suits."),
}
"""What is to be looked at before somebody goes to a group that is not for everyone."""

DANGER: Mapping[str, str] = {
    "self-harm": _("They may think of ending their life, or of hurting themself. Ask them so."),
    "violence": _(
        "They may be hurt at home, or afraid of somebody there. Ask them alone. The National"
        " Domestic Abuse Helpline is free, day and night: 0808 2000 247."
    ),
    "no-shelter": _(
        "They may have nowhere to sleep. Ring the council’s team for homeless people today."
    ),
    "no-food": _("They may have nothing to eat. Get them a food parcel today."),
}
"""What to do first where own words may speak of danger, by the directory's kinds (care 11)."""

LEVELS: Mapping[str, str] = {
    "light": _("Light: information, or one thing to arrange"),
    "steady": _("Steady: some contacts over some weeks"),
    "high": _("High: several needs, or months of support"),
    "intensive": _("Intensive: risks, or several services at once"),
}
"""How much a case asks of the team; the scale is referrals'."""

LEVEL_NAMES: Mapping[str, str] = {
    "light": _("Light"),
    "steady": _("Steady"),
    "high": _("High"),
    "intensive": _("Intensive"),
}
"""The same in a word, for a list."""

TALK_REASONS: Mapping[str, str] = {
    "worried": _("Somebody is worried about this person"),
    "asked": _("A colleague asks"),
    "intensive": _("Intensive"),
    "visits": _("Visits with care"),
    "urgent": _("Urgent"),
    "not-reached": _("Not reached, three times or more"),
    "overdue": _("Next step a week overdue"),
    "long": _("On the list for half a year"),
}
"""Why a case is to be talked about."""

SOURCES: Mapping[str, str] = {
    "record-system": _("GP record system"),
    "message": _("Message from a record system"),
    "self": _("The person, at the front door"),
    "walk-in": _("The person, who came to a group by themselves"),
    "family": _("Family or a friend"),
    "care-navigator": _("Care navigator"),
    "practice": _("GP practice, at the front door"),
    "pharmacy": _("Pharmacy"),
    "hospital": _("Hospital"),
    "council": _("Council"),
    "housing": _("Housing group"),
    "charity": _("Charity"),
    "job-centre": _("Job centre"),
    "police": _("Police"),
    "fire": _("Fire service"),
}
"""From where a referral came (care 22)."""

ENTERED: Mapping[str, str] = {
    "online": _("By the form"),
    "phone": _("By phone"),
    "paper": _("On paper"),
    "walk-in": _("They came to the group"),
}
"""How it reached the front door (care 22)."""

AGREED: Mapping[str, str] = {
    "verbal": _("they told the group"),
    "written": _("they wrote it"),
    "in-person": _("face to face"),
    "by-phone": _("on the phone"),
    "in-writing": _("in writing"),
    "on-behalf": _("somebody decides for them by law"),
}
"""How a person agreed to be referred by another (care 7)."""

HOW: Mapping[str, str] = {
    "phone": _("By phone"),
    "visit": _("Face to face"),
    "video": _("By video call"),
    "text": _("By text message"),
    "email": _("By e-mail"),
    "letter": _("By letter"),
    "other": _("Another way"),
}
"""How somebody tried to reach a person."""

GOAL_STATES: Mapping[str, str] = {
    "reached": _("They got there"),
    "partly": _("They got part of the way"),
    "changed": _("They want something else now"),
    "dropped": _("It does not matter any more"),
}
"""What can come of a goal."""

WHO: Mapping[str, str] = {
    "person": _("They do"),
    "link-worker": _("I do"),
    "other": _("Somebody else"),
}
"""Who does something for a goal."""

DOERS: Mapping[str, str] = {
    "person": _("they do it"),
    "link-worker": _("the link worker does it"),
    "other": _("somebody else does it"),
}
"""The same beside what is to be done."""

CHANNELS: Mapping[str, str] = {
    "phone": _("Phone"),
    "text": _("Text message"),
    "email": _("E-mail"),
    "post": _("Letter"),
    "visit": _("Visit"),
}
"""Ways to a person (care 12)."""

SAFE: Mapping[str, str] = {
    "yes": _("Safe to use"),
    "no": _("Do not use"),
    "unknown": _("Not known: ask first"),
}

RELATIONS: Mapping[str, str] = {
    "partner": _("Partner"),
    "parent": _("Parent"),
    "child": _("Son or daughter"),
    "sibling": _("Brother or sister"),
    "other-family": _("Other family"),
    "friend": _("Friend"),
    "neighbour": _("Neighbour"),
    "professional": _("Somebody who works with them"),
    "other": _("Somebody else"),
}
"""Who somebody is to the person (care 17)."""

AUTHORITIES: Mapping[str, str] = {
    "none": _("No: the person decides"),
    "parental-responsibility": _("Parental responsibility"),
    "lpa-health": _("Power of attorney for health and care"),
    "lpa-money": _("Power of attorney for money"),
    "deputy": _("Deputy of the Court of Protection"),
    "appointee": _("Appointee for benefits"),
}
"""By what law somebody decides for the person."""

DECIDED_BY: Mapping[str, str] = {
    "person": _("The person"),
    **{code: words for code, words in AUTHORITIES.items() if code != "none"},
    "best-interests": _("Those who care for them, in their best interests"),
}
"""Who made a decision."""

STOPS: Mapping[str, str] = {
    "died": _("This person has died"),
    "restricted": _("This record is restricted: tell nobody where the person is"),
    "do-not-contact": _("Do not contact this person"),
}

RETURN_REASONS: Mapping[str, str] = {
    "not-for-social-prescribing": _("Social prescribing cannot help with this"),
    "wrong-area": _("They live outside our area"),
    "already-supported": _("They are supported already"),
    "other": _("Another reason"),
}

HAND_OVER_REASONS: Mapping[str, str] = {
    "moved-home": _("They moved home"),
    "wrong-team": _("It came to the wrong team"),
    "cover": _("Cover for a colleague"),
    "asked-by-person": _("The person asked for it"),
    "other": _("Another reason"),
}

CRITERIA: Mapping[str, str] = {
    "area": _("Where it takes people from"),
    "distance": _("How far it is"),
    "time": _("Days and times"),
    "free_places": _("Room"),
    "cost": _("Cost"),
    "language": _("Language"),
    "company": _("Whom it is for"),
    "format": _("How it meets"),
    "access": _("What they need to take part"),
}
"""What may speak against a service that is asked all the same, as matching calls it."""

CANCEL_REASONS: Mapping[str, str] = {
    "person-changed-mind": _("The person changed their mind"),
    "asked-by-mistake": _("Asked by mistake"),
    "other": _("Another reason"),
}

OUTCOMES: Mapping[str, tuple[str, str]] = {
    "completed": ("complete", _("They got what they came for, or go on by themselves")),
    "not-reached": ("not-reached", _("We could not reach them")),
    "person-declined": ("person-declines", _("They said no to social prescribing")),
    "person-ended-early": ("person-ends", _("They stopped before the end")),
    "nothing-fits": ("nothing-fits", _("Nothing fits")),
    "died-or-moved": ("died-or-moved", _("They died or moved away")),
}
"""How a case can end (care 20): by code, the step of the case machine and the words."""

ACCESS_SOURCES: Mapping[str, str] = {
    "self-stated": _("The person said so"),
    "carer": _("A carer said so"),
    "gp-record": _("It is in the GP record"),
    "observed": _("I saw it"),
}

SHARED: Mapping[str, str] = {
    "name": _("Name"),
    "phone": _("Phone"),
    "email": _("E-mail"),
    "address": _("Address"),
    "birth-date": _("Date of birth"),
    "language": _("Language"),
}
"""What a provider may learn of a person once it said yes (care 5, 7)."""

SAID_SO: Mapping[str, str] = {"verbal": _("they said so"), "written": _("they wrote it")}
"""How a person agreed to share something with a provider (care 7)."""

GP_KINDS: Mapping[str, str] = {
    "first-outcome": _("First outcome"),
    "closure": _("Summary at the end"),
    "safety": _("A worry about the person"),
    "delay": _("That the person still waits"),
}

GP_STATES: Mapping[str, str] = {
    "waiting": _("on its way"),
    "held": _("held: somebody must decide whether it may go"),
    "sent": _("sent"),
    "received": _("the practice's system has it"),
    "accepted": _("the practice has it"),
    "failed": _("did not arrive"),
    "to-print": _("to be printed and posted"),
    "posted": _("posted"),
    "stopped": _("stopped"),
}
"""Where a message to the practice stands."""

GP_SHARED: Mapping[str, str] = {
    "needs": _("What they want help with"),
    "activities": _("What they were offered and went to"),
    "measures": _("How they feel, as measured"),
    "next-step": _("What comes next"),
}
"""What a person may agree to have told to their GP."""

DONE: Mapping[str, str] = {
    "accept": _("You took this referral on. The sender can see it."),
    "person-accepts": _("Noted: the person said yes. The GP's record is told once."),
    "hold": _("The person stays on your list. Say what they wait for, so that you hear first."),
    "contacts": _("Noted."),
    "reviews": _("Noted. Below is what it says, and what was not answered."),
    "strike": _("Taken back. It counts for nothing now."),
    "goals": _("Noted."),
    "allocation": _("Noted. Whoever has it sees it under ‘Mine’."),
    "signposts": _("Noted and counted. Nothing was shared, and the service was not told."),
    "requests": _("Sent. The service is told now, and you see here when the message arrives."),
    "cancel": _("The request was taken back, with thanks."),
    "choose": _("Chosen. The other services are told, with thanks."),
    "called-off": _("Noted. The service is told. The person keeps their place."),
    "first-visit": _("Noted. The person is told, if there is a safe way."),
    "withdraw-agreement": _("Noted. The service is shown nothing about the person from now on."),
    "renew-agreement": _("Noted: they still agree."),
    "contact-ways": _("Noted."),
    "access-needs": _("Noted."),
    "around": _("Noted."),
    "decisions": _("Noted."),
    "gp-sharing": _("Noted. Only this goes to the GP."),
    "gp-worries": _("The practice is told now. Look below whether it arrives."),
    "gp-messages": _("Noted."),
    "route": _("The team has it now."),
    "stops": _("Noted. It holds at once."),
    "complexity": _("Noted. Your team lead sees it."),
    "visits": _("Noted. Whoever notes a visit is asked to read it first."),
    "supervision": _("Noted. Your team lead has it on their list."),
    "worries": _("Noted. It stays on your list until somebody writes what came of it."),
    "worry-lead": _("Noted. Tell them yourself, too: no message goes out."),
    "worry-decision": _("Noted. When you know what came of it, write it down."),
    "worry-outcome": _("Noted. This worry is closed."),
    "waiting": _("Noted. You hear first when such a service opens."),
    "close": _("The case is closed."),
}
"""What a page says after something was done."""
