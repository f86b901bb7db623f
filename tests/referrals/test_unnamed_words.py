"""What in free text tells who a person is: names, numbers, addresses and days, however written."""

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referrals.unnamed.found import Found, Kind, apart
from services.referrals.unnamed.known import Known, known_of
from services.referrals.unnamed.looking import look_through

TODAY = date(2026, 11, 30)
KNOWN = known_of(
    [
        {
            "name": [{"family": "O'Thackray-Green", "given": ["Sheila", "Rose"]}],
            "birthDate": "1961-04-05",
            "telecom": [{"value": "07700 900111 (not after six)"}, {"value": "She@Loom.example"}],
            "address": [
                {"line": ["12 Loom Street", "Wilsden"], "city": "Wilsden", "postalCode": "BD18 9ZZ"}
            ],
            "identifier": [
                {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "999 000 0018"}
            ],
            "contact": [{"name": {"text": "Mrs Zofia Nowak"}}],
        }
    ],
    around=[{"name": [{"given": ["Imran"]}], "birthDate": "1990-01-01"}],
)


def heard(text: str, known: Known = KNOWN, **how: object) -> list[tuple[str, str, bool]]:
    found = look_through(text, known, TODAY, **how)  # type: ignore[arg-type]
    return [(each.kind.value, text[each.start : each.end], each.theirs) for each in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Sheila’s friend", ("name", "Sheila", True)),
        ("for SHEILA, please", ("name", "SHEILA", True)),
        ("Shéila", ("name", "Shéila", True)),
        ("Ms OThackray", ("name", "OThackray", True)),
        ("O’Thackray", ("name", "O’Thackray", True)),
        ("rose green would come", None),
        ("Rose Green would come", ("name", "Rose Green", True)),
        ("Rose would come", ("name", "Rose", False)),
        ("She grows roses, and one rose above all", None),
        ("Shelagh would come", ("name", "Shelagh", False)),
        ("with her neighbour Nowak", ("name-of-somebody-close", "Nowak", True)),
        ("Imran brings her", ("name-of-somebody-close", "Imran", True)),
        ("ring 07700900111", ("phone", "07700900111", True)),
        ("ring +44 (0)7700-900 111", ("phone", "+44 (0)7700-900 111", True)),
        ("ring 0044 7700 900111", ("phone", "0044 7700 900111", True)),
        ("ring 07700 900222", ("phone", "07700 900222", False)),
        ("ring 01274 / 555019", ("phone", "01274 / 555019", False)),
        ("ring 07700/900/111", ("phone", "07700/900/111", True)),
        ("from 03/11/2026 10 to 11", None),
        ("she@loom.example", ("email", "she@loom.example", True)),
        ("hall@loom.example", ("email", "hall@loom.example", False)),
        ("999-000-0018", ("nhs-number", "999-000-0018", True)),
        ("943 476 5919", ("nhs-number", "943 476 5919", False)),
        ("943 4765 919", ("nhs-number", "943 4765 919", False)),
        ("943/476/5919", ("nhs-number", "943/476/5919", False)),
        ("943 476 5918", None),
        ("94 34 76 59 19", None),
        ("at 12 Loom St.", ("address", "12 Loom St", True)),
        ("on Loom Street", ("address", "Loom Street", False)),
        ("number 12 on loom street", ("address", "loom street", False)),
        ("in Wilsden", None),
        ("bd189zz", ("postcode", "bd189zz", True)),
        ("BD18 3LA", ("postcode", "BD18 3LA", False)),
        ("BD18-9ZZ", ("postcode", "BD18-9ZZ", True)),
        ("BD18", None),
        ("born 5/4/61", ("birth-date", "5/4/61", True)),
        ("born 05.04.1961", ("birth-date", "05.04.1961", True)),
        ("born 1961-04-05", ("birth-date", "1961-04-05", True)),
        ("born the 5th of April, 1961", ("birth-date", "5th of April, 1961", True)),
        ("born Apr 5 1961", ("birth-date", "Apr 5 1961", True)),
        ("05041961", ("birth-date", "05041961", True)),
        ("born 12 March 1980", ("birth-date", "12 March 1980", False)),
        ("from 12 January 2027", None),
        ("lives with diabetes", ("health", "diabetes", False)),
        ("LONG COVID", ("health", "LONG COVID", False)),
        ("would like company on Tuesdays", None),
    ],
)
def test_what_a_text_tells(text: str, found: tuple[str, str, bool] | None):
    assert heard(text) == ([found] if found else [])


