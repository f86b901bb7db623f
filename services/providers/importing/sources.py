"""Sources: who publishes what is imported, for which hub, and where an import of it stands."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import RowMapping, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

from services.providers.importing import waiting
from services.providers.importing.outcomes import Outcome, Report, RunState
from services.providers.importing.reading.records import Record
from services.providers.importing.waiting import Known
from services.providers.rows import table

SHOWN = 100
"""Findings that a report holds; the rest are read page by page."""
RESUMED_WITHIN = timedelta(days=1)
"""After which a run that broke off is begun anew: its feed has changed."""

_SOURCE, _RUN, _FINDING = table("source"), table("import_run"), table("import_finding")


class NoSuchHub(Exception):
    """A source is of a hub that is not there."""


class OtherHubs(Exception):
    """A source of that name belongs to another hub."""


@dataclass(frozen=True)
class Begun:
    """A run that has begun, or goes on.

    Attributes:
        id: of the run.
        source: its source's row.
        page: where a feed is read on; 0 from its beginning.
        after: what a feed is asked for; None for all.
        began: when.
        counts: so far.
        seen: what it took or saw before it broke off, by entity: it may be one with others.
        refused: what it refused before; read again, it is told once.
        waiting: what waited for its organisation when it broke off.
    """

    id: UUID
    source: RowMapping
    page: int
    after: datetime | None
    began: datetime
    counts: dict[str, int]
    seen: dict[str, set[UUID]] = field(
        default_factory=lambda: {"organization": set(), "service": set()}
    )
    refused: set[Known] = field(default_factory=set)
    waiting: Sequence[Record] = ()

    @property
    def whole(self) -> bool:
        """Whether all of the source is read."""
        return self.after is None


def source_of(
    session: Session, name: str, hub: str, address: str | None, now: datetime
) -> RowMapping:
    """A source by name; it is made when it is new.

    Raises:
        NoSuchHub: see there.
        OtherHubs: see there.
    """
    hubs = table("hub").c
    if session.scalar(select(hubs.code).where(hubs.code == hub)) is None:
        raise NoSuchHub(hub)
    run = session.connection().execute
    made = {"id": uuid4(), "name": name, "hub": hub, "address": address, "created": now}
    run(insert(_SOURCE).values(made).on_conflict_do_nothing())
    if address is not None:
        run(update(_SOURCE).where(_SOURCE.c.name == name).values(address=address))
    found = run(select(_SOURCE).where(_SOURCE.c.name == name)).mappings().one()
    if found["hub"] != hub:
        raise OtherHubs(name)
    return found


def begin(
    session: Session,
    source: RowMapping,
    *,
    by: str,
    now: datetime,
    live: bool,
    whole: bool,
    whole_each: timedelta,
) -> Begun:
    """Begin an import, or go on with one that broke off.

    A live feed is asked for what changed since the last complete run began, unless the last time
    that all of it was read is too long ago: what vanished shows only then.

    Args:
        session: the caller's transaction.
        source: whose.
        by: who asks for it.
        now: the instant.
        live: whether a feed is read, not a file.
        whole: read all of it in any case.
        whole_each: how often all of a live feed is read.
    """
    last = _last(session, source["id"])
    resumes = (
        live
        and last is not None
        and last["state"] in (RunState.RUNNING, RunState.BROKEN)
        and now - last["began"] < RESUMED_WITHIN
        and not (whole and not last["whole"])
    )
    run = session.connection().execute
    if resumes and last is not None:
        page, counts = last["page"], Counter(last["counts"] or {})
        if counts.pop("waiting", 0) > waiting.how_many(session, last["id"]):
            # What waited is not kept: it is read again, and with it all that came before.
            page = 0
            waiting.forget(session, last["id"])
        run(
            update(_RUN)
            .where(_RUN.c.id == last["id"])
            .values(state=str(RunState.RUNNING), ended=None, why=None)
        )
        after = None if last["whole"] else source["asked_after"]
        return Begun(
            last["id"],
            source,
            page,
            after,
            last["began"],
            dict(counts),
            _seen(session, source["id"], last["id"]),
            _refused(session, last["id"]),
            waiting.kept(session, last["id"]),
        )
    read = source["whole"]
    partly = live and not whole and read is not None and now - read < whole_each
    begun = Begun(uuid4(), source, 0, source["asked_after"] if partly else None, now, {})
    _forget_findings(session, source["id"])
    waiting.forget_source(session, source["id"])
    run(
        insert(_RUN).values(
            id=begun.id,
            source_id=source["id"],
            state=str(RunState.RUNNING),
            whole=begun.whole,
            asked_by=by,
            began=now,
            page=0,
            counts={},
        )
    )
    return begun


def _refused(session: Session, run: UUID) -> set[Known]:
    refused = _FINDING.c.run_id == run, _FINDING.c.outcome == str(Outcome.REFUSED)
    wanted = select(_FINDING.c.entity, _FINDING.c.given).where(*refused)
    return {(row.entity, row.given) for row in session.connection().execute(wanted)}


def forget_refused(session: Session, run: UUID, read_again: Collection[Known]) -> Counter[str]:
    """Forget that a run refused records that it read again; what to take from its counts."""
    if not read_again:
        return Counter()
    these = tuple_(_FINDING.c.entity, _FINDING.c.given).in_(list(read_again))
    refused = _FINDING.c.run_id == run, _FINDING.c.outcome == str(Outcome.REFUSED)
    gone = delete(_FINDING).where(*refused, these).returning(_FINDING.c.entity)
    entities = session.connection().execute(gone).scalars().all()
    return Counter([*(f"{each}s" for each in entities), *([str(Outcome.REFUSED)] * len(entities))])


def _seen(session: Session, source: UUID, run: UUID) -> dict[str, set[UUID]]:
    record = table("source_record").c
    wanted = select(record.entity, record.key).where(
        record.source_id == source, record.run_id == run
    )
    found: dict[str, set[UUID]] = {"organization": set(), "service": set()}
    for row in session.connection().execute(wanted):
        found[row.entity].add(row.key)
    return found


def _last(session: Session, source: UUID) -> RowMapping | None:
    wanted = select(_RUN).where(_RUN.c.source_id == source)
    newest = wanted.order_by(_RUN.c.number.desc()).limit(1)
    return session.connection().execute(newest).mappings().one_or_none()


def _forget_findings(session: Session, source: UUID) -> None:
    """Keep the findings of the last run beside those of the one that begins."""
    last = _last(session, source)
    old = select(_RUN.c.id).where(
        _RUN.c.source_id == source, _RUN.c.id != (last["id"] if last else None)
    )
    session.connection().execute(delete(_FINDING).where(_FINDING.c.run_id.in_(old)))


def held(session: Session, run: UUID) -> Begun | None:
    """A run that waits for a person; None where it does not, or a later one was begun."""
    row = run_of(session, run)
    last = _last(session, row["source_id"]) if row is not None else None
    if row is None or last is None or last["id"] != run or row["state"] != RunState.HELD:
        return None
    wanted = select(_SOURCE).where(_SOURCE.c.id == row["source_id"])
    source = session.connection().execute(wanted).mappings().one()
    return Begun(run, source, row["page"], None, row["began"], dict(row["counts"] or {}))


def note(session: Session, run: UUID, **values: Any) -> None:
    """Write down where a run stands."""
    session.connection().execute(update(_RUN).where(_RUN.c.id == run).values(**values))


def read_to(session: Session, begun: Begun) -> None:
    """Note that a source was read to its end: from when on changes are asked for."""
    values = {"asked_after": begun.began} | ({"whole": begun.began} if begun.whole else {})
    source = _SOURCE.c.id == begun.source["id"]
    session.connection().execute(update(_SOURCE).where(source).values(**values))


def tell(session: Session, run: UUID, findings: list[dict[str, Any]]) -> None:
    """Keep findings of a run."""
    if findings:
        rows = [each | {"run_id": run} for each in findings]
        session.connection().execute(insert(_FINDING), rows)


def run_of(session: Session, run: UUID) -> RowMapping | None:
    """A run with its source's name and hub."""
    wanted = select(_RUN, _SOURCE.c.name, _SOURCE.c.hub).join(
        _SOURCE, _SOURCE.c.id == _RUN.c.source_id
    )
    found = session.connection().execute(wanted.where(_RUN.c.id == run))
    return found.mappings().one_or_none()


