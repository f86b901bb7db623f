"""A batch of records into the directory: in one transaction, each record whole or not at all."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import Row, select

from services.providers import hsds, publishing
from services.providers.handlers import Directory
from services.providers.importing import merging, terms
from services.providers.importing.ledger import Entry, From, Ledger
from services.providers.importing.mending import company, recurrence, whereabouts
from services.providers.importing.mending.earlier_versions import modern
from services.providers.importing.mending.given_ids import LONGEST, Keys, given_id, key_of, taken_by
from services.providers.importing.mending.listings import RecordRefused, Repair, listing_of
from services.providers.importing.mending.outpost import dicts
from services.providers.importing.mending.rules import any_of
from services.providers.importing.mending.tidying import TooDeep, storable, tidied
from services.providers.importing.outcomes import Outcome, Told
from services.providers.importing.reading.records import Record, Said, Unreadable
from services.providers.importing.trying import Publish, tried
from services.providers.life import acts
from services.providers.life.states import IMPORT, Act, imported
from services.providers.rows import among, table
from shared.database import UnitOfWork

READ_AS = b"5"
"""Raised when the same record would be understood otherwise than before: then all are read anew."""

Listing = TypeVar("Listing", hsds.Organization, hsds.Service)


@dataclass
class _Prepared:
    """A record that is new or changed, on its way to a listing."""

    record: Record
    told: Told
    fingerprint: str
    said: Said
    known: Row[Any] | None
    repairs: list[Repair] = field(default_factory=list)

    def entry(self, model: Any, *, vanished: bool = False) -> Entry:
        assert self.told.key is not None
        return Entry(
            given=self.told.given,
            key=self.told.key,
            fingerprint=self.fingerprint,
            said=merging.said_of(model),
            alone=all(repair.rule != "kept-here" for repair in self.repairs),
            vanished=vanished,
        )


class Batch:
    """Takes records of one source within one transaction.

    Args:
        uow: the caller's transaction.
        directory: what to work with.
        source: whose records they are.
        last: whether nothing more comes: then what waits for something is decided without it.
        waits: the fingerprints of those that came before and wait, by entity and given id.

    Attributes:
        told: what became of each record.
        waiting: what names something that may still come.
    """

    def __init__(
        self,
        uow: UnitOfWork,
        directory: Directory,
        source: From,
        *,
        last: bool = False,
        waits: Mapping[tuple[str, str], str] | None = None,
    ) -> None:
        self._uow = uow
        self._directory = directory
        self._source = source
        self._ledger = Ledger(uow, directory, source)
        self._last = last
        self._waits = waits or {}
        self.told: list[Told] = []
        self.waiting: list[Record] = []

    def take(self, records: Sequence[Record | Unreadable]) -> None:
        """Take a batch; `told` and `waiting` say what became of it."""
        for each in records:
            if isinstance(each, Unreadable):
                self._unreadable(each)
        found = [each for each in records if isinstance(each, Record)]
        self._terms(found)
        spread = [one for each in found for one in _spread(each)]
        organizations = self._changed("organization", spread)
        if organizations:
            self._organizations(organizations)
        services = self._changed("service", spread)
        if services:
            self._services(services)

    def _unreadable(self, each: Unreadable) -> None:
        entity, given = each.entity or "record", storable(each.given or each.place)
        self._refuse(entity, given, "", f"{each.place}: {each.words}", rule="unreadable")

    def _terms(self, records: Iterable[Record]) -> None:
        described = {}
        for each in records:
            given = given_id(each.said)
            if each.entity == "taxonomy_term" and given is not None:
                try:
                    described[key_of(self._source.id, "taxonomy_term", given)] = tidied(each.said)
                except TooDeep:
                    continue
        if described:
            terms.keep(self._uow.session, self._source.id, described)

    def _changed(self, entity: str, records: Sequence[tuple[Record, bool]]) -> dict[str, _Prepared]:
        """The records of one entity that are new or not as before, by their given id."""
        mine = [each for each in records if each[0].entity == entity]
        known = self._ledger.records(entity, [given_id(each.said) for each, _ in mine])
        changed: dict[str, _Prepared] = {}
        same: dict[str, str] = {}
        for record, nested in mine:
            given = given_id(record.said)
            if given is None:
                name = any_of(record.said.get("name", "?"))
                words = f"It has no id: a text or whole number, {LONGEST} characters at most."
                self._refuse(entity, name, "id", words)
                continue
            row, mark = known.get(given), fingerprint(record.said)
            first = same.get(given, self._waits.get((entity, given)))
            if given in changed:
                first = changed[given].fingerprint
            elif row is not None and row.run_id == self._source.run:
                first = row.fingerprint
            if first is not None:
                if not nested and first != mark:
                    words = "Its id came before in this import: the first record counts."
                    self._refuse(entity, given, "id", words, rule="duplicate-id")
            elif row is not None and row.fingerprint == mark and not row.vanished:
                same[given] = mark
                self.told.append(Told(entity, given, Outcome.UNCHANGED, row.key))
            else:
                try:
                    said = tidied(record.said)
                except TooDeep:
                    self._refuse(entity, given, "", "It is nested too deep.")
                    continue
                told = Told(entity, given, Outcome.TAKEN)
                changed[given] = _Prepared(record, told, mark, said, row)
        self._ledger.seen(entity, list(same))
        return changed

    def _organizations(self, changed: Mapping[str, _Prepared]) -> None:
        keys = self._keys("organization", changed)
        for each in changed.values():
            modern(each.said)
        said = [each.said.get("parent_organization_id") for each in changed.values()]
        parents = self._ledger.organizations(said)
        ready = {
            given: each
            for given, each in changed.items()
            if self._has_parent(each, keys[given], parents)
        }
        models = self._understood(hsds.Organization, "organization", ready, keys, keys)
        standing = merging.standing_organizations(self._uow.session, models)
        own = hsds.OrganizationOwn(hub=self._source.hub)
        self._publish(ready, models, standing, own, self._publish_organizations)

    def _services(self, changed: Mapping[str, _Prepared]) -> None:
        keys = self._keys("service", changed)
        for each in changed.values():
            modern(each.said)
            for mend in (whereabouts.settle, recurrence.settle, company.classify):
                each.repairs += mend(each.said)
        named = {given: each.said.get("organization_id") for given, each in changed.items()}
        found = self._ledger.organizations(named.values())
        owners = {given: found[str(said)] for given, said in named.items() if str(said) in found}
        for given, each in changed.items():
            if given not in owners:
                self._without_owner(each, named[given])
        ready = {given: each for given, each in changed.items() if given in owners}
        for given, each in ready.items():
            each.said["organization_id"] = str(owners[given])
        models = self._understood(hsds.Service, "service", ready, keys, owners)
        publishing.hold_organizations(self._uow, set(owners.values()))
        listed = self._listed(models)
        ended = [
            each.entry(models.pop(key), vanished=vanished)
            for key, each in _by_key(ready, models)
            if (vanished := self._ends(each, models[key], key, listed)) is not None
        ]
        self._ledger.keep("service", ended)
        standing = merging.standing_services(self._uow.session, models)
        own = hsds.ServiceOwn(hub=self._source.hub)
        self._publish(ready, models, standing, own, self._publish_services)

    # --- understanding -----------------------------------------------------------------------

    def _keys(self, entity: str, changed: Mapping[str, _Prepared]) -> dict[str, UUID]:
        known = {given: each.known.key for given, each in changed.items() if each.known}
        return known | self._ledger.keys(entity, changed.keys() - known.keys())

    def _has_parent(self, each: _Prepared, key: UUID, parents: Mapping[str, UUID]) -> bool:
        """Set an organisation's parent; false where it waits for one that may still come."""
        said = each.said.pop("parent_organization_id", None)
        if said is None:
            return True
        parent = parents.get(str(said))
        if parent is None and not self._last:
            self.waiting.append(each.record)
            return False
        if parent is None or self._is_below(parent, key):
            words = f"was '{any_of(said)}'"
            each.repairs.append(Repair("unknown-parent", "parent_organization_id", words))
        else:
            each.said["parent_organization_id"] = str(parent)
        return True

    def _is_below(self, parent: UUID, key: UUID) -> bool:
        """Whether an organisation stands below another, or is it."""
        organization = table("organization").c
        above: UUID | None = parent
        seen: set[UUID] = set()
        while above is not None and above not in seen:
            if above == key:
                return True
            seen.add(above)
            above = self._uow.session.scalar(
                select(organization.parent_organization_id).where(organization.id == above)
            )
        return False

    def _without_owner(self, each: _Prepared, said: Any) -> None:
        if said is None:
            self._fail(each, "organization_id", "It names no organisation.")
        elif self._last:
            words = (
                f"Its organisation {any_of(said)} is neither in the source nor in the directory:"
                " import its organisations first by the same source, or both together."
            )
            self._fail(each, "organization_id", words)
        else:
            self.waiting.append(each.record)

    def _understood(
        self,
        shape: type[Listing],
        entity: str,
        ready: Mapping[str, _Prepared],
        keys: Mapping[str, UUID],
        owners: Mapping[str, UUID],
    ) -> dict[UUID, Listing]:
        """Listings by their id here, with the ids and terms of everything below them."""
        listings = [(entity, each.said) for each in ready.values()]
        left = terms.link(self._uow.session, self._source.id, listings)
        taken = taken_by(self._uow.session, self._source.id, listings)
        ids = Keys(self._source.id, dict(taken))
        models: dict[UUID, Listing] = {}
        for given, dropped in zip(ready, left, strict=True):
            each = ready[given]
            key = each.told.key = keys[given]
            each.said["id"] = str(key)
            ids.give(entity, each.said, key, owners[given])
            try:
                found, repairs = listing_of(shape, entity, each.said)
            except RecordRefused as refused:
                self._fail(each, refused.element, refused.words)
                continue
            models[key] = found
            each.repairs += dropped
            each.repairs += repairs
        self._ledger.keep_ids(ids.mapped)
        return models

    def _ends(
        self, each: _Prepared, model: hsds.Service, key: UUID, listed: Mapping[UUID, bool]
    ) -> bool | None:
        """Whether a service that is not to be listed may come back with its source: no, when a
        person withdrew it here. None where it is to be listed."""
        by_source = each.known is not None and each.known.vanished
        if model.status == "defunct":
            words = "Its source says that it is defunct."
            if listed.get(key):
                now, source = self._directory.clock(), self._source.name
                why = f"'{source}' says that it is defunct."
                acts.note(self._uow, key, Act.WITHDRAWN, now, by=IMPORT, why=why)
                publishing.withdraw(self._uow, self._directory.outbox, key, words, now)
            outcome = Outcome.WITHDRAWN if listed.get(key) else Outcome.LEFT_OUT
            self._tell(each, outcome, words, rule="defunct")
            return True
        if listed.get(key) is False and not by_source:
            words = "It was withdrawn here: whoever keeps it lists it again."
            self._tell(each, Outcome.LEFT_OUT, words, rule="withdrawn-here")
            return False
        return None

    def _listed(self, keys: Iterable[UUID]) -> dict[UUID, bool]:
        """Which services there are, and whether they are listed; locked."""
        service = table("service").c
        wanted = select(service.id, service.withdrawn).where(among(service.id, keys))
        found = self._uow.session.connection().execute(
            wanted.order_by(service.id).with_for_update(key_share=True)
        )
        return {row.id: row.withdrawn is None for row in found}

    # --- publishing --------------------------------------------------------------------------

    def _publish(
        self,
        ready: Mapping[str, _Prepared],
        theirs: Mapping[UUID, Any],
        ours: Mapping[UUID, Any],
        own: Any,
        publish: Publish,
    ) -> None:
        """Publish what a source says, beside what Kersey says and what others said before it."""
        entity = "service" if isinstance(own, hsds.ServiceOwn) else "organization"
        digests = self._ledger.digests(entity, ours)
        prepared = list(_by_key(ready, theirs))
        wanted = {}
        for key, each in prepared:
            if key not in ours:
                wanted[key] = theirs[key].model_copy(update={"kersey": own})
            elif each.known is not None and each.known.digest == digests[key]:
                same = merging.same_but_for_ids(theirs[key], each.known.said)
                if each.known.vanished or not same:
                    wanted[key] = merging.replaced(theirs[key], ours[key])
            else:
                base = each.known.said if each.known is not None else {}
                wanted[key], differing = merging.merged(theirs[key], ours[key], base)
                words = "it stands otherwise here, and stays so"
                each.repairs += [Repair("kept-here", name, words) for name in differing]
        changed, refused = tried(self._uow, wanted, publish)
        for key, each in prepared:
            if key in refused:
                self._fail(each, *refused[key])
            else:
                self._tell(each, Outcome.TAKEN if key in changed else Outcome.UNCHANGED)
        kept = [each.entry(theirs[key]) for key, each in prepared if key not in refused]
        self._ledger.keep(entity, kept)

    def _publish_organizations(self, models: Mapping[UUID, hsds.Organization]) -> set[UUID]:
        directory = self._directory
        now = directory.clock()
        writing = imported(self._source.name)
        return publishing.organizations(self._uow, directory.outbox, models, now, writing)

    def _publish_services(self, models: Mapping[UUID, hsds.Service]) -> set[UUID]:
        directory = self._directory
        publish = partial(publishing.services, capacity_lasts=directory.capacity_lasts, again=True)
        writing = imported(self._source.name)
        return publish(self._uow, directory.outbox, models, directory.clock(), writing=writing)

    # --- telling -----------------------------------------------------------------------------

    def _tell(self, each: _Prepared, outcome: Outcome, words: str = "", *, rule: str = "") -> None:
        each.told.outcome, each.told.words, each.told.rule = outcome, words, rule
        each.told.repairs = each.repairs
        self.told.append(each.told)

    def _fail(self, each: _Prepared, element: str, words: str) -> None:
        self._refuse(each.told.entity, each.told.given, element, words)

    def _refuse(
        self, entity: str, given: str, element: str, words: str, *, rule: str = "refused"
    ) -> None:
        """Tell a refusal. What was listed of that record before stays: it has not vanished."""
        self.told.append(
            Told(entity, given, Outcome.REFUSED, element=element, words=words, rule=rule)
        )
        self._ledger.seen(entity, [given])


def fingerprint(said: Said) -> str:
    """Of a record as it came: the same again need not be looked at."""
    try:
        content = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # half a surrogate pair, or a number beyond 64 bits
        content = repr(said).encode("utf-8", "replace")
    return hashlib.sha256(READ_AS + content).hexdigest()


def _spread(record: Record) -> Iterator[tuple[Record, bool]]:
    """A record and what is nested in it: a service's organisation, an organisation's services."""
    said = record.said
    if record.entity == "service":
        for owner in dicts(said.get("organization", said.get("organisation")))[:1]:
            if not owner.get("name"):
                continue
            key = owner.get("id", said.get("organization_id", said.get("organisation_id")))
            yield Record("organization", owner | {"id": key}), True
    yield record, False
    if record.entity == "organization" and isinstance(said.get("services"), list):
        for service in said["services"]:
            if isinstance(service, dict):
                yield Record("service", {"organization_id": said.get("id")} | service), False


def _by_key(
    prepared: Mapping[str, _Prepared], models: Mapping[UUID, Any]
) -> list[tuple[UUID, _Prepared]]:
    """Those records of which a listing came."""
    found = [(each.told.key, each) for each in prepared.values()]
    return [(key, each) for key, each in found if key is not None and key in models]
