"""Why a service was left out, in plain English, and whether a worker may let it in all the same."""

from collections.abc import Callable, Iterable

from services.providers.matching import facts
from services.providers.matching.criteria import HARD
from services.providers.matching.facts import Found, inline
from services.providers.matching.question import Question
from services.providers.matching.vocabulary import Vocabulary
from services.providers.nested import Json
from shared.schedules import joined, wanted


def noes(found: Found, question: Question, known: Vocabulary) -> list[Json]:
    """Each question that was answered with no.

    Args:
        found: the service.
        question: what was asked.
        known: the names of the terms.

    Returns:
        For each its `criterion`, whether it is `hard` (care 26), and the `reason`.
    """
    said = {
        name: words(found, question, known)
        for name, words in _WORDS.items()
        if found.answers.get(name) is False
    }
    missing = [code for code, yes in found.access.items() if yes is False]
    if missing:
        said["access"] = f"no {_named(missing, known)}"
    return [
        {"criterion": name, "hard": name in HARD, "reason": words} for name, words in said.items()
    ]


def _named(codes: Iterable[str], known: Vocabulary) -> str:
    names = known.of("access").names
    return joined([inline(names[code]) for code in codes]).replace(" and ", " or ")


def _age(found: Found, question: Question, known: Vocabulary) -> str:
    low, high = (found.listing.get(name) for name in ("minimum_age", "maximum_age"))
    if low is not None and high is not None:
        return f"for people aged {low} to {high}"
    return f"for people aged {low} and over" if low is not None else f"for people up to {high}"


def _area(found: Found, question: Question, known: Vocabulary) -> str:
    """Which place it is for, in its own words: a worker sees at once whether the person has a tie
    to it."""
    named = [each["name"] for each in found.listing.get("service_areas", ()) if each.get("name")]
    places = joined([name.rstrip(".") for name in named[:3]])
    return f"for another place: {places}" if places else "for people who live in another place"


def _time(found: Found, question: Question, known: Vocabulary) -> str:
    asked = wanted(question.days, question.start, question.end)
    return f"runs {joined(found.when) or 'at other times'}, not {asked}"


def _cost(found: Found, question: Question, known: Vocabulary) -> str:
    cost = found.cost
    least = facts.pounds(cost["from"]) if cost and "from" in cost else "more"
    return f"costs {least} a session, more than {facts.pounds(question.cost_max or 0)}"


def _far(found: Found, question: Question, known: Vocabulary) -> str:
    limit = (facts.distance(round(question.within or 0)) or "").removesuffix(" away")
    return f"{facts.distance(found.metres)}, farther than {limit}"


def _format(found: Found, question: Question, known: Vocabulary) -> str:
    names = known.of("format").names
    return f"meets otherwise: {joined([inline(names[code]) for code in found.terms('format')])}"


def _company(found: Found, question: Question, known: Vocabulary) -> str:
    return facts.company(found.terms("company"), known.of("company").names) or "for others too"


_WORDS: dict[str, Callable[[Found, Question, Vocabulary], str]] = {
    "age": _age,
    "company_law": _company,
    "home_checks": lambda *_: "visits people at home; the checks for that are not shown",
    "area": _area,
    "distance": _far,
    "time": _time,
    "free_places": lambda found, *_: facts.places(found.listing["kersey"]["capacity"]) or "full",
    "cost": _cost,
    "language": lambda found, *_: f"offered in {joined(facts.languages(found.listing))} only",
    "company": _company,
    "format": _format,
}
