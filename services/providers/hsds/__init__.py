"""Listings as they come in: the HSDS 3.0 / Open Referral UK shape, checked and cleaned at the edge.

One shape serves the write API and whole datasets. Fields that HSDS knows and Kersey does not keep
are ignored; Kersey's own facts stand in one `kersey` member, where an unknown field is refused.
A nested entity without an id gets one that follows from its parent's, so that the same listing
sent twice is the same listing.
"""

from services.providers.hsds.contacts import Contact, Language, Phone
from services.providers.hsds.organizations import (
    Organization,
    OrganizationIdentifier,
    OrganizationOwn,
)
from services.providers.hsds.own import CapacitySaid, EvidenceSeen, ServiceOwn
from services.providers.hsds.places import Accessibility, Address, Location, ServiceAtLocation
from services.providers.hsds.services import CostOption, Funding, Service, ServiceArea
from services.providers.hsds.shapes import Attribute
from services.providers.hsds.taxonomies import Taxonomy, TaxonomyTerm, TermMapping, TermOwn
from services.providers.hsds.times import Schedule
from services.providers.hsds.values import Email, HubCode, Line, Name, Prose, Web

__all__ = [
    "Accessibility",
    "Address",
    "Attribute",
    "CapacitySaid",
    "Contact",
    "CostOption",
    "Email",
    "EvidenceSeen",
    "Funding",
    "HubCode",
    "Language",
    "Line",
    "Location",
    "Name",
    "Organization",
    "OrganizationIdentifier",
    "OrganizationOwn",
    "Phone",
    "Prose",
    "Schedule",
    "Service",
    "ServiceArea",
    "ServiceAtLocation",
    "ServiceOwn",
    "Taxonomy",
    "TaxonomyTerm",
    "TermMapping",
    "TermOwn",
    "Web",
]
