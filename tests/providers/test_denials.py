"""What people say in their own words that is not so, words of danger, and what is taken away."""

from typing import Any

import pytest

from services.providers.matching.statement import Statement, understood
from services.providers.matching.vocabulary import Terms, Vocabulary
from services.providers.matching.weights import weights
from services.providers.taxonomies import shipped
from services.providers.taxonomies.phrases import pattern
from tests.providers.conftest import House
from tests.providers.listings import attribute, service
from tests.providers.test_match import ask, fitting


@pytest.fixture(scope="module")
def known() -> Vocabulary:
    """The taxonomies that come with Kersey."""
    every = {each.code: each.taxonomy_terms for each in shipped()}
    return Vocabulary(
        {
            code: Terms(
                {term.code: (term.id,) for term in terms},
                {term.code: term.name for term in terms},
            )
            for code, terms in every.items()
        },
        {
            (code, term.code): [pattern(each) for each in term.kersey.synonyms]
            for code, terms in every.items()
            for term in terms
        },
    )


def codes(statement: Statement) -> set[str]:
    return {code for several in statement.terms.values() for code in several}


def denied(statement: Statement) -> set[str]:
    return {code for several in statement.denied.values() for code in several}


@pytest.mark.parametrize(
    ("words", "meant", "not_so"),
    [
        ("I'm not lonely", set(), {"loneliness"}),
        ("I am not really all that lonely.", set(), {"loneliness"}),
        ("No money problems", set(), {"money"}),
        ("I don't have any debts", set(), {"money", "money-advice"}),
        ("Money isn't a problem", set(), {"money"}),
        ("I don't like singing", set(), {"music"}),
        ("I do not want to join another choir", set(), {"music"}),
        ("She hates singing or dancing", set(), {"music", "dance"}),
        ("not anxious or depressed", set(), {"anxiety", "low-mood"}),
        ("I'm not lonely but I'm skint", {"money"}, {"loneliness"}),
        ("Not lonely. Likes walking.", {"walking"}, {"loneliness"}),
        ("I don't like singing, gardening is for me", {"gardening"}, {"music"}),
        ("I'm not lonely and I sing", {"music"}, {"loneliness"}),
        ("I don't like singing, but I used to sing to my mum", {"music"}, set()),
    ],
)
def test_what_is_denied_is_not_taken_for_meant(
    known: Vocabulary, words: str, meant: set[str], not_so: set[str]
):
    statement = understood(words, known, weights())
    assert (codes(statement), denied(statement)) == (meant, not_so)


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("I've no money", "money"),
        ("I can't afford the bus", "money"),
        ("I could not afford it", "money"),
        ("I don't want to be on my own", "loneliness"),
        ("I hate being on my own", "loneliness"),
        ("I don't see anyone", "loneliness"),
        ("I'm not coping with my debts", "money"),
        ("I'm not eating", "food"),
        ("I don't like crowds", "anxiety"),
        ("I don't want to give up gardening", "gardening"),
        ("I don't want to walk alone", "walking"),
    ],
)
def test_what_only_sounds_like_a_denial_is_meant(known: Vocabulary, words: str, meant: str):
    statement = understood(words, known, weights())
    assert meant in codes(statement)
    assert denied(statement) == set()


def test_what_is_denied_is_not_looked_for_in_the_texts_either(house: House):
    house.load(
        service("Singers", description="We sing"),
        service("Golfers", description="We play golf"),
        service("Seeds", attributes=[attribute("activity", "gardening")]),
    )
    said = "I don't like golf or singing, I'd rather garden"
    answer = ask(house, matters=said)
    assert [each["service"]["name"] for each in answer["matches"]] == ["Seeds"]
    assert answer["understood"] == {"activity": ["gardening"]}
    assert answer["denied"] == {"activity": ["music"]}
    assert sorted(fitting(house, matters="I like golf and singing")) == ["Golfers", "Singers"]


def test_what_was_not_meant_can_be_taken_away(house: House):
    house.load(
        service("Singers", attributes=[attribute("activity", "singing")], description="We sing"),
        service("Supper", needs=["loneliness"]),
    )
    said: dict[str, Any] = {"matters": "I'm lonely; I sing to my cat"}
    assert sorted(fitting(house, **said)) == ["Singers", "Supper"]
    answer = ask(house, **said, without={"activity": ["music"]})
    assert [each["service"]["name"] for each in answer["matches"]] == ["Supper"]
    assert answer["understood"]["need"] == ["loneliness"]
    assert "music" not in answer["understood"].get("activity", ())
    assert "music" not in answer["denied"].get("activity", ()), "nobody denied it"
    both = {"activity": ["music"], "need": ["loneliness"]}
    assert ask(house, **said, without=both)["matches"] == []
    assert ask(house, **said, without={"need": ["lonelyness"]}, status=400)["element"] == (
        "without.need"
    )
    assert ask(house, **said, without={"company": ["men"]}, status=422)["element"] == (
        "body.without.company"
    )


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("I want to end my life", ["self-harm"]),
        ("I’ve been harming myself again", ["self-harm"]),
        ("I don't want to kill myself", ["self-harm"]),
        ("He hits me when he's had a drink", ["violence"]),
        ("I've nowhere to sleep tonight", ["no-shelter"]),
        ("There's no food in and the kids are going hungry", ["no-food"]),
        ("We slept rough and have had nothing to eat", ["no-shelter", "no-food"]),
    ],
)
def test_words_of_danger_are_answered_with_what_to_do_first(
    house: House, words: str, kinds: list[str]
):
    house.load(service("Supper", needs=["loneliness"]))
    answer = ask(house, matters=words, needs=["loneliness"])
    assert next(iter(answer)) == "notice", "before all else"
    assert answer["notice"]["code"] == "danger"
    assert answer["notice"]["kinds"] == kinds
    for call in ("999", "111", "116 123", "worried about this person"):
        assert call in answer["notice"]["text"]
    assert [each["service"]["name"] for each in answer["matches"]] == ["Supper"], "and still"


@pytest.mark.parametrize("words", [None, "", "I'd like to sing", "My car is small and I am skint"])
def test_where_no_danger_is_spoken_of_nothing_is_said_of_it(house: House, words: str | None):
    house.load(service("Supper"))
    assert "notice" not in ask(house, matters=words)