@pytest.mark.parametrize("unseen", ["\u00ad", "\u200b", "\u200d", "\u2060", "\u200f", "\ufeff"])
def test_what_is_not_seen_parts_no_words_and_numbers(unseen: str):
    text = f"for She{unseen}ila, of BD18{unseen} 9ZZ: 077{unseen}00 900111"
    assert heard(text) == [
        ("name", f"She{unseen}ila", True),
        ("postcode", f"BD18{unseen} 9ZZ", True),
        ("phone", f"077{unseen}00 900111", True),
    ]
    known = known_of([{"name": [{"family": f"Thack{unseen}ray"}]}])
    assert heard("Thackray", known) == [("name", "Thackray", True)]


@pytest.mark.parametrize("value", ["01274 555019 or 07700 900333", "01274 555019 ext 5"])
def test_each_of_several_numbers_is_theirs(value: str):
    known = known_of([{"telecom": [{"value": value}]}])
    assert heard("ring 01274 555019", known) == [("phone", "01274 555019", True)]


def test_what_the_provider_knows_or_may_read_tells_nothing():
    """Its own name, its places, and the telephone of the team that asks."""
    known = known_of([{"name": [{"family": "Shipley"}]}])
    assert heard("Shipley", known) == [("name", "Shipley", True)]
    assert heard("Shipley", known, ordinary={"shipley"}) == [("name", "Shipley", False)]
    assert heard("in shipley", known, ordinary={"shipley"}) == []
    assert heard("ring 01274 900100", public={"+44 1274 900100"}) == []
    assert heard("diabetes", health=False) == []


def test_a_persons_own_town_is_no_name():
    known = known_of([{"name": [{"family": "Shipley"}], "address": [{"city": "Shipley"}]}])
    assert heard("somewhere in Shipley", known) == [("name", "Shipley", False)]


def test_what_was_agreed_to_be_shared_is_known_too():
    known = Known()
    known.take_shared(
        {
            "name": "Bibi",
            "phone": "01632 960177",
            "email": "bibi@loom.example",
            "address": "3 Weft Avenue, Bingley BD16 9ZZ",
            "birth-date": "1950-02-01",
            "carer": "Parveen, 01632 960178",
        }
    )
    text = "bibi 01632960177 bibi@loom.example 3 weft ave BD169ZZ 1.2.1950 Parveen 01632 960178"
    kinds = {kind for kind, _, theirs in heard(text, known) if theirs}
    assert kinds == set(Kind) - {Kind.NHS_NUMBER, Kind.HEALTH}


SAFE = st.text("abcdefgh ijkl,.\n", max_size=60)
GAPS = st.sampled_from(["", " ", "-", ".", "\u00a0", " - ", ") "])


@given(SAFE, SAFE, st.lists(GAPS, min_size=10, max_size=10), st.sampled_from([
    ("07700900111", Kind.PHONE), ("9990000018", Kind.NHS_NUMBER),
]))  # fmt: skip
def test_a_number_is_found_in_any_spacing(
    before: str, after: str, gaps: list[str], number: tuple[str, Kind]
):
    spaced = "".join(digit + gap for digit, gap in zip(number[0], [*gaps, ""], strict=False))
    text = f"{before} {spaced} {after}"
    assert any(
        each.kind is number[1] and each.theirs for each in look_through(text, KNOWN, TODAY)
    ), text


CASES: list[Callable[[str], str]] = [str.lower, str.upper, str.title]


@given(SAFE, SAFE, st.sampled_from(["sheila", "nowak", "imran"]), st.sampled_from(CASES),
       st.sampled_from(["", "'s", "’s", ",", "-", "!"]))  # fmt: skip
def test_a_name_is_found_however_it_is_written(
    before: str, after: str, name: str, case: Callable[[str], str], end: str
):
    text = f"{before} {case(name)}{end} {after}"
    assert case(name) in [said for _, said, theirs in heard(text) if theirs]


@given(st.text(max_size=300))
def test_any_text_is_looked_through_and_what_is_found_lies_in_it(text: str):
    found = look_through(text, KNOWN, TODAY)
    ends = [0, *(place for each in found for place in (each.start, each.end))]
    assert ends == sorted(ends)
    assert ends[-1] <= len(text)


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_a_record_says_can_be_looked_for(said: str, text: str):
    known = known_of(
        [
            {
                "name": [{"text": said, "given": [None]}],
                "telecom": [{"value": said}],
                "address": [{"line": [said, None], "city": said, "postalCode": said}],
                "birthDate": said,
                "identifier": [{"value": said}],
            }
        ]
    )
    known.take_address(said)
    look_through(f"{text} {said}", known, TODAY)


def test_of_what_lies_over_each_other_the_certain_stays():
    guess, sure = Found(Kind.PHONE, 0, 12, theirs=False), Found(Kind.PHONE, 1, 12, theirs=True)
    assert apart([guess, sure]) == [sure]
