"""The demo's people: one for each role. Their passwords and codes are public knowledge."""

import base64
import hashlib
from uuid import UUID

from deploy.demo.clients import PROVIDER, PROVIDER_NAME
from deploy.demo.ids import demo_id
from services.identity.people.accounts import Place
from services.identity.people.demo import DemoPerson
from services.identity.people.roles import ROLES

TEAM = Place(demo_id("team", "bradford"), "Bradford link workers")
HUB = Place(demo_id("hub", "bradford"), "Bradford hub")
PRACTICES = Place(demo_id("practice-group", "airedale"), "Airedale Rise Practice Group")
SLOW_STITCH = Place(PROVIDER, PROVIDER_NAME)


def _other(name: str, title: str) -> Place:
    return Place(demo_id("organization", name), title)


_WHO: tuple[tuple[str, str, Place], ...] = (
    ("link-worker", "Nadia Hussain", TEAM),
    ("team-lead", "Tom Ackroyd", TEAM),
    ("provider-staff", "Ewa Nowak", SLOW_STITCH),
    ("provider-manager", "Ruth Sugden", SLOW_STITCH),
    ("hub-coordinator", "Imran Malik", HUB),
    ("duty-lead", "Bev Thackray", HUB),
    ("care-navigator", "Carol Firth", PRACTICES),
    ("commissioner", "Grace Oyelaran", _other("commissioner", "Commissioners of the demo")),
    ("researcher", "Dev Patel", _other("analyst", "Researchers of the demo")),
    ("lived-experience-partner", "Jo Marsden", _other("partners", "Partners of the demo")),
    ("organisation-administrator", "Wanda Kowalczyk", HUB),
    ("administrator", "Sam Holroyd", _other("administrator", "Administrators of the demo")),
)


def _person(role: str, name: str, place: Place) -> DemoPerson:
    secret = base64.b32encode(hashlib.sha256(f"demo {role}".encode()).digest()[:20]).decode()
    key: UUID = demo_id("account", role)
    return DemoPerson(
        key, f"{role}@demo.kersey.example", name, f"demo-{role}-password", secret, place, role
    )


PEOPLE: tuple[DemoPerson, ...] = tuple(_person(*each) for each in _WHO)
"""In the order of the roles."""


def shown() -> list[dict[str, str]]:
    """What the first page of a demo shows of them, to sign in with."""
    return [
        {
            "about": f"{ROLES[each.role].title}, {each.place.name}",
            "email": each.email,
            "password": each.password,
            "secret": each.secret,
        }
        for each in PEOPLE
    ]
