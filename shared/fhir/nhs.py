"""NHS identifiers and the UK Core extensions that Kersey reads (NHS Data Dictionary)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from nhs_number.validate import is_valid

from shared.fhir.bindings import read

NHS_NUMBER = "https://fhir.nhs.uk/Id/nhs-number"
ODS_ORGANISATION = "https://fhir.nhs.uk/Id/ods-organization-code"
ODS_SITE = "https://fhir.nhs.uk/Id/ods-site-code"
GMC_NUMBER = "https://fhir.hl7.org.uk/Id/gmc-number"
GMP_NUMBER = "https://fhir.hl7.org.uk/Id/gmp-number"
NMC_NUMBER = "https://fhir.hl7.org.uk/Id/nmc-number"
GPHC_NUMBER = "https://fhir.hl7.org.uk/Id/gphc-number"
HCPC_NUMBER = "https://fhir.hl7.org.uk/Id/hcpc-number"
SDS_USER = "https://fhir.nhs.uk/Id/sds-user-id"
SDS_ROLE_PROFILE = "https://fhir.nhs.uk/Id/sds-role-profile-id"
DOS_SERVICE = "https://fhir.nhs.uk/Id/dos-service-id"
SNOMED_CT = "http://snomed.info/sct"

_UK = "https://fhir.hl7.org.uk/"
_EXTENSION = f"{_UK}StructureDefinition/Extension-UKCore-"
UK_CORE_PATIENT = f"{_UK}StructureDefinition/UKCore-Patient"
VERIFICATION_STATUS = _EXTENSION + "NHSNumberVerificationStatus"
ETHNIC_CATEGORY = _EXTENSION + "EthnicCategory"

_TEN_DIGITS = re.compile(r"[0-9]{10}")


def _folded(system: str) -> str:
    """``system`` as it is compared: without case, and http taken as https."""
    lower = system.lower()
    return "https://" + lower[7:] if lower.startswith("http://") else lower


_CANONICAL: Mapping[str, str] = {
    _folded(system): system
    for system in (
        NHS_NUMBER,
        ODS_ORGANISATION,
        ODS_SITE,
        GMC_NUMBER,
        GMP_NUMBER,
        NMC_NUMBER,
        GPHC_NUMBER,
        HCPC_NUMBER,
        SDS_USER,
        SDS_ROLE_PROFILE,
        DOS_SERVICE,
    )
}


def canonical_system(system: str) -> str:
    """The exact form of a known identifier system, else ``system`` as it is.

    Published examples write ``/id/`` for ``/Id/`` and ``http`` for ``https``; two spellings must
    not make two people or two practices.
    """
    return _CANONICAL.get(_folded(system), system)


def is_nhs_number(value: str) -> bool:
    """Whether ``value`` is ten digits, without spaces, whose check digit holds (modulus 11)."""
    return _TEN_DIGITS.fullmatch(value) is not None and bool(is_valid(value))


@dataclass(frozen=True, slots=True)
class NhsNumber:
    """A person's NHS number as a sender gave it; ``status`` is 01 to 08, None where not said."""

    value: str
    status: str | None

    @property
    def verified(self) -> bool:
        """Traced and found right (01): the only status on which people are linked by itself."""
        return self.status == "01"


def nhs_number(patient: Mapping[str, Any]) -> NhsNumber | None:
    """The NHS number among a Patient's identifiers, None where there is none."""
    for identifier in _objects(patient.get("identifier")):
        value = identifier.get("value")
        if is_nhs_identifier(identifier) and isinstance(value, str):
            return NhsNumber(value, verification_status(identifier))
    return None


def identifier_value(resource: Mapping[str, Any], system: str) -> str | None:
    """The first identifier value of ``resource`` in ``system``, whichever spelling it came in."""
    wanted = canonical_system(system)
    for identifier in _objects(resource.get("identifier")):
        own, value = identifier.get("system"), identifier.get("value")
        if isinstance(own, str) and isinstance(value, str) and canonical_system(own) == wanted:
            return value
    return None


def is_nhs_identifier(identifier: Mapping[str, Any]) -> bool:
    """Whether an Identifier's system is that of NHS numbers."""
    system = identifier.get("system")
    return isinstance(system, str) and canonical_system(system) == NHS_NUMBER


