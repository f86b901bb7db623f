"""A Group names people without being about any one of them: what that means for each of them.

It carries no person's key. Whoever may see the Patients may put them in one (the writer refuses
what its client does not see), it goes with a referral only where nobody else is in it, its reader
is noted as having seen each member, a copy for one of them holds that one alone, and an erasure
takes them out of every version.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import or_, select, update
from sqlmodel import Session

from shared.fhir import tables as fhir
from shared.fhir.json import dumps, parse
from shared.fhir.search.targets import target_of
from shared.fhir.store import FhirStore

GROUP = "Group"
Resource = dict[str, Any]


def members_of(resource: Mapping[str, Any]) -> set[str]:
    """The ids of the Patients in a Group; nobody for what is no Group."""
    if resource.get("resourceType") != GROUP:
        return set()
    return {key for each in resource.get("member") or () if (key := _patient(each))}


def memberships(session: Session, patients: Collection[str]) -> dict[str, Resource]:
    """The Groups that have any of the Patients now, by `Group/id`, each without anybody else."""
    found = {}
    for row in _versions(session, patients, current=True):
        group = parse(row.body.encode())
        mine = [each for each in group["member"] if _patient(each) in patients]
        found[f"{GROUP}/{row.id}"] = group | {"member": mine}
    return found


def take_out(store: FhirStore, session: Session, patients: Collection[str]) -> int:
    """Take Patients out of every Group that has or had them, in all versions.

    Args:
        store: the documents, within the session's transaction.
        session: the caller's.
        patients: the ids of one person's Patients.

    Returns:
        How many Groups.
    """
    version = fhir.document_version.c
    touched = set()
    for row in list(_versions(session, patients, current=True)):
        store.lock(GROUP, row.id)
        store.update(_without(parse(row.body.encode()), patients))
    for row in list(_versions(session, patients, current=False)):
        body = dumps(_without(parse(row.body.encode()), patients)).decode()
        which = (version.pk == row.pk) & (version.version == row.version)
        session.connection().execute(update(fhir.document_version).where(which).values(body=body))
        touched.add(row.pk)
    return len(touched)


def _versions(session: Session, patients: Collection[str], *, current: bool) -> Iterator[Any]:
    if not patients:
        return
    document, version = fhir.document.c, fhir.document_version.c
    naming = or_(*(version.body.contains(f'"Patient/{key}"', autoescape=True) for key in patients))
    wanted = (
        select(version.pk, document.id, version.version, version.body)
        .join(fhir.document, document.pk == version.pk)
        .where(version.type == GROUP, naming)
        .order_by(version.pk, version.version)
    )
    if current:
        wanted = wanted.where(document.version == version.version)
    for row in session.connection().execute(wanted):
        if members_of(parse(row.body.encode())) & set(patients):
            yield row


def _without(group: Resource, patients: Collection[str]) -> Resource:
    kept = [each for each in group.get("member") or () if _patient(each) not in patients]
    rest = {name: value for name, value in group.items() if name != "member"}
    return rest | ({"member": kept} if kept else {})


def _patient(member: Any) -> str | None:
    entity = member.get("entity") if isinstance(member, dict) else None
    literal = entity.get("reference") if isinstance(entity, dict) else None
    target = target_of(literal, "") if isinstance(literal, str) else None
    return target.id if target is not None and target.type == "Patient" and target.local else None
