"""What waits for the Bradford hub in the demo's directory, played through the real use cases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from sqlalchemy import Engine, select

from deploy.demo.clients import PROVIDER_2
from deploy.demo.ids import demo_id
from deploy.demo.story import principal_of
from services.providers import hsds
from services.providers.app import SOURCE
from services.providers.claims import asking
from services.providers.claims.domain import Evidence
from services.providers.claims.shapes import ClaimSaid, EvidenceSaid
from services.providers.domain import Tier
from services.providers.gaps.noting import GapNoted, note_gap
from services.providers.handlers import Directory
from services.providers.importing.merging import standing_services
from services.providers.life.writing import write_organization, write_service
from services.providers.matches.proposing import propose
from services.providers.onboarding import acting
from services.providers.onboarding.domain import Did
from services.providers.onboarding.shapes import OnboardingSaid
from services.providers.rows import table
from services.providers.settings import ProvidersSettings
from services.providers.taxonomies import NAMESPACE
from shared.database import UnitOfWork
from shared.messaging.outbox import Outbox
from shared.worker import Wake

TWIN = demo_id("organization", "the-elders-club")
"""A second listing of a group that the hub has already, as it happens."""
GAPS = (
    ("housing", "BD3", "none"),
    ("housing", "BD5", "none"),
    ("housing", "BD3", "full"),
    ("digital-exclusion", "BD21", "too-far"),
    ("caring", "BD16", "times"),
)


def load(engine: Engine) -> None:
    """An edit, a claim, two listings of one group, groups on their way, and gaps; once.

    Args:
        engine: of the directory's migrated database, with the demo's listings.
    """
    free = ProvidersSettings.model_fields["changed_freely"].default
    directory = Directory(
        engine, Outbox(SOURCE, Wake()), timedelta(days=28), changed_freely=frozenset(free)
    )
    with UnitOfWork(engine) as uow:
        if uow.session.scalar(select(table("gap").c.id).limit(1)) is not None:
            return
    _an_edit(directory)
    _a_claim(directory)
    _two_listings_of_one_group(directory)
    _groups_on_their_way(directory)
    for need, area, reason in GAPS:
        note_gap(directory, GapNoted(need=need, area=area, reason=reason))


def organisation(name: str) -> UUID:
    """The id of a listed organisation of the demo."""
    return uuid5(NAMESPACE, f"organization/{name}")


def _an_edit(directory: Directory) -> None:
    service = table("service").c
    with UnitOfWork(directory.engine) as uow:
        key = uow.session.scalars(
            select(service.id).where(service.organization_id == PROVIDER_2).order_by(service.id)
        ).first()
        assert key is not None
        stands = standing_services(uow.session, [key])[key]
    said = stands.model_dump(mode="json", exclude={"kersey"}, exclude_defaults=True)
    said |= {
        "description": f"{stands.description} In winter we meet upstairs, by the lift.",
        "fees_description": "Two pounds, or what you can.",
        "organization_id": str(PROVIDER_2),
    }
    edit = hsds.Service.model_validate(said)
    write_service(directory, principal_of("provider-2"), key, edit, "We moved upstairs")


def _a_claim(directory: Directory) -> None:
    group = organisation("Queensbury Band Room Yoga")
    said = ClaimSaid(
        who="Priya Firth, treasurer",
        evidence=(
            EvidenceSaid(kind=Evidence.EMAIL, value="treasurer@queensburybandroomyoga.example"),
            EvidenceSaid(kind=Evidence.WORDS, value="Ring the band room any evening"),
        ),
    )
    asking.ask(directory, principal_of("provider", str(demo_id("claimant", "yoga"))), group, said)


def _two_listings_of_one_group(directory: Directory) -> None:
    twin = hsds.Organization.model_validate(
        {
            "id": str(TWIN),
            "name": "The Highfield Elders' Club",
            "description": "Lunch, dominoes and chair exercises for older people.",
            "email": "hello@highfieldeldersclub.example",
            "website": "https://www.highfieldeldersclub.example",
            "kersey": {"hub": "bradford"},
        }
    )
    write_organization(directory, principal_of("coordinator"), TWIN, twin, "From a leaflet")
    with UnitOfWork(directory.engine) as uow:
        propose(uow.session, [TWIN], directory.clock())
        uow.commit()


def _groups_on_their_way(directory: Directory) -> None:
    """One whose first service waits and for which nobody did anything for long, one that was heard
    of, and one that is listed already.
    """
    who = principal_of("coordinator")
    earlier = replace(directory, clock=lambda: datetime.now(UTC) - timedelta(days=16))
    said = OnboardingSaid(
        name="Manningham Clay Shed",
        place="A mill in Manningham",
        tier=Tier.NAMED_REFERRAL,
        reach_email="hello@manninghamclayshed.example",
    )
    key = UUID(acting.begin(earlier, who, said)["provider"])
    group = hsds.Organization.model_validate(
        {
            "name": said.name,
            "description": "Clay for whoever likes to work with their hands.",
            "kersey": {"hub": "bradford"},
        }
    )
    write_organization(earlier, who, key, group, "They rang us")
    draft = hsds.Service.model_validate(
        {
            "organization_id": str(key),
            "name": "Clay on Thursdays",
            "description": "Make a pot, drink tea, say as much or as little as you like.",
        }
    )
    write_service(earlier, who, None, draft, "As they told it by phone", draft=True)
    heard = OnboardingSaid(
        name="Heaton Repair Bench",
        place="The old chapel in Heaton",
        tier=Tier.SIGNPOST,
        reach_phone="01632 960417",
    )
    acting.begin(directory, who, heard)
    listed = OnboardingSaid(provider=TWIN, tier=Tier.NAMED_REFERRAL)
    view = acting.begin(directory, who, listed)
    acting.move(directory, who, UUID(view["id"]), Did.HELD, "They begin again after Easter.")