def verification_status(identifier: Mapping[str, Any]) -> str | None:
    """The verification status of an NHS number as 01 to 08 (UK Core, England's code system).

    Read from the current systems and from the retired one with numbers or words. None where no
    status is given, or one that says nothing.
    """
    for system, code in _codings(identifier, VERIFICATION_STATUS):
        status = _verification().get(system, {}).get(code)
        if status:
            return status
    return None


def misplaced_verification(identifier: Mapping[str, Any]) -> Iterator[int]:
    """The indexes of verification-status extensions without a concept, or with a code of no list.

    R4 binds nothing in an extension: a text alone or another system's code may stand there, and
    says nothing here. A code that claims to be of a national list must be of it.
    """
    for index, extension in _verifications(identifier):
        if not isinstance(extension.get("valueCodeableConcept"), dict) or any(
            system.startswith(_UK) and code not in _verification().get(system, {code})
            for system, code in _codes_of(extension)
        ):
            yield index


def unbound_verification(patient: Mapping[str, Any]) -> Iterator[str]:
    """The places of verification statuses outside UK Core's required value set.

    Only of a Patient that names UK Core's profile in ``meta.profile``: whom the binding binds.
    """
    meta = patient.get("meta")
    named = meta.get("profile") if isinstance(meta, dict) else None
    profiles = named if isinstance(named, list) else []  # what is none is another check's to say
    if not any(str(each).partition("|")[0] == UK_CORE_PATIENT for each in profiles):
        return
    for n, identifier in enumerate(_objects(patient.get("identifier"))):
        for index, extension in _verifications(identifier):
            codes = _codes_of(extension)
            if not any(code in _verification().get(system, {}) for system, code in codes):
                yield f".identifier[{n}].extension[{index}]"


def _verifications(identifier: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    for index, extension in enumerate(_objects(identifier.get("extension"))):
        if extension.get("url") == VERIFICATION_STATUS:
            yield index, extension


def misplaced_ethnicity(patient: Mapping[str, Any]) -> Iterator[int]:
    """The indexes of ethnic-category extensions without a concept, or with a code of no list.

    The binding is extensible (UK Core): a text alone, Wales's list or another may stand there, but
    a code that claims to be England's must be.
    """
    table = read_nhs()["ethnicity"]
    england = table["systems"][0]
    for index, extension in enumerate(_objects(patient.get("extension"))):
        if extension.get("url") == ETHNIC_CATEGORY and (
            not isinstance(extension.get("valueCodeableConcept"), dict)
            or any(
                system == england and code not in table["codes"]
                for system, code in _codes_of(extension)
            )
        ):
            yield index


def ethnic_category(patient: Mapping[str, Any]) -> str | None:
    """A Patient's ethnic category (A to Z, 99; NHS Data Dictionary), None where not given.

    ``Z`` is "not stated" (asked, and not answered), which is not the same as None (care 8).
    """
    table = read_nhs()["ethnicity"]
    for system, code in _codings(patient, ETHNIC_CATEGORY):
        if system in table["systems"] and code in table["codes"]:
            return code
    return None


@cache
def read_nhs() -> dict[str, Any]:
    """The national code lists, read once."""
    return read("nhs.toml")


def _verification() -> Mapping[str, Mapping[str, str]]:
    table: Mapping[str, Mapping[str, str]] = read_nhs()["verification"]
    return table


def _codings(element: Mapping[str, Any], url: str) -> Iterator[tuple[str, str]]:
    """(system, code) of every coding in the extensions ``url`` of ``element``."""
    for extension in _objects(element.get("extension")):
        if extension.get("url") == url:
            yield from _codes_of(extension)


def _codes_of(extension: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    concept = extension.get("valueCodeableConcept")
    if isinstance(concept, dict):
        for coding in _objects(concept.get("coding")):
            system, code = coding.get("system"), coding.get("code")
            if isinstance(system, str) and isinstance(code, str):
                yield system, code


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """The objects in ``value`` if it is a list; nothing else, so that any JSON may be read."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))
