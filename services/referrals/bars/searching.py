"""How BaRS asks for the referrals of a person, in R4's words.

Its API writes `patient:identifier` and means the identifier of the Patient; in R4 that modifier
asks for one that stands in the reference itself. What is meant is known by the header that each
request of BaRS has.
"""

from collections.abc import Mapping
from types import MappingProxyType

from fastapi import Request

from shared.fhir.interactions import Pairs

HEADER = "NHSD-Target-Identifier"

_MEANT: Mapping[str, str] = MappingProxyType(
    {
        "patient:identifier": "patient:Patient.identifier",
        "patient:name": "patient:Patient.name",
        "patient:birthdate": "patient:Patient.birthdate",
        "patient:address-postalcode": "patient:Patient.address-postalcode",
        "ServiceRequest.identifier": "identifier",
    }
)


def meant(request: Request, type_name: str, pairs: Pairs) -> Pairs:
    """The parameters of a search of ServiceRequest, as R4 has them; others' as they are."""
    if type_name != "ServiceRequest" or HEADER not in request.headers:
        return pairs
    return [(_MEANT.get(name, name), value) for name, value in pairs]
