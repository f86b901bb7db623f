"""What a person says in their own words: understood well enough, and forgotten at once."""

import logging
from statistics import mean

import pytest

from bench.matching.__main__ import ranked
from bench.matching.labelled import ndcg, recall, statements
from deploy.demo.directory import dataset
from services.providers.hsds import TermOwn
from services.providers.matching.vocabulary import vocabulary
from services.providers.taxonomies import shipped
from services.providers.taxonomies.storing import store_taxonomies
from shared.database import UnitOfWork
from tests.providers.conftest import House
from tests.providers.listings import attribute, service
from tests.providers.test_match import ask, fitting

SAID = "My wife died; I go days without speaking to a soul; I used to sing in the Zebedee band."


def test_everyday_phrases_are_taken_to_mean_needs_and_activities(house: House):
    house.load(
        service("Chess", attributes=[attribute("need", "learning")]),
        service("Singers", attributes=[attribute("activity", "singing")]),
        service("Supper", attributes=[attribute("need", "bereavement")]),
    )
    answer = ask(house, matters=SAID)
    assert answer["understood"] == {"activity": ["music"], "need": ["bereavement"]}
    assert [each["service"]["name"] for each in answer["matches"]] == ["Singers", "Supper"]


def test_what_the_words_mean_is_a_reason_as_what_was_ticked_is(house: House):
    house.load(
        service(
            "Band", attributes=[attribute("activity", "playing"), attribute("need", "bereavement")]
        ),
        service("Choir", attributes=[attribute("activity", "singing")]),
    )
    said = "I used to play the cornet. My wife died."
    first, second = ask(house, matters=said, needs=["bereavement"])["matches"]
    assert first["reasons"] == ["helps with bereavement", "playing an instrument"]
    assert second["reasons"] == ["singing"]


def test_a_phrase_that_a_council_adds_is_understood_at_once(house: House):
    house.load(service("Chess", attributes=[attribute("need", "learning")]))
    said = "I want to be a zebedee"
    assert ask(house, matters=said)["understood"] == {}
    needs = next(each for each in shipped() if each.code == "need")
    terms = tuple(
        each.model_copy(update={"kersey": TermOwn(synonyms=("zebedee",))})
        if each.code == "learning"
        else each
        for each in needs.taxonomy_terms
    )
    with UnitOfWork(house.engine) as uow:
        store_taxonomies(uow.session, [needs.model_copy(update={"taxonomy_terms": terms})])
        uow.commit()
    assert ask(house, matters=said)["understood"] == {"need": ["learning"]}


def test_words_of_the_listing_itself_are_found_too(house: House):
    house.load(service("Tarn sailing"), service("Something else", description="Knots and tarns"))
    found = fitting(house, matters="I'd love to be out on a tarn")
    assert sorted(found) == ["Something else", "Tarn sailing"]
    assert fitting(house, matters="the and of", needs=[]) == []
    assert len(fitting(house, matters="   ")) == 2


def test_words_add_to_what_is_asked_and_take_nothing_away(house: House):
    house.load(
        service("Debts", needs=["money"]),
        service("Debts and song", needs=["money"], description="We sing about it"),
        service("Song", description="Singing"),
    )
    assert fitting(house, needs=["money"], matters="I love singing") == [
        "Debts and song",
        "Debts",
        "Song",
    ]


def test_what_was_said_is_neither_stored_nor_logged_nor_repeated(
    own_demo: House, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
):
    before = {name: own_demo.count(name) for name in ("outbox", "service", "matchable")}
    with caplog.at_level(logging.DEBUG):
        answer = ask(own_demo, matters=SAID, near="HX7", needs=["loneliness"])
        refused = ask(own_demo, matters=SAID, near="AB1", status=400)
        unfit = ask(own_demo, matters=SAID, start="x", status=422)
    logged = caplog.text + "".join(capfd.readouterr())
    assert "request.answered" in logged
    for text in (logged, str(answer), str(refused), str(unfit)):
        assert "Zebedee" not in text
        assert "zebedee" not in text.lower()
    assert {name: own_demo.count(name) for name in before} == before


def test_every_label_names_a_service_of_the_demo():
    names = {service.name for service in dataset().services}
    labelled = statements()
    assert len(labelled) >= 150
    assert sum(each.held_out for each in labelled) == len(labelled) // 2
    assert {name for each in labelled for name in each.gains} <= names
    assert len({each.words for each in labelled}) == len(labelled)


def test_phrases_find_far_more_than_full_text_alone(demo: House):
    """The figures of docs/own-words.md, with room for what the next phrase moves."""
    held_out = [each for each in statements() if each.held_out]
    with UnitOfWork(demo.engine) as uow:
        known = vocabulary(uow.session)
        found = {
            phrases: [ranked(uow.session, each.words, known, phrases=phrases) for each in held_out]
            for phrases in (False, True)
        }
    for figure, least in ((recall, 0.44), (ndcg, 0.53)):
        plain, phrased = (
            mean(figure(names, each) for names, each in zip(found[way], held_out, strict=True))
            for way in (False, True)
        )
        assert phrased >= least
        assert phrased > plain + 0.15


def test_the_figures_are_what_they_say():
    wanted = next(each for each in statements() if len(each.gains) > 3)
    best_first = sorted(wanted.gains, key=lambda name: -wanted.gains[name])
    assert ndcg(best_first, wanted) == pytest.approx(1.0)
    assert ndcg(best_first[::-1], wanted) < 1.0
    assert recall(best_first[:2], wanted) == pytest.approx(2 / len(wanted.gains))
    assert recall([], wanted) == ndcg([], wanted) == 0.0
