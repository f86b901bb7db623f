"""What the link worker's pages say for the codes of the case API."""

from collections.abc import Mapping

STATES: Mapping[str, str] = {
    "new": "New",
    "unrouted": "No team yet",
    "triage-accepted": "First contact due",
    "person-accepted": "Looking for something",
    "provider-asked": "Waiting for an answer",
    "place-found": "Place found",
    "nothing-fits": "Nothing fits yet",
    "withdrawal-asked": "GP asked to withdraw",
    "returned": "Sent back",
    "withdrawn": "Withdrawn",
    "closed": "Closed",
    "not-reached": "Ended: not reached",
    "person-declined": "Ended: person said no",
    "person-ended-early": "Ended early",
    "died-or-moved": "Ended: died or moved",
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


def state_words(state: str, provider_state: str | None) -> str:
    """Where a case stands; who is on a waiting list has their answer."""
    if state == "provider-asked" and provider_state == "waiting-list":
        return "On a waiting list"
    return STATES.get(state, state)


PROVIDER_STATES: Mapping[str, str] = {
    "awaiting-answer": "asked, no answer yet",
    "waiting-list": "on the waiting list",
    "offered": "offers a place",
    "selected": "said yes",
    "started": "started",
    "attended": "going",
    "completed": "finished",
    "did-not-come": "did not come",
    "person-ended-early": "stopped early",
    "provider-declined": "said no",
    "provider-silent": "did not answer in time",
    "cancelled": "taken back",
    "not-chosen": "another was chosen",
    "withdrawn": "withdrawn by the GP",
}
"""What a provider said: its Task's businessStatus."""

DELIVERIES: Mapping[str, str] = {
    "queued": "message is on its way",
    "sending": "message is on its way",
    "sent": "message sent",
    "delivered": "message arrived",
    "failed": "message did not arrive",
    "bounced": "message came back",
    "unknown": "not known whether the message arrived",
    "superseded": "message not needed any more",
}
"""Whether a provider's last message arrived."""

SHOWN: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "all": ("All open", {}),
    "mine": ("Mine", {"allocated_to": "me"}),
    "nobody": ("Nobody’s", {"allocated_to": "nobody"}),
    "due": ("Next step due", {"due": "true"}),
    "new": ("New", {"state": "new"}),
    "contact": ("First contact due", {"state": "triage-accepted"}),
    "looking": ("Looking", {"state": "person-accepted"}),
    "answer": ("Waiting for an answer", {"state": "provider-asked"}),
    "place": ("Place found", {"state": "place-found"}),
    "nothing": ("Nothing fits yet", {"state": "nothing-fits"}),
    "withdrawal": ("GP asked to withdraw", {"state": "withdrawal-asked"}),
    "opened": ("Something opened", {"opened": "true"}),
    "gp": ("Message to the GP to do", {"gp_to_do": "true", "open": "false"}),
    "unrouted": ("No team yet", {"unrouted": "true"}),
    "ended": ("Ended", {"ended": "true"}),
}
"""The filters of the list: their words, and the question to the case API."""

SOURCES: Mapping[str, str] = {
    "record-system": "GP record system",
    "message": "Message from a record system",
    "self": "The person, at the front door",
    "family": "Family or a friend",
    "care-navigator": "Care navigator",
    "practice": "GP practice, at the front door",
    "pharmacy": "Pharmacy",
    "hospital": "Hospital",
    "council": "Council",
    "housing": "Housing group",
    "charity": "Charity",
    "job-centre": "Job centre",
    "police": "Police",
    "fire": "Fire service",
}
"""From where a referral came (care 22)."""

AGREED: Mapping[str, str] = {
    "in-person": "face to face",
    "by-phone": "on the phone",
    "in-writing": "in writing",
    "on-behalf": "somebody decides for them by law",
}
"""How a person agreed to be referred by another (care 7)."""

HOW: Mapping[str, str] = {
    "phone": "By phone",
    "visit": "Face to face",
    "video": "By video call",
    "text": "By text message",
    "email": "By e-mail",
    "letter": "By letter",
    "other": "Another way",
}
"""How somebody tried to reach a person."""

GOAL_STATES: Mapping[str, str] = {
    "reached": "They got there",
    "partly": "They got part of the way",
    "changed": "They want something else now",
    "dropped": "It does not matter any more",
}
"""What can come of a goal."""

WHO: Mapping[str, str] = {
    "person": "They do",
    "link-worker": "I do",
    "other": "Somebody else",
}
"""Who does something for a goal."""

