"""For which organisation somebody acts: one that has people already, or another by its id."""

from collections.abc import Mapping
from uuid import UUID

from services.portal.staff.fields import Field, Typed
from services.portal.staff.taking import Faults
from shared.languages import _

ORGANISATION = Field(
    "organisation",
    _("Organisation"),
    "select",
    hint=_("Those for which somebody can sign in already."),
)
OTHER = Field(
    "other",
    _("If it is another one, its id"),
    hint=_("36 signs. It stands in the list of services, or whoever runs these pages knows it."),
)
NAME = Field("organisation_name", _("And its name"), letters=120)


def wrong_organisation(typed: Typed, _found: Faults) -> Faults:
    """What is wrong with the three fields together."""
    if typed["organisation"] and typed["other"]:
        return {"other": _("Choose one, or type another: not both")}
    if not typed["organisation"] and not typed["other"]:
        return {"organisation": _("Choose the organisation")}
    if typed["other"]:
        try:
            UUID(typed["other"])
        except ValueError:
            return {"other": _("This is no id. It has 36 signs, such as 51000000-0000-4000-...")}
        if not typed["organisation_name"]:
            return {"organisation_name": _("Type its name")}
    return {}


def organisation_in(typed: Typed, known: Mapping[str, str]) -> dict[str, str]:
    """The organisation of fields that were found right, as the issuer takes it."""
    if typed["organisation"]:
        return {
            "organisation": typed["organisation"],
            "organisation_name": known[typed["organisation"]],
        }
    return {
        "organisation": str(UUID(typed["other"])),
        "organisation_name": typed["organisation_name"],
    }


def own_organisation(seen: Mapping[str, str]) -> dict[str, str]:
    """The one organisation that its administrator sees, as the issuer takes it."""
    ((organisation, name),) = seen.items()
    return {"organisation": organisation, "organisation_name": name}
