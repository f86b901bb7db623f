"""What the pages say of providers that are brought in."""

from collections.abc import Mapping

from shared.languages import _

STATES: Mapping[str, str] = {
    "going-on": _("Going on"),
    "on-hold": _("On hold"),
    "given-up": _("Given up"),
    "done": _("Done"),
}

TIERS: Mapping[str, str] = {
    "1": _("People are told of it. Nobody is referred by name"),
    "2": _("People are referred by name"),
    "3": _("People are referred by name, at home or where the risk is higher"),
}
"""The three tiers of listing (care 25), by number."""

PAPERS: Mapping[str, str] = {
    "sharing-agreement": _("An agreement on sharing what they know"),
    "privacy-contact": _("Whom to ask about privacy, and whom to tell if something leaks"),
    "safeguarding-lead": _("Somebody who leads on keeping people safe"),
    "checks": _("Checks on whoever visits or works alone with people"),
}
"""What a tier demands to be shown, by kind."""

STEPS: Mapping[str, str] = {
    "organisation": _("The group is on the list"),
    "listing": _("Its first service is written down"),
    "reached": _("We know how they want to be asked"),
    "verified": _("You checked an address with them"),
    "staff": _("Their staff can sign in"),
    "closing-days": _("We know when they are closed"),
    "published": _("People can find the service"),
}

DO: Mapping[str, str] = {
    "organisation": _("List the group"),
    "listing": _("Write down the first service"),
    "evidence": _("Note what they showed you"),
    "reached": _("Note how they want to be asked"),
    "verified": _("Check the address with them"),
    "staff": _("Get their staff invited"),
    "closing-days": _("Ask when they are closed"),
    "published": _("Make the service public"),
}
"""What the button of a step says."""

DID: Mapping[str, str] = {
    "begun": _("Began"),
    "changed": _("Changed what is wished for or whom to ask"),
    "noted": _("Wrote a note"),
    "evidence": _("Was shown"),
    "without": _("They do without"),
    "held": _("Put on hold"),
    "resumed": _("Took up again"),
    "given-up": _("Gave up"),
    "finished": _("Finished"),
}

WITHOUT: Mapping[str, tuple[str, str]] = {
    "staff": (
        _("They do without signing in"),
        _("They can answer by the links in their messages. Write what they told you."),
    ),
    "closing-days": (
        _("They are never closed"),
        _("Write who told you so. They can say closing days later."),
    ),
}
"""Steps that a group may do without: what the heading says, and what to write."""

OTHER: Mapping[str, str] = {"staff": _("signing in"), "closing-days": _("closing days")}
"""What an act may be about that is no paper."""


def step(each: Mapping[str, object]) -> str:
    """What a step is called; a paper by its kind."""
    if each["step"] == "evidence":
        return PAPERS[str(each["kind"])]
    return STEPS[str(each["step"])]


def about(act: Mapping[str, str]) -> str:
    """What an act is about, after what was done; empty where that says it all."""
    found = act.get("about", "")
    return PAPERS.get(found) or OTHER.get(found, "")
