"""What the pages show of a person: read from the Patient and the ServiceRequest that were sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.portal.front_door.words import need_as_said
from shared.languages import _

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"

Resource = Mapping[str, Any]


@dataclass(frozen=True)
class Shown:
    """A person on a page; empty where nothing was sent.

    Attributes:
        name: as it is said.
        born: the date of birth as FHIR writes it, perhaps only a year.
        nhs_number: in the groups of three, three and four in which it is read out.
        telecoms: phone and e-mail, by kind.
        address: on one line.
        postcode: of the address.
        language: the code of the one that they prefer.
        died: whether the sender says so.
    """

    name: str = ""
    born: str = ""
    nhs_number: str = ""
    telecoms: Mapping[str, str] = field(default_factory=dict)
    address: str = ""
    postcode: str = ""
    language: str = ""
    died: bool = False

    def age(self, today: date) -> int | None:
        """In years; None where the day of birth is not known."""
        try:
            born = date.fromisoformat(self.born)
        except ValueError:
            return None
        return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


@dataclass(frozen=True)
class Asked:
    """What a referral asks for.

    Attributes:
        needs: codes and words of what the person wants help with.
        words: what its sender wrote.
        patient: the id of its Patient.
    """

    needs: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = ()
    patient: str = ""


def called(person: Shown, case: Resource, *, withheld: bool) -> str:
    """How a page calls a case: by its person, or by a reference that names nobody.

    Args:
        person: as far as they may be shown.
        case: `id` or `case`, and the `reference` of a front-door receipt, where it has one.
        withheld: whether the team alone may see who it is.
    """
    if person.name:
        return person.name
    if not withheld:
        return _("A person without a name")
    key = str(case.get("case") or case["id"])
    door = (case.get("front_door") or case).get("reference")
    return _("Case {number}").format(number=door or key[:8].upper())


def person_of(patient: Resource | None) -> Shown:
    """Read a Patient."""
    if not patient:
        return Shown()
    names = patient.get("name") or ()
    name = next((each for each in names if each.get("use") == "official"), None)
    address = _first(patient.get("address"))
    lines = [*(address.get("line") or ()), address.get("city"), address.get("postalCode")]
    spoken = [each for each in patient.get("communication") or () if each.get("preferred")]
    language = _first((_first(spoken).get("language") or {}).get("coding"))
    return Shown(
        name=_name(name or _first(names)),
        born=str(patient.get("birthDate") or ""),
        nhs_number=_nhs_number(patient),
        telecoms=_telecoms(patient),
        address=address.get("text") or ", ".join(line for line in lines if line),
        postcode=str(address.get("postalCode") or ""),
        language=str(language.get("code") or ""),
        died=bool(patient.get("deceasedBoolean") or patient.get("deceasedDateTime")),
    )


def asked_of(request: Resource | None) -> Asked:
    """Read a ServiceRequest."""
    if not request:
        return Asked()
    needs = [_need(each) for each in request.get("reasonCode") or ()]
    notes = [str(each.get("text") or "") for each in request.get("note") or ()]
    notes.append(str(request.get("patientInstruction") or ""))
    subject = str((request.get("subject") or {}).get("reference") or "")
    return Asked(
        needs=tuple(each for each in needs if each[1]),
        words=tuple(each for each in notes if each),
        patient=subject.rpartition("Patient/")[2].partition("/")[0],
    )


def _first(several: Sequence[Resource] | None) -> Resource:
    return several[0] if several else {}


def _name(name: Resource) -> str:
    if name.get("text"):
        return str(name["text"])
    return " ".join([*(name.get("given") or ()), str(name.get("family") or "")]).strip()


def _nhs_number(patient: Resource) -> str:
    for each in patient.get("identifier") or ():
        value = str(each.get("value") or "")
        if each.get("system") == NHS_NUMBER and len(value) == 10:
            return f"{value[:3]} {value[3:6]} {value[6:]}"
    return ""


def _telecoms(patient: Resource) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in patient.get("telecom") or ():
        if each.get("use") != "old" and each.get("value"):
            found.setdefault(str(each.get("system")), str(each["value"]))
    return found


def _need(concept: Resource) -> tuple[str, str]:
    coding = _first(concept.get("coding"))
    code = str(coding.get("code") or "")
    words = str(coding.get("display") or concept.get("text") or "")
    return code, need_as_said(code, words)
