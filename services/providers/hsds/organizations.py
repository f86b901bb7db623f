"""A provider, and the registers in which it stands."""

from uuid import UUID

from pydantic import Field

from services.providers.hsds.shapes import Attributes, Own, Shape
from services.providers.hsds.values import Count, HubCode, Line, MaybeEmail, MaybeWeb, Name, Prose


class OrganizationIdentifier(Shape):
    """A number of an official register."""

    id: UUID | None = None
    identifier_scheme: Line | None = None
    identifier_type: Line
    identifier: Line


class OrganizationOwn(Own):
    """Kersey's facts about an organisation."""

    hub: HubCode | None = None


class Organization(Shape):
    """A provider."""

    id: UUID | None = None
    name: Name
    alternate_name: Name | None = None
    description: Prose
    email: MaybeEmail = None
    website: MaybeWeb = None
    logo: MaybeWeb = None
    uri: MaybeWeb = None
    legal_status: Line | None = None
    year_incorporated: Count | None = Field(default=None, ge=1000, le=2200)
    parent_organization_id: UUID | None = None
    organization_identifiers: tuple[OrganizationIdentifier, ...] = ()
    attributes: Attributes = ()
    kersey: OrganizationOwn = OrganizationOwn()