def listed(session: Session, hubs: Sequence[str]) -> list[dict[str, Any]]:
    """Sources by name, each with its last import."""
    newest = select(func.max(_RUN.c.number)).group_by(_RUN.c.source_id)
    last = select(_RUN).where(_RUN.c.number.in_(newest)).subquery()
    wanted = (
        select(_SOURCE.c.name, _SOURCE.c.hub, _SOURCE.c.address, last)
        .outerjoin(last, last.c.source_id == _SOURCE.c.id)
        .where(_SOURCE.c.hub.in_(hubs))
        .order_by(_SOURCE.c.name)
    )
    names = ("id", "state", "whole", "began", "ended", "counts", "why")
    return [
        {name: row[name] for name in ("name", "hub", "address") if row[name] is not None}
        | {"last": {name: row[name] for name in names if row[name] is not None}}
        for row in session.connection().execute(wanted).mappings()
    ]


def report_of(
    session: Session, run: UUID, *, page: int = 1, per_page: int = SHOWN
) -> Report | None:
    """What a run has come to; None where there is none.

    Args:
        session: where to read.
        run: its id.
        page: of its findings, from 1.
        per_page: findings on a page.
    """
    row = run_of(session, run)
    if row is None:
        return None
    execute = session.connection().execute
    findings = execute(
        select(_FINDING)
        .where(_FINDING.c.run_id == run)
        .order_by(_FINDING.c.id)
        .limit(per_page)
        .offset((page - 1) * per_page)
    )
    counted = select(func.count()).select_from(_FINDING).where(_FINDING.c.run_id == run)
    shown = [_finding(each) for each in findings.mappings()]
    return Report(
        id=row["id"],
        source=row["name"],
        state=RunState(row["state"]),
        whole=row["whole"],
        began=row["began"],
        ended=row["ended"],
        counts=dict(row["counts"] or {}),
        why=row["why"],
        findings=shown,
        more=max(0, execute(counted).scalar_one() - (page - 1) * per_page - len(shown)),
    )


def _finding(row: RowMapping) -> dict[str, Any]:
    names = ("entity", "given", "key", "outcome", "rule", "element", "words")
    return {name: row[name] for name in names if row[name] is not None}


def as_json(report: Report) -> dict[str, Any]:
    """A report as it is answered; what is empty is absent."""
    return {name: each for name, each in asdict(report).items() if each is not None}