DOERS: Mapping[str, str] = {
    "person": "they do it",
    "link-worker": "the link worker does it",
    "other": "somebody else does it",
}
"""The same beside what is to be done."""

CHANNELS: Mapping[str, str] = {
    "phone": "Phone",
    "text": "Text message",
    "email": "E-mail",
    "post": "Letter",
    "visit": "Visit",
}
"""Ways to a person (care 12)."""

SAFE: Mapping[str, str] = {
    "yes": "Safe to use",
    "no": "Do not use",
    "unknown": "Not known: ask first",
}

STOPS: Mapping[str, str] = {
    "died": "This person has died",
    "restricted": "This record is restricted: tell nobody where the person is",
    "do-not-contact": "Do not contact this person",
}

RETURN_REASONS: Mapping[str, str] = {
    "not-for-social-prescribing": "Social prescribing cannot help with this",
    "wrong-area": "They live outside our area",
    "already-supported": "They are supported already",
    "other": "Another reason",
}

HAND_OVER_REASONS: Mapping[str, str] = {
    "moved-home": "They moved home",
    "wrong-team": "It came to the wrong team",
    "cover": "Cover for a colleague",
    "asked-by-person": "The person asked for it",
    "other": "Another reason",
}

CANCEL_REASONS: Mapping[str, str] = {
    "person-changed-mind": "The person changed their mind",
    "asked-by-mistake": "Asked by mistake",
    "other": "Another reason",
}

OUTCOMES: Mapping[str, tuple[str, str]] = {
    "completed": ("complete", "They got what they came for, or go on by themselves"),
    "not-reached": ("not-reached", "We could not reach them"),
    "person-declined": ("person-declines", "They said no to social prescribing"),
    "person-ended-early": ("person-ends", "They stopped before the end"),
    "nothing-fits": ("nothing-fits", "Nothing fits"),
    "died-or-moved": ("died-or-moved", "They died or moved away"),
}
"""How a case can end (care 20): by code, the step of the case machine and the words."""

ACCESS_SOURCES: Mapping[str, str] = {
    "self-stated": "The person said so",
    "carer": "A carer said so",
    "gp-record": "It is in the GP record",
    "observed": "I saw it",
}

SHARED: Mapping[str, str] = {
    "name": "Name",
    "phone": "Phone",
    "email": "E-mail",
    "address": "Address",
    "birth-date": "Date of birth",
    "language": "Language",
}
"""What a provider may learn of a person once it said yes (care 5, 7)."""

GP_KINDS: Mapping[str, str] = {
    "first-outcome": "First outcome",
    "closure": "Summary at the end",
    "safety": "A worry about the person",
}

GP_STATES: Mapping[str, str] = {
    "waiting": "on its way",
    "held": "held: somebody must decide whether it may go",
    "sent": "sent",
    "received": "the practice's system has it",
    "accepted": "the practice has it",
    "failed": "did not arrive",
    "to-print": "to be printed and posted",
    "posted": "posted",
    "stopped": "stopped",
}
"""Where a message to the practice stands."""

GP_SHARED: Mapping[str, str] = {
    "needs": "What they want help with",
    "activities": "What they were offered and went to",
    "measures": "How they feel, as measured",
    "next-step": "What comes next",
}
"""What a person may agree to have told to their GP."""

DONE: Mapping[str, str] = {
    "accept": "You took this referral on. The sender can see it.",
    "person-accepts": "Noted: the person said yes. The GP's record is told once.",
    "hold": "The person stays on your list. Say what they wait for, so that you hear first.",
    "contacts": "Noted.",
    "reviews": "Noted. Below is what it says, and what was not answered.",
    "strike": "Taken back. It counts for nothing now.",
    "goals": "Noted.",
    "allocation": "Noted. Whoever has it sees it under ‘Mine’.",
    "signposts": "Noted and counted. Nothing was shared, and the service was not told.",
    "requests": "Sent. The service is told now, and you see here when the message arrives.",
    "cancel": "The request was taken back, with thanks.",
    "choose": "Chosen. The other services are told, with thanks.",
    "first-visit": "Noted. The person is told, if there is a safe way.",
    "withdraw-agreement": "Noted. The service is shown nothing about the person from now on.",
    "contact-ways": "Noted.",
    "access-needs": "Noted.",
    "gp-sharing": "Noted. Only this goes to the GP.",
    "gp-worries": "The practice is told now. Look below whether it arrives.",
    "gp-messages": "Noted.",
    "route": "The team has it now.",
    "stops": "Noted. It holds at once.",
    "waiting": "Noted. You hear first when such a service opens.",
    "close": "The case is closed.",
}
"""What a page says after something was done."""
