"""The demo's taxonomies: what people need, what there is to do, ways of access and of meeting."""

from uuid import UUID, uuid5

from services.providers import hsds

NAMESPACE = UUID("6f0c1f6e-6a0b-5f0d-9a53-0d2c6f7b5e11")
"""Of every id in the demo directory: the same data has the same ids on every machine."""

BASE = "https://kersey.example/taxonomy"

NEEDS = {
    "loneliness": ("Loneliness", "Too few people, or nobody who knows you."),
    "isolation-language": ("Isolation through language", "Cut off by not sharing a language."),
    "money": ("Money", "Debt, benefits, bills, not enough to live on."),
    "housing": ("Housing", "Unsafe, insecure, unsuitable or no housing."),
    "work": ("Work", "Finding, keeping or returning to work."),
    "food": ("Food", "Enough to eat, and the means to cook it."),
    "body-image": ("Body image", "Unease with one's own body, or being looked at."),
    "bereavement": ("Bereavement", "After a death or another loss."),
    "caring": ("Caring", "Looking after somebody, unpaid."),
    "digital-exclusion": ("Digital exclusion", "No device, no connection or no confidence."),
    "inactivity": ("Inactivity", "Wanting to move more than one does."),
    "low-mood": ("Low mood", "Feeling down, flat or hopeless."),
    "anxiety": ("Anxiety", "Worry and fear that get in the way."),
    "long-term-condition": ("Long-term condition", "Living with an illness or disability."),
    "memory": ("Memory", "Memory loss and dementia, one's own or a relative's."),
    "learning": ("Learning", "Skills, reading, numbers, English."),
    "purpose": ("Purpose", "Something to do that matters, and somebody who expects you."),
}

ACTIVITIES = {
    "creative": (
        "Creative",
        "Making, performing, looking and listening.",
        {
            "music": ("Music", "Singing, playing, listening."),
            "dance": ("Dance", "Dancing of every kind."),
            "visual-arts": ("Visual arts", "Drawing, painting, print, clay, photography."),
            "craft": ("Craft", "Sewing, wood, weaving, mending."),
            "writing": ("Writing", "Poems, stories, letters, reading aloud."),
            "drama": ("Drama", "Acting, improvising, play reading."),
            "film": ("Film and radio", "Making films and radio."),
            "heritage": ("Heritage", "Memories, local history, old trades."),
            "museums": ("Museums and galleries", "Visiting and handling collections."),
            "libraries": ("Libraries", "Reading together, borrowing, library groups."),
        },
    ),
    "physical": (
        "Physical activity",
        "Moving, at any pace.",
        {
            "walking": ("Walking", "Led walks, short and long."),
            "sport": ("Sport", "Games, swimming, cycling, sailing."),
            "movement": ("Movement", "Strength, balance, stretching."),
        },
    ),
    "nature": (
        "Nature",
        "Growing things and being outdoors.",
        {
            "gardening": ("Gardening", "Allotments, gardens, growing."),
            "outdoors": ("Outdoors", "Woods, water, moor and wildlife."),
        },
    ),
    "food": (
        "Food and cooking",
        "Cooking, eating together, having enough.",
        {
            "cooking": ("Cooking", "Learning to cook, cooking together."),
            "shared-meals": ("Shared meals", "Eating together."),
            "food-support": ("Food support", "Pantries, boxes, meals brought."),
        },
    ),
    "befriending": (
        "Befriending",
        "Company, visits and calls.",
        {"peer-support": ("Peer support", "People who have been there.")},
    ),
    "advice": (
        "Advice",
        "Help with forms, rights and plans.",
        {
            "money-advice": ("Money advice", "Debt, benefits, budgeting."),
            "housing-advice": ("Housing advice", "Tenancies, repairs, notices."),
            "work-advice": ("Work advice", "Applications, placements, return to work."),
        },
    ),
    "digital": (
        "Digital",
        "Getting online and staying safe there.",
        {"digital-skills": ("Digital skills", "Devices, apps, online services.")},
    ),
    "volunteering": ("Volunteering", "Giving time.", {}),
    "learning": ("Learning together", "English, numbers and other skills.", {}),
}

ACCESS = {
    "step-free": ("Step-free", "No step from the street to the room."),
    "toilets": ("Accessible toilets", "A toilet that a wheelchair user can use."),
    "hearing-loop": ("Hearing loop", "A hearing loop that works."),
    "bsl": ("British Sign Language", "A signer or interpreter is there or can be."),
    "quiet-space": ("Quiet space", "Somewhere to step out to."),
    "parking": ("Blue Badge parking", "A marked bay near the door."),
    "large-print": ("Large print", "What is read or sung comes in large print."),
}

FORMATS = {
    "group": ("Group", "With others, in one place."),
    "at-home": ("At home", "Somebody comes to you."),
    "phone": ("By phone", "Somebody rings you."),
    "online": ("Online", "By video or on a website."),
}

AT_A_PLACE = frozenset({"step-free", "toilets", "hearing-loop", "quiet-space", "parking"})
"""Access that belongs to a building; the rest goes with the service wherever it meets."""


def term_id(taxonomy: str, code: str) -> UUID:
    """The id of a term."""
    return uuid5(NAMESPACE, f"term/{taxonomy}/{code}")


def _term(
    taxonomy: str, code: str, words: tuple[str, str], parent: str | None = None
) -> hsds.TaxonomyTerm:
    return hsds.TaxonomyTerm(
        id=term_id(taxonomy, code),
        code=code,
        name=words[0],
        description=words[1],
        parent_id=term_id(taxonomy, parent) if parent else None,
        term_uri=f"{BASE}/{taxonomy}/{code}",
    )


def _taxonomy(
    code: str, name: str, description: str, terms: list[hsds.TaxonomyTerm]
) -> hsds.Taxonomy:
    return hsds.Taxonomy(
        id=uuid5(NAMESPACE, f"taxonomy/{code}"),
        code=code,
        name=name,
        description=description,
        uri=f"{BASE}/{code}",
        version="1",
        taxonomy_terms=tuple(terms),
    )


def _activities() -> list[hsds.TaxonomyTerm]:
    terms = []
    for code, (name, description, below) in ACTIVITIES.items():
        terms.append(_term("activity", code, (name, description)))
        terms += [_term("activity", each, words, code) for each, words in below.items()]
    return terms


def taxonomies() -> list[hsds.Taxonomy]:
    """The four taxonomies with their terms."""
    plain = {
        "need": (
            "Needs",
            "What a service helps with, in the words of the people it is for.",
            NEEDS,
        ),
        "access": ("Access", "What makes it possible to take part.", ACCESS),
        "format": ("Formats", "How people meet.", FORMATS),
    }
    return [
        _taxonomy("activity", "Activities", "What there is to do.", _activities()),
        *(
            _taxonomy(
                code, name, about, [_term(code, each, words) for each, words in terms.items()]
            )
            for code, (name, about, terms) in plain.items()
        ),
    ]
