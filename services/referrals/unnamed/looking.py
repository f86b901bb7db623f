"""Looking through a text that a provider will read, before it may know who the person is."""

from collections.abc import Collection, Iterator
from datetime import date

from services.referrals.unnamed import shapes
from services.referrals.unnamed.addresses import find_addresses
from services.referrals.unnamed.found import Found, Kind, apart
from services.referrals.unnamed.known import Known
from services.referrals.unnamed.names import find_names
from services.referrals.unnamed.visible import Visible
from services.referrals.unnamed.words import listed, sequences, words_of


def look_through(
    text: str,
    known: Known,
    today: date,
    *,
    ordinary: Collection[str] = (),
    public: Collection[str] = (),
    health: bool = True,
) -> list[Found]:
    """What in a text tells who a person is, or something of their health.

    What is the person's own is certain, but for names that are words of every day. What only has
    the shape of such data, and words of illness, are for the link worker to judge.

    Args:
        text: as typed.
        known: of the person and those around them.
        today: the day.
        ordinary: words that are no names only, beside those of every day; as they are compared.
        public: telephone numbers that the provider may read, such as the team's.
        health: whether to look for words of illness.
    """
    visible = Visible.of(text)
    text = visible.text
    found = [
        *find_names(text, known.names, {*ordinary, *known.towns}),
        *find_addresses(text, known.lines),
        *_numbers(text, known, {shapes.national(each) for each in public}),
        *_emails(text, known),
        *_postcodes(text, known),
        *_days(text, known, today),
        *(_health(text) if health else ()),
    ]
    return apart(map(visible.placed, found))


def _numbers(text: str, known: Known, public: Collection[str]) -> Iterator[Found]:
    for number in known.nhs_numbers:
        for place in shapes.find_number(text, number):
            yield Found(Kind.NHS_NUMBER, *place, theirs=True)
    for place in shapes.find_nhs_numbers(text):
        yield Found(Kind.NHS_NUMBER, *place, theirs=False)
    shaped = list(shapes.find_phones(text))
    for phone in known.phones:
        for dialled in {phone, phone.removeprefix("0")}:  # without its nought from abroad
            for start, end in shapes.find_number(text, dialled):
                around = (each for each in shaped if each[0] <= start and end <= each[1])
                yield Found(Kind.PHONE, *next(around, (start, end)), theirs=True)
    for start, end in shaped:
        if shapes.national(text[start:end]) not in public:
            yield Found(Kind.PHONE, start, end, theirs=False)


def _emails(text: str, known: Known) -> Iterator[Found]:
    for start, end in shapes.find_emails(text):
        yield Found(Kind.EMAIL, start, end, text[start:end].casefold() in known.emails)


def _postcodes(text: str, known: Known) -> Iterator[Found]:
    for start, end in shapes.find_postcodes(text):
        theirs = shapes.joined(text[start:end]) in known.postcodes
        yield Found(Kind.POSTCODE, start, end, theirs)


def _days(text: str, known: Known, today: date) -> Iterator[Found]:
    for day in shapes.find_days(text, today):
        theirs = not known.births.isdisjoint(day.readings)
        if theirs or day.may_be_a_birth(today):
            yield Found(Kind.BIRTH_DATE, *day.place, theirs=theirs)


def _health(text: str) -> Iterator[Found]:
    words = words_of(text)
    said = {each.folded for each in words}
    for illness in (entry.split() for line in listed("illnesses") for entry in line):
        if said.issuperset(illness):
            for here in sequences(words, illness):
                yield Found(Kind.HEALTH, here[0].start, here[-1].end, theirs=False)
