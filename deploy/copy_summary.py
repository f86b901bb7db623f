"""The READ-ME.txt of a person's copy: what is in each file, for the person who gets it."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.referrals.subject.exporting import Copy

DOCUMENTS: Mapping[str, str] = {
    "Appointment": "your first visit to a group: when it is, and whether it took place",
    "Communication": "messages about you from one service to another",
    "Composition": "a letter about you, and how it is put together",
    "Condition": "a need or a health problem that was written down",
    "Consent": "what you agreed to share, and with whom",
    "DocumentReference": "a letter about you, with its words",
    "Group": "that you are on a list, such as that of people who had a message",
    "Observation": "an answer or a number, such as how you said you felt",
    "Patient": "who you are: your name, your address and how to reach you",
    "ServiceRequest": "a referral: what was asked for you, of whom, and why",
    "Task": "what a service was asked to do for you, and how far it came",
}
"""Types of records of which more is said than that they are there."""

FILES: Mapping[str, str] = {
    "referrals/access_entry": "which systems and staff looked at records about you, and when",
    "referrals/access_need": "what you need to take part, such as a ramp or large print",
    "referrals/activity": "what was done for you, such as a visit, and when",
    "referrals/agreement": "what you agreed that a group may know about you, or took back",
    "referrals/agreement_giving": "when and how you agreed before, where you were asked again",
    "referrals/attendance_mark": "on which days a group noted that you came, or did not",
    "referrals/audit_entry": "each change to a record about you: what was done, by whom, and when",
    "referrals/bars_message": "which messages about you other systems sent; numbers only",
    "referrals/break_glass": "who opened your record in an emergency, why, and when",
    "referrals/case_complexity": "how much support your team thought that you need",
    "referrals/case_document": "which records belong to which of your referrals; numbers only",
    "referrals/case_supervision": "that your link worker talked your case over with their lead",
    "referrals/case_visiting": "what staff should know before they visit you",
    "referrals/case_worry": "that somebody was worried about you, and who looked at it",
    "referrals/case_worry_note": "what was written about such a worry",
    "referrals/case_task": "each request to a team or a group, and where it stands",
    "referrals/code_returned": "how your referral ended, in the codes that your practice uses",
    "referrals/contact_attempt": "when somebody tried to reach you, and what came of it",
    "referrals/equality_characteristic": "what you said about yourself, such as your ethnicity",
    "referrals/erasure": "if it was asked that your record be deleted: when, and why",
    "referrals/erasure_confirmation": "which parts of Kersey have deleted their share",
    "referrals/first_visit": "when you are expected at a group for the first time",
    "referrals/front_door_entry": "a referral that you, your family or a helper typed in here",
    "referrals/goal": "what you would like to be different, in your words",
    "referrals/goal_action": "the steps in your plan, and who takes each",
    "referrals/gp_message": "which letters about you went to your GP practice, and when",
    "referrals/gp_sharing": "what you said about letters to your GP practice",
    "referrals/identity_view": "who opened your name and address to answer a request",
    "referrals/link_proposal": "records that may be about the same person; somebody looks at them",
    "referrals/measure": "your answers to questions about how you are, with their scores",
    "referrals/merge_moved": "what was moved when two records about you became one",
    "referrals/onward_request": "what a group was told when it was asked; not who you are",
    "referrals/outbox": "notes from one part of Kersey to another; numbers and codes only",
    "referrals/patient_link": "which records of other systems are about you",
    "referrals/person": "your record here: what keeps the rest together",
    "referrals/person_around": "who is around you, and what they may be told",
    "referrals/person_change": "changes to your details, such as a new address",
    "referrals/person_decision": "decisions: whether you could make them, and who made them",
    "referrals/person_merge": "that two records about you became one",
    "referrals/referral_case": "each of your referrals: when it came, where it stands, its end",
    "referrals/referral_identifier": "the numbers that other systems gave your referrals",
    "referrals/request_feedback": "what was asked about a place, and what you or the group said",
    "referrals/request_message": "what your team and a group wrote to each other about a request",
    "referrals/review": "talks about how things go, and what was said",
    "referrals/safe_contact": "how you may be reached safely, and how not",
    "referrals/signpost": "places that you were told of, to go to by yourself",
    "referrals/submission": "that a referral came in, so that it is taken only once",
    "referrals/subscription_change": "that a record changed; for systems that follow it",
    "referrals/subscription_event": "which systems were told that a record changed",
    "referrals/subscription_state": "what the systems that follow your records knew last",
    "referrals/triage_told": "when a team was reminded that you are waiting",
    "referrals/versions": "every earlier version of each record, the oldest first",
    "referrals/waiting": "that you wait for a place, and since when",
    "referrals/wider_consent": "what you agreed to beyond your referral, such as research",
    "referrals/worklist": "how your referrals are shown in your team's list",
    "notifications/answer_link": "that a group got a link to answer by; not the link itself",
    "notifications/answer_session": "when a group opened such a link",
    "notifications/answered": "which requests were answered, and when",
    "notifications/board_notice": "notices about your referral on the pages of staff; no name",
    "notifications/board_read": "which member of staff has read such a notice",
    "notifications/case_order": "which team and hub your referral is with; codes only",
    "notifications/delivery": "messages to groups and teams about your referral; no name",
    "notifications/delivery_attempt": "each time that such a message was sent, and what came of it",
    "notifications/first_meeting": "when you are expected somewhere, so that you are reminded",
    "notifications/identity_code": "when a group asked for a code to see who you are",
    "notifications/outbox": "notes from one part of Kersey to another; numbers and codes only",
    "notifications/person_delivery": "messages to you: what about and when, not where they went",
    "notifications/person_delivery_attempt": "each time that a message was sent to you",
    "notifications/person_link": "that a message to you had a link; not the link itself",
    "notifications/person_session": "when such a link was opened",
    "notifications/stopped": "why you are not written to, if so; a code",
}
"""What is in each file, by its name without the ending."""


def summary(copy: Copy, messages: Mapping[str, list[dict[str, Any]]]) -> str:
    """What the copy contains, in plain words.

    Parameters:
        copy: of the referrals service.
        messages: rows of notifications by table.
    """
    kinds = Counter(reference.partition("/")[0] for reference in copy.documents)
    rows = {
        **{f"referrals/{table}": len(found) for table, found in copy.rows.items()},
        **{f"notifications/{table}": len(found) for table, found in messages.items()},
    }
    lines = [
        "A copy of what this Kersey holds about one person",
        f"Made on {datetime.now().astimezone():%d %B %Y at %H:%M %Z}.",
        "",
        "You asked for a copy of what is held about you. This is it. Each file ends in .json: any",
        "program that shows plain text opens it. Times end in +00:00 where they are in UTC. Long",
        "rows of letters and numbers are names of records. They lead from one file to another.",
        "If something is wrong, or you do not understand it, ask whoever gave you this copy.",
        "",
        f"Records about you are in referrals/documents. There are {len(copy.documents)}:",
        *(f"  {kind}: {count}{_means(kind)}" for kind, count in sorted(kinds.items())),
        f"  Earlier versions are in referrals/versions.json: {FILES['referrals/versions']}.",
        "",
        "The other files, and how many entries each has:",
        *(
            f"  {name}.json: {count}. Here is {FILES[name]}."
            for name, count in sorted(rows.items())
        ),
        "",
        "Messages to organisations say that something waits; none holds your details.",
        "Messages to you are listed with their times, and without where they went.",
        "The lists of groups hold numbers of requests, with whether each was answered and has a",
        "place: referrals/case_task.json says the same. Those of who may sign in hold nothing",
        "about you. The web pages keep what staff typed into unfinished forms, encrypted and for a",
        "day at most; an erasure takes it at once.",
        "",
        "For whoever hands this over: read it first. Notes may speak of other people, and what a",
        "professional wrote may do harm (DPA 2018, Schedule 2, Part 3, and Schedule 3).",
        "",
    ]
    return "\n".join(lines)


def _means(kind: str) -> str:
    return f" ({DOCUMENTS[kind]})" if kind in DOCUMENTS else ""
