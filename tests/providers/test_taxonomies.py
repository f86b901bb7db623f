"""The taxonomies that come with Kersey: whole, in HSDS's shape, and told with what they mean."""

from services.providers.loading import load_directory
from services.providers.taxonomies import declare_taxonomies, shipped, term_id
from services.providers.taxonomies.phrases import folded, pattern
from tests.providers import listings
from tests.providers.conftest import NOW, House

VERIFIED_SNOMED = {"390893007", "771491000000104"}
"""The codes that somebody read in a named source; a new one is added here by whoever read it."""


def codes(taxonomy: str) -> set[str]:
    return {
        term.code for whole in shipped() if whole.code == taxonomy for term in whole.taxonomy_terms
    }


def test_the_needs_and_activities_that_social_prescribing_speaks_of_are_there():
    assert codes("need") >= set(
        "loneliness money housing work body-image bereavement caring digital-exclusion".split()
    )
    assert codes("activity") >= set(
        "music dance visual-arts craft writing drama film fashion digital-arts circus heritage"
        " libraries museums cooking gardening".split()
    )


def test_terms_are_told_apart_and_hang_under_a_term_of_their_own_taxonomy():
    for whole in shipped():
        ids = {term.id for term in whole.taxonomy_terms}
        assert len(ids) == len(whole.taxonomy_terms)
        assert all(term.parent_id in ids | {None} for term in whole.taxonomy_terms)
        assert all(term.name and term.description for term in whole.taxonomy_terms)


def test_no_code_of_snomed_stands_there_that_nobody_read():
    found = {
        mapping.code
        for whole in shipped()
        for term in whole.taxonomy_terms
        for mapping in term.kersey.mappings
        if mapping.system == "http://snomed.info/sct" and mapping.verified
    }
    assert found == VERIFIED_SNOMED


def test_a_phrase_is_found_as_people_write_it():
    said = folded("I’m SO lonely – can't face crowds; naïve café")
    assert pattern("lonel*") in said
    assert pattern("cant face") in said
    assert pattern("naive cafe") in said
    assert pattern("one") not in said
    assert pattern("crowd") not in said


def test_every_phrase_can_be_found_by_itself():
    for whole in shipped():
        for term in whole.taxonomy_terms:
            for phrase in term.kersey.synonyms:
                assert pattern(phrase) in folded(phrase.replace("*", "")), phrase


def test_the_vocabulary_is_told_with_phrases_and_codes_elsewhere(demo: House):
    told = {each["code"]: each for each in demo.get("/directory/vocabulary")["contents"]}
    assert set(told) == {"access", "activity", "company", "format", "need"}
    terms = {each["code"]: each for each in told["activity"]["terms"]}
    assert (
        terms["singing"]["parent_id"] == terms["music"]["id"] == str(term_id("activity", "music"))
    )
    assert "choir*" in terms["music"]["synonyms"]
    assert terms["physical"]["mappings"] == [
        {
            "system": "http://snomed.info/sct",
            "code": "390893007",
            "display": "Referral to physical activity program (procedure)",
            "verified": True,
            "source": "University of Manchester primary care code sets (gm-sde)",
        }
    ]
    needs = {each["code"]: each for each in told["need"]["terms"]}
    assert [each["code"] for each in needs["food"]["mappings"]] == ["food-insecurity"]


def test_declaring_them_twice_changes_nothing_and_leaves_other_terms(house: House):
    load_directory(house.engine, house.directory.outbox, listings.dataset(), clock=lambda: NOW)
    before = house.get("/directory/vocabulary")
    declare_taxonomies(house.engine)
    assert house.get("/directory/vocabulary") == before
