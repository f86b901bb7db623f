"""The demo's OAuth clients. Their secrets are public knowledge; production refuses them."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from deploy.demo.ids import demo_id
from services.providers.taxonomies import NAMESPACE as DIRECTORY

FHIR_ALL = "system/*.cruds"
CASES = "cases"


@dataclass(frozen=True)
class DemoClient:
    """One client, by the short name that `kersey token --as` takes.

    Attributes:
        name: the short name.
        about: who it stands for, for people.
        organisation: on whose behalf it acts.
        roles: what it is to the consortium.
        scopes: all that it may ask for.
    """

    name: str
    about: str
    organisation: UUID
    roles: tuple[str, ...]
    scopes: tuple[str, ...]

    @property
    def client_id(self) -> str:
        """Its OAuth client id."""
        return f"demo-{self.name}"

    @property
    def secret(self) -> str:
        """Its secret: derived from its name, because it keeps nothing secret."""
        return f"demo-{self.name}-secret"


def _client(
    name: str, about: str, organisation: UUID, roles: str, scopes: str
) -> tuple[str, DemoClient]:
    return name, DemoClient(name, about, organisation, tuple(roles.split()), tuple(scopes.split()))


READS = "system/*.rs"
WORKS = f"{READS} system/Task.u {CASES}"

PROVIDER_NAME = "Saltaire Slow Stitch"
PROVIDER_2_NAME = "Manningham Sitar House"
PROVIDER = uuid5(DIRECTORY, f"organization/{PROVIDER_NAME}")
PROVIDER_2 = uuid5(DIRECTORY, f"organization/{PROVIDER_2_NAME}")

CLIENTS: dict[str, DemoClient] = dict(
    [
        _client(
            "ehr",
            "the record system of Airedale Rise Practice Group",
            demo_id("practice-group", "airedale"),
            "referral-sender",
            FHIR_ALL,
        ),
        _client(
            "ehr-2",
            "the record system of another group, Lower Calder",
            demo_id("practice-group", "lower-calder"),
            "referral-sender",
            FHIR_ALL,
        ),
        _client(
            "link-worker",
            "a link worker in Bradford",
            demo_id("team", "bradford"),
            "link-worker",
            f"{WORKS} directory.read notifications.read",
        ),
        _client(
            "provider",
            f"{PROVIDER_NAME}, a community provider",
            PROVIDER,
            "provider",
            f"{WORKS} directory.write notifications.read",
        ),
        _client(
            "provider-2",
            f"{PROVIDER_2_NAME}, another community provider",
            PROVIDER_2,
            "provider",
            f"{WORKS} directory.write notifications.read",
        ),
        _client(
            "coordinator",
            "the coordinator of the Bradford hub",
            demo_id("hub", "bradford"),
            "coordinator",
            f"{WORKS} directory.read directory.write notifications.read notifications.write",
        ),
        _client(
            "commissioner",
            "who pays for provision; sees which funding ends, and figures",
            demo_id("organization", "commissioner"),
            "commissioner",
            "directory.read figures.read",
        ),
        _client(
            "administrator",
            "whoever registers clients; may do nothing else",
            demo_id("organization", "administrator"),
            "",
            "clients.read clients.write",
        ),
        _client(
            "analyst",
            "an analyst of the consortium",
            demo_id("organization", "analyst"),
            "analyst",
            "figures.read",
        ),
        _client(
            "fhir-client",
            "a general FHIR client",
            demo_id("organization", "fhir-client"),
            "fhir-client",
            FHIR_ALL,
        ),
        _client(
            "fhir-client-2",
            "a general FHIR client of another organisation",
            demo_id("organization", "fhir-client-2"),
            "fhir-client",
            FHIR_ALL,
        ),
    ]
)
"""By the short name."""
