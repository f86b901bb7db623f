"""What a coordinator does with a provider that is brought in: begin, change, hold, give up, finish.

The steps themselves are done where they belong: a listing is written, an address is checked.
"""

from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, func, insert, select

from services.providers import hubs
from services.providers.handlers import Directory
from services.providers.life.kept import written_for
from services.providers.matches.proposing import stands_in_another
from services.providers.nested import Json
from services.providers.onboarding.domain import MOVES, OPEN, Did, State, Step, missing, steps_of
from services.providers.onboarding.gathering import known_of, services_of
from services.providers.onboarding.reading import whole
from services.providers.onboarding.records import ACT, ONBOARDING, did, held
from services.providers.onboarding.shapes import OnboardingSaid, ReachSaid
from services.providers.rows import table
from shared.auth import Principal
from shared.database import UnitOfWork
from shared.problems import Problem


def begin(directory: Directory, principal: Principal, said: OnboardingSaid) -> Json:
    """Begin to bring a provider in.

    Args:
        directory: what to work with.
        principal: a coordinator.
        said: whom: one that is listed, or one that somebody heard of.

    Raises:
        Problem: 403 for another's hub; 404 for an organisation that it does not list; 409 where it
            is brought in already, or is listed under this name; 422.
    """
    now, key = directory.clock(), uuid4()
    with UnitOfWork(directory.engine) as uow:
        hub = hubs.own_hub(uow, principal, said.hub, "hub")
        _hold(uow, hub)
        if said.provider is not None:
            _check_listed(uow, said.provider, said.service, hub)
        else:
            _check_name(uow, str(said.name), hub)
        provider = said.provider or uuid4()
        _refuse_second(uow, ONBOARDING.c.provider == provider, "provider")
        row: Json = {
            "id": key,
            "hub": hub,
            "provider": provider,
            "state": State.GOING_ON.value,
            "begun": now,
            "begun_by": principal.subject,
            "moved": now,
        }
        row |= said.model_dump(exclude={"hub", "provider"}) | {"tier": int(said.tier)}
        run = uow.session.connection().execute
        run(insert(ONBOARDING).values(row))
        act = {"onboarding": key, "what": Did.BEGUN.value, "at": now, "by": principal.subject}
        run(insert(ACT).values(act))
        shown = whole(uow, principal, key, now)
        uow.commit()
    return shown


def change(directory: Directory, principal: Principal, key: UUID, said: ReachSaid) -> Json:
    """Wish for another tier, or ask somebody else.

    Raises:
        Problem: 404; 409 where it ended.
    """
    now = directory.clock()
    with UnitOfWork(directory.engine) as uow:
        row = held(uow, principal, key, *OPEN)
        words = None if row["tier"] == said.tier else f"Tier {int(said.tier)}, was {row['tier']}."
        values = said.model_dump() | {"tier": int(said.tier)}
        did(uow, principal, key, Did.CHANGED, now, words=words, **values)
        shown = whole(uow, principal, key, now)
        uow.commit()
    return shown


def note(directory: Directory, principal: Principal, key: UUID, words: str) -> Json:
    """Keep words for the history: it counts as a step, so that it is stuck no more.

    Raises:
        Problem: 404; 409 where it ended.
    """
    now = directory.clock()
    with UnitOfWork(directory.engine) as uow:
        held(uow, principal, key, *OPEN)
        did(uow, principal, key, Did.NOTED, now, words=words)
        shown = whole(uow, principal, key, now)
        uow.commit()
    return shown


def without(directory: Directory, principal: Principal, key: UUID, step: Step, words: str) -> Json:
    """Keep that the provider does without a step, and why.

    Raises:
        Problem: 404; 409 where it does not go on.
    """
    now = directory.clock()
    with UnitOfWork(directory.engine) as uow:
        held(uow, principal, key, State.GOING_ON)
        did(uow, principal, key, Did.WITHOUT, now, about=step.value, words=words)
        shown = whole(uow, principal, key, now)
        uow.commit()
    return shown


def move(
    directory: Directory, principal: Principal, key: UUID, what: Did, words: str | None = None
) -> Json:
    """Put it on hold, take it up again, give it up, or say that it is done.

    Whom to ask is forgotten at the end: from then on notifications knows how they are reached.

    Args:
        directory: what to work with.
        principal: a coordinator of its hub.
        key: of the onboarding.
        what: one of `MOVES`.
        words: why.

    Raises:
        Problem: 404; 409 where it stands otherwise, a step of the directory's own is missing, or
            another is open for the same provider.
    """
    now = directory.clock()
    starts, ends = MOVES[what]
    with UnitOfWork(directory.engine) as uow:
        row = held(uow, principal, key, *starts)
        if what is Did.FINISHED:
            services = services_of(uow, [row])
            left = missing(steps_of(known_of(uow, [row], services, now.date())[key], now.date()))
            if left:
                words = ", ".join(each.kind or each.step for each in left)
                raise Problem(409, "It is not done", f"Still missing: {words}.", element="id")
        if what is Did.RESUMED and row["state"] not in OPEN:
            _hold(uow, row["hub"])
            _refuse_second(uow, ONBOARDING.c.provider == row["provider"], "id")
            named = func.lower(ONBOARDING.c.name) == func.lower(row["name"])
            _refuse_second(uow, (ONBOARDING.c.hub == row["hub"]) & named, "id")
        over = ends not in OPEN
        values: Json = {"state": ends.value, "ended": now if over else None}
        values |= {"reach_email": None, "reach_phone": None} if over else {}
        did(uow, principal, key, what, now, words=words, **values)
        shown = whole(uow, principal, key, now)
        uow.commit()
    return shown


def _hold(uow: UnitOfWork, hub: str) -> None:
    """One after the other begins in a hub, or two at once would begin with the same provider."""
    source = table("hub").c.code
    this = select(source).where(source == hub).with_for_update(key_share=True)
    uow.session.connection().execute(this)


def _check_listed(uow: UnitOfWork, provider: UUID, service: UUID | None, hub: str) -> None:
    if hubs.hub_of(uow, provider) != hub:
        words = "Your hub lists no organisation with this id."
        raise Problem(404, "Not found", words, element="provider")
    if stands_in_another(uow.session, provider):
        words = "It was found to be one with another organisation: begin with that one."
        raise Problem(409, "It stands in another", words, element="provider")
    written = written_for({provider})
    known = select(written.c.id).where(written.c.id == service)
    if service is not None and uow.session.scalar(known) is None:
        words = "The organisation has no service with this id."
        raise Problem(422, "No such service", words, element="service")


def _check_name(uow: UnitOfWork, name: str, hub: str) -> None:
    """Nobody begins twice with one group; whether two of like names are one, matching asks."""
    organization = table("organization").c
    listed = select(organization.id).where(
        organization.hub == hub, func.lower(organization.name) == name.lower()
    )
    if uow.session.scalar(listed.limit(1)) is not None:
        words = "Your hub lists an organisation of this name: begin from its listing."
        raise Problem(409, "It is listed already", words, element="name")
    named = func.lower(ONBOARDING.c.name) == name.lower()
    _refuse_second(uow, (ONBOARDING.c.hub == hub) & named, "name")


def _refuse_second(uow: UnitOfWork, which: ColumnElement[bool], element: str) -> None:
    wanted = select(ONBOARDING.c.id).where(which, ONBOARDING.c.state.in_(OPEN))
    if uow.session.scalar(wanted.limit(1)) is not None:
        words = "Your hub is bringing this provider in already: go on there."
        raise Problem(409, "It is on its way", words, element=element)
