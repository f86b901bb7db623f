"""Why a service was found, and what is still to be asked, in plain English."""

from collections.abc import Iterable, Mapping

from services.providers.domain import CapacityState
from services.providers.matching import facts
from services.providers.matching.facts import Found, inline
from services.providers.matching.question import Question
from services.providers.matching.statement import SILENT, Statement
from services.providers.matching.vocabulary import TermIds, Vocabulary
from services.providers.matching.weights import weights
from shared.schedules import joined, wanted

_ON_THE_WAY = {
    "walk": "on foot",
    "wheelchair": "by wheelchair",
    "bus": "by bus",
    "car": "by car",
}


def why(
    found: Found, question: Question, known: Vocabulary, statement: Statement = SILENT
) -> list[str]:
    """The reasons for a service, the most telling first.

    Args:
        found: the service.
        question: what was asked.
        known: the names of the terms.
        statement: what the person's own words came to mean, as good a reason as what was ticked.
    """
    said = [
        _helps(found, (*question.needs, *statement.terms.get("need", ())), known),
        _does(found, (question.activities, statement.terms.get("activity", {})), known),
        _company(found, question, known),
        found.where,
        _way(found),
        joined(found.when[:2]) or None,
        _access(found, known),
        _cost(found, question),
        _language(found, question),
        _replies(found),
        facts.places(found.listing["kersey"]["capacity"]),
        facts.checked(found),
    ]
    return [reason for reason in said if reason]


def to_ask(found: Found, question: Question, known: Vocabulary) -> list[str]:
    """What nobody knows and somebody should ask; unknown is never a no (care 26)."""
    said = []
    if question.point is not None and found.where is None:
        said.append("where it meets")
    if "time" in found.answers and found.answers["time"] is None:
        said.append(f"whether it runs {wanted(question.days, question.start, question.end)}")
    if found.listing["kersey"]["capacity"]["state"] in _ROOM_UNKNOWN:
        said.append("whether there is room")
    said += [words for name, words in _OPEN.items() if _unknown(found, name)]
    if _unknown(found, "company") and found.answers["company_law"] is not False:
        wanted_for = facts.company([question.company or ""], known.of("company").names)
        said.append(f"whether it is {wanted_for}")
    names = known.of("access").names
    said += [f"about {inline(names[code])}" for code, yes in found.access.items() if yes is None]
    return said


def to_check(found: Found, question: Question, known: Vocabulary) -> list[str]:
    """What is known and may not suit: a group that is for some alone, which nobody asked for. It is
    no reason for the person, and it leaves nobody out: who they are is not asked (care 8, 26).
    """
    if False in (found.answers.get("company"), found.answers.get("company_law")):
        return []
    names = known.of("company").names
    some = [code for code in found.terms("company") if code not in (FOR_ALL, question.company)]
    whom = facts.company(some, names)
    return [f"{whom}: check that this suits"] if whom else []


FOR_ALL = "mixed"
"""The code of a group that is for everyone."""
_ROOM_UNKNOWN = (CapacityState.UNKNOWN, CapacityState.ASK_FIRST)
_OPEN = {
    "cost": "what it costs",
    "language": "whether the language can be arranged",
    "format": "how people meet",
}


def _unknown(found: Found, name: str) -> bool:
    return name in found.answers and found.answers[name] is None


def _helps(found: Found, needs: Iterable[str], known: Vocabulary) -> str | None:
    names = known.of("need").names
    met = [inline(names[code]) for code in dict.fromkeys(needs) if code in found.terms("need")]
    return f"helps with {joined(met)}" if met else None


def _does(
    found: Found, wanted_by: Iterable[Mapping[str, TermIds]], known: Vocabulary
) -> str | None:
    names = known.of("activity").names
    asked = {key for activities in wanted_by for keys in activities.values() for key in keys}
    ids = known.of("activity").ids
    does = [inline(names[code]) for code in found.terms("activity") if ids[code][0] in asked]
    return joined(does) or None


def _company(found: Found, question: Question, known: Vocabulary) -> str | None:
    """For whom a group is, where that was asked for."""
    asked = [code for code in found.terms("company") if code == question.company]
    return facts.company(asked, known.of("company").names)


def _way(found: Found) -> str | None:
    if found.by is None or found.metres is None:
        return None
    minutes = weights().minutes(found.by, found.metres)
    return f"about {max(5, round(minutes / 5) * 5)} minutes {_ON_THE_WAY[found.by]}"


def _replies(found: Found) -> str | None:
    if found.replies is None:
        return None
    days = found.replies.usual_days
    return f"usually replies within {'a day' if days == 1 else f'{days} days'}"


def _access(found: Found, known: Vocabulary) -> str | None:
    names = known.of("access").names
    return joined([inline(names[code]) for code, yes in found.access.items() if yes]) or None


def _cost(found: Found, question: Question) -> str | None:
    known = found.cost
    if known is None or "from" not in known:
        return None
    if known["from"] == 0:
        return "free"
    return f"{facts.pounds(known['from'])} a session" if question.cost_max is not None else None


def _language(found: Found, question: Question) -> str | None:
    if not found.answers.get("language"):
        return None
    return f"in {joined(facts.languages(found.listing, question.languages))}"
