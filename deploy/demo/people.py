"""Sixty people of the demo, made from lists; nobody real. NHS numbers are of the 999 test range."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import count, islice
from random import Random

from deploy.demo.consortium import PRACTICES, DemoPractice
from shared.fhir.nhs import is_nhs_number

SEED = 1858
"""The year in which Saltaire's mill ran at full strength; any fixed number would do."""

_WOMEN = """
    Margaret Ayesha Jolanta Harpreet Denise Kath Shabana Pauline Maureen Zofia Nasreen Barbara
    Jaswinder Agnieszka Farzana Hilda Rukhsana Sheila Bushra Parveen Elsie Samina Halina
""".split()
_MEN = """
    Brian Yusuf Tomasz Derek Gurdeep Imran Clive Leroy Trevor Winston Geoffrey Amrit Piotr Norman
    Delroy Keith Balbir
""".split()
_FAMILY = """
    Ackroyd Akhtar Barraclough Begum Crowther Dhillon Dyson Earnshaw Feather Greenwood Hussain
    Illingworth Jagger Kaur Khan Kowalska Lumb Mahmood Midgley Nowak Oldroyd Patel Priestley
    Ramsden Sandhu Shackleton Singh Sutcliffe Thackray Uttley Varley Wadsworth Wojcik Yates
    Zaman Campbell Francis Bailey Holroyd Gledhill
""".split()
_STREETS = (
    "Loom Street", "Shuttle Row", "Teasel Close", "Fulling Lane", "Bobbin Terrace", "Weft Avenue",
    "Tenter Croft", "Piece Hall View", "Dyehouse Yard", "Carding Court",
)  # fmt: skip
_TOWNS = {
    "bradford": ("Shipley", "BD18 9ZZ"),
    "calderdale": ("Hebden Bridge", "HX7 9ZZ"),
    "kirklees": ("Batley", "WF17 9ZZ"),
    "leeds": ("Kirkstall", "LS5 9ZZ"),
    "wakefield": ("Castleford", "WF10 9ZZ"),
}
_ETHNIC = ["A", "A", "A", "A", "A", "J", "J", "J", "H", "K", "N", "M", "C", "L", "R", "D", "S", "Z"]
"""UK Core ethnic categories, weighted roughly like the county; Z is 'not stated'."""
_NEEDS = (
    ("loneliness", "has felt cut off since moving house"),
    ("money", "is behind with bills and worried about winter"),
    ("inactivity", "would like to move more after an operation"),
    ("bereavement", "lost their partner in spring"),
    ("caring", "looks after a parent and gets no time off"),
    ("low-mood", "has stopped doing things they used to enjoy"),
    ("digital-exclusion", "cannot use the online booking"),
    ("housing", "lives in a damp flat"),
    ("work", "wants to get back to work gently"),
    ("isolation-language", "knows few people who speak their language"),
)
_ACCESS = (
    (), (), ("step-free",), (), ("bsl",), ("easy-read",), (), ("large-print",), ("hearing-loop",),
    (), ("quiet-space", "step-free"),
)  # fmt: skip
_INTERPRETERS = {
    "interpreter-urdu": """
        Ayesha Shabana Nasreen Farzana Rukhsana Bushra Parveen Samina Yusuf Imran
    """.split(),
    "interpreter-punjabi": "Harpreet Jaswinder Gurdeep Amrit Balbir".split(),
    "interpreter-polish": "Jolanta Zofia Agnieszka Halina Tomasz Piotr".split(),
}
"""Who may need one; half of them do."""


@dataclass(frozen=True)
class DemoPerson:
    """One invented person."""

    number: int
    nhs_number: str
    verified: bool
    given: str
    family: str
    gender: str
    birth_date: date
    ethnic_category: str | None
    line: str
    town: str
    postcode: str
    phone: str
    practice: DemoPractice
    need: str
    story: str
    access_needs: tuple[str, ...]


def nhs_numbers() -> Iterator[str]:
    """Test-range numbers whose check digit holds, in order."""
    for body in count(999_000_001):
        for digit in range(10):
            if is_nhs_number(f"{body}{digit}"):
                yield f"{body}{digit}"


def people(number: int = 60) -> list[DemoPerson]:
    """The demo's people; the same every time."""
    chance = Random(SEED)  # noqa: S311 - for variety, not for secrets
    made = []
    for index, nhs_number in enumerate(islice(nhs_numbers(), number)):
        practice = PRACTICES[index % len(PRACTICES)]
        town, postcode = _TOWNS[practice.hub]
        need, story = _NEEDS[(index * 7) % len(_NEEDS)]
        # Every eighth record says nothing: gaps in the GP's data are part of real life (care 8).
        ethnic = None if index % 8 == 5 else chance.choice(_ETHNIC)
        woman = index % 5 < 3
        given = (_WOMEN if woman else _MEN)[index % len(_WOMEN if woman else _MEN)]
        made.append(
            DemoPerson(
                number=index + 1,
                nhs_number=nhs_number,
                verified=index % 9 != 4,
                given=given,
                family=_FAMILY[(index * 11) % len(_FAMILY)],
                gender="female" if woman else "male",
                birth_date=date(1934, 3, 1) + timedelta(days=chance.randrange(25_500)),
                ethnic_category=ethnic,
                line=f"{chance.randrange(1, 99)} {chance.choice(_STREETS)}",
                town=town,
                postcode=postcode,
                phone=f"07700 900{index:03d}",
                practice=practice,
                need=need,
                story=story,
                access_needs=_interpreter(given, index) or _ACCESS[index % len(_ACCESS)],
            )
        )
    return made


def for_the_hub() -> tuple[DemoPerson, DemoPerson, DemoPerson]:
    """Three more, of Bradford: about each of them something waits for the hub's coordinator.

    One comes from a practice that nobody knows, so that no team has the case.
    """
    calls, unreached, unrouted = people(63)[60:]
    here = PRACTICES[0]
    unknown = DemoPractice(
        "ZZK99", "A practice that nobody knows", here.hub, here.group, covered=False
    )
    return calls, replace(unreached, practice=here), replace(unrouted, practice=unknown)


def _interpreter(given: str, index: int) -> tuple[str, ...]:
    if index % 2:
        return ()
    return tuple(code for code, names in _INTERPRETERS.items() if given in names)
