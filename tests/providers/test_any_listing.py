"""Whatever is taken in, what goes out is valid: every read over generated listings."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import ValidationError

from services.providers import hsds, publishing
from shared.database import UnitOfWork
from tests.providers import made_listings
from tests.providers.conftest import House
from tests.providers.listings import OWNER
from tests.providers.schemas import DRAFT, PLAIN, fits


def keep(house: House, organization: hsds.Organization, service: hsds.Service) -> None:
    """Publish the two, as every way in does."""
    if not house.count("taxonomy"):
        house.load()
    outbox, now = house.directory.outbox, house.now
    with UnitOfWork(house.engine) as uow:
        publishing.organizations(uow, outbox, {OWNER: organization}, now)
        assert service.id
        lasts = timedelta(days=28)
        publishing.services(uow, outbox, {service.id: service}, now, capacity_lasts=lasts)
        uow.commit()


@settings(
    max_examples=40,
    phases=(Phase.generate, Phase.shrink),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(made_listings.services, made_listings.organizations)
def test_every_read_of_any_listing_fits_the_schemas(
    house: House, body: dict[str, Any], owner: dict[str, Any]
) -> None:
    try:
        service = hsds.Service.model_validate(body | {"id": str(uuid4())})
        organization = hsds.Organization.model_validate(owner)
    except ValidationError:  # refused in words: nothing is stored that could be read
        return
    house.now += timedelta(seconds=1)
    keep(house, organization, service)

    whole = house.get(f"/directory/services/{service.id}")
    fits("service", whole)
    fits("service", whole, PLAIN)
    for each in whole.get("capacities", ()):
        fits("service_capacity", each, DRAFT)
    for at in whole.get("service_at_locations", ()):
        one = house.get(f"/directory/service_at_locations/{at['id']}")
        fits("service_at_location", one)
        fits("service", one)
    changed = house.get("/directory/services", modified_after=house.now.isoformat(), per_page=500)
    listed = {each["id"]: each for each in changed["contents"]}
    fits("service", listed[whole["id"]])
    offering = house.get(f"/directory/organizations/{organization.id}", full_service="true")
    fits("organization", offering)
    fits("organization", offering, PLAIN)
    assert whole["id"] in {each["id"] for each in offering["services"]}


@pytest.mark.parametrize("description", ["", "<script></script>", " <!-- --> "])
def test_whoever_says_nothing_of_itself_is_described_by_its_name(house: House, description: str):
    owner = {"id": str(OWNER), "name": "The Ginnel", "description": description}
    body = {"id": str(uuid4()), "name": "Choir", "organization_id": str(OWNER), "description": ""}
    service = hsds.Service.model_validate(body)
    keep(house, hsds.Organization.model_validate(owner), service)
    whole = house.get(f"/directory/services/{service.id}")
    fits("service", whole)
    assert whole["organization"]["description"] == "The Ginnel"
    fits("organization", house.get(f"/directory/organizations/{OWNER}"))


def test_a_name_says_something_beside_its_markup():
    with pytest.raises(ValidationError, match="beside its markup"):
        hsds.Organization.model_validate({"name": "<b></b>", "description": "Looms"})


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Tea & talk <b>cake</b>", "Tea & talk cake"),
        ("Tea & talk", "Tea & talk"),
        ("Ann <ann@a.example>", "Ann"),
        ("Under 5s <3", "Under 5s <3"),
        ("A &lt;script&gt; <i>", "A"),
        ("<<b>i>x", "x"),
    ],
)
def test_a_name_is_a_text_and_no_html(said: str, name: str):
    found = hsds.Organization.model_validate({"name": said, "description": "Looms"})
    assert found.name == name
    again = hsds.Organization.model_validate({"name": found.name, "description": "Looms"})
    assert again.name == name, "what is published is taken by another as it is"
