"""The consortium over HTTP: staff read it, coordinators write it. None of it is public."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.providers.consortium import assets, members, relations
from services.providers.consortium.domain import ASSETS, HOWS, MEMBERS
from services.providers.consortium.shapes import (
    AssetKind,
    AssetSaid,
    HowCode,
    MemberKind,
    MemberSaid,
    RelationSaid,
)
from services.providers.dependencies import SCOPE as WRITE
from services.providers.dependencies import Asker, Known
from services.providers.nested import Json
from services.providers.paging import one_state
from shared.auth import Principal, requires

routes = APIRouter(prefix="/directory/consortium", tags=["consortium"])
Coordinator = Annotated[Principal, Depends(requires(WRITE, role="coordinator"))]
HubCode = Annotated[str | None, Query(max_length=40, pattern="^[a-z][a-z0-9-]*$")]
On = Annotated[date | None, Query(description="Only what stands on this day.")]


@routes.get("/words")
def read_words(principal: Asker) -> Json:
    """The kinds of members and assets, and the ways of working together, in words."""
    return {
        "members": MEMBERS,
        "assets": ASSETS,
        "relations": {
            code: {"forwards": how.forwards, "backwards": how.backwards}
            for code, how in HOWS.items()
        },
    }


# --- members ---------------------------------------------------------------------------------


@routes.get("/members")
def list_members(
    directory: Known,
    principal: Asker,
    kind: MemberKind | None = None,
    hub: HubCode = None,
    on: On = None,
) -> Json:
    """Who belongs to the consortium, by name."""
    with one_state(directory.engine) as session:
        return {"contents": members.of_consortium(session, kind=kind, hub=hub, day=on)}


@routes.get("/members/{id}")
def read_member(directory: Known, principal: Asker, id: UUID) -> Json:  # noqa: A002
    """A member, whom it works with, and what it has to lend."""
    with one_state(directory.engine) as session:
        found = members.shown(session, [id]).get(id)
        if found is None:
            raise members.unknown(id)
        return found | {
            "relations": relations.seen_from(session, id),
            "assets": assets.there(session, holder=id),
        }


@routes.post("/members", status_code=201)
def post_member(directory: Known, principal: Coordinator, said: MemberSaid) -> Json:
    """Take somebody in who is no listed provider."""
    return members.write(directory, principal, None, said)


@routes.put("/members/{id}")
def put_member(
    directory: Known,
    principal: Coordinator,
    id: UUID,  # noqa: A002
    said: MemberSaid,
) -> Json:
    """Write a member anew, or take a listed provider in by its listing's id."""
    return members.write(directory, principal, id, said)


@routes.delete("/members/{id}", status_code=204)
def delete_member(directory: Known, principal: Coordinator, id: UUID) -> Response:  # noqa: A002
    """Forget a member and its relations; one that left gets a last day instead."""
    members.remove(directory, principal, id)
    return Response(status_code=204)


# --- relations -------------------------------------------------------------------------------


@routes.get("/relations")
def list_relations(
    directory: Known,
    principal: Asker,
    how: HowCode | None = None,
    of: UUID | None = None,
    on: On = None,
) -> Json:
    """Who works with whom, how, since when."""
    with one_state(directory.engine) as session:
        return {"contents": relations.between(session, how=how, of=of, day=on)}


@routes.post("/relations", status_code=201)
def post_relation(directory: Known, principal: Coordinator, said: RelationSaid) -> Json:
    """Say that two work together; a listed provider becomes a member by it."""
    return relations.write(directory, principal, None, said)


@routes.put("/relations/{id}")
def put_relation(
    directory: Known,
    principal: Coordinator,
    id: UUID,  # noqa: A002
    said: RelationSaid,
) -> Json:
    """Change what is said of two, such as its last day."""
    return relations.write(directory, principal, id, said)


@routes.delete("/relations/{id}", status_code=204)
def delete_relation(directory: Known, principal: Coordinator, id: UUID) -> Response:  # noqa: A002
    """Forget a relation that was a mistake."""
    relations.remove(directory, principal, id)
    return Response(status_code=204)


# --- assets ----------------------------------------------------------------------------------


@routes.get("/assets")
def list_assets(
    directory: Known,
    principal: Asker,
    kind: AssetKind | None = None,
    hub: HubCode = None,
    holder: UUID | None = None,
    on: On = None,
) -> Json:
    """Venues, skills, kit and people who give time, by name."""
    with one_state(directory.engine) as session:
        found = assets.there(session, kind=kind, hub=hub, holder=holder, day=on)
    return {"contents": found}


@routes.post("/assets", status_code=201)
def post_asset(directory: Known, principal: Coordinator, said: AssetSaid) -> Json:
    """Say what there is beside services."""
    return assets.write(directory, principal, None, said)


@routes.put("/assets/{id}")
def put_asset(
    directory: Known,
    principal: Coordinator,
    id: UUID,  # noqa: A002
    said: AssetSaid,
) -> Json:
    """Change what is said of an asset."""
    return assets.write(directory, principal, id, said)


@routes.delete("/assets/{id}", status_code=204)
def delete_asset(directory: Known, principal: Coordinator, id: UUID) -> Response:  # noqa: A002
    """Forget an asset."""
    assets.remove(directory, principal, id)
    return Response(status_code=204)
