"""What full text looks through of a service: names, descriptions, terms, and where it is."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlmodel import Session

from services.providers import hsds
from services.providers.nested import Json
from services.providers.rows import among, table


def of_models(session: Session, models: Mapping[UUID, hsds.Service]) -> dict[UUID, str]:
    """The texts of services that are about to be written, by id.

    Args:
        session: where the names of their organisations and terms are read.
        models: what they are going to say.
    """
    organization, term = table("organization").c, table("taxonomy_term").c
    owners = {model.organization_id for model in models.values()}
    linked = {each.taxonomy_term_id for model in models.values() for each in model.attributes}
    run = session.connection().execute
    names = {
        row.id: row.name
        for source, keys in ((organization, owners), (term, linked))
        for row in run(select(source.id, source.name).where(among(source.id, keys)))
    }
    return {
        key: _lines(
            model.name,
            model.alternate_name,
            model.description,
            names[model.organization_id],
            *(names[each.taxonomy_term_id] for each in model.attributes if each.value != "no"),
            *(at.location.name for at in model.service_at_locations),
            *(a.city for at in model.service_at_locations for a in at.location.addresses),
        )
        for key, model in models.items()
    }


def renew(session: Session, listings: Mapping[UUID, Json]) -> None:
    """Let services be found by what they repeat of others as it is now: their organisation's name,
    a room's.

    Args:
        session: the caller's transaction, which holds the services' locks.
        listings: their whole public listings, by id.
    """
    service = table("service")
    run = session.connection().execute
    found = run(select(service.c.id, service.c.search_text).where(among(service.c.id, listings)))
    stored = {row.id: row.search_text for row in found}
    texts = {key: _of_listing(said) for key, said in listings.items()}
    rows = [{"key": key, "said": text} for key, text in texts.items() if text != stored[key]]
    if rows:
        changed = update(service).where(service.c.id == bindparam("key"))
        run(changed.values(search_text=bindparam("said")), rows)


def _of_listing(said: Json) -> str:
    places = [at["location"] for at in said.get("service_at_locations") or ()]
    links: Iterable[Json] = said.get("attributes") or ()
    return _lines(
        said["name"],
        said.get("alternate_name"),
        said.get("description"),
        said["organization"]["name"],
        *(each["taxonomy_term"]["name"] for each in links if each.get("value") != "no"),
        *(each.get("name") for each in places),
        *(a.get("city") for each in places for a in each.get("addresses") or ()),
    )


def _lines(*parts: str | None) -> str:
    return "\n".join(part for part in parts if part)
