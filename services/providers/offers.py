"""The part of a listing that matching shows and reasons from: a fifth of the whole, kept beside it.

Two dozen services are read for an answer, and most of a document is what each of its terms means.
"""

from collections.abc import Mapping
from typing import Any

from services.providers.nested import Json, picked_json

_OF_SERVICE = (
    "id", "name", "description", "url", "alert", "eligibility_description", "minimum_age",
    "maximum_age", "fees", "schedules", "service_areas", "languages", "cost_options", "kersey",
)  # fmt: skip
_OF_ORGANIZATION = ("id", "name")
_BESIDE_PLACE = ("attributes", "contacts", "phones")


def offer(said: Mapping[str, Any]) -> Json:
    """What matching needs of a document.

    A place comes without its terms, which `kersey.access` says by their codes.

    Args:
        said: the document; of an offer it is the same again.
    """
    at = [_at(each) for each in said.get("service_at_locations", ())]
    found = picked_json(dict(said), _OF_SERVICE)
    found["organization"] = picked_json(said["organization"], _OF_ORGANIZATION)
    return found | ({"service_at_locations": at} if at else {})


def _at(each: Json) -> Json:
    place = each["location"]
    known = {name: place[name] for name in place if name not in _BESIDE_PLACE}
    return picked_json(each, ("schedules",)) | {"location": known}
