"""What Kersey knows of a person by which somebody else would know them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.referrals.unnamed.addresses import Line, line_of
from services.referrals.unnamed.found import Kind
from services.referrals.unnamed.names import parts_of
from services.referrals.unnamed.shapes import (
    LEAST_DIGITS,
    digits_of,
    find_emails,
    find_phones,
    find_postcodes,
    joined,
    national,
)
from services.referrals.unnamed.visible import Visible
from services.referrals.unnamed.words import folded
from shared.fhir.nhs import NHS_NUMBER, canonical_system


@dataclass
class Known:
    """As it is compared; filled by its methods from the records that there are of the person.

    Attributes:
        names: the parts of names, with whose they are.
        lines: of addresses.
        postcodes: whole ones.
        phones: as they are dialled in the country.
        emails: in small letters.
        births: the day of birth, in each record.
        nhs_numbers: ten digits each.
        towns: words of the places where they live, which tell nobody who it is.
    """

    names: dict[str, Kind] = field(default_factory=dict)
    lines: set[Line] = field(default_factory=set)
    postcodes: set[str] = field(default_factory=set)
    phones: set[str] = field(default_factory=set)
    emails: set[str] = field(default_factory=set)
    births: set[date] = field(default_factory=set)
    nhs_numbers: set[str] = field(default_factory=set)
    towns: set[str] = field(default_factory=set)

    def take_name(self, name: str, kind: Kind = Kind.NAME) -> None:
        """A name of the person or, with another kind, of somebody around them."""
        for part in parts_of(name):
            if self.names.get(part) is not Kind.NAME:
                self.names[part] = kind

    def take_birth(self, day: str) -> None:
        """A day of birth, YYYY-MM-DD; a partial one is nobody's own."""
        try:
            self.births.add(date.fromisoformat(day))
        except ValueError:
            return

    def take_contact(self, value: str) -> None:
        """A telephone number or an address of e-mail, whatever else is said beside it."""
        value = Visible.of(value).text
        self.emails |= {value[start:end].casefold() for start, end in find_emails(value)}
        # Each of several, and without an extension; what has no such shape is taken for one whole.
        shaped = [national(value[start:end]) for start, end in find_phones(value)]
        if not shaped and "@" not in value:
            shaped = [national(value)]
        self.phones |= {each for each in shaped if len(each) >= LEAST_DIGITS}

    def take_address(self, address: str) -> None:
        """An address in one text: its first part is the street, with a number or without."""
        address = Visible.of(address).text
        for start, end in find_postcodes(address):
            self.postcodes.add(joined(address[start:end]))
        parts = address.replace("\n", ",").split(",")
        for n, part in enumerate(parts):
            line = line_of(part)
            if len(line) > 1 and (n == 0 or any(each[0].isdigit() for each in line)):
                self.lines.add(line)

    def take_record(self, record: Mapping[str, Any], kind: Kind = Kind.NAME) -> None:
        """A Patient; or, with another kind, a RelatedPerson.

        Args:
            record: as its sender wrote it.
            kind: whose names these are.
        """
        for each in record.get("name", ()):
            self._take_human_name(each, kind)
        for each in record.get("telecom", ()):
            self.take_contact(str(each.get("value", "")))
        for each in record.get("address", ()):
            self._take_fhir_address(each)
        for each in record.get("contact", ()):
            self._take_human_name(each.get("name") or {}, Kind.NAME_OF_SOMEBODY_CLOSE)
            for way in each.get("telecom", ()):
                self.take_contact(str(way.get("value", "")))
        if kind is Kind.NAME:
            self.take_birth(str(record.get("birthDate", "")))
            for each in record.get("identifier", ()):
                if canonical_system(str(each.get("system", ""))) == NHS_NUMBER:
                    self.nhs_numbers |= {digits_of(str(each.get("value", "")))} - {""}

    def take_shared(self, shared: Mapping[str, str]) -> None:
        """What the person agreed to share, item by item: as they want to be called and reached."""
        self.take_name(shared.get("name", ""))
        self.take_name(shared.get("carer", ""), Kind.NAME_OF_SOMEBODY_CLOSE)
        for item in ("phone", "email", "carer"):
            self.take_contact(shared.get(item, ""))
        self.take_address(shared.get("address", ""))
        self.take_birth(shared.get("birth-date", ""))

    def _take_human_name(self, name: Mapping[str, Any], kind: Kind) -> None:
        for part in (name.get("text"), name.get("family"), *name.get("given", ())):
            self.take_name(str(part or ""), kind)

    def _take_fhir_address(self, address: Mapping[str, Any]) -> None:
        places = (str(address.get(each) or "") for each in ("city", "district", "state"))
        towns = [folded(each) for each in places]
        self.towns |= {word for town in towns for word in town}
        for line in address.get("line", ()):
            words = line_of(str(line or ""))
            if words and words not in towns:
                self.lines.add(words)
        if address.get("postalCode"):
            self.postcodes.add(joined(str(address["postalCode"])))
        self.take_address(str(address.get("text") or ""))


def known_of(
    records: Iterable[Mapping[str, Any]], *, around: Iterable[Mapping[str, Any]] = ()
) -> Known:
    """What records say.

    Args:
        records: Patients.
        around: RelatedPersons.
    """
    known = Known()
    for each in records:
        known.take_record(each)
    for each in around:
        known.take_record(each, Kind.NAME_OF_SOMEBODY_CLOSE)
    return known
