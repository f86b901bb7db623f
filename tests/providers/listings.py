"""Small crafted listings, in HSDS shape, round a made-up square in Halifax."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID, uuid5

from deploy.demo.directory.build import HUBS
from services.providers import hsds
from services.providers.gazetteer import WEST_YORKSHIRE
from services.providers.loading import Dataset
from services.providers.taxonomies import shipped, term_id

SPACE = UUID("11111111-2222-5333-8444-555555555555")
SQUARE = (53.7200, -1.8600)
"""Where distances are measured from; a degree of latitude north of it is 111.2 km away."""

HUB = next(hub for hub in HUBS if hub.code == "calderdale")
"""Where the crafted organisations are listed, and whose coordinator keeps them."""

OWNER = uuid5(SPACE, "Owner")
OTHER = uuid5(SPACE, "Other")


def north(metres: float) -> tuple[float, float]:
    """A point so many metres north of the square."""
    return SQUARE[0] + metres / 111_195.08, SQUARE[1]


def key(name: str) -> UUID:
    return uuid5(SPACE, name)


def attribute(taxonomy: str, code: str) -> dict[str, Any]:
    """A link to a demo term; a code with a `!` is a known no."""
    link = {"taxonomy_term_id": str(term_id(taxonomy, code.removeprefix("!")))}
    return link | ({"value": "no"} if code.startswith("!") else {})


def organization(name: str = "Owner", **more: Any) -> hsds.Organization:
    return hsds.Organization.model_validate(
        {
            "id": key(name),
            "name": name,
            "description": f"{name} is invented.",
            "kersey": {"hub": HUB.code},
        }
        | more
    )


def body(
    name: str,
    *,
    needs: Sequence[str] = (),
    access: Sequence[str] = (),
    at: tuple[float, float] | None = None,
    owner: UUID = OWNER,
    capacity: dict[str, Any] | None = None,
    cost: float | None = None,
    speaks: Sequence[str] = (),
    kersey: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A service as JSON would bring it."""
    listing: dict[str, Any] = {
        "organization_id": str(owner),
        "name": name,
        "attributes": [attribute("need", need) for need in needs],
        "languages": [{"code": code} for code in speaks],
        "kersey": (kersey or {}) | ({"capacity": capacity} if capacity else {}),
    }
    if at is not None:
        place = {
            "location_type": "physical",
            "name": f"{name} room",
            "latitude": at[0],
            "longitude": at[1],
            "attributes": [attribute("access", code) for code in access],
        }
        listing["service_at_locations"] = [{"location": place}]
    else:
        listing["attributes"] += [attribute("access", code) for code in access]
    if cost is not None:
        listing["cost_options"] = [{"amount": cost}]
    return listing | more


def service(name: str, **more: Any) -> hsds.Service:
    return hsds.Service.model_validate(body(name, **more) | {"id": str(key(name))})


def weekly(byday: str, opens: str = "10:00", closes: str = "12:00", **more: Any) -> dict[str, Any]:
    return {"freq": "WEEKLY", "byday": byday, "opens_at": opens, "closes_at": closes} | more


def dataset(
    services: Iterable[hsds.Service] = (), organizations: Iterable[hsds.Organization] = ()
) -> Dataset:
    """The demo's ground with these listings on it, and an owner and another for them."""
    owners = list(organizations) or [organization("Owner"), organization("Other")]
    return Dataset(HUBS, WEST_YORKSHIRE, shipped(), owners, list(services))


def ground() -> Dataset:
    return dataset()
