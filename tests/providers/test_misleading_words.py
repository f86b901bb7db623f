"""A word of many meanings means a need or an activity only with the words that make it one."""

import pytest

from services.providers.matching.statement import MEANT, understood
from services.providers.matching.vocabulary import Vocabulary
from services.providers.matching.weights import weights
from services.providers.taxonomies import shipped
from tests.providers.test_denials import codes, denied, known  # noqa: F401 - a fixture


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("A quiet place to paint", {"visual-arts"}),
        ("The house is quiet since he died", {"loneliness", "bereavement"}),
        ("I only manage if it's quiet; I need it quiet", {"anxiety"}),
        ("I was scared in the dark", {"anxiety"}),
        ("I want to knit a scarf", {"craft"}),
        ("My scars show when I'm in a T-shirt", {"body-image"}),
        ("I have moved into a new flat", set()),
        ("Since then I feel flat", {"low-mood"}),
        ("Something low cost for people on a low income", set()),
        ("I've been low since Christmas", {"low-mood"}),
        ("Of course I'd come", set()),
        ("I'd like to do a course", {"learning"}),
        ("I broke my hip", set()),
        ("I'm broke till Friday", {"money"}),
        ("I fell out with my sister", set()),
        ("I fell over twice", {"inactivity"}),
        ("I don't fit in", set()),
        ("I want to get fit", {"inactivity"}),
        ("My bank balance", set()),
        ("My balance is going", {"inactivity", "movement"}),
        ("We're all in the same boat", {"peer-support"}),
        ("Out on a boat", {"outdoors"}),
        ("That appeals to me", set()),
        ("Help me appeal against it; I lost my appeal", {"advice"}),
        ("My children grow so fast, growing up already", set()),
        ("I like to grow tomatoes", {"gardening"}),
        ("Cancer at a late stage", {"long-term-condition"}),
        ("I was on stage once", {"drama"}),
        ("I know it by heart", set()),
        ("I had a heart attack", {"long-term-condition"}),
        ("Along the canal locks", {"outdoors"}),
        ("They changed the locks", {"housing", "housing-advice"}),
        ("I like dry stone walls", set()),
        ("I've put on two stone", {"body-image"}),
        ("I have blood pressure, one tablet a day", {"inactivity"}),
        ("My son bought me a tablet", {"digital-exclusion", "digital-skills"}),
        ("I'm hopeless at cards", set()),
        ("It all feels hopeless", {"low-mood"}),
        ("I want to meet up, eating and drinking tea", set()),
        ("My drinking is getting worse", {"alcohol-and-drugs"}),
        ("The cancer drugs make me tired", {"long-term-condition"}),
        ("I was taking drugs", {"alcohol-and-drugs"}),
        ("A roof over my head", set()),
        ("There's a storm in my head", {"anxiety"}),
        ("My medical records and my medical history", set()),
        ("I collect old records and I love history", {"music", "heritage"}),
        ("She lost her glasses", set()),
        ("It's been hard since I lost her", {"bereavement"}),
        ("The company let me go in March", set()),
        ("I'd be glad of some company", {"loneliness"}),
        ("My neighbour is kind", set()),
        ("I don't know any of my neighbours", {"loneliness"}),
        ("I work long days; evenings suit me, the evenings are free", set()),
        ("I dread the evenings", {"loneliness"}),
    ],
)
def test_what_is_said_is_understood_and_nothing_beside_it(
    known: Vocabulary,  # noqa: F811
    words: str,
    meant: set[str],
):
    assert codes(understood(words, known, weights())) == meant


@pytest.mark.parametrize(
    ("words", "not_so"),
    [
        ("I don't feel low", {"low-mood"}),
        ("He does not feel flat", {"low-mood"}),
        ("I don't want to act", {"drama"}),
        ("I don't like growing things", {"gardening"}),
        ("I'm not very low", {"low-mood"}),
    ],
)
def test_a_denial_that_is_part_of_the_phrase_denies_it(
    known: Vocabulary,  # noqa: F811
    words: str,
    not_so: set[str],
):
    statement = understood(words, known, weights())
    assert (codes(statement), denied(statement)) == (set(), not_so)


def test_every_phrase_is_found_where_it_stands_alone(known: Vocabulary):  # noqa: F811
    """Patterns are looked for by how they begin; none may be out of reach there."""
    for taxonomy in shipped():
        if taxonomy.code not in MEANT:
            continue
        for term in taxonomy.taxonomy_terms:
            for phrase in term.kersey.synonyms:
                said = understood(phrase.replace("*", "s"), known, weights())
                assert term.code in codes(said) | denied(said), phrase


def test_no_ending_is_left_open_after_so_little_that_it_begins_other_words():
    """`scar*` was a scarf and whoever is scared."""
    open_ended = {
        each.removesuffix("*")
        for taxonomy in shipped()
        for term in taxonomy.taxonomy_terms
        for each in term.kersey.synonyms
        if each.endswith("*")
    }
    others = ("scared", "scarf", "carvery", "looming", "shifted", "appealing", "nearby")
    found = [(each, other) for each in open_ended for other in others if other.startswith(each)]
    assert found == []
